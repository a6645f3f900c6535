"""Drawing: tables of values in, characters out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyte.screens import wcwidth  # a terminal's own table
from rich.cells import cell_len

from pointsman.core.audit import AuditState
from pointsman.core.fleet import BudgetUnit, Model, Tier
from pointsman.core.health import Health, HealthState
from pointsman.core.history import Point
from pointsman.core.snapshot import (
    EndpointStatus,
    Gpu,
    GpuProcess,
    HostSample,
    LoadedModel,
    ServiceState,
    ServiceStatus,
    Snapshot,
)
from pointsman.core.usage import Usage
from pointsman.ports import ModelTotal
from pointsman.tui import keys, slash
from pointsman.tui.picture import Picture
from pointsman.tui.render import audit, bars, endpoints, figures, machine, services, strip, usage, zones
from pointsman.tui.render.glyphs import ASCII, UNICODE
from pointsman.tui.render.paint import crop, fit, paint, spread, width_of
from pointsman.tui.render.table import Column, Row, draw, fit_columns, head
from support.fleets import small_fleet


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(None, "n/a"), (0, "0s"), (-5, "0s"), (94, "94s"), (120, "2m"), (3_600, "1h"), (90_000, "1d")],
)
def test_age(seconds: float | None, shown: str) -> None:
    assert figures.age(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(None, "n/a"), (0, "now"), (4.9, "now"), (5, "5s"), (59, "55s"), (60, "60s"), (3_600, "1h")],
)
def test_the_age_of_a_sample_moves_in_steps_of_five_seconds(seconds: float | None, shown: str) -> None:
    assert figures.seen(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(None, "n/a"), (0.041, "41ms"), (0.31, "0.31s"), (4.12, "4.1s"), (61, "61s"), (200, "3m 20s"), (7_500, "2h 05m")],
)
def test_span(seconds: float | None, shown: str) -> None:
    assert figures.span(seconds) == shown


@pytest.mark.parametrize(
    ("nano", "shown"),
    [
        (None, "n/a"),
        (0, "$0.00"),
        (1, "<$0.0001"),
        (2_100_000, "$0.0021"),
        (3_120_000_000, "$3.12"),
        (1_234_500_000_000, "$1,234.50"),
    ],
)
def test_money_is_never_free_when_unknown(nano: int | None, shown: str) -> None:
    assert figures.money(nano) == shown


@pytest.mark.parametrize(
    ("size", "shown"), [(None, "n/a"), (0, "0B"), (1536, "1.5K"), (57 * 1024**3, "57.0G"), (5 * 1024**5, "5120.0T")]
)
def test_size(size: int | None, shown: str) -> None:
    assert figures.size(size) == shown


@pytest.mark.parametrize(
    ("number", "shown"), [(None, "n/a"), (812, "812"), (12_345, "12.3k"), (412_001, "412k"), (999_700, "1.0M")]
)
def test_compact(number: int | None, shown: str) -> None:
    assert figures.compact(number) == shown


def test_one_of_something_is_counted_in_the_singular() -> None:
    assert [figures.counted(count, "line") for count in (0, 1, 1_204)] == ["0 lines", "1 line", "1,204 lines"]


def test_clock_in_a_given_zone() -> None:
    assert figures.clock(0, UTC) == "00:00:00"
    assert figures.moment(0, 60, UTC) == "00:00"
    assert figures.moment(0, 90_000, UTC) == "01 Jan 00:00"


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
@pytest.mark.parametrize("percent", [None, 0, 1, 79, 80, 95, 100, 250])
@pytest.mark.parametrize("width", [3, 12, 40])
def test_a_bar_is_exactly_as_wide_as_asked(percent: int | None, width: int, glyphs: object) -> None:
    drawn = bars.bar(percent, width, ticks=bars.BAND_TICKS, glyphs=glyphs)  # type: ignore[arg-type]
    assert width_of(drawn) == width


def test_a_bar_carries_its_ticks_until_it_covers_them() -> None:
    def ticks(percent: int) -> int:
        return paint(bars.bar(percent, 102, ticks=bars.BAND_TICKS)).plain.count(UNICODE.tick)

    assert [ticks(percent) for percent in (0, 79, 85, 93, 99)] == [3, 3, 2, 1, 0]


def test_something_is_never_drawn_as_nothing_and_unknown_is_an_empty_track() -> None:
    assert UNICODE.fill[0] in paint(bars.bar(1, 8)).plain
    assert paint(bars.bar(None, 8, ticks=bars.BAND_TICKS)).plain == "▕······▏"


def test_a_sparkline_shows_the_newest_values_and_leaves_gaps_for_unknown() -> None:
    assert bars.sparkline([0, None, 100], 5) == "  ▁ █"
    assert bars.sparkline([0, 50, 100], 2) == "▅█"


COLUMNS = (
    Column("name", "NAME", 8, flex=1, most=12),
    Column("state", "STATE", 6),
    Column("age", "AGE", 4, rank=1, right=True),
    Column("why", "WHY", 10, rank=2, flex=1),
)


@pytest.mark.parametrize(
    ("width", "kept"),
    [
        (80, ["name", "state", "age", "why"]),
        (30, ["name", "state", "age"]),
        (18, ["name", "state"]),
        (4, ["name", "state"]),
    ],
)
def test_narrow_tables_lose_their_least_important_columns(width: int, kept: list[str]) -> None:
    assert [column.key for column, _ in fit_columns(COLUMNS, width)] == kept


def test_a_row_and_its_heading_have_the_same_columns_whatever_is_in_the_cells() -> None:
    fitted = fit_columns(COLUMNS, 40)
    row = Row(
        "k",
        {"name": ("한국어모델이름이길다", ""), "state": ("\x1b[2J\nup", ""), "age": ("3s", "dim"), "why": ("[/]", "")},
    )
    assert cell_len(draw(row, fitted).plain) == cell_len(head(fitted).plain)
    assert "\x1b" not in draw(row, fitted).plain


@pytest.mark.parametrize(
    ("text", "width", "shown"), [("abc", 5, "abc  "), ("abcdef", 4, "abc…"), ("한국어", 4, "한 …"), ("a", 0, "")]
)
def test_crop(text: str, width: int, shown: str) -> None:
    assert crop(text, width) == shown


PIECES = (
    "a",
    " ",
    "한국",
    "中",
    "🙂",
    "👨‍👩‍👧",
    "❤️",
    "👍🏽",
    "e\u0301",
    "עברית",
    "العربية",
    "\u200f",
    "\u200d",
    "\ufe0f",
    "ﾊﾟ",
    "ไทย",
    "नमस्ते",
)
FOREIGN = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)


@given(st.tuples(FOREIGN, FOREIGN, FOREIGN), st.integers(0, 24), st.sampled_from(("", "name")))
def test_no_row_leaves_its_width_whatever_script_stands_in_it(texts: tuple[str, ...], width: int, wide: str) -> None:
    """By Rich's tables, and by those of a terminal that joins nothing."""
    parts = [(text, "") for text in texts]
    lines = [paint(fit(parts, width)).plain, paint(spread(parts[:2], parts[2:], width)).plain, crop(texts[0], width)]
    assert all(max(cell_len(line), sober(line)) <= width for line in lines)
    assert cell_len(lines[2]) == width
    fitted = fit_columns(COLUMNS, width)
    cells = dict(zip(("name", "state", "why"), parts, strict=True))
    drawn = draw(Row("k", cells, wide), fitted).plain
    assert cell_len(drawn) == sober(drawn) == cell_len(head(fitted).plain)


