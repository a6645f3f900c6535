"""`spec`: the override block of document 002 §8 in specs: checked by line, or written without touching other text."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import click

from pointsman.core.spec import ROLES, Answers, Open, Problem, check, stamp
from pointsman.verbs import say
from pointsman.verbs.mistakes import DONE, FAILED, Failure, Mistake
from pointsman.verbs.place import Place, as_json_lines, place_options

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group("spec")
def spec() -> None:
    """Check the override block of specs, or write it.

    What it holds is policy document 002's §8.
    """


@spec.command("check")
@click.argument("files", nargs=-1, required=True, type=_FILE)
@as_json_lines
@place_options
@click.pass_obj
def check_specs(place: Place, /, *, files: tuple[Path, ...], as_json: bool) -> int:
    """Check that each of FILES carries the policy's override block.

    One line for each problem, FILE:LINE first. Exit 0: all comply; 1: some do not.
    """
    version = _version(place)
    found = [(file, problem) for file in files for problem in check(_text(file), version)]
    for file, problem in found:
        _show(file, problem, as_json)
    if not as_json:
        say.tell(f"{len(found)} problem(s) in {len(files)} file(s), policy version {version}")
    return FAILED if found else DONE


@spec.command("stamp")
@click.argument("file", type=_FILE)
@click.option("--role", "roles", multiple=True, type=click.Choice(tuple(ROLES)), help="A role that the spec exercises.")
@click.option("--infra/--full", default=None, help="The infrastructure-only form, or the full one.")
@click.option("--hr/--no-hr", default=None, help="Whether the change is high-risk.")
@click.option("--local-only/--no-local-only", default=None, help="Whether all cloud calls are forbidden.")
@click.option("--override", "overrides", multiple=True, help="An override, which must be rare.")
@place_options
@click.pass_obj
def stamp_spec(
    place: Place,
    /,
    *,
    file: Path,
    roles: tuple[str, ...],
    infra: bool | None,
    hr: bool | None,
    local_only: bool | None,
    overrides: tuple[str, ...],
) -> int:
    """Write the override block into FILE, or bring it up to the policy's version.

    What the block says is kept unless an option says otherwise, and no other line is touched. Exit 1: the block would
    not comply, and nothing was written.
    """
    version, text = _version(place), _text(file)
    answers = Answers(
        infra=infra,
        roles=frozenset(roles) if roles else None,
        high_risk=hr,
        local_only=local_only,
        overrides=tuple(" ".join(one.split()) for one in overrides) if overrides else None,
    )
    try:
        stamped = stamp(text, version, answers)
    except Open as still:
        return _refused(file, still.problems)
    problems = check(stamped, version)
    if problems:
        return _refused(file, problems)
    if stamped == text:
        say.data(f"{file}: up to date with policy version {version}")
        return DONE
    _replace(file, stamped)
    say.data(f"{file}: stamped with policy version {version}")
    return DONE


def _version(place: Place) -> str:
    fleet = place.settings().fleet
    if fleet.version is None:
        raise Mistake(f"policy {fleet.policy} has no version for specs to name: --policy roles has one")
    return fleet.version


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8")
    except OSError as error:
        raise Mistake(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise Mistake(f"{file} is not UTF-8 text (byte {error.start})") from None


def _show(file: Path, problem: Problem, as_json: bool) -> None:
    if as_json:
        say.line({"file": str(file), "line": problem.line, "problem": problem.text})
    else:
        say.data(f"{file}:{problem.line}: {problem.text}")


def _refused(file: Path, problems: tuple[Problem, ...]) -> int:
    for problem in problems:
        _show(file, problem, False)
    say.tell(f"{file} was not changed")
    return FAILED


def _replace(file: Path, text: str) -> None:
    """All of the new text or all of the old: written beside the file, then put in its place with its mode."""
    target = file.resolve()
    try:
        mode = target.stat().st_mode & 0o7777
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(descriptor, "wb") as beside:
                beside.write(text.encode("utf-8"))
                beside.flush()
                os.fsync(beside.fileno())
            os.chmod(name, mode)
            os.replace(name, target)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise Failure(f"{file} cannot be written: {error.strerror}; it was not changed") from None
