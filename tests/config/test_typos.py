"""Whatever is written, `load` either returns settings or lists problems; it never fails in another way."""

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pointsman.config import ConfigError, example_path, load, preset_path
from pointsman.config.problems import Problem

EXAMPLE = example_path().read_text("utf-8")
STATED = [number for number, line in enumerate(EXAMPLE.splitlines()) if "=" in line and line[:1] not in "#[ "]


def problems_of(text: str) -> tuple[Problem, ...]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.toml"
        path.write_text(text, "utf-8")
        try:
            load(path)
        except ConfigError as error:
            return error.problems
    return ()


@given(number=st.sampled_from(STATED), letter=st.sampled_from("abcxyz_"), where=st.integers(0, 12))
def test_a_mistyped_key_is_always_a_problem(number, letter, where):
    """One letter too many in any key of the example, and a problem names that key."""
    lines = EXAMPLE.splitlines()
    key = lines[number].partition("=")[0].strip()
    at = where % (len(key) + 1)
    typo = key[:at] + letter + key[at:]
    lines[number] = lines[number].replace(key, typo, 1)
    found = problems_of("\n".join(lines))
    assert any(problem.key.rpartition(".")[2] == typo for problem in found), (typo, found)


VALUES: st.SearchStrategy[Any] = st.one_of(
    st.none().map(lambda _: "true"),
    st.integers(-(10**12), 10**12).map(str),
    st.floats().map(lambda f: str(f) if f == f and abs(f) != float("inf") else "nan"),
    st.sampled_from(
        ['""', "[]", "{}", "[1]", '["x"]', "{ x = 1 }", '"$"', '"-1 tokens"', "1979-05-27", "[{}]", '"\\u0000"']
    ),
)


@given(number=st.sampled_from(STATED), value=VALUES)
def test_a_wrong_value_never_breaks_the_reader(number, value):
    """Any TOML value in any place of the example is read or reported."""
    lines = EXAMPLE.splitlines()
    lines[number] = lines[number].partition("=")[0] + "= " + value
    for problem in problems_of("\n".join(lines)):
        assert problem.message and str(problem).isprintable()


@given(st.text(max_size=200))
def test_any_text_is_read_or_reported(text):
    """A file of any characters gives settings or problems."""
    problems_of(text.encode("utf-8", "replace").decode())


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_torn_preset_is_read_or_reported(start, length):
    """A file with a piece missing gives settings or problems."""
    text = preset_path("default").read_text("utf-8")
    cut = start % len(text)
    problems_of(text[:cut] + text[cut + length % 400 :])


def test_the_example_itself_is_clean():
    """The typo tests start from a file without problems."""
    assert problems_of(EXAMPLE) == ()
