"""Every row of the checklist has a scenario here, or is named with the place where it is tested."""

from __future__ import annotations

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
LAST = {"A": 15, "B": 15, "C": 9, "D": 13, "E": 8, "F": 4, "G": 7, "H": 16, "I": 7, "J": 14, "N": 8}
ROWS = {f"{letter}{number}" for letter, last in LAST.items() for number in range(1, last + 1)}


def told_elsewhere(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in tree.body:
        target = (
            node.target
            if isinstance(node, ast.AnnAssign)
            else node.targets[0]
            if isinstance(node, ast.Assign)
            else None
        )
        if isinstance(target, ast.Name) and target.id == "NOT_HERE" and node.value is not None:  # type: ignore[union-attr]
            table = ast.literal_eval(node.value)  # type: ignore[union-attr]
            assert all(where for where in table.values())
            found |= set(table)
    return found


def covered(source: str) -> set[str]:
    """Rows named by `.row("A1")`, by a table's keys, or by the pattern of a row's id."""
    return set(re.findall(r'["(]f?"?([A-N]\d+)(?=["-])', source))


def test_every_row_is_here_or_says_where_it_is() -> None:
    here: set[str] = set()
    elsewhere: set[str] = set()
    for file in sorted(HERE.glob("test_[a-n]*_*.py")):
        source = file.read_text()
        elsewhere |= told_elsewhere(ast.parse(source))
        here |= covered(re.sub(r"NOT_HERE.*?\n}?\n", "", source, flags=re.DOTALL))
    assert ROWS - here - elsewhere == set()


def test_no_row_is_claimed_that_does_not_exist() -> None:
    for file in HERE.glob("test_[a-n]*_*.py"):
        names = {row.partition("-")[0] for row in told_elsewhere(ast.parse(file.read_text()))}
        assert names <= ROWS


def test_the_place_named_for_a_row_exists() -> None:
    for file in HERE.glob("test_[a-n]*_*.py"):
        for place in re.findall(r"tests/[\w/]+(?:\.py)?", file.read_text()):
            assert (HERE.parents[1] / place).exists(), place
