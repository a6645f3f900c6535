"""Audit lines as rows, as a ticker, and one line in full."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from types import MappingProxyType

from pointsman.core.audit import AuditRow, AuditState, EventType
from pointsman.core.moments import moment
from pointsman.ports import AuditQuery
from pointsman.tui.render import figures
from pointsman.tui.render.glyphs import Glyphs
from pointsman.tui.render.hints import hint
from pointsman.tui.render.paint import Part
from pointsman.tui.render.table import Column, Row
from pointsman.tui.untrusted import clean, label

COLUMNS = (
    Column("time", "TIME", 8),
    Column("event", "EVENT", 11),
    Column("text", "WHAT", 20, flex=5, most=200),
    Column("rule", "RULE", 10, rank=2, flex=1, most=22),
    Column("model", "MODEL", 12, rank=3, flex=1, most=24),
    Column("cost", "COST", 9, rank=1, right=True),
    Column("seq", "#", 6, rank=4, right=True),
)

_EVENTS = MappingProxyType(
    {
        "decision": ("point", "dim"),
        "intent": ("dot", "dim"),
        "outcome": ("good", "good"),
        "step-down": ("down", "warn"),
        "step-up": ("up", "accent"),
        "band": ("up", "warn"),
        "override": ("change", "accent"),
        "service": ("restart", "accent"),
        "health": ("partial", "dim"),
        "blocked": ("block", "bad"),
        "recovered": ("unknown", "warn"),
        "config": ("change", "dim"),
    }
)
_KEYS = MappingProxyType(
    {key: key for key in ("type", "request", "model", "rule", "actor", "since", "until")} | {"event": "type"}
)
_TYPES = frozenset(EventType)


def rows(lines: Iterable[AuditRow], glyphs: Glyphs) -> tuple[Row, ...]:
    return tuple(_row(line, glyphs) for line in lines)


def event_of(line: AuditRow, glyphs: Glyphs) -> Part:
    glyph, tone = _EVENTS.get(line.type, ("dot", ""))
    return f"{getattr(glyphs, glyph)} {line.type}", tone


def _row(line: AuditRow, glyphs: Glyphs) -> Row:
    return Row(
        str(line.seq),
        {
            "time": (figures.clock(line.at), "dim"),
            "event": event_of(line, glyphs),
            "text": (line.text, ""),
            "rule": (label(line.rule) if line.rule else "-", "dim"),
            "model": (label(line.model) if line.model else "-", "dim"),
            "cost": ("-" if line.cost is None else figures.money(line.cost), ""),
            "seq": (str(line.seq), "faint"),
        },
    )


def ticker(lines: Iterable[AuditRow], glyphs: Glyphs, most: int) -> tuple[tuple[Part, ...], ...]:
    drawn = [((f" {figures.clock(line.at)} ", "dim"), event_of(line, glyphs), (f"  {line.text}", "")) for line in lines]
    return tuple(drawn[:most])


def soundness(state: AuditState) -> str:
    """What the last check of the chain found, for the pane's edge."""
    if state.problem is not None:
        return state.problem
    if state.checking is not None:
        return f"checking, {state.checking:,} so far"
    return f"verified to {state.lines:,}, head {state.head[:8]}" if state.lines else "not checked yet"


def in_short(line: AuditRow, glyphs: Glyphs) -> tuple[tuple[Part, ...], ...]:
    """The line under the cursor: its whole sentence, and what it is about."""
    about = [("rule", line.rule), ("model", line.model), ("from", line.from_model), ("request", line.request)]
    facts = "   ".join(f"{name} {label(value)}" for name, value in about if value)
    return (
        (event_of(line, glyphs), (f"  {line.actor}  #{line.seq}", "dim")),
        ((line.text, ""),),
        ((facts, "dim"),) if facts else hint("enter", "opens the whole line", "press('select')"),
    )


def in_full(line: AuditRow) -> tuple[tuple[Part, ...], ...]:
    """The stored line, pretty-printed; as stored where it is not JSON."""
    when = datetime.fromtimestamp(line.at, UTC).isoformat(timespec="milliseconds")
    head = (("#", "dim"), (str(line.seq), "strong"), (f"  {line.type}  {when}  by {label(line.actor)}", "dim"))
    body = tuple(((text, ""),) for text in _pretty(line.body).split("\n"))
    return (head, ((clean(line.text), ""),), (), *body)


def _pretty(body: str) -> str:
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:
        return clean(body)


def parse_filter(written: str, now: float) -> AuditQuery:
    """`type=step-down model=opus since=2h free words`: known keys select, as does an event by its name alone, as its
    column shows it; the rest is searched in the sentence. Raises ValueError for a moment that is none."""
    stated: dict[str, str] = {}
    words: list[str] = []
    for word in written.split():
        key, sign, value = word.partition("=")
        if sign and key in _KEYS and value:
            stated[_KEYS[key]] = value
        elif word in _TYPES and "type" not in stated:
            stated["type"] = word
        else:
            words.append(word)
    since, until = (moment(stated[key], now) if key in stated else None for key in ("since", "until"))
    return AuditQuery(
        since=since,
        until=until,
        text=" ".join(words) or None,
        type=stated.get("type"),
        request=stated.get("request"),
        model=stated.get("model"),
        rule=stated.get("rule"),
        actor=stated.get("actor"),
    )
