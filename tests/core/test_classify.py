"""From a prompt to a task: document 001's examples, stated facts, follow-ups, odd input, and every fact's reason."""

import subprocess
import sys
import time

import pytest

from pointsman.core.classify import classify, estimate_tokens
from pointsman.core.request import KINDS, Image, Message, Request, Task

IMAGE = Image(media_type="image/png", data="aGk=")


def task_of(text: str, *, images: int = 0, **facts: object) -> Task:
    message = Message(role="user", text=text, images=(IMAGE,) * images)
    return classify(Request(id="t", messages=(message,), facts=facts))  # type: ignore[arg-type]


def why(task: Task, fact: str) -> str:
    return " / ".join(each.why for each in task.evidence if each.fact == fact)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Plan out the architecture for a new app", "reasoning"),
        ("Write a Python script to parse JSON", "coding"),
        ("Summarize this doc in the background", "background"),
        ("Check email, calendar, usage", "background"),
    ],
)
def test_document_001s_worked_examples_are_of_their_kind(text: str, kind: str) -> None:
    assert task_of(text).kind == kind


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Fix the null pointer exception in OrderService.java", "coding"),
        ("SELECT name FROM users WHERE age > 30 returns nothing, why?", "coding"),
        ("정렬 알고리즘을 파이썬으로 구현해 주세요", "coding"),
        ("A shirt costs $20 and is sold at 15% off. How much do 3 shirts cost?", "reasoning"),
        ("Compare event sourcing with CRUD and analyze the trade-offs", "reasoning"),
        ("두 전략의 장단점을 비교 분석해 주세요", "reasoning"),
        ("Plan the migration of our users table", "reasoning"),  # the plan is asked for, not the change
        ("plan the migration to the new schema", "reasoning"),
        ("Plan the refactoring of the auth module", "reasoning"),
        ("Migrate the users table to the new schema", "coding"),
        ("fix the plan table in schema.sql", "coding"),
        ("Plan a trip to Kyoto", "general"),
        ("Translate the following paragraph to Portuguese: the sea is calm", "background"),
        ("다음 회의록을 요약해 주세요", "background"),
        ("hello there", "general"),
        ("who was the first man on the moon", "general"),
        ("Write a short poem about the winter sea", "general"),
        ("좋은 소설 추천해줘", "general"),
        ("Generate an image of a lighthouse at night", "image-generation"),
        ("Transcribe this audio recording", "audio"),
        ("Generate embeddings for these sentences", "embedding"),
    ],
)
def test_plain_requests_are_of_their_kind(text: str, kind: str) -> None:
    assert task_of(text).kind == kind


@pytest.mark.parametrize(
    "text",
    [
        "Where does most Java coffee come from?",
        "What is the dress code for a summer wedding?",
        "Help me decode the meaning of this poem",
        "What is functional fitness?",
    ],
)
def test_words_that_only_sound_like_programming_are_not_coding(text: str) -> None:
    assert task_of(text).kind != "coding"


def test_the_instruction_decides_and_not_the_paste() -> None:
    paste = "The function of the code is unclear. Why the class was refactored nobody analyzed or compared. " * 40
    assert task_of(f"Summarize the following text:\n\n{paste}").kind == "background"
    assert task_of(f"{paste}\n\nSummarize the text above in two sentences.").kind == "background"


def test_an_attached_image_makes_it_vision_whatever_the_text() -> None:
    assert task_of("Write a Python function", images=1).kind == "vision"
    assert task_of("Write a Python function", images=1).images == 1
    stated = task_of("Write a Python function", **{"images": 2})
    assert (stated.kind, stated.images) == ("vision", 2)


def test_a_stated_fact_wins_and_says_that_it_was_stated() -> None:
    task = task_of("hello", kind="reasoning", complexity=9, lines=700, checkpoint="validation")
    assert (task.kind, task.complexity, task.lines, task.checkpoint) == ("reasoning", 9, 700, "validation")
    assert why(task, "complexity") == "stated by the caller"
    assert task.kind_confidence == 1.0


