"""What a simulated model says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.demo.replies import Said, compose, count_tokens, kind_of, pieces, quote


def text_of(prompt: str, **options: object) -> str:
    return "".join(compose("coder-next", "qwen3-coder-next-q5k", prompt, **options).text)  # type: ignore[arg-type]


def test_an_answer_names_the_model_says_that_it_is_simulated_and_repeats_the_question() -> None:
    said = text_of("Refactor the parser function")
    assert "**coder-next** (`qwen3-coder-next-q5k`)" in said
    assert "simulated" in said
    assert "Refactor the parser function" in said


@pytest.mark.parametrize(
    ("prompt", "images", "kind"),
    [
        ("Write a function that reverses a list", 0, "coding"),
        ("Why is the sky blue?", 0, "reasoning"),
        ("Summarize this text", 0, "background"),
        ("What is this?", 1, "vision"),
        ("Good morning", 0, "general"),
        ("", 0, "general"),
    ],
)
def test_the_kind_of_prompt_decides_the_shape(prompt: str, images: int, kind: str) -> None:
    assert kind_of(prompt, images) == kind
    body = text_of(prompt, images=images)
    assert ("```" in body) == (kind == "coding")
    assert ("\n1. " in body) == (kind == "reasoning")
    assert ("\n- " in body) == (kind != "reasoning")


def test_code_is_in_the_language_that_was_named() -> None:
    assert "```rust\nfn reverse_string" in text_of("Write a Rust function to reverse a string")


def test_only_a_reasoning_model_thinks_aloud() -> None:
    assert compose("m", "m", "why?").reasoning == ()
    assert len(compose("m", "m", "why?", reasoning=True).reasoning) > 10


@given(st.text(max_size=400), st.integers(0, 3))
def test_the_same_prompt_gets_the_same_answer_and_pieces_lose_nothing(prompt: str, images: int) -> None:
    first = compose("m", "m-1", prompt, images=images, reasoning=True)
    assert first == compose("m", "m-1", prompt, images=images, reasoning=True)
    joined = "".join(first.text)
    assert pieces(joined) == first.text
    assert joined == joined.strip()


@given(st.text(max_size=400))
def test_a_quote_is_one_short_line_of_printable_characters(prompt: str) -> None:
    line = quote(prompt)
    assert len(line) <= 80
    assert line.isprintable()


def test_an_answer_cut_to_a_length_says_so_and_reasoning_comes_first() -> None:
    whole = Said(text=("a", "b"), reasoning=("x", "y"))
    assert whole.at_most(4) == whole
    assert whole.at_most(3) == Said(text=("a",), reasoning=("x", "y"), finish="length")
    assert whole.at_most(1) == Said(text=(), reasoning=("x",), finish="length")


def test_tokens_are_counted_from_bytes() -> None:
    assert [count_tokens(text) for text in ("", "a", "abcde", "한국")] == [0, 1, 2, 2]
