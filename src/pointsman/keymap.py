"""Every key of the program, once, as values: `tui.keys` makes bindings of them, `check` and `keys` hold `[ui.keymap]`
against them. Knows no screen.

Each has an id, by which `[ui.keymap]` rebinds it.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

UNBOUND = "none"  # as a key in `[ui.keymap]`: this action has none


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """`keys` are Textual's names, by commas. `title` is for help and palette; one with a `short` name is offered in the
    footer. `anywhere`: it works although somebody writes."""

    id: str
    keys: str
    action: str
    title: str
    short: str = ""
    anywhere: bool = False


def _key(id: str, key: str, action: str, title: str, short: str = "", *, priority: bool = False) -> Key:
    return Key(id=id, keys=key, action=action, title=title, short=short, anywhere=priority)


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
    _key("pane.grow", "plus", "resize_pane(1)", "make this pane larger"),
    _key("pane.shrink", "minus", "resize_pane(-1)", "make this pane smaller"),
    _key("pane.hide", "H", "hide_pane", "hide this pane"),
    _key("pane.show_all", "0", "show_all", "every pane, as large as it was"),
    _key("view", "v", "next_view", "the next view: all, operate, talk, account"),
    _key("pause", "p", "pause", "pause the display", "pause"),
    _key("suggested", "S", "suggested", "do what is suggested"),
    _key("undo", "u", "undo", "undo the last override"),
    _key("what_if", "W", "what_if", "what if the world were different"),
    _key("alerts", "A", "notices", "what happened: the notices"),
    _key("picture", "I", "picture", "picture of the screen, as an SVG file"),
    _key("do_not_disturb", "M", "do_not_disturb", "do not disturb: no notice aloud, on/off"),
    _key("why", "w", "why", "why this model", "why"),
    _key("override.new", "o", "override", "override", "override"),
    _key("local_only", "L", "local_only", "local only on/off"),
    _key("reload", "ctrl+r", "reload", "read the configuration again", priority=True),
    _key("theme", "t", "change_theme", "theme"),
    _key("back", "escape", "step_back", "stop the reply, or back"),
    _key("next_model", "ctrl+n", "next_model", "ask the next model"),
    _key("chat.new", "ctrl+t", "new_chat", "new conversation, in a tab"),
    _key("chat.list", "ctrl+o", "chats", "kept conversations: open, search, rename, export, delete"),
    _key("tab.before", "f3,ctrl+pageup", "show_tab(-1)", "the conversation before"),
    _key("tab.next", "f4,ctrl+pagedown", "show_tab(1)", "the next conversation"),
    _key("plan.approve", "f8,a", "rule_plan(True)", "approve the plan"),
    _key("plan.reject", "f9,D", "rule_plan(False)", "reject the plan"),
    _key("quit", "q", "quit", "quit", "quit"),
    _key("quit.anywhere", "ctrl+q", "quit", "quit, also while writing", priority=True),
    _key("redraw", "ctrl+l", "redraw", "draw the screen anew", priority=True),
    _key("suspend", "ctrl+z", "suspend_process", "suspend; fg comes back", priority=True),
    _key("interrupt", "ctrl+c", "interrupt", "stop, then quit", priority=True),
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
    _key("service.logs", "l,f", "logs", "logs, followed", "logs"),
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
    _key("list.copy_menu", "Y", "copy_menu", "copy a cell, a command ..., or write it to a file"),
    _key("list.export", "e", "export", "export what is shown", "export"),
)

FILTER = (
    _key("filter.before", "up", "recall(-1)", "the filter before"),
    _key("filter.next", "down", "recall(1)", "the next filter"),
)

TRANSCRIPT = (
    _key("turn.before", "left_square_bracket,K", "mark(-1)", "the turn before"),
    _key("turn.next", "right_square_bracket,J", "mark(1)", "the next turn"),
    _key("turn.down", "j", "scroll_down", "down"),
    _key("turn.up", "k", "scroll_up", "up"),
    _key("turn.first", "g", "scroll_home", "to the beginning"),
    _key("turn.last", "G,end", "last", "to the end, and follow it"),
    _key("turn.copy", "y", "copy", "copy the reply", "copy"),
    _key("turn.copy_code", "c", "copy_code", "copy its next code block", "code"),
    _key("turn.keep", "Y", "keep", "write the reply to a file"),
    _key("turn.export", "e", "export", "export the conversation", "export"),
    _key("turn.edit", "E", "edit", "edit the prompt and send it again", "edit"),
    _key("turn.retry", "R", "retry", "ask again", "retry"),
    _key("turn.next_model", "N", "app.next_model", "ask the next model"),
    _key("turn.good", "h", "verdict(True)", "the reply helped", "helped"),
    _key("turn.bad", "m", "verdict(False)", "the reply did not help (missed)"),
    _key("turn.branch", "B", "branch", "go on from here in a new conversation"),
    _key("chat.close", "X", "app.close_tab", "close this conversation's tab; it stays kept"),
)

PROMPT = (
    _key("prompt.complete", "tab", "complete", "complete the command"),
    _key("prompt.before", "up", "history(-1)", "the prompt before"),
    _key("prompt.next", "down", "history(1)", "the next prompt"),
    _key("prompt.send", "enter", "send", "send", "send"),
    _key("prompt.newline", "alt+enter,ctrl+j,shift+enter", "newline", "new line", "new line"),
    _key("prompt.page_up", "pageup", "scroll_chat(-1)", "scroll the chat up"),
    _key("prompt.page_down", "pagedown", "scroll_chat(1)", "scroll the chat down"),
    _key("prompt.editor", "ctrl+g", "editor", "write it in your own editor: $VISUAL or $EDITOR"),
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

ENDPOINT = (
    _key("detail.close", "escape,q", "close", "close", "close"),
    _key("detail.load", "m", "model('load')", "load a model into its memory", "load"),
    _key("detail.unload", "u", "model('unload')", "take a model out of its memory", "unload"),
    _key("detail.keep_model", "h", "model('keep')", "hold a model in its memory for a time", "hold"),
    _key("detail.restart", "r", "act('restart')", "restart its service", "restart"),
    _key("detail.start", "s", "act('start')", "start its service", "start"),
    _key("detail.stop", "x", "act('stop')", "stop its service"),
    _key("detail.logs", "l", "logs", "the log of its service", "logs"),
    _key("detail.down", "j", "scroll_down", "down"),
    _key("detail.up", "k", "scroll_up", "up"),
    _key("detail.first", "g", "scroll_home", "first line"),
    _key("detail.last", "G", "scroll_end", "last line"),
    _key("detail.copy", "y", "copy", "copy it all", "copy"),
    _key("detail.keep", "Y", "keep", "write it to a file", "file"),
)

MACHINE = (
    _key("machine.close", "escape,q", "close", "close", "close"),
    _key("machine.span", "h", "span", "15 minutes or 6 hours", "hours"),
    _key("machine.fits", "f", "fits", "which models fit this machine", "what fits"),
    _key("machine.down", "j", "scroll_down", "down"),
    _key("machine.up", "k", "scroll_up", "up"),
    _key("machine.first", "g", "scroll_home", "first line"),
    _key("machine.last", "G", "scroll_end", "last line"),
    _key("machine.copy", "y", "copy", "copy its words", "copy"),
    _key("machine.keep", "Y", "keep", "write its words to a file", "file"),
)

MEMORY = (
    _key("memory.filter", "slash", "filter", "why there is nothing to filter, and where processes are"),
    _key("memory.open", "enter", "open_machine", "the machine in depth: plots, and what fits", "open"),
    _key("memory.copy", "y", "copy", "copy what is shown", "copy"),
    _key("memory.keep", "Y", "keep", "write what is shown to a file"),
    _key("memory.export", "e", "export", "export its figures", "export"),
)

USAGE = (
    _key("usage.filter", "slash", "filter", "filter its budgets and models", "filter"),
    _key("usage.clear_filter", "escape", "clear_filter", "clear the filter"),
    _key("usage.copy", "y", "copy", "copy what is shown", "copy"),
    _key("usage.keep", "Y", "keep", "write what is shown to a file"),
    _key("usage.export", "e", "export", "export its figures", "export"),
)

LOG = (
    _key("log.close", "escape,q", "close", "close", "close"),
    _key("log.follow", "f", "follow", "follow what is written", "follow"),
    _key("log.filter", "slash", "filter", "filter its lines", "filter"),
    _key("log.search", "s", "search", "search", "search"),
    _key("log.next", "n", "next(1)", "the next found line"),
    _key("log.before", "N", "next(-1)", "the found line before"),
    _key("log.wrap", "w", "wrap", "wrap long lines, or cut them", "wrap"),
    _key("log.times", "T", "times", "show times, or hide them", "times"),
    _key("log.down", "j", "scroll_down", "down"),
    _key("log.up", "k", "scroll_up", "up"),
    _key("log.page_down", "ctrl+d", "page_down", "page down"),
    _key("log.page_up", "ctrl+u", "page_up", "page up"),
    _key("log.first", "g", "scroll_home", "first line"),
    _key("log.last", "G", "scroll_end", "last line"),
    _key("log.copy", "y", "copy", "copy what is shown", "copy"),
    _key("log.keep", "Y", "keep", "write what is shown to a file", "file"),
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

CHATS = (
    _key("chats.open", "enter", "select", "open it in a tab", "open"),
    _key("chats.down", "j", "cursor_down", "down"),
    _key("chats.up", "k", "cursor_up", "up"),
    _key("chats.search", "slash", "screen.search", "search titles, prompts and answers", "search"),
    _key("chats.rename", "r", "screen.rename", "rename it", "rename"),
    _key("chats.export", "e", "screen.export", "write it to a file", "export"),
    _key("chats.delete", "d,delete", "screen.delete", "delete it, after a question", "delete"),
)

FORM = (_key("form.cancel", "escape", "cancel", "cancel", "cancel"),)

TOUR = (
    _key("tour.next", "enter,right,space,l,j", "step(1)", "next sentence", "next"),
    _key("tour.back", "left,backspace,h,k", "step(-1)", "the sentence before", "back"),
    _key("tour.leave", "escape,q", "leave", "leave the tour", "leave"),
)

FIRST_RUN = (
    _key("first.use", "c", "use", "write the configuration and begin", "write it and begin"),
    _key("first.demo", "d", "leave('demo')", "look around in a simulated fleet", "simulated fleet"),
    _key("first.quit", "q,escape,ctrl+c", "leave('quit')", "quit", "quit", priority=True),
)

GROUPS: Mapping[str, tuple[Key, ...]] = MappingProxyType(
    {
        "Everywhere": APP,
        "In lists": (*LIST, *LISTING),
        "Writing a filter": FILTER,
        "Fleet": FLEET,
        "Services": SERVICES,
        "Override": OVERRIDES,
        "Reading the chat": TRANSCRIPT,
        "Writing a prompt": PROMPT,
        "A cut answer": FRAGMENT,
        "Reading": READER,
        "A log": LOG,
        "An endpoint": ENDPOINT,
        "Usage": USAGE,
        "GPU / host": MEMORY,
        "The machine": MACHINE,
        "What if": (*KNOBS, *WHAT_IF),
        "Kept conversations": CHATS,
        "Confirming": CONFIRM,
        "Forms": FORM,
        "The tour": TOUR,
        "The first start": FIRST_RUN,
    }
)

# Groups whose keys are live at the same time as another's: a key that two of them share would do only one thing.
_TOGETHER = (
    ("Everywhere",),
    ("Everywhere", "In lists"),
    ("In lists", "Fleet"),
    ("In lists", "Services"),
    ("In lists", "Override"),
    ("Everywhere", "Reading the chat"),
    ("Reading",),
    ("A log",),
    ("An endpoint",),
    ("Everywhere", "Usage"),
    ("Everywhere", "GPU / host"),
    ("The machine",),
    ("Kept conversations",),
    ("Confirming",),
    ("What if",),
    ("Writing a prompt",),
    ("The tour",),
    ("The first start",),
)
# Keys that mean the nearest thing on purpose: `escape` goes back, wherever one is.
_NESTED = frozenset({"escape"})


def all_keys() -> Iterator[Key]:
    for group in GROUPS.values():
        yield from group


def flat(table: Mapping[str, object], above: str = "") -> dict[str, object]:
    """A keymap as it is written. TOML makes tables of an id with dots and without quotes."""
    found: dict[str, object] = {}
    for name, value in table.items():
        found |= flat(value, f"{above}{name}.") if isinstance(value, dict) else {above + name: value}
    return found


def keys_of(entry: Key, keymap: Mapping[str, str]) -> tuple[str, ...]:
    """Textual's names of the keys that do it, after rebinding; none if it was unbound."""
    written = keymap.get(entry.id, entry.keys)
    return () if written.strip() == UNBOUND else tuple(named(key) for key in _apart(written))


