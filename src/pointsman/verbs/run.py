"""Runs a verb's coroutine to its end. SIGINT and SIGTERM cancel it, so that calls are hung up and settled first."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

from pointsman.ports import StoreUnavailable
from pointsman.verbs.mistakes import Failure

T = TypeVar("T")


def run(verb: Coroutine[Any, Any, T]) -> T:
    try:
        return asyncio.run(_cancellable(verb))
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise Failure("cancelled") from None
    except StoreUnavailable as problem:
        raise Failure(f"the ledger cannot be used: {problem}") from None


async def _cancellable(verb: Coroutine[Any, Any, T]) -> T:
    task = asyncio.ensure_future(verb)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task
