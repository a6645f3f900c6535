"""Runs a model's code against a task's assertions: in a directory of its own, by the checker's sandbox and limits.

Without a working sandbox nothing is run: code that nobody has read does not get the user's files and network.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from pointsman.core.checks import CheckLimits, CheckOrder, CheckRun
from pointsman.core.grading import Code
from pointsman.ports import Checker, CodeVerdict

LIMITS = CheckLimits(seconds=10.0, memory=1 << 30, file_size=1 << 20, processes=8, output=1 << 20)
_HERE = "import sys\nsys.path.insert(0, {!r})\n"


class SandboxedJudge:
    """`ports.CodeJudge` over a Checker. `new_mark` makes words that no answer can know: the tests print one at their
    very end, so that code which leaves early passes nothing."""

    def __init__(self, checker: Checker, new_mark: Callable[[], str], *, unsandboxed: bool = False) -> None:
        self._checker = checker
        self._new_mark = new_mark
        self._trusted = unsandboxed
        self._problem: str | None = None
        self._tried = False

    async def judge(self, code: Code, answer: str) -> CodeVerdict:
        mark = self._new_mark()
        program = code.program(answer, mark)
        if program is None:
            return CodeVerdict(passed=False, why=f"no function {code.function} in a code block")
        problem = await self.problem()
        if problem is not None:
            return CodeVerdict(passed=None, why=problem)
        run = await self._run(*program)
        if not run.started:
            return CodeVerdict(passed=None, why=run.problem or "could not be started")
        passed = run.passed and run.output.rstrip().endswith(mark)
        said = [line for line in run.output.strip().splitlines() if mark not in line]
        return CodeVerdict(passed=passed, why="" if passed else f"{run.ending()}: {said[-1] if said else 'no output'}")

    async def problem(self) -> str | None:
        """Found out by running nothing of a model's."""
        if not self._tried and not self._trusted:
            run = await self._run("", "")
            self._problem = None if run.sandboxed and run.passed else f"not run: {run.guarantee or run.problem}"
        self._tried = True
        return self._problem

    async def _run(self, module: str, program: str) -> CheckRun:
        with tempfile.TemporaryDirectory(prefix="pointsman-eval-") as directory:
            await asyncio.to_thread(_write, Path(directory), module, program)
            order = CheckOrder(argv=(sys.executable, "-I", "-B", "tests.py"), directory=directory)
            return await self._checker.run(order, LIMITS, "")


def _write(directory: Path, module: str, program: str) -> None:
    (directory / "answer.py").write_text(module, "utf-8", "replace")
    (directory / "tests.py").write_text(_HERE.format(str(directory)) + program, "utf-8")
