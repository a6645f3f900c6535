"""What each kind of endpoint is asked, and how its answers read: health, loaded models, live context, queue.

Only paths without side effects (protocols.md §1.4): never `/slots`, which wakes a sleeping model; never `?model=` on a
llama.cpp router and never llama-swap's `/upstream` or `/unload`, which load and unload. Nothing here touches a socket.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Protocol

from pointsman.adapters.error_body import read_error
from pointsman.adapters.lenient import (
    JsonObject,
    count,
    name,
    number,
    one_line,
    record,
    records,
    words,
)
from pointsman.adapters.metrics_text import Metrics
from pointsman.adapters.probe_look import Look, LookFailed, Reply
from pointsman.adapters.urls import api_of, root_of
from pointsman.core.fleet import EndpointKind, Locality, is_relay_tag
from pointsman.core.health import HealthState
from pointsman.core.snapshot import EndpointStatus, LoadedModel
from pointsman.ports import Probed

_QUOTA_PAUSE = 600.0  # seconds until an empty prepaid account is looked at again
_CAPABILITIES = {
    "completion": "chat",
    "vision": "vision",
    "embedding": "embedding",
    "tools": "tools",
    "thinking": "reasoning",
    "audio": "audio",
    "image": "image-generation",
}


class Rates(Protocol):
    """Remembers an endpoint's counters between probes."""

    def per_second(self, endpoint: str, tokens: float | None, seconds: float | None) -> float | None:
        """Tokens/s since the last probe: difference of tokens over difference of the server's own busy seconds."""
        ...


Looker = Callable[[Look, Rates], Awaitable[Probed]]


def _bearer(look: Look) -> dict[str, str]:
    return {"authorization": f"Bearer {look.key}"} if look.key else {}


def _json_of(reply: Reply | None) -> object:
    return reply.json() if reply is not None and reply.ok else None


def _probed(look: Look, reason: str, **told: Any) -> Probed:
    """Up, or busy as soon as requests wait; with the figures that were told."""
    waiting = told.get("waiting")
    state = HealthState.BUSY if waiting else HealthState.UP
    status = EndpointStatus(checked_at=look.wall(), latency_ms=look.latency_ms, probe=look.asked, **told)
    return Probed(health=look.verdict(state, f"{reason}; {waiting} waiting" if waiting else reason), status=status)


def _frozen(contexts: Iterable[tuple[str, int | None]]) -> Mapping[str, int]:
    return MappingProxyType({model: tokens for model, tokens in contexts if tokens})


def _whole(value: float | None) -> int | None:
    return None if value is None else count(value)


def _version(value: object) -> str | None:
    return one_line(value, 60) if isinstance(value, str) else None


# --- llama.cpp ---------------------------------------------------------------------------------------------------


async def look_at_llama_cpp(look: Look, rates: Rates) -> Probed:
    base = root_of(look.endpoint)
    health = await look.first(f"{base}/health", _bearer(look))
    if _says_no_slot(health):
        return Probed(health=look.verdict(HealthState.BUSY, "no slot available"))
    look.require(health, absent=f"{base}/health is not there: is this a llama.cpp server?")
    props, listed = await asyncio.gather(look.lasting(f"{base}/props"), look.lasting(f"{base}/v1/models"))
    if listed is not None and not listed.ok and listed.status in (401, 403, 429, 503):
        look.require(listed)
    described, models = record(_json_of(props)), records(record(_json_of(listed)).get("data"))
    if described.get("role") == "router" or described.get("is_sleeping") is True:
        look.settled.forget()  # these change without a restart
    if described.get("role") == "router":
        return _llama_router(look, described, models)
    scrape = await look.more(f"{base}/metrics")
    metrics = scrape.metrics() if scrape is not None and scrape.ok else None
    return _llama_single(look, rates, described, models, metrics)


def _says_no_slot(reply: Reply) -> bool:
    """Older builds answered so when every slot was taken."""
    return reply.status == 503 and "no slot available" in read_error(reply.body).words


def _llama_single(
    look: Look, rates: Rates, props: JsonObject, models: tuple[JsonObject, ...], metrics: Metrics | None
) -> Probed:
    asleep = props.get("is_sleeping") is True
    loaded = tuple(_llama_model(model, props, asleep) for model in models if name(model.get("id")))
    contexts = [
        (alias, entry.context)
        for model, entry in zip((m for m in models if name(m.get("id"))), loaded, strict=True)
        for alias in (entry.id, *words(model.get("aliases")))
    ]
    return _probed(
        look,
        "sleeping, wakes on the next request" if asleep else "ready",
        version=_version(props.get("build_info")),
        loaded=loaded,
        # Without the aliases: one id tells the router that this server has one model, whatever it is asked for (T57).
        available=frozenset(entry.id for entry in loaded) if models else None,
        contexts=_frozen(contexts),
        slots=count(props.get("total_slots")),
        **_llama_load(look, rates, metrics),
    )


