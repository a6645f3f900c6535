"""Breaker, band announcement and stream state against simple models, over whatever sequence of events is found."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pointsman.adapters.answer import BROKEN_FRAMES_ALLOWED, Decoder, ErrorFrame
from pointsman.adapters.anthropic import AnthropicDecoder
from pointsman.adapters.ollama import OllamaDecoder
from pointsman.adapters.openai_compat import OpenAIDecoder
from pointsman.core.fleet import Band
from pointsman.core.health import (
    LOCAL_LIMITS,
    Health,
    HealthState,
    Probe,
    begin_trial,
    give_back,
    moved_in_time,
    observe,
)
from pointsman.core.outcome import Completed, Failed, FailureKind, TokenUsage
from pointsman.core.usage import Usage, announced_band, band_of
from pointsman.ports import CallFailed, Finish, Text
from support.fault_server import DIALECTS
from support.soak import SOAK

ENOUGH = settings(max_examples=40 * SOAK, stateful_step_count=40, deadline=None)
GOOD = Completed(finish_reason="stop", usage=TokenUsage())
BAD = Failed(kind=FailureKind.REFUSED)
UP, DOWN = Probe(state=HealthState.UP, reason="ok"), Probe(state=HealthState.DOWN, reason="refused")


# --- breaker -------------------------------------------------------------------------------------------------------


@dataclass
class Plain:
    """What the breaker should be, told as simply as possible."""

    shut_until: float | None = None  # None: closed
    trial: tuple[str, float] | None = None  # holder, end
    ready: bool = False  # the trial may begin before its time
    calls: list[tuple[float, bool]] = field(default_factory=list)
    streak: int = 0
    openings: int = 0
    probe: bool | None = None
    down: bool = False  # the last probe said so, and no call has spoken since

    def failed(self, now: float) -> None:
        recent = [(at, ok) for at, ok in self.calls if now - at < 120.0]
        self.calls = [*recent, (now, False)]
        self.streak += 1
        if self.shut_until is None:
            share = len(self.calls) >= 5 and 2 * sum(not ok for _, ok in self.calls) >= len(self.calls)
            if not (self.streak >= 3 or share):
                return
        elif not self.trial and not self.ready and now < self.shut_until:
            return
        self.openings += 1
        self.shut_until = now + min(5.0 * 2 ** (self.openings - 1), 30.0)
        self.trial, self.ready = None, False


class BreakerMachine(RuleBasedStateMachine):
    """Calls are made only when the breaker lets them through, as the engine makes them; probes and clocks at will."""

    def __init__(self) -> None:
        super().__init__()
        self.now, self.health, self.plain, self.number = 1000.0, Health(), Plain(), 0

    @rule(seconds=st.sampled_from([0.0, 0.4, 2.0, 5.0, 11.0, 30.0, 119.0, 181.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def the_clock_is_set_back(self) -> None:
        self.now -= 3600.0
        self.health = moved_in_time(self.health, -3600.0)
        plain = self.plain
        plain.calls = [(at - 3600.0, ok) for at, ok in plain.calls]
        plain.shut_until = None if plain.shut_until is None else plain.shut_until - 3600.0
        plain.trial = None if plain.trial is None else (plain.trial[0], plain.trial[1] - 3600.0)

    def expected(self) -> bool:
        plain = self.plain
        if plain.shut_until is None:
            return not plain.down
        if plain.trial is not None:
            return self.now >= plain.trial[1]
        return plain.ready or self.now >= plain.shut_until

    @invariant()
    def it_lets_through_what_the_model_lets_through(self) -> None:
        assert self.health.callable(self.now) == self.expected()

    @precondition(lambda self: self.expected())
    @rule(how=st.sampled_from(["good", "bad", "unused", "hangs"]))
    def a_call(self, how: str) -> None:
        self.number += 1
        by, plain = str(self.number), self.plain
        self.health = begin_trial(self.health, self.now, by)
        if plain.shut_until is not None:
            plain.trial, plain.ready = (by, self.now + LOCAL_LIMITS.trial), True
        if how == "good":
            self.health = observe(self.health, GOOD, self.now, LOCAL_LIMITS, 0.5, by)
            self.plain = Plain(calls=[*plain.calls, (self.now, True)], probe=plain.probe)
        elif how == "bad":
            self.health = observe(self.health, BAD, self.now, LOCAL_LIMITS, 0.5, by)
            plain.failed(self.now)
        elif how == "unused" and plain.trial is not None:
            self.health = give_back(self.health, by)
            plain.trial = None

    @precondition(lambda self: self.plain.trial is not None)
    @rule(good=st.booleans())
    def a_late_result_of_somebody_else(self, good: bool) -> None:
        before = self.health.breaker
        self.health = observe(self.health, GOOD if good else BAD, self.now, LOCAL_LIMITS, 0.5, "stranger")
        assert self.health.breaker == before

    @rule(good=st.booleans())
    def a_probe(self, good: bool) -> None:
        self.health = observe(self.health, UP if good else DOWN, self.now, LOCAL_LIMITS)
        plain = self.plain
        if plain.trial is not None and self.now >= plain.trial[1]:
            plain.trial, plain.ready = None, True
        if good and not plain.probe and plain.shut_until is not None:
            plain.ready = True
        plain.down = not good and plain.shut_until is None
        plain.probe = good

    @invariant()
    def the_pause_has_its_bounds(self) -> None:
        breaker = self.health.breaker
        assert len(breaker.recent) <= 64
        if self.plain.shut_until is not None:
            assert self.plain.openings == breaker.openings >= 1


BreakerMachine.TestCase.settings = ENOUGH
TestBreaker = BreakerMachine.TestCase


# --- bands ---------------------------------------------------------------------------------------------------------

BANDS = tuple(Band(at=at, name=str(at)) for at in (80, 90, 95, 100))
LIMIT = 1_000_000


class BandMachine(RuleBasedStateMachine):
    """Spending, refunds and settlements around the edges: announced once per crossing, never below the truth."""

    @initialize(used=st.integers(0, LIMIT))
    def begin(self, used: int) -> None:
        self.used = used
        self.announced = announced_band(None, self.usage(), BANDS)
        self.changes: list[tuple[int, int]] = []

    def usage(self) -> Usage:
        return Usage(budget="b", spent=self.used, limit=LIMIT)

    def look(self) -> None:
        old, self.announced = self.announced, announced_band(self.announced, self.usage(), BANDS)
        if old != self.announced:
            self.changes.append((old.at, self.announced.at))

    @rule(amount=st.integers(-300_000, 300_000))
    def it_moves(self, amount: int) -> None:
        self.used = max(0, self.used + amount)
        self.look()

    @rule(at=st.sampled_from([80, 90, 95, 100]), off=st.integers(-2, 2))
    def it_lands_at_an_edge(self, at: int, off: int) -> None:
        self.used = at * LIMIT // 100 + off
        self.look()
        assert band_of(self.usage(), BANDS).at == max(
            (b.at for b in BANDS if self.used * 100 >= b.at * LIMIT), default=0
        )

    @rule(at=st.sampled_from([80, 90, 95, 100]))
    def it_flickers_at_an_edge(self, at: int) -> None:
        self.used = at * LIMIT // 100
        self.look()
        before = len(self.changes)
        for off in (-1, 0, -1, 0, -1, 1) * 3:
            self.used = at * LIMIT // 100 + off
            self.look()
        assert len(self.changes) == before

    @rule()
    def the_window_rolls(self) -> None:
        self.used = 0
        self.look()
        assert self.announced.at == 0

    @invariant()
    def what_is_announced_is_the_truth_or_a_little_stricter(self) -> None:
        if hasattr(self, "used"):
            exact = band_of(self.usage(), BANDS)
            assert self.announced.at >= exact.at
            assert self.announced == exact or self.used * 100 >= LIMIT * (self.announced.at - 1)


BandMachine.TestCase.settings = ENOUGH
TestBands = BandMachine.TestCase


# --- streams -------------------------------------------------------------------------------------------------------

DECODERS = {"openai": OpenAIDecoder, "anthropic": AnthropicDecoder, "ollama": OllamaDecoder}
ODD = "漢 \u2028\u0085\x0c 🚂 "
BROKEN = {"openai": b'data: {"choi\n\n', "anthropic": b'data: {"type"\n\n', "ollama": b'{"mess\n'}
IDLE = {"openai": b": hello\n\n", "anthropic": b'event: ping\ndata: {"type":"ping"}\n\n', "ollama": b"\n"}


class StreamMachine(RuleBasedStateMachine):
    """Frames in any order, in pieces of any size: the answer is complete exactly if an end was told, and never more."""

    def __init__(self) -> None:
        super().__init__()
        self.over = True

    @precondition(lambda self: self.over)
    @rule(dialect=st.sampled_from(sorted(DIALECTS)), piece=st.integers(1, 40))
    def begin(self, dialect: str, piece: int) -> None:
        self.dialect, self.piece = DIALECTS[dialect], piece
        self.decoder: Decoder = DECODERS[dialect]()
        self.wire = b"".join(self.dialect.start("m"))
        self.said, self.broken, self.end, self.over = "", 0, "", False

    @precondition(lambda self: not self.over)
    @rule(word=st.sampled_from(["a", ODD, "two words ", "{}", "data: x"]))
    def some_text(self, word: str) -> None:
        self.wire += self.dialect.text("m", word)
        self.said += word if self.end != "marker" else ""

    @precondition(lambda self: not self.over)
    @rule()
    def a_broken_frame(self) -> None:
        self.wire += BROKEN[self.dialect.name]
        self.broken += self.end != "marker"

    @precondition(lambda self: not self.over)
    @rule()
    def a_sign_of_life(self) -> None:
        self.wire += IDLE[self.dialect.name]

    @precondition(lambda self: not self.over)
    @rule()
    def a_reason(self) -> None:
        self.wire += b"".join(self.dialect.reason("m", "stop", (3, 4)))
        if self.end != "marker":
            self.end = "marker" if self.dialect.name == "ollama" else "reason"

    @precondition(lambda self: not self.over)
    @rule()
    def the_marker(self) -> None:
        self.wire += b"".join(self.dialect.marker("m"))
        self.end = self.end if self.dialect.name == "ollama" else "marker"

    @precondition(lambda self: not self.over and self.end != "marker" and self.broken <= BROKEN_FRAMES_ALLOWED)
    @rule()
    def an_error(self) -> None:
        value = self.dialect.error("overloaded_error", "overloaded", 529)
        line = json.dumps(value).encode()
        self.wire += line + b"\n" if self.dialect.name == "ollama" else b"data: " + line + b"\n\n"
        self.expect(self.said, "error")

    @precondition(lambda self: not self.over)
    @rule()
    def the_end(self) -> None:
        whole = bool(self.end) and bool(self.said.strip())
        self.expect(self.said, "finish" if whole else "failure")

    def expect(self, text: str, ending: str) -> None:
        self.over = True
        if self.broken > BROKEN_FRAMES_ALLOWED:
            ending = "failure"
        heard, got = [], "nothing"
        try:
            for at in range(0, len(self.wire), self.piece):
                heard += self.decoder.feed(self.wire[at : at + self.piece])
            heard += self.decoder.close()
            got = "finish"
        except CallFailed:
            got = "failure"
        except ErrorFrame:
            got = "error"
        shown = "".join(chunk.text for chunk in heard if isinstance(chunk, Text))
        finishes = [chunk for chunk in heard if isinstance(chunk, Finish)]
        assert got == ending
        assert text.startswith(shown) and (ending == "failure" or len(shown) == len(text) or got == "error")
        assert len(finishes) == (got == "finish") and (not finishes or heard[-1] is finishes[0])


StreamMachine.TestCase.settings = ENOUGH
TestStreams = StreamMachine.TestCase
