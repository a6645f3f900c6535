"""What can be wrong with a configuration, and where: problems are collected, never raised one by one.

Owns `Problem`, `ConfigError` and the reporting place. Must never echo a value that may be a secret.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with one key. `nearest` is the valid key or name that was probably meant."""

    file: str
    key: str  # dotted path, e.g. endpoints.coder-gpu.url or routes[2].when.kind; empty: the file as a whole
    message: str
    nearest: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        where = f"{self.file}: {self.key}" if self.key else self.file
        nearest = f" (nearest: {self.nearest})" if self.nearest else ""
        line = f" (line {self.line})" if self.line else ""
        return f"{where}: {self.message}{nearest}{line}"


_LAST = 1 << 31  # what stands on no line comes after what does


class ConfigError(Exception):
    """A configuration that cannot be used. Holds every problem of it, not only the first, down each file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.file, problem.line or _LAST)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Wrong(ValueError):
    """Raised by a value reader; the table reader knows the place and makes a `Problem` of it."""

    def __init__(self, message: str, nearest: str | None = None) -> None:
        super().__init__(message)
        self.nearest = nearest


@dataclass(slots=True)
class Report:
    """Collects problems and warnings of one load."""

    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Place:
    """A key of one file, for reporting. `lines` maps key paths to line numbers."""

    report: Report
    file: str
    lines: Mapping[str, int]
    path: str = ""
    around: tuple[str, ...] = ()  # paths of the tables and arrays that hold this one, innermost first

    def key(self, name: str) -> Place:
        written = name if _BARE.match(name) else ascii(name)
        return self._inner(f"{self.path}.{written}" if self.path else written)

    def item(self, index: int) -> Place:
        return self._inner(f"{self.path}[{index}]")

    def _inner(self, path: str) -> Place:
        return replace(self, path=path, around=(self.path, *self.around))

    def problem(self, message: str, nearest: str | None = None) -> None:
        self.report.problems.append(self._entry(message, nearest))

    def warning(self, message: str, nearest: str | None = None) -> None:
        self.report.warnings.append(self._entry(message, nearest))

    def _entry(self, message: str, nearest: str | None) -> Problem:
        key, message = (SECRET.sub("[hidden]", text) for text in (self.path, message))
        return Problem(file=self.file, key=key, message=message, nearest=nearest, line=self._line())

    def _line(self) -> int | None:
        """The line of the key, or of the nearest table or array around it."""
        return next((self.lines[path] for path in (self.path, *self.around) if path in self.lines), None)


# What the usual providers' keys look like. Nothing of this form is ever repeated in a message.
SECRET = re.compile(
    r"(?:sk-|sk_|rk_|pk-|xai-|gsk_|hf_|ghp_|github_pat_|AIza|AKIA|nvapi-|csk-|Bearer\s)[A-Za-z0-9_\-./+=]{12,}"
)
_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")
_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?\Z")
_KEY = re.compile(r"\s*([A-Za-z0-9_\"'.-]+)\s*=")


def line_numbers(text: str) -> dict[str, int]:
    """Key path -> line number, by a light scan: `tomllib` keeps no positions."""
    lines: dict[str, int] = {}
    counts: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), start=1):
        header, key = _HEADER.match(line), _KEY.match(line)
        if header is not None and "=" not in header[2]:
            table = header[2].replace('"', "").replace("'", "")
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = f"{table}[{counts[table]}]"
            lines.setdefault(table, number)
        elif key is not None:
            name = key[1].replace('"', "").replace("'", "")
            lines.setdefault(f"{table}.{name}" if table else name, number)
    return lines


def nearest_of(name: str, valid: Iterable[str]) -> str | None:
    """The valid name closest to what was written, whatever its letter case; None if nothing is close."""
    by_lower = {candidate.lower(): candidate for candidate in valid}
    close = difflib.get_close_matches(name.lower(), list(by_lower), n=1, cutoff=0.5)
    return by_lower[close[0]] if close else None
