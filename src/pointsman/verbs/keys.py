"""`keys`: every key of the screen with its id, for `[ui.keymap]`, and what is wrong with the user's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import click

from pointsman import keymap
from pointsman.core.plain_text import one_line
from pointsman.verbs import say
from pointsman.verbs.mistakes import DONE, USAGE, Mistake
from pointsman.verbs.place import BadConfiguration, Place, as_json, place_options

PAGE = "The keys of the screen"


@click.command("keys")
@as_json
@click.option("--markdown", is_flag=True, help="As docs/keys.md has them: the keys as they are delivered.")
@place_options
@click.pass_obj
def keys(place: Place, /, *, as_json: bool, markdown: bool) -> int:
    """List every key of the screen by its id, as the configuration binds it.

    Exit 2 if the configuration's [ui.keymap] has problems.
    """
    if as_json and markdown:
        raise Mistake("--json and --markdown do not go together")
    if markdown:
        say.data(page(), newline=False)
        return DONE
    changed, wrong = _configured(place)
    if as_json:
        say.document({"keys": list(_documents(changed)), "problems": list(wrong)})
    else:
        _tables(changed)
        for text in wrong:
            say.tell(f"pointsman: {text}")
    return USAGE if wrong else DONE


def _configured(place: Place) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """The user's keymap; with what is wrong in it, none of it counts."""
    if place.found() is None:
        return {}, ()
    try:
        return place.settings().ui.keymap, ()
    except BadConfiguration as bad:
        about = [problem for problem in bad.problems if problem.key.startswith("ui.keymap")]
        return {}, tuple(one_line(str(problem)) for problem in about or bad.problems)


def _tables(changed: Mapping[str, str]) -> None:
    for place, (title, group) in enumerate(keymap.GROUPS.items()):
        if place:
            say.data("")
        say.data(title)
        say.table(("KEYS", "ID", "WHAT"), [_row(entry, changed) for entry in group])


def _row(entry: keymap.Key, changed: Mapping[str, str]) -> tuple[str, str, str]:
    own = "  (yours)" if entry.id in changed else ""
    return keymap.shown(entry, changed), entry.id, entry.title + own


def _documents(changed: Mapping[str, str]) -> Iterator[dict[str, object]]:
    for title, group in keymap.GROUPS.items():
        for entry in group:
            yield {
                "id": entry.id,
                "keys": list(keymap.keys_of(entry, changed)),
                "default": entry.keys.split(","),
                "title": entry.title,
                "where": title,
            }


def page() -> str:
    """docs/keys.md."""
    lines = [
        f"# {PAGE}\n",
        "Made by `pointsman keys --markdown`; a test holds this page to the program. `[ui.keymap]` in a configuration",
        'binds any id to another key (`zoom = "ctrl+g"`), to several (`zoom = "z,f5"`) or to none (`zoom = "none"`).',
        "An unknown id, a key that does not exist and two actions on one key are errors of `pointsman check`, by line.",
        "Arrows, page keys and the mouse work in every list besides; a key that the screen names can be clicked.",
    ]
    for title, group in keymap.GROUPS.items():
        lines += ["", f"## {title}", "", "| keys | id | what it does |", "| --- | --- | --- |"]
        lines += [f"| {_code(entry)} | `{entry.id}` | {entry.title} |" for entry in group]
    return "\n".join(lines) + "\n"


def _code(entry: keymap.Key) -> str:
    return " ".join(f"`{keymap.spelled(key)}`" for key in entry.keys.split(","))
