"""Standing instructions as rows, with a first line that says what they add up to."""

from __future__ import annotations

from collections.abc import Iterable

from pointsman.core import caps
from pointsman.core.fleet import Budget
from pointsman.core.snapshot import Override, OverrideKind
from pointsman.core.usage import Usage
from pointsman.tui.picture import Picture
from pointsman.tui.render import figures
from pointsman.tui.render.hints import hint
from pointsman.tui.render.paint import Part, fit, width_of
from pointsman.tui.render.table import Column, Row
from pointsman.tui.untrusted import label

COLUMNS = (
    Column("kind", "OVERRIDE", 10),
    Column("to", "TO", 14, flex=2, most=30),
    Column("scope", "SCOPE", 10, flex=1, most=24),
    Column("source", "SOURCE", 7, rank=2),
    Column("expires", "EXPIRES", 8, rank=1, right=True),
    Column("reason", "REASON", 12, rank=3, flex=3, most=60),
)


def rows(picture: Picture) -> tuple[Row, ...]:
    return tuple(_row(entry, picture.now) for entry in picture.snapshot.overrides if entry.active(picture.now))


def _row(override: Override, now: float) -> Row:
    left = "never" if override.expires_at is None else f"in {figures.age(override.expires_at - now)}"
    return Row(
        override.id,
        {
            "kind": (str(override.kind), "strong"),
            "to": (_value(override), ""),
            "model": (label(override.model or "-"), ""),  # has no column, and can be filtered by
            "scope": (label(override.scope), ""),
            "source": (label(override.source), "dim"),
            "expires": (left, "dim"),
            "reason": (override.reason, "dim"),
        },
    )


def _value(override: Override) -> str:
    if override.cap is not None:
        return caps.amount(override.unit, override.cap)
    return label(override.model) if override.model else "-"


def opening(standing: Iterable[Override]) -> tuple[tuple[Part, ...], ...]:
    """What it means to lift local_only."""
    lifted = tuple(
        (("lifts      ", "head"), (f"{entry.source}: {entry.reason or 'no reason given'}", "")) for entry in standing
    )
    return (*lifted, (("then       ", "head"), ("prompts may leave this machine again, as the policy says", "")))


def raising(budget: Budget, before: int, after: int, usage: Usage | None) -> tuple[tuple[Part, ...], ...]:
    """What it means to raise a cap."""
    limits = " → ".join(caps.amount(budget.unit, limit) for limit in (before, after))
    return (
        (("limit      ", "head"), (limits, "")),
        (("then       ", "head"), (caps.more(budget, before, after, usage), "")),
    )


def in_full(override_id: str, picture: Picture) -> tuple[tuple[Part, ...], ...]:
    entry = next((entry for entry in picture.snapshot.overrides if entry.id == override_id), None)
    if entry is None:
        return ()
    ends = "when it is cleared" if entry.expires_at is None else figures.clock(entry.expires_at)
    told = (
        ("what", label(caps.what(entry))),
        ("for", label(entry.scope)),
        ("set by", label(entry.source)),
        ("since", figures.clock(entry.created_at)),
        ("ends", ends),
        ("why", entry.reason or "not said"),
    )
    return tuple(((f"{name:<9}", "head"), (text, "")) for name, text in told)


def undo_line(picture: Picture) -> tuple[Part, ...]:
    """What `u` would undo; empty once it is too late."""
    if picture.undo is None or picture.now >= picture.undo[1]:
        return ()
    return (("   ", ""), *hint("u", f"undoes ({picture.undo[1] - picture.now:.0f} s left)", "app.undo"))


def summary(picture: Picture, width: int = 200) -> tuple[Part, ...]:
    """Where it is narrow, how it is routed gives way to how long an undo is left: the pin says the same."""
    routing, orders = _summary(picture)
    undo = undo_line(picture)
    head = orders if width_of((*routing, *orders, *undo)) > width else (*routing, *orders)
    return (*fit(head, max(width - width_of(undo), 0), picture.glyphs.ellipsis), *undo)


def _summary(picture: Picture) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    active = [entry for entry in picture.snapshot.overrides if entry.active(picture.now)]
    pinned = next((entry.model for entry in active if entry.kind is OverrideKind.PIN and entry.scope == "global"), None)
    routing = "pinned" if pinned else "auto"
    closed = picture.snapshot.cloud_forbidden
    return (
        (("routing ", "dim"), (routing, ""), ("   ", "")),
        (
            ("pin ", "dim"),
            (label(pinned) if pinned else "none", ""),
            ("   local_only ", "dim"),
            (f"{picture.glyphs.block} ON" if closed else "off", "warn" if closed else ""),
        ),
    )
