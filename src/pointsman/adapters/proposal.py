"""A first configuration from what is on this machine: text to be shown, edited and written by others. Pure.

It builds on the default policy and says only what differs: servers that answer, their models in the places of the
policy's own, places that do not answer switched off. Names come from servers: only printable ones are written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from pointsman.adapters.discover import Found
from pointsman.core.fleet import Endpoint, EndpointKind, Fleet, Locality, is_relay_tag

MOST_LISTED = 12  # model names of one server, in a comment
_Fits = Callable[[str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was found. `keys`: by endpoint, whether the key it needs is there."""

    servers: tuple[Found, ...] = ()
    keys: Mapping[str, bool] = field(default_factory=dict)
    gpus: tuple[str, ...] = ()

    @property
    def anything(self) -> bool:
        return bool(self.servers) or any(self.keys.values())

    def sentences(self) -> Iterator[str]:
        """For a person, before the proposal."""
        for server in self.servers:
            names = ", ".join(_printable(server.models)[:MOST_LISTED]) or "no model told"
            yield f"{server.kind} at {server.url}: {names}"
        there = [name for name, present in self.keys.items() if present]
        missing = [name for name, present in self.keys.items() if not present]
        yield f"keys set for: {', '.join(there) or 'none'}" + (
            f"; not set for: {', '.join(missing)}" if missing else ""
        )
        yield from self.gpus
        if not self.servers:
            yield "no model server answers on the usual ports of this machine"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A model of the default policy that runs on this machine, and what may take its place."""

    alias: str
    fits: tuple[_Fits, ...]  # the first that any model meets decides
    why: str


def _has(*parts: str) -> _Fits:
    return lambda model: any(part in model.lower() for part in parts)


_VISION = _has("vl", "vision", "llava", "minicpm-v", "pixtral")
_EMBEDDING = _has("embed", "bge-", "minilm")
_RERANK = _has("rerank")
_CODER = _has("cod", "devstral")


def _chat(model: str) -> bool:
    return not (_EMBEDDING(model) or _RERANK(model) or is_relay_tag(model))


def _codes(model: str) -> bool:
    return _chat(model) and _CODER(model)


def _sees(model: str) -> bool:
    return _chat(model) and _VISION(model)


def _talks(model: str) -> bool:
    return _chat(model) and not _VISION(model)


def _only_talks(model: str) -> bool:
    return _talks(model) and not _CODER(model)


_PLACES = (
    _Place(alias="coder-next", fits=(_codes,), why="writes code"),
    _Place(alias="vl", fits=(_sees,), why="reads pictures"),
    _Place(alias="embedding", fits=(_EMBEDDING,), why="embeds"),
    _Place(alias="qwen", fits=(_only_talks, _talks), why="summaries, reviews, bulk"),
    _Place(alias="emergency", fits=(_only_talks, _chat), why="the last resort on this machine"),
)


def propose(seen: Seen, preset: Fleet, day: str) -> str:
    """A configuration in TOML. `preset` is the default policy's fleet, `day` the date to write down."""
    named = dict(_named(seen.servers, preset))
    lines = [*_head(seen, day), *_endpoints(named, preset)]
    lines += [*_models(named, preset), *_clouds(seen, preset), *_tail()]
    return "\n".join(lines).rstrip() + "\n"


def _head(seen: Seen, day: str) -> Iterator[str]:
    yield f"# Pointsman: proposed on {day} from what was found on this machine. Change what you like: the program"
    yield "# never rewrites this file, and `pointsman check` names every mistake. `pointsman init --example --print`"
    yield "# shows every key with its default."
    yield from (f"# {one}" for one in seen.gpus)
    yield ""
    yield 'extends = "default" # the joined policy; what stands here is laid over it'
    yield ""


def _named(servers: Iterable[Found], preset: Fleet) -> Iterator[tuple[str, Found]]:
    """Each server under the policy's own name for its address, else under a new one."""
    known = {(each.kind, urlsplit(each.url).port): each.name for each in preset.endpoints.values() if not each.retired}
    for server in servers:
        port = urlsplit(server.url).port
        yield known.get((server.kind, port), f"{server.kind}-{port}".replace(".", "-")), server


