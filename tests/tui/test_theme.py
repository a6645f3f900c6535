"""Themes are data: the shipped ones are readable, a broken one is a sentence and not a crash."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.color import Color

from pointsman.tui import theme
from pointsman.tui.render.inks import inks_of
from support.screen import screen

SHIPPED = Path(__file__).parents[2] / "themes"


def test_all_shipped_themes_load() -> None:
    loaded = theme.load(SHIPPED)
    assert loaded.failed == ()
    assert {entry.name for entry in loaded.themes} >= {
        "pointsman-dark",
        "pointsman-light",
        "high-contrast",
        "colour-blind-safe",
    }
    assert len(loaded.themes) >= 6 and sum(not entry.dark for entry in loaded.themes) >= 2


def contrast(one: Color, other: Color) -> float:
    """WCAG 2's ratio, 1 to 21."""

    def luminance(colour: Color) -> float:
        channels = [
            value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4 for value in colour.normalized
        ]
        return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("entry", theme.load(SHIPPED).themes, ids=lambda entry: entry.name)
def test_text_and_selection_of_shipped_themes_can_be_read(entry: theme.Theme) -> None:
    variables = entry.to_color_system().generate()
    ground = Color.parse(variables["background"])
    for name in ("foreground", "text-success", "text-warning", "text-error", "text-accent", "text-primary"):
        assert contrast(ground, Color.parse(variables[name])) >= 4.5, name
    faded = ground.blend(Color.parse(variables["foreground"]), 0.65)
    assert contrast(ground, faded) >= 4.5
    inks = inks_of(variables)
    for name in ("text", "faded", "accent", "primary", "success", "warning", "error"):
        assert contrast(inks.code, getattr(inks, name)) >= 4.5, f"{name} in code"
    cursor = Color.parse(entry.variables["block-cursor-background"])
    assert contrast(cursor, Color.parse(entry.variables["block-cursor-foreground"])) >= 4.5


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("not toml", "theme bad.toml"),
        ('primary = "no colour"', "primary"),
        ("dark = true", "`primary` is missing"),
        ('primary = "#fff"\nflavour = "x"', "unknown key 'flavour'"),
        ("primary = 3", "`primary`"),
        ('primary = "#fff"\nvariables = 3', "`variables`"),
        ('primary = "#fff"\ndark = "yes"', "`dark`"),
        ("\udcff", "theme bad.toml"),
    ],
)
def test_a_bad_theme_is_reported_and_the_good_ones_still_load(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "bad.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    (tmp_path / "good.toml").write_text('primary = "#336699"')
    loaded = theme.load(tmp_path)
    assert [entry.name for entry in loaded.themes] == ["good"]
    assert len(loaded.failed) == 1 and problem in loaded.failed[0]


def test_no_directory_is_no_themes(tmp_path: Path) -> None:
    assert theme.load(tmp_path / "none") == theme.Loaded((), ())


@pytest.mark.parametrize(
    ("wanted", "available", "found"),
    [("a", ["a", "pointsman-dark"], "a"), ("b", ["pointsman-dark"], "pointsman-dark"), (None, ["nord"], None)],
)
def test_an_unknown_theme_falls_back_to_the_default(
    wanted: str | None, available: list[str], found: str | None
) -> None:
    assert theme.chosen(wanted, available) == found


# --- themes of one's own, read again when they are edited ---


def test_a_look_finds_what_was_written_since_the_one_before(tmp_path: Path) -> None:
    shipped, own = tmp_path / "shipped", tmp_path / "own"
    shipped.mkdir()
    (shipped / "paper.toml").write_text('primary = "#336699"')
    shelf = theme.Shelf(shipped, own)
    assert [entry.name for entry in shelf.look().themes] == ["paper"]
    assert shelf.look() == theme.Loaded((), ())
    own.mkdir()
    (own / "paper.toml").write_text('primary = "#3366990"')
    assert "paper.toml" in shelf.look().failed[0]
    (own / "paper.toml").write_text('primary = "#993366"')
    assert [entry.primary for entry in shelf.look().themes] == ["#993366"]


async def test_an_edited_theme_is_drawn_and_a_bad_one_changes_nothing_and_is_told(tmp_path: Path, console: Any) -> None:
    path = tmp_path / "own.toml"
    path.write_text('primary = "#336699"\nbackground = "#101010"')
    async with screen(console, shelf=theme.Shelf(tmp_path), theme="own") as (app, pilot):
        assert app.home.background_colors[1] == Color.parse("#101010")
        path.write_text('primary = "#336699"\nbackground = "#2020201"')
        problems = app.take_themes(app._shelf.look())
        assert "own.toml" in problems[0] and app.home.background_colors[1] == Color.parse("#101010")
        path.write_text('primary = "#336699"\nbackground = "#202020"')
        app.take_themes(app._shelf.look())
        await pilot.pause()
        assert app.home.background_colors[1] == Color.parse("#202020")


async def test_textuals_own_themes_can_be_chosen(console: Any) -> None:
    async with screen(console, theme="textual-light") as (app, _):
        assert app.theme == "textual-light" and {"nord", "gruvbox", "dracula"} <= set(app.available_themes)