def _apart(written: str) -> Iterator[str]:
    """By commas. A comma of its own is a key."""
    parts = [part.strip() for part in written.split(",")]
    yield from (part for part in parts if part)
    if written.strip() == ",":
        yield ","


def shown(entry: Key, keymap: Mapping[str, str]) -> str:
    """Its keys as a person writes them, after rebinding."""
    return " ".join(spelled(key) for key in keys_of(entry, keymap)) or UNBOUND


# --- names of keys ---------------------------------------------------------------------------------------------------

_SPELLED = MappingProxyType(
    {"question_mark": "?", "colon": ":", "slash": "/", "escape": "esc", "ctrl+": "^", "delete": "del"}
    | {"left_square_bracket": "[", "right_square_bracket": "]", "minus": "-", "plus": "+"}
    | {"greater_than_sign": ">", "less_than_sign": "<", "equals_sign": "="}
)
# Textual's own words for what Unicode calls otherwise.
_RENAMED = MappingProxyType(
    {"solidus": "slash", "reverse_solidus": "backslash", "commercial_at": "at", "hyphen_minus": "minus"}
    | {"plus_sign": "plus", "low_line": "underscore"}
)
_NAMED = frozenset(
    "enter escape tab space backspace delete insert home end pageup pagedown up down left right".split()
    + [f"f{number}" for number in range(1, 25)]
)
_MODIFIERS = re.compile(r"(?:(?:ctrl|alt|shift|super|hyper|meta)\+)*(?=.)")
_SENT_AS = MappingProxyType(
    {"ctrl+m": "enter", "ctrl+i": "tab", "ctrl+h": "backspace", "ctrl+left_square_bracket": "escape"}
)
_TAKEN = MappingProxyType({"ctrl+b": "tmux", "ctrl+a": "screen", "ctrl+s": "the terminal's flow control"})


