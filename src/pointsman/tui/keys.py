"""The program's keys as Textual's bindings: panes and app take them from here, help and palette list them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from textual.binding import Binding

from pointsman import keymap
from pointsman.keymap import Key

NO_KEY = "f63"  # what an unbound action is bound to: no keyboard sends it, and Textual needs something


def _bindings(keys: Iterable[Key]) -> tuple[Binding, ...]:
    return tuple(
        Binding(
            entry.keys,
            entry.action,
            entry.short or entry.title,
            tooltip=entry.title,
            id=entry.id,
            show=bool(entry.short),
            priority=entry.anywhere,
        )
        for entry in keys
    )


APP = _bindings(keymap.APP)
LIST = _bindings(keymap.LIST)
SERVICES = _bindings(keymap.SERVICES)
OVERRIDES = _bindings(keymap.OVERRIDES)
FLEET = _bindings(keymap.FLEET)
LISTING = _bindings(keymap.LISTING)
FILTER = _bindings(keymap.FILTER)
TRANSCRIPT = _bindings(keymap.TRANSCRIPT)
PROMPT = _bindings(keymap.PROMPT)
FRAGMENT = _bindings(keymap.FRAGMENT)
READER = _bindings(keymap.READER)
ENDPOINT = _bindings(keymap.ENDPOINT)
MACHINE = _bindings(keymap.MACHINE)
MEMORY = _bindings(keymap.MEMORY)
USAGE = _bindings(keymap.USAGE)
LOG = _bindings(keymap.LOG)
CONFIRM = _bindings(keymap.CONFIRM)
KNOBS = _bindings(keymap.KNOBS)
WHAT_IF = _bindings(keymap.WHAT_IF)
CHATS = _bindings(keymap.CHATS)
FORM = _bindings(keymap.FORM)
TOUR = _bindings(keymap.TOUR)
FIRST_RUN = _bindings(keymap.FIRST_RUN)

# Actions without a key of their own: (action, title). The palette lists them.
UNBOUND = (
    ("read_only(False)", "rw: allow changes again"),
    ("read_only(True)", "read-only: nothing is changed or sent"),
    ("machine", "this machine in depth: plots, and which models fit"),
    ("log_of_trouble", "the log of the service that failed"),
    ("revert_drift", "revert the gateway's default model"),
    ("filter_audit", "filter the audit"),
    ("clear_chat", "clear the chat: a new conversation in this tab"),
    ("follow", "to the end of the chat, and follow it"),
    ("write('/rename ')", "rename this conversation"),
    ("write('/search ')", "search the kept conversations"),
    ("export_chat", "export this conversation"),
    ("delete_chat", "delete this conversation"),
)


def for_textual(changed: Mapping[str, str]) -> Mapping[str, str]:
    """A person's keymap in Textual's words."""
    known = {entry.id: entry for entry in keymap.all_keys()}
    return {name: ",".join(keymap.keys_of(known[name], changed)) or NO_KEY for name in changed if name in known}


def shown(entry: Key | Binding, changed: Mapping[str, str]) -> str:
    """The keys of a binding as a person writes them, after rebinding."""
    found = entry if isinstance(entry, Key) else _KNOWN[str(entry.id)]
    return keymap.shown(found, changed)


def here(active: Iterable[Binding]) -> Mapping[str, tuple[Key, ...]]:
    """The groups, with those first in which a key works where the focus is."""
    live = {entry.id for entry in active}
    near = {
        title: group
        for title, group in keymap.GROUPS.items()
        if title != "Everywhere" and all(entry.id in live or entry.id in _SOMETIMES for entry in group)
    }
    return {**near, **{title: group for title, group in keymap.GROUPS.items() if title not in near}}


_KNOWN = MappingProxyType({entry.id: entry for entry in keymap.all_keys()})
_SOMETIMES = frozenset({"list.clear_filter", "usage.clear_filter"})  # only while there is something to clear
