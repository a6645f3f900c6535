"""The standing orders of the plain door: pins, preferences, caps and the closed cloud; listed, set, ended and undone.

What lets more leave this machine, or cost more, is done only once a word was typed for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pointsman.core import caps
from pointsman.core.fleet import Fleet
from pointsman.core.request import KINDS
from pointsman.core.snapshot import Override, OverrideKind, Snapshot
from pointsman.plain import sentences
from pointsman.verbs.spans import seconds

if TYPE_CHECKING:
    from pointsman.plain.door import Door

UNDO_FOR: Final = 30.0  # seconds, as on the screen
_REASON: Final = "set at the plain door"


@dataclass(frozen=True, slots=True)
class Undo:
    """`inverse`: the order that stood before, or the id of one that did not."""

    what: str
    inverse: Override | str
    until: float  # Unix seconds


async def set_order(door: Door, order: Override) -> None:
    before = next((each for each in _standing(door.console.snapshot) if each.id == order.id), None)
    await door.console.set_override(order)
    about = f"{caps.what(order)} for {order.scope}"
    door.undo = Undo(about, before or order.id, door.console.snapshot.now + UNDO_FOR)


async def clear_order(door: Door, order: Override) -> None:
    await door.console.clear_override(order.id)
    door.undo = Undo(f"the end of {caps.what(order)}", order, door.console.snapshot.now + UNDO_FOR)


async def undo(door: Door, _: str) -> None:
    last, door.undo = door.undo, None
    if last is None or door.console.snapshot.now >= last.until:
        raise ValueError("nothing to undo: an override can be undone for 30 seconds")
    if isinstance(last.inverse, Override):
        await door.console.set_override(last.inverse)
    else:
        await door.console.clear_override(last.inverse)
    door.out.say(f"Undone: {last.what}.")


def _standing(snapshot: Snapshot) -> list[Override]:
    return [order for order in snapshot.overrides if order.active(snapshot.now)]


# --- all of them ---------------------------------------------------------------------------------------------------


async def overrides(door: Door, argument: str) -> None:
    """Lists them by number; `clear N` ends one."""
    standing = _standing(door.console.snapshot)
    word, _, number = argument.partition(" ")
    if not word:
        for place, order in enumerate(standing, 1):
            door.out.say(f"{place}: {sentences.override(order)}")
        if not standing:
            door.out.say("Nothing is overridden.")
        return
    if word != "clear" or not number.strip().isdecimal() or not 0 < int(number) <= len(standing):
        raise ValueError("/overrides lists them by number; /overrides clear NUMBER ends one")
    await _end(door, standing[int(number) - 1])


async def _end(door: Door, order: Override) -> None:
    if order.kind is OverrideKind.CAP:
        await cap(door, f"{order.scope} {caps.DEFAULT}")
    elif order.kind is OverrideKind.LOCAL_ONLY:
        await local(door, "off")
    else:
        await clear_order(door, order)
        door.out.say(f"No longer: {caps.what(order)} for {order.scope}. /undo sets it again.")


# --- which model ---------------------------------------------------------------------------------------------------


async def pin(door: Door, argument: str) -> None:
    await _ask_for(door, OverrideKind.PIN, argument)


async def prefer(door: Door, argument: str) -> None:
    await _ask_for(door, OverrideKind.PREFER, argument)


async def _ask_for(door: Door, kind: OverrideKind, argument: str) -> None:
    """MODEL [SCOPE] [SPAN], for every door until it is cleared, as the form of the screen."""
    name, *rest = argument.split() or [""]
    fleet, now = door.console.fleet, door.console.snapshot.now
    if not name:
        raise ValueError(f"/{kind} MODEL, then global, role:NAME or kind:KIND, and a span such as 1h")
    found = fleet.find(name)
    if found is None:
        raise ValueError(f"no model is called {name}; there are {', '.join(fleet.models)}")
    scope = next((word for word in rest if word == "global" or ":" in word), "global")
    spans = [word for word in rest if word != scope]
    _known(fleet, scope)
    if len(spans) > 1:
        raise ValueError(f"{spans[1]} is one word too many: /{kind} MODEL SCOPE SPAN")
    order = Override(
        id=f"{kind}:{scope}",
        kind=kind,
        scope=scope,
        model=found.name,
        created_at=now,
        expires_at=now + seconds(spans[0]) if spans else None,
        reason=_REASON,
    )
    await set_order(door, order)
    door.out.say(f"{sentences.override(order)} /undo ends it.")


def _known(fleet: Fleet, scope: str) -> None:
    kind, _, name = scope.partition(":")
    known = {"global": ("",), "role": tuple(fleet.roles), "kind": KINDS}.get(kind, ())
    if name not in known:
        raise ValueError(f"{scope} is no scope: there are global, role:NAME and kind:KIND")


# --- the cloud -----------------------------------------------------------------------------------------------------


async def local(door: Door, argument: str) -> None:
    console = door.console
    if argument not in ("", "on", "off"):
        raise ValueError("/local on, or /local off")
    orders = [order for order in _standing(console.snapshot) if order.kind is OverrideKind.LOCAL_ONLY]
    if argument == "on" and not orders:
        now = console.snapshot.now
        new_id = console.new_request_id()
        await set_order(door, Override(id=new_id, kind=OverrideKind.LOCAL_ONLY, created_at=now, reason=_REASON))
    if argument == "off" and orders:
        door.out.say("Prompts may leave this machine again, as the policy says.")
        if not await _agreed(door, "open", "to open the cloud"):
            return
        for order in orders:
            await clear_order(door, order)
    closed = console.snapshot.cloud_forbidden
    stays = " The configuration says so." if argument == "off" and closed else ""
    door.out.say(f"The cloud is {'closed' if closed else 'open'}.{stays}")


async def _agreed(door: Door, word: str, purpose: str) -> bool:
    door.out.say(f"Type {word} {purpose}; anything else leaves it as it is.")
    agreed = await door.confirmed(word)
    if not agreed:
        door.out.say("Nothing was done.")
    return agreed


# --- limits --------------------------------------------------------------------------------------------------------


async def cap(door: Door, argument: str) -> None:
    """Nothing: what they are. BUDGET LIMIT [for SPAN], or BUDGET default."""
    fleet, snapshot = door.console.fleet, door.console.snapshot
    name, _, written = argument.partition(" ")
    if not written.strip():
        for sentence in _limits(fleet, snapshot, name):
            door.out.say(sentence)
        return
    budget = caps.named(fleet, name)
    limit, _, span = written.strip().partition(" for ")
    wanted = None if limit == caps.DEFAULT else caps.figure(limit, budget)
    until = snapshot.now + seconds(span) if span else None
    before = caps.in_force(budget, snapshot.overrides, snapshot.now).limit
    after = budget.limit if wanted is None else wanted
    if after > before:
        told = caps.more(budget, before, after, snapshot.usage.get(name))
        door.out.say(f"From {caps.amount(budget.unit, before)} to {caps.amount(budget.unit, after)}: it {told}.")
        if not await _agreed(door, name, "to raise its limit"):
            return
    if wanted is not None:
        await set_order(door, caps.order(budget, wanted, snapshot.now, until, _REASON))
    for order in caps.caps_of(snapshot.overrides, snapshot.now) if wanted is None else ():
        if order.scope == name:
            await clear_order(door, order)
    ends = "" if until is None else f" until {sentences.clock(until)}"
    door.out.say(f"The limit of {name} is {caps.amount(budget.unit, after)}{ends}. /undo has the one before again.")


def _limits(fleet: Fleet, snapshot: Snapshot, name: str) -> Iterator[str]:
    chosen = [caps.named(fleet, name)] if name else fleet.budgets
    for budget in chosen:
        now = caps.in_force(budget, snapshot.overrides, snapshot.now)
        stated = caps.amount(budget.unit, budget.limit)
        is_capped = now.limit != budget.limit
        limit = f"{caps.amount(budget.unit, now.limit)}, a cap; {stated} is configured" if is_capped else stated
        yield f"The limit of {budget.name} is {limit}."
    if not chosen:
        yield "No budget is configured."
