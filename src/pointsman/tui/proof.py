"""The real screen over a recording in which everything is hostile, headless: promises T3, T4 and T5.

`python -m pointsman.tui.proof` is what `pointsman prove` runs; it prints one JSON object. With `--picture` it prints
the picture of a narrow screen on which a model answered what stands on standard input (S1).
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from textual.pilot import Pilot

from pointsman.core.audit import AuditRow, AuditState
from pointsman.core.codec import encode
from pointsman.core.decision import Decision, Rung
from pointsman.core.fleet import (
    Budget,
    BudgetUnit,
    Endpoint,
    EndpointKind,
    Fleet,
    Locality,
    Model,
    Role,
    Service,
    ServiceKind,
    Tier,
    Window,
)
from pointsman.core.health import Health, HealthState
from pointsman.core.outcome import Attempt, Completed, FailureKind, TokenUsage
from pointsman.core.request import Task
from pointsman.core.snapshot import EndpointStatus, ServiceState, ServiceStatus, Snapshot
from pointsman.core.tape import Head, Line, Tape
from pointsman.core.usage import Usage
from pointsman.engine import events
from pointsman.engine.replay import Replay
from pointsman.tui.app import PointsmanApp
from pointsman.tui.messages import AuditOpened, LogsAsked, ServiceAsked, Told
from pointsman.tui.render import zones
from pointsman.tui.render.svg import self_contained

ACTIONS = (
    "[@click=app.danger('a')]press[/]", "[@click='app.danger(1)']press[/]", "[link=javascript:x]press[/link]",
    "[@click=danger]press[/]", "[on red @click=app.danger('b')]press[/]", "[@mouse.enter=app.danger('c')]press[/]",
)  # fmt: skip
BRACKETS = (
    "[/INST]", "[/]", "[/b]", "[/ ", "[", "]", "[]", "[bold", "[bold]", "[/bold]x[/bold]", "[[/]]", "\\[/]", "\\\\[/]",
    "[link=x", "[a=b]", "[@]", "[@click]", "[@click=]", "[@click=x", "[#ff", "[#zzzzzz]", "[on]", "[not bold]", "[$x]",
    "[$accent", "[1,2]", "x[0]", "[/x/y]", "[ /]", "[/ ]", "[\n/]", "[\t]", "[a][b][/a][/b]", "[red]x[/green]",
    "[r g b]", "[:smile:]", ":warning:", "[@click=a.b('", "[/@click]", "text [/",
)  # fmt: skip
LINKS = (
    "http://x.test", "https://x.test/a", "//x.test", "file:///etc/passwd", "javascript:alert(1)", "data:text/html,x",
    "--new-window=x", "-x", "ftp://x.test", "ssh://x.test", "mailto:a@x.test", "vscode://x", "x-man-page://ls",
    "https://xn--e1awd7f.test", "https://a@b.test", "HTTP://X.TEST", "http:x", "https:/x", "\\\\x\\y", "http://[::1]/",
)  # fmt: skip
TEXTS = (*ACTIONS, *BRACKETS, "\x1b]0;x\x07", "\x9b2J", "\u202eevil")
REPLY = "\n\n".join((" ".join(TEXTS), f"```\n{' '.join(TEXTS)}\n```", " ".join(f"[a link]({link})" for link in LINKS)))
_SIZE = (110, 32)
_NARROW = (60, 100)
_CLICKS = 4  # on the same words of a screen


@dataclass(slots=True)
class Found:
    """What happened: each must be nothing but `surfaces`, `texts`, `clicks` and `told`."""

    surfaces: int = 0
    texts: int = 0
    clicks: int = 0
    fired: list[str] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    armed: int = 0  # cells that carry an action or a link of others
    crashed: str = ""
    told: int = 0  # links that were shown and not followed


class _Watched(PointsmanApp):
    proof: Found

    def action_danger(self, *of: object) -> None:
        self.proof.fired.append(repr(of))

    def open_url(self, url: str, *, new_tab: bool = True) -> None:
        self.proof.opened.append(url)


def hostile_fleet() -> Fleet:
    """One of everything for every text."""
    named = {f"n{number}{text}": text for number, text in enumerate(TEXTS)}
    return Fleet(
        policy=TEXTS[0],
        revision="0" * 12,
        endpoints={
            name: Endpoint(
                name=name, url="http://x.test", kind=EndpointKind.OLLAMA, locality=Locality.LOCAL, service=name
            )
            for name in named
        },
        models={name: Model(name=name, id=text, endpoint=name, tier=Tier.T1) for name, text in named.items()},
        roles={"r": Role(name="r", primary=next(iter(named)), description=TEXTS[0])},
        routes=(),
        default_role="r",
        budgets=tuple(Budget(name=n, limit=9, unit=BudgetUnit.TOKENS, window=Window(seconds=9)) for n in named),
        services={name: Service(name=name, kind=ServiceKind.SIMULATED, unit=text) for name, text in named.items()},
    )


def hostile_picture(fleet: Fleet) -> Snapshot:
    return Snapshot(
        now=1e9,
        health={e: Health(state=HealthState.DOWN, reason=fleet.models[e].id) for e in fleet.endpoints},
        status={e: EndpointStatus(checked_at=1e9, version=fleet.models[e].id) for e in fleet.endpoints},
        usage={b.name: Usage(budget=b.name, spent=8, limit=9) for b in fleet.budgets},
        services=tuple(
            ServiceStatus(name=s.name, unit=s.unit, state=ServiceState.FAILED, reason=s.unit)
            for s in fleet.services.values()
        ),
    )


def hostile_tape(reply: str = REPLY) -> Tape:
    """At second 0 everything but the answer's end, which comes at second 1."""
    fleet = hostile_fleet()
    first, second = list(fleet.models)[:2]
    rows = [
        AuditRow(
            seq=n, at=1e9, type="outcome", actor=text, text=text, body="{}", model=text, rule=text, from_model=text
        )
        for n, text in enumerate(TEXTS, 1)
    ]
    rungs = tuple(Rung(model=m, endpoint=m, locality=Locality.LOCAL, why=TEXTS[0], max_output=9) for m in fleet.models)
    decision = Decision(
        id="d", request="a", policy="p", policy_rev="0" * 12, task=Task(), role="r", rule=TEXTS[1], rule_why=TEXTS[2],
        band=TEXTS[3], usage=None, ladder=rungs, rejected=(), notices=(),
    )  # fmt: skip
    done = Completed(finish_reason=TEXTS[4], usage=TokenUsage(), notes=TEXTS)
    attempt = Attempt(model=second, endpoint=second, outcome=done, notices=TEXTS)
    told: list[events.EngineEvent] = [
        events.Decided(request="a", decision=decision),
        events.Waiting(request="a", why=TEXTS[0], seconds=1.0),
        events.ReasoningDelta(request="a", text=reply),
        events.TextDelta(request="a", text=reply),
        events.Switched(
            request="a", from_model=first, to_model=second, kind=FailureKind.STREAM_CUT, why=TEXTS[0], seconds=1.0,
            fragment=True,
        ),
        events.TextDelta(request="a", text=reply),
    ]  # fmt: skip
    answered = events.Answered(request="a", attempt=attempt, decision=decision, text=reply)
    lines: list[Line] = [
        {"t": 0.0, "what": "picture", "set": encode(hostile_picture(fleet))},
        {"t": 0.0, "what": "banners", "banners": list(TEXTS[:3])},
        {"t": 0.0, "what": "audit", "rows": [encode(row) for row in rows]},
        {"t": 0.0, "what": "audit-size", "size": len(rows), "state": encode(AuditState(lines=len(rows)))},
        {"t": 0.0, "what": "logs", "service": first, "lines": list(TEXTS)},
        {"t": 0.0, "what": "ask", "id": "a", "text": TEXTS[0], "pin": None},
        *({"t": 0.0, "what": "event", "event": type(e).__name__, **encode(e)} for e in told),
        {"t": 1.0, "what": "event", "event": "Answered", **encode(answered)},
        {"t": 1.0, "what": "end", "id": "a"},
    ]
    return Tape(head=Head(began=1e9, words=True, fleet=fleet), lines=tuple(lines))


