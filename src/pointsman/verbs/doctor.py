"""`doctor`: what is missing here, why it matters, and the exact command that mends it. Changes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import click

from pointsman.core.plain_text import one_line
from pointsman.verbs import documents, say
from pointsman.verbs.mistakes import DONE, FAILED
from pointsman.verbs.place import BadConfiguration, Place, as_json, place_options
from pointsman.verbs.run import run

if TYPE_CHECKING:
    from pointsman.adapters.doctor import Finding

_SIGNS = {"ok": "ok     ", "note": "note   ", "warning": "warning", "broken": "BROKEN "}


@click.command("doctor")
@as_json
@click.option("--quiet", is_flag=True, help="Leave out what is well.")
@place_options
@click.pass_obj
def doctor(place: Place, /, *, as_json: bool, quiet: bool) -> int:
    """Explain what is missing on this machine, and the command that mends it. Exit 1: something essential is broken."""
    from pointsman.adapters.doctor import Level, broken

    findings = run(_all(place))
    shown = [each for each in findings if not (quiet and each.level is Level.OK)]
    if as_json:
        say.document({"healthy": not broken(findings), "findings": [documents.values(each) for each in shown]})
    else:
        _show(shown, len(findings))
    return FAILED if broken(findings) else DONE


async def _all(place: Place) -> list[Finding]:
    found = [finding async for finding in _examine(place)]
    return sorted(found, key=lambda each: _ORDER.index(each.topic) if each.topic in _ORDER else len(_ORDER))


_ORDER = (
    *("python", "terminal", "tmux", "configuration", "state", "ledger", "sqlite", "clock", "keys", "endpoints"),
    *("discovered", "exposure", "ollama", "gpu", "systemd"),
)


async def _examine(place: Place) -> AsyncIterator[Finding]:
    from pointsman import wiring
    from pointsman.adapters.doctor.finding import failure, note, ok, warning

    async for finding in wiring.examine_machine(place.state_dir()):
        yield finding
    found = place.found()
    if found is None and place.policy is None:
        yield note(
            "configuration", f"there is none at {place.named_config()}; the simulated fleet is shown", "pointsman init"
        )
    try:
        settings = place.settings()
    except BadConfiguration as wrong:
        for problem in wrong.problems:
            yield failure("configuration", str(problem), "pointsman check")
        return
    if settings.warnings:
        more = f" (and {len(settings.warnings) - 1} more)" if len(settings.warnings) > 1 else ""
        yield warning("configuration", f"{settings.warnings[0]}{more}", "pointsman check")
    if found is not None:
        yield ok("configuration", f"{found} is good: {len(settings.fleet.models)} models")
        async for finding in wiring.examine_fleet(settings, place.state_dir()):
            yield finding
    else:
        async for finding in wiring.examine_servers():
            yield finding


def _show(findings: list[Finding], looked: int) -> None:
    topic = ""
    for each in findings:
        if each.topic != topic:
            topic = each.topic
            say.data(f"{topic}")
        say.data(f"  {_SIGNS[str(each.level)]}  {one_line(each.text)}")
        if each.mend is not None:
            say.data(f"           $ {one_line(each.mend)}")
    say.tell(f"{looked} things were looked at; nothing was changed")
