"""What was seen over time: figures as history, our own calls as traffic, the last probes and failures of each endpoint.

All of it is bounded and forgotten with the process. Owned by the event loop's thread; told by board and monitor.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping

from pointsman.core.history import History, Point
from pointsman.core.outcome import Completed, Failed, Outcome
from pointsman.core.snapshot import EndpointStatus, Gpu, HostSample
from pointsman.core.traffic import OwnCall, SeenFailure, SeenProbe, TrafficFigures, failure, figures, with_call
from pointsman.ports import Probed

KEPT = 20  # probes and failures of each endpoint
_MOST_METRICS = 2_000  # more would be a machine that renames its parts all the time


class Gauges:
    """Metrics: `cpu` `ram` `swap` `gpuN.vram` `gpuN.utilization` `gpuN.temperature` `gpuN.power` `gpuN.clock`, N being
    the place in `HostSample.gpus`; the same after `host.NAME.` for a remote machine; `endpoint.NAME.` with `latency_ms`
    `tokens_per_s` `running` `waiting` `first_token_s`. Bytes, percent, °C, watts, MHz, seconds."""

    def __init__(self) -> None:
        self._metrics: dict[str, History] = {}
        self._calls: dict[str, tuple[OwnCall, ...]] = {}
        self._probes: dict[str, deque[SeenProbe]] = {}
        self._failures: dict[str, deque[SeenFailure]] = {}
        self._figures: tuple[float, Mapping[str, TrafficFigures]] | None = None  # None: to be told anew

    # --- telling

    def host(self, sample: HostSample, now: float, name: str | None = None) -> None:
        before = "" if name is None else f"host.{name}."
        self._add(before, (("cpu", sample.cpu_percent), ("ram", sample.ram_used), ("swap", sample.swap_used)), now)
        for place, gpu in enumerate(sample.gpus):
            self._add(f"{before}gpu{place}.", _of_gpu(gpu), now)

    def probed(self, endpoint: str, seen: Probed, now: float) -> None:
        status = seen.status
        latency = None if status is None else status.latency_ms
        probe = SeenProbe(at=now, state=str(seen.health.state), reason=seen.health.reason, latency_ms=latency)
        self._probes.setdefault(endpoint, deque(maxlen=KEPT)).append(probe)
        self._add(f"endpoint.{endpoint}.", _of_endpoint(status), now)

    def called(self, endpoint: str, outcome: Outcome, now: float, by: str | None) -> None:
        self._figures = None
        self._calls[endpoint] = with_call(self._calls.get(endpoint, ()), outcome, now)
        if isinstance(outcome, Failed):
            self._failures.setdefault(endpoint, deque(maxlen=KEPT)).append(failure(outcome, now, by))
        elif isinstance(outcome, Completed) and outcome.first_token_s is not None:
            self._add(f"endpoint.{endpoint}.", (("first_token_s", outcome.first_token_s),), now)

    def _add(self, before: str, told: Iterable[tuple[str, float | None]], now: float) -> None:
        """A metric begins with its first known value; from then on an unknown one is a gap."""
        for metric, value in told:
            name = before + metric
            if name not in self._metrics:
                if value is None or len(self._metrics) >= _MOST_METRICS:
                    continue
                self._metrics[name] = History()
            self._metrics[name].add(now, value)

    # --- reading

    @property
    def metrics(self) -> tuple[str, ...]:
        return tuple(sorted(self._metrics))

    def history(self, metric: str, seconds: float, now: float) -> tuple[Point, ...]:
        """Oldest first; empty for a metric that nobody has told."""
        kept = self._metrics.get(metric)
        return () if kept is None else kept.last(seconds, now)

    def traffic(self, now: float) -> Mapping[str, TrafficFigures]:
        """Of the endpoints that were called in the last hour; told anew after each call and each second."""
        if self._figures is None or not 0 <= now - self._figures[0] < 1:
            told = {endpoint: figures(calls, now) for endpoint, calls in self._calls.items()}
            self._figures = now, {endpoint: each for endpoint, each in told.items() if each.calls}
        return self._figures[1]

    def probes(self, endpoint: str) -> tuple[SeenProbe, ...]:
        """Oldest first."""
        return tuple(self._probes.get(endpoint, ()))

    def failures(self, endpoint: str) -> tuple[SeenFailure, ...]:
        """Oldest first."""
        return tuple(self._failures.get(endpoint, ()))


def _of_gpu(gpu: Gpu) -> tuple[tuple[str, float | None], ...]:
    return (
        ("vram", gpu.vram_used),
        ("utilization", gpu.utilization),
        ("temperature", gpu.temperature),
        ("power", gpu.power),
        ("clock", gpu.clock),
    )


def _of_endpoint(status: EndpointStatus | None) -> tuple[tuple[str, float | None], ...]:
    if status is None:
        return (("latency_ms", None), ("tokens_per_s", None), ("running", None), ("waiting", None))
    return (
        ("latency_ms", status.latency_ms),
        ("tokens_per_s", status.tokens_per_s),
        ("running", status.running),
        ("waiting", status.waiting),
    )
