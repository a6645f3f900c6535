"""The terminal's promises that need no terminal, T1 and T6, and the services', V1. The screen is asked in a process of
its own, because nothing below it may import it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from pointsman.config import ConfigError, load
from pointsman.prove.check import Check, CouldNotRun, Tried, expect

_SANITISER = """
import json, sys, time
from pointsman.tui.untrusted import clean, one_line, label
payloads = json.load(sys.stdin)
bad = count = 0
def obeyed(text): return any(c in text for c in map(chr, [*range(0, 9), *range(11, 32), 127, *range(0x80, 0xa0)]))
for text in payloads:
    whole = clean(text)
    for at in range(len(text) + 1):
        count += 1
        bad += clean(text[:at]) + clean(text[at:]) != whole
    bad += obeyed(whole) or obeyed(one_line(text)) or obeyed(label(text))
dense = "\\x1b]0;x\\x07\\u202e" * 125_000
began = time.perf_counter(); clean(dense); seconds = time.perf_counter() - began
print(json.dumps({"bad": bad, "count": count, "ms": seconds * 1000, "bytes": len(dense)}))
"""
PAYLOADS = (
    "\x1b]52;c;aGk=\x07", "\x1b]0;title\x1b\\", "\x1b[2J\x1b[H", "\x1bPq#0;2;0;0;0\x1b\\", "\x1b_Ga=T;x\x1b\\",
    "\x9b31m", "\x9d52;c;aGk=\x9c", "\x1b]8;;http://x\x07y\x1b]8;;\x07", "\x1b[6n", "\x1b]50;?\x07", "a\x00b\x7f",
    "\x1b[?1049h", "\x1b#8", "\x1bGQ;", "\u202eevil\u202c", "\u2066x\u2069", "\U000e0041", "\u2028\u2029", "\ufeff",
    "\x1b]9;note\x07", "\x0e\x0f", "[/]", "[@click=app.quit]x[/]", "\rover", "\x1b[201~rm\n",
)  # fmt: skip


def _asked(code: str, given: object) -> dict[str, float]:
    try:
        ran = subprocess.run(
            [sys.executable, "-c", code],
            input=json.dumps(given),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CouldNotRun("the screen's part did not answer in a minute") from None
    if ran.returncode != 0:
        raise CouldNotRun(f"the screen's part cannot be asked: {ran.stderr.strip()[-120:]}")
    told: dict[str, float] = json.loads(ran.stdout)
    return told


def nothing_is_obeyed(home: Path) -> Tried:
    told = _asked(_SANITISER, PAYLOADS)
    expect(told["bad"] == 0, f"{told['bad']:.0f} texts got through")
    tried = f"{len(PAYLOADS)} hostile texts, each cut in two at every place"
    return Tried(tried=tried, count=int(told["count"]), figure="0 control characters left; the same however it is cut")


def linear(home: Path) -> Tried:
    told = _asked(_SANITISER, ["x"])
    per_mb = told["ms"] / (told["bytes"] / 1e6)
    expect(per_mb <= 300, f"{per_mb:.0f} ms per MB")
    tried = "a megabyte of nothing but escape sequences"
    figure = f"{per_mb:.0f} ms per MB"
    return Tried(tried=tried, count=int(told["bytes"]), figure=figure)


HOSTILE = (
    "*", "a*", "?", "[a]", "--force", "-H", "a;reboot", "a b", "a\nb", "$(x)", "`x`", "a|b", "a&b", "a>b", "", " ",
    "a'b", 'a"b', "a\x00b", "a\x1b[2J", "*.service", "{a,b}", "a$IFS", "\u202ea", "é", "a" * 300, "a,b", "a#b", "~",
    "!", "%n", "a=b", "a(b)", "a\tb", "a\rb", "a;", ";a", "||a", "&&a", "<a", "a\\ b c", "-", "--", "--now", "-M x",
)  # fmt: skip
_SERVICE = 'extends = "default"\n[services.x]\nkind = "systemd-user"\nunit = {unit}\n'


def no_injection(home: Path) -> Tried:
    for number, name in enumerate(HOSTILE):
        path = home / f"{number}.toml"
        path.write_text(_SERVICE.format(unit=json.dumps(name)))
        try:
            load(path)
        except ConfigError:
            continue
        expect(False, f"a unit may be called {name!r}")
    tried = "hostile names of units"
    figure = "0 accepted, so 0 processes started"
    return Tried(tried=tried, count=len(HOSTILE), figure=figure)


CHECKS = (
    Check(id="T1", promise="no text of others is obeyed by the terminal", run=nothing_is_obeyed),
    Check(id="T6", promise="making text harmless takes linear time", run=linear),
    Check(id="V1", promise="no name of a service is a command, an option or a pattern", run=no_injection),
)
