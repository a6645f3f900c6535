"""Titles, searches and files of conversations, as pure text."""

from __future__ import annotations

import json

import pytest

from pointsman.core.chats import ChatHead, ChatTurn, as_jsonl, as_markdown, found_in, given_title, matches, title_of
from pointsman.core.request import Attachment

TURN = ChatTurn(
    request="r1",
    prompt="why\nso?",
    answer="**Because.**",
    model="opus",
    cost=5,
    why="general → opus",
    attachments=(Attachment(path="/a\x1b.py", size=1_200, text="x"),),
)


@pytest.mark.parametrize(
    ("prompt", "title"),
    [
        ("", "untitled"),
        ("\n\n## `Plan` the migration  \nof users", "`Plan` the migration"),
        ("```\ncode", "code"),
        ("word " * 30, "word " * 10 + "word…"),
        ("x" * 80, "x" * 59 + "…"),
        ("esc \x1b[2J\ttab", "esc ␛[2J tab"),
    ],
)
def test_a_conversation_is_called_by_the_first_line_that_says_something(prompt: str, title: str) -> None:
    assert title_of(prompt) == title


def test_a_title_given_is_one_bounded_line() -> None:
    assert (
        given_title("  my\n title\x07 ") == "my title␇"
        and given_title(" \n ") == ""
        and len(given_title("x" * 99)) == 60
    )


@pytest.mark.parametrize(
    ("written", "query"),
    [("log pars", '"log"* "pars"*'), ('say "hi', '"say"* """hi"*'), ("- ( *", ""), ("a\x00b", '"a"* "b"*')],
)
def test_every_word_begins_a_word_of_what_is_found(written: str, query: str) -> None:
    assert matches(written) == query


def test_titles_are_found_by_the_beginnings_of_their_words() -> None:
    head = ChatHead(id="c", title="Parser of Logs")
    assert found_in(head, "log PARS") and not found_in(head, "ogs") and not found_in(head, "!")


def test_the_files_hold_prompt_answer_model_and_why() -> None:
    text = as_markdown("A\ntitle", [TURN])
    assert text.startswith(
        "# A title\n\n## You\n\n> why\n> so?\n> + /a␛.py, 1,200 bytes\n\n## opus\n\n_general → opus_\n\n**Because.**"
    )
    line = json.loads(as_jsonl([TURN]))
    assert (line["answer"], line["cost_nano_usd"], line["attachments"]) == (
        "**Because.**",
        5,
        [{"path": "/a\x1b.py", "bytes": 1200}],
    )


def test_only_answered_turns_go_back_to_the_models() -> None:
    sent = TURN.messages
    assert [message.role for message in sent] == ["user", "assistant"] and "/a\x1b.py:\n```\nx\n```" in sent[0].text
    assert ChatTurn(request="r", prompt="p", answer="half", phase="stopped").messages == ()
