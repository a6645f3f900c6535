"""Document 003's words, computed."""

from __future__ import annotations

import pytest

from pointsman.core.pressure import for_load, pressures, worst
from pointsman.core.snapshot import Disk, Gpu, HostSample

GIB = 1 << 30
MACHINE = 36 * GIB  # the document's M3 Pro


@pytest.mark.parametrize(
    ("scenario", "gib", "word"),
    [
        ("Llama 3.3 (8B) x1", 5, "comfortable"),
        ("CodeLlama 34B x1", 20, "OK"),
        ("70B model x1, at 8 bits a weight", 70, "does not fit"),
        ("70B model x1, at 4 bits a weight: Q4 quantization needed", 35, "tight"),
        ("34B + 8B concurrent", 20 + 5, "tight"),
    ],
)
def test_the_table_of_document_003_on_its_machine(scenario: str, gib: int, word: str) -> None:
    assert for_load(gib * GIB, MACHINE) == word, scenario


def host(**more: object) -> HostSample:
    return HostSample(**{"taken_at": 1.0, "ram_total": MACHINE, "ram_used": 10 * GIB, **more})


def test_every_memory_of_the_machine_has_its_word() -> None:
    sample = host(
        swap_total=4 * GIB,
        swap_used=3 * GIB,
        gpus=(
            Gpu(index=0, name="a", vram_total=24 * GIB, vram_used=15 * GIB),
            Gpu(index=1, name="b"),
            Gpu(index=2, name="Apple", vram_total=MACHINE, vram_used=1, unified=True),
        ),
        disks=(Disk(path="/models", total=100 * GIB, free=90 * GIB),),
    )
    told = {each.what: each.word for each in pressures(sample)}
    assert told == {
        "RAM": "comfortable",
        "swap": "tight",
        "GPU 0": "OK",
        "GPU 1": "unknown",
        "disk /models": "comfortable",
    }
    assert str(worst(sample)) == "GPU 0: OK, 15.0 GiB of 24.0 GiB"


def test_a_full_memory_is_tight_and_an_unknown_one_promises_nothing() -> None:
    assert pressures(host(ram_used=MACHINE + 1))[0].word == "tight"
    assert pressures(host(ram_used=None))[0].word == "unknown"
    assert worst(host(ram_total=None)) is None
    assert [each.what for each in pressures(host(swap_total=0))] == ["RAM"]
