"""`route`: the decision without a call, in the shape scripts depend on."""

from __future__ import annotations

import json

KEYS = {
    *("id", "policy", "policy_rev", "task", "role", "rule", "band", "usage", "model", "endpoint", "ladder"),
    *("rejected", "notices"),
}
PROMPT = "Fix the failing unit test in parser.py"


def test_json_has_every_promised_key(pointsman):
    seen = pointsman("route", PROMPT, "--json").document
    assert set(seen) >= KEYS
    assert {"kind", "complexity", "risk"} <= set(seen["task"])
    assert all({"model", "endpoint", "why"} <= set(rung) for rung in seen["ladder"])
    assert all({"model", "code", "why"} <= set(rejection) for rejection in seen["rejected"])
    assert seen["model"] == seen["ladder"][0]["model"]


def test_every_model_is_on_the_ladder_or_rejected(pointsman):
    seen = pointsman("route", PROMPT, "--json").document
    listed = {model["name"] for model in pointsman("models", "list", "--json").document["models"]}
    assert {rung["model"] for rung in seen["ladder"]} | {one["model"] for one in seen["rejected"]} == listed


def test_it_touches_neither_network_nor_state(pointsman, fleet, home, monkeypatch):
    def forbidden(*_: object) -> None:
        raise AssertionError("route opened a socket")

    monkeypatch.setattr("socket.socket.connect", forbidden)
    assert pointsman("route", PROMPT).code == 0
    assert not (home / "state").exists()


def test_text_says_the_model_first(pointsman, fleet):
    ran = pointsman("route", PROMPT)
    assert ran.out.splitlines()[0] == "coder on gpu"
    assert "small" in ran.out and ran.err == ""


def test_words_are_joined_and_a_dash_reads_standard_input(pointsman, fleet):
    said = pointsman("route", "--json", "hello", "there").document
    read = pointsman("route", "--json", "-", stdin=b"hello there").document
    assert {**said, "id": ""} == {**read, "id": ""}


def test_what_if_changes_the_model(pointsman, fleet):
    assert pointsman("route", PROMPT, "--json").document["model"] == "coder"
    seen = pointsman("route", PROMPT, "--json", "--set", "down=gpu").document
    assert seen["model"] == "small"
    assert seen["notices"] and "coder" in seen["notices"][0]["text"]


def test_what_if_endpoints_add_up_until_nothing_is_left_well(pointsman, fleet):
    seen = pointsman("route", PROMPT, "--json", "--set", "down=gpu", "--set", "down=box").document
    assert {one["code"] for one in seen["rejected"]} <= {"down", "role"}
    assert any(told["notice"] == "half-open-trial" for told in seen["notices"])


def test_usage_local_only_and_time_can_be_supposed(pointsman):
    settings = ("--set", "usage=92", "--set", "local_only=true", "--set", "now=2026-11-21T09:00:00Z")
    seen = pointsman("route", PROMPT, "--json", *settings, "--set", "vram_free=20").document
    assert seen["usage"]["percent"] == 92
    assert all(rung["locality"] == "local" for rung in seen["ladder"])


def test_a_stated_fact_wins_over_the_text(pointsman, fleet):
    assert pointsman("route", PROMPT, "--json", "--fact", "role=writer").document["role"] == "writer"
    seen = pointsman("route", "hi", "--json", "--fact", "complexity=9", "--fact", "paths=a.py,b.py").document
    assert seen["task"]["complexity"] == 9 and seen["task"]["paths"] == ["a.py", "b.py"]


def test_a_pin_excludes_the_others_and_a_preference_goes_first(pointsman, fleet):
    pinned = pointsman("route", PROMPT, "--json", "--pin", "TINY").document
    assert [rung["model"] for rung in pinned["ladder"]] == ["small"]
    preferred = pointsman("route", PROMPT, "--json", "--prefer", "box/small:1b").document
    assert [rung["model"] for rung in preferred["ladder"]] == ["small", "coder"]


def test_blocked_is_exit_3(pointsman, fleet):
    ran = pointsman("route", PROMPT, "--image", str(_png(fleet.parent)))
    assert ran.code == 3
    assert "capability" in ran.out


def test_a_policy_is_enough_without_any_configuration(pointsman):
    assert pointsman("--policy", "default", "route", PROMPT).code == 0
    assert pointsman("route", PROMPT, "--policy", "default").code == 0


def test_live_looks_first(pointsman, served):
    served_model = pointsman("route", PROMPT, "--json", "--live").document
    assert served_model["model"] == "coder"


def test_live_finds_out_that_nothing_listens(pointsman, fleet):
    seen = pointsman("route", PROMPT, "--json", "--live").document
    assert any(told["notice"] == "half-open-trial" for told in seen["notices"])


# --- many lines -------------------------------------------------------------------------------------------------------


def test_lines_are_answered_one_each_with_their_own_ids(pointsman, fleet):
    asked = [{"id": "a", "text": PROMPT}, {"id": 7, "text": "hello", "role": "writer"}, {"text": "hello"}]
    ran = pointsman("route", "--jsonl", stdin="\n".join(map(json.dumps, asked)).encode())
    assert ran.code == 0
    assert [line["id"] for line in ran.lines] == ["a", 7, 3]
    assert [line["model"] for line in ran.lines] == ["coder", "small", "coder"]
    assert all(set(line) >= KEYS for line in ran.lines)


def test_bad_lines_are_answered_in_their_place_and_exit_is_1(pointsman, fleet):
    bad = [
        b"{",
        b"[1]",
        b'{"id": "x"}',
        b'{"id": "y", "text": "t", "complexity": "high"}',
        b'{"id": "z", "text": "t", "complexty": 3}',
        b'{"id": "f", "text": "t", "background": 1}',
        b'{"id": "r", "text": "t", "role": "writr"}',
        b'{"id": {"a": 1}, "text": "t"}',
        b'\xff\xfe{"text": "t"}',
        b"[" * 100_000,
    ]
    good = b'{"id": "ok", "text": "hello"}'
    ran = pointsman("route", "--jsonl", stdin=b"\n".join([*bad, b"", good]))
    assert ran.code == 1
    assert [("error" in line) for line in ran.lines] == [True] * len(bad) + [False]
    assert "'complexity'" in ran.lines[4]["error"] and ran.lines[4]["id"] == "z"
    assert "'writer'" in ran.lines[6]["error"]
    assert ran.lines[-1]["id"] == "ok"


def test_what_if_holds_for_every_line(pointsman, fleet):
    ran = pointsman("route", "--jsonl", "--set", "down=gpu", stdin=b'{"text": "a"}\n{"text": "b"}\n')
    assert [line["model"] for line in ran.lines] == ["small", "small"]


def test_facts_of_every_type_are_taken_from_json(pointsman, fleet):
    facts = {"paths": ["a"], "confidence": 1, "background": True, "files": 2, "language": "ko", "lines": None}
    line = {"id": "i", "text": "t", **facts}
    task = pointsman("route", "--jsonl", stdin=json.dumps(line).encode()).lines[0]["task"]
    assert (task["paths"], task["confidence"], task["files"], task["language"]) == (["a"], 1.0, 2, "ko")


def _png(folder):
    path = folder / "p.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(16))
    return path
