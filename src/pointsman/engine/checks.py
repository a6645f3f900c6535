"""Checks of replies: run by the port, kept as evidence, told to the audit, counted as outcomes."""

from __future__ import annotations

from dataclasses import dataclass

from pointsman.core.attempts import Source
from pointsman.core.checks import (
    Checked,
    CheckLimits,
    CheckOrder,
    CheckRun,
    artifact,
    evidence_name,
    intact,
    parse_command,
    sha256_of,
    told_of_check,
)
from pointsman.engine.events import CheckEnded
from pointsman.engine.ledger import Ledger
from pointsman.engine.outcomes import Outcomes, Reply
from pointsman.ports import Checker, Clock, EvidenceBox, StoreUnavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSetting:
    """What checks need of the world. `directory`: where they run unless a caller names another; None: nowhere."""

    checker: Checker
    evidence: EvidenceBox
    directory: str | None = None
    limits: CheckLimits = CheckLimits()


class Checks:
    def __init__(self, setting: CheckSetting | None, outcomes: Outcomes, ledger: Ledger, clock: Clock) -> None:
        self._setting, self._outcomes, self._ledger, self._clock = setting, outcomes, ledger, clock

    def order(self, command: str, directory: str | None) -> CheckOrder:
        """What to run and where. Raises ValueError if it cannot be read, or no directory was named."""
        setting = self._need()
        named = directory or setting.directory
        argv = parse_command(command)
        if named is None:
            raise ValueError("name the directory of the check: --dir DIR, or dir under [checks] in the configuration")
        return CheckOrder(argv=argv, directory=setting.checker.directory(named))

    async def run(self, order: CheckOrder, reply: Reply) -> CheckEnded:
        """Runs the check with the reply on its standard input. A check that never started says nothing about it."""
        setting = self._need()
        run = await setting.checker.run(order, setting.limits, reply.text)
        checked = await self._kept(order, run, reply)
        line = told_of_check(reply.subject, checked, self._clock.now())
        failed = reply.request.failed_before
        if run.started:
            recorded = await self._outcomes.record(
                reply.subject, run.passed, Source.CHECK, evidence=checked.evidence, line=line
            )
            failed = recorded.failed
        else:
            await self._ledger.write(line)
        return CheckEnded(request=reply.request.id, checked=checked, failed=failed)

    async def evidence_of(self, reply: Reply) -> dict[str, str]:
        """The artifacts about a reply, by name; one that is gone or was changed is evidence of nothing."""
        outcomes = await self._outcomes.of(reply.subject.task)
        names = [o.evidence for o in outcomes if o.request == reply.request.id and o.evidence is not None]
        read = {name: await self._read(name) for name in names}
        return {name: text for name, text in read.items() if text is not None and intact(name, text)}

    async def _read(self, name: str) -> str | None:
        try:
            return await self._need().evidence.read(name)
        except (LookupError, StoreUnavailable, ValueError):
            return None

    async def failed_last(self, reply: Reply) -> tuple[str, ...]:
        """The evidence of the reply's last check, if that failed."""
        checks = [
            outcome
            for outcome in await self._outcomes.of(reply.subject.task)
            if outcome.request == reply.request.id and outcome.source is Source.CHECK
        ]
        return (checks[-1].evidence or "no evidence kept",) if checks and not checks[-1].good else ()

    async def _kept(self, order: CheckOrder, run: CheckRun, reply: Reply) -> Checked:
        artifact_id = self._clock.new_id()
        text = artifact(artifact_id, reply.subject, order, run, self._clock.now())
        name = evidence_name(artifact_id, text)
        try:
            await self._need().evidence.keep(name, text)
        except StoreUnavailable as problem:
            return Checked(order=order, run=run, lost=str(problem))
        return Checked(order=order, run=run, evidence=name, sha256=sha256_of(text))

    def _need(self) -> CheckSetting:
        if self._setting is None:
            raise ValueError("checks are not available here")
        return self._setting
