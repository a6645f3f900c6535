"""Models in and out of memory because somebody asked: audited, never under anybody's stream, never by erasing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pointsman.core.audit import AuditEvent, EventType
from pointsman.core.fleet import Endpoint, Fleet, Locality, Model
from pointsman.core.memory import Fit, cannot_fit, holds, is_manager, same_id, what_fits
from pointsman.engine.board import Board
from pointsman.engine.groups import Groups
from pointsman.engine.ledger import Ledger
from pointsman.engine.monitor import Monitor
from pointsman.ports import CallFailed, Clock, Residency, ServiceResult


@dataclass(slots=True, kw_only=True)
class Residents:
    """`streams_on` counts our own calls of one model."""

    board: Board
    ledger: Ledger
    monitor: Monitor
    groups: Groups
    residency: Residency | None
    clock: Clock
    streams_on: Callable[[str], int]

    @property
    def fleet(self) -> Fleet:
        return self.board.fleet

    def describe(self, name: str, verb: str, seconds: float | None = None) -> str:
        """What `load`, `keep` or `unload` would send. Raises ValueError for an unknown model."""
        model = self._model(name)
        endpoint = self.fleet.endpoints[model.endpoint]
        if self.residency is not None and self._manages(endpoint):
            return self.residency.describe(endpoint, model, verb, seconds)
        if verb == "keep":
            return ""
        return "" if endpoint.service is None else f"{'start' if verb == 'load' else 'stop'} service {endpoint.service}"

    def fits(self) -> tuple[Fit, ...]:
        return what_fits(self.fleet, self.board.snapshot())

    async def load(self, name: str) -> ServiceResult:
        """Brings the model into memory; for a member of a group, in its turn. Raises ValueError for an unknown one."""
        model = self._model(name)
        refusal = self._not_ours(model) or cannot_fit(self.fleet, self.board.snapshot(), model)
        if refusal is not None:
            return ServiceResult(ok=False, text=refusal)
        return await self._audited(model, "load")

    async def keep(self, name: str, seconds: float | None) -> ServiceResult:
        """Raises ValueError for an unknown one. A model that is not in memory is admitted as for a load."""
        model = self._model(name)
        refusal = self._not_ours(model) or cannot_fit(self.fleet, self.board.snapshot(), model)
        endpoint = self.fleet.endpoints[model.endpoint]
        if refusal is None and (self.residency is None or not self._manages(endpoint)):
            refusal = f"{endpoint.name} serves one model as long as it runs: there is no time to set"
        if refusal is not None:
            return ServiceResult(ok=False, text=refusal)
        return await self._audited(model, "keep", seconds)

    async def unload(self, name: str) -> ServiceResult:
        """Takes it out of memory; its files stay. Raises ValueError for an unknown one."""
        model = self._model(name)
        streams = self.streams_on(model.name)
        if streams:
            text = f"{streams} of our own streams use {model.name}: let them end or cancel them first"
            return ServiceResult(ok=False, text=text)
        refusal = self._not_ours(model)
        return ServiceResult(ok=False, text=refusal) if refusal is not None else await self._audited(model, "unload")

    def _model(self, name: str) -> Model:
        model = self.fleet.find(name)
        if model is None:
            raise ValueError(f"unknown model {name!r}")
        return model

    def _not_ours(self, model: Model) -> str | None:
        if self.fleet.locality_of(model) is not Locality.LOCAL:
            return f"{model.name} computes in the cloud: there is nothing to load or unload here"
        return None

    def _manages(self, endpoint: Endpoint) -> bool:
        return is_manager(endpoint, self.board.snapshot().status.get(endpoint.name))

    async def _audited(self, model: Model, verb: str, seconds: float | None = None) -> ServiceResult:
        line = _line(model, f"{verb} {model.name} on {model.endpoint}", self.clock.now(), actor="user")
        if not await self.ledger.write(line):
            return ServiceResult(ok=False, text="refused: the audit cannot be written")
        if verb == "keep":
            result = await self._keep(model, seconds)
        else:
            result = await (self._load(model) if verb == "load" else self._unload(model))
        outcome = "done" if result.ok else "failed"
        text = f"{verb} {model.name} {outcome}: {result.text}"
        await self.ledger.write(_line(model, text, self.clock.now(), foreign=result.text))
        await self.monitor.see_endpoint(model.endpoint)
        await self.monitor.see_host()
        return result

    async def _load(self, model: Model) -> ServiceResult:
        endpoint = self.fleet.endpoints[model.endpoint]
        if endpoint.group is None and self._manages(endpoint) and self.residency is not None:
            return await self.residency.load(endpoint, model)
        if endpoint.group is None:
            return ServiceResult(ok=False, text=_by_service(endpoint, "start", "loads"))
        try:
            async with self.groups.seat(f"load-{model.name}", self.fleet, model.name, lambda _: None):
                return await self._inside(endpoint, model)
        except CallFailed as failed:
            return ServiceResult(ok=False, text=failed.failed.detail)

    async def _keep(self, model: Model, seconds: float | None) -> ServiceResult:
        assert self.residency is not None  # `keep` has looked
        endpoint = self.fleet.endpoints[model.endpoint]
        if endpoint.group is None:
            return await self.residency.keep(endpoint, model, seconds)
        try:
            async with self.groups.seat(f"keep-{model.name}", self.fleet, model.name, lambda _: None):
                return await self.residency.keep(endpoint, model, seconds)
        except CallFailed as failed:
            return ServiceResult(ok=False, text=failed.failed.detail)

    async def _inside(self, endpoint: Endpoint, model: Model) -> ServiceResult:
        """Its endpoint has the memory now; a manager of several models may still hold another one."""
        if self._manages(endpoint) and self.residency is not None:
            return await self.residency.load(endpoint, model)
        return ServiceResult(ok=True, text=f"{model.name} is loaded")

    async def _unload(self, model: Model) -> ServiceResult:
        endpoint = self.fleet.endpoints[model.endpoint]
        if not self._manages(endpoint) or self.residency is None:
            return ServiceResult(ok=False, text=_by_service(endpoint, "stop", "frees"))
        if holds(self.fleet, self.board.snapshot(), model) is False:
            return ServiceResult(ok=True, text=f"{model.name} was not in memory")
        return await self.residency.unload(endpoint, self._told_as(model))

    def _told_as(self, model: Model) -> str:
        """The name under which the server itself holds it."""
        status = self.board.snapshot().status.get(model.endpoint)
        held = status.loaded if status is not None else ()
        return next((each.id for each in held if same_id(model.id, each.id)), model.id)


def _by_service(endpoint: Endpoint, verb: str, effect: str) -> str:
    whole = f"{endpoint.name} serves one model as long as it runs"
    if endpoint.service is None:
        return f"{whole}, and no service of it is configured"
    return f"{whole}: `pointsman services {verb} {endpoint.service}` {effect} it"


def _line(model: Model, text: str, at: float, *, actor: str = "monitor", foreign: str = "") -> AuditEvent:
    return AuditEvent(
        type=EventType.SERVICE,
        at=at,
        actor=actor,
        text=text,
        model=model.name,
        data={"endpoint": model.endpoint},
        foreign={"output": foreign} if foreign else {},
    )
