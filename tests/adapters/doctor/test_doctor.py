"""Each check of the doctor: what is well, what is not, and the command that mends it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from pointsman.adapters.discover import Found
from pointsman.adapters.doctor import Level, broken, endpoints, machine, program, storage
from pointsman.adapters.secrets import Secrets
from pointsman.config import example_path, load
from pointsman.core.fleet import Endpoint, EndpointKind, Locality
from pointsman.core.health import HealthState, Probe
from pointsman.core.snapshot import Gpu, HostSample

FLEET = load(example_path()).fleet
UP = Probe(state=HealthState.UP, reason="ok")
DOWN = Probe(state=HealthState.DOWN, reason="connection refused")


def levels(findings) -> list[str]:
    return [str(each.level) for each in findings]


# --- the program --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "level"), [((3, 10, 9), "broken"), ((3, 11, 0), "ok"), ((3, 14, 1), "ok"), ((4, 0, 0), "ok")]
)
def test_python_must_be_new_enough(version, level):
    assert str(program.python(version).level) == level


@pytest.mark.parametrize(
    ("version", "level"), [((3, 40, 1), "note"), ((3, 51, 2), "note"), ((3, 51, 3), "ok"), ((3, 53, 0), "ok")]
)
def test_sqlite_versions_with_the_wal_reset_bug_are_named(version, level):
    assert str(program.sqlite(version).level) == level


@pytest.mark.parametrize(
    ("now", "newest", "level"),
    [
        (1_800_000_000.0, None, "ok"),
        (1_800_000_000.0, 1_800_000_060.0, "ok"),
        (1_800_000_000.0, 1_800_009_000.0, "warning"),
        (0.0, None, "broken"),
    ],
)
def test_a_clock_that_went_back_or_never_was_set_is_seen(now, newest, level):
    assert str(program.clock(now, newest).level) == level


@pytest.mark.parametrize(
    ("environ", "is_terminal", "encoding", "expected", "said"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, True, "utf-8", ["ok"], "16 million"),
        ({"TERM": "xterm-256color"}, True, "UTF-8", ["ok"], "256 colours"),
        ({"TERM": "xterm", "NO_COLOR": ""}, True, "utf8", ["ok"], "NO_COLOR"),
        ({"TERM": "dumb"}, True, "utf-8", ["note"], "dumb"),
        ({}, True, "utf-8", ["note"], "not set"),
        ({"TERM": "xterm"}, False, "utf-8", ["note"], "no terminal"),
        ({"TERM": "xterm"}, True, "ANSI_X3.4-1968", ["ok", "warning"], "16 colours"),
    ],
)
def test_a_terminal_is_described_by_what_it_can_show(environ, is_terminal, encoding, expected, said):
    found = list(program.terminal(environ, is_terminal=is_terminal, encoding=encoding))
    assert levels(found) == expected
    assert said in found[0].text


@pytest.mark.parametrize(
    ("inside", "option", "level"),
    [(False, None, None), (True, "off", "warning"), (True, "external", "ok"), (True, None, "note")],
)
def test_tmux_must_pass_the_clipboard_on(inside, option, level):
    found = program.tmux(inside, option)
    assert (None if found is None else str(found.level)) == level


async def test_tmux_that_is_not_there_says_nothing():
    assert await machine.tmux_clipboard({"PATH": "/nowhere"}) is None


# --- storage ------------------------------------------------------------------------------------------------------


def mounts(tmp_path: Path, kind: str) -> Path:
    table = tmp_path / "mounts"
    table.write_text(f"/dev/vda / ext4 rw 0 0\nx {tmp_path} {kind} rw 0 0\nproc /proc proc rw 0 0\n")
    return table


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("ext4", ["ok"]), ("tmpfs", ["ok", "warning"]), ("nfs4", ["ok", "warning"]), ("fuse.sshfs", ["ok", "warning"])],
)
def test_a_state_directory_in_memory_or_on_the_network_is_a_warning(tmp_path, kind, expected):
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    assert levels(storage.state(state, mounts(tmp_path, kind))) == expected


def test_a_state_directory_that_does_not_exist_is_looked_for_where_it_would_be_made(tmp_path):
    assert levels(storage.state(tmp_path / "a" / "b", mounts(tmp_path, "tmpfs"))) == ["ok", "warning"]
    assert not (tmp_path / "a").exists()


def test_a_state_directory_open_to_others_is_closed_by_the_command_that_is_named(tmp_path):
    state = tmp_path / "state dir"
    state.mkdir(mode=0o755)
    (found,) = storage.state(state, mounts(tmp_path, "ext4"))
    assert (found.level, found.mend) == (Level.WARNING, f"chmod 700 '{state}'")


def test_a_state_directory_that_is_a_file_is_broken(tmp_path):
    (tmp_path / "state").write_text("")
    assert broken(storage.state(tmp_path / "state", mounts(tmp_path, "ext4")))


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_state_directory_that_cannot_be_made_is_broken(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    assert broken(storage.state(closed / "state", mounts(tmp_path, "ext4")))


def test_a_state_directory_below_a_file_is_broken(tmp_path):
    (tmp_path / "file").write_text("")
    assert broken(storage.state(tmp_path / "file" / "state", mounts(tmp_path, "ext4")))


def test_little_room_is_a_warning(tmp_path, monkeypatch):
    monkeypatch.setattr(storage.shutil, "disk_usage", lambda _: SimpleNamespace(free=1))
    assert levels(storage.state(tmp_path / "s", mounts(tmp_path, "ext4"))) == ["ok", "warning"]


def test_a_file_of_keys_is_for_its_owner_alone(tmp_path):
    path = tmp_path / "secrets.toml"
    assert storage.secrets_file(path) is None
    path.touch(0o644)
    found = storage.secrets_file(path)
    assert found is not None and found.level is Level.BROKEN and found.mend == f"chmod 600 {path}"
    path.chmod(0o600)
    assert storage.secrets_file(path).level is Level.OK


# --- the fleet ----------------------------------------------------------------------------------------------------


def test_keys_are_told_by_name_and_place_and_never_by_value():
    secrets = Secrets(environ={"OPENAI_API_KEY": "sk-very-secret"})
    found = {each.text.partition(":")[0]: each for each in endpoints.keys(FLEET, secrets.source)}
    assert found["openai"].level is Level.OK and "environment" in found["openai"].text
    assert found["anthropic"].level is Level.WARNING
    assert found["anthropic"].mend == "read -rs ANTHROPIC_API_KEY && export ANTHROPIC_API_KEY"
    assert "very-secret" not in repr(found)
    assert "ollama" not in found


def test_a_file_of_keys_that_is_refused_is_broken(tmp_path):
    path = tmp_path / "secrets.toml"
    path.touch(0o644)
    assert broken(endpoints.keys(FLEET, Secrets(environ={}, file=path).source))


def test_an_endpoint_that_does_not_answer_is_told_with_the_reason_and_how_to_start_it():
    seen = dict.fromkeys((each.name for each in endpoints.used(FLEET)), UP) | {"ollama": DOWN, "openai": DOWN}
    found = {each.text.partition(" ")[0]: each for each in endpoints.reachable(FLEET, seen)}
    assert found["coder-gpu"].level is Level.OK
    assert "connection refused" in found["ollama"].text
    assert found["ollama"].mend == "pointsman services start ollama"
    assert found["openai"].mend is not None and found["openai"].mend.startswith("curl ")
    assert not broken(found.values())
    free = replace(FLEET, services={})
    found = {each.text.partition(" ")[0]: each for each in endpoints.reachable(free, dict.fromkeys(seen, DOWN))}
    assert found["ollama"].mend == "ollama serve"
    assert "--port 11439" in str(found["coder-gpu"].mend)


def test_a_fleet_of_which_nobody_answers_is_broken():
    assert broken(endpoints.reachable(FLEET, dict.fromkeys((each.name for each in endpoints.used(FLEET)), DOWN)))


def test_an_endpoint_without_its_key_is_told_once():
    seen = {"openai": Probe(state=HealthState.MISCONFIGURED, reason="environment variable OPENAI_API_KEY is not set")}
    assert not any(each.text.startswith("openai") for each in endpoints.reachable(FLEET, seen))


def test_under_local_only_the_cloud_is_not_asked_and_that_is_said():
    found = [each for each in endpoints.reachable(FLEET, {"ollama": UP}) if each.text.startswith("openai")]
    assert levels(found) == ["note"]


def test_a_server_that_answers_and_is_not_configured_is_a_note():
    known = Found(kind=EndpointKind.OLLAMA, url="http://127.0.0.1:11434")
    other = Found(kind=EndpointKind.VLLM, url="http://127.0.0.1:8000", models=("m",))
    (found,) = endpoints.unconfigured(FLEET, (known, other))
    assert ":8000" in found.text and found.mend == "pointsman init --stdout"
    assert len(list(endpoints.unconfigured(None, (known, other)))) == 2


@pytest.mark.parametrize(
    ("body", "disabled", "level"),
    [
        ({"cloud": {"disabled": True}}, True, "ok"),
        ({"cloud": {"disabled": False}}, False, "note"),
        ({}, None, "note"),
        ([], None, "note"),
    ],
)
async def test_an_ollama_that_may_relay_to_the_cloud_is_told_how_not_to(body, disabled, level):
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(200, json=body)

    endpoint = Endpoint(name="o", url="http://box/v1", kind=EndpointKind.OLLAMA, locality=Locality.LOCAL)
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        said = await endpoints.relay_disabled(client, endpoint)
    assert (said, asked) == (disabled, ["/api/status"])
    (found,) = endpoints.relays(FLEET, {"o": said})
    assert str(found.level) == level


HEAD = "  sl  local_address rem_address   st tx_queue rx_queue\n"
ROWS = {
    "tcp": "   0: 00000000:2CAA 00000000:0000 0A 0 0\n   1: 0100007F:1F90 00000000:0000 0A 0 0\n",
    "tcp6": "   0: 00000000000000000000000000000000:1F40 0:0000 0A 0 0\n   1: 00000000:04D2 0:0 01 0 0\n",
}


@pytest.fixture
def proc(tmp_path):
    for name, rows in ROWS.items():
        (tmp_path / name).write_text(HEAD + rows)
    return tmp_path


@pytest.mark.parametrize(
    ("port", "open_to_all"), [(11434, True), (8080, False), (8000, True), (1234, False), (9, False)]
)
def test_a_port_is_open_to_all_when_somebody_listens_on_every_interface(proc, port, open_to_all):
    assert machine.open_to_all(port, proc) is open_to_all


def test_where_the_kernel_does_not_say_nothing_is_claimed(tmp_path):
    assert machine.open_to_all(80, tmp_path) is None
    assert list(endpoints.exposed([("http://127.0.0.1:80", EndpointKind.OLLAMA)], lambda _: None)) == []


def test_a_server_open_to_the_network_is_a_warning_with_its_own_way_to_close_it():
    urls = [("http://127.0.0.1:11434", EndpointKind.OLLAMA)] * 2
    (found,) = endpoints.exposed(urls, lambda _: True)
    assert (found.level, found.mend) == (Level.WARNING, "OLLAMA_HOST=127.0.0.1 ollama serve")


# --- the machine --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("driver", "level"), [(True, "warning"), (False, "note")])
def test_no_gpu_is_a_warning_only_where_a_driver_is_loaded(tmp_path, driver, level):
    path = tmp_path / "version"
    if driver:
        path.touch()
    (found,) = machine.gpus(HostSample(taken_at=0, gpu_note="NVML: driver mismatch"), path)
    assert str(found.level) == level and "mismatch" in found.text


def test_gpus_are_named_with_their_memory(tmp_path):
    gpus = (Gpu(index=0, name="H200", vram_total=139 * 1024**3), Gpu(index=1, name="old"))
    found = list(machine.gpus(HostSample(taken_at=0, gpus=gpus), tmp_path / "none"))
    assert [each.text for each in found] == ["GPU 0: H200, 139 GiB", "GPU 1: old"]


@pytest.fixture
def programs(tmp_path):
    """Programs that say what a test wrote."""

    def write(**said: str) -> dict[str, str]:
        for name, script in said.items():
            path = tmp_path / name
            path.write_text(f"#!/bin/sh\n{script}\n")
            path.chmod(0o755)
        return {"PATH": f"{tmp_path}:/bin:/usr/bin"}

    return write


@pytest.mark.parametrize(
    ("systemctl", "loginctl", "expected"),
    [
        ("exit 0", "echo yes", ["ok"]),
        ("exit 0", "echo no", ["ok", "note"]),
        ("echo Failed to connect to bus >&2; exit 1", "exit 1", ["warning"]),
    ],
)
async def test_the_user_instance_of_systemd_must_answer_and_should_linger(
    programs, systemctl, loginctl, expected, monkeypatch
):
    environ = programs(systemctl=systemctl, loginctl=loginctl)
    monkeypatch.setenv("PATH", environ["PATH"])
    found = await machine.systemd(environ, "me")
    assert levels(found) == expected
    if expected[-1] != "ok":
        assert "enable-linger me" in str(found[-1].mend)
