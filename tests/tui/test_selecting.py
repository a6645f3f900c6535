"""Filter and order of lists, as a person writes them."""

from __future__ import annotations

import csv
import io
import json

import pytest

from pointsman.core.audit import AuditRow
from pointsman.tui import keeping
from pointsman.tui.conversation import Conversation, Phase, Turn
from pointsman.tui.render import exports
from pointsman.tui.render.selecting import Order, ordered, parse
from pointsman.tui.render.table import Column, Row

COLUMNS = ("name", "state", "model", "vram", "age", "ttft", "cost")


def row(key: str, **cells: str) -> Row:
    return Row(key, {"name": (key, ""), **{name: (text, "") for name, text in cells.items()}})


ROWS = (
    row("coder", state="● UP", model="qwen3-coder", vram="81.0G", age="1s", ttft="310ms", cost="$0.0021"),
    row("vision", state="◐ LOADING", model="qwen3-vl:8b", vram="10.1G", age="3m", ttft="1.9s", cost="$1.20"),
    row("openai", state="✖ DOWN", model="429, retry", vram="-", age="2h", ttft="n/a", cost="-"),
)


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("", "coder vision openai"),
        ("state=down", "openai"),
        ("STATE=Up", "coder"),
        ("state!=up", "vision openai"),
        ("!state=up", "vision openai"),
        ("model~=qwen", "coder vision"),
        ("model~=qwen vram>80", "coder"),
        ("vram>80G", "coder"),
        ("vram<=10.1", "vision"),
        ("age>1m", "vision openai"),
        ("age<=3m", "coder vision"),
        ("ttft<1s", "coder"),
        ("cost>=1", "vision"),
        ("RETRY", "openai"),
        ("!qwen", "openai"),
        ("nonsense=1", ""),
        ("vram>what", ""),
        ("429", "openai"),
    ],
)
def test_a_filter_leaves_the_rows_for_which_every_term_holds(written: str, left: str) -> None:
    test = parse(written, COLUMNS)
    assert " ".join(row.key for row in ROWS if test(row)) == left


@pytest.mark.parametrize(
    ("order", "keys"),
    [
        (Order(), "coder vision openai"),
        (Order("name"), "coder openai vision"),
        (Order("vram"), "vision coder openai"),
        (Order("vram", reverse=True), "coder vision openai"),
        (Order("age", reverse=True), "openai vision coder"),
        (Order("ttft"), "coder vision openai"),
        (Order("state"), "openai vision coder"),
    ],
)
def test_rows_are_ordered_by_figures_with_their_units_and_the_unknown_last(order: Order, keys: str) -> None:
    assert " ".join(row.key for row in ordered(ROWS, order)) == keys


def test_the_sorted_column_steps_round_and_passes_by_no_order_at_all() -> None:
    there = [Order().stepped(("a", "b"), 1), Order("a").stepped(("a", "b"), 1), Order("b").stepped(("a", "b"), 1)]
    assert [order.column for order in there] == ["a", "b", None]
    assert Order().stepped(("a", "b"), -1) == Order("b") and Order("gone").stepped(("a",), 1) == Order("a")


def test_an_exported_table_is_read_back_and_runs_no_formula() -> None:
    columns = (Column("name", "NAME", 5), Column("model", "MODEL", 5))
    table = exports.table_of((row("=cmd()", model='a,"b"|\n'),), columns)
    assert list(csv.reader(io.StringIO(exports.as_text(table, "csv")))) == [["name", "model"], ["'=cmd()", 'a,"b"|\n']]
    assert json.loads(exports.as_text(table, "jsonl")) == {"name": "=cmd()", "model": 'a,"b"|\n'}
    assert exports.as_text(table, "md").split("\n")[2] == '| =cmd() | a,"b"\\|  |'


def test_an_exported_audit_is_the_stored_text() -> None:
    line = AuditRow(seq=7, at=1.0, type="outcome", actor="router", text="done", body='{"v":1}', cost=5)
    assert exports.audit_lines([line]) == '{"v":1}\n'
    assert exports.as_text(exports.audit_table([line]), "csv").split("\n")[1] == "7,1.0,outcome,router,done,,,,,5"


def test_an_exported_conversation_says_who_answered_and_what_was_stopped() -> None:
    told = Conversation([Turn("r1", "one\ntwo", phase=Phase.STOPPED, text="half")])
    assert "> one\n> two" in keeping.exported(told, "md") and "nobody (stopped)" in keeping.exported(told, "md")
    assert json.loads(keeping.exported(told, "jsonl"))["answer"] == "half"
