"""The plain door: every line a complete sentence, the model and why before the answer, nothing a terminal would obey."""

from __future__ import annotations

import asyncio
import io
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from pointsman.config import example_path, load
from pointsman.core.audit import AuditRow, AuditState
from pointsman.core.checks import Checked, CheckOrder, CheckRun, parse_command
from pointsman.core.decision import Rung
from pointsman.core.fleet import Locality
from pointsman.core.health import Health, HealthState
from pointsman.core.keywords import task_for
from pointsman.core.outcome import Attempt, Completed, FailureKind, TokenUsage
from pointsman.core.route import decide
from pointsman.core.snapshot import RestartProgress, RestartStage, ServiceState, ServiceStatus, Snapshot
from pointsman.core.usage import Usage
from pointsman.core.whatif import suppose
from pointsman.engine import events
from pointsman.plain import sentences
from pointsman.plain.commands import REFUSED, obey
from pointsman.plain.door import Door, parse
from pointsman.plain.streams import Closed, Lines, Out
from pointsman.ports import ServiceResult
from pointsman.tui.slash import COMMANDS
from support.screen import TURN_S

NOW = 1_790_000_000.0
FLEET = load(example_path()).fleet
WELL = {
    name: Health(state=HealthState.UP, reason="answered", last_seen=NOW)
    for name, each in FLEET.endpoints.items()
    if each.retired is None
}
SEEN = Snapshot(now=NOW, health=WELL)


def test_endpoints_are_counted_as_the_screen_counts_them() -> None:
    told = f"at {len(FLEET.endpoints)} endpoints; {len(WELL)} of these are up."
    assert sentences.summary(FLEET, SEEN).endswith(told)


class Typed:
    """What a person types, line by line; the end of the input follows."""

    def __init__(self, *lines: str | asyncio.Event) -> None:
        self._lines = list(lines)

    async def next(self) -> str | None:
        while self._lines and isinstance(self._lines[0], asyncio.Event):
            await self._lines.pop(0).wait()
        return self._lines.pop(0) if self._lines else None


class Console:
    """Answers with a script; a test may hold it at an event."""

    banners = ("mind the gap",)
    audit_state = AuditState()
    fleet = FLEET

    def __init__(self, *script: events.EngineEvent | asyncio.Event) -> None:
        self.snapshot, self.script = SEEN, script
        self.asked, self.acted, self.orders, self.planned = [], [], [], []
        self.hung_up = False
        self._ids = 0

    async def watch(self) -> AsyncIterator[Snapshot]:
        yield self.snapshot
        await asyncio.Event().wait()

    async def annotations(self):
        await asyncio.Event().wait()
        yield

    async def submit(self, request):
        self.asked.append(request)
        decision = self.explain(request)
        done = Completed(finish_reason="stop", usage=TokenUsage(input=3, output=4), tokens_per_s=60.0)
        attempt = Attempt(model="coder-next", endpoint="coder-gpu", outcome=done, cost=0)
        try:
            yield events.Decided(request=request.id, decision=decision)
            for step in self.script or (events.TextDelta(request="", text="Hello.\nThere"),):
                if isinstance(step, asyncio.Event):
                    await step.wait()
                else:
                    yield replace(step, request=request.id)
            yield events.Answered(request=request.id, attempt=attempt, decision=decision, text="Hello.\nThere")
        finally:
            self.hung_up = True

    def explain(self, request, what_if=None):
        return decide(FLEET, request, task_for(FLEET, request), suppose(self.snapshot, FLEET, what_if or {}))

    def new_request_id(self) -> str:
        self._ids += 1
        return f"r{self._ids}"

    async def audit(self, query):
        row = AuditRow(seq=7, at=NOW, type="blocked", actor="router", text="opus: local_only", body="{}")
        return () if query.after == 7 else (row,)

    async def set_override(self, override):
        self.orders.append(override)
        others = tuple(each for each in self.snapshot.overrides if each.id != override.id)
        self.snapshot = replace(self.snapshot, overrides=(*others, override))

    async def clear_override(self, override_id):
        kept = tuple(each for each in self.snapshot.overrides if each.id != override_id)
        self.snapshot = replace(self.snapshot, overrides=kept)

    def plan(self, request):
        self.planned.append(request)
        return self.submit(request)

    def judge(self, request):
        raise AssertionError("nothing was answered")

    async def check(self, request, command, directory=None):
        if directory is None:
            raise ValueError("name the directory: /check -C DIR CMD")
        order = CheckOrder(argv=parse_command(command), directory=directory)
        run = CheckRun(code=1, seconds=0.2, output="", guarantee="in a sandbox", sandboxed=True)
        return events.CheckEnded(request=request, checked=Checked(order=order, run=run, evidence="e1"))

    def service_command(self, name, verb):
        return ("systemctl", "--user", verb, FLEET.services[name].unit)

    def streams_on(self, service):
        return 1

    async def service_action(self, name, verb):
        self.acted.append((name, verb))
        return ServiceResult(ok=True, text="accepted")

    async def service_logs(self, name, lines=200):
        return ("started\x1b]0;owned\x07",)

    async def judge_reply(self, request, good):
        return 0 if good else 2


