"""The built-in tasks: each can be solved, and none by saying nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pointsman.core.eval_tasks import ITEMS
from pointsman.core.grading import Code, Exact, Number, code_in, final, json_like, unfenced
from pointsman.core.request import KINDS

SOLUTIONS = {
    "merge_spans": """
def merge_spans(spans):
    out = []
    for start, end in sorted(spans):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return out
""",
    "to_roman": """
def to_roman(number):
    if not 1 <= number <= 3999:
        raise ValueError(number)
    out = ""
    for value, sign in ((1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")):
        out += sign * (number // value)
        number %= value
    return out
""",
    "build_order": """
def build_order(needs):
    left = {name: set(before) for name, before in needs.items()}
    for before in list(left.values()):
        for name in before:
            left.setdefault(name, set())
    out = []
    while left:
        ready = sorted(name for name, before in left.items() if not before - set(out))
        if not ready:
            raise ValueError("circle")
        out.append(ready[0])
        del left[ready[0]]
    return out
""",
    "make_cache": """
def make_cache(size):
    kept = {}
    def get(key):
        if key not in kept:
            return None
        kept[key] = kept.pop(key)
        return kept[key]
    def put(key, value):
        kept.pop(key, None)
        kept[key] = value
        if len(kept) > size:
            del kept[next(iter(kept))]
    return get, put
""",
    "seconds_of": """
import re
def seconds_of(text):
    found = re.fullmatch(r"(?:(\\d+)h)?(?:(\\d+)m)?(?:(\\d+)s)?", text)
    if not text or not found:
        raise ValueError(text)
    h, m, s = (int(part or 0) for part in found.groups())
    return h * 3600 + m * 60 + s
""",
    "split_row": """
def split_row(line):
    out, field, quoted, i = [], "", False, 0
    while i < len(line):
        c = line[i]
        if quoted:
            if c == '"' and line[i + 1:i + 2] == '"':
                field += '"'
                i += 1
            elif c == '"':
                quoted = False
            else:
                field += c
        elif c == '"':
            quoted = True
        elif c == ",":
            out.append(field)
            field = ""
        else:
            field += c
        i += 1
    return out + [field]
""",
    "median": """
def median(values):
    if not values:
        raise ValueError("empty")
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
""",
    "is_balanced": """
def is_balanced(text):
    open_ones, pairs = [], {")": "(", "]": "[", "}": "{"}
    for c in text:
        if c in "([{":
            open_ones.append(c)
        elif c in pairs and (not open_ones or open_ones.pop() != pairs[c]):
            return False
    return not open_ones
""",
    "fewest_coins": """
def fewest_coins(amount, coins):
    best = [0] + [None] * amount
    for n in range(1, amount + 1):
        options = [best[n - c] for c in coins if c <= n and best[n - c] is not None]
        best[n] = min(options) + 1 if options else None
    return best[amount]
""",
    "rolling_max": """
from collections import deque
def rolling_max(values, size):
    out, kept = [], deque()
    for n, value in enumerate(values):
        while kept and values[kept[-1]] <= value:
            kept.pop()
        kept.append(n)
        if kept[0] <= n - size:
            kept.popleft()
        if n >= size - 1:
            out.append(values[kept[0]])
    return out
""",
    "flatten": """
def flatten(value):
    out, left = [], [value]
    while left:
        one = left.pop()
        if isinstance(one, list):
            left.extend(reversed(one))
        else:
            out.append(one)
    return out
""",
    "weekday_count": """
from datetime import timedelta
def weekday_count(first, last):
    days = (last - first).days + 1
    return sum((first + timedelta(days=n)).weekday() < 5 for n in range(max(days, 0)))
""",
}
FORMS = {
    "general-order": ("apple\nfig\nmango\npear", "apple\nfig\npear\nmango"),
    "general-limit": ("Air scatters blue light more than red light.", "Because of magic."),
    "general-lower": ("fig\npear\nplum", "1. fig\n2. pear\n3. plum"),
    "extract-json": ('```json\n{"name": "Maria Lopez", "age": 34, "member": false}\n```', '{"name": "Maria Lopez", "age": "34", "member": false}'),
    "extract-order": ('{"order": "A-1093", "total_cents": 3240}', 'Sure: {"order": "A-1093", "total_cents": 3240}'),
    "format-csv": ("day,degrees\nMonday,12\nTuesday,9\nWednesday,15", "Monday,12\nTuesday,9\nWednesday,15"),
    "summary-short": ("The river rose, so the old bridge is closed until inspected.", "River and bridge " + "word " * 20),
}  # fmt: skip
CODING = [item for item in ITEMS if isinstance(item.check, Code)]


def test_there_are_enough_tasks_of_known_kinds_with_ids_of_their_own() -> None:
    assert len(ITEMS) >= 30 and len({item.id for item in ITEMS}) == len(ITEMS)
    assert {item.kind for item in ITEMS} <= set(KINDS)
    assert {c.check.function for c in CODING} == set(SOLUTIONS)  # type: ignore[union-attr]


def test_every_coding_task_is_passed_by_a_right_function_and_not_by_an_empty_one(tmp_path: Path) -> None:
    """All in one process: nothing here was written by a model."""
    whole, broken = [], []
    for item in CODING:
        check = item.check
        assert isinstance(check, Code)
        program = check.program(f"Here:\n```python\n{SOLUTIONS[check.function]}```\n", f"done {item.id}")
        assert program is not None
        module, tests = program
        whole.append(module + tests.replace(f"from answer import {check.function}\n", ""))
        broken.append((item.id, f"def {check.function}(*any):\n    return None\n" + check.tests))
    (tmp_path / "whole.py").write_text("\n".join(whole))
    ran = subprocess.run(
        (sys.executable, "-I", str(tmp_path / "whole.py")), capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split("\n")[:-1] == [f"done {item.id}" for item in CODING]
    for name, program in broken:
        with pytest.raises((AssertionError, TypeError)):
            exec(compile(program, name, "exec"), {})


@pytest.mark.parametrize("item", [i for i in ITEMS if not isinstance(i.check, Code)], ids=lambda i: i.id)
def test_every_other_task_takes_its_answer_and_no_other(item) -> None:
    check = item.check
    if item.id in FORMS:
        good, bad = FORMS[item.id]
    else:
        good = check.value if isinstance(check, Number) else check.accepted[0]
        good, bad = f"Let me think: 1, 2, 3.\n\n**Answer:** {good}.", "ANSWER: 17 or perhaps 18"
    assert check.holds(good)
    assert not check.holds(bad) and not check.holds("") and not check.holds("I do not know.")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("ANSWER: 42", "42"),
        ("thinking\n**ANSWER:** `4`\n", "4"),
        ("ANSWER: 1\nno, wait\nAnswer = 2", "2"),
        ("Canberra", "Canberra"),
        ("a\n\n", "a"),
        ("", ""),
        ("> **Answer**: 00:00", "00:00"),
    ],
)
def test_the_final_answer_is_what_follows_the_last_mark(answer: str, expected: str) -> None:
    assert final(answer) == expected


def test_numbers_are_compared_as_numbers() -> None:
    assert Number(value="5268").holds("ANSWER: 5,268 apples") and Number(value="4").holds("answer: 4.0 h")
    assert not Number(value="4").holds("ANSWER: between 4 and 5") and not Number(value="4").holds("ANSWER: four")
    assert Exact(accepted=("yes",)).holds("ANSWER: Yes.") and not Exact(accepted=("yes",)).holds("ANSWER: yes and no")


def test_the_last_block_that_defines_the_function_counts() -> None:
    answer = (
        "First:\n```python\ndef f(x):\n    return 1\n```\nBetter:\n```\ndef f(x):\n    return 2\n```\n```sh\nls\n```"
    )
    assert code_in(answer, "f") == "def f(x):\n    return 2\n"
    assert code_in("def f(x): return 3", "f") == "def f(x): return 3"
    assert code_in("no code", "f") is None and code_in("```\ndef fun(x): ...\n```", "f") is None


def test_json_must_be_the_whole_answer_and_true_is_not_1() -> None:
    rule = json_like({"a": int})
    assert rule('{"a": 1}') and not rule('{"a": true}') and not rule('{"a": 1, "b": 2}') and not rule("[" * 100_000)
    assert unfenced("```json\n{}\n```") == "{}" and unfenced("see ```x``` there") == "see ```x``` there"