def _llama_model(model: JsonObject, props: JsonObject, asleep: bool) -> LoadedModel:
    meta = record(model.get("meta"))
    context = count(meta.get("n_ctx")) or count(record(props.get("default_generation_settings")).get("n_ctx"))
    state = "sleeping" if asleep else "loaded"
    return LoadedModel(id=str(model["id"]), size=count(meta.get("size")), context=context or None, state=state)


def _llama_load(look: Look, rates: Rates, metrics: Metrics | None) -> dict[str, Any]:
    """From counters only: the throughput gauges are zeroed by whoever scraped last."""
    if metrics is None:
        return {}
    tokens = metrics.total("llamacpp:tokens_predicted_total")
    seconds = metrics.total("llamacpp:tokens_predicted_seconds_total")
    return {
        "running": _whole(metrics.total("llamacpp:requests_processing")),
        "waiting": _whole(metrics.total("llamacpp:requests_deferred")),
        "tokens_per_s": rates.per_second(look.endpoint.name, tokens, seconds),
    }


def _router_progress(status: JsonObject) -> float | None:
    """Over all stages of a load, of which one is under way."""
    progress = record(status.get("progress"))
    value, stages = number(progress.get("value")), words(progress.get("stages"))
    if value is None:
        return None
    passed = stages.index(str(progress["current"])) if progress.get("current") in stages else 0
    return min(max((passed + value) / max(len(stages), 1), 0.0), 1.0)


def _llama_router(look: Look, props: JsonObject, models: tuple[JsonObject, ...]) -> Probed:
    """The manager lives (trap T7); which models do is in each one's status."""
    told = {str(m["id"]): record(m.get("status")) for m in models if name(m.get("id"))}
    states = {model: str(status.get("value", "unknown")) for model, status in told.items()}
    failed = [str(m["id"]) for m in models if name(m.get("id")) and record(m.get("status")).get("failed") is True]
    present = tuple(
        LoadedModel(id=model, state=state, done=_router_progress(told[model]) if state == "loading" else None)
        for model, state in states.items()
        if state in ("loaded", "loading", "sleeping")
    )
    reason = f"router, {sum(model.state == 'loaded' for model in present)} of {len(states)} models loaded"
    return _probed(
        look,
        reason + (f"; failed to load: {', '.join(failed)}" if failed else ""),
        version=_version(props.get("build_info")),
        loaded=present,
        available=frozenset(states) if models else None,
    )


# --- Ollama ------------------------------------------------------------------------------------------------------


async def look_at_ollama(look: Look, rates: Rates) -> Probed:
    base = root_of(look.endpoint)
    version = await look.first(f"{base}/api/version", _bearer(look))
    look.require(version, absent=f"{base}/api/version is not there: is this Ollama?")
    ps, tags = await asyncio.gather(look.more(f"{base}/api/ps"), look.lasting(f"{base}/api/tags"))
    if tags is not None and tags.status in (401, 403, 429):
        look.require(tags)
    listed = records(record(_json_of(tags)).get("models"))
    in_memory = records(record(_json_of(ps)).get("models"))
    loaded = tuple(model for entry in in_memory if (model := _ollama_loaded(entry)) is not None)
    return _probed(
        look,
        _ollama_reason(loaded),
        version=_version(record(version.json()).get("version")),
        loaded=loaded,
        available=frozenset(_both_names(listed)) if _json_of(tags) is not None else None,
        relays=frozenset(_both_names(entry for entry in listed if _is_relay(entry))),
        contexts=_frozen((each, model.context) for model in loaded for each in _spellings(model.id)),
        capabilities=_ollama_capabilities(listed),
    )


def _ollama_reason(loaded: tuple[LoadedModel, ...]) -> str:
    spilled = [
        f"{model.id} has {(model.size - model.vram) / 2**30:.1f} GiB outside VRAM"
        for model in loaded
        if model.size and model.vram is not None and model.vram < model.size
    ]
    return "; ".join(["ready" if loaded else "ready, no model loaded", *spilled])


def _ollama_id(entry: JsonObject) -> str | None:
    return name(entry.get("model")) or name(entry.get("name"))


def _spellings(model: str) -> tuple[str, ...]:
    """Ollama takes `qwen3` and `qwen3:latest` for the same model."""
    return (model, model.removesuffix(":latest")) if model.endswith(":latest") else (model,)


def _both_names(entries: Iterable[JsonObject]) -> Iterable[str]:
    return (each for entry in entries if (model := _ollama_id(entry)) is not None for each in _spellings(model))


