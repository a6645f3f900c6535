"""`prove`: the program's promises, tried on this machine, each with what was tried, how often, and the figure."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from pointsman.core.plain_text import one_line
from pointsman.verbs import say
from pointsman.verbs.mistakes import DONE, FAILED, unknown
from pointsman.verbs.place import as_json

if TYPE_CHECKING:
    from pointsman.prove.check import Check, Result

_WORDS = {True: "held", False: "BROKEN", None: "could not run"}
_BAR = 24  # cells


@click.command("prove")
@click.argument("ids", nargs=-1)
@click.option("--services", is_flag=True, help="Also V2 and V3: starts processes and a transient unit of its own.")
@as_json
def prove(ids: Sequence[str], services: bool, as_json: bool) -> int:
    """Try the program's promises on this machine.

    All of them, or those named by IDS (A1 L2 ...), in under two minutes. Your configuration, ledger and endpoints are
    not touched. Exit 0: none is broken; 1: at least one is.
    """
    from pointsman.prove.run import CHECKS, WITH_SERVICES, run

    # Whoever names V2 or V3 asks for them.
    checks = _chosen(WITH_SERVICES if services or ids else CHECKS, ids)
    began = time.perf_counter()
    results = []
    for number, result in enumerate(run(checks, _progress(len(checks))), start=1):
        results.append(result)
        _show(result, as_json, number)
    _end_progress()
    seconds = time.perf_counter() - began
    held = [result for result in results if result.held]
    broken = [result for result in results if result.held is False]
    if as_json:
        documents = [_document(result) for result in results]
        say.document({"held": len(held), "broken": len(broken), "seconds": round(seconds, 1), "checks": documents})
    else:
        left = len(results) - len(held) - len(broken)
        say.data(f"{len(held)} held, {len(broken)} broken, {left} could not run here; {seconds:.0f} s")
    return FAILED if broken else DONE


def _chosen(checks: Sequence[Check], ids: Sequence[str]) -> Sequence[Check]:
    known = {check.id: check for check in checks}
    for name in ids:
        if name.upper() not in known:
            raise unknown("promise", name, known)
    return [known[name.upper()] for name in ids] or checks


def _progress(count: int) -> Callable[[Check], None]:
    """On a terminal, a bar that stays on one line of stderr; nothing otherwise."""
    begun = 0

    def begins(check: Check) -> None:
        nonlocal begun
        if sys.stderr.isatty():
            full = _BAR * begun // count
            bar = "#" * full + "." * (_BAR - full)
            click.echo(f"\r\x1b[K[{bar}] {begun}/{count} {check.id} {check.promise}"[:110], err=True, nl=False)
        begun += 1

    return begins


def _end_progress() -> None:
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", err=True, nl=False)


def _show(result: Result, as_json: bool, number: int) -> None:
    if as_json:
        return
    _end_progress()
    say.data(f"{result.id:4}{_WORDS[result.held]:14}{result.promise}")
    if result.held:
        say.data(f"      {result.tried}: {result.count:,}; {result.figure} ({result.seconds:.1f} s)")
    else:
        say.data(f"      {one_line(result.why)}")


def _document(result: Result) -> dict[str, object]:
    return {
        "id": result.id,
        "promise": result.promise,
        "held": result.held,
        "tried": result.tried,
        "count": result.count,
        "figure": result.figure,
        "why": result.why,
        "seconds": round(result.seconds, 2),
    }