async def conversation(console: Console, *typed: str | asyncio.Event, read_only: bool = False) -> str:
    stream = io.StringIO()
    assert await Door(console, Typed(*typed), Out(stream), obey, read_only=read_only).live() == 0
    return stream.getvalue()


# --- sentences ----------------------------------------------------------------------------------------------------


def told(old: Snapshot, new: Snapshot) -> list[str]:
    changes = sentences.Changes(FLEET)
    changes.of(old)
    return changes.of(new)


DOWN = Health(state=HealthState.DOWN, reason="connection refused")
LIMITED = Health(state=HealthState.RATE_LIMITED, reason="429", until=NOW + 60)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ({}, {"health": {**WELL, "ollama": DOWN}}, "Endpoint ollama is down: connection refused."),
        ({}, {"health": {**WELL, "openai": LIMITED}}, "Endpoint openai is rate-limited until 14:14:20: 429."),
        (
            {"services": (ServiceStatus(name="ollama", unit="u", state=ServiceState.ACTIVE),)},
            {"services": (ServiceStatus(name="ollama", unit="u", state=ServiceState.FAILED, reason="exit 137"),)},
            "Service ollama is failed: exit 137.",
        ),
        (
            {"usage": {"cloud-day": Usage(budget="cloud-day", spent=7, limit=10)}},
            {"usage": {"cloud-day": Usage(budget="cloud-day", spent=8, limit=10)}},
            "Budget cloud-day is at 80 percent: the band is now prefer-cheaper, it was normal.",
        ),
        ({}, {"local_only": True}, "The cloud is closed: every prompt stays on this machine."),
        ({}, {"audit_writable": False}, "The audit cannot be written: no cloud call, no restart."),
        (
            {},
            {"restarts": (RestartProgress(service="ollama", verb="restart", stage=RestartStage.LOADING, started=0),)},
            "The restart of ollama: loading.",
        ),
    ],
)
def test_each_change_is_one_complete_sentence(old, new, sentence):
    assert told(replace(SEEN, **old), replace(SEEN, **new)) == [sentence]


def test_what_did_not_change_is_not_said():
    assert told(SEEN, replace(SEEN, now=NOW + 1)) == []


def test_a_band_is_left_one_percent_below_its_edge_so_that_nobody_hears_it_flap():
    changes = sentences.Changes(FLEET)
    figures = [70, 80, 79, 80, 78]
    heard = [
        changes.of(replace(SEEN, usage={"cloud-day": Usage(budget="cloud-day", spent=each, limit=100)}))
        for each in figures
    ]
    assert [len(each) for each in heard[1:]] == [1, 0, 0, 1]


