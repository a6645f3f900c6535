"""Every row of the checklist has a scenario here, or names the tests that hold it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LAST = {
    "A": 15, "B": 15, "C": 9, "D": 13, "E": 8, "F": 4, "G": 7, "H": 16, "I": 7, "J": 14, "K": 11, "L": 11, "M": 9, "N": 8,
}  # fmt: skip
ROWS = {f"{letter}{number}" for letter, last in LAST.items() for number in range(1, last + 1)}
FILES = "test_[a-n]*_*.py"
# Classification and the life of local models have no scenario file: they do not depend on the dialect.
ELSEWHERE = {
    "L1": "tests/policies/test_default.py::test_the_join",
    "L2": "tests/core/test_classify.py::test_document_001s_worked_examples_are_of_their_kind, "
    "tests/policies/test_tiers.py::test_the_worked_examples",
    "L3": "tests/core/test_classify.py::test_an_attached_image_makes_it_vision_whatever_the_text",
    "L4": "tests/core/test_classify.py::test_the_instruction_decides_and_not_the_paste",
    "L5": "tests/core/test_classify.py::test_words_that_only_sound_like_programming_are_not_coding",
    "L6": "tests/core/test_classify.py::test_odd_input_gets_a_kind_and_no_exception, "
    "tests/core/test_classify.py::test_a_megabyte_costs_little_more_than_a_page, "
    "tests/core/test_naughty.py::test_every_naughty_string_gets_a_kind",
    "L7": "tests/core/test_classify.py::test_other_languages_fall_to_general_with_low_confidence, "
    "tests/core/test_classify.py::test_korean_is_recognised_in_mixed_text",
    "L8": "tests/core/test_classify.py::test_the_same_request_gives_the_same_task_in_every_process",
    "L9": "tests/tui/test_screen.py::test_slash_commands_pin_release_help_and_clear, "
    "tests/core/test_route.py::test_pick, tests/policies/test_keywords.py::test_a_stated_kind_beats_the_table",
    "L10": "tests/core/test_classify.py::"
    "test_a_short_unsure_follow_up_inherits_the_conversations_kind_and_says_so, "
    "tests/core/test_classify.py::test_now_in_go_stays_coding_in_a_coding_conversation",
    "L11": "tests/cli/test_route.py::test_json_has_every_promised_key, "
    "tests/tui/test_screen.py::test_why_explains_facts_rule_ladder_and_every_rejection",
    "M1": "tests/engine/test_groups.py::test_a_sleeping_member_is_loaded_and_the_wait_is_told, "
    "tests/engine/test_groups.py::test_requests_for_one_model_join_one_load",
    "M2": "tests/engine/test_groups.py::"
    "test_nobodys_stream_is_cut_and_later_requests_for_the_loaded_one_do_not_overtake",
    "M3": "tests/engine/test_groups.py::test_the_queue_has_an_end_and_says_so_at_once",
    "M4": "tests/engine/test_groups.py::"
    "test_a_load_that_fails_sends_everybody_to_their_fallback_with_the_servers_own_words",
    "M5": "tests/engine/test_dispatch.py::test_a_restart_ends_our_own_streams_first_and_they_fail_over, "
    "tests/tui/test_working.py::test_the_stages_of_a_restart_are_shown_live_where_the_service_stands, "
    "tests/adapters/services/test_systemd.py::test_no_hostile_name_ever_starts_a_process, "
    "tests/adapters/services/test_systemd.py::test_a_refused_restart_says_why",
    "M6": "tests/real/test_restart.py::test_green_health_without_an_answer_is_not_healthy, "
    "tests/core/test_restart.py::test_what_is_not_enough",
    "M7": "tests/scenarios/test_b_errors.py::a_model_that_its_server_does_not_list_is_shown_as_missing_and_not_asked",
    "M8": "tests/config/test_problems.py::test_a_mistake_is_named_with_its_key_and_the_nearest_valid_one",
    "M9": "tests/scenarios/test_n_hygiene.py::keys_go_to_their_own_endpoint_and_nowhere_else",
}


def told_elsewhere(tree: ast.Module) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in tree.body:
        target = (
            node.target
            if isinstance(node, ast.AnnAssign)
            else node.targets[0]
            if isinstance(node, ast.Assign)
            else None
        )
        if isinstance(target, ast.Name) and target.id == "NOT_HERE" and node.value is not None:  # type: ignore[union-attr]
            found |= ast.literal_eval(node.value)  # type: ignore[union-attr]
    return found


NAMED = ELSEWHERE | {
    row: where
    for file in sorted(HERE.glob(FILES))
    for row, where in told_elsewhere(ast.parse(file.read_text())).items()
}


def covered(source: str) -> set[str]:
    """Rows named by `.row("A1")`, by a table's keys, or by the pattern of a row's id."""
    return set(re.findall(r'["(]f?"?([A-N]\d+)(?=["-])', source))


def test_every_row_is_here_or_names_its_tests() -> None:
    here: set[str] = set()
    for file in sorted(HERE.glob(FILES)):
        here |= covered(re.sub(r"NOT_HERE.*?\n}?\n", "", file.read_text(), flags=re.DOTALL))
    assert ROWS - here - set(NAMED) == set()


def test_no_row_is_claimed_that_does_not_exist() -> None:
    assert {row.partition("-")[0] for row in NAMED} <= ROWS


def test_the_tests_named_for_a_row_exist() -> None:
    for row, where in NAMED.items():
        named = re.findall(r"(tests/[\w/]+\.py)::(\w+)", where)
        assert named, f"{row} names no test"
        for file, test in named:
            assert f"def {test}(" in (ROOT / file).read_text(), f"{row}: {file} has no {test}"
