"""docs/policy.md says what the policy does: its tables are those that the TOML and the code give today."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from pointsman.config import load
from pointsman.core.route import CHECKS
from pointsman.core.rules import Code

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def builder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_policy_tables", DOCS / "build_policy_tables.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tables_are_current(builder: ModuleType) -> None:
    """If this fails: python docs/build_policy_tables.py."""
    page = (DOCS / "policy.md").read_text("utf-8")
    assert builder.rendered(page) == page


def test_every_rejection_code_stands_in_the_table_of_checks(builder: ModuleType) -> None:
    """A code that no check gives would be a rule that the page does not explain."""
    told = {code for codes, _ in builder.CHECK_WORDS.values() for code in codes.split(", ")}
    assert told == {str(code) for code in Code}
    assert builder.CHECK_WORDS.keys() == {check.__name__ for check in CHECKS}


def test_every_route_and_role_of_the_policy_is_on_the_page() -> None:
    """By name."""
    page, fleet = (DOCS / "policy.md").read_text("utf-8"), load(policy="default").fleet
    missing = [name for name in (*fleet.roles, *(route.name for route in fleet.routes)) if f"`{name}`" not in page]
    assert missing == []


def test_a_marker_without_a_table_is_reported(builder: ModuleType) -> None:
    """Renaming a marker must not leave an old table on the page."""
    page = (
        (DOCS / "policy.md")
        .read_text("utf-8")
        .replace("begin: bands", "begin: curve")
        .replace("end: bands", "end: curve")
    )
    with pytest.raises(KeyError, match="curve"):
        builder.rendered(page)
