"""Which keys each table may have, and how each value is read. Tables of readers: no cross-references here.

A reader gets the TOML value and its place; it returns the core's value, or raises `Wrong`. Readers of nested tables
report into their own place and return what is good.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

from pointsman import keymap
from pointsman.config import units
from pointsman.config.facts import read_conditions, read_stated
from pointsman.config.problems import Place, Wrong, nearest_of
from pointsman.config.reader import Read, Reader, Shape, accepts, plain, table_of
from pointsman.core.fleet import Deadlines, EndpointKind, Locality, OnCut, Scope, ServiceKind, Tier
from pointsman.core.request import KINDS


class Unreadable:
    """Stands for a value that was reported as wrong, so that it is not reported as missing as well."""


UNREADABLE: Final = Unreadable()
CAPABILITIES = ("chat", "vision", "embedding", "image-generation", "audio", "tools", "reasoning")

# What people coming from other programs write, where no spelling is near enough.
_OTHER_WORDS: Mapping[str, str] = {
    "api_key": "key_env",
    "key": "key_env",
    "token": "key_env",
    "base_url": "url",
    "baseUrl": "url",
    "type": "kind",
    "context_window": "context",
    "contextWindow": "context",
    "ctx": "context",
    "port": "url",
}
_VOTING = frozenset(
    {
        *("consensus", "voters", "votes", "voting", "vote", "committee", "quorum", "majority", "debate", "swarm"),
        *("ensemble", "synthesizer", "expected_agents", "spec_kit_consensus"),
    }
)
_NO_VOTING = "no policy lets models vote (GR-001): one model answers, a check or a judge decides; see critic"


def read_table(written: object, place: Place, shape: Shape) -> dict[str, Any]:
    """The known keys of a table, read; everything else about it is reported. Never raises."""
    if not isinstance(written, dict):
        place.problem(f"expected a table, not {units.shown(written)}")
        return {}
    for key in (key for key in written if key not in shape):
        if key.lower() in _VOTING:
            place.key(key).problem(_NO_VOTING)
            continue
        other = _OTHER_WORDS.get(key)
        place.key(key).problem("unknown key", other if other in shape else nearest_of(key, shape))
    return {key: read_value(value, place.key(key), shape[key]) for key, value in written.items() if key in shape}


def read_value(value: object, place: Place, reader: Read) -> Any:
    try:
        return reader(value, place)
    except Wrong as wrong:
        place.problem(str(wrong), wrong.nearest)
        return UNREADABLE


# --- readers of single values ------------------------------------------------------------------------------------


@accepts(type="string", minLength=1)
def text(value: object, place: Place) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise Wrong(f"expected text on one line, not {units.shown(value)}")
    return value.strip()


@accepts(type="string", minLength=1)
def lowered(value: object, place: Place) -> str:
    written: str = text(value, place)
    return written.lower()


@accepts(type="boolean")
def flag(value: object, place: Place) -> bool:
    if not isinstance(value, bool):
        raise Wrong(f"expected true or false, not {units.shown(value)}")
    return value


def count(lowest: int, highest: int) -> Reader:
    @accepts(type="integer", minimum=lowest, maximum=highest)
    def read(value: object, place: Place) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            raise Wrong(f"expected a whole number from {lowest} to {highest}, not {units.shown(value)}")
        return value

    return read


def number(lowest: float, highest: float) -> Reader:
    @accepts(type="number", minimum=lowest, maximum=highest)
    def read(value: object, place: Place) -> float:
        figure = units.finite(value)
        if not lowest <= figure <= highest:
            raise Wrong(f"expected a number from {lowest} to {highest}, not {units.shown(value)}")
        return figure

    return read


def word(*allowed: str) -> Reader:
    @accepts(type="string", enum=list(allowed))
    def read(value: object, place: Place) -> str:
        if isinstance(value, str) and value in allowed:
            return value
        nearest = nearest_of(value, allowed) if isinstance(value, str) else None
        raise Wrong(f"expected one of {', '.join(allowed)}, not {units.shown(value)}", nearest)

    return read


def one_of(kind: type[StrEnum]) -> Reader:
    read = word(*(str(member) for member in kind))
    return Reader(lambda value, place: kind(read(value, place)), read.accepts)


def many(reader: Reader) -> Reader:
    """An array, every wrong item reported; the good ones come back as a tuple."""

    @accepts(type="array", items=dict(reader.accepts))
    def read(value: object, place: Place) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise Wrong(f"expected an array, not {units.shown(value)}")
        items = (read_value(item, place.item(index), reader) for index, item in enumerate(value))
        return tuple(item for item in items if item is not UNREADABLE)

    return read


def set_of(reader: Reader) -> Reader:
    read = many(reader)
    return Reader(lambda value, place: frozenset(read(value, place)), read.accepts)


_ENV_NAME = re.compile(r"[A-Z_][A-Z0-9_]{0,63}\Z")
_LONG_HEX = re.compile(r"[A-F0-9]{24,}\Z")


@accepts(type="string", pattern="^[A-Z_][A-Z0-9_]*$")
def env_name(value: object, place: Place) -> str:
    """The NAME of a variable. What is written is never repeated: it may be the key itself."""
    if not isinstance(value, str) or not _ENV_NAME.match(value) or _LONG_HEX.match(value):
        raise Wrong(
            "expected the NAME of an environment variable that holds the key, such as ANTHROPIC_API_KEY "
            "(capitals, digits, _); never put the key itself into this file"
        )
    return value


@accepts(type="string", minLength=1)
def url(value: object, place: Place) -> str:
    form = 'expected an address such as "http://127.0.0.1:11434"'
    if not isinstance(value, str) or not value.isprintable() or any(c.isspace() for c in value):
        raise Wrong(form)
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise Wrong(form) from None
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise Wrong("an address holds no user, password or query: name the key's environment variable in key_env")
    if parts.scheme not in ("http", "https") or not host:
        raise Wrong(form)
    return value


@accepts(type="string", minLength=1)
def unit_name(value: object, place: Place) -> str:
    """What the service manager calls it. It becomes one argument of a command, so it must not look like an option."""
    if not isinstance(value, str) or not _UNIT.match(value):
        raise Wrong(f'expected the name of a unit, such as "llama-qwen.service", not {units.shown(value)}')
    return value


@accepts(type="array", items={"type": "string", "minLength": 1}, minItems=1)
def command(value: object, place: Place) -> tuple[str, ...]:
    """A program and its arguments, each one text: there is no shell that would take a line apart."""
    if not isinstance(value, list) or not value:
        raise Wrong(f'expected an array, such as ["llama-server", "--port", "8080"], not {units.shown(value)}')
    arguments = (read_value(item, place.item(index), _argument) for index, item in enumerate(value))
    return tuple(argument for argument in arguments if argument is not UNREADABLE)


@accepts(type="string", minLength=1)
def _argument(value: object, place: Place) -> str:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise Wrong(f"expected text on one line, not {units.shown(value)}")
    return value


_UNIT = re.compile(r"[A-Za-z0-9_@./:\\][A-Za-z0-9_@.:/\\-]{0,254}\Z")


_PERCENTS: Shape = dict.fromkeys(KINDS, count(0, 100))


@accepts(**table_of(_PERCENTS))
def percents(value: object, place: Place) -> Mapping[str, int]:
    """Kind of task -> percent of its tasks that were solved."""
    found = read_table(value, place, _PERCENTS)
    return MappingProxyType({kind: share for kind, share in found.items() if share is not UNREADABLE})


def one_or_more(reader: Reader) -> Reader:
    """A value, or an array of them: always read as a tuple."""
    read_all = many(reader)

    @accepts(anyOf=[dict(reader.accepts), dict(read_all.accepts)])
    def read(value: object, place: Place) -> tuple[Any, ...]:
        return read_all(value, place) if isinstance(value, list) else (reader(value, place),)

    return read


@accepts(type="object")
def table(value: object, place: Place) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise Wrong(f"expected a table, not {units.shown(value)}")
    return MappingProxyType(dict(value))


def nested(shape: Shape, build: Callable[..., Any]) -> Reader:
    @accepts(**table_of(shape))
    def read(value: object, place: Place) -> Any:
        parsed = read_table(value, place, shape)
        return UNREADABLE if UNREADABLE in parsed.values() else build(**parsed)

    return read


@accepts(type="object")
def key_map(value: object, place: Place) -> Mapping[str, str]:
    """Action id -> key. What the program's own table says about them is said here, each at its line."""
    if not isinstance(value, dict):
        raise Wrong(f"expected a table, not {units.shown(value)}")
    written: dict[str, str] = {}
    for action, key, here in _actions(value, place):
        read = read_value(key, here, text)
        if isinstance(read, str):
            written[action] = read
    places = {action: here for action, _, here in _actions(value, place)}
    for problem in keymap.problems(written):
        places[problem.id].problem(problem.text, problem.nearest)
    return MappingProxyType(written)


