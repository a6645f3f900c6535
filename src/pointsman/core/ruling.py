"""What a judge's words are worth: an approval counts only from a cloud judge that cites what stands there. Pure.

GR-002 a judge, GR-003 in the cloud, GR-006 no check that failed, GR-007 evidence word for word, GR-012 a valid verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pointsman.core.audit import AuditEvent, EventType
from pointsman.core.checks import Subject
from pointsman.core.fleet import Locality, Role
from pointsman.core.guardrails import may_approve

_MOST_TOLD = 10  # reasons and citations that are kept
_LONGEST = 500  # characters of each


@dataclass(frozen=True, slots=True)
class Citation:
    source: str  # untrusted
    quote: str  # untrusted


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What is recorded of a verdict. `code` names the rule that an approval broke; None: it counts as said."""

    approved: bool
    said: str | None  # approve, revise or reject; None: nothing that could be read
    why: str
    code: str | None = None
    reasons: tuple[str, ...] = ()  # the judge's, untrusted
    evidence: tuple[Citation, ...] = ()

    @property
    def failed(self) -> bool:
        """Does the reply count as a failed attempt? Only if a judge that counts said so."""
        return self.code is None and self.said in ("revise", "reject")


def no_verdict(code: str, why: str) -> Ruling:
    return Ruling(approved=False, said=None, code=code, why=why)


def rule(
    verdict: Mapping[str, object], *, role: Role, locality: Locality, material: str, failed_checks: Sequence[str] = ()
) -> Ruling:
    """The ruling on a verdict whose shape is valid. `material` is all that the judge was shown and may cite."""
    said, reasons = str(verdict.get("verdict", "")), _texts(verdict.get("reasons"))
    evidence = tuple(_citations(verdict.get("evidence")))
    broken = _broken(said, evidence, role, locality, material, failed_checks)
    if broken is not None:
        code, why = broken
        return Ruling(approved=False, said=said, code=code, why=why, reasons=reasons, evidence=evidence)
    why = {"approve": "approved by a cloud judge with cited evidence"}.get(said, f"the judge says {said}")
    return Ruling(approved=said == "approve", said=said, why=why, reasons=reasons, evidence=evidence)


def _broken(
    said: str,
    evidence: tuple[Citation, ...],
    role: Role,
    locality: Locality,
    material: str,
    failed_checks: Sequence[str],
) -> tuple[str, str] | None:
    """The first rule that the verdict breaks, and a sentence."""
    who = may_approve(role, locality)
    if who is not None:
        return ("GR-002" if not role.judge else "GR-003"), who
    if said not in ("approve", "revise", "reject"):
        return "GR-012", "the judge gave no verdict that can be read"
    if not evidence:
        return "GR-007", "the verdict cites no evidence"
    invented = _invented(evidence, material)
    if invented is not None:
        return "GR-007", f"citation {invented} does not stand in what the judge was shown"
    if said == "approve" and failed_checks:
        return "GR-006", f"a check of this reply failed ({', '.join(failed_checks)}): no verdict outweighs it"
    return None


def _invented(evidence: Iterable[Citation], material: str) -> int | None:
    """The 1-based number of the first citation that is not in the material, word for word."""
    there = _words(material)
    for number, citation in enumerate(evidence, start=1):
        quote = _words(citation.quote)
        if not quote or quote not in there:
            return number
    return None


def _words(text: str) -> str:
    """Without regard to case and line breaks, which quoting changes."""
    return " ".join(text.casefold().split())


def _citations(given: object) -> Iterable[Citation]:
    for one in given if isinstance(given, Sequence) and not isinstance(given, str) else ():
        if isinstance(one, Mapping):
            yield Citation(str(one.get("source", "")), str(one.get("quote", "")))


def _texts(given: object) -> tuple[str, ...]:
    return tuple(str(one) for one in given) if isinstance(given, Sequence) and not isinstance(given, str) else ()


def told_of_ruling(subject: Subject, ruling: Ruling, judge: str | None, at: float) -> AuditEvent:
    """The line of a verdict: also one that was asked for and did not come."""
    word = "approved" if ruling.approved else "not approved"
    reasons = [reason[:_LONGEST] for reason in ruling.reasons[:_MOST_TOLD]]
    cited = [{"source": c.source[:_LONGEST], "quote": c.quote[:_LONGEST]} for c in ruling.evidence[:_MOST_TOLD]]
    return AuditEvent(
        type=EventType.VERDICT,
        at=at,
        actor="router",
        text=f"reply of {subject.model} {word}" + (f" by {judge}" if judge else "") + f": {ruling.why}",
        request=subject.request,
        model=judge,
        from_model=subject.model,
        rule=ruling.code or "GR-002",
        data={
            "task": subject.task,
            "approved": ruling.approved,
            "said": ruling.said,
            "code": ruling.code,
            "reasons": reasons,
            "evidence": cited,
        },
        foreign={
            **{f"reason.{number}": reason for number, reason in enumerate(reasons, start=1)},
            **{f"quote.{number}": citation["quote"] for number, citation in enumerate(cited, start=1)},
        },
    )