def sober(text: str) -> int:
    return sum(max(wcwidth(character), 0) for character in text)


def test_a_wide_cell_takes_the_room_up_to_the_last_column() -> None:
    fitted = fit_columns(COLUMNS, 80)
    row = Row("k", {"name": ("n", ""), "state": ("a longer one", ""), "why": ("last", "")}, wide="state")
    drawn = draw(row, fitted).plain
    assert "a longer one" in drawn and cell_len(drawn) == cell_len(head(fitted).plain)
    assert draw(Row("k", {"why": ("x", "")}, wide="why"), fitted).plain.rstrip().endswith("x")


def test_parts_are_cut_to_the_width_and_spread_to_both_edges() -> None:
    assert paint(fit([("abc", ""), ("def", "dim")], 5)).plain == "abcd…"
    assert paint(spread([("left", "")], [("right", "")], 12)).plain == "left   right"


@pytest.mark.parametrize(
    ("unit", "shown"),
    [
        (BudgetUnit.TOKENS, "1.6M of 2.0M tok"),
        (BudgetUnit.REQUESTS, "1.6M of 2.0M req"),
        (BudgetUnit.NANO_USD, "$0.0016 of $0.0020"),
    ],
)
def test_amounts_are_in_the_budgets_own_unit(unit: BudgetUnit, shown: str) -> None:
    assert usage.amount(1_600_000, 2_000_000, unit) == shown


def test_a_rolling_window_has_no_reset_time() -> None:
    assert usage.resets(Usage(budget="b", spent=0, limit=1), 0.0) == "rolling"


