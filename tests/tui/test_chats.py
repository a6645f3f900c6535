"""Conversations in tabs, kept as they go and brought back; prompts that wait; branches; verdicts; the editor."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from textual import events

from pointsman.adapters.chats import SqliteChats
from pointsman.core.chats import ChatHead, ChatTurn
from pointsman.engine.events import TextDelta
from pointsman.tui import keeping
from pointsman.tui.app import PointsmanApp
from pointsman.tui.conversation import Conversation, Phase, Turn, Verdict
from pointsman.tui.panes import transcript
from pointsman.tui.panes.turn import TurnView
from pointsman.tui.render import replies
from pointsman.tui.render import talks as drawing
from pointsman.tui.render.glyphs import ASCII, UNICODE
from pointsman.tui.render.paint import paint
from pointsman.tui.screens.chats import ChatsScreen, FoundChats
from support.screen import ask, say, screen, settle, until

Read = Callable[[PointsmanApp], str]


@pytest.fixture
async def kept(console: Any, tmp_path: Path) -> AsyncIterator[SqliteChats]:
    console.chats = SqliteChats(tmp_path)
    yield console.chats
    await console.chats.aclose()


# --- values ---


@pytest.mark.parametrize("script", ["answer", "switched", "blocked", "plans"])
def test_a_turn_comes_back_as_it_was_drawn(console: Any, script: str) -> None:
    turn = Turn("?", "hi", at=5.0)
    for event in getattr(console, script)():
        turn.see(event)
    turn.stopped()
    turn.note(Verdict(False, 2))
    again = keeping.turn(keeping.kept(turn))
    for name in (
        "request",
        "prompt",
        "text",
        "settled",
        "decision",
        "attempt",
        "blocked",
        "plan",
        "after",
        "at",
        "good",
    ):
        assert getattr(again, name) == getattr(turn, name), name
    waited = turn.phase is Phase.PLANNED
    assert again.phase is (Phase.STOPPED if waited else turn.phase) and again.over


def test_a_turn_whose_details_cannot_be_read_keeps_its_words() -> None:
    for detail in ({"decision": {"no": "such"}}, {"settled": [{"kind": "Gone", "value": {}}]}, {"attempt": 3}):
        turn = keeping.turn(ChatTurn(request="r", prompt="p", answer="a", model="opus", detail=detail))
        assert (turn.text, turn.model, turn.decision, turn.phase) == ("a", "opus", None, Phase.ANSWERED)


def test_a_verdict_on_a_turn_whose_details_are_on_the_disk_only_is_kept_with_it() -> None:
    turn = keeping.turn(ChatTurn(request="r", prompt="p", answer="a", why="general → opus"))
    turn.note(Verdict(True))
    again = keeping.turn(keeping.kept(turn))
    keeping.complete(again, {"after": []})
    assert again.good is True and again.complete and paint(replies.why(again)).plain == "why general → opus"


def test_what_had_not_ended_ended_with_the_program() -> None:
    turn = keeping.turn(ChatTurn(request="r", prompt="p", answer="half", phase="streaming"))
    assert turn.phase is Phase.STOPPED and Conversation([turn]).messages("next")[0].text == "next"


def test_a_later_verdict_undoes_the_one_before() -> None:
    turn = Turn("?", "hi")
    turn.note(Verdict(True))
    turn.note(Verdict(False))
    assert turn.good is False and len(turn.after) == 1


@pytest.mark.parametrize(("width", "places"), [(200, [0, 1, 2, 3, 4]), (34, [2, 3]), (9, [3])])
def test_of_many_tabs_those_around_the_active_one_are_shown(width: int, places: list[int]) -> None:
    shown = [drawing.Tab(f"talk {name} about something long", running=name == "b") for name in "abcde"]
    assert [place for place, _ in drawing.tabs(shown, 3, width, UNICODE)] == places


def test_three_waiting_prompts_are_shown_and_how_to_take_one_back() -> None:
    lines = drawing.waiting(["one", "two", "three", "four"], "when the reply is over", ASCII)
    assert [parts[0][0] for parts in lines[:3]] == ["~ waits 1 ", "~ waits 2 ", "~ waits 3 "] and len(lines) == 4
    assert drawing.waiting([], "", ASCII) == () and drawing.below(0, ASCII) == ()


# --- tabs, kept and resumed ---


async def test_a_stream_in_one_tab_goes_on_while_another_is_shown_and_each_has_its_own_draft(
    console: Any, kept: SqliteChats, read: Read
) -> None:
    gate = asyncio.Event()
    script = console.answer("first answer")
    console.scripts = [[*script[:2], gate, *script[2:]], console.answer("second answer")]
    async with screen(console) as (app, pilot):
        await say(app, pilot, "tell me about trains")
        await pilot.press(*"dra", "ctrl+t")
        assert app.chat.prompt.text == "" and len(app.chat.talks) == 2
        await ask(app, pilot, "and about points")
        assert "second answer" in read(app) and "first answer" not in read(app)
        gate.set()
        await until(pilot, lambda: app.chat.talks[0].unseen)
        await settle(app, pilot)
        assert "1● tell me about trains" in read(app) and "2 Chat · and about points" in read(app)
        await pilot.press("f3")
        await until(pilot, lambda: "first answer" in read(app))
        assert app.chat.prompt.text == "dra" and console.asked[0].conversation != console.asked[1].conversation
        await pilot.press("escape", "X")
        await until(pilot, lambda: len(app.chat.talks) == 1 and "second answer" in read(app))
    heads = await kept.heads()
    assert {(head.title, head.turns) for head in heads} == {("tell me about trains", 1), ("and about points", 1)}


async def test_a_kept_conversation_is_found_renamed_resumed_and_goes_on(
    console: Any, kept: SqliteChats, read: Read
) -> None:
    hostile = ChatTurn(
        request="r1", prompt="about [/x] \x1b[2J", answer="needle in hay", answered_by="r1", model="opus"
    )
    await kept.keep(ChatHead(id="c1", title="old [/bold] \x1b]0;t\x07", changed=1.0), 0, hostile)
    console.scripts = [console.answer("goes on")]
    async with screen(console) as (app, pilot):
        await say(app, pilot, "/search need")
        await until(pilot, lambda: "needle in hay" in read(app))
        assert "old [/bold] ␛]0;t␇" in read(app)
        await pilot.press("r", "ctrl+u", *"mine", "enter")
        await until(pilot, lambda: "mine" in read(app) and "old" not in read(app))
        app.screen.query_one(FoundChats).focus()
        await pilot.press("enter")
        await until(pilot, lambda: app.chat.conversation.id == "c1" and not isinstance(app.screen, ChatsScreen))
        await settle(app, pilot)
        assert "needle in hay" in read(app) and "about [/x] ␛[2J" in read(app) and "opus" in read(app)
        await say(app, pilot, "/good")
        await until(pilot, lambda: console.verdicts == [("r1", True)])
        assert console.adopted[0][1:] == ("opus", "needle in hay") and console.adopted[0][0].conversation == "c1"
        await ask(app, pilot, "and then?")
        assert [message.text for message in console.asked[0].messages][1:] == ["needle in hay", "and then?"]
        assert console.asked[0].conversation == "c1"
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, ChatsScreen) and "2 turns" in read(app))
        await pilot.press("d")
        await until(pilot, lambda: "delete this conversation?" in read(app))
        await pilot.press("y")
        await until(pilot, lambda: "none is kept yet" in read(app))
        assert app.chat.conversation.turns == []
    assert await kept.heads() == ()


async def test_of_a_long_conversation_only_a_window_is_drawn_and_it_moves(
    console: Any, kept: SqliteChats, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, window = 4, 10
    monkeypatch.setattr(transcript, "STEP", step)
    monkeypatch.setattr(transcript, "WINDOW", window)
    turns = [ChatTurn(request=f"r{n}", prompt=f"prompt {n}.", answer=f"answer {n}.", model="opus") for n in range(500)]
    await kept.keep_copy(ChatHead(id="c1", title="long"), turns)
    async with screen(console) as (app, pilot):
        app.post_message(messages_open("c1"))
        await until(pilot, lambda: "answer 499." in read(app))
        assert len(app.chat.transcript.views) == step and len(app.chat.conversation.messages("x")) == 1001
        await pilot.press("escape")
        for round in range(1, 4):
            for _ in range(40):  # a key that comes while the window moves is for nothing
                if app.chat.transcript.first <= 500 - step * (round + 1):
                    break
                await pilot.press("g")
                await settle(app, pilot)
        shown = app.chat.transcript  # a key whose scrolling comes late may move it by two steps
        assert len(shown.views) == window and shown.end == shown.first + window < 500
        for _ in range(40):
            if shown.end == 500:
                break
            end = shown.end
            shown.scroll_to(y=shown.max_scroll_y, animate=False, immediate=True)
            await until(pilot, lambda end=end: shown.end > end and not shown._moving)
            assert f"answer {end - 1}." in read(app)  # what one looked at
            assert step < len(shown.views) == shown.end - shown.first <= window
        shown.scroll_home(animate=False, immediate=True)
        await pilot.press("G")
        await until(pilot, lambda: "answer 499." in read(app))


def test_long_answers_fill_the_window_sooner() -> None:
    def turns(*lengths: int) -> list[Turn]:
        return [Turn("r", "p", text="x" * length) for length in lengths]

    assert transcript.how_many(turns(*[10] * 50), 30) == 30
    assert transcript.how_many(turns(*[25_000] * 50), 30) == 4
    assert transcript.how_many(turns(10**6, 10**6, 10), 30) == 2
    assert transcript.how_many([], 30) == 0


def messages_open(chat: str) -> Any:
    from pointsman.tui.messages import ChatOpenAsked

    return ChatOpenAsked(chat)


async def test_what_runs_at_the_end_is_kept_as_far_as_it_came(console: Any, kept: SqliteChats) -> None:
    console.scripts = [[*console.answer("half an answer")[:3], asyncio.Event()]]
    async with screen(console) as (app, pilot):
        await say(app, pilot, "hi")
        await until(pilot, lambda: bool(app.chat.last and app.chat.last.text))
        told = app.chat.last.text  # type: ignore[union-attr]
    found = await kept.open((await kept.heads())[0].id)
    assert found.turns[0].answer == told != "" and keeping.resumed(found).turns[0].phase is Phase.STOPPED


async def test_the_first_words_of_a_reply_are_kept_before_anything_else_happens(
    console: Any, kept: SqliteChats, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pointsman.tui.panes.talks.KEEP_EVERY", 3_600)
    monkeypatch.setattr("pointsman.tui.panes.talks.KEEP_SOON", 3_600)
    console.scripts = [[*console.answer("half an answer")[:3], asyncio.Event()]]
    async with screen(console) as (app, pilot):
        await say(app, pilot, "hi")
        await until(pilot, lambda: bool(app.chat.last and app.chat.last.text))
        async with asyncio.timeout(20):
            while (await kept.open(str(app.chat.conversation.id))).turns[0].answer != "half an answer":
                await pilot.pause()


async def test_tabs_drafts_and_waiting_prompts_come_back_after_a_restart_and_nothing_is_sent(
    console: Any, kept: SqliteChats, read: Read
) -> None:
    console.scripts = [console.answer("one"), [*console.answer("two")[:4], asyncio.Event()]]
    async with screen(console) as (app, pilot):
        await ask(app, pilot, "first")
        await pilot.press("ctrl+t")
        await until(pilot, lambda: len(app.chat.talks) == 2)
        await say(app, pilot, "second")
        for text in ("/critical waits", "waits too"):
            await say(app, pilot, text)
        await until(pilot, lambda: "waits 2 waits too" in read(app))
        await pilot.press(*"later", "f3", *"draft")
        await until(pilot, lambda: app.chat.prompt.text == "draft")
    console.asked.clear()
    async with screen(console) as (app, pilot):
        await until(pilot, lambda: len(app.chat.talks) == 2 and app.chat.prompt.text == "draft")
        await until(pilot, lambda: "1  first" in read(app) and "2  second" in read(app))
        await pilot.press("f4")
        await until(pilot, lambda: "waits 1 /critical waits" in read(app) and app.chat.prompt.text == "later")
        assert "enter in an empty input sends the first" in read(app) and console.asked == []
        console.scripts = [console.answer("three"), console.answer("four")]
        app.chat.prompt.clear()
        await ask(app, pilot, "new")
        assert [each.text for each in console.asked] == ["new"], "what waited is not sent behind another reply"
        await pilot.press("enter")
        await until(pilot, lambda: len(console.asked) == 2 and app.chat.last.over)  # type: ignore[union-attr]
        assert console.asked[1].text == "waits" and dict(console.asked[1].facts) == {"critical": True}
    app = PointsmanApp(console)
    app.keeps = False
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.picture is not None)
        await settle(app, pilot)
        assert len(app.chat.talks) == 1 and app.chat.conversation.turns == []
    await app.close()


# --- what waits, branches, the editor ---


async def test_what_is_sent_while_the_engine_opens_waits_in_sight_and_goes_in_order(console: Any, read: Read) -> None:
    opens = asyncio.Event()

    @asynccontextmanager
    async def opening() -> AsyncIterator[Any]:
        await opens.wait()
        yield console

    app = PointsmanApp(open_console=opening)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press(*"one", "enter", *"/model opus", "enter", *"two", "enter")
        await until(pilot, lambda: "waits 3 two" in read(app))
        assert "sent once the endpoints were looked at" in read(app) and app.chat.prompt.text == ""
        opens.set()
        await until(pilot, lambda: len(console.asked) == 2)
        assert [(each.text, each.pin) for each in console.asked] == [("one", None), ("two", "opus")]
        await until(pilot, lambda: "waits 1" not in read(app))
    await app.close()


async def test_prompts_written_while_a_reply_runs_wait_in_sight_and_are_sent_in_order(console: Any, read: Read) -> None:
    gate = asyncio.Event()
    script = console.answer("one")
    console.scripts = [[*script[:2], gate, *script[2:]], console.answer("two"), console.answer("three")]
    async with screen(console) as (app, pilot):
        for text in ("first", "second", "third", "fourth"):
            await say(app, pilot, text)
        await until(pilot, lambda: "waits 3 fourth" in read(app))
        await pilot.press("up")
        await until(pilot, lambda: app.chat.prompt.text == "fourth")
        app.chat.prompt.clear()
        assert len(console.asked) == 1
        gate.set()
        await until(pilot, lambda: len(console.asked) == 3 and app.chat.last.over)  # type: ignore[union-attr]
        assert [request.text for request in console.asked] == ["first", "second", "third"]
        assert [message.text for message in console.asked[2].messages] == ["first", "one", "second", "two", "third"]


async def test_a_prompt_that_waits_behind_a_stopped_reply_waits_for_the_user(console: Any, read: Read) -> None:
    console.scripts = [[*console.answer()[:4], asyncio.Event()], console.answer("two")]
    async with screen(console) as (app, pilot):
        await say(app, pilot, "first")
        await say(app, pilot, "second")
        await pilot.press("escape")
        await until(pilot, lambda: app.chat.last.phase is Phase.STOPPED)  # type: ignore[union-attr]
        await until(pilot, lambda: "enter in an empty input sends the first" in read(app))
        assert len(console.asked) == 1
        await say(app, pilot, "/close")
        await until(pilot, lambda: "prompts wait here" in read(app))
        await pilot.press("enter")
        await until(pilot, lambda: len(console.asked) == 2)


async def test_asking_again_from_the_middle_makes_a_branch_and_the_old_conversation_stays(
    console: Any, kept: SqliteChats
) -> None:
    console.scripts = [console.answer(text) for text in ("one", "two", "three")]
    async with screen(console) as (app, pilot):
        for prompt in ("first", "second"):
            await ask(app, pilot, prompt)
        await pilot.press("escape", "left_square_bracket", "R")
        await until(pilot, lambda: len(console.asked) == 3 and app.chat.last.over)  # type: ignore[union-attr]
        assert [[turn.text for turn in talk.conversation.turns] for talk in app.chat.talks] == [
            ["one", "two"],
            ["three"],
        ]
        await say(app, pilot, "/branch")
        await until(pilot, lambda: len(app.chat.talks) == 3)
        assert app.chat.conversation.copy_of == app.chat.talks[1].conversation.id
    assert sorted(head.turns for head in await kept.heads()) == [1, 1, 2]


async def test_a_thumb_stands_under_its_answer_and_its_opposite_undoes_it(console: Any, read: Read) -> None:
    async with screen(console, (99, 50)) as (app, pilot):
        await ask(app, pilot)
        await pilot.press("escape", "h")
        await until(pilot, lambda: "▲ you: it helped" in read(app))
        await pilot.press("m")
        await until(pilot, lambda: "▼ you: it did not help" in read(app))
        assert "it helped" not in read(app)
        answer = app.chat.last.answer  # type: ignore[union-attr]
        assert console.verdicts == [(answer, True), (answer, False)]
        await pilot.press("ctrl+o")  # where no conversation is kept, that is said
        await until(pilot, lambda: "conversations are not kept here" in " ".join(read(app).split()))


async def test_the_prompt_comes_back_from_the_users_editor_or_a_reason(
    console: Any, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with screen(console) as (app, pilot):
        await pilot.press(*"hello", "ctrl+g")
        await until(pilot, lambda: "cannot be handed to an editor" in read(app))
        monkeypatch.setattr(app, "suspend", nullcontext)
        await pilot.press("ctrl+g")
        await until(pilot, lambda: app.chat.prompt.text == "hello edited")
        app.chat.prompt.put("break")
        await pilot.press("ctrl+g")
        await until(pilot, lambda: "the editor vi cannot be run" in read(app))
        assert app.chat.prompt.text == "break"


async def test_what_comes_while_one_looks_further_up_is_counted_and_does_not_move_the_screen(
    console: Any, read: Read
) -> None:
    gate = asyncio.Event()
    script = console.answer("line\n\n" * 60)
    begun = TextDelta(request="?", text="line\n\n" * 20)
    console.scripts = [script, [*script[:2], begun, gate, *script[2:]]]
    async with screen(console) as (app, pilot):
        await ask(app, pilot)
        await say(app, pilot, "again")
        await until(pilot, lambda: bool(app.chat.last and app.chat.last.text))
        await settle(app, pilot)
        await pilot.press("pageup")
        await settle(app, pilot)
        shown = app.chat.transcript
        top, before = shown.scroll_y, shown.virtual_size.height
        assert 0 < top < shown.max_scroll_y
        gate.set()
        await until(pilot, lambda: app.chat.last.over)  # type: ignore[union-attr]
        await settle(app, pilot)
        grown = shown.virtual_size.height - before
        assert grown > 60 and f"▼ {grown} new" in read(app) and shown.scroll_y == top
        await pilot.press("escape")
        await pilot.press("G")
        await until(pilot, lambda: " new " not in read(app))


async def test_no_key_is_lost_and_nothing_is_left_undrawn_while_a_fast_reply_streams(
    console: Any, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two thousand tokens, forty between two keys; the drawing takes what came in one piece, however much it was."""
    gates = [asyncio.Event() for _ in range(50)]
    script = console.answer("end.")
    tokens = [TextDelta(request="?", text=f"word{n} " if n % 10 else "\n\n") for n in range(2_000)]
    stream = [step for n, gate in enumerate(gates) for step in (*tokens[40 * n : 40 * n + 40], gate)]
    console.scripts = [[*script[:2], *stream, *script[2:]]]
    appends: list[int] = []
    real = TurnView._append

    async def counted(view: TurnView) -> None:
        appends.append(len(view.turn.text))
        await real(view)

    monkeypatch.setattr(TurnView, "_append", counted)
    typed = "".join(chr(ord("a") + n % 26) for n in range(50))
    async with screen(console) as (app, pilot):
        await say(app, pilot, "go")
        for key, gate in zip(typed, gates, strict=True):
            app.post_message(events.Key(key, key))
            gate.set()
        await until(pilot, lambda: app.chat.last is not None and app.chat.last.over)
        await settle(app, pilot)
        assert app.chat.prompt.text == typed
        assert len(appends) <= 60 and "end." in read(app)
