"""Conversations that are kept: what is kept of each, its title, what a search means, and its text as a file. Pure.

Everything in them was written by people and models: it is untrusted when it is shown again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from pointsman.core.plain_text import one_line
from pointsman.core.request import Attachment, Message, with_attachments

TITLE_MOST = 60  # characters
UNTITLED = "untitled"
ANSWERED = "answered"  # the phase of a turn whose answer goes back to the models
ENDS = frozenset({ANSWERED, "stopped", "blocked", "broken", "planned"})  # other phases broke off with the program
HIT_BEGINS, HIT_ENDS = "\x02", "\x03"  # around the words that were found


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatHead:
    """One conversation without its turns. `turns` and `changed` are the store's to count."""

    id: str
    title: str
    named: bool = False  # by the user: no prompt changes it any more
    began: float = 0.0  # Unix seconds
    changed: float = 0.0
    turns: int = 0
    pin: str | None = None  # the one model it asks
    role: str | None = None
    copy_of: str | None = None  # the conversation that it branched from


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatTurn:
    """One prompt and what came of it. `detail` is how the screen drew it; no other door reads it."""

    request: str
    prompt: str
    at: float = 0.0  # Unix seconds
    attachments: tuple[Attachment, ...] = ()
    answer: str = ""
    answered_by: str | None = None  # the request that was answered: verdicts are about it
    phase: str = ANSWERED
    model: str | None = None
    endpoint: str | None = None
    cost: int | None = None  # nano-USD; None: unknown
    why: str | None = None
    good: bool | None = None  # what the user said of it
    detail: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def messages(self) -> tuple[Message, ...]:
        """What goes back to the models: nothing of a turn that was not answered."""
        if self.phase != ANSWERED or not self.answer:
            return ()
        return with_attachments(self.prompt, self.attachments), Message(role="assistant", text=self.answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """A conversation with all of its turns, oldest first. Only the newest have their `detail`."""

    head: ChatHead
    turns: tuple[ChatTurn, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatFound:
    """What a search found. `snippet` has the words found between HIT_BEGINS and HIT_ENDS; empty: found by title."""

    head: ChatHead
    snippet: str = ""


_DECORATION = re.compile(r"^(?:[\s#>*•-]|`{3,}\w*)+|\s+$")


def title_of(prompt: str) -> str:
    """The first line of a prompt that says something, cut between words."""
    lines = (_DECORATION.sub("", line) for line in prompt.split("\n"))
    line = one_line(" ".join(next((line for line in lines if line), "").split()))
    if len(line) <= TITLE_MOST:
        return line or UNTITLED
    cut = line[: TITLE_MOST - 1]
    word, space, _ = cut.rpartition(" ")
    return f"{word if space and len(word) > TITLE_MOST // 2 else cut}…"


def given_title(written: str) -> str:
    """What a person wrote, as one bounded line; empty if nothing is left of it."""
    return one_line(" ".join(written.split()))[:TITLE_MOST]


def matches(written: str) -> str:
    """What a person wrote, as a query of FTS5: every word begins a word of the turn. Empty: there is nothing to find.

    Each is quoted, so that no operator of the query language is obeyed."""
    words = (word.replace('"', '""') for word in written.replace("\x00", " ").split())
    return " ".join(f'"{word}"*' for word in words if any(letter.isalnum() for letter in word))


def found_in(head: ChatHead, written: str) -> bool:
    """Does every word begin a word of the title?"""
    of_title = re.findall(r"\w+", head.title.casefold())
    words = re.findall(r"\w+", written.casefold())
    return bool(words) and all(any(known.startswith(word) for known in of_title) for word in words)


def renamed(head: ChatHead, title: str) -> ChatHead:
    return replace(head, title=title, named=True)


# --- as a file ---------------------------------------------------------------------------------------------------

FORMATS: Mapping[str, str] = MappingProxyType({"md": "Markdown", "jsonl": "JSON lines"})


def as_markdown(title: str, turns: Iterable[ChatTurn]) -> str:
    return f"# {one_line(title)}\n\n" + "".join(_section(turn) for turn in turns)


def as_jsonl(turns: Iterable[ChatTurn]) -> str:
    """One turn a line."""
    return "".join(json.dumps(document(turn), ensure_ascii=False) + "\n" for turn in turns)


def document(turn: ChatTurn) -> dict[str, Any]:
    """A turn as other programs read it; images and how it was drawn are left out."""
    return {
        "request": turn.request,
        "at": turn.at,
        "prompt": turn.prompt,
        "attachments": [{"path": each.path, "bytes": each.size} for each in turn.attachments],
        "answer": turn.answer,
        "phase": turn.phase,
        "model": turn.model,
        "endpoint": turn.endpoint,
        "cost_nano_usd": turn.cost,
        "why": turn.why,
        "good": turn.good,
    }


def _section(turn: ChatTurn) -> str:
    who = one_line(turn.model or "nobody")
    state = "" if turn.phase == ANSWERED else f" ({turn.phase if turn.phase in ENDS else 'broken off'})"
    why = f"_{one_line(turn.why)}_\n\n" if turn.why else ""
    attached = "".join(f"> + {one_line(each.path)}, {each.size:,} bytes\n" for each in turn.attachments)
    quoted = "\n".join(f"> {line}" for line in turn.prompt.split("\n"))
    return f"## You\n\n{quoted}\n{attached}\n## {who}{state}\n\n{why}{turn.answer}\n\n"