@pytest.mark.parametrize("height", [1, 8, 12, 24, 30, 40, 60])
@pytest.mark.parametrize("width", [1, 60, 99, 100, 120, 159, 160, 200])
@pytest.mark.parametrize("active", zones.PANES)
def test_the_active_pane_is_always_there_and_nothing_overlaps_or_leaves_the_screen(
    width: int, height: int, active: str
) -> None:
    placed = zones.arrange(
        width, height, active=active, wants={"endpoints": 11, "memory": 8, "services": 6, "usage": 12}
    )
    assert active in placed
    taken: set[tuple[int, int]] = set()
    for rect in placed.values():
        assert rect.width >= 1 and rect.height >= 1
        assert rect.x + rect.width <= max(width, 1) and rect.y + rect.height <= max(height, 1)
        cells = {(x, y) for x in range(rect.x, rect.x + rect.width) for y in range(rect.y, rect.y + rect.height)}
        assert not cells & taken
        taken |= cells


@pytest.mark.parametrize(
    ("width", "height", "panes"),
    [
        (80, 20, {"chat"}),
        (120, 36, {"endpoints", "memory", "services", "overrides", "chat", "audit"}),
        (120, 20, {"endpoints", "memory", "chat"}),
        (200, 56, set(zones.PANES)),
    ],
)
def test_breakpoints_decide_how_many_panes_are_seen(width: int, height: int, panes: set[str]) -> None:
    wants = {"endpoints": 11, "memory": 8, "services": 6, "overrides": 4, "usage": 12}
    assert set(zones.arrange(width, height, active="chat", wants=wants)) == panes


def test_zoom_leaves_one_pane() -> None:
    assert set(zones.arrange(200, 60, active="usage", wants={}, zoomed=True)) == {"usage"}


@pytest.mark.parametrize(
    ("written", "key", "value"),
    [
        ("type=step-down", "type", "step-down"),
        ("model=opus", "model", "opus"),
        ("two words", "text", "two words"),
        ("a=b", "text", "a=b"),
        ("since=2h", "since", 1e9 - 7200),
        ("step-down", "type", "step-down"),
        ("event=outcome", "type", "outcome"),
    ],
)
def test_the_audit_filter_knows_its_keys_and_searches_the_rest(written: str, key: str, value: str) -> None:
    assert getattr(audit.parse_filter(written, 1e9), key) == value


@pytest.mark.parametrize(
    ("typed", "command"),
    [
        ("/model opus", ("/model", "opus")),
        ("/CLEAR", ("/clear", "")),
        ("/etc/hosts says", None),
        ("hello /model", None),
        ("/", None),
        ("/a\nb", None),
    ],
)
def test_slash_commands_are_told_from_prompts(typed: str, command: tuple[str, str] | None) -> None:
    assert slash.parse(typed) == command


def test_keys_are_spelled_after_rebinding() -> None:
    (binding,) = (entry for entry in keys.APP if entry.id == "help")
    assert keys.shown(binding, {}) == "? f1"
    assert keys.shown(binding, {"help": "ctrl+g"}) == "^g"


def test_a_plot_breaks_where_nobody_looked_and_where_the_figure_was_not_told() -> None:
    points = [Point(0, 6.0), Point(60, 9.0), Point(120, None), Point(180, 3.0), Point(600, 3.0)]
    assert machine.strokes(points, 600, 60, 3) == ([(-10, 2), (-9, 3)], [(-7, 1)], [(0, 1)])


def test_a_gpu_tells_what_slows_it_and_whose_each_process_is() -> None:
    process = GpuProcess(pid=812, vram=1 << 30, name="llama-server", endpoint="coder", model="next")
    stranger = GpuProcess(pid=9, vram=None, name="\x1b[31mx")
    gpu = Gpu(index=0, name="H100", throttled=("heat",), clock=345, clock_max=1980, processes=(process, stranger))
    host = HostSample(taken_at=0, gpus=(gpu,), ram_total=100, ram_used=90)
    seen = Picture(fleet=None, snapshot=Snapshot(now=0, host=host))  # type: ignore[arg-type]  # not asked for here
    text = "\n".join("".join(part for part, _ in line) for line in machine.lines(seen))
    for told in ("345 MHz of 1980", "slowed by heat", "812 llama-server  1.0G  coder / next", "not of an endpoint"):
        assert told in text, told
    assert "tight" in text and "\x1b" not in text


@pytest.mark.parametrize(
    ("seen_at", "state", "age"),
    [(None, "● active", "n/a"), (100.0, "● active", "now"), (70.0, "● active", "30s"), (1.0, "? STALE", "99s")],
)
def test_a_service_tells_how_long_ago_it_was_looked_at_and_is_stale_after_a_minute(
    seen_at: float | None, state: str, age: str
) -> None:
    status = ServiceStatus(name="ollama", unit="ollama.service", state=ServiceState.ACTIVE)
    world = Snapshot(now=100.0, services=(status,), services_at=seen_at)
    (row,) = services.rows(Picture(fleet=None, snapshot=world))  # type: ignore[arg-type]  # not asked for here
    assert (row.cells["state"][0], row.cells["age"][0]) == (state, age)