def named(key: str) -> str:
    """Textual's name of a key that may be written as the character itself: `?` is `question_mark`."""
    modifiers = _MODIFIERS.match(key)
    start = modifiers.end() if modifiers else 0
    character = key[start:]
    if len(character) != 1 or character.isalnum():
        return key
    called = unicodedata.name(character, "").lower().replace("-", "_").replace(" ", "_")
    return key[:start] + _RENAMED.get(called, called)


def spelled(key: str) -> str:
    for long, short in _SPELLED.items():
        key = key.replace(long, short)
    return key


def _is_key(key: str) -> bool:
    modifiers = _MODIFIERS.match(key)
    bare = key[modifiers.end() if modifiers else 0 :]
    return bare in _NAMED or (len(bare) == 1 and bare.isalnum()) or bare in _CHARACTERS


_CHARACTERS = frozenset(named(chr(code)) for code in range(0x21, 0x7F) if not chr(code).isalnum())


# --- what is wrong with a keymap -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KeyProblem:
    """`id` is the entry of `[ui.keymap]` it is about; `nearest` what was probably meant."""

    id: str
    text: str
    nearest: str | None = None

    def __str__(self) -> str:
        return f"[ui.keymap] {self.id}: {self.text}" + (f", did you mean {self.nearest!r}?" if self.nearest else "")


