"""Where a verb's words go: data on stdout, narration on stderr. All of it passes the sanitiser."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Sequence
from contextlib import suppress

import click

from pointsman.core.plain_text import clean, one_line


class ReaderLeft(Exception):
    """Whoever read our stdout has closed it (`| head`): no failure, but nothing more to do."""


def data(text: str, *, newline: bool = True) -> None:
    _write(clean(text), newline)


def raw(text: str) -> None:
    """As received, for a reader that asked for it."""
    _write(text.encode("utf-8", "replace"), newline=False)


def _write(text: str | bytes, newline: bool = True) -> None:
    try:
        click.echo(text, nl=newline)
    except BrokenPipeError:
        raise ReaderLeft from None


def document(value: object) -> None:
    """One JSON document. In ASCII, so that it survives every terminal and locale."""
    _write(json.dumps(value, indent=2, ensure_ascii=True, allow_nan=False))


def line(value: object) -> None:
    """One JSON object on one line."""
    _write(json.dumps(value, ensure_ascii=True, allow_nan=False))


def tell(text: str) -> None:
    """Narration: what happens, for a person."""
    with suppress(BrokenPipeError):  # nobody listens to the narration: the data is still wanted
        click.echo(one_line(text), err=True)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Left-aligned columns, as wide as their widest cell."""
    cells = [tuple(head), *(tuple(one_line(cell) for cell in row) for row in rows)]
    widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        data("  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip())


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text)