def _actions(table: Mapping[str, object], place: Place, above: str = "") -> Iterator[tuple[str, object, Place]]:
    """(id, key, place). TOML makes tables of an id that is written with its dots and without quotes."""
    for name, value in table.items():
        here = place
        for part in name.split("."):
            here = here.key(part)
        if isinstance(value, dict):
            yield from _actions(value, here, f"{above}{name}.")
        else:
            yield above + name, value, here


# --- the tables ----------------------------------------------------------------------------------------------------

_PROVIDERS = ("local", "cloud", *(str(kind) for kind in EndpointKind))

DEADLINES: Shape = {name: plain(units.duration) for name in ("connect", "first_token", "idle", "total", "load")}
SCOPE: Shape = {"provider": word(*_PROVIDERS), "endpoint": text, "model": text, "tier": one_of(Tier)}

ENDPOINT: Shape = {
    "url": url,
    "kind": one_of(EndpointKind),
    "locality": one_of(Locality),
    "key_env": env_name,
    "service": text,
    "group": text,
    "deadlines": nested(DEADLINES, Deadlines),
    "retired": text,
    "enabled": flag,
}
MODEL: Shape = {
    "id": text,
    "endpoint": text,
    "tier": one_of(Tier),
    "context": plain(units.tokens, "integer", "string"),
    "max_output": plain(units.tokens, "integer", "string"),
    "price_in": plain(units.price),
    "price_out": plain(units.price),
    "price_cached": plain(units.price),
    "price_cache_write": plain(units.price),
    "price_reasoning": plain(units.price),
    "price_above": plain(units.tokens, "integer", "string"),
    "price_in_above": plain(units.price),
    "price_out_above": plain(units.price),
    "vram": plain(units.memory),
    "kv_cache": plain(units.memory),
    "ram": plain(units.memory),
    "speed": plain(units.speed),
    "first_token_stated": plain(units.first_token),
    "first_token": plain(units.duration),
    "capabilities": set_of(word(*CAPABILITIES)),
    "strengths": many(text),
    "quality": percents,
    "quality_from": text,
    "setup": text,
    "aliases": many(text),
    "locality": one_of(Locality),
    "retired": text,
    "params": table,
    "enabled": flag,
}
ROLE: Shape = {
    "primary": text,
    "fallbacks": many(text),
    "escalate_to": many(text),
    "escalate_when": many(read_conditions),
    "cloud_only": flag,
    "local_only": flag,
    "needs": set_of(word(*CAPABILITIES)),
    "max_output": plain(units.tokens, "integer", "string"),
    "judge": flag,
    "cloud_for_high_risk": flag,
    "emits": word("plan.json", "verdict", "cited"),
    "on_cut": one_of(OnCut),
    "fall_back_on_refusal": flag,
    "handled_by": text,
    "planned_by": text,
    "description": text,
}
ROUTE: Shape = {"name": text, "role": text, "when": read_conditions, "why": text, "workflow": word("plan")}
KEYWORD: Shape = {
    "name": text,
    "words": many(lowered),
    "facts": read_stated,
    "whole_words": flag,
    "added": text,
}
BAND: Shape = {
    "at": count(1, 1000),
    "name": text,
    "reject": set_of(one_of(Tier)),
    "reject_locality": one_of(Locality),
    "prefer_cheaper": flag,
    "unless": read_conditions,
}
BUDGET: Shape = {"limit": plain(units.limit), "window": plain(units.window), "scope": nested(SCOPE, Scope)}
# `simulated` is for the demonstration fleet, which builds its services itself.
SERVICE: Shape = {
    "kind": word(*(str(k) for k in ServiceKind if k is not ServiceKind.SIMULATED)),
    "unit": unit_name,
    "command": command,
    "log": text,
    "keep": word("always", "on-failure", "never"),
    "stop": plain(units.duration),
}
GATEWAY: Shape = {"kind": word("openclaw"), "path": text, "expect": text, "ref": text}
AUDIT: Shape = {"anchor": text, "journal": flag}
CHECKS: Shape = {"dir": text, "time": plain(units.duration), "memory": plain(units.memory)}
CHATS: Shape = {"keep": flag}
HOST: Shape = {"metrics_url": one_or_more(url)}
UI: Shape = {
    "theme": text,
    "keymap": key_map,
    "refresh_hz": number(0.1, 4.0),
    "notify": word("off", "bell", "osc9", "osc777"),
    "mouse": flag,
}

TABLES: Mapping[str, Shape] = {
    "endpoints": ENDPOINT,
    "models": MODEL,
    "roles": ROLE,
    "budgets": BUDGET,
    "services": SERVICE,
    "hosts": HOST,
}
ARRAYS: Mapping[str, Shape] = {"routes": ROUTE, "routes_before": ROUTE, "bands": BAND, "keywords": KEYWORD}
SECTIONS: Mapping[str, Shape] = {"ui": UI, "gateway": GATEWAY, "audit": AUDIT, "checks": CHECKS, "chats": CHATS}
TOP: Shape = {
    "policy": text,
    "extends": text,
    "default_role": text,
    "local_only": flag,
    "queue_limit": count(1, 1_000_000),
    "critic": flag,
    "policy_version": text,
    "discover": flag,
    "similar_tasks": flag,
    "model_dirs": many(text),
}
