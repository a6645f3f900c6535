"""`models`: the fleet's models, and the overrides that change who is asked first. Memory is in `verbs.memory`."""

from __future__ import annotations

from typing import Any

import click

from pointsman.core.fleet import Fleet
from pointsman.core.request import KINDS
from pointsman.core.snapshot import Override, OverrideKind, Snapshot
from pointsman.verbs import documents, figures, memory, say
from pointsman.verbs.asked import known_model
from pointsman.verbs.mistakes import DONE, unknown
from pointsman.verbs.place import Place, as_json, place_options
from pointsman.verbs.run import run
from pointsman.verbs.spans import SPAN

_MODEL_KINDS = (OverrideKind.PIN, OverrideKind.PREFER)


@click.group("models")
def models() -> None:
    """List the models, or change which one is asked first."""


@models.command("list")
@click.option("--offline", is_flag=True, help="Look at no endpoint: every state is unknown.")
@as_json
@place_options
@click.pass_obj
def list_models(place: Place, /, *, offline: bool, as_json: bool) -> int:
    """List every model with its endpoint's state."""
    from pointsman import wiring

    fleet, snapshot = _seen(place, offline)
    if as_json:
        overrides = documents.values(snapshot.overrides)
        told = documents.model_documents(fleet, snapshot, run(wiring.measured(place.state_dir())))
        say.document({"models": told, "overrides": overrides})
        return DONE
    say.table(("MODEL", "STATE", "TIER", "WHERE", "ENDPOINT", "ID", "CONTEXT", "OVERRIDE"), _rows(fleet, snapshot))
    return DONE


def _seen(place: Place, offline: bool) -> tuple[Fleet, Snapshot]:
    from pointsman import wiring

    settings, state_dir = place.settings(), place.state_dir()
    look = wiring.known if offline or not place.chosen else wiring.look_once
    return settings.fleet, run(look(settings, state_dir=state_dir))


def _rows(fleet: Fleet, snapshot: Snapshot) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for seen in documents.model_documents(fleet, snapshot):
        overrides = ", ".join(f"{override['kind']} for {override['scope']}" for override in seen["overrides"])
        state = f"{seen['state']}, loaded" if seen["loaded"] else seen["state"]
        context = figures.count(seen["context"])
        where = f"{seen['locality']}, simulated" if seen["simulated"] else seen["locality"]
        rows.append((seen["name"], state, seen["tier"], where, seen["endpoint"], seen["id"], context, overrides))
    return rows


# --- overrides ---------------------------------------------------------------------------------------------------


def _scope(ctx: click.Context, param: click.Parameter, value: str) -> str:
    kind, _, name = value.partition(":")
    if value != "global" and (kind not in ("role", "kind") or not name):
        raise click.BadParameter(f"{value!r} is no scope: write global, role:NAME or kind:KIND", ctx, param)
    return value


_scoped = click.option(
    "--for", "scope", default="global", callback=_scope, show_default=True, help="global, role:NAME or kind:KIND."
)


@models.command("set")
@click.argument("name")
@_scoped
@click.option("--pin", is_flag=True, help="This model and no other, instead of this model first.")
@click.option("--expires", type=SPAN, help="End by itself after this span: 90s, 30m, 2h, 7d.")
@click.option("--reason", default="", help="Goes into the audit.")
@as_json
@place_options
@click.pass_obj
def set_model(place: Place, /, *, as_json: bool, **wish: Any) -> int:
    """Ask the model NAME first (or only it, with --pin). Replaces what was set for the same scope."""
    override = run(_set(place, **wish))
    if as_json:
        say.document({"override": documents.values(override)})
    else:
        until = "" if override.expires_at is None else f" until {figures.moment(override.expires_at)} UTC"
        say.data(f"{override.kind} {override.model} for {override.scope}{until}")
    return DONE


async def _set(place: Place, /, *, name: str, scope: str, pin: bool, expires: float | None, reason: str) -> Override:
    from pointsman import wiring

    settings = place.settings()
    model = known_model(settings.fleet, name)
    _known_scope(settings.fleet, scope)
    async with wiring.open_engine(settings, state_dir=place.state_dir(), monitor=False) as engine:
        now, kind = engine.snapshot.now, OverrideKind.PIN if pin else OverrideKind.PREFER
        override = Override(
            id=f"{kind}:{scope}",
            kind=kind,
            scope=scope,
            model=model,
            created_at=now,
            expires_at=None if expires is None else now + expires,
            reason=reason,
        )
        older = _of_scope(engine.snapshot, scope)
        await engine.set_override(override)
        for each in older:
            if each.id != override.id:
                await engine.clear_override(each.id)
    return override


def _of_scope(snapshot: Snapshot, scope: str) -> list[Override]:
    return [o for o in snapshot.overrides if o.kind in _MODEL_KINDS and o.scope == scope]


def _known_scope(fleet: Fleet, scope: str) -> None:
    kind, _, name = scope.partition(":")
    if kind == "role" and name not in fleet.roles:
        raise unknown("role", name, fleet.roles)
    if kind == "kind" and name not in KINDS:
        raise unknown("kind", name, KINDS)


@models.command("unset")
@click.argument("name", required=False)
@_scoped
@click.option("--all", "everywhere", is_flag=True, help="In every scope.")
@as_json
@place_options
@click.pass_obj
def unset_model(place: Place, /, *, name: str | None, scope: str, everywhere: bool, as_json: bool) -> int:
    """Let the policy choose again: ends what was set for the scope (of the model NAME only, if given)."""
    ended = run(_unset(place, name, None if everywhere else scope))
    if as_json:
        say.document({"cleared": documents.values(ended)})
    for override in () if as_json else ended:
        say.data(f"no longer: {override.kind} {override.model} for {override.scope}")
    if not ended:
        say.tell("nothing was set" + ("" if everywhere else f" for {scope}"))
    return DONE


async def _unset(place: Place, name: str | None, scope: str | None) -> list[Override]:
    from pointsman import wiring

    settings = place.settings()
    model = known_model(settings.fleet, name)
    if scope is not None:
        _known_scope(settings.fleet, scope)
    async with wiring.open_engine(settings, state_dir=place.state_dir(), monitor=False) as engine:
        found = engine.snapshot.overrides
        if model is not None:
            found = tuple(documents.overrides_of(settings.fleet, found, model))
        ended = [o for o in found if o.kind in _MODEL_KINDS and scope in (None, o.scope)]
        for override in ended:
            await engine.clear_override(override.id)
    return ended


for _command in (memory.load, memory.keep, memory.unload, memory.fits):
    models.add_command(_command)
