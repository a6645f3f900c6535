"""The part of the app that caps budgets: what was written becomes an order, and a raise is asked about first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.message import Message

from pointsman.tui import messages
from pointsman.tui.acting import ActingApp, changes
from pointsman.tui.render.paint import stack
from pointsman.tui.screens.confirm import Confirm
from pointsman.tui.untrusted import label

if TYPE_CHECKING:
    from pointsman.core.fleet import Budget
    from pointsman.core.snapshot import Snapshot

_FORM = "cap BUDGET LIMIT, or cap BUDGET default for the configured limit"


class CappingApp(ActingApp):
    def cap_by(self, words: str) -> None:
        """As the palette and the chat take it: `day $10`."""
        budget, _, limit = words.strip().partition(" ")
        self.post_message(messages.CapAsked(budget, limit.strip()))

    @on(messages.CapAsked)
    @changes
    def cap_asked(self, event: messages.CapAsked) -> None:
        from pointsman.core import caps

        if self.engine is None or self.picture is None:
            return
        if not event.limit:
            return self.tell(messages.Told(f"{_FORM}; budgets: {self._budgets()}", "warning"))
        snapshot = self.engine.snapshot
        try:
            budget = caps.named(self.picture.fleet, event.budget)
            limit = None if event.limit == caps.DEFAULT else caps.figure(event.limit, budget)
        except ValueError as problem:
            return self.tell(messages.Told(str(problem), "warning"))
        if limit is not None:
            expires_at = snapshot.now + event.span if event.span else None
            order = caps.order(budget, limit, snapshot.now, expires_at, "set on the screen")
            return self._cap(budget, limit, snapshot, messages.SetOverride(order))
        standing = [entry for entry in caps.caps_of(snapshot.overrides, snapshot.now) if entry.scope == budget.name]
        for entry in standing:
            self._cap(budget, budget.limit, snapshot, messages.ClearOverride(entry.id))
        if not standing:
            self.tell(messages.Told(f"budget {label(budget.name)} has its configured limit"))

    def _budgets(self) -> str:
        names = () if self.picture is None else (label(budget.name) for budget in self.picture.fleet.budgets)
        return ", ".join(names) or "none"

    def _cap(self, budget: Budget, limit: int, snapshot: Snapshot, order: Message) -> None:
        from pointsman.core import caps
        from pointsman.tui.render import overrides

        before = caps.in_force(budget, snapshot.overrides, snapshot.now).limit
        if limit <= before:
            self.post_message(order)
            return
        body = stack(overrides.raising(budget, before, limit, snapshot.usage.get(budget.name)))

        def answered(choice: str | None) -> None:
            if choice == "yes":
                self.post_message(order)

        self.push_screen(Confirm(f"raise the cap of {label(budget.name)}?", body, "raise"), answered)
