"""`status`: one look at everything: endpoints, this machine, budgets, services."""

from __future__ import annotations

from typing import Any

import click

from pointsman.core.fleet import Fleet
from pointsman.core.plain_text import one_line
from pointsman.core.snapshot import Snapshot
from pointsman.verbs import documents, figures, say
from pointsman.verbs.machine import host_document, show_machines
from pointsman.verbs.mistakes import DONE
from pointsman.verbs.place import Place, as_json, place_options
from pointsman.verbs.run import run
from pointsman.verbs.usage import show_budgets


@click.command("status")
@click.option("--demo", is_flag=True, help="Look at the simulated fleet.")
@as_json
@place_options
@click.pass_obj
def status(place: Place, /, *, demo: bool, as_json: bool) -> int:
    """Look once at every endpoint, this machine, the budgets and the services."""
    fleet, snapshot, banners = run(_look(place, demo))
    if as_json:
        say.document(status_document(fleet, snapshot, banners))
    else:
        _show(fleet, snapshot, banners)
    return DONE


async def _look(place: Place, demo: bool) -> tuple[Fleet, Snapshot, tuple[str, ...]]:
    from pointsman import wiring

    if demo:
        opening = wiring.open_demo(place.demo_settings(), state_dir=place.state_dir(), monitor=False)
    else:
        opening = wiring.open_engine(place.own_settings(), state_dir=place.state_dir(), monitor=False)
    async with opening as engine:
        await engine.look()
        return engine.fleet, engine.snapshot, engine.banners


def status_document(fleet: Fleet, snapshot: Snapshot, banners: tuple[str, ...]) -> dict[str, Any]:
    return {
        "now": snapshot.now,
        "policy": fleet.policy,
        "policy_rev": fleet.revision,
        "local_only": snapshot.cloud_forbidden,
        "audit_writable": snapshot.audit_writable,
        "banners": list(banners),
        "endpoints": documents.endpoint_documents(fleet, snapshot),
        "host": host_document(snapshot.host),
        "hosts": {name: host_document(host) for name, host in snapshot.hosts.items()},
        "usage": documents.usage_documents(fleet, snapshot.usage, snapshot.now),
        "services": documents.service_documents(fleet, snapshot),
        "overrides": documents.values(snapshot.overrides),
    }


def _show(fleet: Fleet, snapshot: Snapshot, banners: tuple[str, ...]) -> None:
    for banner in banners:
        say.data(f"! {one_line(banner)}")
    say.table(("ENDPOINT", "STATE", "WHERE", "LOADED", "LATENCY", "QUEUE", "REASON"), _endpoint_rows(fleet, snapshot))
    show_machines(snapshot)
    say.data("")
    show_budgets(fleet, snapshot.usage, snapshot.now)
    if fleet.services:
        say.data("")
        show_services(fleet, snapshot)


def _endpoint_rows(fleet: Fleet, snapshot: Snapshot) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for seen in documents.endpoint_documents(fleet, snapshot):
        loaded = ", ".join(model["id"] for model in seen["loaded"] or ())
        latency = figures.number(seen["latency_ms"], " ms")
        queue = figures.count(seen["waiting"])
        where = f"{seen['locality']}, simulated" if seen["simulated"] else seen["locality"]
        rows.append((seen["name"], seen["state"], where, loaded or "-", latency, queue, seen["reason"]))
    return rows


def show_services(fleet: Fleet, snapshot: Snapshot) -> None:
    rows = [
        (s["name"], s["state"] or figures.UNKNOWN, s["kind"], s["unit"], ", ".join(s["endpoints"]), s.get("reason", ""))
        for s in documents.service_documents(fleet, snapshot)
    ]
    say.table(("SERVICE", "STATE", "KIND", "UNIT", "SERVES", "REASON"), rows)
