"""`audit show`: what was decided, called, changed and refused. Reads only; nothing is created by looking."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import click

from pointsman.core.audit import AuditRow, EventType
from pointsman.core.moments import moment
from pointsman.core.plain_text import one_line
from pointsman.ports import AuditQuery
from pointsman.verbs import say
from pointsman.verbs.audit_proof import erase, export, rotate, verify
from pointsman.verbs.audit_replay import audit_replay
from pointsman.verbs.mistakes import DONE, Mistake
from pointsman.verbs.place import Place, as_json_lines, place_options
from pointsman.verbs.run import run

_FOLLOW_EVERY = 0.5  # seconds
_MOST_AT_ONCE = 100_000  # lines between two looks; more than any fleet writes in half a second

Show = Callable[[AuditRow], None]


@click.group("audit")
def audit() -> None:
    """Read the audit."""


@audit.command("show")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="The newest so many lines.")
@click.option("--type", "type_", type=click.Choice([str(kind) for kind in EventType]), help="Only lines of this type.")
@click.option("--request", help="Only lines of this request.")
@click.option("--model", help="Only lines about this model.")
@click.option("--rule", help="Only lines with this rule or failure code.")
@click.option("--actor", help="Only lines of this actor.")
@click.option("--text", help="Only lines whose sentence contains this.")
@click.option("--since", metavar="WHEN", help='Only lines since then: "2h", "14:30" (UTC), "2026-11-28".')
@click.option("--until", metavar="WHEN", help="Only lines until then.")
@click.option("--follow", is_flag=True, help="Stay, and show new lines as they come.")
@as_json_lines
@place_options
@click.pass_obj
def show(
    place: Place,
    /,
    *,
    type_: str | None,
    since: str | None,
    until: str | None,
    follow: bool,
    as_json: bool,
    **wanted: Any,
) -> int:
    """Show audit lines, oldest first."""
    query = AuditQuery(type=type_, since=_moment("--since", since), until=_moment("--until", until), **wanted)
    print_row: Show = _print_json if as_json else _print_text
    from pointsman import wiring

    rows = run(wiring.read_audit(place.state_dir(), query))
    for row in reversed(rows):
        print_row(row)
    if follow:
        run(_follow(place, replace(query, limit=_MOST_AT_ONCE), rows[0].seq if rows else 0, print_row))
    elif not rows:
        say.tell("no audit lines match")
    return DONE


def _moment(option: str, written: str | None) -> float | None:
    try:
        return None if written is None else moment(written, datetime.now(UTC).timestamp(), UTC)
    except ValueError as wrong:
        raise Mistake(f"{option}: {wrong}, not {written!r}") from None


async def _follow(place: Place, query: AuditQuery, last: int, print_row: Show) -> None:
    import asyncio

    from pointsman import wiring

    while True:
        rows = await wiring.read_audit(place.state_dir(), replace(query, after=last))
        for row in reversed(rows):
            print_row(row)
            last = row.seq
        await asyncio.sleep(_FOLLOW_EVERY)


def _print_json(row: AuditRow) -> None:
    say.line({"seq": row.seq, **json.loads(row.body)})


def _print_text(row: AuditRow) -> None:
    at = datetime.fromtimestamp(row.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    request = f" [{row.request}]" if row.request else ""
    say.data(f"{row.seq:>6} {at} {row.type:9} {row.actor:8}{one_line(request)} {one_line(row.text)}")


for command in (verify, export, rotate, erase, audit_replay):
    audit.add_command(command)