def test_a_status_names_every_endpoint_that_may_be_asked():
    status = "\n".join(sentences.status(FLEET, SEEN))
    for name in WELL:
        assert f"Endpoint {name} is up" in status
    assert "vision-old" not in status


def test_every_event_is_told_or_is_part_of_an_answer():
    silent = {"TextDelta", "ReasoningDelta", "AttemptEnded"}
    known = {kind.__name__ for kind in sentences._EVENTS}
    assert {kind.__name__ for kind in events.EngineEvent.__args__} == known | silent


# --- a conversation -----------------------------------------------------------------------------------------------


async def test_the_model_and_why_come_before_the_answer_and_its_figures_after():
    heard = (await conversation(Console(), "Write a Python function")).splitlines()
    place = next(number for number, line in enumerate(heard) if line.startswith("coder-next on coder-gpu (local)"))
    assert "Why: coding to implementer" in heard[place]
    assert heard[place + 1 : place + 3] == ["Hello.", "There"]
    assert heard[place + 3] == "That was coder-next on coder-gpu: 7 tokens, 60 a second, $0.0000."


async def test_what_was_said_goes_with_the_next_prompt_until_clear():
    console = Console()
    await conversation(console, "one", "two", "/clear", "three")
    assert [len(request.messages) for request in console.asked] == [1, 3, 1]


async def test_a_switch_is_said_and_what_stood_above_is_called_a_fragment():
    rung = Rung(model="codex", endpoint="openai", locality=Locality.CLOUD, why="fallback 1")
    switch = events.Switched(
        request="", from_model="coder-next", to_model="codex", kind=FailureKind.STREAM_CUT, why="cut off", seconds=1.5,
        fragment=True,
    )  # fmt: skip
    console = Console(
        events.TextDelta(request="", text="half"),
        switch,
        events.Attempting(request="", rung=rung, number=2),
        events.TextDelta(request="", text="whole"),
    )
    heard = (await conversation(console, "Write a function")).splitlines()
    place = heard.index("half")
    assert heard[place + 1].startswith("coder-next failed after 1.5 seconds: cut off. codex takes over. What it had")
    assert heard[place + 2] == "codex on openai (cloud) is asked. Why: fallback 1."
    assert heard[place + 3] == "whole"


async def test_ctrl_c_hangs_up_the_answer_and_a_second_one_leaves():
    begun, stream = asyncio.Event(), io.StringIO()

    class Slow(Console):
        async def submit(self, request):
            try:
                yield events.TextDelta(request=request.id, text="begun\n")
                begun.set()
                await asyncio.Event().wait()
            finally:
                self.hung_up = True

    console = Slow()
    door = Door(console, Typed("go", asyncio.Event()), Out(stream), obey)
    living = asyncio.create_task(door.live())
    await begun.wait()
    door.interrupt()
    while "Cancelled." not in stream.getvalue():
        await asyncio.sleep(TURN_S)
    assert console.hung_up and not living.done()
    door.interrupt()
    assert await living == 0


async def test_leaving_in_the_middle_of_an_answer_hangs_up_and_ends():
    begun = asyncio.Event()

    class Slow(Console):
        async def submit(self, request):
            try:
                begun.set()
                await asyncio.Event().wait()
                yield
            finally:
                self.hung_up = True

    console = Slow()
    door = Door(console, Typed("go", "never asked"), Out(io.StringIO()), obey)
    living = asyncio.create_task(door.live())
    await begun.wait()
    door.leave()
    assert await living == 0 and console.hung_up


@pytest.mark.parametrize("hostile", ["\x1b]0;owned\x07", "\x9b31m", "\x1b[2J", "\u202egnp.exe", "a\rb", "\x00\x08\x7f"])
async def test_nothing_a_terminal_would_obey_is_printed_whoever_said_it(hostile):
    console = Console(events.TextDelta(request="", text=f"x{hostile}y\n"))
    console.banners = (hostile,)
    heard = await conversation(console, "go", f"/audit {hostile}", f"/{hostile}", "/services logs ollama")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", heard)


