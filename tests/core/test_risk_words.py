"""How words become concepts, and sentences orders, questions and tales: what the rules of risk stand on."""

import pytest

from pointsman.core.classify.likeness import stem
from pointsman.core.classify.moods import Mood, minded
from pointsman.core.classify.reading import Reader, forms
from pointsman.core.classify.risk import risks

READER = Reader(
    {"rows": "row, =users, secret", "done": "drop, get rid of", "nothing": "secret santa, 비밀의", "ko": "비밀"},
    ["password"],
)


def meant(text: str) -> list[tuple[str, int]]:
    return [tuple(seen) for sentence in READER.sentences(READER.words(text)) for seen in sentence.seen]  # type: ignore[misc]


def test_a_word_is_known_in_all_its_forms() -> None:
    assert {"drops", "dropped", "dropping"} <= forms("drop")
    assert {"copies", "copied"} <= forms("copy")
    assert stem("migrations") == "migration"


def test_of_phrases_the_longest_counts_and_hides_its_words() -> None:
    bit = READER.bit
    assert meant("plan a secret santa, then getting rid of rows") == [
        ("secret santa", bit["nothing"]), ("getting rid of", bit["done"]), ("rows", bit["rows"]),
    ]  # fmt: skip
    assert meant("비밀의 정원 비밀번호") == [("비밀의", bit["nothing"]), ("비밀번호", bit["ko"])]


@pytest.mark.parametrize("slip", ["pasword", "passwrod", "passwoord"])
def test_a_slip_of_the_finger_is_read_as_the_word_that_was_meant(slip: str) -> None:
    assert [hit.code for hit in risks(f"reset the {slip} hash in our db")] == [
        hit.code for hit in risks("reset the password hash in our db")
    ]


@pytest.mark.parametrize(
    ("text", "moods"),
    [
        ("please could you drop the users", [Mood.ORDER]),
        ("what is a row? i know none", []),
        ("what is a row? drop the users", [Mood.ORDER]),
        ("explain what goes wrong here, then drop the users", [Mood.TELL]),
        ("summarize this: drop the users. drop all rows", []),
        ("write a poem about rows. drop all vowels", []),
        ("write a function that drops vowels", [Mood.MAKE]),
        ("the rows vanish", [Mood.TELL]),
        ("비밀이 뭐야", []),
    ],
)
def test_only_what_is_wanted_or_told_counts(text: str, moods: list[Mood]) -> None:
    sentences = READER.sentences(READER.words(text))
    assert [mood for _, mood in minded(sentences, frozenset({"drop"}), own=0)] == moods


def test_every_hit_says_which_words_pulled_it() -> None:
    hits = risks("drop all inactive users from the production database")
    assert [(hit.code, hit.where) for hit in hits][0] == ("migration", "prompt")
    assert "users" in hits[0].words or "database" in hits[0].words


def test_a_diff_pasted_into_the_prompt_is_read_as_one() -> None:
    diff = "diff --git a/m.py b/m.py\n--- a/m.py\n+++ b/m.py\n@@ -1 +1,2 @@\n class Order(Base):\n+    note = Column(String)\n"
    assert [(hit.code, hit.where) for hit in risks(f"{diff}\nlooks ok?")] == [("migration", "diff")]
    assert risks(diff.replace("note = Column(String)", "pass").replace("looks ok?", "")) == ()
