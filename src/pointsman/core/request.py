"""What is asked (Request) and what we think it is (Task): values; `core.classify` leads from one to the other."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType

from pointsman.core.conditions import FactValue

KINDS = ("coding", "reasoning", "background", "vision", "image-generation", "audio", "embedding", "general")

# What a caller may state (`--fact k=v`, `route --jsonl` keys); what is not stated is inferred from the text.
STATED_FACTS: Mapping[str, type] = MappingProxyType(
    {
        "kind": str,
        "complexity": int,
        "tokens": int,
        "images": int,
        "audio": bool,
        "lines": int,
        "files": int,
        "paths": tuple,
        "diff": str,
        "language": str,
        "background": bool,
        "critical": bool,
        "checkpoint": str,
        "failed_attempts": int,
        "confidence": float,
        "high_risk": bool,
        "ambiguous": bool,
        "tool_heavy": bool,
        "contradictions": bool,
        "full_sweep": bool,
        "user_wants": str,
        "cloud_tools": bool,
        "role": str,
        "job_model": str,
        "conversation_kind": str,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    media_type: str  # e.g. image/png
    data: str  # base64, without a data: prefix


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    role: str  # system, user or assistant
    text: str
    images: tuple[Image, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that goes with a prompt: its text, or an image. Exactly one of the two is there."""

    path: str
    size: int  # bytes of the file
    text: str | None = None  # untrusted
    image: Image | None = None


def with_attachments(prompt: str, attachments: tuple[Attachment, ...]) -> Message:
    """The prompt with what goes with it: texts are quoted below it, images travel beside it."""
    quoted = "".join(f"\n\n{each.path}:\n{_fenced(each.text)}" for each in attachments if each.text is not None)
    images = tuple(each.image for each in attachments if each.image is not None)
    return Message(role="user", text=prompt + quoted, images=images)


def _fenced(text: str) -> str:
    """In a fence longer than any in the text, so that the text cannot end it."""
    longest = max((len(run) for run in re.findall("`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}\n{text}\n{fence}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One thing to do. `messages` is the whole canonical conversation; its last user message is the prompt."""

    id: str
    messages: tuple[Message, ...]
    facts: Mapping[str, FactValue] = field(default_factory=lambda: MappingProxyType({}))  # stated by the caller
    pin: str | None = None  # this model and no other
    prefer: str | None = None  # this model first, others may follow
    fallbacks: tuple[str, ...] | None = None  # used instead of the role's
    allow_fallback: bool = True
    max_output: int | None = None  # tokens
    conversation: str | None = None
    actor: str = "user"
    task: str | None = None  # what this is one more attempt at; None: its conversation
    failed_before: int = 0  # replies of the task that failed since the last good one; counted by the engine
    planned: bool = False  # its plan is approved or waived: no plan is opened first
    deadline_s: float | None = None  # seconds for the whole chain; None: the longest total among its endpoints

    @property
    def text(self) -> str:
        """The prompt: the last user message."""
        return next((m.text for m in reversed(self.messages) if m.role == "user"), "")

    @property
    def images(self) -> int:
        return sum(len(message.images) for message in self.messages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Why a fact has its value: stated by the caller, or the words and features that gave it."""

    fact: str
    value: FactValue
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What we think is asked. Every field is a fact that conditions can test; `evidence` says where each came from."""

    kind: str = "general"
    kind_confidence: float = 0.0  # 0..1, the classifier's own
    complexity: int = 3  # 1..10
    high_risk: bool = False
    risk: tuple[str, ...] = ()  # trigger codes, e.g. "auth", "migration"
    language: str = "en"
    tokens: int = 0  # estimated input tokens of the whole conversation
    images: int = 0
    audio: bool = False
    lines: int | None = None  # estimated size of the change
    files: int | None = None
    paths: tuple[str, ...] = ()
    background: bool = False
    critical: bool = False
    quick: bool = False
    checkpoint: str | None = None
    failed_attempts: int = 0
    confidence: float | None = None  # self-check of the model that did the work, stated by the caller
    ambiguous: bool = False
    tool_heavy: bool = False
    contradictions: bool = False
    full_sweep: bool = False
    user_wants: str | None = None  # "cloud" or "local"
    cloud_tools: bool = False  # needs tooling that only a cloud has (000 §5); stated, never inferred
    role: str | None = None
    job_model: str | None = None
    conversation_kind: str | None = None
    evidence: tuple[Evidence, ...] = ()

    def facts(self) -> Mapping[str, FactValue]:
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "evidence"}
