"""The gateway's default model in the engine: the banner, one audit line per change, and the revert."""

from __future__ import annotations

from dataclasses import dataclass, field

from pointsman.core.drift import Claim, Drift
from pointsman.core.fleet import Gateway
from pointsman.ports import AuditQuery, AuditRow, ServiceResult
from support.fleets import small_fleet
from support.worlds import MemoryStore, World

GATEWAY = Gateway(kind="openclaw", path="f", expect="opus", ref="anthropic/opus-id")


@dataclass
class PaperGateway:
    """A gateway's file that says what it is told."""

    says: Claim | None
    done: list[str] = field(default_factory=list)
    works: bool = True

    async def claim(self) -> Claim | None:
        return self.says

    async def back_up(self, at: float) -> str:
        if not self.works:
            raise PermissionError(13, "Permission denied")
        self.done.append("copy")
        return "/copy"

    async def revert(self, drift: Drift) -> ServiceResult:
        self.done.append(" ".join(drift.command))
        self.says = Claim(path="f", primary=drift.gateway.ref)
        return ServiceResult(ok=True, text="done", argv=drift.command)


class ReadableStore(MemoryStore):
    """Answers the one question that the drift asks of the audit."""

    async def audit(self, query: AuditQuery) -> tuple[AuditRow, ...]:
        lines = [line for line in reversed(self.lines) if line.type == query.type and line.rule == query.rule]
        return tuple(
            AuditRow(seq=n, at=line.at, type=str(line.type), actor=line.actor, text=line.text, body=line.body())
            for n, line in enumerate(lines)
        )


def world(says: str | None, gateway: PaperGateway | None = None) -> tuple[World, PaperGateway]:
    paper = gateway or PaperGateway(None if says is None else Claim(path="f", primary=says))
    made = World(fleet=small_fleet(gateway=GATEWAY), store=ReadableStore())
    made.engine._gateway = made.engine._monitor.gateway = paper
    return made, paper


async def test_a_drift_is_a_banner_and_one_audit_line() -> None:
    """However often one looks."""
    made, _ = world("ollama/kimi:cloud")
    async with made.engine as engine:
        await engine.look_at_gateway()
        await engine.look_at_gateway()
        assert engine.banners[0].startswith("drift: openclaw's default model is ollama/kimi:cloud (relay)")
    assert len(made.audit("config")) == 1


async def test_agreement_is_silent() -> None:
    """No banner and no line, with a file that agrees and without any."""
    for says in ("anthropic/opus-id", None):
        made, _ = world(says)
        async with made.engine as engine:
            await engine.look_at_gateway()
            assert engine.banners == () and engine.drift is None
        assert made.audit("config") == []


async def test_a_file_that_cannot_be_understood_is_a_banner_of_its_own() -> None:
    """Unknown is not drift, and is not silence."""
    made, _ = world(None, PaperGateway(Claim(path="f", problem="is no JSON5")))
    async with made.engine as engine:
        await engine.look_at_gateway()
        assert engine.drift is None and any("f is no JSON5" in banner for banner in engine.banners)


async def test_a_revert_copies_audits_acts_and_looks_again() -> None:
    """In this order: the copy, the line with the argv and the copy's place, the command, the outcome, the new look."""
    made, paper = world("mars/rover-1")
    async with made.engine as engine:
        await engine.look_at_gateway()
        result = await engine.revert_drift()
        assert result.ok and "/copy" in result.text
        assert engine.drift is None and engine.banners == ()
    assert paper.done == ["copy", "openclaw models set anthropic/opus-id"]
    told = made.audit("config")
    assert [words in line for words, line in zip(("drift:", "revert", "reverted", "no drift"), told, strict=True)] == [
        True
    ] * 4


async def test_without_a_copy_or_an_audit_nothing_is_changed() -> None:
    """A revert that could not be undone or accounted for does not happen."""
    made, paper = world("x", PaperGateway(Claim(path="f", primary="x"), works=False))
    async with made.engine as engine:
        await engine.look_at_gateway()
        assert "Permission denied" in (await engine.revert_drift()).text
    made, paper = world("x")
    async with made.engine as engine:
        await engine.look_at_gateway()
        made.store.full = "disk full"
        assert not (await engine.revert_drift()).ok
        made.store.full = None
    assert paper.done == ["copy"]


async def test_without_a_drift_there_is_nothing_to_revert() -> None:
    """The key pressed twice does no harm."""
    made, paper = world("opus")
    async with made.engine as engine:
        await engine.look_at_gateway()
        assert not (await engine.revert_drift()).ok
    assert paper.done == []
