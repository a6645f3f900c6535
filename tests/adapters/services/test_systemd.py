"""systemd by its command line, against a fake `systemctl` and `journalctl` that say what the real ones were seen to say."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from pointsman.adapters.services.systemd import (
    SystemdServices,
    parse_show,
    read_span,
    read_state,
    unit_name,
)
from pointsman.adapters.services.unit_bus import NoBus, UnitBus
from pointsman.adapters.services.unit_journal import read_entry
from pointsman.core.fleet import Service, ServiceKind
from pointsman.core.snapshot import ServiceState
from pointsman.ports import StartLimit

RUNNING = {
    "Id": "llama.service",
    "Names": "llama.service",
    "LoadState": "loaded",
    "ActiveState": "active",
    "SubState": "running",
    "Result": "success",
    "NRestarts": "0",
    "MainPID": "812",
    "ExecMainStatus": "0",
    "MemoryCurrent": "[not set]",
    "InvocationID": "d22422a414e9429895e0674dceff00bd",
    "StateChangeTimestampMonotonic": "40000000",
}


def block(**changed: str) -> str:
    return "".join(f"{key}={value}\n" for key, value in {**RUNNING, **changed}.items())


def service(unit: str = "llama", name: str = "coder", kind: ServiceKind = ServiceKind.SYSTEMD_USER) -> Service:
    return Service(name=name, kind=kind, unit=unit)


@dataclass
class Fake:
    """Programs on a PATH of their own that write down how they were called."""

    folder: Path

    @property
    def calls(self) -> list[list[str]]:
        log = self.folder / "calls"
        return [call.split("\0")[:-1] for call in log.read_text().split("\n\n") if call] if log.exists() else []

    @property
    def environment(self) -> dict[str, str]:
        pairs = (self.folder / "environment").read_text().splitlines()
        return dict(pair.split("=", 1) for pair in pairs if "=" in pair)

    def says(self, program: str, out: str = "", err: str = "", code: int = 0) -> None:
        (self.folder / f"{program}-out").write_text(out)
        (self.folder / f"{program}-err").write_text(err)
        path = self.folder / program
        path.write_text(
            "#!/bin/sh\n"
            f"printf '%s\\0' \"$@\" >> {self.folder}/calls; printf '\\n\\n' >> {self.folder}/calls\n"
            f"/usr/bin/env > {self.folder}/environment\n"
            f"/bin/cat {path}-out; /bin/cat {path}-err >&2; exit {code}\n"
        )
        path.chmod(0o755)

    def follows(self, out: str) -> None:
        """`journalctl --follow` says that, tells its pid, and stays until it is ended."""
        path = self.folder / "journalctl"
        once = path.read_text()
        stays = f"echo $$ > {self.folder}/follower; printf '%s' '{out}'; exec /bin/sleep 60"
        path.write_text(once.replace("/bin/cat", f'case "$*" in *--follow*) {stays};; esac\n/bin/cat', 1))

    def manager(self, *, user: bool = True, **more: object) -> SystemdServices:
        environ = {"PATH": str(self.folder), "HOME": "/home/me", "OPENAI_API_KEY": "sk-canary"}
        usual: dict[str, object] = {"environ": environ, "monotonic": lambda: 100.0, "wall": lambda: 5000.4}
        return SystemdServices(user=user, **{**usual, **more})  # type: ignore[arg-type]


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    return Fake(tmp_path)


async def test_a_running_unit_is_read_from_show_with_its_figures(fake: Fake) -> None:
    fake.says("systemctl", block(MemoryCurrent="1048576", NRestarts="1"))
    (status,) = await fake.manager().status([service()])
    assert (status.name, status.unit, status.state, status.reason) == (
        "coder",
        "llama.service",
        ServiceState.ACTIVE,
        "running",
    )
    assert (status.pid, status.restarts, status.memory, status.since) == (812, 1, 1048576, 4940.0)
    assert status.invocation == "d22422a414e9429895e0674dceff00bd"
    (call,) = fake.calls
    assert call[:4] == ["--user", "--no-pager", "--no-ask-password", "show"]
    assert call[-2:] == ["--", "llama.service"]


@pytest.mark.parametrize(
    ("changed", "state", "reason"),
    [
        ({"LoadState": "not-found", "ActiveState": "inactive"}, "not-found", "there is no such unit"),
        ({"LoadState": "masked", "ActiveState": "inactive"}, "inactive", "masked: it cannot be started"),
        (
            {"LoadState": "bad-setting", "ActiveState": "inactive"},
            "failed",
            "its unit file cannot be used (bad-setting)",
        ),
        ({"LoadState": "not-found"}, "active", "running, though its unit file is gone"),
        ({"ActiveState": "reloading", "SubState": "reload"}, "active", "reload"),
        ({"ActiveState": "activating", "SubState": "start"}, "starting", "start"),
        (
            {
                "ActiveState": "activating",
                "SubState": "auto-restart",
                "Result": "exit-code",
                "ExecMainStatus": "1",
                "NRestarts": "7",
            },
            "crash-loop",
            "keeps dying (exit-code, status 1), 7 restarts so far",
        ),
        ({"ActiveState": "activating", "SubState": "auto-restart-queued", "Result": "signal"}, "crash-loop", None),
        ({"ActiveState": "deactivating", "SubState": "stop-sigterm"}, "stopping", "stop-sigterm"),
        ({"ActiveState": "inactive", "SubState": "dead"}, "inactive", ""),
        ({"ActiveState": "failed", "Result": "oom-kill"}, "failed", "oom-kill"),
        (
            {"ActiveState": "failed", "Result": "exit-code", "ExecMainStatus": "1", "NRestarts": "5"},
            "failed",
            "exit-code, status 1; systemd gave up restarting it",
        ),
        (
            {"ActiveState": "failed", "Result": "start-limit-hit"},
            "failed",
            "start-limit-hit: started too often, needs reset-failed",
        ),
        ({"ActiveState": "maintenance", "SubState": "\x1b[31m"}, "unavailable", None),
        ({"ActiveState": ""}, "unavailable", None),
    ],
)
def test_the_state_is_read_in_the_order_that_does_not_lie(changed, state, reason) -> None:
    seen_state, seen_reason = read_state({**RUNNING, **changed})
    assert seen_state == ServiceState(state)
    assert reason is None or seen_reason == reason
    assert seen_reason.isprintable()


@pytest.mark.parametrize("memory", ["[not set]", "18446744073709551615", "", "-1", "1e3", "9" * 40])
async def test_unset_memory_is_unknown(fake: Fake, memory: str) -> None:
    fake.says("systemctl", block(MemoryCurrent=memory, MainPID="0", NRestarts="", StateChangeTimestampMonotonic="0"))
    (status,) = await fake.manager().status([service()])
    assert (status.memory, status.pid, status.restarts, status.since) == (None, None, None, None)


async def test_several_units_are_one_call_and_an_alias_finds_its_unit(fake: Fake) -> None:
    out = (
        block(Id="b.service", Names="b.service alias.service")
        + "\n"
        + block(Id="a.service", Names="a.service", MainPID="9")
    )
    fake.says("systemctl", out)
    statuses = await fake.manager().status([service("a", "one"), service("alias", "two")])
    assert [(s.name, s.unit, s.pid) for s in statuses] == [("one", "a.service", 9), ("two", "alias.service", 812)]
    assert len(fake.calls) == 1


async def test_a_unit_that_lives_for_seconds_at_a_time_is_a_crash_loop_though_it_runs(fake: Fake) -> None:
    now = [100.0]
    manager = fake.manager(monotonic=lambda: now[0])
    seen = []
    for at, restarts in [(100, 4), (103, 5), (106, 6), (109, 6), (170, 6), (173, 0)]:
        now[0] = at
        fake.says("systemctl", block(NRestarts=str(restarts)))
        (status,) = await manager.status([service()])
        seen.append(str(status.state))
    assert seen == ["active", "active", "crash-loop", "crash-loop", "active", "active"]


NO_SYSTEMD = "System has not been booted with systemd as init system (PID 1). Can't operate.\nFailed to connect to bus: Host is down\n"


@pytest.mark.parametrize(
    ("err", "reason"),
    [
        (NO_SYSTEMD, "systemd does not run this machine (a container, or WSL)"),
        (
            "Failed to connect to bus: No medium found\n",
            "no systemd user session here (Failed to connect to bus: No medium found); `loginctl enable-linger` keeps one",
        ),
        ("\x1b[31mFailed\x1b[0m to\nmeet", "�[31mFailed�[0m to meet"),
        ("", "systemctl ended with code 1"),
    ],
)
async def test_without_a_manager_every_unit_is_unavailable_with_the_reason(fake: Fake, err: str, reason: str) -> None:
    fake.says("systemctl", err=err, code=1)
    statuses = await fake.manager().status([service("a", "one"), service("b", "two")])
    assert [(s.state, s.reason) for s in statuses] == [(ServiceState.UNAVAILABLE, reason)] * 2


async def test_a_manager_that_is_not_there_is_looked_for_again_after_fifteen_seconds(fake: Fake) -> None:
    now = [0.0]
    manager = fake.manager(monotonic=lambda: now[0])
    fake.says("systemctl", err=NO_SYSTEMD, code=1)
    seen = await manager.status([service()])
    fake.says("systemctl", block())
    for now[0] in (14.0, 15.0):
        seen += await manager.status([service()])
    assert [str(each.state) for each in seen] == ["unavailable", "unavailable", "active"]


async def test_without_the_program_every_unit_is_unavailable(fake: Fake) -> None:
    (status,) = await fake.manager().status([service()])
    assert (status.state, status.reason) == (ServiceState.UNAVAILABLE, "systemctl is not installed")
    assert await fake.manager().logs(service(), 5) == ("journalctl is not installed",)
    result = await fake.manager().act(service(), "restart")
    assert (result.ok, result.text) == (False, "systemctl is not installed")


async def test_a_manager_that_hangs_is_given_up_and_killed(fake: Fake) -> None:
    (fake.folder / "systemctl").write_text("#!/bin/sh\nexec /bin/sleep 600\n")
    (fake.folder / "systemctl").chmod(0o755)
    # The storm guard's own look hangs too, so the verb that needs none is used.
    result = await fake.manager(act_seconds=0.2).act(service(), "stop")
    assert (result.ok, result.text) == (False, "systemctl did not answer within 0.2 s")


async def test_children_know_nothing_of_our_keys(fake: Fake) -> None:
    fake.says("systemctl", block())
    await fake.manager().status([service()])
    assert "OPENAI_API_KEY" not in fake.environment
    assert fake.environment["HOME"] == "/home/me"
    assert fake.environment["SYSTEMD_PAGER"] == ""
    assert set(fake.environment) <= {
        *("PATH", "HOME", "LC_ALL", "PAGER", "SYSTEMD_PAGER", "SYSTEMD_COLORS", "XDG_RUNTIME_DIR"),
        *("PWD", "OLDPWD", "SHLVL", "_"),
    }


# --- acting --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["start", "stop", "restart"])
async def test_what_is_shown_for_confirmation_is_what_runs(fake: Fake, verb: str) -> None:
    fake.says("systemctl", "")
    shown = fake.manager().command(service(), verb)
    result = await fake.manager().act(service(), verb)
    assert shown == ("systemctl", "--user", "--no-pager", "--no-ask-password", verb, "--", "llama.service")
    assert (result.ok, result.argv) == (True, shown)
    assert fake.calls[-1] == list(shown[1:])


async def test_a_refused_restart_says_why(fake: Fake) -> None:
    fake.says("systemctl", err="Failed to restart llama.service: Unit llama.service not found.\n", code=5)
    result = await fake.manager().act(service(), "restart")
    assert (result.ok, result.text) == (False, "Failed to restart llama.service: Unit llama.service not found.")


@pytest.mark.parametrize("verb", ["start", "stop", "restart"])
async def test_a_system_unit_is_never_touched_and_its_command_is_told(fake: Fake, verb: str) -> None:
    fake.says("systemctl", block())
    result = await fake.manager(user=False).act(service(), verb)
    assert (result.ok, result.text) == (
        False,
        f"a system unit: run it yourself: sudo systemctl {verb} -- llama.service",
    )
    assert fake.calls == []


async def test_a_system_unit_is_looked_at_without_a_user_session(fake: Fake) -> None:
    fake.says("systemctl", block())
    (status,) = await fake.manager(user=False).status([service()])
    assert status.state is ServiceState.ACTIVE
    assert fake.calls[0][0] == "--system"


async def test_restarts_stop_short_of_what_would_make_systemd_give_the_unit_up(fake: Fake) -> None:
    now = [100.0]
    fake.says("systemctl", "StartLimitIntervalUSec=10s\nStartLimitBurst=3\n")
    manager = fake.manager(monotonic=lambda: now[0])
    results = [await manager.act(service(), "restart") for _ in range(4)]
    assert [result.ok for result in results] == [True, True, False, False]
    assert results[-1].text == "systemd allows 3 starts in 10 s: wait 10 s"
    assert (await manager.act(service(), "stop")).ok
    now[0] = 110.5
    assert (await manager.act(service(), "restart")).ok


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("10s", 10.0), ("1min 30s", 90.0), ("500ms", 0.5), ("infinity", None), ("0", None), ("", None), ("ten", None)],
)
def test_time_spans_are_read_as_systemd_prints_them(written, seconds) -> None:
    assert read_span(written) == seconds


# --- names ---------------------------------------------------------------------------------------------------------

HOSTILE = [
    *("", " ", ".", "..", "*", "?", "[a-z]", "llama*", "*.service", "a?b", "{a,b}", "~", "!", "%n", "#"),
    *("-H", "--user", "--host=evil", "-", "--", "-.service", "--now", "-H root@evil", "--root=/", "-M x"),
    *("a b", " a", "a ", "a\n", "a\nb", "a\tb", "a\0b", "\x1b[31m", "a\r", "\u202ea", "a\u2028b", "ä", "１", "a\u200b"),
    *("../x", "/etc/passwd", "a/b", "./a", "/", "a/../b", "~/a", "file:///a"),
    *("a;b", "a; rm -rf ~", "$(id)", "`id`", "$HOME", "a&b", "a|b", "a>b", "a<b", "a'b", 'a"b', "a,b", "a=b", "a+b"),
    *("x" * 300, "a" * 201),
]


def test_there_are_sixty_hostile_names() -> None:
    assert len(set(HOSTILE)) >= 60


async def test_no_hostile_name_ever_starts_a_process(fake: Fake) -> None:
    for program in ("systemctl", "journalctl"):
        fake.says(program, block())
    for user in (True, False):
        manager = fake.manager(user=user)
        for hostile in HOSTILE:
            odd = service(hostile)
            assert unit_name(odd) is None, hostile
            (status,) = await manager.status([odd])
            assert status.state is ServiceState.UNAVAILABLE and status.reason.isprintable()
            assert manager.command(odd, "restart") == ()
            assert not (await manager.act(odd, "restart")).ok
            (line,) = await manager.logs(odd, 5)
            assert line.isprintable()
    assert fake.calls == []


@pytest.mark.parametrize(
    ("unit", "name"),
    [
        ("llama", "llama.service"),
        ("a@1.service", "a@1.service"),
        ("x-y_z:2.b", "x-y_z:2.b.service"),
        (r"a\x2db", r"a\x2db.service"),
    ],
)
def test_ordinary_names_are_completed(unit: str, name: str) -> None:
    assert unit_name(service(unit)) == name


async def test_a_hostile_name_does_not_hide_the_units_beside_it(fake: Fake) -> None:
    fake.says("systemctl", block())
    statuses = await fake.manager().status([service("*", "bad"), service("llama", "good")])
    assert [str(s.state) for s in statuses] == ["unavailable", "active"]
    assert fake.calls[0][-2:] == ["--", "llama.service"]


# --- output --------------------------------------------------------------------------------------------------------


def test_show_blocks_are_split_at_blank_lines_and_values_may_hold_signs() -> None:
    assert list(parse_show("A=1\nB=x=y\n\n\nA=2\ngarbage\n\n")) == [{"A": "1", "B": "x=y"}, {"A": "2"}]
    assert list(parse_show("")) == []


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("plain", "plain"),
        (None, "(a line too long for the journal's JSON)"),
        ([104, 105, 27, 91, 51, 49, 109], "hi�[31m"),
        (["one", "two"], "one two"),
        ([[104, 105], "x"], "hi x"),
        ("[bold]\x07\u202e", "[bold]��"),
        ([], ""),
        (7, "7"),
    ],
)
def test_a_journal_message_of_any_shape_becomes_one_printable_line(message, shown) -> None:
    line = read_entry({"MESSAGE": message, "__REALTIME_TIMESTAMP": "x"})
    assert line is not None and line.text == shown and line.at is None
    assert line.text.isprintable()


@pytest.mark.parametrize("raw", ["", "-- No entries --", "[]", "{}", "[" * 50_000])
async def test_what_is_no_journal_entry_is_skipped(fake: Fake, raw: str) -> None:
    fake.says("journalctl", f'{raw}\n{{"MESSAGE":"b"}}\n')
    assert await fake.manager().logs(service(), 10) == ("--:--:-- b",)


async def test_logs_ask_for_the_unit_and_a_bounded_number_of_lines(fake: Fake) -> None:
    fake.says("journalctl", '{"MESSAGE":"a","__REALTIME_TIMESTAMP":"1795225195688240"}\nnoise\n{"MESSAGE":"b"}\n')
    lines = await fake.manager().logs(service(), 10**9)
    assert [line[9:] for line in lines] == ["a", "b"]
    assert lines[0][2] == ":" and lines[1][:8] == "--:--:--"
    fields = "--output-fields=MESSAGE,PRIORITY"
    assert fake.calls[0] == [
        "--quiet",
        "--no-pager",
        "--output=json",
        fields,
        "--lines=5000",
        "--user-unit=llama.service",
    ]


@pytest.mark.parametrize(
    ("err", "out", "show", "why"),
    [
        ("No journal files were found.", "", block(), "no journal is kept here"),
        ("No journal files were opened due to insufficient permissions.", "", block(), "cannot be read by this user"),
        ("", "x", block(), "the journal has nothing of llama.service"),
        ("", "x", block(LoadState="not-found", ActiveState="inactive"), "there is no unit llama.service"),
    ],
)
async def test_an_empty_journal_is_not_called_silence(fake: Fake, err: str, out: str, show: str, why: str) -> None:
    fake.says("systemctl", show)
    fake.says("journalctl", out, err)
    (line,) = await fake.manager(user=False).logs(service(), 0)
    assert why in line


class FakeBus:
    """Says what systemd would over D-Bus, or that it is not there."""

    def __init__(self, *told: Mapping[str, str]) -> None:
        self.told = told
        self.changed: Callable[[], None] = lambda: None

    async def show(self, units: Sequence[str]) -> Sequence[Mapping[str, str]]:
        if not self.told:
            raise NoBus("no bus")
        return self.told

    async def aclose(self) -> None: ...


async def test_where_there_is_a_bus_no_program_is_started_to_look_and_without_one_systemctl_is(fake: Fake) -> None:
    fake.says("systemctl", block(MainPID="7"))
    limit = {"StartLimitBurst": "5", "StartLimitIntervalUSec": "10000000us"}
    with_bus = fake.manager(bus=FakeBus({**RUNNING, **limit}))
    assert (await with_bus.status([service()]))[0].pid == 812
    assert await with_bus.start_limit(service()) == StartLimit(burst=5, seconds=10)
    assert fake.calls == []
    assert (await fake.manager(bus=FakeBus()).status([service()]))[0].pid == 7


async def test_a_bus_that_is_not_there_is_not_looked_for_all_the_time(tmp_path: Path) -> None:
    now = [0.0]
    environ = {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={tmp_path}/bus"}
    bus = UnitBus(user=True, environ=environ, monotonic=lambda: now[0])
    for later, why in ((0.0, "no bus at"), (1.0, "a moment ago"), (60.0, "no bus at")):
        now[0] = later
        with pytest.raises(NoBus, match=why):
            await bus.show(["a.service"])


async def test_a_followed_journal_goes_on_after_its_last_line_and_leaves_no_process(fake: Fake) -> None:
    entry = '{"MESSAGE":"%s","PRIORITY":"3","__CURSOR":"s=%s","__REALTIME_TIMESTAMP":"1795225195688240"}\n'
    fake.says("journalctl", entry % ("old", "1"))
    fake.follows(entry % ("  new", "2") + "half a li")
    async with aclosing(fake.manager().follow(service(), 100)) as pieces:
        assert [line.text for line in await anext(pieces)] == ["old"]
        (line,) = await anext(pieces)
        assert (line.text, line.level, line.at) == ("  new", 3, 1795225195.68824)
    assert fake.calls[1][-4:] == ["--follow", "--no-tail", "--after-cursor=s=1", "--user-unit=llama.service"]
    assert not psutil.pid_exists(int((fake.folder / "follower").read_text()))


async def test_a_missing_runtime_directory_is_filled_in_where_it_exists(
    fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    known: Callable[[str], bool] = {f"/run/user/{os.getuid()}": True}.get  # type: ignore[assignment]
    monkeypatch.setattr("os.path.isdir", lambda path: bool(known(path)))
    fake.says("systemctl", block())
    await fake.manager().status([service()])
    assert fake.environment["XDG_RUNTIME_DIR"] == f"/run/user/{os.getuid()}"
