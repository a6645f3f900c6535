"""Makes the engine's Request of what stands on a command line: words, standard input, pictures, facts, wishes."""

from __future__ import annotations

import base64
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from pointsman.core.conditions import FactValue
from pointsman.core.fleet import Fleet
from pointsman.core.request import Image, Message, Request
from pointsman.verbs.facts import facts_from_words
from pointsman.verbs.mistakes import Mistake, unknown

F = TypeVar("F", bound=Callable[..., Any])

LARGEST_PICTURE = 20 * 1024 * 1024  # bytes; no endpoint takes more
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
)

_OPTIONS: tuple[Callable[[Any], Any], ...] = (
    click.argument("text", nargs=-1),
    click.option("--fact", "facts", multiple=True, metavar="K=V", help="State a fact instead of having it inferred."),
    click.option("--image", "images", multiple=True, type=click.Path(path_type=Path), help="A picture to send along."),
    click.option("--pin", metavar="MODEL", help="This model and no other."),
    click.option("--prefer", metavar="MODEL", help="This model first; others may follow."),
    click.option("--no-fallback", is_flag=True, help="Ask one model only."),
    click.option("--max-output", type=click.IntRange(min=1), metavar="N", help="At most this many tokens of answer."),
)


def asking_options(command: F) -> F:
    """Adds TEXT and everything that says how it is to be asked."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def prompt(words: Sequence[str]) -> str:
    """The prompt; a lone `-` reads standard input."""
    if tuple(words) == ("-",):
        return sys.stdin.buffer.read().decode("utf-8", "replace")
    text = " ".join(words)
    # Bytes of the command line that are no UTF-8 arrive as lone surrogates, which no request can carry.
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def build_request(
    request_id: str,
    words: Sequence[str],
    fleet: Fleet,
    *,
    facts: Sequence[str] = (),
    images: Sequence[Path] = (),
    pin: str | None = None,
    prefer: str | None = None,
    no_fallback: bool = False,
    max_output: int | None = None,
) -> Request:
    """Raises Mistake for an unknown model, role or fact, an unreadable picture, or no text at all."""
    text = prompt(words)
    pictures = tuple(read_picture(path) for path in images)
    if not text.strip() and not pictures:
        raise Mistake("no prompt: give the text as arguments, or - to read it from standard input")
    return Request(
        id=request_id,
        messages=(Message(role="user", text=text, images=pictures),),
        facts=known_names(fleet, facts_from_words(facts)),
        pin=known_model(fleet, pin),
        prefer=known_model(fleet, prefer),
        allow_fallback=not no_fallback,
        max_output=max_output,
    )


def known_model(fleet: Fleet, name: str | None) -> str | None:
    """The model's own name. Raises Mistake with the nearest one."""
    if name is None:
        return None
    model = fleet.find(name)
    if model is None:
        aliases = (alias for each in fleet.models.values() for alias in each.aliases)
        raise unknown("model", name, (*fleet.models, *aliases))
    return model.name


def known_names(fleet: Fleet, facts: Mapping[str, FactValue]) -> Mapping[str, FactValue]:
    """The facts, if the role and the model they name exist."""
    role, job_model = facts.get("role"), facts.get("job_model")
    if role is not None and role not in fleet.roles:
        raise unknown("role", str(role), fleet.roles)
    if job_model is not None:
        known_model(fleet, str(job_model))
    return facts


def read_picture(path: Path) -> Image:
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST_PICTURE + 1)
    except OSError as error:
        raise Mistake(f"picture {path} cannot be read: {error.strerror}") from None
    if len(raw) > LARGEST_PICTURE:
        raise Mistake(f"picture {path} is larger than {LARGEST_PICTURE // 1024**2} MiB")
    return Image(media_type=_media_type(path, raw), data=base64.b64encode(raw).decode())


def _media_type(path: Path, raw: bytes) -> str:
    """By its first bytes: names lie, and endpoints look at the bytes."""
    for magic, media_type in _MAGIC:
        if raw.startswith(magic):
            return media_type
    if raw[:4] == b"RIFF" and raw[8:12] == b"WEBP":
        return "image/webp"
    raise Mistake(f"{path} is no PNG, JPEG, GIF or WebP picture")
