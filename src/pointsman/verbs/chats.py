"""`chats`: the conversations that the screen kept. Reads and deletes; looking creates nothing.

Whatever they say was written by people and models: text is cleaned for the terminal, JSON has it as it is kept.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pointsman.core import chats as kept_chats
from pointsman.core.chats import HIT_BEGINS, HIT_ENDS, ChatFound, ChatHead
from pointsman.core.plain_text import one_line
from pointsman.verbs import say
from pointsman.verbs.mistakes import DONE, Failure, Mistake
from pointsman.verbs.place import Place, as_json, as_json_lines, place_options
from pointsman.verbs.run import run

if TYPE_CHECKING:
    from pointsman.core.chats import Chat
    from pointsman.ports import Chats

T = TypeVar("T")
_ALL = 1_000_000


@click.group("chats")
def chats() -> None:
    """List, show, search, export and delete the screen's conversations."""


@chats.command("list")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="The last changed so many.")
@as_json_lines
@place_options
@click.pass_obj
def list_(place: Place, /, *, limit: int, as_json: bool) -> int:
    """List the kept conversations, the last changed first."""
    heads = _ask(place, lambda kept: kept.heads(limit))
    _print_heads([ChatFound(head=head) for head in heads], as_json, "no conversation is kept")
    return DONE


@chats.command("search")
@click.argument("words", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many.")
@as_json_lines
@place_options
@click.pass_obj
def search(place: Place, /, *, words: tuple[str, ...], limit: int, as_json: bool) -> int:
    """Find conversations in which every one of WORDS begins a word of the title, a prompt or an answer."""
    found = _ask(place, lambda kept: kept.search(" ".join(words), limit))
    _print_heads(list(found), as_json, "nothing found")
    return DONE


@chats.command("show")
@click.argument("chat")
@as_json
@place_options
@click.pass_obj
def show(place: Place, /, *, chat: str, as_json: bool) -> int:
    """Show the conversation CHAT: its id, or enough of the id's end."""
    found = _ask(place, lambda kept: _open(kept, chat))
    if as_json:
        say.document({**_head(found.head), "messages": [kept_chats.document(turn) for turn in found.turns]})
    else:
        say.data(kept_chats.as_markdown(found.head.title, found.turns), newline=False)
    return DONE


@chats.command("export")
@click.argument("chat")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.option(
    "--format", "ending", type=click.Choice(list(kept_chats.FORMATS)), default="md", show_default=True, help="Of FILE."
)
@place_options
@click.pass_obj
def export(place: Place, /, *, chat: str, file: Path | None, ending: str) -> int:
    """Write the conversation CHAT to FILE, which only you can read, or to stdout."""
    found = _ask(place, lambda kept: _open(kept, chat))
    if ending == "jsonl":
        text = kept_chats.as_jsonl(found.turns)
    else:
        text = kept_chats.as_markdown(found.head.title, found.turns)
    if file is None:
        say.raw(text)
        return DONE
    _write(file, text)
    say.tell(f"wrote {file}")
    return DONE


@chats.command("delete")
@click.argument("chat")
@click.option("--yes", is_flag=True, help="Do not ask.")
@place_options
@click.pass_obj
def delete(place: Place, /, *, chat: str, yes: bool) -> int:
    """Delete the conversation CHAT for good. Its audit lines stay: they hold no word of it."""
    head = _ask(place, lambda kept: _open(kept, chat)).head
    if not yes:
        click.confirm(f"delete “{one_line(head.title)}”, {head.turns} turns, for good?", abort=True, err=True)
    _ask(place, lambda kept: kept.delete(head.id))
    say.tell(f"deleted {head.id}")
    return DONE


def _ask(place: Place, question: Callable[[Chats], Awaitable[T]]) -> T:
    async def asked() -> T:
        from pointsman import wiring

        async with wiring.open_chats(place.state_dir()) as kept:
            return await question(kept)

    return run(asked())


async def _open(kept: Chats, named: str) -> Chat:
    """By its whole id, or by the end of it where only one ends so."""
    ids = [head.id for head in await kept.heads(_ALL)]
    fitting = [known for known in ids if known == named] or [known for known in ids if named and known.endswith(named)]
    if len(fitting) > 1:
        raise Mistake(f"{len(fitting)} conversations end in {named!r}: give more of the id")
    if not fitting:
        raise Mistake(f"no conversation {named!r}; `pointsman chats list` shows the ids")
    return await kept.open(fitting[0])


def _head(head: ChatHead) -> dict[str, Any]:
    return {
        "id": head.id,
        "title": head.title,
        "began": head.began,
        "changed": head.changed,
        "turns": head.turns,
        "pin": head.pin,
        "role": head.role,
        "copy_of": head.copy_of,
    }


def _print_heads(found: list[ChatFound], as_json: bool, none: str) -> None:
    if as_json:
        for each in found:
            say.line({**_head(each.head), "snippet": each.snippet.translate(_UNMARKED)})
        return
    if not found:
        say.tell(none)
        return
    say.table(("ID", "CHANGED", "TURNS", "TITLE", "FOUND"), [_row(each) for each in found])


_UNMARKED = {ord(HIT_BEGINS): None, ord(HIT_ENDS): None}


def _row(found: ChatFound) -> tuple[str, ...]:
    head = found.head
    changed = datetime.fromtimestamp(head.changed, UTC).strftime("%Y-%m-%dT%H:%MZ")
    return head.id, changed, str(head.turns), head.title, found.snippet.translate(_UNMARKED)


def _write(file: Path, text: str) -> None:
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as out:
            out.write(text.encode("utf-8", "replace"))
    except FileExistsError:
        raise Mistake(f"{file} exists already") from None
    except OSError as error:
        raise Failure(f"{file} cannot be written: {error.strerror}") from None
