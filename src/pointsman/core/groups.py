"""An exclusive group of endpoints: at most one holds a model at a time. Who may go in, who waits, when to swap. Pure.

Values in, values out; times are an argument. The rules: nobody's stream is cut; whoever waits longest is served next;
requests for the same endpoint ride along; a model that was just loaded stays for a while (thrash guard).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

QUEUE_LIMIT = 32
MIN_RESIDENCY_S = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupLimits:
    """`residency_s`: a loaded member is not swapped out sooner. `queue`: how many requests may wait."""

    residency_s: float = MIN_RESIDENCY_S
    queue: int = QUEUE_LIMIT


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiter:
    """A request that waits for a member. `model` is what the member will be asked to hold."""

    id: str
    member: str
    model: str
    since: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupState:
    """`active` are the requests inside, as (request, member); `queue` is oldest first."""

    name: str
    loaded: frozenset[str] = frozenset()
    loaded_at: float | None = None  # when the last swap ended; None: not by us
    swapping_to: str | None = None
    active: tuple[tuple[str, str], ...] = ()
    queue: tuple[Waiter, ...] = ()

    def position(self, waiter: str) -> int | None:
        """From 1; None for one that does not wait."""
        return next((place for place, each in enumerate(self.queue, start=1) if each.id == waiter), None)

    def busy(self, members: frozenset[str]) -> bool:
        return any(member in members for _, member in self.active)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admit:
    """These waiters may go in now."""

    waiters: tuple[Waiter, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """Take `out` from memory, then load `waiter.model` into `waiter.member`."""

    waiter: Waiter
    out: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Nothing to do now. `until`: look again then; None: when something changes."""

    why: str
    until: float | None = None


Next = Admit | Swap | Hold


def seen(state: GroupState, loaded: frozenset[str]) -> GroupState:
    """What is really in memory, as last probed; during a swap our own knowledge is the newer one."""
    return state if state.swapping_to is not None else replace(state, loaded=loaded)


def ask(state: GroupState, waiter: Waiter, limits: GroupLimits) -> GroupState | None:
    """The state with the request waiting; None if the queue is full."""
    return None if len(state.queue) >= limits.queue else replace(state, queue=(*state.queue, waiter))


def next_step(state: GroupState, now: float, limits: GroupLimits) -> Next:
    if state.swapping_to is not None:
        return Hold(why=f"loading {state.swapping_to}")
    if not state.queue:
        return Hold(why="nobody waits")
    may_join = _may_join(state, now, limits)
    if may_join:
        return Admit(waiters=may_join)
    return _swap(state, state.queue[0], now, limits)


def _may_join(state: GroupState, now: float, limits: GroupLimits) -> tuple[Waiter, ...]:
    """Those whose member is loaded. Once the longest waiter is owed a swap, later ones no longer overtake it."""
    head = state.queue[0]
    if head.member not in state.loaded and not _stays(state, now, limits):
        return ()
    return tuple(waiter for waiter in state.queue if waiter.member in state.loaded)


def _stays(state: GroupState, now: float, limits: GroupLimits) -> bool:
    # The same sum as in `Hold.until`: a difference could round the other way, and the alarm would ring for ever.
    return state.loaded_at is not None and now < state.loaded_at + limits.residency_s and bool(state.loaded)


def _swap(state: GroupState, head: Waiter, now: float, limits: GroupLimits) -> Swap | Hold:
    out = state.loaded - {head.member}
    if state.busy(out):
        return Hold(why=f"{', '.join(sorted(out))} is still answering")
    if _stays(state, now, limits) and state.loaded_at is not None:
        stays = ", ".join(sorted(state.loaded))
        return Hold(why=f"{stays} was only just loaded", until=state.loaded_at + limits.residency_s)
    return Swap(waiter=head, out=out)


# --- what happened -----------------------------------------------------------------------------------------------


def admitted(state: GroupState, waiters: tuple[Waiter, ...]) -> GroupState:
    inside = (*state.active, *((waiter.id, waiter.member) for waiter in waiters))
    return replace(state, active=inside, queue=tuple(w for w in state.queue if w not in waiters))


def left(state: GroupState, request: str) -> GroupState:
    """The request is over, or no longer waits."""
    active = tuple(pair for pair in state.active if pair[0] != request)
    return replace(state, active=active, queue=tuple(w for w in state.queue if w.id != request))


def began(state: GroupState, swap: Swap) -> GroupState:
    return replace(state, swapping_to=swap.waiter.member)


def swapped(state: GroupState, loaded: frozenset[str], now: float) -> GroupState:
    """The swap ended, well or not; `loaded` is what is in memory now."""
    return replace(state, swapping_to=None, loaded=loaded, loaded_at=now if loaded else None)


def failed(state: GroupState, member: str) -> tuple[GroupState, tuple[Waiter, ...]]:
    """Everybody who waited for a member that could not be loaded leaves at once, to try elsewhere."""
    gone = tuple(waiter for waiter in state.queue if waiter.member == member)
    return replace(state, queue=tuple(w for w in state.queue if w.member != member)), gone
