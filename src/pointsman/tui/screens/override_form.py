"""The form of an override: which kind, which model, for what, for how long."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, Label, Select
from textual.widgets.select import NoSelection

from pointsman.core import caps
from pointsman.core.fleet import Fleet
from pointsman.core.request import KINDS
from pointsman.core.snapshot import Override, OverrideKind
from pointsman.tui import keys
from pointsman.tui.messages import CapAsked
from pointsman.tui.screens.modal import Modal
from pointsman.tui.untrusted import label, one_line

_KINDS = (
    (Content("pin: this model and no other"), OverrideKind.PIN),
    (Content("prefer: this model first"), OverrideKind.PREFER),
    (Content("local_only: no cloud call at all"), OverrideKind.LOCAL_ONLY),
    (Content("cap: another limit for a budget"), OverrideKind.CAP),
)
_SPANS = (
    (Content("until cleared"), 0),
    (Content("15 minutes"), 900),
    (Content("1 hour"), 3_600),
    (Content("8 hours"), 28_800),
)


class OverrideForm(Modal[Override | CapAsked | None]):
    BINDINGS: ClassVar[list[BindingType]] = [*keys.FORM]

    def __init__(self, fleet: Fleet, now: float, new_id: str, model: str | None = None) -> None:
        super().__init__()
        self._fleet = fleet
        self._now = now
        self._new_id = new_id
        self._model = model or next(iter(fleet.models), None)

    def compose(self) -> ComposeResult:
        models = [(Content(label(name)), name) for name in self._fleet.models]
        with Vertical(id="override-form") as box:
            box.border_title = Content("Override")
            yield Label(Content("what"))
            kinds = _KINDS if self._fleet.budgets else _KINDS[:-1]
            yield Select(kinds, value=OverrideKind.PIN, allow_blank=False, id="kind", compact=True)
            yield Label(Content("model"), classes="model")
            yield Select(
                models,
                prompt="no model is configured",
                value=self._first(),
                id="model",
                compact=True,
                classes="model",
            )
            yield Label(Content("for"))
            yield Select(
                self._scopes(OverrideKind.PIN),
                value="global",
                allow_blank=False,
                id="scope",
                compact=True,
            )
            yield Label(Content("limit of the budget"), classes="cap")
            yield Input(
                placeholder="$10, 200k tokens, 500 requests, or default", id="limit", compact=True, classes="cap"
            )
            yield Label("", id="wrong", classes="cap", markup=False)
            yield Label(Content("how long"))
            yield Select(_SPANS, value=0, allow_blank=False, id="span", compact=True)
            with Horizontal(classes="buttons"):
                yield Button(Content("cancel"), id="no", compact=True)
                yield Button(Content("set"), id="yes", variant="primary", compact=True)

    def _scopes(self, kind: OverrideKind) -> list[tuple[Content, str]]:
        roles = (f"role:{name}" for name in self._fleet.roles)
        scopes = ["global", *roles, *(f"kind:{kind}" for kind in KINDS)]
        if kind is OverrideKind.CAP:
            scopes = [budget.name for budget in self._fleet.budgets]
        return [(Content(label(scope)), scope) for scope in scopes]

    def _first(self) -> str | NoSelection:
        return self._model if self._model is not None else Select.NULL

    @on(Select.Changed, "#kind")
    def _kind_changed(self, event: Select.Changed) -> None:
        self.query_one("#model").disabled = event.value is OverrideKind.LOCAL_ONLY
        capping = event.value is OverrideKind.CAP
        scopes = self.query_one("#scope", Select)
        if capping != self.has_class("-cap"):
            self.set_class(capping, "-cap")
            scopes.set_options(self._scopes(OverrideKind(str(event.value))))

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.id == "yes":
            self._set()
        else:
            self.dismiss(None)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self._set()

    def _set(self) -> None:
        """A limit that cannot be: what was written stays, and what is wrong with it stands below."""
        problem = self._problem()
        if problem is None:
            self.dismiss(self._written())
            return
        self.query_one("#wrong", Label).update(Content.styled(one_line(problem), "$text-error"))
        self.query_one("#limit", Input).focus()

    def _problem(self) -> str | None:
        if self.query_one("#kind", Select).value is not OverrideKind.CAP:
            return None
        limit = self.query_one("#limit", Input).value.strip()
        try:
            budget = caps.named(self._fleet, str(self.query_one("#scope", Select).value))
            if limit != caps.DEFAULT:
                caps.figure(limit, budget)
        except ValueError as problem:
            return str(problem)
        return None

    def _written(self) -> Override | CapAsked:
        kind = OverrideKind(str(self.query_one("#kind", Select).value))
        model = self.query_one("#model", Select).value
        span = int(str(self.query_one("#span", Select).value))
        if kind is OverrideKind.CAP:
            return CapAsked(
                str(self.query_one("#scope", Select).value), self.query_one("#limit", Input).value.strip(), span
            )
        return Override(
            id=self._new_id,
            kind=kind,
            scope=str(self.query_one("#scope", Select).value),
            model=model if isinstance(model, str) and kind is not OverrideKind.LOCAL_ONLY else None,
            created_at=self._now,
            expires_at=self._now + span if span else None,
            reason="set on the screen",
        )

    def action_cancel(self) -> None:
        self.dismiss(None)
