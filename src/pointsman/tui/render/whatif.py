"""What if: the knobs that change the world for one decision, and two decisions side by side. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pointsman.core.decision import Decision
from pointsman.tui.picture import Picture
from pointsman.tui.render.paint import Part, crop, width_of
from pointsman.tui.untrusted import label

Line = tuple[Part, ...]

STEP = 5  # percent
_MOST_PERCENT = 120
AS_IS = "as it is"
SIDE_BY_SIDE = 56  # columns from which there is room for two


@dataclass(frozen=True, slots=True, kw_only=True)
class Knob:
    """One thing that can be different. `value` None: as it is. Without choices it is a percentage."""

    key: str
    title: str
    now: str
    choices: tuple[str, ...] = ()
    value: str | None = None

    def turned(self, step: int) -> Knob:
        if self.choices:
            ring: tuple[str | None, ...] = (None, *self.choices)
            return replace(self, value=ring[(ring.index(self.value) + step) % len(ring)])
        start = int(self.value if self.value is not None else self.now.rstrip("%") or 0)
        rounded = start // STEP * STEP + step * STEP if start % STEP == 0 or step > 0 else start // STEP * STEP
        return replace(self, value=str(min(max(rounded, 0), _MOST_PERCENT)))


Change = Callable[[Knob], Knob]


def knobs_of(picture: Picture, policies: Iterable[str]) -> tuple[Knob, ...]:
    usage = picture.snapshot.usage
    budgets = (
        Knob(key=f"usage.{budget.name}", title=f"usage {label(budget.name)}", now=_percent(picture, budget.name))
        for budget in picture.fleet.budgets
    )
    whole = Knob(
        key="usage", title="usage, every budget", now=f"{max((u.percent for u in usage.values()), default=0)}%"
    )
    closed = "on" if picture.snapshot.cloud_forbidden else "off"
    others = tuple(name for name in policies if name != picture.fleet.policy)
    endpoints = (
        Knob(key=f"endpoint.{name}", title=label(name), now=_state(picture, name), choices=("up", "down", "busy"))
        for name in picture.fleet.endpoints
    )
    return (
        *((whole, *budgets) if picture.fleet.budgets else ()),
        Knob(key="local_only", title="local_only", now=closed, choices=("on", "off")),
        *((Knob(key="policy", title="policy", now=picture.fleet.policy, choices=others),) if others else ()),
        *endpoints,
    )


def _percent(picture: Picture, budget: str) -> str:
    usage = picture.snapshot.usage.get(budget)
    return f"{usage.percent}%" if usage else "0%"


def _state(picture: Picture, endpoint: str) -> str:
    health = picture.snapshot.health.get(endpoint)
    return str(health.state) if health else "unknown"


def settings(knobs: Sequence[Knob]) -> tuple[Mapping[str, str], str | None]:
    """(what-if settings as `route --set` takes them, policy)."""
    turned = [knob for knob in knobs if knob.value is not None]
    plain = {knob.key: str(knob.value) for knob in turned if not knob.key.startswith("endpoint.")}
    policy = plain.pop("policy", None)
    for state in ("up", "down", "busy"):
        names = [
            knob.key.partition(".")[2] for knob in turned if knob.key.startswith("endpoint.") and knob.value == state
        ]
        if names:
            plain[state] = ",".join(names)
    return plain, policy


def knob_line(knob: Knob, width: int) -> Line:
    room = max(width - 22, 8)
    name = crop(knob.title, room)
    if knob.value is None:
        return ((name, ""), (f" {label(knob.now)}", "dim"))
    unit = "" if knob.choices else "%"
    return ((name, "strong"), (f" {label(knob.now)} → ", "dim"), (f"{label(knob.value)}{unit}", "accent"))


def compared(now: Decision, then: Decision | None, problem: str, width: int) -> tuple[Line, ...]:
    """Now at the left, then at the right; on a narrow screen one below the other."""
    left = _sides(now, then)
    right = _sides(then, now) if then is not None else (((problem or "…", "bad" if problem else "dim"),),)
    if width < SIDE_BY_SIDE:
        return ((("NOW", "head"),), *left, (), (("WHAT IF", "head"),), *right)
    half = (width - 3) // 2
    rows = max(len(left), len(right))
    heads: Line = ((f"{'NOW':<{half}}", "head"), ("   ", ""), ("WHAT IF", "head"))
    padded = zip(_padded(left, rows), _padded(right, rows), strict=True)
    return (heads, *((*_fitted(a, half), ("   ", ""), *_fitted(b, half)) for a, b in padded))


def _padded(lines: Sequence[Line], rows: int) -> tuple[Line, ...]:
    return (*lines, *(((),) * (rows - len(lines))))


def _fitted(line: Line, width: int) -> Line:
    fitted: list[Part] = []
    left = width
    for text, tone in line:
        if left <= 0:
            break
        piece = crop(text, min(width_of([(text, "")]), left))
        fitted.append((piece, tone))
        left -= width_of([(piece, "")])
    return (*fitted, (" " * max(left, 0), ""))


def _sides(own: Decision, other: Decision | None) -> tuple[Line, ...]:
    """One decision; what the other one has not is marked."""
    picked = own.model != (other.model if other else own.model)
    pick = label(own.model) if own.model else f"blocked: {own.blocked or 'no model may do this'}"
    rungs = {rung.model: place for place, rung in enumerate(other.ladder)} if other else {}
    codes = {entry.model: str(entry.code) for entry in other.rejected} if other else {}
    return (
        ((pick, "accent" if picked else "name" if own.model else "bad"),),
        (("role ", "dim"), (label(own.role), ""), ("  rule ", "dim"), (label(own.rule), "")),
        (("band ", "dim"), (label(own.band), "warn" if other and other.band != own.band else "")),
        ((own.why(), "dim"),),
        (("LADDER", "head"),),
        *(
            (
                (
                    f" {place + 1}. {label(rung.model)}",
                    "" if other is None or rungs.get(rung.model) == place else "accent",
                ),
            )
            for place, rung in enumerate(own.ladder)
        ),
        ((f"NOT ASKED ({len(own.rejected)})", "head"),),
        *(
            (
                (f" {label(entry.model)} ", "" if other is None or codes.get(entry.model) == entry.code else "accent"),
                (f"{entry.code} ", "warn"),
                (entry.why, "dim"),
            )
            for entry in own.rejected
        ),
    )
