"""Dated facts about cloud models: prices, windows, and which ids are gone. Data in `presets/prices.toml`.

What the configuration states always wins; what is in neither place stays unknown (`None`), never zero.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from pointsman.config.paths import PACKAGE
from pointsman.core.fleet import Endpoint

# An OpenAI-compatible endpoint is priced by who runs it, which its host says.
_HOSTS: Mapping[str, str] = {"api.cerebras.ai": "cerebras", "api.z.ai": "zai"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One model of one provider. Prices in nano-USD per token, sizes in tokens."""

    price_in: int
    price_out: int
    price_cached: int | None = None
    price_cache_write: int | None = None
    price_reasoning: int | None = None
    context: int | None = None
    max_output: int | None = None
    above: int | None = None  # input tokens of a call above which the two prices below apply to the whole call
    price_in_above: int | None = None
    price_out_above: int | None = None
    api: str = "chat"  # chat, embedding, or responses: not reachable through chat completions

    def facts(self, values: Mapping[str, Any]) -> dict[str, int]:
        """The fields that a model of these stated `values` lacks. Whoever states a price states the whole list: a step
        or a cache's price of ours above it would be none of his."""
        window = values.get("context") or self.context
        facts = {
            "context": window,
            "max_output": min(self.max_output, window) if self.max_output and window else self.max_output,
            "price_in": self.price_in,
            "price_out": self.price_out,
            "price_cached": self.price_cached,
        }
        if not {"price_in", "price_out"} & values.keys():
            facts |= {
                "price_cache_write": self.price_cache_write,
                "price_reasoning": self.price_reasoning,
                "price_above": self.above,
                "price_in_above": self.price_in_above,
                "price_out_above": self.price_out_above,
            }
        return {name: figure for name, figure in facts.items() if figure is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """A model id that its provider no longer serves."""

    id: str
    providers: tuple[str, ...]
    successor: str
    since: str | None = None  # ISO date, None where only the fact is known
    note: str = ""
    price_in: int | None = None  # nano-USD per token while it was served: history, never counted
    price_out: int | None = None

    def __str__(self) -> str:
        when = f"since {self.since}" if self.since else "any more"
        note = f" ({self.note})" if self.note else ""
        return f"{self.id} is not served {when}; its successor is {self.successor}{note}{self._history()}"

    def _history(self) -> str:
        if self.price_in is None or self.price_out is None:
            return ""
        return f"; it cost ${self.price_in / 1000:.2f} in and ${self.price_out / 1000:.2f} out per million tokens"


def known(endpoint: Endpoint, model_id: str) -> Known | None:
    """What the table says about this id at this endpoint; None = nothing."""
    rows = _data()["models"].get(provider_of(endpoint), {})
    row = rows.get(model_id.removeprefix("models/"))
    return Known(**row) if row is not None else None


def stale(endpoint: Endpoint, model_id: str) -> Stale | None:
    provider = provider_of(endpoint)
    for row in _data()["stale"]:
        if row["id"] == model_id and provider in row["providers"]:
            return Stale(**{**row, "providers": tuple(row["providers"])})
    return None


def prices_date() -> str:
    """The day these figures were taken over, ISO."""
    return str(_data()["as_of"])


def provider_of(endpoint: Endpoint) -> str:
    host = urlsplit(endpoint.url).hostname or ""
    return _HOSTS.get(host, str(endpoint.kind))


@cache
def _data() -> Mapping[str, Any]:
    return tomllib.loads((PACKAGE / "presets" / "prices.toml").read_text("utf-8"))
