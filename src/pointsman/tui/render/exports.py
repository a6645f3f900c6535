"""Rows and audit lines as files: CSV, JSON lines, Markdown. Pure text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

from pointsman.core.audit import AuditRow
from pointsman.tui.render.table import Column, Row

Table = tuple[Sequence[str], Sequence[Sequence[str]]]

FORMATS: Mapping[str, str] = MappingProxyType({"jsonl": "JSON lines", "csv": "CSV", "md": "Markdown"})


def table_of(rows: Iterable[Row], columns: Sequence[Column]) -> Table:
    return (
        [column.key for column in columns],
        [[row.cells.get(column.key, ("", ""))[0] for column in columns] for row in rows],
    )


def audit_table(lines: Iterable[AuditRow]) -> Table:
    heads = ("seq", "at", "type", "actor", "text", "request", "model", "from_model", "rule", "cost")
    return heads, [["" if (cell := getattr(line, head)) is None else str(cell) for head in heads] for line in lines]


def audit_lines(lines: Iterable[AuditRow]) -> str:
    """The stored texts themselves, oldest first."""
    return "".join(f"{line.body}\n" for line in lines)


def as_text(table: Table, ending: str) -> str:
    return _WRITERS[ending](table)


def _csv(table: Table) -> str:
    import csv  # only once somebody exports: the first frame does not wait for it
    import io

    heads, rows = table
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(heads)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return out.getvalue()


def _harmless(cell: str) -> str:
    """A spreadsheet would run a cell that begins like a formula."""
    risky = cell.startswith(("=", "+", "@", "\t", "\r")) or (cell.startswith("-") and len(cell) > 1)
    return f"'{cell}" if risky else cell


def _jsonl(table: Table) -> str:
    heads, rows = table
    return "".join(json.dumps(dict(zip(heads, row, strict=True)), ensure_ascii=False) + "\n" for row in rows)


def _md(table: Table) -> str:
    heads, rows = table
    drawn = [heads, ["---"] * len(heads), *rows]
    return "".join("| " + " | ".join(_md_cell(cell) for cell in row) + " |\n" for row in drawn)


def _md_cell(cell: str) -> str:
    return cell.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")


_WRITERS: Mapping[str, Callable[[Table], str]] = MappingProxyType({"csv": _csv, "jsonl": _jsonl, "md": _md})
