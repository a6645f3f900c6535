"""What calls may cost and did cost: reserve, settle, recover, usage. SQL over a connection; no clock, no threads.

Rules: a reserve counts until it is replaced by a charge; an unknown price is never 0; a charge stays in the window its
call was reserved in; time in the ledger never runs backwards, so a clock set back cannot reopen a window.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

from pointsman.adapters.store import audit_log, overrides
from pointsman.adapters.store.foreign import Line
from pointsman.core import caps
from pointsman.core.audit import AuditEvent, EventType
from pointsman.core.fleet import Budget, BudgetUnit
from pointsman.core.outcome import TokenUsage
from pointsman.core.usage import Usage, window_bounds
from pointsman.ports import BudgetFull, Charge, ModelTotal, Reservation, Settlement

_COLUMN = {BudgetUnit.TOKENS: "tokens", BudgetUnit.NANO_USD: "nano_usd", BudgetUnit.REQUESTS: "requests"}

HOURS = 24


def ledger_time(connection: sqlite3.Connection, now: float) -> float:
    """`now`, or the newest time the ledger has seen if the clock was set back since."""
    (newest,) = connection.execute("SELECT max(at) FROM reservation").fetchone()
    return now if newest is None else max(now, newest)


# --- reserve -----------------------------------------------------------------------------------------------------


def check(reservation: Reservation, budgets: Sequence[Budget]) -> None:
    """Raises ValueError for a reservation that could slip past a budget."""
    names = sorted(budget.name for budget in budgets)
    if names != sorted(set(reservation.budgets)):
        raise ValueError(f"reservation names budgets {reservation.budgets}, but {names} are to be checked")
    for budget in budgets:
        _amount(reservation.worst, budget)


def _amount(charge: Charge, budget: Budget) -> int:
    figure: int | None = getattr(charge, _COLUMN[budget.unit])
    if figure is None:
        raise ValueError(f"price unknown: the call cannot be counted against budget {budget.name!r} in USD")
    if figure < 0:
        raise ValueError(f"a charge of {figure} {budget.unit} is negative")
    return figure


def reserve(
    connection: sqlite3.Connection,
    reservation: Reservation,
    budgets: Sequence[Budget],
    intent: Sequence[Line],
    instance: str,
) -> BudgetFull | None:
    """Writes the reservation and its intent lines, or nothing and returns the first budget it does not fit."""
    at = ledger_time(connection, reservation.at)
    for budget in _capped(connection, budgets, at):
        used = usage_of(connection, budget, at).used
        wanted = _amount(reservation.worst, budget)
        if used + wanted > budget.limit:
            return BudgetFull(budget=budget.name, used=used, wanted=wanted, limit=budget.limit)
    if _state(connection, reservation.id) is not None:
        raise ValueError(f"reservation {reservation.id} exists already")
    seqs = audit_log.append(connection, intent)
    _insert(connection, reservation, at, instance, seqs[0] if seqs else None)
    return None


def _insert(
    connection: sqlite3.Connection, reservation: Reservation, at: float, instance: str, intent_seq: int | None
) -> None:
    worst = reservation.worst
    connection.execute(
        "INSERT INTO reservation (id, request, model, endpoint, instance, at, worst_tokens, worst_nano_usd,"
        " worst_requests, intent_seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            reservation.id,
            reservation.request,
            reservation.model,
            reservation.endpoint,
            instance,
            at,
            worst.tokens,
            worst.nano_usd,
            worst.requests,
            intent_seq,
        ),
    )
    connection.executemany(
        "INSERT INTO claim (budget, at, reservation, open, tokens, nano_usd, requests) VALUES (?, ?, ?, 1, ?, ?, ?)",
        [
            (budget, at, reservation.id, worst.tokens, worst.nano_usd, worst.requests)
            for budget in sorted(set(reservation.budgets))
        ],
    )


def _state(connection: sqlite3.Connection, reservation: str) -> str | None:
    row = connection.execute("SELECT state FROM reservation WHERE id = ?", (reservation,)).fetchone()
    return None if row is None else str(row[0])


# --- settle ------------------------------------------------------------------------------------------------------


def settle(connection: sqlite3.Connection, settlement: Settlement, lines: Sequence[Line]) -> None:
    """Replaces the reserve by the charge. A second settlement changes nothing; one that comes after the reservation
    was recovered writes its lines and a line that says so, and the recovered charge stands.

    Raises LookupError for a reservation that does not exist.
    """
    state = _state(connection, settlement.reservation)
    if state is None:
        raise LookupError(f"no reservation {settlement.reservation}")
    if state == "open":
        seqs = audit_log.append(connection, lines)
        _close(connection, settlement, seqs[-1] if seqs else None)
    elif state == "recovered":
        _note_late(connection, settlement, lines)


def _close(
    connection: sqlite3.Connection, settlement: Settlement, outcome_seq: int | None, state: str = "settled"
) -> None:
    charge, usage = settlement.charge, settlement.usage
    estimated = settlement.estimated or (usage is not None and usage.estimated)
    connection.execute(
        # An unknown price leaves the reserve standing: it is not a price of 0.
        "UPDATE reservation SET state = ?, settled_at = ?, tokens = ?, nano_usd = coalesce(?, worst_nano_usd),"
        " requests = ?, estimated = ?, input = ?, output = ?, cached = ?, cache_write = ?, reasoning = ?,"
        " outcome_seq = ? WHERE id = ?",
        (
            state,
            settlement.at,
            charge.tokens,
            charge.nano_usd,
            charge.requests,
            estimated,
            *_tokens(usage),
            outcome_seq,
            settlement.reservation,
        ),
    )
    connection.execute(
        "UPDATE claim SET open = 0, tokens = ?, nano_usd = coalesce(?, nano_usd), requests = ? WHERE reservation = ?",
        (charge.tokens, charge.nano_usd, charge.requests, settlement.reservation),
    )


def _tokens(usage: TokenUsage | None) -> tuple[int | None, ...]:
    if usage is None:
        return (None,) * 5
    return usage.input, usage.output, usage.cached, usage.cache_write, usage.reasoning


def _note_late(connection: sqlite3.Connection, settlement: Settlement, lines: Sequence[Line]) -> None:
    request, model, kept = connection.execute(
        "SELECT request, model, nano_usd FROM reservation WHERE id = ?", (settlement.reservation,)
    ).fetchone()
    charge = settlement.charge
    note = AuditEvent(
        type=EventType.RECOVERED,
        at=settlement.at,
        actor="router",
        rule="late-settlement",
        request=request,
        model=model,
        cost=kept,
        text=f"{model}: the outcome of a call came after the call was recovered; the recovered charge stands",
        data={
            "reservation": settlement.reservation,
            "late_tokens": charge.tokens,
            "late_nano_usd": charge.nano_usd,
            "late_requests": charge.requests,
        },
    )
    audit_log.append(connection, (*lines, *audit_log.lines_of([note])))
    connection.execute("UPDATE reservation SET state = 'late' WHERE id = ?", (settlement.reservation,))


def release(connection: sqlite3.Connection, reservation: Reservation) -> None:
    """Undoes a reservation whose asker went away before it could call. Does nothing unless it is open."""
    if _state(connection, reservation.id) != "open":
        return
    line = AuditEvent(
        type=EventType.OUTCOME,
        at=reservation.at,
        actor="router",
        rule="cancelled",
        request=reservation.request,
        model=reservation.model,
        cost=0,
        text=f"{reservation.model} was not called: cancelled before the call began",
        data={"reservation": reservation.id},
    )
    nothing = Charge(tokens=0, nano_usd=0, requests=0)
    settlement = Settlement(reservation=reservation.id, at=reservation.at, charge=nothing)
    settle(connection, settlement, audit_log.lines_of([line]))


# --- recover -----------------------------------------------------------------------------------------------------


def recover(connection: sqlite3.Connection, now: float, alive: Callable[[str], bool]) -> int:
    """Charges the open reservations of instances that are not `alive` at their reserve, one line each."""
    instances = connection.execute("SELECT DISTINCT instance FROM reservation WHERE state = 'open'").fetchall()
    dead = [instance for (instance,) in instances if not alive(instance)]
    return sum(_recover_instance(connection, instance, now) for instance in dead)


def _recover_instance(connection: sqlite3.Connection, instance: str, now: float) -> int:
    orphans = connection.execute(
        "SELECT id, request, model, endpoint, worst_tokens, worst_nano_usd, worst_requests FROM reservation"
        " WHERE state = 'open' AND instance = ? ORDER BY at, id",
        (instance,),
    ).fetchall()
    for reservation, request, model, endpoint, tokens, nano_usd, requests in orphans:
        line = AuditEvent(
            type=EventType.RECOVERED,
            at=now,
            actor="router",
            rule="crash-recovery",
            request=request,
            model=model,
            cost=nano_usd,
            text=f"{model}: a call was under way when the program died; its outcome is unknown, charged as reserved",
            data={"reservation": reservation, "endpoint": endpoint, "tokens": tokens, "requests": requests},
        )
        (seq,) = audit_log.append(connection, audit_log.lines_of([line]))
        charge = Charge(tokens=tokens, nano_usd=nano_usd, requests=requests)
        settlement = Settlement(reservation=reservation, at=now, charge=charge, estimated=True)
        _close(connection, settlement, seq, state="recovered")
    return len(orphans)


# --- reading -----------------------------------------------------------------------------------------------------


def usage_of(connection: sqlite3.Connection, budget: Budget, at: float) -> Usage:
    """The budget in the window around `at`, which is the ledger's time. A rolling window excludes its very start, so
    that an entry is gone exactly when `resets_at` says."""
    start, end = window_bounds(budget.window, at)
    since = ">=" if budget.window.seconds is None else ">"
    column = _COLUMN[budget.unit]
    spent, reserved, oldest = connection.execute(
        f"SELECT coalesce(sum(iif(open, 0, {column})), 0), coalesce(sum(iif(open, {column}, 0)), 0),"
        f" min(iif({column} > 0, at, NULL)) FROM claim WHERE budget = ? AND at {since} ?",
        (budget.name, start),
    ).fetchone()
    if budget.window.seconds is not None and oldest is not None:
        end = oldest + budget.window.seconds
    return Usage(
        budget=budget.name, spent=spent, reserved=reserved, limit=budget.limit, window_start=start, resets_at=end
    )


def _capped(connection: sqlite3.Connection, budgets: Sequence[Budget], at: float) -> tuple[Budget, ...]:
    """The budgets under the caps in force; read in the transaction that reserves, so that a lower cap holds at once."""
    standing = overrides.active(connection, at)
    return tuple(caps.in_force(budget, standing, at) for budget in budgets)


def usage(connection: sqlite3.Connection, budgets: Sequence[Budget], now: float) -> dict[str, Usage]:
    """Every budget's usage at one and the same moment of the ledger."""
    connection.execute("BEGIN")
    try:
        at = ledger_time(connection, now)
        return {budget.name: usage_of(connection, budget, at) for budget in _capped(connection, budgets, at)}
    finally:
        connection.execute("COMMIT")


