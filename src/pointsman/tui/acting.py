"""The part of the app that acts on what panes ask: overrides, services, files, and what guards them.

Everything that changes something is undone, confirmed, or refused while the screen is read-only. Nothing here does I/O.
What a dialog draws with is imported with the dialog: the first frame does without.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from textual import on
from textual.message import Message

from pointsman.tui import messages
from pointsman.tui.linked import LinkedApp
from pointsman.tui.render.paint import Part, stack
from pointsman.tui.screens.confirm import Confirm
from pointsman.tui.screens.reader import Reader
from pointsman.tui.untrusted import label, one_line

if TYPE_CHECKING:
    from pointsman.core.snapshot import Override
    from pointsman.tui.bridge import Bridge
    from pointsman.tui.panes.services import ServicesPane
    from pointsman.tui.picture import Picture

UNDO_FOR: Final = 30.0  # seconds

Handler = TypeVar("Handler", bound=Callable[..., Any])


def changes(handler: Handler) -> Handler:
    """For handlers of messages that change something: not while one only looks on, nor once one leaves."""

    @wraps(handler)
    def guarded(app: ActingApp, event: messages.Changes) -> Any:
        if app.leaving:
            return None
        return app.refuse() if app.read_only else handler(app, event)

    return guarded  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class Undo:
    what: str
    inverse: Message
    until: float  # Unix seconds


class ActingApp(LinkedApp):
    undo: Undo | None = None

    def refuse(self) -> None:
        self.tell(messages.Told("read-only: nothing is changed or sent. The palette's `rw` lifts it", "warning"))

    def action_read_only(self, wanted: bool) -> None:
        self.read_only = wanted
        self.show_more(read_only=wanted)

    # --- overrides ---

    @on(messages.SetOverride)
    @changes
    def override_set(self, event: messages.SetOverride) -> None:
        self._override(lambda bridge: bridge.set_override(event.override))

    @on(messages.ClearOverride)
    @changes
    def override_cleared(self, event: messages.ClearOverride) -> None:
        self._override(lambda bridge: bridge.clear_override(event.override_id))

    def _override(self, doing: Callable[[Bridge], Awaitable[None]]) -> None:
        if self.bridge is not None:
            self.work(_quietly(doing, self.bridge), "override")

    @on(messages.LocalOnlyAsked)
    @changes
    def local_only_asked(self, event: messages.LocalOnlyAsked) -> None:
        from pointsman.core.snapshot import Override, OverrideKind

        if self.engine is None:
            return
        now = self.engine.snapshot.now
        closed = [entry for entry in self.engine.snapshot.overrides if entry.kind is OverrideKind.LOCAL_ONLY]
        standing = [entry for entry in closed if entry.active(now)]
        wanted = event.wanted if event.wanted is not None else not standing
        if wanted and not standing:
            new_id = self.engine.new_request_id()
            order = Override(id=new_id, kind=OverrideKind.LOCAL_ONLY, created_at=now, reason="set on the screen")
            self.post_message(messages.SetOverride(order))
        elif not wanted and standing:
            self._confirm_opening(standing)
        elif not wanted and self.engine.snapshot.local_only:
            self.tell(messages.Told("local_only stands in the configuration: it is lifted there", "warning"))

    def _confirm_opening(self, standing: list[Override]) -> None:
        from pointsman.tui.render import overrides

        body = stack(overrides.opening(standing))

        def answered(choice: str | None) -> None:
            for entry in standing if choice == "yes" else ():
                self.post_message(messages.ClearOverride(entry.id))

        self.push_screen(Confirm("open the cloud again?", body, "open"), answered)

    def action_override(self) -> None:
        self.ask_override(None)

    @on(messages.OverrideAsked)
    def override_asked(self, event: messages.OverrideAsked) -> None:
        self.ask_override(event.model)

    def ask_override(self, model: str | None) -> None:
        if self.engine is None or self.picture is None:
            return
        if self.read_only:
            return self.refuse()
        from pointsman.tui.screens.override_form import OverrideForm  # its widgets: not before the first frame

        form = OverrideForm(self.picture.fleet, self.picture.now, self.engine.new_request_id(), model)
        self.push_screen(form, self._override_written)

    def _override_written(self, written: Override | messages.CapAsked | None) -> None:
        if isinstance(written, messages.CapAsked):
            self.post_message(written)
        elif written is not None:
            self.post_message(messages.SetOverride(written))

    def action_local_only(self) -> None:
        self.post_message(messages.LocalOnlyAsked())

    # --- undo ---

    @on(messages.Changed)
    def changed(self, event: messages.Changed) -> None:
        if self.picture is not None:
            self.undo = Undo(event.what, event.inverse, self.picture.now + UNDO_FOR)
            self.show_more(undo=(self.undo.what, self.undo.until))

    def action_undo(self) -> None:
        undo, self.undo = self.undo, None
        if undo is None or self.picture is None or self.picture.now >= undo.until:
            self.tell(messages.Told("nothing to undo: overrides can be undone for 30 s"))
            return
        self.show_more(undo=None)
        self.post_message(undo.inverse)

    # --- services ---

    @on(messages.ServiceAsked)
    @changes
    def service_asked(self, event: messages.ServiceAsked) -> None:
        if self.bridge is not None:
            self.work(self.bridge.plan_service(event.name, event.verb), "service")

    @on(messages.ServicePlanned)
    def service_planned(self, event: messages.ServicePlanned) -> None:
        from pointsman.tui import consequences

        if self.engine is None or self.bridge is None or self.picture is None:
            return
        bridge, plan = self.bridge, event.plan
        if plan is not None and plan.refusal is not None:
            self.tell(
                messages.Told(f"{event.verb} of {label(event.name)} not now: {one_line(plan.refusal)}", "warning")
            )
            return
        found = consequences.of_action(self.engine, event.name, event.verb)
        history = () if plan is None else consequences.history(plan, self.picture.now)
        body = stack((*consequences.lines(found, None if plan is None else plan.oldest_s), *history))
        typed = event.name if found.last_local else None
        waits = plan is not None and event.verb != "start" and found.streams > 0
        question = Confirm(f"{event.verb} {label(event.name)}?", body, f"{event.verb} now", typed=typed, waits=waits)

        def answered(choice: str | None) -> None:
            if choice is not None and choice != "no":
                self.work(bridge.act(event.name, event.verb, when_idle=choice == "wait"), "service")

        self.push_screen(question, answered)

    def action_suggested(self) -> None:
        """The one thing that would help now."""
        suggested = self.picture.suggested if self.picture is not None else None
        if suggested is None:
            self.tell(messages.Told("nothing is down that a role needs"))
        else:
            self.post_message(messages.ServiceAsked(suggested.service, suggested.verb))

    @on(messages.ModelAsked)
    @changes
    def model_asked(self, event: messages.ModelAsked) -> None:
        from pointsman.tui import consequences

        machines = self.engine.machines if self.engine is not None else None
        if machines is None or self.bridge is None:
            return
        bridge = self.bridge
        request = machines.model_request(event.name, event.verb, event.seconds)
        if not request:
            self.tell(messages.Told(f"the server of {label(event.name)} cannot be told to {event.verb} it", "warning"))
            return
        picture = self.picture
        room = consequences.of_load(picture, event.name) if picture is not None and event.verb != "unload" else ()
        body = stack(
            [[("sends      ", "head"), (request, "strong")], *room, [("its files stay where they are", "dim")]]
        )

        def answered(choice: str | None) -> None:
            if choice == "yes":
                self.work(bridge.hold_model(event.name, event.verb, event.seconds), "model")

        self.push_screen(Confirm(f"{event.verb} {label(event.name)}?", body, event.verb), answered)

    @on(messages.ServiceActed)
    def acted(self, event: messages.ServiceActed) -> None:
        word = "accepted" if event.result.ok else "refused"
        text = f"{event.verb} {label(event.name)}: {word}. {one_line(event.result.text)}"
        self.tell(messages.Told(text, "information" if event.result.ok else "error"))

    @on(messages.LogsAsked)
    def logs_asked(self, event: messages.LogsAsked) -> None:
        if self.bridge is not None:
            from pointsman.tui.screens.log import LogScreen

            shown = LogScreen(event.name, self._glyphs)
            self.push_screen(shown)
            # The screen's own worker: it is cancelled when the screen is closed.
            shown.run_worker(self.bridge.follow(event.name), name=event.name, group="log", exit_on_error=False)

    @on(messages.LogGrew)
    def log_grew(self, event: messages.LogGrew) -> None:
        from pointsman.tui.screens.log import LogScreen

        for shown in self.screen_stack:
            if isinstance(shown, LogScreen) and shown.service == event.name and shown.is_mounted:
                shown.take(event.lines)

    def action_log_of_trouble(self) -> None:
        """The whole log of which the services' pane shows the end."""
        pane = cast("ServicesPane", self.home.desk.pane("services"))
        status = None if self.picture is None else pane.in_trouble(self.picture)
        if status is None:
            self.tell(messages.Told("no service is in trouble"))
        else:
            self.post_message(messages.LogsAsked(status.name))

    @on(messages.TailAsked)
    def tail_asked(self, event: messages.TailAsked) -> None:
        if self.bridge is not None:
            self.work(self.bridge.tail(event.name), "tail")

    @on(messages.Tailed)
    def tailed(self, event: messages.Tailed) -> None:
        if self.is_running:  # else the pane is being taken apart
            cast("ServicesPane", self.home.desk.pane("services")).take(event.name, event.lines)

    @on(messages.FaultAsked)
    @changes
    def fault_asked(self, event: messages.FaultAsked) -> None:
        if self.bridge is not None:
            self.work(self.bridge.play(event.fault), "fault")

    def action_revert_drift(self) -> None:
        from pointsman.tui import consequences

        drift = self.engine.drift if self.engine is not None else None
        if drift is None or self.bridge is None:
            self.tell(messages.Told("no drift: the gateway's default is the policy's, or no gateway is configured"))
            return
        if self.read_only:
            return self.refuse()
        bridge = self.bridge
        body = stack(consequences.of_revert(drift))

        def answered(choice: str | None) -> None:
            if choice == "yes":
                self.work(bridge.revert_drift(), "drift")

        self.push_screen(Confirm("revert the gateway's default?", body, "revert"), answered)

    def action_reload(self) -> None:
        if self.read_only:
            return self.refuse()
        if self.bridge is not None:
            self.work(self.bridge.reload(), "reload")

    # --- the audit and details ---

    @on(messages.AuditAsked)
    def audit_asked(self, event: messages.AuditAsked) -> None:
        if self.bridge is not None:
            self.work(self.bridge.page(event.query, event.older), "audit")

    @on(messages.AuditOpened)
    def audit_opened(self, event: messages.AuditOpened) -> None:
        from pointsman.tui.render import audit

        self.push_screen(Reader(f"audit line {event.line.seq}", stack(audit.in_full(event.line))))

    @on(messages.DetailAsked)
    def detail_asked(self, event: messages.DetailAsked) -> None:
        from pointsman.tui.render import overrides, services

        picture = self.picture
        if picture is None:
            return
        if event.pane == "endpoints":
            return self._open_endpoint(event.key, picture)
        if event.pane == "memory":
            return self._open_machine(picture)
        drawn: dict[str, Callable[[], tuple[tuple[Part, ...], ...]]] = {
            "services": lambda: services.in_full(event.key, picture),
            "overrides": lambda: overrides.in_full(event.key, picture),
        }
        lines = drawn[event.pane]()
        if lines:
            self.push_screen(Reader(label(event.key), stack(lines)))

    def _open_endpoint(self, name: str, picture: Picture) -> None:
        if self.engine is None or self.bridge is None or name not in picture.fleet.endpoints:
            return
        from pointsman.tui.screens.endpoint import EndpointScreen

        self.push_screen(EndpointScreen(picture, partial(self.engine.endpoint_detail, name), self.engine.history))
        self.work(self.bridge.measurements(), "measurements")

    def _open_machine(self, picture: Picture) -> None:
        engine = self.engine
        if engine is None:
            return
        from pointsman.tui.screens.machine import MachineScreen  # with the library of its plots

        self.push_screen(MachineScreen(picture, lambda: engine.metrics, engine.history))

    def action_machine(self) -> None:
        if self.picture is not None:
            self._open_machine(self.picture)

    @on(messages.Measured)
    def measured(self, event: messages.Measured) -> None:
        from pointsman.tui.screens.endpoint import EndpointScreen

        for shown in self.screen_stack:
            if isinstance(shown, EndpointScreen):
                shown.measured(event.found)

    # --- what the app itself adds to the picture ---

    def show_more(self, **more: Any) -> None:
        """Draws the picture with these fields of the screen's own changed."""
        if self.picture is not None:
            self.picture = replace(self.picture, **more)
            self.apply()


async def _quietly(doing: Callable[[Bridge], Awaitable[None]], bridge: Bridge) -> None:
    from pointsman.tui.bridge import Refused

    try:
        await doing(bridge)
    except Refused:
        return
