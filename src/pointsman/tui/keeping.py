"""Between a conversation on the screen and what is kept of it: values in, values out. No widget, no clock.

What comes back from the disk is untrusted like every answer, and may be of another version: a turn whose details cannot
be read is shown without them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from pointsman.core import chats
from pointsman.core.chats import Chat, ChatHead, ChatTurn
from pointsman.core.codec import decode, encode
from pointsman.core.decision import Decision, Rung
from pointsman.core.outcome import Attempt
from pointsman.engine import events
from pointsman.tui.conversation import After, Conversation, Divider, Fragment, Marked, Part, Phase, Said, Turn, Verdict

_PARTS: Mapping[str, type[Part]] = MappingProxyType({each.__name__: each for each in (Divider, Fragment, Marked, Said)})
_AFTER: Mapping[str, type[After]] = MappingProxyType(
    {each.__name__: each for each in (events.CheckEnded, events.Judged, events.Annotated, Verdict)}
)
_ENDED = frozenset({Phase.ANSWERED, Phase.STOPPED, Phase.BLOCKED, Phase.BROKEN})


def head(talk: Conversation, now: float) -> ChatHead:
    return ChatHead(
        id=str(talk.id),
        title=talk.title or chats.UNTITLED,
        named=talk.named,
        began=talk.began or now,
        changed=now,
        pin=talk.pin,
        role=talk.role,
        copy_of=talk.copy_of,
    )


def kept(turn: Turn) -> ChatTurn:
    """What is kept of a turn as it stands now, also in the middle of its answer."""
    if not turn.complete and turn.kept is not None:
        return replace(turn.kept, good=turn.good)
    attempt = turn.attempt
    return ChatTurn(
        request=turn.request,
        prompt=turn.prompt,
        at=turn.at,
        attachments=turn.attachments,
        answer=turn.text,
        answered_by=turn.answer,
        phase=str(turn.phase),
        model=turn.model,
        endpoint=attempt.endpoint if attempt else turn.kept.endpoint if turn.kept else None,
        cost=attempt.cost if attempt else turn.kept.cost if turn.kept else None,
        why=turn.decision.why() if turn.decision else turn.kept.why if turn.kept else None,
        good=turn.good,
        detail=_detail(turn),
    )


def _detail(turn: Turn) -> Mapping[str, Any]:
    told = {
        "decision": turn.decision,
        "rung": turn.rung,
        "attempt": turn.attempt,
        "blocked": turn.blocked,
        "plan": turn.plan,
        "ruled": turn.ruled,
        "problem": turn.problem or None,
    }
    listed = {
        "settled": [_named(part) for part in turn.settled],
        "after": [_named(found) for found in turn.after],
    }
    return {name: encode(value) for name, value in told.items() if value is not None} | listed


def _named(value: Part | After) -> dict[str, Any]:
    return {"kind": type(value).__name__, "value": encode(value)}


def resumed(chat: Chat) -> Conversation:
    """The conversation as it goes on: every answered turn is part of the next request."""
    known = chat.head
    return Conversation(
        [turn(each) for each in chat.turns],
        known.pin,
        known.role,
        known.id,
        title=known.title,
        named=known.named,
        began=known.began,
        copy_of=known.copy_of,
    )


def turn(found: ChatTurn) -> Turn:
    made = Turn(found.request, found.prompt, found.attachments, at=found.at, kept=found)
    made.text, made.answer, made.phase = found.answer, found.answered_by, _phase(found.phase)
    made.complete = False
    if found.good is not None:
        made.note(Verdict(found.good))
    if found.detail:
        complete(made, found.detail)
    return made


def _phase(written: str) -> Phase:
    """What had not ended ended with the program; a plan that waited waits no more."""
    return Phase(written) if written in _ENDED else Phase.STOPPED


def complete(made: Turn, detail: Mapping[str, Any]) -> None:
    """How it was drawn, from the disk. What cannot be read is left out, and the words stay."""
    made.complete = True
    read = Turn(made.request, made.prompt)
    try:
        read.decision = _one(Decision, detail, "decision")
        read.rung = _one(Rung, detail, "rung")
        read.attempt = _one(Attempt, detail, "attempt")
        read.blocked = _one(events.Blocked, detail, "blocked")
        read.plan = _one(events.PlanReady, detail, "plan")
        read.settled = [decode(_PARTS[each["kind"]], each["value"]) for each in detail.get("settled", ())]
        read.after = [decode(_AFTER[each["kind"]], each["value"]) for each in detail.get("after", ())]
    except (ValueError, KeyError, TypeError, StopIteration):
        return
    made.decision, made.rung, made.attempt, made.blocked = read.decision, read.rung, read.attempt, read.blocked
    verdicts = [] if read.good is not None else [each for each in made.after if isinstance(each, Verdict)]
    made.plan, made.settled, made.after = read.plan, read.settled, [*read.after, *verdicts]
    if made.plan is not None and isinstance(detail.get("ruled"), bool):
        made.phase, made.ruled = Phase.PLANNED, detail["ruled"]
    made.problem = str(detail.get("problem", ""))


def _one(kind: type[Any], detail: Mapping[str, Any], name: str) -> Any:
    return None if detail.get(name) is None else decode(kind, detail[name])


def exported(talk: Conversation, ending: str) -> str:
    told = [kept(each) for each in talk.turns]
    return chats.as_jsonl(told) if ending == "jsonl" else chats.as_markdown(talk.title or chats.UNTITLED, told)
