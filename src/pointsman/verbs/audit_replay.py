"""`audit replay`: recorded decisions made again, under their own policy or another one. Reads only, calls nobody."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import click

from pointsman.core.fleet import Fleet
from pointsman.core.plain_text import one_line
from pointsman.core.replay import Recorded, Replayed, Report, Spent, decision_of, replay, report, spent_of
from pointsman.ports import AuditQuery
from pointsman.verbs import documents, figures, say
from pointsman.verbs.mistakes import DONE, FAILED, Failure
from pointsman.verbs.place import BadConfiguration, Place, as_json, place_options
from pointsman.verbs.run import run
from pointsman.verbs.spans import SPAN

if TYPE_CHECKING:
    from pointsman.core.audit import AuditRow

_PAGE = 2_000  # lines read at a time
_SHOWN = 20  # high-risk requests listed in words; --json has them all


@dataclass(slots=True)
class _Read:
    """What was found in the audit."""

    decisions: list[Recorded] = field(default_factory=list)  # oldest first
    spent: dict[str, Spent] = field(default_factory=dict)
    unreadable: list[int] = field(default_factory=list)  # seqs


@click.command("replay")
@click.option("--since", type=SPAN, default=None, help="Only the last so long, e.g. 24h or 7d.")
@as_json
@place_options
@click.pass_obj
def audit_replay(place: Place, /, *, since: float | None, as_json: bool) -> int:
    """Make the recorded decisions again.

    With --policy NEW: say how many requests would go elsewhere, from where to where, and what that would have cost.
    Without it: each decision must come out as it was recorded. Lines of a revision that no present policy has are
    replayed under the present one, and counted. Facts are taken as recorded, because prompts are not kept.
    Exit 0: done; 1: a decision came out otherwise under its own revision.
    """
    fleet = place.settings().fleet
    present = replace(place, policy=None).settings().fleet if place.policy is not None else fleet
    read = _read(place, since)
    if not read.decisions:
        raise Failure("there are no recorded decisions" + (" in that span" if since is not None else ""))
    known = {present.revision: present} if place.policy is not None else _known(place, fleet)
    replayed = list(_replayed(read, None if place.policy is None else fleet, known, present))
    found = report(replayed, read.spent, present, fleet)
    foreign = Counter(each.policy_rev for each in read.decisions if each.policy_rev not in known)
    unlike = [] if place.policy is not None else [each for each in replayed if each.known and each.differences]
    if as_json:
        say.document(_document(fleet, found, foreign, unlike, read))
    else:
        _show(fleet, found, foreign, unlike, read, compared=place.policy is not None)
    return FAILED if unlike else DONE


# --- reading -----------------------------------------------------------------------------------------------------


def _read(place: Place, since: float | None) -> _Read:
    read = _Read()
    for row in _rows(place, since):
        body = json.loads(row.body)
        found = spent_of(body)
        if found is not None:
            read.spent.setdefault(*found)  # newest first: the last call of a request is the one that answered
            continue
        try:
            line = decision_of(row.seq, body)
        except (KeyError, TypeError):
            read.unreadable.append(row.seq)
            continue
        if line is not None:
            read.decisions.append(line)
    read.decisions.reverse()
    return read


def _rows(place: Place, since: float | None) -> Iterator[AuditRow]:
    """Newest first, back to `since` seconds before the newest line."""
    from pointsman import wiring

    before, oldest = None, None
    while True:
        rows = run(wiring.read_audit(place.state_dir(), AuditQuery(before=before, limit=_PAGE)))
        for row in rows:
            oldest = row.at - since if oldest is None and since is not None else oldest
            if oldest is not None and row.at < oldest:
                return
            yield row
        if len(rows) < _PAGE:
            return
        before = rows[-1].seq


def _known(place: Place, fleet: Fleet) -> dict[str, Fleet]:
    """The revisions that can be told now: the present configuration, and it under each preset."""
    from pointsman.config import preset_names

    found = {fleet.revision: fleet}
    for name in preset_names():
        try:
            other = replace(place, policy=name).settings().fleet
        except BadConfiguration:
            continue  # that preset does not go with this configuration, so nothing was decided under it
        found.setdefault(other.revision, other)
    return found


def _replayed(read: _Read, under: Fleet | None, known: Mapping[str, Fleet], present: Fleet) -> Iterator[Replayed]:
    """Each line under the given fleet; None: under that of its own revision, else the present one."""
    for line in read.decisions:
        fleet = under or known.get(line.policy_rev, present)
        try:
            yield replay(line, fleet)
        except (KeyError, TypeError, ValueError):
            read.unreadable.append(line.seq)


# --- showing -----------------------------------------------------------------------------------------------------


def _document(
    fleet: Fleet, found: Report, foreign: Mapping[str, int], unlike: list[Replayed], read: _Read
) -> dict[str, Any]:
    return {
        "policy": fleet.policy,
        "policy_rev": fleet.revision,
        **documents.values(found),
        "cost": found.cost,
        "unpriced": found.unpriced,
        "unknown_revisions": dict(foreign),
        "differ": [{"seq": each.line.seq, "parts": list(each.differences)} for each in unlike],
        "unreadable": read.unreadable,
    }


def _show(
    fleet: Fleet, found: Report, foreign: Mapping[str, int], unlike: list[Replayed], read: _Read, *, compared: bool
) -> None:
    under = f"under {fleet.policy} ({fleet.revision})" if compared else "under their own policies"
    say.data(f"{found.decisions:,} decisions {under}: {found.same:,} the same, {found.moved:,} would go elsewhere")
    for rev, count in foreign.items():
        say.tell(f"note: {count:,} of revision {rev}, which no present policy has; replayed under {fleet.policy}")
    if read.unreadable:
        say.tell(f"note: {len(read.unreadable):,} lines cannot be replayed, the first is {read.unreadable[0]}")
    for each in unlike:
        say.data(f"line {each.line.seq} came out otherwise under its own revision: {', '.join(each.differences)}")
    if found.moves:
        _show_moves(found)
    for sinking in found.sinking[:_SHOWN]:
        where = f"{one_line(sinking.request)} (line {sinking.seq}) {sinking.from_model} → {sinking.to_model}"
        say.data(f"high-risk: {where}, {sinking.why}")
    if len(found.sinking) > _SHOWN:
        say.data(f"… and {len(found.sinking) - _SHOWN:,} more high-risk requests")


def _show_moves(found: Report) -> None:
    rows = [
        (
            f"{move.requests:,}",
            move.from_model or "nobody",
            move.to_model or "nobody",
            _difference(move.cost, move.requests - move.unpriced),
            f"{move.unpriced:,}",
            f"{move.high_risk:,}",
        )
        for move in found.moves
    ]
    say.data("")
    say.table(("REQUESTS", "FROM", "TO", "COST", "NOT PRICED", "HIGH-RISK, SINKING"), rows)
    priced = found.moved - found.unpriced
    say.data(f"together {_difference(found.cost, priced)} over {priced:,} requests whose tokens and prices are known")


def _difference(nano_usd: int, priced: int) -> str:
    return figures.UNKNOWN if priced == 0 else f"{'-' if nano_usd < 0 else '+'}{figures.money(abs(nano_usd))}"
