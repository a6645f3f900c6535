"""The command palette: every action of the program with its key, every theme, every fault of the simulated fleet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, cast

from textual.binding import Binding
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.fuzzy import Matcher

from pointsman.tui import keys
from pointsman.tui.messages import FaultAsked, LogsAsked, ModelAsked, ServiceAsked
from pointsman.tui.screens import tour
from pointsman.tui.untrusted import label, one_line

if TYPE_CHECKING:
    from pointsman.tui.app import PointsmanApp

_NOT_LISTED = frozenset({"palette", "palette.anywhere", "interrupt", "quit.anywhere"})
_VERBS = ("restart", "start", "stop")


@dataclass(frozen=True, slots=True)
class Command:
    title: str
    help: str
    run: Callable[[], object]


def commands(app: PointsmanApp) -> Iterator[Command]:
    yield from _bound(app)
    yield Command("tour", "ten sentences about this screen", partial(tour.begin, app))
    yield from _themes(app)
    if app.engine is None:
        return
    yield from _models(app)
    yield from _services(app)
    yield from _memory(app)
    yield from _faults(app)


def _bound(app: PointsmanApp) -> Iterator[Command]:
    for binding in keys.APP:
        if binding.id not in _NOT_LISTED:
            yield Command(binding.tooltip, _help(binding, app), partial(app.run_action, binding.action))
    for action, title in keys.UNBOUND:
        yield Command(title, "no key of its own", partial(app.run_action, action))


def _help(binding: Binding, app: PointsmanApp) -> str:
    return f"key {keys.shown(binding, app.keymap)}"


def _themes(app: PointsmanApp) -> Iterator[Command]:
    for name in app.available_themes:
        yield Command(f"theme: {name}", "colours", partial(setattr, app, "theme", name))


def _models(app: PointsmanApp) -> Iterator[Command]:
    if app.picture is None:
        return
    yield Command("ask whom the policy chooses", "/model auto", partial(app.chat.pin, "auto"))
    for name in app.picture.fleet.models:
        yield Command(f"ask only {label(name)}", f"/model {label(name)}", partial(app.chat.pin, name))


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
        for command in self._commands:
            yield DiscoveryHit(_line(Content(command.title), command), command.run, text=command.title)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for command in self._commands:
            score = matcher.match(command.title)
            if score > 0:
                found = _line(_marked(command.title, matcher), command)
                yield Hit(score, found, command.run, text=command.title)


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