def _endpoints(named: Mapping[str, Found], preset: Fleet) -> Iterator[str]:
    yield "# --- places that answer on this machine ---"
    for name, server in named.items():
        yield from _endpoint(name, server, preset.endpoints.get(name))
    for endpoint in _local(preset):
        if endpoint.name not in named:
            yield ""
            yield f"[endpoints.{endpoint.name}]"
            yield f"enabled = false # nothing answers at {endpoint.url}"
    yield ""


def _local(preset: Fleet) -> Iterator[Endpoint]:
    return (each for each in preset.endpoints.values() if each.locality is Locality.LOCAL and each.retired is None)


def _endpoint(name: str, server: Found, known: Endpoint | None) -> Iterator[str]:
    yield ""
    names = _printable(server.models)
    more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
    yield f"[endpoints.{name}] # has: {', '.join(names[:MOST_LISTED]) or 'it did not say'}{more}"
    yield f"url = {_quoted(server.url)}"
    if known is None:
        yield f"kind = {_quoted(str(server.kind))}"
    if server.kind is EndpointKind.OPENAI_COMPATIBLE:
        yield 'locality = "cloud" # it may relay prompts elsewhere; say "local" if you know that it does not'
    if known is None:
        yield '# service = "NAME"  # the [services.NAME] that runs it, if it may be restarted from here'


def _models(named: Mapping[str, Found], preset: Fleet) -> Iterator[str]:
    """Each local model of the policy: kept where it is served, else another in its place, else switched off."""
    offered = [(name, model) for name, server in named.items() for model in _printable(server.models)]
    off = {name for name in (each.name for each in _local(preset)) if name not in named}
    yield "# --- who does the local work ---"
    for place in _PLACES:
        own = preset.models[place.alias]
        if (own.endpoint, own.id) not in offered:
            fitting = ((name, model) for fits in place.fits for name, model in offered if fits(model))
            found = next(fitting, None)
            yield from _in_place(place, found, own.endpoint in off)
    for model in preset.models.values():
        served = (model.endpoint, model.id) in offered
        if model.endpoint in named and model.name not in _ALIASES and not served:
            yield from _off(model.name, "not served here")
    yield ""


_ALIASES = frozenset(place.alias for place in _PLACES)


def _in_place(place: _Place, found: tuple[str, str] | None, gone_with_endpoint: bool) -> Iterator[str]:
    if found is None:
        yield from () if gone_with_endpoint else _off(place.alias, "nothing here does that")
        return
    endpoint, model = found
    yield ""
    yield f"[models.{place.alias}] # {place.why}"
    yield f"id = {_quoted(model)}"
    yield f"endpoint = {_quoted(endpoint)}"


def _off(alias: str, why: str) -> Iterator[str]:
    yield ""
    yield f"[models.{alias}]"
    yield f"enabled = false # {why}"


def _clouds(seen: Seen, preset: Fleet) -> Iterator[str]:
    yield "# --- clouds ---"
    yield "# Asked only where the policy says so, within the caps below, and only those whose key is set:"
    for name, present in seen.keys.items():
        yield f"#   {name:<12} {preset.endpoints[name].key_env} is {'set' if present else 'not set: never asked'}"
    yield "# local_only = true   # no cloud call at all, whatever else is said"
    yield ""


def _tail() -> Iterator[str]:
    yield "# --- caps; a call that does not fit is not made ---"
    yield "[budgets.cloud-day]"
    yield 'limit = "$10"'
    yield 'window = "day"'


def _printable(names: Sequence[str]) -> list[str]:
    """Names as they can stand in one line of a file, and be looked at safely."""
    return [name for name in names if name.isascii() and name.isprintable() and len(name) <= 200]


def _quoted(text: str) -> str:
    """A TOML basic string; JSON's escapes are TOML's for printable text."""
    return json.dumps(text)
