"""What has been read of one answer so far, and how it ends. Shared by the three dialects' decoders. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NoReturn, Protocol

from pointsman.adapters.lines import LARGEST_REPLY
from pointsman.core.outcome import Failed, FailureKind, TokenUsage
from pointsman.ports import CallFailed, Chunk, Finish, Reasoning, Seen, Text

BROKEN_FRAMES_ALLOWED = 3  # scenarios.md H9

# Ends that are no good ends, whatever the HTTP status said.
_FAILING_REASONS: Mapping[str, tuple[FailureKind, str]] = {
    "content_filter": (FailureKind.REFUSAL, "the provider's content filter ended the answer"),
    "refusal": (FailureKind.REFUSAL, "the model refused to answer"),
    "error": (FailureKind.SERVER_ERROR, "the provider ended the answer with an error"),
    "insufficient_system_resource": (FailureKind.OVERLOADED, "the provider ran out of capacity"),
}


class ErrorFrame(Exception):
    """The stream carried an error object. `value` is the decoded JSON, for the failure table."""

    def __init__(self, value: object) -> None:
        super().__init__("error frame")
        self.value = value


class Decoder(Protocol):
    """Turns the bytes of one reply into chunks. Raises CallFailed, ErrorFrame or lines.TooLarge; does no I/O."""

    @property
    def answer(self) -> Answer: ...

    def feed(self, data: bytes) -> Iterator[Chunk]:
        """Chunks in order, as soon as they are whole. Must be exhausted before the next call."""
        ...

    def close(self) -> Iterator[Chunk]:
        """The body ended: what was still unread, then exactly one `Finish`, or the failure it was."""
        ...


@dataclass(slots=True, kw_only=True)
class Answer:
    """Grows while the reply is read. `reason` or `ended` make it complete (scenarios.md H8, H10)."""

    received: bool = False  # any byte of the body
    usage: TokenUsage | None = None
    model: str | None = None
    reason: str | None = None  # finish_reason in OpenAI's words
    ended: bool = False  # the end marker itself came: nothing follows
    spoke: bool = False  # visible text, reasoning or a tool call
    length: int = 0  # characters of text and reasoning
    tool_calls: bool = False
    tokens_per_s: float | None = None
    broken: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        return self.ended or self.reason is not None

    def text(self, piece: object) -> Iterator[Chunk]:
        if isinstance(piece, str) and piece:
            self._keep(piece)
            yield Text(piece)

    def reasoning(self, piece: object) -> Iterator[Chunk]:
        if isinstance(piece, str) and piece:
            self._keep(piece)
            yield Reasoning(piece)

    def _keep(self, piece: str) -> None:
        self.spoke = self.spoke or not piece.isspace()
        self.length += len(piece)
        if self.length > LARGEST_REPLY:
            self.fail(FailureKind.BAD_STREAM, f"the answer is longer than {LARGEST_REPLY} characters")

    def tool_call(self) -> None:
        self.tool_calls = self.spoke = True

    def named(self, model: str | None) -> Iterator[Chunk]:
        """The model that says it answers (trap T57)."""
        if model is not None and model != self.model:
            self.model = model
            yield Seen(model=model)

    def used(self, usage: TokenUsage | None) -> Iterator[Chunk]:
        """Cumulative figures: they replace, they are never added (trap T20)."""
        if usage is not None and usage != self.usage:
            self.usage = usage
            yield Seen(usage=usage)

    def skip_broken(self, frame: str) -> None:
        self.broken += 1
        if self.broken > BROKEN_FRAMES_ALLOWED:
            self.fail(FailureKind.BAD_STREAM, f"more than {BROKEN_FRAMES_ALLOWED} broken frames, the last: {frame}")

    def fail(self, kind: FailureKind, detail: str) -> NoReturn:
        raise CallFailed(Failed(kind=kind, detail=detail, usage=self.usage))

    def finish(self) -> Finish:
        """The good end of a complete answer, or the failure its reason names."""
        reason = self.reason or "stop"
        if reason in _FAILING_REASONS:
            self.fail(*_FAILING_REASONS[reason])
        if not self.spoke:
            self.fail(FailureKind.EMPTY, f"an empty answer (finish reason {reason})")
        notes = list(self.notes)
        if self.broken:
            notes.append(f"{self.broken} broken frame{'s' if self.broken > 1 else ''} skipped")
        return Finish(
            reason=reason,
            usage=self.usage,
            model=self.model,
            tokens_per_s=self.tokens_per_s,
            tool_calls=self.tool_calls,
            notes=tuple(notes),
        )

    def cut(self, *, foreign: str = "") -> NoReturn:
        """The body ended without any end marker: never a short answer (trap T15). `foreign` is what came instead."""
        if foreign and not self.spoke:
            self.fail(FailureKind.BAD_STREAM, f"the reply is no model stream: {foreign}")
        if not self.received:
            self.fail(FailureKind.EMPTY, "an empty reply")
        self.fail(FailureKind.STREAM_CUT, "the stream ended without an end marker")