def _is_relay(entry: JsonObject) -> bool:
    """Computed on ollama.com although asked of localhost (trap T1)."""
    return bool(entry.get("remote_host") or entry.get("remote_model")) or is_relay_tag(_ollama_id(entry) or "")


def _ollama_loaded(entry: JsonObject) -> LoadedModel | None:
    model = _ollama_id(entry)
    if model is None:
        return None
    return LoadedModel(
        id=model,
        size=count(entry.get("size")),
        vram=count(entry.get("size_vram")),
        context=count(entry.get("context_length")) or None,
        expires_at=_timestamp(entry.get("expires_at")),
    )


def _timestamp(value: object) -> float | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        return None if moment is None or moment.tzinfo is None else moment.timestamp()
    except (ValueError, OverflowError):
        return None


def _ollama_capabilities(listed: tuple[JsonObject, ...]) -> Mapping[str, frozenset[str]]:
    """In this program's words; models whose list is missing are left out: unknown."""
    told: dict[str, frozenset[str]] = {}
    for entry in listed:
        model, stated = _ollama_id(entry), words(entry.get("capabilities"))
        if model is not None and stated:
            ours = frozenset(_CAPABILITIES[word] for word in stated if word in _CAPABILITIES)
            told.update(dict.fromkeys(_spellings(model), ours))
    return MappingProxyType(told)


# --- vLLM --------------------------------------------------------------------------------------------------------


async def look_at_vllm(look: Look, rates: Rates) -> Probed:
    base = root_of(look.endpoint)
    health = await look.first(f"{base}/health", _bearer(look))
    if health.status == 503:
        raise LookFailed(look.down("the engine is dead (503 on /health)"))
    look.require(health, absent=f"{base}/health is not there: is this vLLM?")
    listed, scrape, version = await asyncio.gather(
        look.lasting(f"{base}/v1/models"), look.more(f"{base}/metrics"), look.lasting(f"{base}/version")
    )
    if listed is not None and listed.status in (401, 403, 429):
        look.require(listed)
    metrics = scrape.metrics() if scrape is not None and scrape.ok else None
    asleep = metrics is not None and _vllm_sleeps(metrics)
    models = records(record(_json_of(listed)).get("data"))
    loaded = tuple(
        LoadedModel(id=model, context=count(entry.get("max_model_len")), state="sleeping" if asleep else "loaded")
        for entry in models
        if (model := name(entry.get("id"))) is not None
    )
    return _probed(
        look,
        "sleeping" if asleep else "ready",
        version=_version(record(_json_of(version)).get("version")),
        loaded=loaded,
        available=frozenset(model.id for model in loaded) if models else None,
        contexts=_frozen((model.id, model.context) for model in loaded),
        **_vllm_load(look, rates, metrics),
    )


def _vllm_sleeps(metrics: Metrics) -> bool:
    awake = [s.value for s in metrics.samples("vllm:engine_sleep_state") if s.labels.get("sleep_state") == "awake"]
    return bool(awake) and not any(awake)


def _vllm_load(look: Look, rates: Rates, metrics: Metrics | None) -> dict[str, Any]:
    """Summed over engines; the fullest KV cache counts. Speed from the time between tokens, as one reader sees it."""
    if metrics is None:
        return {}
    kv = metrics.highest("vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc")
    gaps = ("vllm:inter_token_latency_seconds", "vllm:time_per_output_token_seconds")
    tokens = metrics.total(*(f"{gap}_count" for gap in gaps))
    seconds = metrics.total(*(f"{gap}_sum" for gap in gaps))
    return {
        "running": _whole(metrics.total("vllm:num_requests_running")),
        "waiting": _whole(metrics.total("vllm:num_requests_waiting")),
        "kv_used_percent": None if kv is None else kv * 100.0,
        "tokens_per_s": rates.per_second(look.endpoint.name, tokens, seconds),
    }


# --- LM Studio ---------------------------------------------------------------------------------------------------


async def look_at_lmstudio(look: Look, rates: Rates) -> Probed:
    base = root_of(look.endpoint)
    greeting = await look.first(f"{base}/lmstudio-greeting", _bearer(look))
    look.require(greeting, absent=f"{base}/lmstudio-greeting is not there: is this LM Studio?")
    listed = await look.more(f"{base}/api/v1/models")
    if listed is not None and listed.status in (401, 403, 429):
        look.require(listed)
    if listed is None or not listed.ok:  # before 0.4.0
        older = records(record(_json_of(await look.more(f"{base}/api/v0/models"))).get("data"))
        return _lmstudio(look, tuple(_from_v0(entry) for entry in older))
    return _lmstudio(look, records(record(listed.json()).get("models")))


