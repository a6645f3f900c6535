"""What is worth a word is told once, when it has lasted, and never lost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from textual.widgets._toast import Toast

from pointsman.core.snapshot import RestartProgress, RestartStage
from pointsman.tui.app import PointsmanApp
from pointsman.tui.arrangement import Arrangement, Standing, read, written
from pointsman.tui.chrome import PolicyStrip
from pointsman.tui.messages import Told
from pointsman.tui.notices import MOST, Notices
from pointsman.tui.panes.prompt import Prompt
from pointsman.tui.picture import Picture
from pointsman.tui.render.selecting import Order
from pointsman.tui.signals import Signals
from support.screen import screen


class Story:
    """Pictures one after the other, and what was told at each."""

    def __init__(self, world: Any) -> None:
        self.world, self.notices, self.told = world, Notices(), list[str]()
        self.snapshot = world.snapshot()
        self.at(0)

    def at(self, seconds: float, **changes: Any) -> tuple[str, ...]:
        self.snapshot = replace(self.snapshot, now=self.world.NOW + seconds, **changes)
        picture = Picture(fleet=self.world.fleet(), snapshot=self.snapshot)
        return tuple(f"{each.text}{'' if each.aloud else ' (quiet)'}" for each in self.notices.see(picture))

    def health(self, state: str, reason: str = "") -> dict[str, Any]:
        known = self.world.Health(state=self.world.HealthState(state), reason=reason)
        return {"health": {**self.snapshot.health, "coder-gpu": known}}


@pytest.fixture
def story(world: Any) -> Story:
    return Story(world)


def test_trouble_is_told_once_it_has_lasted_and_so_is_its_end(story: Story) -> None:
    assert story.at(1, **story.health("down", "refused")) == ()
    assert story.at(3) == ()
    assert story.at(4) == ("coder-gpu is down: refused",)
    assert story.at(9) == ()
    assert story.at(10, **story.health("up")) == ()
    assert story.at(13) == ("coder-gpu is up again",)
    assert story.notices.unread == 2 and len(story.notices.history) == 2


def test_what_did_not_last_is_not_told(story: Story) -> None:
    story.at(1, **story.health("down"))
    story.at(2, **story.health("up"))
    assert story.at(60) == () and story.notices.history == []


def test_a_flapping_endpoint_is_told_aloud_once_a_minute_and_stands_in_the_history_each_time(story: Story) -> None:
    told = []
    for start in range(0, 80, 10):
        story.at(start + 1, **story.health("down", "refused"))
        told += story.at(start + 4)
        story.at(start + 5, **story.health("up"))
        story.at(start + 8)
    aloud = [text for text in told if not text.endswith("(quiet)")]
    assert len(told) == 8 and len(aloud) == 2


def test_a_band_is_told_up_at_its_edge_and_down_only_below_it(story: Story, world: Any) -> None:
    def used(spent: int) -> dict[str, Any]:
        return {"usage": {"b": world.Usage(budget="b", spent=spent, limit=1_000)}}

    story.at(0, **used(790))
    assert story.at(1, **used(900)) == ("CHEAP-ONLY: budget use reached 90% (quiet)",)
    assert story.at(2, **used(895)) == (), "one percent of hysteresis"
    assert story.at(3, **used(880)) == ("PREFER-CHEAP: budget use fell below 90% (quiet)",)


def test_the_end_of_a_restart_is_told_at_once(story: Story, world: Any) -> None:
    begun = RestartProgress(service="ollama", verb="restart", stage=RestartStage.LOADING, started=world.NOW)
    assert story.at(1, restarts=(begun,)) == ()
    ended = replace(begun, stage=RestartStage.HEALTHY, text="it answers")
    assert story.at(2, restarts=(ended,)) == ("restart of ollama: healthy. it answers",)
    assert story.at(3) == ()


def test_the_history_is_bounded(story: Story) -> None:
    for start in range(0, (MOST + 10) * 10, 10):
        story.at(start + 1, **story.health("down" if start % 20 else "up"))
        story.at(start + 5)
    assert len(story.notices.history) == MOST


# --- toasts: one at a time, nowhere near the input ---


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_toast_never_covers_the_input_and_there_is_never_a_second_one(
    console: Any, size: tuple[int, int]
) -> None:
    async with screen(console, size=size) as (app, pilot):
        for number in range(4):
            app.tell(Told(f"number {number} " + "of many words " * 12, "warning"))
        await pilot.pause()
        toasts = list(app.screen.query(Toast))
        assert len(toasts) == 1 and "number 3" in toasts[0]._notification.message
        assert not toasts[0].region.overlaps(app.screen.query_one(Prompt).region)
        assert [each.text[:8] for each in app.notices.history[-4:]] == [f"number {number}" for number in range(4)]


async def test_what_is_worse_stays_below_the_newest_word(console: Any) -> None:
    async with screen(console) as (app, pilot):
        app.tell(Told("broken", "error"))
        app.tell(Told("begun"))
        app.tell(Told("copied"))
        await pilot.pause()
        (standing,) = app._notifications
        assert (standing.message, standing.severity) == ("copied\nbroken", "error")
        assert app.notices.unread == 1


async def test_not_disturbed_nothing_is_told_aloud_and_everything_is_kept(console: Any, world: Any) -> None:
    async with screen(console, signals=Signals("bell")) as (app, pilot):
        written = listen(app)
        await pilot.press("escape", "M")
        app.app_focus = False
        ended = replace(app.picture.snapshot, restarts=(ended_restart(world),))
        app.tell_changes(replace(app.picture, snapshot=ended))
        assert not list(app._notifications) and written == []
        assert app.notices.history[-1].text.startswith("restart of ollama") and app.notices.unread == 1
        assert "DND" in strip_of(app)


# --- signals: only when nobody looks, only our own words ---


@pytest.mark.parametrize(
    ("signals", "written"),
    [
        (Signals("off"), ""),
        (Signals("bell", in_tmux=True), "\a"),
        (Signals("osc9"), "\x1b]9;Pointsman: a reply ended\a"),
        (Signals("osc777"), "\x1b]777;notify;Pointsman;a reply ended\a"),
        (Signals("osc9", in_tmux=True), "\x1bPtmux;\x1b\x1b]9;Pointsman: a reply ended\a\x1b\\"),
    ],
)
def test_a_signal_is_what_that_terminal_understands(signals: Signals, written: str) -> None:
    assert signals.written("a reply ended") == written


@pytest.mark.parametrize("words", ["\x1b]52;c;x", "done;sh", "naïve", "a\nb", "\a"])
def test_only_our_own_words_are_ever_sent_to_a_terminal(words: str) -> None:
    with pytest.raises(ValueError, match="own words"):
        Signals("osc9").written(words)


async def test_the_end_of_a_restart_or_a_long_reply_is_a_signal_where_nobody_looks(console: Any, world: Any) -> None:
    async with screen(console, signals=Signals("osc9")) as (app, _):
        written, now = listen(app), app.picture.snapshot.now
        ended = replace(app.picture.snapshot, restarts=(ended_restart(world),))
        for focused, took, heard in ((True, 60, 0), (False, 9, 0), (False, 42, 1)):
            app.app_focus = focused
            app._asked_at["r"] = now - took
            app.reply_ended("r")
            assert len(written) == heard
        app.tell_changes(replace(app.picture, snapshot=ended))
        assert written == [
            "\x1b]9;Pointsman: a reply ended after 42s\a",
            "\x1b]9;Pointsman: a restart ended: healthy\a",
        ]


def listen(app: PointsmanApp) -> list[str]:
    """What is written to the terminal besides the screen."""
    written: list[str] = []
    real = app._driver.write
    app._driver.write = lambda text: written.append(text) if "Pointsman" in text or text == "\a" else real(text)
    return written


def ended_restart(world: Any) -> RestartProgress:
    stage = RestartStage.HEALTHY
    return RestartProgress(service="ollama", verb="restart", stage=stage, started=world.NOW, text="it answers \x1b[2J")


def strip_of(app: PointsmanApp) -> str:
    return app.home.query_one(PolicyStrip).shown


# --- the arrangement ---


def test_an_arrangement_is_read_back_as_it_was_kept() -> None:
    standing = Standing(active="audit", zoomed=True, hidden=frozenset({"usage"}))
    kept = Arrangement(theme="a", instead_of="b", orders={"audit": Order("cost", True)}).with_size(80, 24, standing)
    again = read(written(kept))
    assert again == kept and again.at(80, 24) == standing and again.at(81, 24) is None
    assert again.theme_over("b") == "a" and again.theme_over("c") is None


def test_nonsense_in_a_kept_arrangement_is_the_usual_one() -> None:
    strange = {
        "theme": 3,
        "orders": {"audit": ["x"], "usage": None},
        "sizes": {"1x1": [], "2x2": {"active": "[/]", "hidden": ["nobody", 7]}},
    }
    assert read(strange).orders == {} and read(strange).theme is None
    assert read(strange).at(2, 2) == read(strange).at(1, 1) == Standing()
    assert read({"orders": 1, "sizes": 2}) == Arrangement()


def test_only_the_sizes_that_were_used_last_are_kept() -> None:
    kept = Arrangement()
    for width in range(60, 160):
        kept = kept.with_size(width, 40, Standing())
    assert len(kept.sizes) == 40 and kept.at(159, 40) is not None and kept.at(60, 40) is None
