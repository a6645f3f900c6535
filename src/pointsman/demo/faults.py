"""The faults a simulated endpoint can play, and which of them the real thing could show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pointsman.core.fleet import Endpoint, EndpointKind, Locality

NAMES = ("kill", "slow", "429", "oom", "cut", "loading")

_TITLES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "kill": ("Kill {}: refuse every connection", "Revive {}"),
        "slow": ("Slow {} down ten times", "Let {} run at full speed again"),
        "429": ("Rate limit {} (429, Retry-After 20 s)", "Lift the rate limit of {}"),
        "oom": ("Let {} run out of memory", "Give {} its memory back"),
        "cut": ("Cut the streams of {} after 12 tokens", "Let the streams of {} finish"),
        "loading": ("Let {} load its model until told otherwise", "Let {} finish loading"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoFault:
    """One entry of the command palette. The title says what playing it would do now."""

    name: str
    endpoint: str
    title: str


@dataclass(slots=True, kw_only=True)
class FaultState:
    """What is wrong with a server at the moment. Life and death are the server's own state."""

    slow: float = 1.0  # how many times slower
    rate_limited: bool = False
    retry_after: int = 20  # seconds, where the dialect tells them
    oom: bool = False
    cut_after: int | None = None  # tokens of a stream
    cut_reset: bool = False  # TCP reset instead of a plain close
    hang: bool = False  # accept and never answer

    def toggle(self, name: str) -> bool:
        """Starts or ends a fault of this state; True if it now plays. KeyError for a name it does not know."""
        if name == "slow":
            self.slow = 1.0 if self.slow > 1 else 10.0
        elif name == "429":
            self.rate_limited = not self.rate_limited
        elif name == "oom":
            self.oom = not self.oom
        elif name == "cut":
            self.cut_after = None if self.cut_after is not None else 12
        else:
            raise KeyError(name)
        return self.plays(name)

    def plays(self, name: str) -> bool:
        playing = {
            "slow": self.slow > 1,
            "429": self.rate_limited,
            "oom": self.oom,
            "cut": self.cut_after is not None,
        }
        return playing.get(name, False)


def offered(endpoint: Endpoint) -> tuple[str, ...]:
    """The faults that the real endpoint could show: a cloud has no memory of ours, llama-server no rate limit."""
    if endpoint.locality is Locality.CLOUD and endpoint.kind is not EndpointKind.OLLAMA:
        return ("kill", "slow", "429", "cut")
    relays = ("429",) if endpoint.kind is EndpointKind.OLLAMA else ()
    return ("kill", "slow", *relays, "oom", "cut", "loading")


def describe(name: str, endpoint: str, *, playing: bool) -> DemoFault:
    start, end = _TITLES[name]
    return DemoFault(name=name, endpoint=endpoint, title=(end if playing else start).format(endpoint))
