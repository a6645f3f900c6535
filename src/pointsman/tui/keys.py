"""Every key of the program, once: panes and app take their bindings from here, help and palette list them.

Each has an id, so that `[keymap]` can rebind it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from textual.binding import Binding


def _key(id: str, key: str, action: str, title: str, short: str = "", *, priority: bool = False) -> Binding:
    """`title` is for help and palette; a key with a `short` name is offered in the footer."""
    return Binding(key, action, short or title, tooltip=title, id=id, show=bool(short), priority=priority)


APP = (
    _key("help", "question_mark,f1", "help", "help", "help"),
    _key("palette", "colon", "command_palette", "palette", "palette"),
    _key("palette.anywhere", "ctrl+p", "command_palette", "palette, also while writing", priority=True),
    _key("pane.endpoints", "1", "show_pane('endpoints')", "Fleet"),
    _key("pane.chat", "2", "show_pane('chat')", "Chat"),
    _key("pane.audit", "3", "show_pane('audit')", "Audit"),
    _key("pane.services", "4", "show_pane('services')", "Services"),
    _key("pane.overrides", "5", "show_pane('overrides')", "Override"),
    _key("pane.usage", "6", "show_pane('usage')", "Usage"),
    _key("pane.memory", "7", "show_pane('memory')", "GPU / host"),
    _key("chat.write", "i", "show_pane('chat')", "write a prompt", "write"),
    _key("zoom", "z", "zoom", "zoom", "zoom"),
    _key("pause", "p", "pause", "pause the display", "pause"),
    _key("suggested", "S", "suggested", "do what is suggested"),
    _key("undo", "u", "undo", "undo the last override"),
    _key("what_if", "W", "what_if", "what if the world were different"),
    _key("alerts", "A", "notices", "what happened: the notices"),
    _key("pane.hide", "minus", "hide_pane", "hide this pane"),
    _key("pane.show_all", "0", "show_all", "show every pane"),
    _key("why", "w", "why", "why this model", "why"),
    _key("override.new", "o", "override", "override", "override"),
    _key("local_only", "L", "local_only", "local only on/off"),
    _key("theme", "t", "change_theme", "theme"),
    _key("back", "escape", "step_back", "stop the reply, or back"),
    _key("next_model", "ctrl+n", "next_model", "ask the next model"),
    _key("plan.approve", "f8,a", "rule_plan(True)", "approve the plan"),
    _key("plan.reject", "f9,D", "rule_plan(False)", "reject the plan"),
    _key("quit", "q", "quit", "quit", "quit"),
    _key("quit.anywhere", "ctrl+q", "quit", "quit, also while writing", priority=True),
    _key("suspend", "ctrl+z", "suspend_process", "suspend; fg comes back", priority=True),
    _key("interrupt", "ctrl+c", "interrupt", "stop, then quit", priority=True),
)

# Actions without a key of their own: (action, title). The palette lists them.
UNBOUND = (
    ("read_only(False)", "rw: allow changes again"),
    ("read_only(True)", "read-only: nothing is changed or sent"),
    ("revert_drift", "revert the gateway's default model"),
    ("filter_audit", "filter the audit"),
    ("clear_chat", "clear the chat"),
)

LIST = (
    _key("list.down", "j", "cursor_down", "down"),
    _key("list.up", "k", "cursor_up", "up"),
    _key("list.first", "g", "first", "first row"),
    _key("list.last", "G", "last", "last row"),
    _key("list.page_down", "ctrl+d", "page_down", "page down"),
    _key("list.page_up", "ctrl+u", "page_up", "page up"),
)

SERVICES = (
    _key("service.restart", "r", "act('restart')", "restart", "restart"),
    _key("service.start", "s", "act('start')", "start", "start"),
    _key("service.stop", "x", "act('stop')", "stop", "stop"),
    _key("service.logs", "l", "logs", "logs", "logs"),
)

OVERRIDES = (_key("override.clear", "d,delete", "clear", "clear it", "clear"),)

FLEET = (_key("endpoint.pin", "P", "pin", "pin or prefer its model"),)

LISTING = (
    _key("list.filter", "slash", "filter", "filter", "filter"),
    _key("list.clear_filter", "escape", "clear_filter", "clear the filter"),
    _key("list.sort_next", "greater_than_sign", "sort(1)", "sort by the next column", "sort"),
    _key("list.sort_before", "less_than_sign", "sort(-1)", "sort by the column before"),
    _key("list.reverse", "equals_sign", "reverse", "reverse the order"),
    _key("list.copy", "y", "copy", "copy the row", "copy"),
    _key("list.keep", "Y", "keep", "write the row to a file"),
    _key("list.export", "e", "export", "export what is shown", "export"),
)

TRANSCRIPT = (
    _key("turn.before", "left_square_bracket,K", "mark(-1)", "the turn before"),
    _key("turn.next", "right_square_bracket,J", "mark(1)", "the next turn"),
    _key("turn.down", "j", "scroll_down", "down"),
    _key("turn.up", "k", "scroll_up", "up"),
    _key("turn.first", "g", "scroll_home", "to the beginning"),
    _key("turn.last", "G", "scroll_end", "to the end"),
    _key("turn.copy", "y", "copy", "copy the reply", "copy"),
    _key("turn.copy_code", "c", "copy_code", "copy its next code block", "code"),
    _key("turn.keep", "Y", "keep", "write the reply to a file"),
    _key("turn.export", "e", "export", "export the conversation", "export"),
    _key("turn.edit", "E", "edit", "edit the prompt and send it again", "edit"),
    _key("turn.retry", "R", "retry", "ask again", "retry"),
    _key("turn.next_model", "N", "app.next_model", "ask the next model"),
)

PROMPT = (
    _key("prompt.complete", "tab", "complete", "complete the command"),
    _key("prompt.before", "up", "history(-1)", "the prompt before"),
    _key("prompt.next", "down", "history(1)", "the next prompt"),
    _key("prompt.send", "enter", "send", "send", "send"),
    _key("prompt.newline", "alt+enter,ctrl+j,shift+enter", "newline", "new line", "new line"),
    _key("prompt.leave", "escape", "leave", "stop, or leave the input", "leave"),
)

FRAGMENT = (_key("fragment.toggle", "enter", "toggle_fragment", "show or hide the cut answer", "show"),)

READER = (
    _key("reader.close", "escape,q", "close", "close", "close"),
    _key("reader.down", "j", "scroll_down", "down"),
    _key("reader.up", "k", "scroll_up", "up"),
    _key("reader.first", "g", "scroll_home", "first line"),
    _key("reader.last", "G", "scroll_end", "last line"),
    _key("reader.copy", "y", "copy", "copy it all", "copy"),
    _key("reader.keep", "Y", "keep", "write it to a file", "file"),
)

CONFIRM = (
    _key("confirm.yes", "y", "answer('yes')", "yes", "yes"),
    _key("confirm.wait", "w", "answer('wait')", "yes, once nothing runs on it"),
    _key("confirm.no", "n,escape", "answer('no')", "no", "no"),
)

KNOBS = (
    _key("knob.down", "j", "cursor_down", "next knob"),
    _key("knob.up", "k", "cursor_up", "knob before"),
    _key("knob.more", "right,l,space", "screen.turn(1)", "more, or the next state", "change"),
    _key("knob.less", "left,h", "screen.turn(-1)", "less, or the state before"),
    _key("knob.reset", "x,backspace", "screen.as_it_is", "as it is", "as it is"),
    _key("knob.reset_all", "X", "screen.all_as_they_are", "everything as it is", "reset all"),
)

WHAT_IF = (_key("what_if.close", "escape,q", "close", "close", "close"),)

FORM = (_key("form.cancel", "escape", "cancel", "cancel", "cancel"),)

GROUPS: Mapping[str, tuple[Binding, ...]] = MappingProxyType(
    {
        "Everywhere": APP,
        "In lists": (*LIST, *LISTING),
        "Fleet": FLEET,
        "Services": SERVICES,
        "Override": OVERRIDES,
        "Reading the chat": TRANSCRIPT,
        "Writing a prompt": PROMPT,
        "A cut answer": FRAGMENT,
        "Reading": READER,
        "What if": (*KNOBS, *WHAT_IF),
        "Confirming": CONFIRM,
        "Forms": FORM,
    }
)

_NAMES = MappingProxyType(
    {"question_mark": "?", "colon": ":", "slash": "/", "escape": "esc", "ctrl+": "^", "delete": "del"}
    | {"left_square_bracket": "[", "right_square_bracket": "]", "minus": "-"}
    | {"greater_than_sign": ">", "less_than_sign": "<", "equals_sign": "="}
)


def all_bindings() -> Iterable[Binding]:
    for group in GROUPS.values():
        yield from group


def shown(binding: Binding, keymap: Mapping[str, str]) -> str:
    """The keys of a binding as a person writes them, after rebinding."""
    written = keymap.get(binding.id or "", binding.key)
    return " ".join(_spelled(key) for key in written.split(","))


def _spelled(key: str) -> str:
    for long, short in _NAMES.items():
        key = key.replace(long, short)
    return key


# Groups whose keys are live at the same time as another's: a key that two of them share would do only one thing.
_TOGETHER = (
    ("Everywhere",),
    ("Everywhere", "In lists"),
    ("In lists", "Fleet"),
    ("In lists", "Services"),
    ("In lists", "Override"),
    ("Everywhere", "Reading the chat"),
    ("Reading",),
    ("Confirming",),
    ("What if",),
    ("Writing a prompt",),
)
# Keys that mean the nearest thing on purpose: `escape` goes back, wherever one is.
_NESTED = frozenset({"escape"})


def problems(keymap: Mapping[str, str]) -> tuple[str, ...]:
    """What is wrong with a person's `[keymap]`: unknown ids, and keys that would mean two things at once."""
    known = {str(entry.id) for entry in all_bindings()}
    unknown = (
        f"[keymap] {name!r} is no action" + (f", did you mean {near[0]!r}?" if near else "")
        for name in keymap
        if name not in known
        for near in [difflib.get_close_matches(name, known, 1)]
    )
    return (*unknown, *(text for text in dict.fromkeys(_clashes(keymap))))


def _clashes(keymap: Mapping[str, str]) -> Iterable[str]:
    for groups in _TOGETHER:
        owners: dict[str, str] = {}
        for entry in (entry for group in groups for entry in GROUPS[group]):
            name = str(entry.id)
            for key in keymap.get(name, entry.key).split(","):
                first = owners.setdefault(key.strip(), name)
                if first != name and key not in _NESTED and (first in keymap or name in keymap):
                    yield f"[keymap] {_spelled(key)} is both {first!r} and {name!r}"


def here(active: Iterable[Binding]) -> Mapping[str, tuple[Binding, ...]]:
    """The groups, with those first in which a key works where the focus is."""
    live = {entry.id for entry in active}
    near = {
        title: group
        for title, group in GROUPS.items()
        if title != "Everywhere" and all(entry.id in live or entry.id in _SOMETIMES for entry in group)
    }
    return {**near, **{title: group for title, group in GROUPS.items() if title not in near}}


_SOMETIMES = frozenset({"list.clear_filter"})  # only while there is something to clear
