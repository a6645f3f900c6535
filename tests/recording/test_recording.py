"""What a door sees is on the tape, and the tape shows it again: same pictures, same events, no words, no keys."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace

import pytest

from pointsman.adapters.tape_file import TapeFile, read_file
from pointsman.core.audit import AuditEvent, AuditRow, AuditState, EventType
from pointsman.core.codec import encode
from pointsman.core.decision import Rung
from pointsman.core.fleet import Locality
from pointsman.core.health import Health, HealthState
from pointsman.core.outcome import Attempt, Completed, TokenUsage
from pointsman.core.request import Message, Request
from pointsman.core.snapshot import Override, OverrideKind, Snapshot
from pointsman.core.tape import Head, changed, changes, head_line, masked, picture, read_tape
from pointsman.engine import events
from pointsman.engine.console import Console
from pointsman.engine.recording import recorded
from pointsman.engine.replay import REPLAYING, Replay
from pointsman.ports import AuditQuery, ModelTotal
from support.screen import TURN_S

SECRET = "sk-abcdefghijklmnop"


def asked(text: str, id: str = "r1") -> Request:
    return Request(id=id, messages=(Message(role="user", text=text),))


def line(seq: int, type: EventType, text: str) -> AuditRow:
    event = AuditEvent(type=type, at=100.0 + seq, actor="router", text=text)
    return AuditRow(seq=seq, at=event.at, type=str(type), actor="router", text=text, body=event.body())


@pytest.fixture(scope="module")
def fleet():
    from pointsman.config import example_path, load

    return load(example_path()).fleet


class Live:
    """A console whose pictures and replies a test states."""

    def __init__(self, fleet) -> None:
        self.fleet, self.banners = fleet, ("mind the gap",)
        self.pictures = [
            Snapshot(now=100.0, health={"ollama": Health(), "openai": Health()}),
            Snapshot(now=101.0, health={"ollama": Health(state=HealthState.UP, reason="ok")}, local_only=True),
        ]
        self.audit_state = AuditState(lines=2, head="ab")
        self.rows = [line(1, EventType.DECISION, "one"), line(2, EventType.BLOCKED, "two")]

    async def watch(self):
        for each in self.pictures:
            yield each

    async def submit(self, request):
        decision_free = Attempt(model="m", endpoint="e", outcome=Completed(finish_reason="stop", usage=TokenUsage()))
        rung = Rung(model="m", endpoint="e", locality=Locality.LOCAL, why="first")
        yield events.Attempting(request=request.id, rung=rung, number=1)
        yield events.TextDelta(request=request.id, text="secret plan\nline two")
        yield events.AttemptEnded(request=request.id, attempt=decision_free)

    async def audit(self, query):
        rows = [row for row in self.rows if query.after is None or row.seq > query.after]
        return tuple(reversed(rows))[: query.limit]

    async def audit_size(self):
        return len(self.rows)

    async def totals(self, since):
        return (ModelTotal(model="m", requests=1, input_tokens=2, output_tokens=3, nano_usd=4, estimated=0),)

    async def service_logs(self, name, lines=200):
        return ("prompt: my diary",)


async def run_through(console: Console) -> None:
    async for _ in console.watch():
        await console.audit_size()
    async with aclosing(console.submit(asked("my secret question"))) as told:
        async for _ in told:
            pass
    await console.totals(0.0)
    await console.service_logs("ollama")


async def tape_of(fleet, *, words: bool):
    """A tape of one run, its clock a second further at each line."""
    seconds = iter(range(1_000))
    written: list[str] = []
    write = lambda told: written.append(json.dumps(told) + "\n")  # noqa: E731
    write(head_line(Head(began=90.0, words=words, fleet=fleet)))
    await run_through(recorded(Live(fleet), write, lambda: float(next(seconds)), words=words))
    return written


async def until(holds) -> None:
    while not holds():
        await asyncio.sleep(TURN_S)


async def test_a_replay_shows_what_was_recorded(fleet):
    tape = read_tape(await tape_of(fleet, words=True))
    async with Replay(tape, speed=None) as console:
        assert console.fleet == fleet
        assert console.snapshot == Live(fleet).pictures[-1]
        assert "mind the gap" in console.banners
        assert [row.seq for row in await console.audit(AuditQuery())] == [2, 1]
        assert (await console.audit_size(), console.audit_state) == (2, Live(fleet).audit_state)
        assert (await console.totals(0.0))[0].nano_usd == 4
        assert await console.service_logs("ollama") == ("prompt: my diary",)
        assert [text async for text in console.asks()] == ["my secret question"]
        again = [event async for event in console.submit(asked("anything", "mine"))]
    assert [type(event).__name__ for event in again] == ["Attempting", "TextDelta", "AttemptEnded"]
    assert {event.request for event in again} == {"mine"}
    assert again[1].text == "secret plan\nline two"


async def test_without_words_nothing_of_prompt_reply_or_log_is_on_the_tape(fleet):
    written = "".join(await tape_of(fleet, words=False))
    for word in ("secret", "question", "plan", "diary"):
        assert word not in written.partition("\n")[2], word
    assert masked("secret plan\nline two") == "xxxxxx xxxx\nxxxx xxx"
    assert json.dumps("xxxxxx xxxx\nxxxx xxx")[1:-1] in written


async def test_a_replay_keeps_the_recorded_pace_divided_by_the_speed(fleet):
    tape = read_tape(await tape_of(fleet, words=True))
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async with Replay(tape, speed=4.0, sleep=sleep) as console:
        pictures = [snapshot async for snapshot in console.watch()]
    assert pictures[-1] == Live(fleet).pictures[-1]
    assert sum(slept) == pytest.approx(tape.seconds / 4)


async def test_what_would_change_something_is_refused_in_a_replay(fleet):
    tape = read_tape(await tape_of(fleet, words=True))
    order = Override(id="o", kind=OverrideKind.LOCAL_ONLY)
    async with Replay(tape, speed=None) as console:
        with pytest.raises(ValueError, match="replaying"):
            await console.set_override(order)
        result = await console.service_action("ollama", "stop")
        assert (result.ok, result.text) == (False, REPLAYING)
        _ = [event async for event in console.submit(asked("first"))]
        (refused,) = [event async for event in console.submit(asked("one too many"))]
    assert isinstance(refused, events.Blocked) and refused.by_policy


async def test_a_replay_decides_about_the_recorded_picture_without_an_engine(fleet):
    tape = read_tape(await tape_of(fleet, words=True))
    async with Replay(tape, speed=None) as console:
        decision = console.explain(asked("Write a Python function"))
    assert len(decision.ladder) + len(decision.rejected) == len(fleet.models)


def test_a_replay_has_everything_that_a_door_may_ask():
    names = {name for name in vars(Console) if not name.startswith("_")}
    missing = sorted(name for name in names if not hasattr(Replay, name))
    assert missing == [], "engine/replay.py must answer these too, from the tape or with a refusal"


async def test_a_recording_is_cut_anywhere_and_still_plays(fleet):
    whole = "".join(await tape_of(fleet, words=True))
    first = whole.index("\n") + 1
    for cut in (first, first + 1, first + 200, len(whole) - 3):
        tape = read_tape(whole[:cut].splitlines(keepends=True))
        assert tape.problem is None
        async with Replay(tape, speed=None) as console:
            assert console.fleet == fleet


async def test_a_damaged_line_ends_the_replay_with_its_number(fleet):
    written = await tape_of(fleet, words=True)
    tape = read_tape([*written[:2], "{damaged}\n", *written[2:]])
    assert len(tape.lines) == 1
    assert tape.problem is not None and "line 3" in tape.problem


@pytest.mark.parametrize(
    "told", [{"what": "picture", "set": {"now": "noon"}}, {"what": "event", "event": "Unheard"}, {"what": "ask"}]
)
async def test_a_line_of_a_wrong_shape_ends_the_replay_with_a_banner(fleet, told):
    written = [*await tape_of(fleet, words=True), json.dumps({"t": 999.0, **told}) + "\n"]
    async with Replay(read_tape(written), speed=None) as console:
        assert any("cannot be read on" in banner for banner in console.banners)


@pytest.mark.parametrize(
    "text", ["", "{}\n", "[]\n", "nonsense", json.dumps({"pointsman-recording": 99}) + "\n", "[" * 100_000]
)
def test_what_is_no_recording_is_said(text):
    with pytest.raises(ValueError, match="recording"):
        read_tape([text])


def test_a_line_of_a_later_version_is_passed_over(fleet):
    head = json.dumps(head_line(Head(began=1.0, words=False, fleet=fleet))) + "\n"
    tape = read_tape([head, json.dumps({"t": 0.5, "what": "unheard-of"}) + "\n"])
    assert (len(tape.lines), tape.problem) == (1, None)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({}, {"now": 1, "health": {"a": {"x": 1}}}),
        ({"now": 1, "health": {"a": {"x": 1}, "b": {}}}, {"now": 2, "health": {"b": {}}}),
        ({"now": 1, "host": {"a": 1, "b": 2}}, {"now": 1}),
        ({"now": 1, "host": {"a": 1, "b": 2}}, {"now": 1, "host": {"a": 1, "c": [1]}}),
        ({"now": 1, "services": [1, 2]}, {"now": 1, "services": []}),
    ],
)
def test_changes_lead_from_one_picture_to_the_next(old, new):
    assert changed(old, json.loads(json.dumps(changes(old, new)))) == new


def test_a_picture_that_did_not_change_is_a_short_line():
    told = encode(Snapshot(now=1.0, health={"a": Health()}))
    assert changes(told, told) == {"set": {}}
    assert picture(changed(told, changes(told, encode(replace(picture(told), now=2.0))))).now == 2.0


def test_a_tape_is_private_and_never_over_another_file(tmp_path):
    tape = TapeFile(tmp_path / "run.jsonl", str)
    tape.write({"t": 0})
    tape.close()
    assert tape.path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        TapeFile(tape.path, str)


def test_a_full_disk_ends_the_tape_and_not_the_run(tmp_path):
    tape = TapeFile(tmp_path / "run.jsonl", str)
    assert tape._file is not None
    tape._file.close()
    tape._file = open("/dev/full", "w")
    tape.write({"t": 0})
    tape.write({"t": 1})
    tape.close()
    assert tape.problem is not None and "ended" in tape.problem


async def test_keys_are_not_on_the_tape_whoever_says_them(fleet, tmp_path, monkeypatch):
    from pointsman import wiring

    monkeypatch.setenv("OPENAI_API_KEY", 'odd"key-value')
    monkeypatch.setenv("POINTSMAN_SECRETS", str(tmp_path / "none.toml"))
    live = Live(fleet)
    live.banners = ('the server said: odd"key-value', f"and {SECRET}")

    @asynccontextmanager
    async def opening():
        yield live

    async with wiring.recording(opening(), tmp_path / "run.jsonl", words=True) as console:
        await run_through(console)
    written = (tmp_path / "run.jsonl").read_text()
    assert "key-value" not in written and SECRET not in written
    assert read_file(tmp_path / "run.jsonl").head.fleet == fleet


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path):
    with pytest.raises(ValueError, match="cannot be read"):
        read_file(tmp_path / "none.jsonl")
