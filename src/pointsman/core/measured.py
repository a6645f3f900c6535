"""What models were found to do: speed by bench, quality by eval, each with its date. Values and statistics; pure.

Measured stands beside stated and replaces nothing: a figure of the documents stays what it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

from pointsman.core.fleet import Model
from pointsman.core.traffic import percentile

SPEED, QUALITY = "speed", "quality"
WITHIN, BELOW, ABOVE = "within", "below", "above"
# A document's "~500 tok/s" is no edge: a tenth beside it is still what it says.
TOLERANCE_PERCENT = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The middle of several values and where their middle half lies."""

    median: float
    low: float  # first quartile
    high: float  # third quartile
    count: int

    @property
    def iqr(self) -> float:
        return self.high - self.low


def spread(values: Iterable[float | None]) -> Spread | None:
    """Of the known ones; None if there are none."""
    known = [value for value in values if value is not None]
    low, median, high = (percentile(known, share) for share in (25, 50, 75))
    if low is None or median is None or high is None:
        return None
    return Spread(median=median, low=low, high=high, count=len(known))


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedPoint:
    """One prompt length at one concurrency. As seen from here: network and queue are in the time to first token."""

    prompt_tokens: int  # asked for; what the server counted is `input_tokens`
    concurrency: int
    calls: int
    failed: int = 0
    input_tokens: Spread | None = None
    first_token_s: Spread | None = None
    prompt_per_s: Spread | None = None  # tokens that were not cached, over the time to first token
    generation_per_s: Spread | None = None  # of each call, as the server measured it where it does
    together_per_s: float | None = None  # output of all calls over the time they took together


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """A bench of one model."""

    model: str
    model_id: str
    endpoint: str
    at: float  # Unix seconds
    points: tuple[SpeedPoint, ...]
    warm_up_s: float | None = None  # the first call, which may have loaded the model
    simulated: bool = False

    @property
    def headline(self) -> SpeedPoint | None:
        """One call at a time, the shortest prompt: what the documents' figures are about."""
        alone = [point for point in self.points if point.generation_per_s is not None]
        return min(alone, key=lambda point: (point.concurrency, point.prompt_tokens), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How many of a kind's tasks were solved. `skipped` were not asked, or could not be judged."""

    kind: str
    right: int
    items: int
    skipped: int = 0
    wrong: tuple[str, ...] = ()  # ids

    @property
    def percent(self) -> int | None:
        """Rounded down, so that 100 means all of them; None of nothing."""
        return None if not self.items else self.right * 100 // self.items


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """An eval of one model. `suite` names the set of tasks: figures of two suites are not comparable."""

    model: str
    model_id: str
    endpoint: str
    at: float
    suite: str
    scores: tuple[Score, ...]
    simulated: bool = False


Measurement = Speed | Quality


def what(measurement: Measurement) -> str:
    return SPEED if isinstance(measurement, Speed) else QUALITY


def of_model(measurements: Sequence[Measurement], model: Model) -> tuple[Speed | None, Quality | None]:
    """The newest of each sort that were made of that very model: another id behind the same name is another model."""
    ours = [m for m in measurements if (m.model, m.model_id, m.endpoint) == (model.name, model.id, model.endpoint)]
    speeds = [m for m in ours if isinstance(m, Speed)]
    qualities = [m for m in ours if isinstance(m, Quality)]
    return max(speeds, key=_at, default=None), max(qualities, key=_at, default=None)


def _at(measurement: Measurement) -> float:
    return measurement.at


# --- against what is stated --------------------------------------------------------------------------------------


def verdict(stated: tuple[float, float] | None, measured: float | None) -> str | None:
    """`within`, `below` or `above` the stated range, a tenth beside it included; None where one of them is unknown."""
    if stated is None or measured is None:
        return None
    low, high = stated
    if measured * 100 < low * (100 - TOLERANCE_PERCENT):
        return BELOW
    return ABOVE if measured * 100 > high * (100 + TOLERANCE_PERCENT) else WITHIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One figure beside the document's. For a time, `below` is good; for a speed, `above` is."""

    figure: str  # generation_per_s or first_token_s
    stated: tuple[float, float] | None
    measured: float | None
    verdict: str | None


def compared(model: Model, speed: Speed | None) -> tuple[Compared, ...]:
    point = speed.headline if speed is not None else None
    generation = point.generation_per_s.median if point and point.generation_per_s else None
    first = point.first_token_s.median if point and point.first_token_s else None
    pairs = (("generation_per_s", model.speed, generation), ("first_token_s", model.first_token_stated, first))
    return tuple(
        Compared(figure=figure, stated=stated, measured=measured, verdict=verdict(stated, measured))
        for figure, stated, measured in pairs
    )


# --- as JSON values, for the store -------------------------------------------------------------------------------


def to_plain(measurement: Measurement) -> dict[str, object]:
    return {f.name: _plain(getattr(measurement, f.name)) for f in fields(measurement)}


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, Spread | SpeedPoint | Score):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    return value


def from_plain(sort: str, body: Mapping[str, object]) -> Measurement:
    """The value that `to_plain` was given. Raises ValueError, TypeError or KeyError for what it did not write."""
    told = dict(body)
    if sort == SPEED:
        told["points"] = tuple(_point(each) for each in _records(told["points"]))
        return Speed(**told)  # type: ignore[arg-type]
    if sort != QUALITY:
        raise ValueError(f"no such measurement: {sort}")
    told["scores"] = tuple(_score(each) for each in _records(told["scores"]))
    return Quality(**told)  # type: ignore[arg-type]


_SPREADS = ("input_tokens", "first_token_s", "prompt_per_s", "generation_per_s")


def _point(body: Mapping[str, object]) -> SpeedPoint:
    spreads = {name: _spread(body.get(name)) for name in _SPREADS}
    return SpeedPoint(**{**body, **spreads})  # type: ignore[arg-type]


def _spread(body: object) -> Spread | None:
    return Spread(**body) if isinstance(body, dict) else None


def _score(body: Mapping[str, object]) -> Score:
    wrong = body.get("wrong", ())
    return Score(**{**body, "wrong": tuple(wrong) if isinstance(wrong, list) else ()})  # type: ignore[arg-type]


def _records(value: object) -> list[Mapping[str, object]]:
    if not isinstance(value, list):
        raise ValueError("expected a list")
    return value
