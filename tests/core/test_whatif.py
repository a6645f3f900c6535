"""What-if settings change the snapshot and nothing else."""

from __future__ import annotations

import pytest

from pointsman.core.conditions import parse_condition
from pointsman.core.request import Task
from pointsman.core.route import decide
from pointsman.core.snapshot import Snapshot
from pointsman.core.whatif import suppose
from support.fleets import ask, small_fleet

FLEET = small_fleet(queue_limit=3)
NOW = Snapshot(now=100.0)


@pytest.mark.parametrize(
    ("settings", "model"),
    [
        ({}, "opus"),
        ({"usage": "92"}, "flash"),
        ({"usage.cloud-day": "100%"}, "coder"),
        ({"down": "anthropic"}, "flash"),
        ({"down": "anthropic,deepseek"}, "coder"),
        ({"local_only": "true"}, "coder"),
        ({"usage": "100", "busy": "gpu"}, "coder"),
    ],
)
def test_the_same_pure_call_answers_what_if(settings: dict[str, str], model: str) -> None:
    assert decide(FLEET, ask(), Task(kind="reasoning"), suppose(NOW, FLEET, settings)).model == model


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"usag": "1"}, "did you mean 'usage'"),
        ({"usage": "many"}, "percentage"),
        ({"usage": "-1"}, "percentage"),
        ({"usage.x": "5"}, "cloud-day"),
        ({"down": "gpuu"}, "did you mean 'gpu'"),
        ({"local_only": "perhaps"}, "true or false"),
        ({"now": "tomorrow"}, "ISO 8601"),
        ({"vram_free": "3"}, "no machine figures"),
    ],
)
def test_a_wrong_setting_names_what_would_be_right(settings: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words.replace("(", "\\(")):
        suppose(NOW, FLEET, settings)


@pytest.mark.parametrize(
    ("written", "facts", "holds"),
    [
        (">500", {"x": 501}, True),
        (">500", {"x": 500}, False),
        (">=100k", {"x": 100_000}, True),
        ("<0.6", {"x": 0.59}, True),
        ("coding", {"x": "coding"}, True),
        (["a", "b"], {"x": "b"}, True),
        (["a", "b"], {"x": ("c", "a")}, True),
        (True, {"x": True}, True),
        (False, {"x": True}, False),
        (3, {"x": 3}, True),
        (">500", {"x": None}, False),
        ("coding", {}, False),
    ],
)
def test_a_condition_over_facts(written: object, facts: dict, holds: bool) -> None:  # type: ignore[type-arg]
    assert parse_condition("x", written).holds(facts) is holds


@pytest.mark.parametrize("written", [">many", [], [1], None, {}])
def test_a_malformed_condition_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match=".+"):
        parse_condition("x", written)
