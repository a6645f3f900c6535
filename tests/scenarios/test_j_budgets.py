"""J: budgets. Exact bands, nothing sent that does not fit, no overshoot however many ask at once, nothing free."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median

import pytest

from pointsman.core.conditions import parse_condition
from pointsman.core.fleet import (
    Band,
    Budget,
    BudgetUnit,
    Fleet,
    Locality,
    Role,
    Route,
    Scope,
    Tier,
    Window,
)
from pointsman.engine import events
from pointsman.ports import Charge, Reservation, Settlement
from support import spender
from support.fault_server import Reply, cut_after, good, held, raw_stream, upstreams
from support.rows import Scene, Table
from support.stages import Stage, StageClock, stage

NOT_HERE = {
    "J13": "tests/config/test_problems.py::test_a_mistake_is_named_with_its_key_and_the_nearest_valid_one",
    "J7-windows": "tests/adapters/store/test_ledger.py::test_a_charge_counts_until_its_window_ends",
}
j = Table()
LIMIT = 1_000_000_000
PRICE = 11 * 1000 + 7 * 4000  # of the usual answer, at the stage's prices
SPENDER = Path(spender.__file__)


def when(**facts: object) -> tuple:  # type: ignore[type-arg]
    return tuple(parse_condition(fact, written) for fact, written in facts.items())


BANDS = (
    Band(at=80, name="prefer-cheaper", reject=frozenset({Tier.T0}), prefer_cheaper=True, unless=when(critical=True)),
    Band(at=90, name="cheaper-only", reject=frozenset({Tier.T0}), prefer_cheaper=True),
    Band(at=95, name="background-only", reject=frozenset({Tier.T0, Tier.T1, Tier.T3})),
    Band(at=100, name="local-only", reject_locality=Locality.CLOUD),
)
MODELS = {
    "opus": {"tier": Tier.T0, "price_in": 5, "price_out": 25},
    "coder": {"tier": Tier.T1, "price_in": 3, "price_out": 15},
    "flash": {"tier": Tier.T2, "price_in": 1, "price_out": 4},
    "home": {"tier": Tier.T4, "price_in": 0, "price_out": 0},
}
CLOUD = {"locality": Locality.CLOUD}
WHERE = {"opus": CLOUD, "coder": CLOUD, "flash": CLOUD, "home": {"locality": Locality.LOCAL}}


def banded(fleet: Fleet) -> Fleet:
    """Everything in the cloud counts against one daily budget; `deep` is reasoning work, which only T0 and T1 do."""
    budget = Budget(name="day", limit=LIMIT, unit=BudgetUnit.NANO_USD, window=Window(calendar="day"))
    deep = Role(name="deep", primary="opus", fallbacks=("coder",))
    routes = (Route(name="thought", role="deep", when=when(kind="reasoning")),)
    return replace(fleet, bands=BANDS, budgets=(budget,), roles={**fleet.roles, "deep": deep}, routes=routes)


def tiers(dialect: str, bands: tuple[Band, ...] = BANDS, **more: object):  # type: ignore[no-untyped-def]
    def change(fleet: Fleet) -> Fleet:
        return replace(banded(fleet), bands=bands)

    names = ("opus", "coder", "flash", "home")
    return stage(*names, dialect=dialect, change=change, models=MODELS, endpoints=WHERE, **more)  # type: ignore[arg-type]


async def spend(s: Stage, amount: int, budget: str = "day") -> None:
    """A settled charge of that many nano-USD, made by somebody else on the same ledger."""
    budgets = [b for b in s.engine.fleet.budgets if b.name == budget]
    charge = Charge(tokens=1, nano_usd=amount)
    made = Reservation(
        id=s.clock.new_id(), request="other", model="opus", endpoint="opus", at=s.clock.at, worst=charge,
        budgets=(budget,),
    )  # fmt: skip
    roomy = [replace(b, limit=10 * LIMIT) for b in budgets]
    assert await s.store.reserve(made, roomy, ()) is None
    await s.store.settle(Settlement(reservation=made.id, at=s.clock.at, charge=charge), ())
    await s.see_ledger()


EDGES = [
    (0, "normal", "opus"),
    (799_999_999, "normal", "opus"),
    (800_000_000, "prefer-cheaper", "flash"),
    (899_999_999, "prefer-cheaper", "flash"),
    (900_000_000, "cheaper-only", "flash"),
    (949_999_999, "cheaper-only", "flash"),
    (950_000_000, "background-only", "flash"),
    (999_990_000, "background-only", "flash"),
    (1_000_000_000, "local-only", "home"),
    (1_500_000_000, "local-only", "home"),
]


async def band_at(dialect: str, used: int, band: str, model: str) -> None:
    async with tiers(dialect) as s:
        await spend(s, used)
        heard = await s.ask(facts={"tokens": 10})
    assert heard.decision.decision.band == band and heard.by == model and s.called == [model]


for used, band, model in EDGES:
    j.row(f"J1-{used}")(lambda dialect, used=used, band=band, model=model: band_at(dialect, used, band, model))


@j.row("J2")
async def from_80_on_cheaper_is_preferred_and_the_best_is_for_what_is_critical(dialect: str) -> None:
    async with tiers(dialect) as s:
        await spend(s, 850_000_000)
        usual = await s.ask()
        critical = await s.ask(facts={"critical": True})
        (down,) = await s.audit("step-down")
    assert (usual.by, critical.by) == ("flash", "opus")
    assert (down.from_model, down.model) == ("opus", "flash") and "band prefer-cheaper closes opus" in down.text


@j.row("J3")
async def from_95_on_a_reasoning_request_is_refused_with_the_reason(dialect: str) -> None:
    async with tiers(dialect) as s:
        await spend(s, 950_000_000)
        heard = await s.ask(facts={"kind": "reasoning"})
    assert s.called == [] and heard.blocked.by_policy and "band" in heard.blocked.code
    assert "day is at 95 %: band background-only closes opus" in heard.blocked.why


@j.row("J4")
async def from_100_on_no_cloud_call_leaves_the_machine(dialect: str) -> None:
    async with tiers(dialect) as s:
        await spend(s, LIMIT)
        for facts in ({}, {"critical": True}, {"kind": "reasoning"}, {"user_wants": "cloud"}):
            await s.ask(facts=facts)
        await s.ask(pin="flash")
    assert set(s.called) <= {"home"} and s.called


@j.row("J5")
async def the_answer_that_crosses_a_band_finishes_and_the_next_obeys(dialect: str) -> None:
    async with tiers(dialect) as s:
        await spend(s, 799_999_000)
        s["opus"].plays(good("done", used=(100, 100)))
        first = await s.ask(facts={"tokens": 10})
        second = await s.ask(facts={"tokens": 10})
        await s.see_ledger()
        lines = [row.text for row in await s.audit("band")]
    assert (first.by, first.text, second.by) == ("opus", "done", "flash")
    assert lines == ["budget day at 80 %: normal → prefer-cheaper"]


def two_purses(fleet: Fleet) -> Fleet:
    def purse(name: str) -> Budget:
        window = Window(calendar="day")
        return Budget(
            name=f"{name}-day", limit=LIMIT, unit=BudgetUnit.NANO_USD, window=window, scope=Scope(endpoint=name)
        )

    return replace(fleet, budgets=(purse("p"), purse("f")))


@j.row("J6")
async def a_spent_budget_is_skipped_and_two_spent_ones_are_named_with_their_reset(dialect: str) -> None:
    clouds = {"p": CLOUD, "f": CLOUD}
    async with stage("p", "f", dialect=dialect, change=two_purses, endpoints=clouds) as s:
        await spend(s, LIMIT, "p-day")
        assert (await s.ask()).by == "f"
        await spend(s, LIMIT, "f-day")
        heard = await s.ask()
        resets_at = s.engine.snapshot.usage["p-day"].resets_at
    assert s.called == ["f"] and "p-day" in heard.blocked.why and "f-day" in heard.blocked.why
    assert heard.blocked.retry_at == resets_at is not None


@j.row("J7")
async def a_window_rolls_at_its_own_start_and_a_restart_does_not_reset_it(dialect: str) -> None:
    with tempfile.TemporaryDirectory() as where:
        state = Path(where) / "state"
        async with tiers(dialect, state=state) as s:
            await spend(s, LIMIT)
            assert (await s.ask()).by == "home"
            clock = s.clock
        async with tiers(dialect, state=state, clock=clock) as s:
            assert (await s.ask()).by == "home"  # restarted, and still spent
            resets_at = s.engine.snapshot.usage["day"].resets_at
            assert resets_at is not None and resets_at % 86_400 == 0
            s.clock.at = resets_at - 1
            await s.see_ledger()
            assert (await s.ask()).by == "home"
            s.clock.at = resets_at
            await s.see_ledger()
            assert (await s.ask()).by == "opus"


@j.row("J8")
async def exactly_at_the_limit_fits_and_one_more_does_not(dialect: str) -> None:
    worst = 10 * 1 + 50 * 4  # ten tokens in, fifty out, at flash's prices

    async def answer(used: int) -> events.EngineEvent:
        async with tiers(dialect, bands=()) as s:
            await spend(s, used)
            return (await s.ask(pin="flash", facts={"tokens": 10})).last

    fits, not_quite = await answer(LIMIT - worst), await answer(LIMIT - worst + 1)
    assert isinstance(fits, events.Answered) and isinstance(not_quite, events.Blocked)
    assert "GR-011" in not_quite.code and "worst case" in not_quite.why and "left" in not_quite.why


@j.row("J9")
async def an_unknown_price_is_not_free(dialect: str) -> None:
    clouds = {"p": CLOUD, "f": CLOUD}
    unpriced = {"p": {"price_out": None}}
    async with stage("p", "f", dialect=dialect, endpoints=clouds, models=unpriced) as s:
        heard = await s.ask()
    assert s.called == ["f"] and "price of p is unknown" in heard.decision.decision.notices[0].text


CACHED = {
    "openai": lambda r: [
        *r.said("x"),
        *r.dialect.reason("m", "stop", None),
        b'data: {"choices":[],"usage":{"prompt_tokens":100,"completion_tokens":10,'
        b'"prompt_tokens_details":{"cached_tokens":60}}}\n\n',
        *r.dialect.marker("m"),
    ],
    "anthropic": lambda r: [
        *r.said("x"),
        b'data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":40,'
        b'"cache_read_input_tokens":60,"output_tokens":10}}\n\n',
        *r.dialect.marker("m"),
    ],
}


@j.row("J10", "openai", "anthropic")
async def cached_tokens_have_their_own_price(dialect: str) -> None:
    async with stage("p", dialect=dialect, models={"p": {"price_cached": 100}}) as s:
        s["p"].plays(raw_stream(CACHED[dialect]))
        heard = await s.ask()
        (outcome,) = await s.audit("outcome")
    assert heard.answer.attempt.cost == 40 * 1000 + 60 * 100 + 10 * 4000 == outcome.cost


STEPPED: dict[str, Callable[[Reply], list[bytes]]] = {
    "openai": lambda r: [
        b'data: {"choices":[{"delta":{"content":"hi"},"finish_reason":"stop"}]}\n\n',
        b'data: {"choices":[],"usage":{"prompt_tokens":100,"completion_tokens":10,'
        b'"prompt_tokens_details":{"cached_tokens":60,"cache_write_tokens":30},'
        b'"completion_tokens_details":{"reasoning_tokens":8}}}\n\n',
        b"data: [DONE]\n\n",
    ],
    "anthropic": lambda r: [
        b'data: {"type":"message_start","message":{"usage":{"input_tokens":10,"cache_read_input_tokens":60,'
        b'"cache_creation_input_tokens":30,"output_tokens":1}}}\n\n',
        b'data: {"type":"content_block_delta","delta":{"type":"text_delta","text":"hi"}}\n\n',
        b'data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":10}}\n\n',
        b'data: {"type":"message_stop"}\n\n',
    ],
}


@j.row("J10-step", "openai", "anthropic")
async def steps_cache_writes_and_reasoning_are_settled_from_the_providers_figures(dialect: str) -> None:
    """Reserved at the worst of them, settled at what the provider says was used."""
    prices = {"price_cached": 100, "price_cache_write": 1250, "price_reasoning": 5000}
    step = {"price_above": 99, "price_in_above": 2000, "price_out_above": 8000}
    async with stage("p", dialect=dialect, endpoints={"p": CLOUD}, models={"p": {**prices, **step}}) as s:
        s["p"].plays(raw_stream(STEPPED[dialect]))
        heard = await s.ask(facts={"tokens": 100}, max_output=50)
        (intent,), (outcome,) = await s.audit("intent"), await s.audit("outcome")
    thought = 8 if dialect == "openai" else 0  # Anthropic does not tell them apart
    written = (10 - thought) * 8000 + thought * 10_000
    assert heard.answer.attempt.cost == 10 * 2000 + 60 * 200 + 30 * 2500 + written == outcome.cost
    assert intent.cost == 100 * 2500 + 50 * 10_000


def tight(calls: int) -> Callable[[Fleet], Fleet]:
    limit = calls * PRICE
    cap = Budget(name="cap", limit=limit, unit=BudgetUnit.NANO_USD, window=Window(calendar="day"))
    return lambda fleet: replace(fleet, budgets=(cap,))


@j.row("J11")
async def fifty_at_once_at_99_percent_never_overshoot(dialect: str) -> None:
    """Of a thousand calls' worth 990 are spent: ten of the fifty fit, and use it up."""
    async with stage("p", dialect=dialect, endpoints={"p": CLOUD}, change=tight(1000)) as s:
        await spend(s, 990 * PRICE, "cap")
        gate = asyncio.Event()
        s["p"].plays(held(gate, good(used=(11, 7))))
        asked = [asyncio.create_task(s.ask(facts={"tokens": 11}, max_output=7)) for _ in range(50)]
        await s.log.count(10)
        gate.set()
        heard = await asyncio.gather(*asked)
        usage = s.engine.snapshot.usage["cap"]
    assert len(s.called) == 10 == sum(isinstance(h.last, events.Answered) for h in heard)
    assert (usage.spent, usage.reserved) == (usage.limit, 0)


