"""A model's code is run where it can reach nothing, or not at all."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from pointsman.adapters.check import LocalChecker
from pointsman.adapters.code_judge import SandboxedJudge
from pointsman.core.grading import Code

DOUBLE = Code(function="double", tests="assert double(4) == 8\n")


def judge_of(**more: object) -> SandboxedJudge:
    """Limits alone: what sandboxes can do is `LocalChecker`'s to show."""
    numbers = itertools.count(1)
    return SandboxedJudge(LocalChecker(bwrap=""), lambda: f"mark-{next(numbers)}", **more)  # type: ignore[arg-type]


def block(code: str) -> str:
    return f"Here you are:\n```python\n{code}\n```"


@pytest.mark.parametrize(
    ("code", "passed", "why"),
    [
        ("def double(x):\n    return 2 * x", True, ""),
        ("def double(x):\n    return x", False, "exit 1: AssertionError"),
        ("def double(x):\n    return 2 * x\nif __name__ == '__main__':\n    raise SystemExit(3)", True, ""),
        ("import os\nos._exit(0)\ndef double(x): ...", False, "exit 0: no output"),
        ("import sys\nprint('mark-0')\nsys.exit(0)\ndef double(x): ...", False, "exit 0: mark-0"),
        ("def double(x)\n    return", False, "SyntaxError"),
    ],
)
async def test_only_code_whose_tests_ran_to_their_end_passes(code: str, passed: bool, why: str) -> None:
    verdict = await judge_of(unsandboxed=True).judge(DOUBLE, block(code))
    assert verdict.passed is passed and why in verdict.why


async def test_without_the_function_nothing_is_run() -> None:
    verdict = await judge_of(unsandboxed=True).judge(DOUBLE, "I would rather not.")
    assert (verdict.passed, verdict.why) == (False, "no function double in a code block")


async def test_without_a_sandbox_no_code_of_a_model_is_run(tmp_path: Path) -> None:
    judge, trace = judge_of(), tmp_path / "ran"
    problem = await judge.problem()
    assert problem is not None and problem.startswith("not run: NOT sandboxed, bubblewrap is not installed")
    verdict = await judge.judge(DOUBLE, block(f"open({str(trace)!r}, 'w')\ndef double(x):\n    return 2 * x"))
    assert verdict.passed is None and not trace.exists()


async def test_in_the_sandbox_code_passes_and_writes_nothing_outside(tmp_path: Path) -> None:
    judge, trace = SandboxedJudge(LocalChecker(), lambda: "mark"), tmp_path / "ran"
    if (problem := await judge.problem()) is not None:
        pytest.skip(problem)
    assert (await judge.judge(DOUBLE, block("def double(x):\n    return 2 * x"))).passed is True
    spying = await judge.judge(DOUBLE, block(f"open({str(trace)!r}, 'w')\ndef double(x):\n    return 2 * x"))
    assert spying.passed is False and not trace.exists()
