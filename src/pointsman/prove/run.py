"""Runs the checks, one after another, each in a directory of its own, and says what came of each."""

from __future__ import annotations

import asyncio
import inspect
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pointsman.prove import (
    accounts,
    audit,
    budget,
    endurance,
    local,
    screen,
    secrets,
    services,
    streams,
    terminal,
    trouble,
    units,
    verifier,
)
from pointsman.prove.check import Broken, Check, CouldNotRun, Result, Tried

_GROUPS = (
    audit,
    verifier,
    trouble,
    budget,
    accounts,
    streams,
    endurance,
    terminal,
    screen,
    services,
    secrets,
    local,
)
_ORDER = "ABCTSVL"  # audit, budget, streams, terminal, secrets, services, local_only: as promises are numbered


def _numbered(check: Check) -> tuple[int, int]:
    return _ORDER.index(check.id[0]), int(check.id[1:])


CHECKS: tuple[Check, ...] = tuple(sorted((check for group in _GROUPS for check in group.CHECKS), key=_numbered))
WITH_SERVICES: tuple[Check, ...] = tuple(sorted((*CHECKS, *units.CHECKS), key=_numbered))  # only when asked for
SECONDS = 120.0  # for any one check
_OURS = ("POINTSMAN_CONFIG", "POINTSMAN_STATE", "POINTSMAN_ANCHOR", "POINTSMAN_SECRETS")


def run(checks: Iterable[Check], begins: Callable[[Check], None] = lambda _: None) -> Iterator[Result]:
    """One result per check, as soon as it is there. The user's own files are out of reach meanwhile."""
    for check in checks:
        begins(check)
        with tempfile.TemporaryDirectory(prefix="pointsman-prove-") as home, _own_home(Path(home)):
            yield _result(check, Path(home))


def _result(check: Check, home: Path) -> Result:
    began = time.perf_counter()
    held: bool | None = True
    tried, why = Tried(tried="", count=0, figure=""), ""
    try:
        tried = _tried(check, home)
    except CouldNotRun as reason:
        held, why = None, str(reason)
    except Broken as reason:
        held, why = False, str(reason)
    except Exception as error:  # noqa: BLE001 - a check that fails in an unforeseen way has not shown its promise
        held, why = False, f"{type(error).__name__}: {error}"
    return Result(
        id=check.id,
        promise=check.promise,
        held=held,
        tried=tried.tried,
        count=tried.count,
        figure=tried.figure,
        why=why,
        seconds=time.perf_counter() - began,
    )


def _tried(check: Check, home: Path) -> Tried:
    answer = check.run(home)
    if not inspect.isawaitable(answer):
        return answer

    async def waited() -> Tried:
        async with asyncio.timeout(SECONDS):
            return await answer

    return asyncio.run(waited())


@contextmanager
def _own_home(home: Path) -> Iterator[None]:
    """No configuration, state, anchor or key file but the check's own."""
    before = dict(os.environ)
    for name in _OURS:
        os.environ.pop(name, None)
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"):
        os.environ[name] = str(home / "user")
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