async def prove() -> Found:
    found, go_on = Found(texts=len(TEXTS) + len(LINKS)), asyncio.Event()

    async def wait(seconds: float) -> None:
        await go_on.wait()

    async with Replay(hostile_tape(), speed=1.0, sleep=wait) as console:
        app = _Watched(console, banners=TEXTS[:2])
        app.proof = found
        try:
            async with app.run_test(size=_SIZE, notifications=True) as pilot:
                await _watch(app, pilot, go_on)
        except Exception as crash:  # noqa: BLE001 - whatever it is, it is what T4 is about
            found.crashed = f"{type(crash).__name__}: {crash}"
        await app.close()
    return found


async def picture(reply: str) -> str:
    """Of the conversation alone, so narrow that what is said is broken over many lines."""
    go_on = asyncio.Event()

    async def wait(seconds: float) -> None:
        await go_on.wait()

    async with Replay(hostile_tape(reply), speed=1.0, sleep=wait) as console:
        app = PointsmanApp(console)
        async with app.run_test(size=_NARROW) as pilot:
            await _until(pilot, lambda: app.picture is not None)
            app.action_show_pane("chat")
            app.home.zoom()
            app.chat.ask("hi")
            go_on.set()
            await _until(pilot, lambda: app.chat.last is not None and app.chat.last.over)
            await app.chat.flush()
            await pilot.pause()
            svg = self_contained(app.export_screenshot())
        await app.close()
    return svg