def problems(keymap: Mapping[str, str]) -> tuple[KeyProblem, ...]:
    """Unknown ids, keys that do not exist or never arrive, and keys that would mean two things at once."""
    known = {entry.id: entry for entry in all_keys()}
    found: list[KeyProblem] = []
    for name in keymap:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            found.append(KeyProblem(name, "no action is called so", near[0] if near else None))
        else:
            found += _wrong_keys(known[name], keymap)
    return (*found, *dict.fromkeys(_clashes(keymap)))


def _wrong_keys(entry: Key, keymap: Mapping[str, str]) -> Iterator[KeyProblem]:
    pressed = keys_of(entry, keymap)
    if not pressed and keymap[entry.id].strip() != UNBOUND:
        yield KeyProblem(entry.id, f"names no key; {UNBOUND!r} unbinds it")
    for key in pressed:
        if key in _SENT_AS:
            yield KeyProblem(entry.id, f"terminals send {_SENT_AS[key]} for {spelled(key)}")
        elif key in _TAKEN:
            yield KeyProblem(entry.id, f"{spelled(key)} never arrives: {_TAKEN[key]} takes it")
        elif not _is_key(key):
            near = difflib.get_close_matches(key, [*_NAMED, *_CHARACTERS], 1)
            yield KeyProblem(entry.id, f"no key is called {key!r}", near[0] if near else None)


def _clashes(keymap: Mapping[str, str]) -> Iterator[KeyProblem]:
    for groups in _TOGETHER:
        owners: dict[str, Key] = {}
        for entry in (entry for group in groups for entry in GROUPS[group]):
            for key in keys_of(entry, keymap):
                first = owners.setdefault(key, entry)
                if first.action == entry.action or key in _NESTED:
                    continue
                if first.id in keymap or entry.id in keymap:
                    blamed, other = (entry.id, first.id) if entry.id in keymap else (first.id, entry.id)
                    yield KeyProblem(blamed, f"{spelled(key)} is the key of {other!r} as well")