@j.row("J12")
async def no_usage_is_an_estimate_marked_and_never_below_the_truth(dialect: str) -> None:
    words = "It was the best of times, it was the worst of times. "
    async with stage("p", dialect=dialect, endpoints={"p": CLOUD}) as s:
        s["p"].plays(good(*[words] * 5, used=None))
        await s.ask(facts={"tokens": 50})
        (total,) = await s.store.totals(0)
    true_output = 5 * 14  # about what today's tokenizers make of it
    assert total.estimated == 1 and true_output <= total.output_tokens <= 1.6 * true_output


@j.row("J12-cut")
async def wherever_a_stream_is_cut_it_is_settled_at_or_above_its_true_cost(dialect: str) -> None:
    """Promise B3. The provider bills a token per piece; pieces are as long as English tokens are: 4.3 characters."""
    sizes = [4, 4, 5] * 40
    words = ["abcde"[:size] for size in sizes]
    ratios = []
    async with stage("p", "f", dialect=dialect, endpoints={"p": CLOUD}) as s:
        for sent in range(1, 121, 7):
            s["p"].plays(cut_after(*words[:sent]))
            heard = await s.ask(facts={"tokens": 11})
            s.clock.advance(200)
            cost = heard.attempts[0].cost
            true_cost = 11 * 1000 + sent * 4000
            assert cost is not None and cost >= true_cost and heard.attempts[0].outcome.usage.estimated  # type: ignore[union-attr]
            ratios.append(cost / true_cost)
    assert median(ratios) <= 1.25


