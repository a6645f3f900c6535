"""Services as rows."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

from pointsman.core.snapshot import RestartProgress, RestartStage, ServiceState, ServiceStatus
from pointsman.ports import LogLine
from pointsman.tui.picture import Picture
from pointsman.tui.render import figures, log
from pointsman.tui.render.endpoints import STALE_AFTER
from pointsman.tui.render.glyphs import Glyphs
from pointsman.tui.render.hints import key_of
from pointsman.tui.render.paint import Part, fit, pressing, spread
from pointsman.tui.render.table import Column, Row
from pointsman.tui.untrusted import label

COLUMNS = (
    Column("name", "SERVICE", 16, flex=2, most=30),
    Column("state", "STATE", 12, flex=1, most=13),
    Column("since", "SINCE", 5, rank=1, right=True),
    Column("restarts", "RST", 3, rank=3, right=True),
    Column("memory", "MEM", 6, rank=2, right=True),
    Column("reason", "REASON", 9, rank=1, flex=3, most=60),
    Column("age", "AGE", 4, rank=1, right=True),
)

_STATES = MappingProxyType(
    {
        ServiceState.ACTIVE: ("good", "good"),
        ServiceState.STARTING: ("partial", "warn"),
        ServiceState.STOPPING: ("partial", "warn"),
        ServiceState.INACTIVE: ("off", "dim"),
        ServiceState.FAILED: ("bad", "bad"),
        ServiceState.CRASH_LOOP: ("bad", "bad"),
        ServiceState.NOT_FOUND: ("unknown", "warn"),
        ServiceState.UNAVAILABLE: ("unknown", "warn"),
    }
)


def rows(picture: Picture) -> tuple[Row, ...]:
    return tuple(_row(status, picture) for status in picture.snapshot.services)


def age_of(picture: Picture) -> float | None:
    """How long ago the services were looked at; all of them are with one look."""
    seen = picture.snapshot.services_at
    return None if seen is None else picture.now - seen


def state_of(status: ServiceStatus, age: float | None, glyphs: Glyphs) -> Part:
    """Glyph and word; what nobody looked at for a while is stale, whatever it was."""
    if age is not None and age > STALE_AFTER:
        return f"{glyphs.unknown} STALE", "warn"
    glyph, tone = _STATES[status.state]
    return f"{getattr(glyphs, glyph)} {status.state}", tone


_UNDER_WAY = MappingProxyType(
    {
        RestartStage.HEALTHY: ("good", "good"),
        RestartStage.UNHEALTHY: ("bad", "bad"),
        RestartStage.REFUSED: ("block", "bad"),
    }
)
SHOWN_FOR = 60.0  # seconds that the end of a restart stays beside the manager's word


def restart_of(name: str, picture: Picture) -> RestartProgress | None:
    """The start or restart that is under way, or has just ended."""
    found = next((entry for entry in picture.snapshot.restarts if entry.service == name), None)
    if found is None:
        return None
    recent = not found.over or picture.now - (found.started + found.seconds) < SHOWN_FOR
    return found if recent else None


def stage_of(progress: RestartProgress, glyphs: Glyphs) -> Part:
    glyph, tone = _UNDER_WAY.get(progress.stage, ("partial", "warn"))
    word = "unhealthy" if progress.stage is RestartStage.UNHEALTHY else str(progress.stage)
    return f"{getattr(glyphs, glyph)} {word}", tone


def progress_of(progress: RestartProgress) -> Part:
    """How long it has taken, of how long it usually takes, and how far it is where its server tells."""
    usual = "" if progress.over or progress.typical_s is None else f"/{figures.span(progress.typical_s)}"
    done = "" if progress.done is None else f" {progress.done * 100:.0f}%"
    return f"{figures.span(progress.seconds)}{usual}{done} {progress.text}", "dim"


def in_full(name: str, picture: Picture) -> tuple[tuple[Part, ...], ...]:
    status = next((entry for entry in picture.snapshot.services if entry.name == name), None)
    if status is None:
        return ()
    served = [label(entry.name) for entry in picture.fleet.endpoints.values() if entry.service == name]
    since = figures.age(None if status.since is None else picture.now - status.since)
    facts = [
        ("unit", label(status.unit)),
        ("since", since),
        ("seen", figures.seen(age_of(picture))),
        ("pid", figures.UNKNOWN if status.pid is None else str(status.pid)),
        ("restarts", figures.count(status.restarts)),
        ("memory", figures.size(status.memory)),
        ("serves", ", ".join(served) or "no endpoint of this configuration"),
        ("reason", status.reason or "-"),
    ]
    state = state_of(status, age_of(picture), picture.glyphs)
    progress = next((entry for entry in picture.snapshot.restarts if entry.service == name), None)
    told = tuple(((f"{fact:<10}", "head"), (text, "")) for fact, text in facts)
    if progress is None:
        return ((state,), *told)
    tail = tuple(((f"  {line}", "dim"),) for line in progress.tail)
    return (
        (state,),
        *told,
        (),
        (stage_of(progress, picture.glyphs),),
        (progress_of(progress),),
        *tail,
    )


def suggestion(picture: Picture) -> tuple[Part, ...]:
    """The one thing that would help now, on one key; empty if nothing would."""
    if picture.suggested is None:
        return ()
    return (
        (key_of("S", "app.suggested"), pressing("app.suggested", "accent")),
        (f" {picture.suggested.verb}s {label(picture.suggested.service)}", pressing("app.suggested")),
        (": ", ""),
        (picture.suggested.why, "warn"),
    )


# --- the end of a log ------------------------------------------------------------------------------------------------

_FAILED = frozenset({ServiceState.FAILED, ServiceState.CRASH_LOOP})


def in_trouble(picture: Picture) -> tuple[ServiceStatus, ...]:
    """Those whose log may say what happened: the last that failed first, then one that is down and needed by a role."""
    failed = (status for status in picture.snapshot.services if status.state in _FAILED)
    needed = None if picture.suggested is None else picture.suggested.service
    down = (each for each in picture.snapshot.services if each.state is ServiceState.INACTIVE and each.name == needed)
    return (*sorted(failed, key=lambda status: status.since or 0.0, reverse=True), *down)


def change_of(status: ServiceStatus) -> tuple[object, ...]:
    """What differs once its state has changed, and its log is worth another look."""
    return status.state, status.restarts, None if status.since is None else int(status.since)


def tail(status: ServiceStatus, lines: Sequence[LogLine] | None, width: int) -> tuple[tuple[Part, ...], ...]:
    """The end of its log, newest last; None: it is being read."""
    title: Part = (f"{label(status.name)} log", "head")
    if lines is None:
        return ((title, (", being read", "dim")),)
    count = sum(1 for line in lines if not line.note)
    about = (title, (f", last {figures.counted(count, 'line')}" if count else "", "dim"))
    opens: tuple[Part, ...] = (("whole log", pressing("app.log_of_trouble", "accent")),)
    look = log.Look(wrap=False)
    return (spread(about, opens, width), *(fit(row, width) for line in lines for row in log.rows(line, width, look)))


def _row(status: ServiceStatus, picture: Picture) -> Row:
    since = None if status.since is None else picture.now - status.since
    age, progress = age_of(picture), restart_of(status.name, picture)
    state = state_of(status, age, picture.glyphs)
    return Row(
        status.name,
        {
            "name": (label(status.name), "strong"),
            "state": state if progress is None else stage_of(progress, picture.glyphs),
            "since": ("-" if since is None else figures.age(since), "dim"),
            "restarts": ("-" if status.restarts is None else str(status.restarts), "dim"),
            "memory": ("-" if status.memory is None else figures.size(status.memory), ""),
            "reason": (status.reason or label(status.unit), "dim") if progress is None else progress_of(progress),
            "age": (figures.seen(age), "dim"),
        },
    )
