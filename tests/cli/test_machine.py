"""`status`: machines in words."""

from __future__ import annotations

from pointsman.core.snapshot import Disk, Gpu, GpuProcess, HostSample, Snapshot
from pointsman.verbs.machine import host_document, show_machines

GIB = 1 << 30


def test_what_is_known_is_told_and_what_is_not_is_left_out_or_marked(capsys):
    processes = (
        GpuProcess(pid=7, vram=40 * GIB, name="llama-server", endpoint="coder-gpu", model="coder-next"),
        GpuProcess(pid=8, vram=None),
    )
    hot = Gpu(
        index=0, name="Card", vram_used=60 * GIB, vram_total=80 * GIB, utilization=93, temperature=88, power=450.0,
        power_limit=450.0, clock=1200, fan=100, throttled=("heat (hardware)",), processes=processes,
    )  # fmt: skip
    apple = Gpu(index=1, name="Apple", vram_used=GIB, vram_total=36 * GIB, unified=True)
    here = HostSample(
        taken_at=1.0, ram_total=36 * GIB, ram_used=30 * GIB, swap_total=GIB, swap_used=0, gpus=(hot, apple),
        disks=(Disk(path="/models", total=9 * GIB, free=GIB), Disk(path="/no", note="cannot be read: gone")),
    )  # fmt: skip
    far = HostSample(taken_at=1.0, note="box:9100: no answer within 3 s")
    show_machines(Snapshot(now=1.0, host=here, hosts={"box": far}))
    assert capsys.readouterr().out.splitlines() == [
        "",
        "RAM 30.0 GiB of 36.0 GiB, tight · CPU ? · swap 0.0 GiB of 1.0 GiB",
        "GPU 0 Card: 60.0 GiB of 80.0 GiB, tight · 93 % · 88 °C · 450 W of 450 W · 1200 MHz · fan 100 %"
        " · slowed by heat (hardware)",
        "  7 llama-server: 40.0 GiB, coder-gpu / coder-next",
        "  8 ?: ?, not of an endpoint",
        "GPU 1 Apple: 1.0 GiB of 36.0 GiB (the RAM) · ? %",
        "disk /models: 1.0 GiB of 9.0 GiB free",
        "disk /no: cannot be read: gone",
        "",
        "machine box:",
        "RAM ? of ?, unknown · CPU ?",
        "box:9100: no answer within 3 s",
    ]


def test_the_document_has_the_word_of_each_memory():
    told = host_document(HostSample(taken_at=1.0, ram_total=100, ram_used=40))
    assert told is not None
    assert [(p["what"], p["word"], p["percent"]) for p in told["pressure"]] == [("RAM", "comfortable", 40.0)]
    assert host_document(None) is None


def test_status_looks_at_machines_elsewhere_and_says_what_they_do_not_tell(pointsman, fleet):
    fleet.write_text(fleet.read_text() + '[hosts.box]\nmetrics_url = "http://127.0.0.1:9/metrics"\n')
    ran = pointsman("status", "--json")
    assert ran.code == 0
    assert ran.document["hosts"]["box"]["note"].startswith("127.0.0.1:9: ConnectError")
    assert ran.document["hosts"]["box"]["ram_total"] is None
    assert all("traffic" in endpoint for endpoint in ran.document["endpoints"])
