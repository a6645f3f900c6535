"""The policy strip: what must be seen from across the room, on one line."""

from __future__ import annotations

from pointsman.core import caps
from pointsman.core.forecast import forecast
from pointsman.core.health import HealthState
from pointsman.core.snapshot import OverrideKind
from pointsman.core.usage import band_of
from pointsman.tui.picture import Picture
from pointsman.tui.render import figures, usage
from pointsman.tui.render.bars import tone_of
from pointsman.tui.render.endpoints import TROUBLE, WORDS
from pointsman.tui.render.hints import key_of
from pointsman.tui.render.paint import Part, pressing, spread, width_of
from pointsman.tui.untrusted import label

Line = tuple[Part, ...]
_DEEPEST = (HealthState.DOWN, HealthState.MISCONFIGURED, HealthState.RATE_LIMITED)


def line(picture: Picture, width: int, *, paused: int | None = None) -> Line:
    """Parts in order of importance; the last ones give way on a narrow screen."""
    right: list[Part] = [] if paused is None else [(f" PAUSED, {paused} held back ", "warn")]
    right += [(" READ-ONLY ", "accent")] if picture.read_only else []
    right += [(" DND ", "accent")] if picture.do_not_disturb else []
    right += [*_unread(picture)] if width >= 100 else []
    right += [*_alerts(picture), *(_refreshed(picture) if width >= 160 else ())]
    right += [(f" {figures.clock(picture.now)} ", "dim")]
    closed, sound = picture.snapshot.cloud_forbidden, _sound(picture)
    room, band = width - max(width_of(right), 22), _band(picture)
    if width_of(band) + 1 >= room:
        band = band[:1]  # without its budget: the band is never left out for its sake
    urgent = [band, _local_only(picture) if closed else (), _override(picture), _worst(picture)]
    urgent += [() if sound else _audit(picture)]
    calm = [() if closed else _local_only(picture), _audit(picture) if sound else ()]
    left = _kept([*urgent, *calm, _next(picture), _spend(picture)], room)
    return spread(left, right, width)


def cramped(picture: Picture, size: tuple[int, int], least: tuple[int, int]) -> Line:
    """On a screen smaller than the least: what it is too small for, and the band if that leaves a place for it."""
    told = ("{}x{}: from {}x{} on there is room".format(*size, *least), "warn")
    band = _band(picture)[:1]
    return (*band, ("  ", ""), told) if size[0] >= width_of(band) + len("39x9: from 40x10") + 2 else (told,)


def _unread(picture: Picture) -> Line:
    if not picture.unread:
        return ()
    return ((f"{picture.unread} new ({key_of('A', 'app.notices')})  ", pressing("app.notices", "dim")),)


def _worst(picture: Picture) -> Line:
    """The endpoint in the deepest trouble, and since when."""
    known = picture.snapshot.health
    worst = next((name for state in _DEEPEST for name, health in known.items() if health.state is state), None)
    if worst is None:
        return ()
    sign, word, tone = WORDS[known[worst].state]
    since = f" {figures.age(picture.now - known[worst].since)}" if known[worst].since else ""
    return ((f"{getattr(picture.glyphs, sign)} {label(worst)} {word}", tone), (since, "dim"))


def _sound(picture: Picture) -> bool:
    return picture.snapshot.audit_writable and picture.audit_state.problem is None


def _audit(picture: Picture) -> Line:
    state = picture.audit_state
    if not picture.snapshot.audit_writable:
        return ((f"{picture.glyphs.bad} audit NOT WRITTEN", "bad"),)
    if state.problem is not None:
        return ((f"{picture.glyphs.bad} audit BROKEN", "bad"),)
    if state.checking is not None:
        return (("audit ", "dim"), (f"checking {figures.compact(state.checking)}", ""))
    word = "verified" if state.lines else "unchecked"  # where no line was there to check, some may be by now
    return (("audit ", "dim"), (word, ""))


def _refreshed(picture: Picture) -> Line:
    if picture.seen_at is None:
        return ()
    ago = max(picture.now - picture.seen_at, 0.0)
    return ((f"  refreshed {ago:.1f} s ago " if ago < 10 else f"  refreshed {figures.age(ago)} ago ", "dim"),)


def banner(picture: Picture) -> tuple[str, ...]:
    """What stands, and for a while what has just changed for everybody."""
    crossed = () if picture.standing is None or picture.now >= picture.standing[1] else (picture.standing[0],)
    return (*crossed, *standing(picture))


def alerts(picture: Picture) -> int:
    """Endpoints in trouble and standing banners."""
    bad = sum(1 for health in picture.snapshot.health.values() if health.state in TROUBLE)
    return bad + len(standing(picture))


def standing(picture: Picture) -> tuple[str, ...]:
    unwritable = (
        () if picture.snapshot.audit_writable else ("the audit cannot be written: nothing leaves this machine",)
    )
    return (*unwritable, *picture.banners)


def _kept(groups: list[Line], width: int) -> Line:
    kept: list[Part] = []
    for group in groups:
        gap: Part = ("   " if kept else " ", "")
        if group and width_of((*kept, gap, *group)) < width:
            kept += [gap, *group]
    return tuple(kept)


def _band(picture: Picture) -> Line:
    fullest = usage.binding(picture)
    band = band_of(fullest, picture.fleet.bands)
    if fullest is None:
        return ((f"{picture.glyphs.good} NORMAL", "good"), (" no budget", "dim"))
    tone = tone_of(fullest.percent)
    glyph = picture.glyphs.good if tone == "good" else picture.glyphs.up
    return ((f"{glyph} {label(band.name).upper()} {fullest.percent}%", tone), (f" {label(fullest.budget)}", "dim"))


def _next(picture: Picture) -> Line:
    fullest = usage.binding(picture)
    if fullest is None:
        return ()
    ahead = [band for band in picture.fleet.bands if not fullest.reached(band.at)]
    if not ahead:
        return ()
    found = forecast(fullest, picture.fleet.bands, picture.now, picture.used.get(fullest.budget, ()))
    when = "" if found is None or found.when is None else f" in {figures.until(found.when - picture.now)}"
    return (("next ", "dim"), (f"{label(ahead[0].name)} at {ahead[0].at}%", ""), (when, "dim"))


def _spend(picture: Picture) -> Line:
    return (("today ", "dim"), (figures.money(picture.spent_today), ""))


def _local_only(picture: Picture) -> Line:
    if picture.snapshot.cloud_forbidden:
        return ((f"{picture.glyphs.block} LOCAL ONLY", "warn"),)
    return (("local_only ", "dim"), ("off", ""))


def _override(picture: Picture) -> Line:
    standing_orders = [
        override
        for override in picture.snapshot.overrides
        if override.active(picture.now) and override.kind is not OverrideKind.LOCAL_ONLY
    ]
    if not standing_orders:
        return ()
    first = standing_orders[0]
    more = f" +{len(standing_orders) - 1}" if len(standing_orders) > 1 else ""
    return ((f"{picture.glyphs.change} {label(caps.short(first))}{more}", "accent"),)


def _alerts(picture: Picture) -> Line:
    number = alerts(picture)
    if not number:
        return ((f"{picture.glyphs.good} all well ", "good"),)
    return ((f"{picture.glyphs.bad} {number} alert{'s' if number > 1 else ''} ", pressing("app.notices", "bad")),)