async def test_a_long_line_without_end_is_written_in_pieces():
    console = Console(events.TextDelta(request="", text="word " * 1_000))
    heard = (await conversation(console, "go")).splitlines()
    assert max(map(len, heard)) <= 400
    assert sum(line.count("word") for line in heard) == 1_000


async def test_no_prompt_is_decided_before_the_endpoints_were_looked_at():
    """A decision about endpoints that nobody looked at would be a guess."""
    looked = asyncio.Event()

    class Slow(Console):
        async def watch(self):
            yield Snapshot(now=NOW, health=dict.fromkeys(WELL, Health()))
            await looked.wait()
            yield SEEN
            await asyncio.Event().wait()

    console = Slow()
    living = asyncio.create_task(Door(console, Typed("go"), Out(io.StringIO()), obey).live())
    for _ in range(50):
        await asyncio.sleep(0)
    assert console.asked == []
    looked.set()
    assert await living == 0
    assert len(console.asked) == 1


async def test_an_engine_that_breaks_is_said_and_ends_with_status_one():
    class Broken(Console):
        async def watch(self):
            yield SEEN
            raise RuntimeError("no more")

    stream = io.StringIO()
    assert await Door(Broken(), Typed(asyncio.Event()), Out(stream), obey).live() == 1
    assert "The engine stopped: RuntimeError: no more." in stream.getvalue()


async def test_whoever_closed_the_output_ends_the_conversation():
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    with pytest.raises(Closed):
        await Door(Console(), Typed("go"), Out(Gone()), obey).live()


# --- commands -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("/why", ("/why", "")),
        ("/Model  opus ", ("/model", "opus")),
        ("/etc/hosts has what?", None),
        ("/", None),
        ("why?", None),
        ("/a\nb", None),
    ],
)
def test_a_slash_word_is_a_command_and_a_path_is_a_prompt(text, parsed):
    assert parse(text) == parsed


async def test_a_service_is_restarted_only_once_its_name_was_typed():
    console = Console()
    heard = await conversation(console, "/services restart ollama", "y", "/services restart ollama", "ollama")
    assert console.acted == [("ollama", "restart")]
    assert "Nothing was done." in heard
    assert "It cuts 1 running answers." in heard
    assert "This runs: systemctl --user restart ollama.service." in heard


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("/model opus", "Only opus is asked from now on; /model auto ends that."),
        ("/model nobody", "Not done: no model is called nobody; there are "),
        ("/why", "Not done: nothing was asked yet."),
        ("/pass", "Not done: nothing was answered yet."),
        ("/approve", "Not done: no plan waits."),
        ("/services explode ollama", "Not done: /services start, stop, restart or logs NAME."),
        ("/services restart nothing", "Not done: no service is called nothing; there are "),
        ("/nonsense", "There is no command /nonsense; /help lists them."),
        ("/explain Write a Python function", "Choice 1: coder-next on coder-gpu (local): primary"),
        ("/audit", "Line 7, 14:13:20, blocked: opus: local_only."),
        ("/help", "Anything else is a prompt."),
        ("/role nobody", "Not done: no role is called nobody; there are "),
        ("/check", "Not done: /check COMMAND, or /check -C DIR COMMAND."),
        ("/undo", "Not done: nothing to undo: an override can be undone for 30 seconds."),
        ("/cap", "The limit of cloud-day is $10.00."),
        ("/cap cloud-dey $4", "Not done: unknown budget 'cloud-dey', did you mean 'cloud-day'?"),
        ("/cap cloud-day 4 dollars", "Not done: budget cloud-day counts dollars, such as $10, not '4 dollars'."),
        ("/pin opus role:nobody", "Not done: role:nobody is no scope: there are global, role:NAME and kind:KIND."),
        ("/prefer opus kind:coding soon", "Not done: 'soon' is no span of time: write 90s, 30m, 2h or 7d."),
        ("/prefer opus kind:coding 1h", "In force for kind:coding: prefer opus, until 15:13:20. /undo ends it."),
        ("/overrides", "Nothing is overridden."),
        ("/overrides clear 1", "Not done: /overrides lists them by number; /overrides clear NUMBER ends one."),
    ],
)
async def test_each_command_says_what_it_did(command, sentence):
    assert sentence in await conversation(Console(), command)


