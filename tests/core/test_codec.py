"""Values as JSON and back: what comes back equals what went in, and a foreign shape is a ValueError."""

from __future__ import annotations

import json

import pytest

from pointsman.core.codec import decode, encode
from pointsman.core.fleet import Endpoint, Fleet
from pointsman.core.health import Breaker, BreakerState, Health, HealthState
from pointsman.core.outcome import Attempt, Cancelled, Completed, Failed, FailureKind, TokenUsage
from pointsman.core.request import Evidence, Task
from pointsman.core.snapshot import EndpointStatus, Gpu, HostSample, LoadedModel, Override, OverrideKind, Snapshot
from pointsman.core.usage import Usage

GOOD = Completed(finish_reason="stop", usage=TokenUsage(input=3, output=4))
SNAPSHOT = Snapshot(
    now=12.5,
    health={"a": Health(state=HealthState.DOWN, breaker=Breaker(state=BreakerState.OPEN, recent=((1.0, False),)))},
    status={"a": EndpointStatus(checked_at=1, available=frozenset({"x", "y"}), loaded=(LoadedModel(id="x"),))},
    usage={"b": Usage(budget="b", spent=1, limit=2)},
    host=HostSample(taken_at=2.0, gpus=(Gpu(index=0, name="G", throttled=()),), cores=(1.0, 2.5)),
    overrides=(Override(id="o", kind=OverrideKind.LOCAL_ONLY),),
)


def there_and_back(value):
    return decode(type(value), json.loads(json.dumps(encode(value))))


@pytest.mark.parametrize(
    "value",
    [
        SNAPSHOT,
        Snapshot(now=0),
        Attempt(model="m", endpoint="e", outcome=GOOD),
        Attempt(model="m", endpoint="e", outcome=Failed(kind=FailureKind.REFUSED, status=None), cost=0),
        Attempt(model="m", endpoint="e", outcome=Cancelled(reason="gone")),
        Task(paths=("a", "b"), evidence=(Evidence(fact="paths", value=("a", "b"), why="stated"),)),
    ],
)
def test_what_comes_back_equals_what_went_in(value):
    assert there_and_back(value) == value


def test_a_whole_configured_fleet_comes_back_equal():
    from pointsman.config import example_path, load

    fleet = load(example_path()).fleet
    assert there_and_back(fleet) == fleet


def test_what_holds_its_default_is_left_out():
    assert encode(Snapshot(now=1.0)) == {"now": 1.0}


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (Snapshot, []),
        (Snapshot, {}),
        (Snapshot, {"now": "noon"}),
        (Snapshot, {"now": 1.0, "unheard": 1}),
        (Snapshot, {"now": 1.0, "services": {"a": 1}}),
        (Usage, {"budget": "b", "spent": True, "limit": 1}),
        (Health, {"state": "splendid"}),
        (Endpoint, {"name": "a", "url": "b"}),
        (Fleet, {"policy": None}),
    ],
)
def test_a_foreign_shape_is_a_value_error(kind, told):
    with pytest.raises(ValueError):
        decode(kind, told)
