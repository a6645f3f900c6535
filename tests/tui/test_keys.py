"""Keys: every action is reachable, rebinding is held to what exists, help begins with where one is."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pointsman import keymap
from pointsman.tui import keys
from pointsman.tui.app import PointsmanApp, draws_only_ascii
from pointsman.tui.panes.endpoints import EndpointsPane
from pointsman.tui.panes.figures import MemoryPane, UsagePane
from pointsman.tui.panes.filtering import Filter
from pointsman.tui.panes.listing import Listing
from pointsman.tui.panes.overrides import OverridesPane
from pointsman.tui.panes.prompt import Prompt
from pointsman.tui.panes.rows import Rows
from pointsman.tui.panes.services import ServicesPane
from pointsman.tui.panes.transcript import Transcript
from pointsman.tui.panes.turn import FragmentView
from pointsman.tui.render import hints
from pointsman.tui.screens.chats import ChatsScreen, FoundChats
from pointsman.tui.screens.choice import Choice
from pointsman.tui.screens.confirm import Confirm
from pointsman.tui.screens.endpoint import EndpointScreen
from pointsman.tui.screens.first_run import FirstRun
from pointsman.tui.screens.log import LogScreen
from pointsman.tui.screens.machine import MachineScreen
from pointsman.tui.screens.override_form import OverrideForm
from pointsman.tui.screens.reader import Reader
from pointsman.tui.screens.tour import Tour
from pointsman.tui.screens.what_if import Knobs, WhatIf

OWNERS = (
    PointsmanApp,
    Rows,
    Listing,
    Filter,
    EndpointsPane,
    ServicesPane,
    OverridesPane,
    Transcript,
    Prompt,
    FragmentView,
    Reader,
    LogScreen,
    MachineScreen,
    MemoryPane,
    UsagePane,
    EndpointScreen,
    Confirm,
    Choice,
    ChatsScreen,
    FoundChats,
    OverrideForm,
    WhatIf,
    Knobs,
    Tour,
    FirstRun,
)
INHERITED = {"command_palette", "change_theme", "suspend_process"}  # Textual's own actions, that have keys here
# Never asked for by a key: Textual's, or what another action does by the same name on another widget.
ELSEWHERE = {"open", "typed"}


def actions_of(owner: type) -> set[str]:
    """What our own classes can be told to do."""
    own = [name for base in owner.__mro__ if base.__module__.startswith("pointsman.") for name in vars(base)]
    return {name.removeprefix("action_") for name in own if name.startswith("action_")} - ELSEWHERE


def name_of(action: str) -> str:
    return re.split(r"[(.]", action.removeprefix("app.").removeprefix("screen."))[0]


def test_every_action_has_a_key_or_stands_in_the_palette() -> None:
    bound = {name_of(entry.action) for entry in keymap.all_keys()} | {name_of(action) for action, _ in keys.UNBOUND}
    for owner in OWNERS:
        assert actions_of(owner) <= bound, owner


def test_every_key_leads_to_an_action_that_exists() -> None:
    known = INHERITED | {name for owner in OWNERS for name in dir(owner) if name.startswith("action_")}
    for entry in keymap.all_keys():
        name = name_of(entry.action)
        assert name in known or f"action_{name}" in known, entry


def test_every_binding_has_an_id_of_its_own_and_a_title() -> None:
    ids = [entry.id for entry in keymap.all_keys()]
    assert len(ids) == len(set(ids)) and None not in ids
    assert all(entry.title for entry in keymap.all_keys())


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, []),
        ({"why": "ctrl+y"}, []),
        ({"why": "?", "help": "none"}, []),
        ({"zom": "x"}, ["zom: no action is called so, did you mean 'zoom'?"]),
        ({"why": "q"}, ["why: q is the key of 'quit' as well"]),
        ({"service.stop": "r"}, ["service.stop: r is the key of 'service.restart' as well"]),
        (
            {"zoom": "y"},
            [f"zoom: y is the key of '{pane}.copy' as well" for pane in ("list", "turn", "usage", "memory")],
        ),
        ({"why": "ctrl+m"}, ["why: terminals send enter for ^m"]),
        ({"why": "ctrl+["}, ["why: terminals send escape for ^["]),
        ({"why": "ctrl+b"}, ["why: ^b never arrives: tmux takes it"]),
        ({"why": "escpae"}, ["why: no key is called 'escpae', did you mean 'escape'?"]),
        ({"why": " "}, ["why: names no key; 'none' unbinds it"]),
    ],
)
def test_a_keymap_is_told_what_is_wrong_with_it(changed: dict[str, str], told: list[str]) -> None:
    assert [str(problem).removeprefix("[ui.keymap] ") for problem in keymap.problems(changed)] == told


def test_the_keys_as_delivered_exist_arrive_and_do_not_clash() -> None:
    assert not keymap.problems({entry.id: entry.keys for entry in keymap.all_keys()})


def hints_of(path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("hint", "key_of"):
            given = [each.value for each in node.args if isinstance(each, ast.Constant)]
            if len(given) >= 2:
                yield given[0], given[-1]


def test_a_hint_names_the_key_as_it_is_bound_now() -> None:
    source = Path(inspect.getfile(hints)).parent.parent
    told = [each for path in source.rglob("*.py") for each in hints_of(path)]
    try:
        hints.bind({entry.id: "f12" for entry in keymap.all_keys()})
        assert len(told) > 20 and {hints.key_of(*each) for each in told} == {"f12"}
        hints.bind({"undo": "none"})
        assert [text for text, _ in hints.hint("u", "undoes", "app.undo")] == ["undoes"]
    finally:
        hints.bind({})
    assert [hints.key_of(*each) for each in told] == [key for key, _ in told]


def test_help_begins_with_the_keys_that_work_here() -> None:
    live = [*keys.APP, *keys.LIST, *keys.LISTING, *keys.SERVICES]
    assert list(keys.here(live))[:3] == ["In lists", "Services", "Everywhere"]
    assert set(keys.here(live)) == set(keymap.GROUPS)


@pytest.mark.parametrize(
    ("encoding", "term", "ascii_only"),
    [
        ("utf-8", "xterm-256color", False),
        ("UTF8", "tmux", False),
        ("ascii", "xterm", True),
        ("latin-1", "xterm", True),
        ("utf-8", "linux", True),
        (None, "xterm", True),
        ("nonsense", "xterm", True),
    ],
)
def test_a_terminal_that_has_only_ascii_is_recognised(encoding: str | None, term: str, ascii_only: bool) -> None:
    assert draws_only_ascii(encoding, {"TERM": term}) is ascii_only


def test_actions_of_the_prompt_tell_whether_they_took_the_key() -> None:
    for name in ("send", "newline", "leave", "complete", "history"):
        assert inspect.signature(getattr(Prompt, f"action_{name}")).return_annotation == "bool"