@j.row("J14")
async def a_failed_attempt_before_success_is_paid_too(dialect: str) -> None:
    async with stage("p", "f", dialect=dialect, endpoints={"p": CLOUD, "f": CLOUD}, change=tight(100)) as s:
        s["p"].plays(cut_after("some words that were billed "))
        await s.ask(facts={"tokens": 20})
        totals = {t.model: t.nano_usd for t in await s.store.totals(0)}
        usage = s.engine.snapshot.usage["cap"]
    assert totals["p"] > 0 and totals["f"] == 11 * 1000 + 7 * 4000 and usage.spent == sum(totals.values())


@j.row("J14-refused")
async def what_was_never_sent_costs_nothing(dialect: str) -> None:
    async with stage("p", "f", dialect=dialect, endpoints={"p": CLOUD, "f": CLOUD}, change=tight(100)) as s:
        await s["p"].stop()
        await s.ask(facts={"tokens": 20})
        totals = {t.model: t for t in await s.store.totals(0)}
    assert (totals["p"].nano_usd, totals["p"].requests) == (0, 0) and totals["f"].nano_usd > 0


# --- several programs on one ledger --------------------------------------------------------------------------------


async def started(state: Path, url: str, dialect: str, requests: int, limit: int) -> asyncio.subprocess.Process:
    argv = [sys.executable, str(SPENDER), str(state), url, dialect, str(requests), str(limit)]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*argv, stdin=pipe, stdout=pipe)
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    return process


