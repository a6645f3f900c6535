"""Reservations, settlements, recovery, usage: the budget promises (promises.md §2.3, B1-B7; scenarios.md J)."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from datetime import UTC, datetime

import pytest

from pointsman.adapters.store import ledger
from pointsman.adapters.store.schema import MIGRATIONS
from pointsman.core import caps
from pointsman.core.fleet import Window
from pointsman.core.outcome import TokenUsage
from pointsman.ports import AuditQuery, BudgetFull

ALL = AuditQuery(limit=1000)


def unix(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


async def texts(store):
    return [row.text for row in reversed(await store.audit(ALL))]


async def test_a_reservation_that_exactly_reaches_the_limit_fits_and_one_more_token_does_not(store, make):
    budget = make.budget(limit=100)
    assert await store.reserve(make.reservation("a", 100), [budget], [make.line("intent a")]) is None
    full = await store.reserve(make.reservation("b", 1), [budget], [make.line("intent b")])
    assert full == BudgetFull(budget="day", used=100, wanted=1, limit=100)


async def test_a_refused_reservation_writes_nothing_at_all(store, make):
    full = await store.reserve(make.reservation("a", 101), [make.budget(limit=100)], [make.line("intent a")])
    assert full is not None
    assert await texts(store) == []
    assert (await store.usage([make.budget()], 1000.0))["day"].used == 0
    with pytest.raises(LookupError):
        await store.settle(make.settlement("a"), [])


async def test_every_budget_it_counts_against_must_have_room_in_its_own_unit(store, make):
    tokens, money = make.budget("tokens", 1000), make.budget("money", 500, "nano_usd")
    calls = make.budget("calls", 2, "requests")
    names = ("tokens", "money", "calls")
    wide = make.reservation("a", 10, budgets=names, nano_usd=500)
    assert await store.reserve(wide, [tokens, money, calls], []) is None
    full = await store.reserve(make.reservation("b", 10, budgets=names, nano_usd=1), [tokens, money, calls], [])
    assert full == BudgetFull(budget="money", used=500, wanted=1, limit=500)
    usage = await store.usage([tokens, money, calls], 1000.0)
    assert {name: usage[name].reserved for name in names} == {"tokens": 10, "money": 500, "calls": 1}


async def test_settling_replaces_the_reserve_by_the_charge_and_frees_the_rest(store, make):
    budget = make.budget(limit=100)
    await store.reserve(make.reservation("a", 100), [budget], [make.line("intent")])
    before = (await store.usage([budget], 1000.0))["day"]
    await store.settle(make.settlement("a", 30), [make.line("outcome", "outcome")])
    after = (await store.usage([budget], 1000.0))["day"]
    assert (before.spent, before.reserved, after.spent, after.reserved) == (0, 100, 30, 0)
    assert await store.reserve(make.reservation("b", 70), [budget], []) is None
    assert await texts(store) == ["intent", "outcome"]


async def test_a_charge_above_the_reserve_is_counted_in_full(store, make):
    budget = make.budget(limit=100)
    await store.reserve(make.reservation("a", 10), [budget], [])
    await store.settle(make.settlement("a", 130), [])
    assert (await store.usage([budget], 1000.0))["day"].percent == 130


async def test_settling_twice_changes_nothing_and_writes_no_second_line(store, make):
    budget = make.budget()
    await store.reserve(make.reservation("a"), [budget], [])
    await store.settle(make.settlement("a", 5), [make.line("first", "outcome")])
    await store.settle(make.settlement("a", 9), [make.line("second", "outcome")])
    assert (await store.usage([budget], 1000.0))["day"].spent == 5
    assert await texts(store) == ["first"]


async def test_an_unknown_final_price_leaves_the_reserve_standing_instead_of_counting_as_free(store, make):
    budget = make.budget("money", 1000, "nano_usd")
    await store.reserve(make.reservation("a", budgets=("money",), nano_usd=700), [budget], [])
    await store.settle(make.settlement("a", nano_usd=None), [])
    assert (await store.usage([budget], 1000.0))["money"].spent == 700
    assert (await store.totals(0.0))[0].nano_usd == 700


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"nano_usd": None, "budgets": ("money",)}, "price unknown"),
        ({"nano_usd": -1, "budgets": ("money",)}, "negative"),
        ({"budgets": ()}, "are to be checked"),
        ({"budgets": ("money", "other")}, "are to be checked"),
    ],
)
async def test_a_reservation_that_could_slip_past_a_budget_is_an_error(store, make, change, words):
    with pytest.raises(ValueError, match=words):
        await store.reserve(make.reservation("a", **change), [make.budget("money", 100, "nano_usd")], [make.line()])
    assert await store.audit_size() == 0


async def test_an_id_is_reserved_once_and_the_failed_try_leaves_no_line(store, make):
    await store.reserve(make.reservation("a"), [make.budget()], [make.line("one")])
    with pytest.raises(ValueError, match="exists already"):
        await store.reserve(make.reservation("a"), [make.budget()], [make.line("two")])
    assert await texts(store) == ["one"]


async def test_thirty_two_coroutines_at_once_never_overshoot_and_use_the_budget_up(store, make):
    budget = make.budget(limit=100)
    tries = [store.reserve(make.reservation(f"r{n}", 7), [budget], [make.line(f"r{n}")]) for n in range(32)]
    answers = await asyncio.gather(*tries)
    assert answers.count(None) == 14
    assert (await store.usage([budget], 1000.0))["day"].reserved == 98
    assert await store.audit_size() == 14


async def test_a_reserve_cancelled_before_or_after_its_commit_holds_no_budget(store, make):
    budget = make.budget(limit=100)
    tasks = [asyncio.create_task(store.reserve(make.reservation(f"r{n}", 10), [budget], [])) for n in range(8)]
    await asyncio.sleep(0)  # each is queued; some may be committed before the cancellation reaches the writer
    for task in tasks:
        task.cancel()
    assert all(isinstance(e, asyncio.CancelledError) for e in await asyncio.gather(*tasks, return_exceptions=True))
    await store.append([])  # behind the releases in the queue
    assert (await store.usage([budget], 1000.0))["day"].used == 0


async def test_a_reserve_cancelled_while_it_is_being_committed_is_released_with_a_line(store, make, monkeypatch):
    begun, go_on, reserve = asyncio.Event(), threading.Event(), ledger.reserve
    loop = asyncio.get_running_loop()

    def slow(*args: object) -> object:
        loop.call_soon_threadsafe(begun.set)
        assert go_on.wait(30)
        return reserve(*args)

    monkeypatch.setattr(ledger, "reserve", slow)
    task = asyncio.create_task(store.reserve(make.reservation("a", 10), [make.budget()], [make.line("intent")]))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go_on.set()
    await store.append([])
    assert (await store.usage([make.budget()], 1000.0))["day"].used == 0
    assert await texts(store) == ["intent", "opus was not called: cancelled before the call began"]


async def test_a_settlement_is_done_even_if_its_caller_is_cancelled(store, make):
    budget = make.budget()
    await store.reserve(make.reservation("a"), [budget], [])
    task = asyncio.create_task(store.settle(make.settlement("a", 3), [make.line("outcome", "outcome")]))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await store.append([])
    assert (await store.usage([budget], 1000.0))["day"].spent == 3


async def test_the_ledger_survives_a_restart(store, open_store, make):
    budget = make.budget()
    await store.reserve(make.reservation("a"), [budget], [make.line("intent")])
    await store.settle(make.settlement("a", 8), [])
    await store.aclose()
    async with await open_store() as again:
        assert (await again.usage([budget], 1000.0))["day"].spent == 8
        assert await texts(again) == ["intent"]


# --- recovery ----------------------------------------------------------------------------------------------------


async def test_the_open_call_of_a_living_instance_is_never_recovered(store, open_store, make):
    await store.reserve(make.reservation("a"), [make.budget()], [])
    async with await open_store() as other:
        assert await other.recover(2000.0) == 0
        assert await store.recover(2000.0) == 0
    await store.settle(make.settlement("a", 2), [])
    assert (await store.usage([make.budget()], 1000.0))["day"].spent == 2


async def test_the_open_call_of_a_gone_instance_is_charged_at_its_reserve_with_one_line(store, open_store, make):
    budget = make.budget("money", 1000, "nano_usd")
    reservation = make.reservation("a", 10, budgets=("money",), nano_usd=400)
    await store.reserve(reservation, [budget], [make.line("intent")])
    await store.aclose()
    async with await open_store() as other:
        assert await other.recover(2000.0) == 1
        assert await other.recover(2000.0) == 0
        usage = (await other.usage([budget], 1000.0))["money"]
        (row,) = await other.audit(AuditQuery(type="recovered"))
        (total,) = await other.totals(0.0)
    assert (usage.spent, usage.reserved) == (400, 0)
    assert (row.request, row.model, row.cost, row.at) == ("request-a", "opus", 400, 2000.0)
    assert (total.requests, total.output_tokens, total.nano_usd, total.estimated) == (1, 10, 400, 1)


async def test_a_settlement_after_recovery_is_told_once_and_charges_nothing(store, open_store, make):
    budget = make.budget()
    await store.reserve(make.reservation("a", 10), [budget], [])
    await store.aclose()
    async with await open_store() as other:
        await other.recover(2000.0)
        for _ in range(2):
            await other.settle(make.settlement("a", 7), [make.line("it did finish", "outcome")])
        usage = (await other.usage([budget], 1000.0))["day"]
        rules = [row.rule for row in reversed(await other.audit(ALL))]
    assert (usage.spent, usage.reserved) == (10, 0)
    assert rules == ["crash-recovery", None, "late-settlement"]


# --- windows -----------------------------------------------------------------------------------------------------

DAY, WEEK, MONTH = Window(calendar="day"), Window(calendar="week"), Window(calendar="month")
HOUR = Window(seconds=3600)


@pytest.mark.parametrize(
    ("window", "spent_at", "still_counts", "gone", "resets_at"),
    [
        (DAY, "2026-03-10T23:59:59", "2026-03-10T23:59:59.9", "2026-03-11T00:00:00", "2026-03-11T00:00:00"),
        (DAY, "2026-03-10T00:00:00", "2026-03-10T12:00:00", "2026-03-11T00:00:00", "2026-03-11T00:00:00"),
        (WEEK, "2026-03-09T00:00:00", "2026-03-15T23:59:59", "2026-03-16T00:00:00", "2026-03-16T00:00:00"),
        (MONTH, "2026-01-31T23:00:00", "2026-01-31T23:59:59", "2026-02-01T00:00:00", "2026-02-01T00:00:00"),
        (MONTH, "2028-02-01T00:00:00", "2028-02-29T23:59:59", "2028-03-01T00:00:00", "2028-03-01T00:00:00"),
        (MONTH, "2026-12-05T00:00:00", "2026-12-31T23:59:59", "2027-01-01T00:00:00", "2027-01-01T00:00:00"),
        (HOUR, "2026-03-10T10:00:00", "2026-03-10T10:59:59", "2026-03-10T11:00:00", "2026-03-10T11:00:00"),
    ],
)
async def test_a_charge_counts_until_its_window_ends(store, make, window, spent_at, still_counts, gone, resets_at):
    budget = make.budget("b", 10, window=window)
    at = unix(spent_at)
    assert await store.reserve(make.reservation("a", 10, at=at, budgets=("b",)), [budget], []) is None
    await store.settle(make.settlement("a", 10, at=at), [])
    held, free = [(await store.usage([budget], unix(now)))["b"] for now in (still_counts, gone)]
    assert (held.spent, held.resets_at) == (10, unix(resets_at))
    assert free.spent == 0
    full = await store.reserve(make.reservation("b", 1, at=unix(still_counts), budgets=("b",)), [budget], [])
    assert full is not None
    assert await store.reserve(make.reservation("c", 10, at=unix(gone), budgets=("b",)), [budget], []) is None


async def test_a_rolling_window_resets_when_its_oldest_charge_leaves_and_says_nothing_when_empty(store, make):
    budget = make.budget("b", 10, window=HOUR)
    assert (await store.usage([budget], 50.0))["b"].resets_at is None
    for id, at in (("a", 1000.0), ("b", 2000.0)):
        await store.reserve(make.reservation(id, 5, at=at, budgets=("b",)), [budget], [])
        await store.settle(make.settlement(id, 5, at=at), [])
    early, late = [(await store.usage([budget], now))["b"] for now in (2500.0, 4600.0)]
    assert (early.spent, early.resets_at, early.window_start) == (10, 4600.0, -1100.0)
    assert (late.spent, late.resets_at) == (5, 5600.0)


async def test_a_clock_set_back_never_reopens_a_window(store, make):
    budget = make.budget(limit=10)
    today, yesterday = unix("2026-03-10T12:00:00"), unix("2026-03-09T12:00:00")
    await store.reserve(make.reservation("a", 6, at=today), [budget], [])
    assert (await store.usage([budget], yesterday))["day"].used == 6
    assert await store.reserve(make.reservation("b", 4, at=yesterday), [budget], []) is None
    assert await store.reserve(make.reservation("c", 1, at=yesterday), [budget], []) is not None
    assert await store.reserve(make.reservation("d", 1, at=today), [budget], []) is not None


async def test_a_call_over_midnight_stays_in_the_day_it_was_reserved_in(store, make):
    budget = make.budget(limit=10)
    await store.reserve(make.reservation("a", 10, at=unix("2026-03-10T23:59:00")), [budget], [])
    await store.settle(make.settlement("a", 10, at=unix("2026-03-11T00:01:00")), [])
    assert (await store.usage([budget], unix("2026-03-11T00:02:00")))["day"].spent == 0


# --- totals ------------------------------------------------------------------------------------------------------


async def test_totals_add_up_closed_calls_per_model_since_a_time(store, make):
    for id, at in (("old", 10.0), ("new", 20.0), ("open", 30.0)):
        await store.reserve(make.reservation(id, 9, at=at, budgets=(), nano_usd=90), [], [])
    usage = TokenUsage(input=3, output=4)
    await store.settle(make.settlement("old", 7, nano_usd=70, usage=usage), [])
    await store.settle(make.settlement("new", 7, nano_usd=70, usage=usage, estimated=True), [])
    (everything,) = await store.totals(0.0)
    (recent,) = await store.totals(20.0)
    assert (everything.requests, everything.input_tokens, everything.output_tokens) == (2, 6, 8)
    assert (everything.nano_usd, everything.estimated, recent.requests) == (140, 1, 1)


async def test_the_hours_of_a_day_count_each_models_tokens_in_the_hour_they_were_asked_for(store, make):
    for id, at in (("before", 999.0), ("first", 1_000.0), ("last", 1_000.0 + 23 * 3600)):
        await store.reserve(make.reservation(id, 9, at=at, budgets=(), nano_usd=90), [], [])
        await store.settle(make.settlement(id, 7, nano_usd=70, usage=TokenUsage(input=3, output=4)), [])
    (hours,) = (await store.hourly(1_000.0)).values()
    assert (hours[0], hours[23], sum(hours), len(hours)) == (7, 7, 14, 24)


async def test_every_reservation_knows_its_intent_and_its_outcome_line(store, make):
    await store.append([make.line("before")])
    await store.reserve(
        make.reservation("a"), [make.budget()], [make.line("decision", "decision"), make.line("intent")]
    )
    await store.settle(make.settlement("a"), [make.line("outcome", "outcome")])
    connection = sqlite3.connect(store.path)
    (found,) = connection.execute("SELECT intent_seq, outcome_seq FROM reservation").fetchall()
    connection.close()
    assert found == (2, 4)


async def test_a_reservation_is_held_to_the_cap_in_force_and_to_the_limit_again_once_it_ends(store, make):
    budget = make.budget(limit=100)
    await store.put_override(caps.order(budget, 120, 900.0, expires_at=2000.0), make.line("raised", "override"))
    assert (await store.usage([budget], 1000.0))["day"].limit == 120
    assert await store.reserve(make.reservation("a", 120), [budget], []) is None
    await store.settle(make.settlement("a", 40), [])
    await store.put_override(caps.order(budget, 50, 950.0, expires_at=2000.0), make.line("lowered", "override"))
    full = await store.reserve(make.reservation("b", 11), [budget], [])
    assert full == BudgetFull(budget="day", used=40, wanted=11, limit=50)
    assert await store.reserve(make.reservation("c", 60, at=2000.0), [budget], []) is None


def test_a_ledger_from_before_caps_is_read_without_being_changed(tmp_path, make):
    connection = sqlite3.connect(tmp_path / "old.db", isolation_level=None)
    connection.executescript("".join(MIGRATIONS[:4]))
    connection.execute("INSERT INTO override VALUES ('x', 'pin', 'global', 'opus', 'user', 1.0, NULL, '')")
    assert ledger.usage(connection, [make.budget(limit=100)], 1000.0)["day"].limit == 100
    connection.close()
