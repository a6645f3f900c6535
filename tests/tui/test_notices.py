"""What is worth a word is told once, when it has lasted, and never lost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pointsman.core.snapshot import RestartProgress, RestartStage
from pointsman.tui.arrangement import Arrangement, Standing, read, written
from pointsman.tui.notices import MOST, Notices
from pointsman.tui.picture import Picture
from pointsman.tui.render.selecting import Order


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
    assert story.at(1, **used(900)) == ("CHEAP-ONLY: budget use reached 90%",)
    assert story.at(2, **used(895)) == (), "one percent of hysteresis"
    assert story.at(3, **used(880)) == ("PREFER-CHEAP: budget use fell below 90%",)


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