async def test_j_eight_processes_on_one_ledger_are_never_billed_more_than_the_cap(tmp_path: Path) -> None:
    """J11 across processes (promises B1): what the provider bills stays within the cap, and uses it up."""
    cap = 40 * PRICE + PRICE // 2
    billed = 0

    async def bill(reply: Reply) -> None:
        nonlocal billed
        billed += PRICE
        await good(used=(11, 7))(reply)

    async with upstreams(p="openai") as (log, servers):
        servers["p"].plays(bill)
        every = [started(tmp_path / "state", servers["p"].url, "openai", 8, cap) for _ in range(8)]
        processes = await asyncio.gather(*every)
        outputs = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))
    answered = sum(int(out) for out, _ in outputs)
    assert billed <= cap and billed == answered * PRICE == 40 * PRICE
    assert [process.returncode for process in processes] == [0] * 8


async def test_j_a_call_under_way_at_a_crash_is_charged_at_its_reserve_and_explained(tmp_path: Path) -> None:
    """Promises B2: killed with four calls open; the next start charges and explains each."""
    state, gate = tmp_path / "state", asyncio.Event()
    async with upstreams(p="openai") as (log, servers):
        servers["p"].plays(held(gate, good()))
        process = await started(state, servers["p"].url, "openai", 4, 100 * PRICE)
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        await log.count(4)
        process.send_signal(signal.SIGKILL)
        await process.wait()
        gate.set()
        budgeted = spender.fleet(servers["p"].url, "openai", 100 * PRICE)
        clock = StageClock()
        clock.at = time.time()
        async with stage("p", state=state, clock=clock, change=lambda _: budgeted) as s:
            rows = await s.audit("recovered")
            usage = s.engine.snapshot.usage[spender.BUDGET]
    assert (usage.spent, usage.reserved) == (4 * PRICE, 0)
    assert len(rows) == 4 and all("charged as reserved" in row.text and row.cost == PRICE for row in rows)
    assert all(json.loads(row.body)["rule"] == "crash-recovery" for row in rows)


@pytest.mark.parametrize(*j.cases)
async def test_j(scene: Scene, dialect: str) -> None:
    await scene(dialect)
