"""`status`, `usage`, `audit`: what is, what was used, what happened."""

from __future__ import annotations

import sqlite3
from contextlib import closing

PROMPT = "Fix the failing unit test in parser.py"


def test_status_looks_at_everything_once(pointsman, served):
    seen = pointsman("status", "--json").document
    assert {"endpoints", "host", "usage", "services"} <= set(seen)
    assert [(e["name"], e["state"]) for e in seen["endpoints"]] == [("gpu", "up"), ("box", "up")]
    assert seen["host"]["ram_total"] > 0
    assert seen["usage"][0]["budget"] == "box-day" and seen["usage"][0]["percent"] == 0
    assert [service["name"] for service in seen["services"]] == ["coder"]


def test_status_of_what_is_down_is_still_done(pointsman, fleet):
    ran = pointsman("status")
    assert ran.code == 0
    assert "refused" in ran.out and "box-day" in ran.out


def test_status_of_the_simulated_fleet_says_it_is_simulated(pointsman):
    seen = pointsman("status", "--demo", "--json").document
    assert any(endpoint["simulated"] for endpoint in seen["endpoints"])
    assert seen["host"]["gpu_note"] == "GPUs simulated"


def test_usage_without_a_ledger_is_nothing_used(pointsman, fleet, home):
    seen = pointsman("usage", "--json").document
    assert "forecast" in seen["budgets"][0]
    assert [(b["budget"], b["spent"], b["limit"], b["band"]) for b in seen["budgets"]] == [
        ("box-day", 0, 100_000, "normal")
    ]
    assert seen["models"] == []
    assert not (home / "state").exists()


def test_a_cap_holds_for_calls_and_is_audited_until_the_configured_limit_is_back(pointsman, served):
    assert "cap box-day 100,000 tokens → 10 tokens" in pointsman("usage", "cap", "box-day", "10").out
    assert "10 tokens (cap; configured 100,000 tokens)" in pointsman("usage").out
    assert pointsman("route", PROMPT, "--json", "--pin", "small").document["model"] is None
    raised = pointsman("usage", "cap", "box-day", "default")
    assert "lets up to 99,990 tokens more leave today" in raised.err
    assert pointsman("usage", "--json").document["budgets"][0]["limit"] == 100_000
    assert [line["text"] for line in pointsman("audit", "show", "--json", "--type", "override").lines] == [
        "cap box-day 100,000 tokens → 10 tokens",
        "cap box-day 10 tokens → 100,000 tokens, cleared",
    ]
    assert [pointsman("usage", "cap", name, limit).code for name, limit in (("boxday", "5"), ("box-day", "$5"))] == [
        2,
        2,
    ]


def test_usage_tells_what_calls_have_used(pointsman, served):
    pointsman("ask", PROMPT, "--fact", "role=writer")
    seen = pointsman("usage", "--json").document
    (model,) = seen["models"]
    assert (model["model"], model["requests"]) == ("small", 1)
    assert seen["budgets"][0]["spent"] == model["input_tokens"] + model["output_tokens"] > 0
    assert "small" in pointsman("usage").out
    assert pointsman("route", PROMPT, "--json", "--pin", "small").document["usage"]["spent"] > 0


def test_audit_lines_come_oldest_first_and_can_be_filtered(pointsman, served):
    pointsman("ask", PROMPT)
    pointsman("ask", PROMPT, "--fact", "role=writer")
    lines = pointsman("audit", "show", "--json").lines
    assert [line["seq"] for line in lines] == [1, 2, 3, 4, 5, 6]
    assert all({"v", "type", "at", "actor", "text"} <= set(line) for line in lines)
    assert [line["seq"] for line in pointsman("audit", "show", "--json", "--limit", "2").lines] == [5, 6]
    assert [line["seq"] for line in pointsman("audit", "show", "--json", "--model", "small").lines] == [4, 5, 6]
    request = lines[0]["request"]
    assert [line["seq"] for line in pointsman("audit", "show", "--json", "--request", request).lines] == [1, 2, 3]
    assert "answered" in pointsman("audit", "show", "--type", "outcome", "--text", "answered").out


def test_the_prompt_is_in_no_audit_line(pointsman, served):
    pointsman("ask", "tell me about aardvark-4711")
    assert "aardvark" not in pointsman("audit", "show", "--json").out


def test_looking_at_no_audit_makes_none(pointsman, home):
    ran = pointsman("audit", "show")
    assert (ran.code, ran.out) == (0, "") and "no audit lines" in ran.err
    assert not (home / "state").exists()
    assert pointsman("audit", "verify").code == 5


def test_verify_tells_intact_from_altered(pointsman, served, home):
    pointsman("ask", PROMPT)
    assert pointsman("audit", "verify", "--json").document["intact"] is True
    with closing(sqlite3.connect(home / "state" / "ledger.db")) as ledger, ledger:
        for (trigger,) in ledger.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            ledger.execute(f"DROP TRIGGER {trigger}")
        ledger.execute("UPDATE audit SET body = replace(body, 'coder', 'other') WHERE seq = 2")
    ledger.close()
    ran = pointsman("audit", "verify")
    assert ran.code == 2 and "line 2" in ran.out


def test_a_ledger_that_is_none_is_one_clear_line(pointsman, fleet, home):
    (home / "state").mkdir(mode=0o700)
    (home / "state" / "ledger.db").write_bytes(b"this is no database" * 100)
    assert pointsman("audit", "verify").code == 2
    for args in (["usage"], ["audit", "show"], ["route", "x"]):
        ran = pointsman(*args)
        assert ran.code == 1 and "ledger" in ran.err and ran.err.count("\n") == 1
