"""`init`: writes the commented example as the user's own configuration. Never overwrites."""

from __future__ import annotations

import os
from pathlib import Path

import click

from pointsman.verbs import say
from pointsman.verbs.mistakes import DONE, Failure
from pointsman.verbs.place import Place, as_json, place_options


@click.command("init")
@as_json
@place_options
@click.pass_obj
def init(place: Place, /, *, as_json: bool) -> int:
    """Write the commented example configuration, readable by you alone."""
    target = place.named_config()
    _write(target)
    if as_json:
        say.document({"written": str(target)})
    else:
        say.data(f"written: {target}")
        say.tell("edit it to describe your fleet, then run `pointsman check`")
    return DONE


def _write(target: Path) -> None:
    from pointsman.config import example_path

    example = example_path().read_bytes()
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Failure(f"{target} is already there; nothing was changed") from None
    except OSError as error:
        raise Failure(f"{target} cannot be written: {error.strerror}") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(example)