def _from_v0(entry: JsonObject) -> JsonObject:
    """The older list in the newer one's shape."""
    config = {"context_length": entry.get("loaded_context_length")}
    instances = [{"id": entry.get("id"), "config": config}] if entry.get("state") == "loaded" else []
    return {"key": entry.get("id"), "loaded_instances": instances}


def _lmstudio(look: Look, models: tuple[JsonObject, ...]) -> Probed:
    """Everything downloaded is listed (trap T12); in memory is what has instances."""
    keys = {key: entry for entry in models if (key := name(entry.get("key"))) is not None}
    instances = [(key, each, entry) for key, entry in keys.items() for each in records(entry.get("loaded_instances"))]
    loaded = tuple(
        LoadedModel(id=key, size=count(entry.get("size_bytes")), context=_lmstudio_context(each))
        for key, each, entry in instances
    )
    contexts = [
        (model, _lmstudio_context(each)) for key, each, _ in instances for model in (key, name(each.get("id"))) if model
    ]
    return _probed(
        look,
        "ready" if loaded else "ready, loads a model when asked",
        loaded=loaded,
        available=frozenset(keys) | {model for model, _ in contexts} if models else None,
        contexts=_frozen(contexts),
    )


def _lmstudio_context(instance: JsonObject) -> int | None:
    return count(record(instance.get("config")).get("context_length"))


# --- OpenAI-like, Anthropic, OpenRouter --------------------------------------------------------------------------


async def look_at_openai(look: Look, rates: Rates) -> Probed:
    url = api_of(look.endpoint, "/models")
    reply = await look.first(url, _bearer(look))
    if reply.status in (404, 405, 501) and look.endpoint.kind is EndpointKind.OPENAI_COMPATIBLE:
        return _probed(look, f"answers, but lists no models ({reply.status})")
    look.require(reply, absent=f"{url} is not there: check the url")
    body = record(reply.json())
    if "data" not in body:
        raise LookFailed(look.verdict(HealthState.MISCONFIGURED, f"{url} does not answer with a list of models"))
    entries = {_openai_id(look, entry): entry for entry in records(body["data"])}
    entries.pop("", None)
    loaded = tuple(
        LoadedModel(id=model)
        for model, entry in entries.items()
        if record(entry.get("status")).get("value") == "loaded"
    )
    return _probed(
        look,
        "ready" if look.endpoint.locality is Locality.LOCAL else "reachable, key accepted",
        available=frozenset(entries),
        loaded=loaded,
        contexts=_frozen((model, _stated_context(entry)) for model, entry in entries.items()),
    )


def _openai_id(look: Look, entry: JsonObject) -> str:
    model = name(entry.get("id")) or ""
    return model.removeprefix("models/") if look.endpoint.kind is EndpointKind.GEMINI else model


def _stated_context(entry: JsonObject) -> int | None:
    stated = (record(entry.get("meta")).get("n_ctx"), entry.get("max_model_len"), entry.get("context_length"))
    return next((tokens for value in stated if (tokens := count(value))), None)


async def look_at_anthropic(look: Look, rates: Rates) -> Probed:
    url = api_of(look.endpoint, "/models")
    headers = {"anthropic-version": "2023-06-01", **({"x-api-key": look.key} if look.key else {})}
    look.require(await look.first(f"{url}?limit=1", headers), absent=f"{url} is not there: check the url")
    return _probed(look, "reachable, key accepted")


async def look_at_openrouter(look: Look, rates: Rates) -> Probed:
    """`/key`, because the public model list proves nothing about the key."""
    url = api_of(look.endpoint, "/key")
    reply = await look.first(url, _bearer(look))
    look.require(reply, absent=f"{url} is not there: check the url")
    data = record(record(reply.json()).get("data"))
    limit, left = number(data.get("limit")), data.get("limit_remaining")
    if limit is not None and isinstance(left, int | float) and left <= 0:
        reason = f"the key's limit of {limit:g} USD is used up"
        return Probed(health=look.verdict(HealthState.RATE_LIMITED, reason, look.wall() + _QUOTA_PAUSE))
    remaining = f"; {left:.2f} of {limit:g} USD left" if limit is not None and number(left) is not None else ""
    return _probed(look, f"reachable, key accepted{remaining}")


LOOKERS: Mapping[EndpointKind, Looker] = MappingProxyType(
    {
        EndpointKind.LLAMA_CPP: look_at_llama_cpp,
        EndpointKind.OLLAMA: look_at_ollama,
        EndpointKind.VLLM: look_at_vllm,
        EndpointKind.LMSTUDIO: look_at_lmstudio,
        EndpointKind.ANTHROPIC: look_at_anthropic,
        EndpointKind.OPENROUTER: look_at_openrouter,
    }
)


def looker_for(kind: EndpointKind) -> Looker:
    return LOOKERS.get(kind, look_at_openai)
