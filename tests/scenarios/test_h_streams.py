"""H: streams. Complete only after the protocol's own end; every way of breaking told apart; nothing merged or doubled."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable

import pytest

from pointsman.core.fleet import Deadlines, OnCut
from pointsman.core.outcome import Completed, Failed, FailureKind
from pointsman.engine import events
from support.fault_server import (
    OLLAMA,
    Play,
    Reply,
    broken_frames,
    bytewise,
    changed,
    cut_after,
    empty_200,
    endless_line,
    error_frame,
    good,
    gzipped,
    half_an_event,
    html,
    keeps_alive_for_ever,
    limited,
    loading,
    never_answers,
    out_of_memory,
    raw_stream,
    reset_at_once,
    says_nothing,
    slow_first_token,
    slow_headers,
    stalls_after,
    status,
    whole_document,
)
from support.rows import Scene, Table
from support.stages import stage

K = FailureKind
NOT_HERE = {
    "H13-memory": "tests/scenarios/test_memory.py::test_a_hostile_body_costs_at_most_32_mib; here only that it ends",
    "H14-screen": "tests/tui/test_chats.py::test_no_key_is_lost_and_nothing_is_left_undrawn_while_a_fast_reply_streams "
    "and tests/tui/test_pacing.py::test_a_reply_is_drawn_at_every_beat_while_nobody_types",
}
SHORT = {"p": {"deadlines": Deadlines(first_token=0.04, idle=0.04)}}  # where it does not matter which runs out
STALL = {"p": {"deadlines": Deadlines(idle=0.15)}}
TRICKY = "naïve 漢字 🚂 \u2028 \u2029 \u0085 \x0c \x1c end"
h = Table()

# --- intact, however it is cut and written -------------------------------------------------------------------------

SSE_ONLY = ("openai", "anthropic")
WAYS: dict[str, tuple[Callable[[bytes], Iterable[bytes]], tuple[str, ...]]] = {
    "H1-bytewise": (bytewise, ()),
    "H1-odd-pieces": (lambda data: (data[i : i + 7] for i in range(0, len(data), 7)), ()),
    "H2-crlf": (lambda data: [data.replace(b"\n", b"\r\n")], ()),
    "H2-crlf-bytewise": (lambda data: bytewise(data.replace(b"\n", b"\r\n")), ()),
    "H2-cr": (lambda data: [data.replace(b"\n", b"\r")], SSE_ONLY),
    "H2-bom": (lambda data: [b"\xef\xbb\xbf" + data], ()),
    "H2-comments": (lambda data: [b": hello\n\n", data.replace(b"\n\n", b"\n\n: keep-alive\n\n")], SSE_ONLY),
    "H2-no-space": (lambda data: [data.replace(b"data: ", b"data:")], SSE_ONLY),
    "H2-unknown-fields": (lambda data: [data.replace(b"data: ", b"id: 7\nretry: 5\nx-odd: 1\ndata: ")], SSE_ONLY),
    "H2-blank-lines": (lambda data: [data.replace(b"\n", b"\n\n\n")], ("ollama",)),
}


async def arrives_intact(dialect: str, change: Callable[[bytes], Iterable[bytes]]) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(changed(change, "one ", TRICKY, " two"))
        heard = await s.ask()
    assert heard.by == "p" and heard.text == f"one {TRICKY} two" and heard.done.usage.output == 7


for name, (change, where) in WAYS.items():
    h.row(name, *where)(lambda dialect, change=change: arrives_intact(dialect, change))


@h.row("H2-data-in-lines", "openai", "anthropic")
async def an_event_of_several_data_lines_is_one_event(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(changed(lambda data: [data.replace(b'": ', b'":\ndata: ')], "in ", "lines"))
        heard = await s.ask()
    assert heard.text == "in lines"


@h.row("H3")
async def other_line_separators_are_text(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(good(TRICKY, TRICKY))
        heard = await s.ask()
    assert heard.text == TRICKY * 2


# --- before anything was seen --------------------------------------------------------------------------------------


@h.row("H4")
async def a_death_before_the_first_token_is_one_clean_answer(dialect: str) -> None:
    for play in (reset_at_once, cut_after(how="close"), cut_after(how="reset"), cut_after(how="clean")):
        async with stage(dialect=dialect) as s:
            s["p"].plays(play)
            s["f"].plays(good("clean"))
            heard = await s.ask()
        assert heard.text == "clean" and heard.pieces() == ["", "clean"]
        assert not heard.switches[0].fragment and s.called[-1] == "f"


@h.row("H6")
async def an_error_as_first_frame_is_the_failure_it_names(dialect: str) -> None:
    frames = {
        K.OVERLOADED: error_frame(kind="overloaded_error", message="overloaded_error: try later", code=529),
        K.RATE_LIMITED: error_frame(kind="rate_limit_error", message="rate limit reached", code=429),
        K.AUTH: error_frame(kind="authentication_error", message="invalid_api_key", code=401),
    }
    told = {K.OVERLOADED: 529, K.RATE_LIMITED: 429, K.AUTH: 401} if dialect == "openai" else {}  # others name none
    for kind, play in frames.items():
        async with stage(dialect=dialect) as s:
            s["p"].plays(play)
            heard = await s.ask()
        assert set(heard.kinds) == {kind} and heard.by == "f" and heard.pieces()[-1] == "fine"
        assert heard.attempts[0].outcome.status == told.get(kind)  # type: ignore[union-attr]


# --- after tokens were shown ---------------------------------------------------------------------------------------


async def fragment_then_afresh(dialect: str, play: Play, kind: K, said: str = "") -> None:
    async with stage(dialect=dialect, endpoints=STALL) as s:
        s["p"].plays(play)
        s["f"].plays(good("a whole ", "answer", used=(11, 9)))
        heard = await s.ask("the question")
        outcomes = await s.audit("outcome")
        downs = await s.audit("step-down")
        totals = {t.model: t for t in await s.store.totals(0)}
    assert s.called == ["p", "f"] and heard.kinds == [kind]
    assert heard.pieces() == ["half an ", "a whole answer"]  # a divider between them, never spliced
    assert heard.text == "a whole answer"
    (switch,) = heard.switches
    assert switch.fragment and (switch.from_model, switch.to_model, switch.kind) == ("p", "f", kind)
    assert len(downs) == 1 and len(outcomes) == 2
    assert said in switch.why and said in outcomes[0].text
    asked = s["f"].chats[0].body["messages"]
    assert [m["content"] for m in asked] == ["the question"]  # no prefill of the fragment
    assert totals["p"].estimated == 1 and totals["p"].output_tokens >= 2 and totals["p"].nano_usd > 0
    assert (totals["f"].estimated, totals["f"].output_tokens) == (0, 9)


CUTS: dict[str, tuple[Play, K]] = {
    "H5-clean": (cut_after("half ", "an "), K.STREAM_CUT),
    "H5-close": (cut_after("half ", "an ", how="close"), K.STREAM_CUT),
    "H5-reset": (cut_after("half ", "an ", how="reset"), K.STREAM_CUT),
    "H5-stall": (stalls_after("half ", "an "), K.IDLE_TIMEOUT),
    "H7": (error_frame("half ", "an ", kind="overloaded_error", message="overloaded_error"), K.OVERLOADED),
    "H8": (cut_after("half ", "an "), K.STREAM_CUT),
}
for name, (play, kind) in CUTS.items():
    said = "overloaded_error" if name == "H7" else ""  # the server's own words are shown
    h.row(name)(lambda dialect, play=play, kind=kind, said=said: fragment_then_afresh(dialect, play, kind, said))


@h.row("H5-stop")
async def a_role_may_stop_at_the_cut_and_offer_the_next(dialect: str) -> None:
    async with stage(dialect=dialect, role={"on_cut": OnCut.STOP}) as s:
        s["p"].plays(cut_after("half"))
        heard = await s.ask()
    assert s.called == ["p"] and heard.blocked.offer == "f" and heard.pieces() == ["half"]
    assert "cut" in heard.blocked.why


@h.row("H5-every-cut")
async def wherever_it_is_cut_no_two_answers_are_merged(dialect: str) -> None:
    """Every event boundary and every third byte of a whole answer (promises C6)."""
    words = ("alpha ", "beta ", "gamma ")
    async with stage("p", "f", dialect=dialect) as s:
        sizes: list[int] = []

        def remember(reply: Reply) -> list[bytes]:
            sizes.append(len(b"".join([*reply.said(*words), *reply.ending()])))
            return [*reply.said(*words), *reply.ending()]

        s["p"].plays(raw_stream(remember))
        s["f"].plays(good("delta"))
        assert (await s.ask()).text == "alpha beta gamma "
        whole = 0
        for cut in range(1, sizes[0], 37):
            s["p"].plays(changed(lambda data, cut=cut: [data[:cut]], *words))
            heard = await s.ask()
            s.clock.advance(200)
            if heard.by == "p":
                whole += 1
                assert heard.text == "alpha beta gamma "
            else:
                assert heard.text == "delta" and len(heard.switches) == 1
                assert "alpha beta gamma ".startswith(heard.pieces()[0]) and heard.pieces()[1] == "delta"
                assert len(await s.audit("step-down", request=heard.last.request)) == 1
    assert whole <= 8  # only those cut after the finish reason


@h.row("H9")
async def up_to_three_broken_frames_are_skipped_and_noted(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(broken_frames(3, "before ", "after"))
        heard = await s.ask()
        s["p"].plays(broken_frames(4, "before ", "after"))
        worse = await s.ask()
    assert heard.text == "before after" and "3 broken frames skipped" in heard.done.notes
    assert worse.kinds == [K.BAD_STREAM] and worse.pieces() == ["before ", "fine"]


@h.row("H10-no-done", "openai")
async def a_finish_reason_completes_it_without_done(dialect: str) -> None:
    """Whether the body ends or the connection just stays open."""
    for stays_open in (False, True):

        async def play(reply: Reply, stays_open: bool = stays_open) -> None:
            await reply.head()
            await reply.frames(*reply.said("complete"), *reply.dialect.reason("m", "stop", (3, 2)))
            await (reply.hold() if stays_open else reply.finish())

        async with stage(dialect=dialect) as s:
            s["p"].plays(play)
            heard = await s.ask()
            assert heard.attempts[0].seconds < 10  # the idle limit, which nothing waits for, is 30 s
        assert heard.by == "p" and heard.text == "complete" and heard.done.usage.output == 2


@h.row("H10-twice", "openai")
async def a_second_finish_reason_and_empty_choices_are_accepted(dialect: str) -> None:
    def odd(reply: Reply) -> list[bytes]:
        empty = b'data: {"choices":[]}\n\n'
        return [empty, *reply.said("ok"), *reply.dialect.reason("m", "stop", None), *reply.ending(), empty]

    async with stage(dialect=dialect) as s:
        s["p"].plays(raw_stream(odd))
        heard = await s.ask()
    assert heard.text == "ok" and heard.done.finish_reason == "stop" and heard.done.usage.output == 7


@h.row("H10-usage")
async def usage_that_is_absent_or_odd_is_estimated_upwards_and_marked(dialect: str) -> None:
    text = "words of some length " * 10
    async with stage(dialect=dialect) as s:
        s["p"].plays(good(text, used=None))
        heard = await s.ask()
        (total,) = await s.store.totals(0)
    assert heard.by == "p" and heard.done.usage.estimated and total.estimated == 1
    assert total.output_tokens >= len(text) // 5 and total.nano_usd > 0


@h.row("H11")
async def reasoning_is_told_apart_from_text(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(good("the answer", thought="the thought"))
        heard = await s.ask()
    thoughts = [e.text for e in heard.events if isinstance(e, events.ReasoningDelta)]
    assert heard.text == "the answer" and thoughts == ["the thought"]


@h.row("H11-tools", "openai")
async def tool_calls_in_pieces_by_index_are_no_text_and_no_crash(dialect: str) -> None:
    def piece(index: object, **function: str) -> bytes:
        calls = [{"index": index, "function": function}]
        return b"data: " + json.dumps({"choices": [{"index": 0, "delta": {"tool_calls": calls}}]}).encode() + b"\n\n"

    def frames(reply: Reply) -> list[bytes]:
        pieces = [piece(0, name="look"), piece(1, name="find"), piece(0, arguments='{"a'), piece(1, arguments="{}")]
        odd = [piece(None, arguments='": 1}'), b'data: {"choices":[{"delta":{"tool_calls":null,"content":null}}]}\n\n']
        return [*reply.said("before "), *pieces, *odd, *reply.ending("tool_calls")]

    async with stage(dialect=dialect) as s:
        s["p"].plays(raw_stream(frames))
        heard = await s.ask()
    assert heard.by == "p" and heard.text == "before " and heard.done.finish_reason == "tool_calls"


@h.row("H12")
async def one_document_to_a_stream_request_is_one_answer(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(whole_document("all at once"))
        heard = await s.ask()
    assert heard.by == "p" and heard.text == "all at once" and heard.done.usage.output == 7


@h.row("H12-gzip")
async def a_compressed_stream_is_read_although_it_was_not_asked_for(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(gzipped("un", "packed"))
        heard = await s.ask()
        assert s["p"].chats[0].headers["accept-encoding"] == "identity"
    assert heard.text == "unpacked"


@h.row("H13")
async def a_line_that_does_not_end_ends_at_its_bound(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(endless_line(10 << 20))
        heard = await s.ask()
    assert heard.kinds == [K.BAD_STREAM] and "longer than" in heard.attempts[0].outcome.detail  # type: ignore[union-attr]
    assert heard.by == "f"


@h.row("H14")
async def three_thousand_tiny_tokens_keep_their_order(dialect: str) -> None:
    words = [f"{n}," for n in range(3000)]

    async def torrent(reply: Reply) -> None:
        await reply.head()
        await reply.chunk(b"".join([*reply.said(*words), *reply.ending()]))
        await reply.finish()

    async with stage(dialect=dialect) as s:
        s["p"].plays(torrent)
        turns = 0  # of anybody else on the loop, as the screen is, while the torrent is read

        def another_turn() -> None:
            nonlocal turns
            turns += 1
            if not asked.done():
                asyncio.get_running_loop().call_soon(another_turn)

        heard: list[events.EngineEvent] = []
        at: list[int] = []

        async def read() -> None:
            async for event in s.engine.submit(s.request()):
                heard.append(event)
                at.append(turns)

        asked = asyncio.create_task(read())
        another_turn()
        await asked
    said = [(turn, e.text) for turn, e in zip(at, heard, strict=True) if isinstance(e, events.TextDelta)]
    assert "".join(text for _, text in said) == "".join(words)
    assert len({turn for turn, _ in said}) >= 20  # half a megabyte at once, and yet others get their turn meanwhile


@h.row("H15", "ollama")
async def an_error_object_in_an_ndjson_stream_is_a_failure(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(error_frame(message="llama runner process has terminated"))
        s["f"].plays(error_frame("some ", message="unexpected EOF"))
        heard = await s.ask()
    assert heard.kinds[:2] == [K.OUT_OF_MEMORY, K.SERVER_ERROR] and heard.by == "g"


@h.row("H16", "anthropic")
async def usage_split_over_start_and_delta_is_joined_not_added(dialect: str) -> None:
    async def split(reply: Reply) -> None:
        delta = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 42}}
        await reply.head()
        await reply.frames(*reply.said("x"), b"event: message_delta\ndata: " + json.dumps(delta).encode() + b"\n\n")
        await reply.frames(*reply.dialect.marker("m"))
        await reply.finish()

    async with stage(dialect=dialect) as s:
        s["p"].plays(split)
        heard = await s.ask()
    assert (heard.done.usage.input, heard.done.usage.output) == (11, 42)


@h.row("H16-no-stop", "anthropic")
async def a_stop_reason_completes_it_without_message_stop(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(raw_stream(lambda r: [*r.said("done"), *r.dialect.reason("m", "stop", (1, 2))]))
        heard = await s.ask()
    assert heard.by == "p" and heard.text == "done"


@h.row("H-wrong-model")
async def another_model_than_asked_for_is_told(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(good(model="somebody-else"))
        heard = await s.ask()
    assert heard.done.reported_model == "somebody-else"


# --- the matrix of promises C1 -------------------------------------------------------------------------------------

MATRIX: dict[str, Play] = {
    "never-answers": never_answers,
    "slow-headers": slow_headers,
    "slow-first-token": slow_first_token,
    "keep-alive-for-ever": keeps_alive_for_ever(),
    "keep-alive-after-words": keeps_alive_for_ever("some "),
    "stall": stalls_after("some "),
    "cut-clean": cut_after("some "),
    "cut-close": cut_after("some ", how="close"),
    "cut-reset": cut_after("some ", how="reset"),
    "half-an-event": half_an_event,
    "reset-at-once": reset_at_once,
    "error-first": error_frame(),
    "error-after-words": error_frame("some "),
    "four-broken-frames": broken_frames(4, "some ", "more"),
    "empty-200": empty_200,
    "no-text": says_nothing,
    "html-200": html(),
    "html-502": html(502),
    "status-500": status(500),
    "rate-limited": limited(retry_after="60"),
    "out-of-memory": out_of_memory(),
    "endless-line": endless_line(3 << 20),
    "not-gzip": status(200, body=b"not compressed at all", media="text/event-stream", content_encoding="gzip"),
    "brotli": status(200, body=b"\x0b\x02\x80", media="text/event-stream", content_encoding="br"),
    "redirect": status(302, body=b"", location="http://127.0.0.1:9/"),
}


async def never_shown_as_complete(dialect: str, play: Play) -> None:
    async with stage(dialect=dialect, endpoints=SHORT) as s:
        s["p"].plays(play)
        heard = await s.ask()
        shown = [row for row in await s.audit("outcome") if row.model == "p"]
    assert heard.by == "f" and heard.text == "fine"
    for attempt in heard.attempts:
        good_end = isinstance(attempt.outcome, Completed)
        assert good_end == (attempt.model == "f")
        assert good_end or (isinstance(attempt.outcome, Failed) and attempt.outcome.detail)
    assert shown and all(" failed (" in row.text for row in shown)


for name, play in MATRIX.items():
    h.row(f"H-C1-{name}")(lambda dialect, play=play: never_shown_as_complete(dialect, play))


@h.row("H-C7", "openai", "anthropic")
async def a_provider_that_always_fails_is_hardly_called(dialect: str) -> None:
    """Once the breaker is open: at most one trial per pause, whatever the traffic; no retry after a first token."""
    async with stage("p", "f", dialect=dialect) as s:
        s["p"].plays(status(500))
        for _ in range(3):
            await s.ask()
        before = len(s["p"].chats)
        for _ in range(50):
            assert (await s.ask()).by == "f"
            s.clock.advance(2)
        assert (len(s["p"].chats) - before) <= 5  # of 50 turns: 1.1 x in all


@h.row("H-loading")
async def loading_is_not_among_the_failures(dialect: str) -> None:
    async with stage(dialect=dialect) as s:
        s["p"].plays(loading(), good("ready"))
        assert (await s.ask()).by == "p"


def test_the_matrix_is_as_large_as_promised() -> None:
    assert len(MATRIX) >= 14 and OLLAMA.name in {d for _, d, _ in h.rows}


@pytest.mark.parametrize(*h.cases)
async def test_h(scene: Scene, dialect: str) -> None:
    await scene(dialect)
