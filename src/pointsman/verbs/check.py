"""`check`: is the configuration usable? Every problem at once."""

from __future__ import annotations

import click

from pointsman.core.plain_text import one_line
from pointsman.verbs import say
from pointsman.verbs.mistakes import DONE, USAGE
from pointsman.verbs.place import BadConfiguration, Place, as_json, place_options


@click.command("check")
@as_json
@place_options
@click.pass_obj
def check(place: Place, /, *, as_json: bool) -> int:
    """Check the configuration. Exit 0: usable; 2: problems, each with its place."""
    try:
        settings = place.settings()
    except BadConfiguration as wrong:
        return _problems(place, wrong, as_json)
    fleet = settings.fleet
    counts = {"endpoints": len(fleet.endpoints), "models": len(fleet.models), "roles": len(fleet.roles)}
    if as_json:
        known = {"ok": True, "source": settings.source, "policy": fleet.policy, "policy_rev": fleet.revision}
        say.document(known | counts | {"problems": [], "warnings": _documents(settings.warnings)})
        return DONE
    for warning in settings.warnings:
        say.data(f"warning: {warning}")
    figures = ", ".join(f"{number} {what}" for what, number in counts.items())
    say.data(f"{settings.source}: good; policy {fleet.policy} ({fleet.revision}), {figures}")
    return DONE


def _problems(place: Place, wrong: BadConfiguration, as_json: bool) -> int:
    if as_json:
        found = place.found()
        source = None if found is None else str(found)
        say.document({"ok": False, "source": source, "problems": _documents(wrong.problems), "warnings": []})
    else:
        for problem in wrong.problems:
            say.data(one_line(str(problem)))
        say.tell(f"{len(wrong.problems)} problem(s)")
    return USAGE


def _documents(problems: object) -> object:
    from pointsman.verbs.documents import values

    return values(problems)
