"""A check: a command of the user's that says whether a reply is good. Its run, its limits, its evidence. Pure values.

The exit code is the truth (GR-006); everything that a check printed is untrusted text. Must never run anything.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

from pointsman.core.audit import AuditEvent, EventType

OUTPUT_KEPT = 64 * 1024  # bytes of output that are kept, the last ones
EVIDENCE_VERSION = 1
_NAMED = 16  # hexadecimal digits of its hash in an artifact's name


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckLimits:
    """What a check may use before it is ended."""

    seconds: float = 120.0  # wall clock, and CPU time of each process
    memory: int = 8 * 1024**3  # bytes of address space per process
    file_size: int = 1024**3  # bytes, of the largest file it may write
    processes: int = 256  # beside those that the user has already
    output: int = 64 * 1024**2  # bytes it may print


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOrder:
    """What is to be run, and where. `directory` is an absolute path that the user named."""

    argv: tuple[str, ...]
    directory: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRun:
    """A check that ended. `code` None: it could not be started, or it was ended by us; `problem` says why."""

    code: int | None  # exit code; negative: the signal that ended it
    seconds: float
    output: str = ""  # the last 64 kB, untrusted
    output_bytes: int = 0  # all of it
    output_sha256: str = ""  # of all of it
    sandboxed: bool = False
    guarantee: str = ""  # what held while it ran, one sentence (GR-010)
    problem: str | None = None
    started: bool = True  # False: it says nothing about the reply

    @property
    def passed(self) -> bool:
        return self.code == 0

    def ending(self) -> str:
        """How it ended, in a few words."""
        if self.problem is not None:
            return self.problem
        if self.code is not None and self.code < 0:
            return f"ended by signal {-self.code}"
        return f"exit {self.code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A run, what it was about, and the artifact that proves it. `evidence` None: it could not be kept, `lost` why."""

    order: CheckOrder
    run: CheckRun
    evidence: str | None = None  # id of the artifact
    sha256: str = ""  # of the artifact's text
    lost: str | None = None


def parse_command(command: str) -> tuple[str, ...]:
    """The argv of what the user typed. It is split as a shell would split it and never given to one.

    Raises ValueError for an empty command, an open quote, or a NUL.
    """
    try:
        argv = tuple(shlex.split(command))
    except ValueError as error:
        raise ValueError(f"the check cannot be read: {str(error).lower()}") from None
    if not argv or not argv[0]:
        raise ValueError("the check is empty: give the command to run")
    if any("\0" in word for word in argv):
        raise ValueError("the check holds a NUL character")
    return argv


def sha256_of(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a check or a verdict is about."""

    task: str
    request: str
    model: str
    reply: str = field(repr=False)


def artifact(evidence_id: str, subject: Subject, order: CheckOrder, run: CheckRun, at: float) -> str:
    """The evidence as canonical JSON; its hash stands in the audit (GR-007). Of the reply only a hash is kept."""
    document: Mapping[str, object] = {
        "v": EVIDENCE_VERSION,
        "id": evidence_id,
        "at": at,
        "task": subject.task,
        "request": subject.request,
        "model": subject.model,
        "reply_sha256": sha256_of(subject.reply),
        "argv": list(order.argv),
        "directory": order.directory,
        "passed": run.passed,
        "code": run.code,
        "ending": run.ending(),
        "seconds": round(run.seconds, 3),
        "output": run.output,
        "output_bytes": run.output_bytes,
        "output_sha256": run.output_sha256,
        "sandboxed": run.sandboxed,
        "guarantee": run.guarantee,
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def evidence_name(artifact_id: str, text: str) -> str:
    """The name an artifact is kept under: its id and the start of its hash, so that a changed one is found out."""
    return f"{artifact_id}-{sha256_of(text)[:_NAMED]}"


def intact(name: str, text: str) -> bool:
    """Is this the text that was kept under that name?"""
    return name.rpartition("-")[2] == sha256_of(text)[:_NAMED]


def readable(text: str) -> str:
    """An artifact for a judge: how the check ended and what it printed, unescaped so that it can be quoted."""
    seen = json.loads(text)
    command, output = shlex.join(seen["argv"]), seen["output"]
    return f"command: {command}\npassed: {str(seen['passed']).lower()} ({seen['ending']})\noutput:\n{output}"


def told_of_check(subject: Subject, checked: Checked, at: float) -> AuditEvent:
    run = checked.run
    name = checked.order.argv[0].rpartition("/")[2]
    kept = f"evidence {checked.evidence}" if checked.evidence is not None else f"no evidence kept: {checked.lost}"
    return AuditEvent(
        type=EventType.CHECK,
        at=at,
        actor="router",
        text=f"check {name} {'passed' if run.passed else 'failed'} ({run.ending()}) in {run.seconds:.1f} s; {kept}",
        request=subject.request,
        model=subject.model,
        rule="GR-006",
        data={
            "task": subject.task,
            "passed": run.passed,
            "code": run.code,
            "evidence": checked.evidence,
            "sha256": checked.sha256,
            "output_sha256": run.output_sha256,
            "reply_sha256": sha256_of(subject.reply),
            "sandboxed": run.sandboxed,
            "guarantee": run.guarantee,
        },
    )