def totals(connection: sqlite3.Connection, since: float) -> tuple[ModelTotal, ...]:
    """Per model, closed calls only. Tokens whose split is unknown count as output, the dearer side."""
    rows = connection.execute(
        "SELECT model, sum(requests), sum(coalesce(input, 0)), sum(coalesce(output, tokens)),"
        " sum(coalesce(nano_usd, 0)), sum(estimated)"
        " FROM reservation WHERE at >= ? AND state <> 'open' GROUP BY model ORDER BY model",
        (since,),
    )
    return tuple(
        ModelTotal(
            model=model,
            requests=requests,
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            nano_usd=nano_usd,
            estimated=estimated,
        )
        for model, requests, input_tokens, output_tokens, nano_usd, estimated in rows
    )


def hourly(connection: sqlite3.Connection, since: float) -> dict[str, tuple[int, ...]]:
    """Tokens of each model in each of the 24 hours from `since` on, closed calls only."""
    rows = connection.execute(
        "SELECT model, cast((at - ?) / 3600 AS INTEGER), sum(coalesce(input, 0) + coalesce(output, tokens))"
        " FROM reservation WHERE at >= ? AND at < ? AND state <> 'open' GROUP BY 1, 2",
        (since, since, since + HOURS * 3600),
    )
    found: dict[str, list[int]] = {}
    for model, hour, tokens in rows:
        found.setdefault(model, [0] * HOURS)[hour] = tokens
    return {model: tuple(hours) for model, hours in found.items()}
