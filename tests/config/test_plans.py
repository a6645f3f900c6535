"""Plans, critic and the policy's version in configuration: read, checked, and reported in their place."""

from __future__ import annotations

from pathlib import Path

import pytest

from pointsman.config import ConfigError, load


@pytest.fixture
def written(tmp_path: Path):
    def write(text: str) -> Path:
        file = tmp_path / "config.toml"
        file.write_text(f'extends = "tiers"\n{text}')
        return file

    return write


ROUTE = '[[routes_before]]\nwhen = { kind = "coding" }\nworkflow = "plan"\nrole = '


def test_a_route_may_open_a_plan(written) -> None:
    """Its role says who plans."""
    route = load(written(f'{ROUTE}"specialist"\n')).fleet.routes[0]
    assert (route.role, route.workflow) == ("specialist", "plan")


WRONG = [
    (f'{ROUTE}"background"\n', "role background does not say who plans for it"),
    (f'{ROUTE}"specialist"\n'.replace('"plan"', '"vote"'), "expected one of plan"),
    ('[roles.background]\nplanned_by = "orchestrater"\n', "no such role: .*orchestrater"),
    ("critic = 1\n", "expected true or false"),
]


@pytest.mark.parametrize(("text", "told"), WRONG)
def test_a_plan_that_nobody_could_make_is_a_problem(written, text: str, told: str) -> None:
    """Each with its key."""
    with pytest.raises(ConfigError, match=told):
        load(written(text))


def test_the_critic_is_switched_by_its_flag(written) -> None:
    """Off, unless it is written."""
    assert load(written("")).fleet.critic is False
    assert load(written("critic = true\n")).fleet.critic is True


def test_the_version_is_the_policys_own(written) -> None:
    """Document 002 has one; a configuration of one's own may state another."""
    versions = {name: load(policy=name).fleet.version for name in ("roles", "default", "tiers")}
    assert versions == {"roles": "2.0.0", "default": "2.0.0", "tiers": None}
    assert load(written('policy_version = "2026.1"\n')).fleet.version == "2026.1"
