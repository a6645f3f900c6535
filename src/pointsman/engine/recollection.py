"""What the memory of similar tasks says about a request, and what it is taught. A fault in it costs a preference only.

The evidence is looked up before a decision and handed in with the Snapshot, so that deciding stays pure.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict

from pointsman.core.keywords import task_for
from pointsman.core.request import Request
from pointsman.core.similar import SimilarEvidence
from pointsman.engine.board import Board
from pointsman.ports import Clock, Memory, StoreUnavailable

_KEPT = 64  # prompts whose evidence is kept for `explain`, which cannot wait
_SOURCE = "the memory of similar tasks"


class Recollection:
    """Without a memory, or where the policy does not want one, it knows nothing."""

    def __init__(self, memory: Memory | None, board: Board, clock: Clock) -> None:
        self._there, self._board, self._clock = memory, board, clock
        self._kept: OrderedDict[bytes, SimilarEvidence | None] = OrderedDict()

    @property
    def _memory(self) -> Memory | None:
        return self._there if self._board.fleet.similar_tasks else None

    async def of(self, request: Request) -> SimilarEvidence | None:
        """The evidence for a request that is about to be decided; its fingerprint is remembered for its verdict."""
        found, memory = await self.look(request), self._memory
        if memory is not None:
            try:
                await memory.remember(request.id, task_for(self._board.fleet, request), request.text, self._clock.now())
            except StoreUnavailable as problem:
                self._board.put_trouble(_SOURCE, str(problem))
        return found

    async def look(self, request: Request) -> SimilarEvidence | None:
        """The evidence, and nothing is remembered."""
        if self._memory is None:
            return None
        try:
            found = await self._memory.recall(task_for(self._board.fleet, request), request.text)
        except StoreUnavailable as problem:
            self._board.put_trouble(_SOURCE, str(problem))
            return None
        self._board.put_trouble(_SOURCE, None)
        self._keep(request, found)
        return found

    def kept(self, request: Request) -> SimilarEvidence | None:
        """The evidence of the last look at this prompt; None without one."""
        return self._kept.get(_mark(request))

    async def learn(self, request: str, model: str, good: bool) -> bool:
        """A verdict on a reply. False if this request left no fingerprint."""
        if self._memory is None:
            return False
        try:
            return await self._memory.record(request, model, good, self._clock.now())
        except StoreUnavailable as problem:
            self._board.put_trouble(_SOURCE, str(problem))
            return False

    def _keep(self, request: Request, found: SimilarEvidence | None) -> None:
        mark = _mark(request)
        self._kept[mark] = found
        self._kept.move_to_end(mark)
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)


def _mark(request: Request) -> bytes:
    return hashlib.sha256(request.text.encode("utf-8", "surrogatepass")).digest()
