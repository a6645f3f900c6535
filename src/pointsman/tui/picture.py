"""What the screen currently knows, as one frozen value. The app replaces it; the panes only read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from pointsman.core.audit import AuditState
from pointsman.tui.render.glyphs import UNICODE, Glyphs

if TYPE_CHECKING:
    from pointsman.core.audit import AuditRow
    from pointsman.core.fleet import Fleet
    from pointsman.core.snapshot import Snapshot
    from pointsman.engine.plans import SuggestedAction
    from pointsman.ports import ModelTotal

HISTORY = 120  # samples kept per series
USED_EVERY = 30.0  # seconds between two samples of a budget


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    fleet: Fleet
    snapshot: Snapshot
    banners: tuple[str, ...] = ()
    totals: tuple[ModelTotal, ...] = ()  # since midnight UTC
    hourly: Mapping[str, tuple[int, ...]] = field(default_factory=lambda: MappingProxyType({}))  # tokens, by model
    newest: tuple[AuditRow, ...] = ()  # newest first
    audit_size: int = 0
    audit_state: AuditState = AuditState()
    history: Mapping[str, tuple[float | None, ...]] = field(default_factory=lambda: MappingProxyType({}))
    glyphs: Glyphs = UNICODE
    used: Mapping[str, tuple[tuple[float, int], ...]] = field(default_factory=lambda: MappingProxyType({}))
    suggested: SuggestedAction | None = None  # the one thing that would help now
    # The screen's own state, where a pane shows it.
    undo: tuple[str, float] | None = None  # what `u` undoes, and until when (Unix seconds)
    read_only: bool = False
    unread: int = 0  # notices nobody has opened
    do_not_disturb: bool = False
    standing: tuple[str, float] | None = None  # a line for the banner, and until when (Unix seconds)

    @property
    def now(self) -> float:
        return self.snapshot.now

    @property
    def seen_at(self) -> float | None:
        """When anything was looked at last: a probe, a service, this machine."""
        looked = [status.checked_at for status in self.snapshot.status.values()]
        looked += [self.snapshot.services_at] if self.snapshot.services_at is not None else []
        looked += [self.snapshot.host.taken_at] if self.snapshot.host is not None else []
        return max(looked, default=None)

    @property
    def spent_today(self) -> int:
        """nano-USD since midnight UTC."""
        return sum(total.nano_usd for total in self.totals)


def remember(
    history: Mapping[str, tuple[float | None, ...]], snapshot: Snapshot
) -> Mapping[str, tuple[float | None, ...]]:
    """The series of the sparklines, one sample longer."""
    return MappingProxyType(
        {key: (*history.get(key, ()), value)[-HISTORY:] for key, value in _samples(snapshot).items()}
    )


def _samples(snapshot: Snapshot) -> dict[str, float | None]:
    host = snapshot.host
    if host is None:
        return {}
    series: dict[str, float | None] = {"cpu": host.cpu_percent}
    for gpu in host.gpus:
        series[f"gpu{gpu.index}"] = gpu.utilization
    return series


def remember_usage(
    used: Mapping[str, tuple[tuple[float, int], ...]], snapshot: Snapshot
) -> Mapping[str, tuple[tuple[float, int], ...]]:
    """The last hour of every budget, for the forecast: (Unix seconds, used), one sample each half minute."""
    return MappingProxyType(
        {name: _sampled(used.get(name, ()), usage.used, snapshot.now) for name, usage in snapshot.usage.items()}
    )


def _sampled(samples: tuple[tuple[float, int], ...], used: int, now: float) -> tuple[tuple[float, int], ...]:
    if samples and now - samples[-1][0] < USED_EVERY:
        return samples
    return (*samples, (now, used))[-HISTORY:]
