"""The endpoints as rows, and the line of detail under them."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

from pointsman.core.fleet import Endpoint, Locality, Model
from pointsman.core.health import BreakerState, Health, HealthState
from pointsman.core.served import is_missing
from pointsman.core.snapshot import EndpointStatus, GpuProcess
from pointsman.tui.picture import Picture
from pointsman.tui.render import figures
from pointsman.tui.render.glyphs import Glyphs
from pointsman.tui.render.paint import Part
from pointsman.tui.render.table import Column, Row
from pointsman.tui.untrusted import label

STALE_AFTER = 60.0  # seconds without any probe or call

COLUMNS = (
    Column("name", "ENDPOINT", 15, flex=1, most=26),
    Column("state", "STATE", 9, most=14),
    Column("role", "ROLE", 11, rank=4, flex=1, most=24),
    Column("model", "MODEL", 11, flex=4, most=34),
    Column("context", "CTX", 4, rank=3, right=True),
    Column("latency", "LAT", 5, rank=6, right=True),
    Column("ttft", "TTFT", 5, rank=2, right=True),
    Column("rate", "TOK/S", 5, rank=1, right=True),
    Column("vram", "VRAM", 8, rank=3, right=True),
    Column("queue", "QUEUE", 5, rank=5, right=True),
    Column("errors", "ERR%", 4, rank=4, right=True),
    Column("age", "AGE", 4, rank=1, right=True),
)

WORDS = MappingProxyType(
    {
        HealthState.UNKNOWN: ("unknown", "UNKNOWN", "dim"),
        HealthState.WARMING: ("partial", "LOADING", "warn"),
        HealthState.UP: ("good", "UP", "good"),
        HealthState.BUSY: ("partial", "BUSY", "warn"),
        HealthState.RATE_LIMITED: ("partial", "LIMITED", "warn"),
        HealthState.MISCONFIGURED: ("bad", "MISCONF", "bad"),
        HealthState.DOWN: ("bad", "DOWN", "bad"),
        HealthState.RETIRED: ("off", "RETIRED", "dim"),
    }
)
_ANSWERING = frozenset({HealthState.UP, HealthState.BUSY})
TROUBLE = frozenset({HealthState.DOWN, HealthState.MISCONFIGURED, HealthState.RATE_LIMITED})


def rows(picture: Picture) -> tuple[Row, ...]:
    return tuple(_row(endpoint, picture) for endpoint in picture.fleet.endpoints.values())


def _row(endpoint: Endpoint, picture: Picture) -> Row:
    health = picture.snapshot.health.get(endpoint.name, Health())
    status = picture.snapshot.status.get(endpoint.name)
    cells: dict[str, Part] = {
        "name": (name_of(endpoint), "strong"),
        "state": state_of(health, age_of(health, status, picture.now), picture.glyphs),
        "model": _model(health, status, _lacking(endpoint, status, picture)),
        "age": (figures.seen(age_of(health, status, picture.now)), "dim"),
    }
    cells |= _measures(status) | _places(endpoint, status, picture) | _unseen(endpoint, picture)
    return Row(endpoint.name, cells, wide="" if health.state in _ANSWERING else "model")


def _models(endpoint: Endpoint, picture: Picture) -> list[Model]:
    return [model for model in picture.fleet.models.values() if model.endpoint == endpoint.name]


def _lacking(endpoint: Endpoint, status: EndpointStatus | None, picture: Picture) -> list[str]:
    """What the configuration asks of it and its own list does not have."""
    wanted = [model for model in _models(endpoint, picture) if model.retired is None]
    return [model.id for model in wanted if is_missing(picture.fleet, model, status)]


def _places(endpoint: Endpoint, status: EndpointStatus | None, picture: Picture) -> dict[str, Part]:
    """What there is room for on a wide screen: its part in the fleet, and what it holds."""
    names = {model.name for model in _models(endpoint, picture)}
    roles = " ".join(label(role.name) for role in picture.fleet.roles.values() if role.primary in names)
    traffic = picture.snapshot.traffic.get(endpoint.name)
    failed = traffic.error_percent if traffic else None
    return {
        "role": (roles or "-", "" if roles else "dim"),
        "context": _context(_models(endpoint, picture), status),
        "vram": _vram(endpoint, status, picture),
        "errors": ("-", "dim") if failed is None else (figures.share(failed), "bad" if failed else ""),
    }


def _vram(endpoint: Endpoint, status: EndpointStatus | None, picture: Picture) -> Part:
    """What its models hold of the cards that it computes on, `57/80G`; `ram 98G` for one that computes on none."""
    host = picture.snapshot.host
    cards = [gpu for gpu in host.gpus if any(_own(process, endpoint) for process in gpu.processes)] if host else []
    loaded = status.loaded if status else ()
    told = [model.vram for model in loaded if model.vram is not None]
    told = told or [process.vram or 0 for gpu in cards for process in gpu.processes if _own(process, endpoint)]
    held, room = sum(told), sum(gpu.vram_total or 0 for gpu in cards)
    if held and room:
        return f"{figures.whole(held)}/{figures.whole(room)}G", ""
    in_ram = sum(model.size or 0 for model in loaded)
    if told and not held and in_ram:
        return f"ram {figures.whole(in_ram)}G", ""
    return (figures.size(held), "") if held else ("-", "dim")


def _own(process: GpuProcess, endpoint: Endpoint) -> bool:
    return process.endpoint == endpoint.name


def _context(models: Sequence[Model], status: EndpointStatus | None) -> Part:
    """What is really loaded, else what is configured; a warning where less is loaded than the configuration says."""
    stated = {model.id: model.context for model in models if model.context}
    live = {model.id: model.context for model in status.loaded if model.context} if status else {}
    live |= dict(status.contexts) if status else {}
    real = {name: size for name, size in live.items() if name in stated} or live
    most = max(real.values(), default=None) or max(stated.values(), default=None)
    short = any(size < stated.get(name, 0) for name, size in real.items())
    return ("-", "dim") if most is None else (figures.tokens(most), "warn" if short else "")


def _unseen(endpoint: Endpoint, picture: Picture) -> dict[str, Part]:
    """What has no column and can be filtered by."""
    models = _models(endpoint, picture)
    return {
        "kind": (str(endpoint.kind), ""),
        "where": (str(endpoint.locality), ""),
        "tier": (" ".join(sorted({str(model.tier) for model in models})), ""),
        "asks": (" ".join(label(model.name) for model in models), ""),
    }


def name_of(endpoint: Endpoint) -> str:
    return f"{label(endpoint.name)} sim" if endpoint.simulated else label(endpoint.name)


def age_of(health: Health, status: EndpointStatus | None, now: float) -> float | None:
    seen = [at for at in (health.last_seen, status.checked_at if status else None) if at is not None]
    return now - max(seen) if seen else None


def state_of(health: Health, age: float | None, glyphs: Glyphs) -> Part:
    """Glyph and word; what nobody looked at for a while is stale, whatever it was."""
    if age is not None and age > STALE_AFTER:
        return f"{glyphs.unknown} STALE", "warn"
    if health.breaker.state is BreakerState.HALF_OPEN:
        return f"{glyphs.partial} TRIAL", "warn"
    glyph, word, tone = WORDS[health.state]
    return f"{getattr(glyphs, glyph)} {word}", tone


def _model(health: Health, status: EndpointStatus | None, lacking: Sequence[str]) -> Part:
    if health.state not in _ANSWERING:
        return health.reason, "dim"
    lacks = f"lacks {label(lacking[0]) if len(lacking) == 1 else f'{len(lacking)} models'}" if lacking else ""
    if status is None or not status.loaded:
        return (lacks, "warn") if lacks else ("-", "dim")
    more = f" +{len(status.loaded) - 1}" if len(status.loaded) > 1 else ""
    loaded = label(status.loaded[0].id) + more
    return (f"{lacks} · {loaded}", "warn") if lacks else (loaded, "")


def _measures(status: EndpointStatus | None) -> dict[str, Part]:
    if status is None:
        return {key: ("-", "dim") for key in ("latency", "ttft", "rate", "queue")}
    latency = None if status.latency_ms is None else status.latency_ms / 1000
    return {
        "latency": _known(figures.span(latency)),
        "ttft": _known(figures.span(status.first_token_s)),
        "rate": _known(figures.rate(status.tokens_per_s)),
        "queue": _known(queue_of(status)),
    }


def queue_of(status: EndpointStatus) -> str:
    """Running and waiting requests, `2+1`."""
    if status.running is None and status.waiting is None:
        return figures.UNKNOWN
    running = "?" if status.running is None else status.running
    return f"{running}+{status.waiting}" if status.waiting else str(running)


def _known(figure: str) -> Part:
    return ("-", "dim") if figure == figures.UNKNOWN else (figure, "")


def detail(name: str, picture: Picture) -> tuple[tuple[Part, ...], ...]:
    """Two lines about one endpoint: what it is, and why it is in its state."""
    endpoint = picture.fleet.endpoints[name]
    health = picture.snapshot.health.get(name, Health())
    status = picture.snapshot.status.get(name)
    where = "local" if endpoint.locality is Locality.LOCAL else "cloud"
    about = f"{name_of(endpoint)}  {endpoint.kind} · {where}"
    version = f" · {status.version}" if status and status.version else ""
    since = f" for {figures.age(picture.now - health.since)}" if health.since else ""
    return (
        ((about + version, "dim"),),
        (state_of(health, age_of(health, status, picture.now), picture.glyphs), (f"{since}: {health.reason}", "")),
    )
