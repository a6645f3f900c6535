"""What follows an attempt: scenarios.md A, B, C, E, H as tables."""

from __future__ import annotations

import pytest

from pointsman.core.after import Done, Rules, Step, Stop, Try, after
from pointsman.core.decision import Decision, Rung
from pointsman.core.fleet import Locality, OnCut
from pointsman.core.outcome import Attempt, Cancelled, Completed, Failed, FailureKind, TokenUsage
from pointsman.core.request import Task

K = FailureKind


def decision(*names: str, contexts: dict[str, int] | None = None, endpoints: dict[str, str] | None = None) -> Decision:
    rungs = tuple(
        Rung(
            model=name,
            endpoint=(endpoints or {}).get(name, f"{name}-ep"),
            locality=Locality.LOCAL,
            why="because",
            context=(contexts or {}).get(name),
        )
        for name in names
    )
    return Decision(
        id="d", policy="p", policy_rev="r", request="q", task=Task(), role="x", rule="y", rule_why="z",
        band="normal", usage=None, ladder=rungs, rejected=(), blocked=None if rungs else "nobody may",
    )  # fmt: skip


def failed(model: str, kind: K, *, started: float = 0.0, at: str | None = None, **more: object) -> Attempt:
    return Attempt(model=model, endpoint=at or f"{model}-ep", started=started, outcome=Failed(kind=kind, **more))


def step(d: Decision, *attempts: Attempt, now: float = 1.0, jitter: float = 0.5, rules: Rules | None = None) -> Step:
    return after(d, attempts, now, jitter, rules or Rules())


ABC = decision("a", "b", "c")
MOVES = [
    ("nothing tried yet: the first rung", (), ("a", 0.0)),
    ("a refused connection falls back at once", (failed("a", K.REFUSED),), ("b", 0.0)),
    ("a first-token timeout falls back at once", (failed("a", K.FIRST_TOKEN_TIMEOUT),), ("b", 0.0)),
    ("a 500 is retried once, quickly", (failed("a", K.SERVER_ERROR, status=500),), ("a", 0.125)),
    ("a second 500 falls back", (failed("a", K.SERVER_ERROR), failed("a", K.SERVER_ERROR)), ("b", 0.0)),
    ("a reset before the first byte is retried once", (failed("a", K.STREAM_CUT),), ("a", 0.125)),
    ("a cut after shown text is answered afresh by the next", (failed("a", K.STREAM_CUT, shown=True),), ("b", 0.0)),
    ("a 429 for 2 s is waited for", (failed("a", K.RATE_LIMITED, retry_after=2.0),), ("a", 2.0)),
    ("a 429 for 20 s falls back now", (failed("a", K.RATE_LIMITED, retry_after=20.0),), ("b", 0.0)),
    ("a 429 that says nothing gets one jittered retry", (failed("a", K.RATE_LIMITED),), ("a", 0.9)),
    ("and then falls back", (failed("a", K.RATE_LIMITED), failed("a", K.RATE_LIMITED)), ("b", 0.0)),
    ("a wrong key is not retried", (failed("a", K.AUTH),), ("b", 0.0)),
    ("a missing model is not retried", (failed("a", K.MODEL_MISSING),), ("b", 0.0)),
    ("an out-of-memory is not retried there", (failed("a", K.OUT_OF_MEMORY),), ("b", 0.0)),
    ("an empty answer falls back", (failed("a", K.EMPTY),), ("b", 0.0)),
    ("a loading server is waited for", (failed("a", K.LOADING),), ("a", 0.5)),
    ("the whole chain in its order", (failed("a", K.REFUSED), failed("b", K.QUOTA)), ("c", 0.0)),
    ("our own budget's no leads on", (failed("a", K.BUDGET),), ("b", 0.0)),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "attempts", "expected"), MOVES, ids=[m[0] for m in MOVES])
def test_move(rule: str, attempts: tuple[Attempt, ...], expected: tuple[str, float]) -> None:
    following = step(ABC, *attempts)
    assert isinstance(following, Try)
    assert (following.rung.model, pytest.approx(following.delay)) == expected


