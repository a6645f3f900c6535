"""`init`: a first configuration: proposed from what is on this machine, or the commented example, or for a model file.
It is shown, and written on consent; another file is never written over, and with --force it is kept beside."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import click

from pointsman.core.plain_text import one_line
from pointsman.verbs import say
from pointsman.verbs.mistakes import DONE, Failure, Mistake
from pointsman.verbs.place import Place, as_json, place_options
from pointsman.verbs.run import run


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What would be written. `ask`: it was made up here, so its user sees it first."""

    text: str
    advice: str
    told: tuple[str, ...] = ()
    ask: bool = False


@click.command("init")
@click.option("--example", is_flag=True, help="Instead, the commented example: every key with its default.")
@click.option(
    "--gguf",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Instead, write a configuration that serves this model file itself.",
)
@click.option("--print", "--stdout", "shown", is_flag=True, help="Write it to standard output, not to a file.")
@click.option("--yes", is_flag=True, help="Write what is proposed without asking.")
@click.option("--force", is_flag=True, help="Also where a file is already; that one is kept beside, with its date.")
@as_json
@place_options
@click.pass_obj
def init(
    place: Place, /, *, example: bool, gguf: Path | None, shown: bool, yes: bool, force: bool, as_json: bool
) -> int:
    """Propose a configuration from what is on this machine, and write it.

    Servers on the usual ports with their models, the keys that are set (by name), and the GPUs are looked at; nothing
    is asked of a model and nothing is started. The file is readable by you alone.
    """
    draft = _draft(example, gguf)
    for line in draft.told:
        say.tell(line)
    if shown:
        say.data(draft.text, newline=False)
        return DONE
    target = place.named_config()
    if target.exists() and not force:
        raise Failure(f"{target} is already there; nothing was changed (--force keeps it beside, --print only shows)")
    if draft.ask and not yes and not _consents(draft, target):
        say.tell("nothing was written")
        return DONE
    kept = _keep(target)
    write(target, draft.text)
    _report(target, kept, draft, as_json)
    return DONE


def _draft(example: bool, gguf: Path | None) -> Draft:
    if example and gguf is not None:
        raise Mistake("--example and --gguf are two different configurations: state one of them")
    if gguf is not None:
        return _serving(gguf)
    if example:
        return _example()
    text, told = proposal()
    return Draft(text=text, told=told, advice="`pointsman doctor` says what is still missing", ask=True)


def proposal() -> tuple[str, tuple[str, ...]]:
    """The proposed configuration, and what was found, in sentences."""
    from pointsman import wiring

    return run(wiring.propose())


def _example() -> Draft:
    from pointsman.config import example_path

    advice = "edit it to describe your fleet, then run `pointsman check`"
    return Draft(text=example_path().read_text("utf-8"), advice=advice)


def _serving(file: Path) -> Draft:
    from pointsman.verbs.gguf import describe

    served = describe(file)
    start = f"start the model with `pointsman services start {served.name} --wait`, then `pointsman ask`"
    return Draft(text=served.text(), advice=start)


def _consents(draft: Draft, target: Path) -> bool:
    if not sys.stdin.isatty():
        raise Mistake("what is proposed is written on consent: --yes gives it, --print only shows")
    say.data(draft.text)
    return click.confirm(f"write this to {one_line(str(target))}?", err=True)


def _keep(target: Path) -> Path | None:
    """The file that is there, moved aside under a name with its date."""
    if not target.exists():
        return None
    stamp = time.strftime("%Y-%m-%dT%H%M%SZ", time.gmtime())
    kept = target.with_name(f"{target.name}.{stamp}")
    try:
        os.link(target, kept)  # fails if that name is taken, where a rename would write over it
        target.unlink()
    except OSError as error:
        raise Failure(f"{target} cannot be kept as {kept.name}: {error.strerror}; nothing was changed") from None
    return kept


def write(target: Path, text: str) -> None:
    """A new file, readable by its owner alone. Raises Failure."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise Failure(f"{target} is already there; nothing was changed") from None
    except OSError as error:
        raise Failure(f"{target} cannot be written: {error.strerror}") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(text.encode("utf-8"))


def _report(target: Path, kept: Path | None, draft: Draft, as_json: bool) -> None:
    if as_json:
        say.document({"written": str(target), **({} if kept is None else {"kept": str(kept)})})
        return
    if kept is not None:
        say.data(f"kept: {kept}")
    say.data(f"written: {target}")
    say.tell(draft.advice)