async def test_a_pinned_model_goes_with_the_request_and_local_is_an_override():
    console = Console()
    await conversation(console, "/model opus", "go", "/model auto", "go", "/local on")
    assert [request.pin for request in console.asked] == ["opus", None]
    assert [str(order.kind) for order in console.orders] == ["local_only"]


async def test_every_slash_command_of_the_screen_works_line_by_line_or_is_refused_by_name():
    for command in COMMANDS:
        heard = await conversation(Console(), command)
        assert "There is no command" not in heard, command
        assert ("Not here: " in heard) == (command in REFUSED), command


async def test_a_cap_is_lowered_at_once_raised_once_its_budgets_name_was_typed_and_undone():
    console = Console()
    heard = await conversation(console, "/cap cloud-day $4 for 2h", "/cap", "/undo", "/cap cloud-day $12", "no")
    assert "The limit of cloud-day is $4.00 until 16:13:20. /undo has the one before again." in heard
    assert "The limit of cloud-day is $4.00, a cap; $10.00 is configured." in heard
    assert "Undone: cap $4.00 for cloud-day." in heard and console.snapshot.overrides == ()
    assert "From $10.00 to $12.00: it lets up to $2.00 more leave today." in heard and "Nothing was done." in heard
    await conversation(console, "/cap cloud-day $12", "cloud-day")
    assert [order.cap for order in console.snapshot.overrides] == [12 * 10**9]
    await conversation(console, "/cap cloud-day default")
    assert console.snapshot.overrides == ()


async def test_the_cloud_is_opened_again_only_once_that_was_typed():
    console = Console()
    assert "Nothing was done." in await conversation(console, "/local on", "/local off", "y")
    assert "The cloud is open." in await conversation(console, "/local off", "open")


async def test_a_role_a_plan_and_what_is_critical_go_with_the_request_and_a_check_tells_its_end():
    console = Console()
    typed = ("/role reviewer", "go", "/role auto", "/critical now", "/plan it", "/check -C /tmp pytest -q")
    assert "The check failed: " in await conversation(console, *typed)
    assert [dict(request.facts) for request in console.asked] == [{"role": "reviewer"}, {"critical": True}, {}]
    assert [request.text for request in console.planned] == ["it"]


async def test_read_only_sends_and_changes_nothing_until_rw():
    console = Console()
    changing = ("go", "/local on", "/cap cloud-day $4", "/services restart ollama", "/critical go", "/pass")
    heard = await conversation(console, *changing, "/cap", "/rw", "go", read_only=True)
    assert heard.count("read-only: nothing is changed or sent; /rw lifts it") == len(changing)
    assert "The limit of cloud-day is $10.00." in heard
    assert console.orders == console.acted == [] and len(console.asked) == 1


async def test_a_backslash_continues_the_line():
    console = Console()
    await conversation(console, "one \\", "two")
    assert console.asked[0].text == "one \ntwo"


def test_every_command_is_in_the_help():
    from pointsman.plain.commands import _COMMANDS, HELP

    helped = " ".join(HELP.values())
    assert all(name in helped for name in _COMMANDS)


# --- streams ------------------------------------------------------------------------------------------------------


@contextmanager
def pipe_with(content: bytes):
    reading, writing = os.pipe()
    os.write(writing, content)
    os.close(writing)
    yield reading
    os.close(reading)


