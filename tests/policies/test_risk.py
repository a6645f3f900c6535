"""Document 002 §7: what is high-risk is never missed, and what only sounds like it is left alone."""

import tomllib
from pathlib import Path

import pytest

from pointsman.core.classify import classify
from pointsman.core.request import Message, Request, Task

CASES = tomllib.loads((Path(__file__).parent / "risk_cases.toml").read_text(encoding="utf8"))
MOST_FALSE_ALARMS = 0.05


def task_of(text: str, **facts: object) -> Task:
    return classify(Request(id="r", messages=(Message(role="user", text=text),), facts=facts))  # type: ignore[arg-type]


@pytest.mark.parametrize("case", CASES["high"], ids=lambda case: case["text"])
def test_a_high_risk_change_is_seen_and_its_trigger_named(case: dict[str, str]) -> None:
    task = task_of(case["text"])
    assert task.high_risk, task
    assert case["code"] in task.risk
    assert any(each.fact == "risk" and case["code"] in each.why for each in task.evidence)


def test_there_are_enough_cases_to_mean_something() -> None:
    assert len(CASES["high"]) >= 60
    assert len(CASES["harmless"]) >= 60


def test_at_most_one_look_alike_in_twenty_raises_a_false_alarm() -> None:
    alarms = [case["text"] for case in CASES["harmless"] if task_of(case["text"]).high_risk]
    assert len(alarms) <= MOST_FALSE_ALARMS * len(CASES["harmless"]), alarms


def test_every_trigger_has_a_case() -> None:
    assert {case["code"] for case in CASES["high"]} >= {
        "auth", "crypto", "secrets", "money", "migration", "unsafe", "concurrency", "public-api", "routing-config", "build",
    }  # fmt: skip