def test_a_stated_low_risk_never_lowers_a_risk_that_was_seen() -> None:
    task = task_of("Disable certificate verification in the HTTP client", high_risk=False)
    assert task.high_risk
    assert "crypto" in task.risk


def test_a_stated_high_risk_needs_no_trigger() -> None:
    task = task_of("Rename a button", high_risk=True)
    assert task.high_risk
    assert task.risk == ()


def test_every_inferred_fact_carries_the_words_that_gave_it() -> None:
    task = task_of(
        "Production is down: fix the login handler in src/auth/login.py and src/auth/session.py, about 120 lines"
    )
    given = {each.fact for each in task.evidence if each.why}
    assert {"kind", "paths", "files", "lines", "critical", "risk", "high_risk", "complexity"} <= given
    assert (task.files, task.lines, task.critical) == (2, 120, True)
    assert "production is down" in why(task, "critical")


def test_a_diff_is_read_for_risk_by_its_changed_lines_and_paths_only() -> None:
    harmless = "--- a/app/view.py\n+++ b/app/view.py\n@@ -1 +1 @@\n password = 1\n-colour = 1\n+colour = 2\n"
    risky = harmless.replace("+colour = 2", "+ALTER TABLE users ADD COLUMN age INT")
    by_path = harmless.replace("app/view.py", "db/migrations/0007_users.py")
    assert not task_of("make it blue", diff=harmless).high_risk
    assert task_of("make it blue", diff=risky).risk == ("migration",)
    assert task_of("make it blue", diff=by_path).risk == ("migration",)


def test_a_diff_too_large_to_read_is_itself_a_risk() -> None:
    assert "unread-diff" in task_of("tidy up", diff="+x = 1\n" * 100_000).risk


@pytest.mark.parametrize("text", ["yes", "ok do it", "그래", "the second one"])
def test_a_short_unsure_follow_up_inherits_the_conversations_kind_and_says_so(text: str) -> None:
    alone = task_of(text)
    task = task_of(text, conversation_kind="reasoning")
    assert alone.kind_confidence >= 0.6 or task.kind == "reasoning"
    if task.kind == "reasoning":
        assert "conversation" in why(task, "kind")


def test_now_in_go_stays_coding_in_a_coding_conversation() -> None:
    assert task_of("now in Go", conversation_kind="coding").kind == "coding"


def test_a_clear_request_does_not_inherit() -> None:
    assert task_of("Summarize this article in one line", conversation_kind="coding").kind == "background"


@pytest.mark.parametrize(
    "text",
    ["", "   \n\t", "😀", "x", "ㅇㅇ", "\x00\x1b[31m", "a" * 10_000, "\ud800", "‮⁦", "1" * 400, "((((" * 500, "\n" * 5_000],
)  # fmt: skip
def test_odd_input_gets_a_kind_and_no_exception(text: str) -> None:
    task = task_of(text)
    assert task.kind in KINDS
    assert 1 <= task.complexity <= 10


@pytest.mark.parametrize(
    "text",
    [
        "Écris un poème sur la mer avec des rimes pour les enfants",
        "Напиши стихотворение о море",
        "请写一首关于大海的诗",
        "Schreibe bitte ein Gedicht über das Meer und die Sterne",
    ],
)
def test_other_languages_fall_to_general_with_low_confidence(text: str) -> None:
    task = task_of(text)
    assert (task.language, task.kind) == ("other", "general")
    assert task.kind_confidence < 0.5


def test_korean_is_recognised_in_mixed_text() -> None:
    assert task_of("React Hooks으로 상태 관리 컴포넌트 만들어줘").language == "ko"
    assert task_of("What does the Korean word 사랑 mean in English?").language == "en"