async def _watch(app: _Watched, pilot: Pilot[None], go_on: asyncio.Event) -> None:
    first = next(iter(hostile_fleet().services))
    await _until(pilot, lambda: app.picture is not None and bool(app.picture.audit_size))
    for name in zones.PANES:
        app.action_show_pane(name)
        await _looked_at(app, pilot)
    app.action_show_pane("chat")
    app.home.zoom()
    app.chat.ask("hi")
    await _until(pilot, lambda: app.chat.last is not None and REPLY[:20] in app.chat.last.text)
    await app.chat.flush()
    for words in ("press", "a link"):
        await _clicked(app, pilot, words)
    app.proof.told = _addresses(app)
    go_on.set()
    await _until(pilot, lambda: app.chat.last is not None and app.chat.last.over)
    await _clicked(app, pilot)
    for text in TEXTS[:12]:
        app.tell(Told(text, "error"))
    await _looked_at(app, pilot)
    row = app.picture.newest[0] if app.picture is not None else None
    opens = [LogsAsked(first), ServiceAsked(first, "restart"), *([AuditOpened(row)] if row is not None else [])]
    for message in opens:
        async with _over(app, pilot):
            app.post_message(message)
    async with _over(app, pilot):
        app.action_why()


@asynccontextmanager
async def _over(app: _Watched, pilot: Pilot[None]) -> AsyncIterator[None]:
    """The screen that is opened inside, looked at and clicked, then left."""
    yield
    await _until(pilot, lambda: app.screen is not app.home)
    await _clicked(app, pilot)
    while app.screen is not app.home:
        app.pop_screen()
        await pilot.pause()


async def _until(pilot: Pilot[None], holds: object) -> None:
    async with asyncio.timeout(20):
        while not (callable(holds) and holds()):
            await pilot.pause()


async def _looked_at(app: _Watched, pilot: Pilot[None]) -> None:
    app.apply()
    await pilot.pause()
    app.proof.surfaces += 1
    for strip in app.screen._compositor.render_strips():
        for segment in strip:
            style = segment.style
            theirs = style is not None and (style.link is not None or "danger" in repr(style.meta))
            app.proof.armed += bool(theirs)


async def _clicked(app: _Watched, pilot: Pilot[None], words: str = "press") -> None:
    """Where those words stand, a few times each."""
    await _looked_at(app, pilot)
    screen = app.screen
    for number in range(_CLICKS):
        places = await _still(app, pilot, words)
        if app.screen is not screen or not places:
            return
        await pilot.click(offset=places[number * len(places) // _CLICKS])
        app.proof.clicks += 1


async def _still(app: _Watched, pilot: Pilot[None], words: str) -> list[tuple[int, int]]:
    """Where the words stand, once they do not move any more."""
    before: list[tuple[int, int]] | None = None
    while (now := _places(app, words)) != before:
        before = now
        await pilot.pause(0.05)
    return now


def _addresses(app: _Watched) -> int:
    """How many links of the reply stand with their whole address on the screen, whatever lines break them."""
    lines = [strip.text for strip in app.screen._compositor.render_strips()]
    written = re.sub(r"[\s\u2500-\u259f]", "", "".join(lines))
    return sum(link in written for link in LINKS)


def _places(app: _Watched, words: str) -> list[tuple[int, int]]:
    lines = [strip.text for strip in app.screen._compositor.render_strips()]
    return [(found.start() + 1, y) for y, line in enumerate(lines) for found in re.finditer(words, line)]


if __name__ == "__main__" and sys.argv[1:] == ["--picture"]:
    sys.stdout.write(asyncio.run(picture(sys.stdin.read())))
elif __name__ == "__main__":
    outcome = asyncio.run(prove())
    names = ("surfaces", "texts", "clicks", "fired", "opened", "armed", "crashed", "told")
    sys.stdout.write(json.dumps({name: getattr(outcome, name) for name in names}) + "\n")