STOPS = [
    ("our own bad request is shown, nobody else is asked", (failed("a", K.BAD_REQUEST, detail="no"),), "bad_request"),
    ("a refusal is an answer", (failed("a", K.REFUSAL),), "refusal"),
    ("everybody failed", tuple(failed(n, K.REFUSED) for n in "abc"), "refused"),
]


@pytest.mark.parametrize(("rule", "attempts", "code"), STOPS, ids=[s[0] for s in STOPS])
def test_stop(rule: str, attempts: tuple[Attempt, ...], code: str) -> None:
    following = step(ABC, *attempts)
    assert isinstance(following, Stop)
    assert following.code == code


def test_exhaustion_names_every_model_and_reason() -> None:
    following = step(ABC, failed("a", K.REFUSED), failed("b", K.QUOTA, detail="no money"), failed("c", K.EMPTY))
    assert isinstance(following, Stop)
    assert all(part in following.why for part in ("a: refused", "b: quota (no money)", "c: empty"))


def test_exhaustion_by_rate_limits_tells_the_earliest_time() -> None:
    attempts = [failed(n, K.RATE_LIMITED, retry_after=wait) for n, wait in zip("abc", (90.0, 40.0, 60.0), strict=True)]
    following = step(ABC, *attempts)
    assert isinstance(following, Stop) and following.retry_after == 40.0


def test_the_last_one_left_is_waited_for_up_to_thirty_seconds() -> None:
    alone = decision("a")
    waited = step(alone, failed("a", K.RATE_LIMITED, retry_after=25.0))
    assert isinstance(waited, Try) and waited.delay == 25.0
    assert isinstance(step(alone, failed("a", K.RATE_LIMITED, retry_after=31.0)), Stop)


def test_loading_ends_with_the_load_budget() -> None:
    late = step(ABC, failed("a", K.LOADING, started=0.0), now=181.0)
    assert isinstance(late, Try) and late.rung.model == "b"


def test_an_overflow_only_goes_to_a_larger_window() -> None:
    d = decision("a", "b", "c", contexts={"a": 8000, "b": 4000, "c": 32000})
    following = step(d, failed("a", K.CONTEXT_OVERFLOW))
    assert isinstance(following, Try) and following.rung.model == "c"


def test_another_model_of_a_refusing_endpoint_is_not_asked() -> None:
    d = decision("a", "b", "c", endpoints={"a": "one", "b": "one"})
    following = step(d, failed("a", K.REFUSED, at="one"))
    assert isinstance(following, Try) and following.rung.model == "c"


def test_a_role_may_stop_at_a_cut_and_offer_the_next() -> None:
    following = step(ABC, failed("a", K.STREAM_CUT, shown=True), rules=Rules(on_cut=OnCut.STOP))
    assert isinstance(following, Stop) and following.offer == "b"


def test_a_role_may_fall_back_on_refusals() -> None:
    following = step(ABC, failed("a", K.REFUSAL), rules=Rules(fall_back_on_refusal=True))
    assert isinstance(following, Try) and following.rung.model == "b"


@pytest.mark.parametrize("outcome", [Completed(finish_reason="stop", usage=TokenUsage()), Cancelled()])
def test_an_answer_or_a_cancel_ends_it(outcome: Completed | Cancelled) -> None:
    assert isinstance(step(ABC, Attempt(model="a", endpoint="a-ep", outcome=outcome)), Done)


def test_an_empty_ladder_is_blocked_with_the_decision_s_reason() -> None:
    following = step(decision())
    assert isinstance(following, Stop) and following.why == "nobody may"


def test_a_chain_always_ends() -> None:
    """Whatever fails how often, the walk is finite: at most a retry each, and loading is bounded by its budget."""
    for kind in K:
        attempts: list[Attempt] = []
        now = 0.0
        for _ in range(500):
            following = after(ABC, attempts, now, 1.0, Rules())
            if not isinstance(following, Try):
                break
            now += following.delay + 0.1
            attempts.append(failed(following.rung.model, kind, started=now))
        else:
            pytest.fail(f"{kind} never ends")
