"""Reads the Prometheus text format (0.0.4, and the OpenMetrics extras servers mix in). Knows no metric's meaning.

Garbage lines are skipped, never an error: a scrape is somebody else's text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_LABEL = re.compile(r'\s*([A-Za-z_][A-Za-z0-9_]*)\s*=\s*"((?:[^"\\\n]|\\.)*)"\s*(,|\})')
_NAME = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")
_ESCAPE = re.compile(r"\\(.)")
_LONGEST_LINE = 16_384
_ESCAPED = {"n": "\n", "\\": "\\", '"': '"'}


@dataclass(frozen=True, slots=True)
class Sample:
    """One line of a scrape. `value` is finite: a NaN or Inf reading tells nothing and is left out."""

    name: str
    labels: Mapping[str, str]
    value: float


class Metrics:
    """All samples of one scrape, by metric name."""

    def __init__(self, samples: Iterator[Sample]) -> None:
        self._by_name: dict[str, list[Sample]] = {}
        for sample in samples:
            self._by_name.setdefault(sample.name, []).append(sample)

    def samples(self, name: str) -> tuple[Sample, ...]:
        return tuple(self._by_name.get(name, ()))

    def total(self, *names: str) -> float | None:
        """The sum over all label sets of the first of these names that is there; None if none is."""
        for name in names:
            found = self._by_name.get(name)
            if found:
                return sum(sample.value for sample in found)
        return None

    def highest(self, *names: str) -> float | None:
        for name in names:
            found = self._by_name.get(name)
            if found:
                return max(sample.value for sample in found)
        return None


def parse_metrics(text: str) -> Metrics:
    return Metrics(sample for line in text.split("\n") if (sample := _parse_line(line.strip())) is not None)


def _parse_line(line: str) -> Sample | None:
    matched = _NAME.match(line)
    if matched is None or len(line) > _LONGEST_LINE:
        return None  # comments, HELP, TYPE, EOF, blank lines, garbage
    labels, rest = _split_labels(line[matched.end() :])
    if labels is None:
        return None
    # What follows the value is a timestamp or an exemplar ("# {trace_id=...} 1"), neither of interest.
    fields = rest.split("#", 1)[0].split()
    value = _finite(fields[0]) if fields else None
    return None if value is None else Sample(matched.group(), labels, value)


def _split_labels(rest: str) -> tuple[dict[str, str] | None, str]:
    """(labels, what follows them); labels None when the braces are broken."""
    if not rest.startswith("{"):
        return ({}, rest) if rest[:1].isspace() else (None, "")
    labels: dict[str, str] = {}
    position = 1
    while True:
        if rest.startswith("}", position):  # `{}` and a trailing comma are both legal
            return labels, rest[position + 1 :]
        pair = _LABEL.match(rest, position)
        if pair is None:
            return None, ""
        labels[pair.group(1)] = _ESCAPE.sub(lambda seen: _ESCAPED.get(seen.group(1), seen.group(0)), pair.group(2))
        position = pair.end()
        if pair.group(3) == "}":
            return labels, rest[position:]


def _finite(written: str) -> float | None:
    try:
        value = float(written)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
