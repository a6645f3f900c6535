"""Another configuration while requests are served: read whole, written down, then in force at once (scenarios.md N6).

What cannot be used leaves the present one as it is, and says so for as long as it stands in the file.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from pointsman.core.reconfigured import Reconfigured
from pointsman.core.usage import Usage
from pointsman.engine.board import Board
from pointsman.engine.ledger import Ledger
from pointsman.ports import Clock, Configuration, ConfigurationWrong, Lineup, Store, StoreUnavailable

Take = Callable[[Lineup, Mapping[str, Usage]], None]
_MOST_PROBLEMS = 3  # of a bad edit that are told word for word


class Reload:
    """`take` puts a lineup in force, with the usage of its budgets; it must not wait for anything."""

    def __init__(
        self, configuration: Configuration | None, board: Board, ledger: Ledger, store: Store, clock: Clock, take: Take
    ) -> None:
        self._configuration, self._take = configuration, take
        self._board, self._ledger, self._store, self._clock = board, ledger, store, clock
        self._turn = asyncio.Lock()
        self._owed = False  # what was read last could not be written down, and so is not in force
        self.problems: tuple[str, ...] = ()  # standing words about what is in the file and not in force

    async def look(self) -> None:
        """Reads it again if its file was changed and has come to rest."""
        if self._configuration is not None and (await self._configuration.changed() or self._owed):
            await self.now("monitor")

    async def now(self, actor: str) -> str:
        """Reads it again; what came of it, in one sentence."""
        if self._configuration is None:
            return "there is no configuration file here to read again"
        async with self._turn:
            try:
                lineup = await self._configuration.read()
            except ConfigurationWrong as wrong:
                return self._refused(wrong.problems)
            return await self._put_in_force(self._configuration.source, lineup, actor)

    async def _put_in_force(self, source: str, lineup: Lineup, actor: str) -> str:
        change = Reconfigured(before=self._board.fleet, after=lineup.fleet)
        if not change.changed:
            self._say(())
            return "the configuration was read again: nothing that is used has changed"
        now = self._clock.now()
        self._owed = not await self._ledger.write(change.told(source, now, actor))
        if self._owed:
            return self._refused(("the change waits: it cannot be written down, because the audit is not writable",))
        try:
            usage = await self._store.usage(lineup.fleet.budgets, now)
        except StoreUnavailable as gone:
            self._owed = True
            return self._refused((f"the change waits: {gone}",))
        self._take(lineup, usage)
        self._say(_loosened(change))
        return f"the configuration was read again: {change}"

    def _refused(self, problems: tuple[str, ...]) -> str:
        told = problems[:_MOST_PROBLEMS]
        more = len(problems) - len(told)
        head = "the edit is not used, the former configuration stays"
        self._say((f"{head}: {'; '.join(told)}" + (f"; and {more} more: `pointsman check`" if more else ""),))
        return self.problems[0]

    def _say(self, problems: tuple[str, ...]) -> None:
        if problems != self.problems:
            self.problems = problems
            self._board.publish()


def _loosened(change: Reconfigured) -> tuple[str, ...]:
    """Never in silence: the banner stays until the configuration is changed again."""
    if change.before.local_only and not change.after.local_only:
        return ("local_only was switched off by a change of the configuration: prompts may leave this machine",)
    return ()
