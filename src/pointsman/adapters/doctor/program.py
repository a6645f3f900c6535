"""The program's own ground: Python, SQLite, the clock, and the terminal it is shown in. No I/O: the world is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from pointsman.adapters.doctor.finding import Finding, failure, note, ok, warning

OLDEST_PYTHON = (3, 11)
QUICK_PYTHON = (3, 14)
SAFE_SQLITE = (3, 51, 3)  # 3.7.0 to 3.51.2: two connections that write and checkpoint at once may corrupt a WAL
_OLDEST_CLOCK = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
_CLOCK_SLACK_S = 120.0


def python(version: tuple[int, int, int]) -> Finding:
    written = ".".join(map(str, version))
    if version < OLDEST_PYTHON:
        return failure("python", f"Python {written} is too old: 3.11 is needed", "uv python install 3.14")
    if version < QUICK_PYTHON:
        return ok("python", f"Python {written}; on 3.14 the screen opens in about half the time")
    return ok("python", f"Python {written}")


def sqlite(version: tuple[int, int, int]) -> Finding:
    """One writer connection keeps us clear of the bug; a `sqlite3` shell that writes beside us would not."""
    written = ".".join(map(str, version))
    if version < SAFE_SQLITE:
        return note(
            "sqlite",
            f"SQLite {written} has the WAL-reset bug (fixed in 3.51.3); pointsman writes through one connection and a "
            "lock, so write to the ledger with nothing else",
        )
    return ok("sqlite", f"SQLite {written}")


def clock(now: float, newest_line: float | None) -> Finding:
    """`newest_line`: when the audit was last written, Unix seconds."""
    shown = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    if now < _OLDEST_CLOCK:
        return failure("clock", f"it says {shown}: TLS will refuse every cloud", "sudo timedatectl set-ntp true")
    if newest_line is not None and newest_line > now + _CLOCK_SLACK_S:
        behind = newest_line - now
        return warning(
            "clock",
            f"it says {shown}, {behind:.0f} s before the newest audit line: it was set back, and budgets count by it",
            "sudo timedatectl set-ntp true",
        )
    return ok("clock", shown)


def terminal(environ: Mapping[str, str], *, is_terminal: bool, encoding: str) -> Iterator[Finding]:
    term = environ.get("TERM", "")
    if not is_terminal:
        yield note("terminal", "standard output is no terminal: the verbs and --plain work, the screen does not")
    elif term in ("", "dumb", "unknown"):
        yield note("terminal", f"TERM={term or '(not set)'} cannot show the screen", "pointsman --plain")
    else:
        yield ok("terminal", f"TERM={term}, {_colours(environ, term)}")
    if encoding.lower().replace("-", "").replace("_", "") != "utf8":
        yield warning("terminal", f"its encoding is {encoding}, not UTF-8: signs are shown as ?", "export LANG=C.UTF-8")


def _colours(environ: Mapping[str, str], term: str) -> str:
    if "NO_COLOR" in environ:
        return "no colours (NO_COLOR)"
    if environ.get("COLORTERM", "") in ("truecolor", "24bit"):
        return "16 million colours"
    return "256 colours" if "256color" in term else "16 colours; COLORTERM=truecolor says if it can do more"


def tmux(inside: bool, set_clipboard: str | None) -> Finding | None:
    """`set_clipboard`: tmux's option of that name; None: it could not be asked."""
    if not inside:
        return None
    if set_clipboard is None:
        return note("tmux", "tmux does not say whether it passes the clipboard on")
    if set_clipboard == "off":
        return warning(
            "tmux", "copying does not reach your clipboard: set-clipboard is off", "tmux set -g set-clipboard on"
        )
    return ok("tmux", f"set-clipboard is {set_clipboard}: copying reaches your clipboard")
