"""`init`: writes the commented example as the user's own configuration. Never overwrites."""

from __future__ import annotations

import os
from pathlib import Path

import click

from pointsman.verbs import say
from pointsman.verbs.mistakes import DONE, Failure
from pointsman.verbs.place import Place, as_json, place_options


@click.command("init")
@click.option(
    "--gguf",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Instead, write a configuration that serves this model file itself.",
)
@click.option("--print", "shown", is_flag=True, help="Write it to standard output, not to a file.")
@as_json
@place_options
@click.pass_obj
def init(place: Place, /, *, gguf: Path | None, shown: bool, as_json: bool) -> int:
    """Write the commented example configuration, readable by you alone."""
    content, advice = _example() if gguf is None else _serving(gguf)
    if shown:
        say.data(content.decode("utf-8"), newline=False)
        return DONE
    target = place.named_config()
    _write(target, content)
    if as_json:
        say.document({"written": str(target)})
    else:
        say.data(f"written: {target}")
        say.tell(advice)
    return DONE


def _example() -> tuple[bytes, str]:
    from pointsman.config import example_path

    return example_path().read_bytes(), "edit it to describe your fleet, then run `pointsman check`"


def _serving(file: Path) -> tuple[bytes, str]:
    from pointsman.verbs.gguf import describe

    served = describe(file)
    start = f"start the model with `pointsman services start {served.name} --wait`, then `pointsman ask`"
    return served.text().encode("utf-8"), start


def _write(target: Path, content: bytes) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Failure(f"{target} is already there; nothing was changed") from None
    except OSError as error:
        raise Failure(f"{target} cannot be written: {error.strerror}") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
