"""`hierarchy`: the page, and whether a committed copy is still true."""

from __future__ import annotations


def test_the_page_is_written_and_stays_true_until_something_changes(pointsman, served, fleet, home):
    committed = home / "hierarchy.md"
    assert pointsman("hierarchy", "--output", str(committed)).code == 0
    assert "✅ Active" in committed.read_text() and "`GET /health`" in committed.read_text()
    again = pointsman("hierarchy", "--check", str(committed))
    assert (again.code, again.out) == (0, "")
    fleet.write_text(fleet.read_text().replace('primary = "small"', 'primary = "coder"'))
    drifted = pointsman("hierarchy", "--check", str(committed))
    assert drifted.code == 1
    assert drifted.out.startswith(f"--- {committed}\n+++ live\n") and "has drifted" in drifted.err


def test_a_service_that_went_down_is_drift_and_json_has_the_diff(pointsman, fleet, home):
    committed = home / "hierarchy.md"
    pointsman("hierarchy", "--output", str(committed))
    committed.write_text(committed.read_text().replace("⚠️ Inactive", "✅ Active"))
    ran = pointsman("hierarchy", "--check", str(committed), "--json")
    assert ran.code == 1 and ran.document["drifted"] and "connection refused" in ran.document["diff"]
    assert "start -- coder.service" in ran.document["diff"]


def test_the_simulated_fleet_reproduces_document_000_and_says_it_is_simulated(pointsman, home):
    ran = pointsman("hierarchy", "--demo", "--policy", "hierarchy", "--json")
    page = ran.document["page"]
    assert ran.code == 0 and "✅ Active, simulated" in page and "| 11439 | `coder-gpu` |" in page
    assert "⚠️ Inactive (down: connection refused at 127.0.0.1:11437" in page  # as the document has it
    committed = home / "hierarchy.md"
    committed.write_text(page)
    assert pointsman("hierarchy", "--demo", "--policy", "hierarchy", "--check", str(committed)).code == 0


def test_mistakes_are_exit_2_and_a_file_that_cannot_be_written_is_1(pointsman, fleet, home):
    assert pointsman("hierarchy", "--check", str(home / "none.md")).code == 2
    assert pointsman("hierarchy", "--check", "a", "--output", "b").code == 2
    assert pointsman("hierarchy", "--output", str(home / "no" / "h.md")).code == 1
