"""What is charged: B3, a cut stream at least at its true cost; B4, a missing usage never as nothing; B7, the ledger
against a model of a few lines, whatever happens in whatever order."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from pointsman.adapters.answer import Decoder
from pointsman.adapters.anthropic import AnthropicDecoder
from pointsman.adapters.ollama import OllamaDecoder
from pointsman.adapters.openai_compat import OpenAIDecoder
from pointsman.adapters.store import audit_log, ledger
from pointsman.adapters.store.foreign import Line
from pointsman.adapters.store.schema import migrate
from pointsman.core.audit import AuditEvent, EventType
from pointsman.core.fleet import Budget, BudgetUnit, Model, Tier, Window
from pointsman.core.outcome import Completed, Failed, FailureKind, TokenUsage
from pointsman.core.prices import cost_of
from pointsman.core.tokens import estimate_tokens
from pointsman.engine.ledger import final_usage
from pointsman.ports import Charge, Chunk, Finish, Reasoning, Reservation, Seen, Settlement, Text
from pointsman.prove.check import Check, Tried, expect

_MODEL = Model(name="m", id="m", endpoint="e", tier=Tier.T1, price_in=1000, price_out=5000)
_TOKENS = 60  # of the answer
_PROMPT = "Please tell me how the points of a railway yard are set, and who sets them. " * 12
_PROMPT_TOKENS = round(len(_PROMPT) / 4.3)  # as present tokenizers count English
_MOST = 1.25  # median over-estimate


def _piece(number: int) -> str:
    """A token of English: 4.3 characters on the average."""
    return " trains"[: (4, 4, 5)[number % 3]]


@dataclass(frozen=True)
class _Provider:
    """How a provider writes an answer: frames before it, one per token, frames after it with and without usage."""

    make: Callable[[], Decoder]
    token: Callable[[str, int], object]
    before: Sequence[object] = ()
    end: Sequence[object] = ()
    usage: Sequence[object] = ()
    lines: bool = False  # NDJSON instead of events

    def frame(self, value: object) -> bytes:
        text = value if isinstance(value, str) else json.dumps(value)
        return f"{text}\n".encode() if self.lines else f"data: {text}\n\n".encode()

    def begun(self) -> bytes:
        return b"".join(self.frame(value) for value in self.before)

    def tokens(self) -> list[bytes]:
        return [self.frame(self.token(_piece(number), number)) for number in range(_TOKENS)]


def _choice(**delta: str) -> dict[str, object]:
    return {"choices": [{"index": 0, "delta": delta}]}


def _running(output: int) -> dict[str, int]:
    """The count so far, with every chunk."""
    return {"prompt_tokens": _PROMPT_TOKENS, "completion_tokens": output}


_STOP = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
_START = {"input_tokens": _PROMPT_TOKENS, "output_tokens": 1}  # the placeholder that is no count
PROVIDERS = {
    "OpenAI": _Provider(OpenAIDecoder, lambda piece, _: _choice(content=piece), end=(_STOP, "[DONE]")),
    "DeepSeek": _Provider(
        OpenAIDecoder,
        lambda piece, n: _choice(reasoning_content=piece) if n < _TOKENS // 2 else _choice(content=piece),
        end=(_STOP, "[DONE]"),
    ),
    "vLLM": _Provider(
        OpenAIDecoder,
        lambda piece, n: {**_choice(content=piece), "usage": _running(n + 1)},
        end=(_STOP, "[DONE]"),
    ),
    "Anthropic": _Provider(
        AnthropicDecoder,
        lambda piece, _: {"type": "content_block_delta", "delta": {"type": "text_delta", "text": piece}},
        before=({"type": "message_start", "message": {"id": "m", "usage": _START}},),
        end=({"type": "message_delta", "delta": {"stop_reason": "end_turn"}}, {"type": "message_stop"}),
    ),
    "Ollama": _Provider(
        OllamaDecoder,
        lambda piece, _: {"message": {"content": piece}, "done": False},
        end=({"message": {"content": ""}, "done": True, "done_reason": "stop"},),
        lines=True,
    ),
}  # fmt: skip


def _heard(decoder: Decoder, data: bytes) -> tuple[str, TokenUsage | None]:
    """Text and usage of what arrived."""
    text, usage = "", None
    for chunk in decoder.feed(data):
        text += chunk.text if isinstance(chunk, Text | Reasoning) else ""
        usage = chunk.usage or usage if isinstance(chunk, Seen) else usage
    return text, usage


def _cost(usage: TokenUsage | None) -> int:
    cost = None if usage is None else cost_of(_MODEL, usage)
    expect(bool(cost), "a call that was made costs nothing")
    return cost or 0


def cuts_are_paid(home: Path) -> Tried:
    ratios: list[float] = []
    for name, provider in PROVIDERS.items():
        frames = provider.tokens()
        for sent in range(len(frames)):
            for more in (0, 1, len(frames[sent]) // 2, len(frames[sent]) - 1):
                data = provider.begun() + b"".join(frames[:sent]) + frames[sent][:more]
                text, seen = _heard(provider.make(), data)
                cut = Failed(kind=FailureKind.STREAM_CUT, usage=seen, shown=bool(text))
                charged = _cost(final_usage(cut, seen, text, estimate_tokens(_PROMPT)))
                true = _cost(TokenUsage(input=_PROMPT_TOKENS, output=sent))
                expect(charged >= true, f"{name}: cut after {sent} tokens, {charged} charged of {true}")
                ratios.append(charged / true)
    over = median(ratios)
    expect(over <= _MOST, f"the median over-estimate is {over:.2f}")
    tried = f"answers of {len(PROVIDERS)} providers cut at every event and inside of it"
    return Tried(tried=tried, count=len(ratios), figure=f"0 below their true cost; median over-estimate {over:.2f}×")


def missing_usage_is_never_nothing(home: Path) -> Tried:
    oddities: tuple[object, ...] = (None, {}, [], "none", {"completion_tokens": None}, {"prompt_tokens": -1})
    count = 0
    for name, provider in PROVIDERS.items():
        plain = provider.begun() + b"".join(_plain(provider)) + b"".join(provider.frame(v) for v in provider.end)
        for odd in oddities:
            told_oddly = b'"usage": %b, "finish_reason"' % json.dumps(odd).encode()
            marked = plain if odd is None else plain.replace(b'"finish_reason"', told_oddly)
            finish, text = _finish(provider.make(), marked)
            told = finish.usage or TokenUsage(output=estimate_tokens(text), estimated=True)
            done = Completed(finish_reason=finish.reason, usage=told)
            _cost(final_usage(done, None, text, estimate_tokens(_PROMPT)))
            expect(bool(told.estimated), f"{name}: an estimate is not marked")
            count += 1
    tried = f"whole answers of {len(PROVIDERS)} providers without usage, or with one that says nothing"
    return Tried(tried=tried, count=count, figure="0 calls for nothing; each marked as an estimate")


def _plain(provider: _Provider) -> Iterable[bytes]:
    """The tokens without any usage beside them."""
    for number in range(_TOKENS):
        value = provider.token(_piece(number), number)
        yield provider.frame({k: v for k, v in value.items() if k != "usage"} if isinstance(value, dict) else value)


def _finish(decoder: Decoder, data: bytes) -> tuple[Finish, str]:
    chunks: list[Chunk] = [*decoder.feed(data), *decoder.close()]
    text = "".join(chunk.text for chunk in chunks if isinstance(chunk, Text | Reasoning))
    return next(chunk for chunk in chunks if isinstance(chunk, Finish)), text


# --- the ledger against a model ------------------------------------------------------------------------------------

_RUNS, _STEPS, _HOUR = 200, 50, 3600.0
_CAP = Budget(name="cap", limit=100, unit=BudgetUnit.TOKENS, window=Window(seconds=int(_HOUR)))


@dataclass
class _Call:
    at: float
    tokens: int
    open: bool = True


class _Walk:
    """A ledger in memory, and beside it what it should say."""

    def __init__(self, chance: random.Random) -> None:
        self.chance, self.now = chance, 1e9
        self.calls: list[_Call] = []
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        migrate(self.connection)
        self.connection.execute("INSERT INTO instance VALUES ('a', 1, 0, 0)")

    def used(self) -> list[_Call]:
        newest = max([self.now, *(call.at for call in self.calls)])
        return [call for call in self.calls if call.at > newest - _HOUR]

    def step(self) -> None:
        self.chance.choice((self._reserve, self._reserve, self._settle, self._die, self._wait))()
        seen = ledger.usage(self.connection, [_CAP], self.now)["cap"]
        reserved = sum(call.tokens for call in self.used() if call.open)
        spent = sum(call.tokens for call in self.used() if not call.open)
        expect((seen.reserved, seen.spent) == (reserved, spent), "the ledger and the model disagree")

    def _reserve(self) -> None:
        name, tokens = f"c{len(self.calls)}", self.chance.randrange(61)
        worst = Charge(tokens=tokens, nano_usd=0)
        wanted = Reservation(id=name, request=name, model="m", endpoint="e", at=self.now, worst=worst, budgets=("cap",))
        fits = sum(call.tokens for call in self.used()) + tokens <= _CAP.limit
        full = ledger.reserve(self.connection, wanted, [_CAP], _line(EventType.INTENT), "a")
        expect((full is None) == fits, "a call that does not fit was let through, or one that fits refused")
        if full is None:
            self.calls.append(_Call(max([self.now, *(call.at for call in self.calls)]), tokens))

    def _settle(self) -> None:
        if not self.calls:
            return
        number = self.chance.randrange(len(self.calls))
        call, charge = self.calls[number], self.chance.randrange(80)
        done = Settlement(reservation=f"c{number}", at=self.now, charge=Charge(tokens=charge, nano_usd=0))
        ledger.settle(self.connection, done, _line(EventType.OUTCOME))
        if call.open:  # only the first one counts, and none after a recovery
            call.tokens, call.open = charge, False

    def _die(self) -> None:
        orphans = [call for call in self.calls if call.open]
        expect(ledger.recover(self.connection, self.now, lambda _: False) == len(orphans), "an orphan was not found")
        for call in orphans:
            call.open = False

    def _wait(self) -> None:
        self.now += self.chance.choice((1.0, 600.0, _HOUR, -_HOUR, -86400.0))


def _line(kind: EventType) -> tuple[Line, ...]:
    return audit_log.lines_of([AuditEvent(type=kind, at=0.0, actor="router", text="x")])


def ledger_and_model_agree(home: Path) -> Tried:
    for seed in range(_RUNS):
        walk = _Walk(random.Random(seed))
        with closing(walk.connection):
            for _ in range(_STEPS):
                walk.step()
    tried = f"{_RUNS} random walks of {_STEPS} steps: reserve, settle, die, wait, set the clock back"
    return Tried(tried=tried, count=_RUNS * _STEPS, figure="0 disagreements with a model of a few lines")


CHECKS = (
    Check(id="B3", promise="cut streams are never free", run=cuts_are_paid),
    Check(id="B4", promise="a missing usage is never nothing", run=missing_usage_is_never_nothing),
    Check(id="B7", promise="the ledger is what it should be, in any order", run=ledger_and_model_agree),
)
