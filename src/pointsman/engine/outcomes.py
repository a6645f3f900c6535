"""Replies that may still be judged, and what was said about them: by the user, a check or a judge.

Every outcome is an audit line and a row, together; without a writable store it still counts for this run, so that the
same failures lead to the same escalation (GR-004). Must never decide anything itself.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

from pointsman.core.attempts import Source, TaskOutcome, failures, task_key, told_of_outcome
from pointsman.core.audit import AuditEvent
from pointsman.core.checks import Subject
from pointsman.core.request import Request
from pointsman.engine.board import Board
from pointsman.ports import Clock, Store, StoreUnavailable

_REPLIES_KEPT = 256
_TASKS_KNOWN = 1_024

Learn = Callable[[str, str, bool], Awaitable[bool]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer that was given. `model` is who gave it."""

    request: Request
    model: str
    text: str = field(repr=False)

    @property
    def subject(self) -> Subject:
        return Subject(task=task_key(self.request), request=self.request.id, model=self.model, reply=self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """`failed`: replies of the task that failed since the last good one. Not `written`: it counts for this run only."""

    failed: int
    written: bool


class Outcomes:
    """`learn` teaches the memory of similar tasks."""

    def __init__(self, store: Store, board: Board, clock: Clock, learn: Learn) -> None:
        self._store, self._board, self._clock, self._learn = store, board, clock, learn
        self._replies: OrderedDict[str, Reply] = OrderedDict()
        self._failed: OrderedDict[str, int] = OrderedDict()  # task -> failures, as last seen
        self._unwritten: dict[str, list[TaskOutcome]] = {}

    # --- replies

    def remember(self, reply: Reply) -> None:
        self._replies[reply.request.id] = reply
        while len(self._replies) > _REPLIES_KEPT:
            self._replies.popitem(last=False)

    def reply(self, request_id: str) -> Reply:
        """Raises ValueError for a request that was not answered here."""
        found = self._replies.get(request_id)
        if found is None:
            raise ValueError(f"no reply to request {request_id!r} is kept: it was not answered in this session")
        return found

    # --- what was said about them

    async def of(self, task: str) -> tuple[TaskOutcome, ...]:
        """Oldest first; a store that cannot be read is told to the board."""
        unwritten = tuple(self._unwritten.get(task, ()))
        try:
            return (*await self._store.outcomes(task), *unwritten)
        except StoreUnavailable as problem:
            self._board.put_audit_problem(str(problem))
            return unwritten

    async def counted(self, request: Request) -> Request:
        """The request, knowing how many replies of its task failed since the last good one."""
        if request.task is None and request.conversation is None:
            return self.known(request)  # a request of its own: nobody can have said anything of it in another process
        return replace(request, failed_before=await self._count(task_key(request)))

    def known(self, request: Request) -> Request:
        """The same without asking the store, for callers that cannot wait."""
        return replace(request, failed_before=self._failed.get(task_key(request), request.failed_before))

    async def record(
        self,
        subject: Subject,
        good: bool,
        source: Source,
        *,
        evidence: str | None = None,
        line: AuditEvent | None = None,
    ) -> Recorded:
        """Keeps the outcome with its audit line (`line` None: the usual one), and teaches the memory."""
        outcome = TaskOutcome(
            task=subject.task,
            request=subject.request,
            model=subject.model,
            good=good,
            source=source,
            at=self._clock.now(),
            evidence=evidence,
        )
        written = await self._write(outcome, (line or told_of_outcome(outcome),))
        await self._learn(subject.request, subject.model, good)
        return Recorded(failed=await self._count(subject.task), written=written)

    async def _write(self, outcome: TaskOutcome, lines: Sequence[AuditEvent]) -> bool:
        try:
            await self._store.put_outcome(outcome, lines)
        except StoreUnavailable as problem:
            self._board.put_audit_problem(str(problem))
            self._unwritten.setdefault(outcome.task, []).append(outcome)
            return False
        return True

    async def _count(self, task: str) -> int:
        count = failures(await self.of(task))
        self._failed[task] = count
        self._failed.move_to_end(task)
        while len(self._failed) > _TASKS_KNOWN:
            self._failed.popitem(last=False)
        return count