@pytest.mark.parametrize(
    ("width", "more", "less"),
    [
        (58, set(), {"latency", "role"}),
        (76, {"context", "ttft", "vram"}, {"role", "queue"}),
        (96, {"role", "context", "vram", "errors"}, {"latency"}),
    ],
)
def test_a_fleet_tells_memory_from_80_columns_on_and_a_wide_one_roles_and_errors(
    width: int, more: set[str], less: set[str]
) -> None:
    kept = {column.key for column, _ in fit_columns(endpoints.COLUMNS, width)}
    assert more <= kept and not less & kept
    assert {"latency", "queue"} <= {column.key for column, _ in fit_columns(endpoints.COLUMNS, 196)}


def test_the_context_of_an_endpoint_is_the_one_it_really_has_and_a_smaller_one_is_a_warning() -> None:
    models = [Model(name="coder", id="coder-q5k", endpoint="gpu", tier=Tier.T1, context=200_000)]
    loaded = (LoadedModel(id="coder-q5k", context=65_536),)
    assert endpoints._context(models, None) == ("200k", "")
    assert endpoints._context(models, EndpointStatus(checked_at=0.0, loaded=loaded)) == ("65k", "warn")
    assert endpoints._context([], None) == ("-", "dim")


def test_an_endpoint_tells_which_models_it_lacks() -> None:
    status = EndpointStatus(checked_at=1.0, available=frozenset({"other", "another"}))
    fleet = small_fleet()
    seen = Snapshot(now=1.0, health={"ollama": Health(state=HealthState.UP)}, status={"ollama": status})
    picture = Picture(fleet=fleet, snapshot=seen)
    cells = {row.key: row.cells for row in endpoints.rows(picture)}
    assert cells["ollama"]["model"] == ("lacks 2 models", "warn") and "lacks" not in cells["gpu"]["model"][0]
    held = replace(status, available=frozenset({"vl-id", "other"}), loaded=(LoadedModel(id="vl-id"),))
    (row,) = [
        r
        for r in endpoints.rows(replace(picture, snapshot=replace(seen, status={"ollama": held})))
        if r.key == "ollama"
    ]
    assert row.cells["model"] == ("lacks kimi:cloud · vl-id", "warn")


def test_a_wide_usage_pane_draws_the_hours_of_each_model_and_a_narrow_one_does_not() -> None:
    total = ModelTotal(model="opus", requests=3, input_tokens=10, output_tokens=5, nano_usd=7, estimated=0)
    world = Picture(fleet=small_fleet(), snapshot=Snapshot(now=0), totals=(total,), hourly={"opus": (*(0,) * 23, 9)})
    wide, narrow = (["".join(text for text, _ in line) for line in usage.lines(world, width)] for width in (96, 76))
    assert wide[-1].endswith(UNICODE.spark[0] * 23 + UNICODE.spark[-1]) and "24 h" in wide[-2]
    assert "24 h" not in narrow[-2] and not narrow[-1].endswith(UNICODE.spark[-1])


def test_the_band_stands_in_the_head_line_of_the_narrowest_screen() -> None:
    budget = Usage(budget="anthropic-week-of-everybody", spent=3, limit=10)
    picture = Picture(fleet=small_fleet(), snapshot=Snapshot(now=1.0, usage={budget.budget: budget}))
    heads = ["".join(text for text, _ in strip.line(picture, width)) for width in (40, 80)]
    assert heads[0].startswith(" ● NORMAL 30%  ") and " ● NORMAL 30% anthropic-week-of-everybody" in heads[1]


def test_a_long_check_of_the_audit_says_how_far_it_is() -> None:
    state = AuditState(checking=230_250)
    picture = Picture(fleet=small_fleet(), snapshot=Snapshot(now=1.0), audit_state=state)
    assert audit.soundness(state) == "checking, 230,250 so far"
    assert "".join(text for text, _ in strip._audit(picture)) == "audit checking 230k"


@pytest.mark.parametrize("state", [AuditState(), AuditState(lines=0)])
def test_a_check_that_met_no_line_promises_nothing_of_those_that_came_since(state: AuditState) -> None:
    assert audit.soundness(state) == "not checked yet"
    assert audit.soundness(AuditState(lines=7, head="41af" * 16)) == "verified to 7, head 41af41af"