@pytest.mark.parametrize(
    ("text", "fact", "value"),
    [
        ("Rename the method across the whole codebase", "files", 10),
        ("Update the three modules that parse dates", "files", 3),
        ("Write a 700 line module that parses the format", "lines", 700),
        ("Build a complete e-commerce application with checkout", "lines", 800),
        ("Summarize this in 3 lines please", "lines", None),
        ("fix the typo in README.md", "paths", ("README.md",)),
        ("see https://example.com/a/b/c.html for the spec", "paths", ()),
        ("Use the cloud model for this one", "user_wants", "cloud"),
        ("Deploy the app to the cloud", "user_wants", None),
        ("Keep this local, do not send it to the cloud", "user_wants", "local"),
        ("Declare a local variable in the loop", "user_wants", None),
        ("이건 로컬에서 처리해줘", "user_wants", "local"),
        ("The documents contradict each other, write one report", "contradictions", True),
        ("Read every document in the archive and write the synthesis", "full_sweep", True),
        ("Search the web, download the page and run the tests", "tool_heavy", True),
        ("The server is down, this is urgent", "critical", True),
        ("Check my inbox for anything urgent.", "critical", False),
        ("Write a Python function that does something like that, you decide", "ambiguous", True),
        ("fix the typo in the header of the page", "quick", True),
        ("Somehow the app is slow, figure it out", "quick", False),
        ("Run the tests, grep the logs and commit and push", "quick", False),
        ("How many files can a directory hold?", "files", None),
        ("이 함수 리팩토링해줘, 파일 3개에 걸쳐 있어", "files", 3),
        ('Translate "the server is down" to German', "critical", False),
        ("Summarize all 40 tickets of the archive", "full_sweep", True),
    ],
)
def test_scope_and_wishes_are_read_from_the_prompt(text: str, fact: str, value: object) -> None:
    assert getattr(task_of(text), fact) == value


def test_complexity_grows_with_what_is_asked() -> None:
    steps = [
        "hi",
        "Write a Python function that adds two numbers",
        "Refactor the date handling across the whole codebase",
        "Design a distributed architecture for a multi-tenant platform from scratch, with migration strategy and trade-offs",
    ]
    levels = [task_of(text).complexity for text in steps]
    assert levels == sorted(levels)
    assert levels[0] <= 2 < levels[2]
    assert levels[-1] > 7


def test_complexity_is_not_risk() -> None:
    task = task_of("Disable certificate verification in the HTTP client")
    assert task.high_risk
    assert task.complexity <= 4


def test_tokens_are_about_four_characters_of_english_and_one_and_a_half_of_korean() -> None:
    assert estimate_tokens("abcd" * 100) == 100
    assert 380 <= estimate_tokens("가나다" * 200) <= 420
    assert estimate_tokens("") == 0
    assert estimate_tokens("😀") >= 1


def test_tokens_count_the_whole_conversation() -> None:
    messages = (Message(role="system", text="s" * 400), Message(role="user", text="u" * 400))
    task = classify(Request(id="t", messages=messages))
    assert 200 <= task.tokens <= 220


def test_the_same_request_gives_the_same_task_in_every_process() -> None:
    script = (
        "from pointsman.core.classify import classify; from pointsman.core.request import Message, Request;"
        "print(classify(Request(id='t', messages=(Message(role='user', text='Compare two sorting functions in Rust and"
        " analyze how many steps each needs'),))))"
    )
    runs = {
        subprocess.run([sys.executable, "-c", script], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True).stdout
        for seed in ("1", "2", "3")
    }  # fmt: skip
    assert len(runs) == 1


def test_a_megabyte_costs_little_more_than_a_page() -> None:
    """Bounded work, not a benchmark: the limit is two orders above what it takes."""
    task_of("warm up")
    start = time.process_time()  # whatever else the machine does
    task_of("Summarize:\n" + "why does this function fail, compare 3 + 4?\n" * 25_000)
    task_of("(((" * 300_000)
    task_of("A) " * 300_000)
    assert time.process_time() - start < 1.0
