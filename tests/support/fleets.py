"""A small fleet that has one of everything: local and cloud, cheap and dear, large and small."""

from __future__ import annotations

from dataclasses import replace

from pointsman.core.conditions import parse_condition
from pointsman.core.fleet import (
    Band,
    Budget,
    BudgetUnit,
    Endpoint,
    EndpointKind,
    Fleet,
    Locality,
    Model,
    Role,
    Route,
    Tier,
    Window,
)
from pointsman.core.request import Message, Request


def when(**facts: object) -> tuple:
    return tuple(parse_condition(fact, written) for fact, written in facts.items())


def endpoint(name: str, kind: EndpointKind = EndpointKind.LLAMA_CPP, **more: object) -> Endpoint:
    local = kind in (EndpointKind.LLAMA_CPP, EndpointKind.OLLAMA, EndpointKind.VLLM)
    where = Locality.LOCAL if local else Locality.CLOUD
    return Endpoint(**{"name": name, "url": f"http://{name}.test", "kind": kind, "locality": where, **more})


def model(name: str, at: str, tier: Tier = Tier.T1, **more: object) -> Model:
    return Model(**{"name": name, "id": f"{name}-id", "endpoint": at, "tier": tier, "context": 100_000, **more})


ENDPOINTS = (
    endpoint("gpu", service="llama-gpu"),
    endpoint("cpu"),
    endpoint("ollama", EndpointKind.OLLAMA),
    endpoint("anthropic", EndpointKind.ANTHROPIC),
    endpoint("deepseek", EndpointKind.DEEPSEEK),
)
MODELS = (
    model("coder", "gpu", price_in=0, price_out=0, aliases=("coder-next",)),
    model("big", "cpu", context=2_000_000, price_in=0, price_out=0),
    model("vl", "ollama", Tier.T4, capabilities=frozenset({"chat", "vision"}), price_in=0, price_out=0),
    model("relay", "ollama", Tier.T3, id="kimi:cloud", price_in=600, price_out=3000),
    model("opus", "anthropic", Tier.T0, price_in=5000, price_out=25000, max_output=8000),
    model("sonnet", "anthropic", Tier.T3, price_in=3000, price_out=15000, max_output=8000),
    model("flash", "deepseek", Tier.T2, price_in=300, price_out=1200, max_output=8000),
    model("mystery", "deepseek", Tier.T2),
)
ROLES = (
    Role(
        name="implementer",
        primary="coder",
        fallbacks=("flash", "sonnet"),
        escalate_to=("opus",),
        escalate_when=(when(failed_attempts=">=2"), when(high_risk=True), when(user_wants="cloud")),
        cloud_for_high_risk=True,
    ),
    Role(name="overflow", primary="big"),
    Role(name="vision", primary="vl", fallbacks=("sonnet",), needs=frozenset({"chat", "vision"})),
    Role(name="judge", primary="opus", fallbacks=("sonnet",), cloud_only=True, judge=True),
    Role(name="general", primary="sonnet", fallbacks=("flash", "coder")),
    Role(name="thinker", primary="opus", fallbacks=("sonnet", "flash", "coder")),
    Role(name="odd", primary="mystery", fallbacks=("coder",)),
    Role(name="camera", handled_by="YOLO on TensorRT"),
)
ROUTES = (
    Route(name="images", role="vision", when=when(images=">0")),
    Route(name="huge", role="overflow", when=when(tokens=">90k")),
    Route(name="code", role="implementer", when=when(kind="coding")),
    Route(name="thought", role="thinker", when=when(kind="reasoning")),
)
BANDS = (
    Band(at=80, name="prefer-cheaper", reject=frozenset({Tier.T0}), prefer_cheaper=True, unless=when(critical=True)),
    Band(at=90, name="cheaper-only", reject=frozenset({Tier.T0}), prefer_cheaper=True),
    Band(at=95, name="background-only", reject=frozenset({Tier.T0, Tier.T1, Tier.T3})),
    Band(at=100, name="local-only", reject_locality=Locality.CLOUD),
)
FLEET_ROLES = {r.name: r for r in ROLES}
BUDGET = Budget(name="cloud-day", limit=10_000_000_000, unit=BudgetUnit.NANO_USD, window=Window(calendar="day"))


def small_fleet(**changes: object) -> Fleet:
    fleet = Fleet(
        policy="test",
        revision="0123456789ab",
        endpoints={e.name: e for e in ENDPOINTS},
        models={m.name: m for m in MODELS},
        roles={r.name: r for r in ROLES},
        routes=ROUTES,
        bands=BANDS,
        budgets=(BUDGET,),
    )
    return replace(fleet, **changes)


def ask(text: str = "hello", **more: object) -> Request:
    return Request(**{"id": "r1", "messages": (Message(role="user", text=text),), **more})
