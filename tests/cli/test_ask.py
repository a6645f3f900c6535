"""`ask`: the answer on stdout, what happens on stderr, one outcome per exit code."""

from __future__ import annotations

import asyncio

from pointsman.demo.faults import DemoFault

PROMPT = "Fix the failing unit test in parser.py"


def play(served, name: str, endpoint: str) -> None:
    asyncio.run(served.play(DemoFault(name=name, endpoint=endpoint, title="")))


def audit_types(pointsman) -> list[str]:
    return [line["type"] for line in pointsman("audit", "show", "--json").lines]


def test_the_answer_is_data_and_the_rest_is_narration(pointsman, served):
    ran = pointsman("ask", PROMPT)
    assert ran.code == 0
    assert "coder" in ran.out and "simulated" in ran.out and ran.out.endswith("\n")
    assert ran.err.startswith("→ coder on gpu: ")
    assert "tokens/s" in ran.err


def test_a_call_is_recorded_with_intent_before_outcome(pointsman, served):
    pointsman("ask", PROMPT)
    assert audit_types(pointsman) == ["decision", "intent", "outcome"]


def test_the_simulated_fleet_answers_end_to_end_in_its_own_ledger(pointsman, home):
    ran = pointsman("ask", "--demo", "--speed", "1000000", PROMPT)
    assert ran.code == 0
    assert "simulated" in ran.out
    assert (home / "state" / "demo" / "ledger.db").exists() and not (home / "state" / "ledger.db").exists()
    assert pointsman("audit", "show").out == ""
    assert (home / "state").stat().st_mode & 0o777 == 0o700


def test_the_real_ledger_can_be_made_after_the_demo_was_there_first(pointsman, served):
    pointsman("ask", "--demo", "--speed", "1000000", PROMPT)
    assert pointsman("ask", PROMPT).code == 0
    assert audit_types(pointsman) == ["decision", "intent", "outcome"]


def test_json_is_one_event_a_line_from_decision_to_answer(pointsman, served):
    events = pointsman("ask", "--json", PROMPT).lines
    assert [events[0]["event"], events[1]["event"], events[-1]["event"]] == ["decided", "attempting", "answered"]
    text = "".join(event["text"] for event in events if event["event"] == "text-delta")
    assert events[-1]["text"] == text != ""
    assert events[-1]["attempt"]["outcome"]["type"] == "completed"
    assert events[0]["decision"]["model"] == events[-1]["attempt"]["model"] == "coder"


def test_a_dead_endpoint_is_left_out_with_a_notice(pointsman, served):
    play(served, "kill", "gpu")
    ran = pointsman("ask", PROMPT)
    assert ran.code == 0
    assert "notice: coder → small" in ran.err
    assert "small" in ran.out


def test_a_failing_model_hands_over_and_the_switch_is_told(pointsman, served):
    play(served, "oom", "gpu")
    ran = pointsman("ask", PROMPT)
    assert ran.code == 0
    assert "✗ coder after" in ran.err and "→ attempt 2: small on box" in ran.err
    assert "step-down" in audit_types(pointsman)


def test_a_pipe_gets_one_whole_answer_and_never_a_fragment(pointsman, served):
    play(served, "cut", "gpu")
    ran = pointsman("ask", PROMPT)
    assert ran.code == 0
    assert "✗ coder" in ran.err
    assert "coder-1" not in ran.out and "small:1b" in ran.out


def test_a_stream_ends_a_fragment_before_the_next_model_begins(pointsman, served):
    play(served, "cut", "gpu")
    ran = pointsman("ask", "--stream", PROMPT)
    assert "the text so far is a fragment" in ran.err
    fragment, _, answer = ran.out.partition("\n**small**")
    assert fragment and answer.rstrip()


def test_no_fallback_fails_visibly_with_exit_1(pointsman, served):
    play(served, "oom", "gpu")
    ran = pointsman("ask", "--no-fallback", PROMPT)
    assert (ran.code, ran.out) == (1, "")
    assert "✗ coder on gpu" in ran.err and "no answer" in ran.err


def test_blocked_by_policy_is_exit_3_and_nothing_is_called(pointsman, served, home):
    picture = home / "p.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(16))
    ran = pointsman("ask", PROMPT, "--image", str(picture))
    assert (ran.code, ran.out) == (3, "")
    assert "no answer [capability" in ran.err
    assert audit_types(pointsman) == ["blocked"]


def test_control_characters_of_an_answer_are_shown_not_obeyed(pointsman, served):
    """The simulated model repeats the question, which here carries an escape sequence."""
    prompt = "say \x1b]0;owned\x07 and \x9b31m"
    assert not {"\x1b", "\x07", "\x9b"} & set(pointsman("ask", prompt).out)


def test_without_a_ledger_local_chat_goes_on_and_says_so(pointsman, served, home):
    (home / "state").write_text("not a directory")
    ran = pointsman("ask", PROMPT, "--fact", "role=writer")
    assert ran.code == 0
    assert "note: the audit cannot be written" in ran.err


def test_max_output_bounds_the_answer(pointsman, served):
    events = pointsman("ask", "--json", "--max-output", "3", PROMPT).lines
    assert events[-1]["attempt"]["outcome"]["usage"]["output"] <= 3
    assert events[-1]["attempt"]["outcome"]["finish_reason"] == "length"
