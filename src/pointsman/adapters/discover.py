"""Finds model servers on this machine's usual ports, to be offered: nothing is configured and nothing is started by it.

Only GETs without side effects, and only to the one loopback address it is given.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass

import httpx

from pointsman.adapters.error_body import read_error
from pointsman.adapters.lenient import name, record, records
from pointsman.adapters.probe_look import Look, Reply
from pointsman.core.fleet import Endpoint, EndpointKind, Locality

USUAL_PORTS = (11434, 8080, 8000, 1234, 11437, 11439, 11440)
_SECONDS = 1.0
_OWNERS = {
    "llamacpp": EndpointKind.LLAMA_CPP,
    "vllm": EndpointKind.VLLM,
    "llama-swap": EndpointKind.OPENAI_COMPATIBLE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A server that answers. `models` are ids as it lists them; empty while it loads or when it wants a key."""

    kind: EndpointKind
    url: str
    models: tuple[str, ...] = ()


async def discover(ports: Iterable[int] = USUAL_PORTS, host: str = "127.0.0.1") -> tuple[Found, ...]:
    """What answers there, in the order of the ports, within one second in total."""
    deadline = asyncio.get_running_loop().time() + _SECONDS
    async with httpx.AsyncClient(trust_env=False, follow_redirects=False) as client:
        found = await asyncio.gather(*(_identify(client, f"http://{host}:{port}", deadline) for port in ports))
    return tuple(each for each in found if each is not None)


async def _identify(client: httpx.AsyncClient, url: str, deadline: float) -> Found | None:
    look = _look(client, url, deadline)
    models, greeting, tags, health = await asyncio.gather(
        look.more(f"{url}/v1/models"),
        look.more(f"{url}/lmstudio-greeting"),
        look.more(f"{url}/api/tags"),
        look.more(f"{url}/health"),
    )
    # LM Studio answers the OpenAI list too, so what only one kind has is asked before what several have.
    if record(_json(greeting)).get("lmstudio") is True:
        return Found(kind=EndpointKind.LMSTUDIO, url=url, models=_ids(models))
    owner = _owner(models)
    if owner is not None:
        return Found(kind=owner, url=url, models=_ids(models))
    if "models" in record(_json(tags)):
        listed = records(record(_json(tags))["models"])
        return Found(kind=EndpointKind.OLLAMA, url=url, models=tuple(_named(listed, "model")))
    return _without_list(url, models, health)


def _without_list(url: str, models: Reply | None, health: Reply | None) -> Found | None:
    """It names no owner: loading, wanting a key, or some other server of the OpenAI dialect."""
    if _says(health, "Loading model") or (_says(models, "Invalid API Key") and record(_json(health)).get("status")):
        return Found(kind=EndpointKind.LLAMA_CPP, url=url)
    if models is not None and models.status == 401 and health is not None and health.ok and not health.body:
        return Found(kind=EndpointKind.VLLM, url=url)
    if "data" in record(_json(models)):
        return Found(kind=EndpointKind.OPENAI_COMPATIBLE, url=url, models=_ids(models))
    return None


def _look(client: httpx.AsyncClient, url: str, deadline: float) -> Look:
    return Look(
        client=client,
        endpoint=Endpoint(name=url, url=url, kind=EndpointKind.OPENAI_COMPATIBLE, locality=Locality.LOCAL),
        key=None,
        deadline=deadline,
        budget_s=_SECONDS,
        monotonic=time.monotonic,
        wall=time.time,
    )


def _json(reply: Reply | None) -> object:
    return reply.json() if reply is not None and reply.ok else None


def _says(reply: Reply | None, text: str) -> bool:
    return reply is not None and not reply.ok and text in read_error(reply.body).message


def _ids(reply: Reply | None) -> tuple[str, ...]:
    return tuple(_named(records(record(_json(reply)).get("data")), "id"))


def _named(entries: Iterable[object], field: str) -> Iterable[str]:
    return (found for entry in entries if (found := name(record(entry).get(field))) is not None)


def _owner(reply: Reply | None) -> EndpointKind | None:
    owners = {entry.get("owned_by") for entry in records(record(_json(reply)).get("data"))}
    return next((kind for owner, kind in _OWNERS.items() if owner in owners), None)