@pytest.mark.parametrize(
    ("content", "lines"),
    [(b"", []), (b"a\nb", ["a", "b"]), (b"a\r\n\n", ["a", ""]), (b"\xff\n", ["\ufffd"]), (b"x" * 9, ["x" * 9])],
)
async def test_lines_come_as_they_were_written_until_the_end(content, lines):
    with pipe_with(content) as descriptor:
        source = Lines(descriptor)
        read = []
        while (line := await source.next()) is not None:
            read.append(line)
        assert read == lines
        assert await source.next() is None


async def test_lines_of_a_recording_are_joined_and_the_end_is_the_later_one():
    async def recorded():
        yield "from the tape"

    with pipe_with(b"typed\n") as descriptor:
        source = Lines(descriptor)
        source.also(recorded())
        read = {await source.next(), await source.next()}
        assert read == {"typed", "from the tape"}
        assert await source.next() is None


def test_what_comes_while_the_prompt_stands_begins_on_its_own_line():
    stream = io.StringIO()
    out = Out(stream, prompts=True)
    out.prompt()
    out.say("Something happened.")
    out.prompt()
    out.entered()
    out.say("Done.")
    assert stream.getvalue() == "> \nSomething happened.\n> Done.\n"


def test_colour_is_only_there_when_asked_for_and_a_poor_encoding_is_no_crash():
    plain, coloured = io.StringIO(), io.StringIO()
    Out(plain).say("bad", "bad")
    Out(coloured, colour=True).say("bad", "bad")
    assert (plain.getvalue(), coloured.getvalue()) == ("bad\n", "\x1b[31mbad\x1b[0m\n")
    ascii_only = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    Out(ascii_only).quote("žluť")
    assert ascii_only.buffer.getvalue() == b"?lu?\n"


# --- the program --------------------------------------------------------------------------------------------------


@pytest.fixture
def environ(tmp_path):
    return {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "POINTSMAN_STATE": str(tmp_path / "state")}


def pointsman(*args: str) -> list[str]:
    return [sys.executable, "-m", "pointsman", *args]


def test_into_a_pipe_it_answers_every_line_and_a_recording_of_it_plays_the_same(environ, tmp_path):
    tape = str(tmp_path / "run.jsonl")
    argv = pointsman("demo", "--plain", "--speed", "1000", "--record", tape, "--record-text")
    ran = subprocess.run(argv, input="Write a function\n/quit\n", capture_output=True, text=True, env=environ)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "\x1b" not in ran.stdout and "simulated" in ran.stdout
    again = subprocess.run(
        pointsman("--plain", "--replay", tape, "--speed", "0"),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environ,
    )  # fmt: skip
    assert (again.returncode, again.stderr) == (0, "")
    assert "Asked in the recording: Write a function" in again.stdout
    answer = [line for line in ran.stdout.splitlines() if line.startswith(("**", "> ", "That was"))]
    assert answer and all(line in again.stdout.splitlines() for line in answer)


def test_ctrl_c_ends_the_program_with_its_ledger_closed(environ):
    argv = pointsman("demo", "--plain")
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ) as running:
        assert running.stdout is not None
        assert "endpoints of a simulated fleet" in running.stdout.readline()
        running.send_signal(signal.SIGINT)
        assert running.wait(20) == 0
        running.stdout.read()


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (("--plain", "status"), "go with the screen"),
        (("--replay", "x", "demo"), "goes with no verb"),
        (("--replay", "/etc/passwd", "--plain"), "no recording"),
        (("--plain", "--record", "/etc/passwd"), "already there"),
    ],
)
def test_what_does_not_go_together_is_a_usage_error(args, why, capsys):
    from pointsman.cli import main

    assert main(list(args), plain=lambda opening, **how: 0) == 2
    assert why in capsys.readouterr().err


def test_a_dumb_terminal_gets_sentences_and_one_line_of_hint(monkeypatch, capsys, tmp_path):
    from pointsman.cli import main

    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("POINTSMAN_STATE", str(tmp_path))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert main(["demo"], plain=lambda opening, **how: 0) == 0
    assert capsys.readouterr().err.count("\n") == 1
