"""The command palette: every action of the program with its key, every theme, every fault of the simulated fleet, and a
few words that take an argument: `explain PROMPT`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.fuzzy import Matcher

from pointsman import keymap
from pointsman.keymap import Key
from pointsman.tui import keys
from pointsman.tui.messages import FaultAsked, LogsAsked, ModelAsked, ServiceAsked
from pointsman.tui.screens import tour
from pointsman.tui.untrusted import label, one_line

if TYPE_CHECKING:
    from pointsman.tui.app import PointsmanApp

_NOT_LISTED = frozenset({"palette", "palette.anywhere", "interrupt", "quit.anywhere"})
_OF_PANES = (
    *("Fleet", "Services", "Override", "Usage", "GPU / host"),
    *("In lists", "Reading the chat", "Writing a prompt", "A cut answer"),
)
FIRST = 1_000.0  # a score above that of any fuzzy match
_VERBS = ("restart", "start", "stop")


@dataclass(frozen=True, slots=True)
class Command:
    title: str
    help: str
    run: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Asking:
    """A word of the palette with what follows it."""

    word: str
    of: str  # what is to be written after it
    help: str
    run: Callable[[str], object]


def commands(app: PointsmanApp) -> Iterator[Command]:
    yield from _bound(app)
    yield Command("tour", "ten sentences about this screen", partial(tour.begin, app))
    if app.engine is not None:
        yield from _models(app)
        yield from _services(app)
        yield from _memory(app)
        yield from _faults(app)
    yield from _of_panes(app)
    yield from _themes(app)


def askings(app: PointsmanApp) -> tuple[Asking, ...]:
    return (
        Asking("explain", "PROMPT", "who would answer it and why; calls no model", app.explain),
        Asking("ask", "PROMPT", "sends it", app.ask_prompt),
        Asking("cap", "BUDGET LIMIT", "another limit for a budget, or `default`", app.cap_by),
        Asking("filter", "WORDS", "the list where the focus is", app.filter_here),
        Asking("audit", "WORDS", "filters the audit, type=step-down model=opus", app.filter_audit_by),
    )


def _bound(app: PointsmanApp) -> Iterator[Command]:
    for entry in keymap.APP:
        if entry.id not in _NOT_LISTED:
            yield Command(entry.title, _help(entry, app), partial(app.run_action, entry.action))
    for action, title in keys.UNBOUND:
        yield Command(title, "no key of its own", partial(app.run_action, action))


def _of_panes(app: PointsmanApp) -> Iterator[Command]:
    """What single panes can do, done there."""
    for title in _OF_PANES:
        for entry in keymap.GROUPS[title]:
            run = partial(app.act_in, title, entry.action)
            yield Command(f"{title.lower()}: {entry.title}", _help(entry, app), run)


def _help(entry: Key, app: PointsmanApp) -> str:
    return f"key {keymap.shown(entry, app.keymap)}"


def _themes(app: PointsmanApp) -> Iterator[Command]:
    for name in app.available_themes:
        yield Command(f"theme: {name}", "colours", partial(setattr, app, "theme", name))


def _models(app: PointsmanApp) -> Iterator[Command]:
    if app.picture is None:
        return
    yield Command("model auto", "asks whom the policy chooses", partial(app.chat.pin, "auto"))
    for name in app.picture.fleet.models:
        yield Command(f"model {label(name)}", "asks only this one", partial(app.chat.pin, name))


def _memory(app: PointsmanApp) -> Iterator[Command]:
    if app.picture is None or app.engine is None or app.engine.machines is None:
        return
    from pointsman.core.fleet import Locality

    for model in app.picture.fleet.models.values():
        if app.picture.fleet.locality_of(model) is Locality.LOCAL:
            for verb in ("load", "unload"):
                asked = ModelAsked(model.name, verb)
                yield Command(f"{verb} {label(model.name)}", "asks before it acts", partial(app.post_message, asked))


def _services(app: PointsmanApp) -> Iterator[Command]:
    if app.picture is None:
        return
    for service in app.picture.fleet.services:
        for verb in _VERBS:
            asked = ServiceAsked(service, verb)
            yield Command(f"{verb} {label(service)}", "asks before it acts", partial(app.post_message, asked))
        yield Command(f"logs of {label(service)}", "its last lines", partial(app.post_message, LogsAsked(service)))


def _faults(app: PointsmanApp) -> Iterator[Command]:
    if app.engine is None:
        return
    for fault in app.engine.faults:
        title = f"fault: {one_line(fault.title)}"
        yield Command(title, f"simulated fleet, {label(fault.endpoint)}", partial(app.post_message, FaultAsked(fault)))


class Palette(Provider):
    @property
    def _commands(self) -> Iterator[Command]:
        return commands(cast("PointsmanApp", self.app))

    async def discover(self) -> Hits:
        app = cast("PointsmanApp", self.app)
        for asking in askings(app):
            begin = partial(app.search_for, f"{asking.word} ")
            line = Command(f"{asking.word} {asking.of}", asking.help, begin)
            yield DiscoveryHit(_line(Content(line.title), line), begin, text=line.title)
        for command in self._commands:
            yield DiscoveryHit(_line(Content(command.title), command), command.run, text=command.title)

    async def search(self, query: str) -> Hits:
        word, _, rest = query.strip().partition(" ")
        for asking in askings(cast("PointsmanApp", self.app)) if rest.strip() else ():
            if asking.word == word:
                line = Command(f"{word} {one_line(rest.strip())}", asking.help, partial(asking.run, rest.strip()))
                yield Hit(FIRST, _line(Content(line.title), line), line.run, text=line.title)
        matcher = self.matcher(query)
        for command in self._commands:
            score = matcher.match(command.title)
            if score > 0:
                found = _line(_marked(command.title, matcher), command)
                yield Hit(score + _exact(query, command.title), found, command.run, text=command.title)


def _exact(query: str, title: str) -> float:
    """Whole words at the beginning come first: `rw` is no part of another word then."""
    wanted, words = query.casefold().split(), title.casefold().replace(":", " ").split()
    begun = all(word.startswith(part) for part, word in zip(wanted, words, strict=False)) and len(wanted) <= len(words)
    return FIRST / 2 if begun else 0.0


def _marked(title: str, matcher: Matcher) -> Content:
    """The title with its matching letters underlined. Not the matcher's own highlight: that one parses markup."""
    _, offsets = matcher.fuzzy_search.match(matcher.query, title)
    marked = Content(title)
    for offset in offsets:
        marked = marked.stylize(matcher.match_style, offset, offset + 1)
    return marked


def _line(title: Content, command: Command) -> Content:
    """Title and hint on one line. Not the palette's own help line: that one parses markup."""
    return Content.assemble(title, ("   " + command.help, "$foreground 65%"))
