"""A terminal that is lost, or a program that is told to end: the screen is left at once, and what runs is hung up and
settled by the console's own end. Where the terminal still is, it is given back as it was."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Any

from textual.app import App

ENDINGS = (signal.SIGHUP, signal.SIGTERM)
PAGE_EVERY_S = 2.0
SETTLES_S = 30.0  # what a program whose terminal is lost may take to end
_SIGNALLED = 128  # added to the signal's number, as shells show it
_LOST = _SIGNALLED + signal.SIGHUP


@contextmanager
def leaves_on_hangup(app: App[Any]) -> Iterator[None]:
    """While it lasts, these signals leave the app instead of killing it."""
    loop = asyncio.get_running_loop()

    def leave(ending: signal.Signals) -> None:
        if not os.isatty(1):
            _write_nowhere()
        app.exit(return_code=_SIGNALLED + ending)

    for ending in ENDINGS:
        loop.add_signal_handler(ending, leave, ending)
    _watch_terminal(lambda: loop.call_soon_threadsafe(leave, signal.SIGHUP))
    try:
        yield
    finally:
        for ending in ENDINGS:
            loop.remove_signal_handler(ending)


def _watch_terminal(lost: Callable[[], object]) -> None:
    """Who closes a terminal signals its first program only. Under `make run` that is make, which waits for us, while
    our output fails, the screen's writer ends of it, and the whole program would stand still at its next frame."""
    if sys.platform == "linux" and os.isatty(1):  # elsewhere `poll` says little about terminals
        Thread(target=_wait_for_loss, args=(lost,), name="terminal-watch", daemon=True).start()


def _wait_for_loss(lost: Callable[[], object]) -> None:
    watched = select.poll()
    watched.register(1, 0)  # a hang-up is always told
    if any(event & select.POLLHUP for _, event in watched.poll()):
        _write_nowhere()
        with suppress(RuntimeError):  # it has ended already
            lost()
        time.sleep(SETTLES_S)  # a thread of its own: it ends with the program
        os._exit(_LOST)  # it stands still all the same; what it had begun is settled by the next start, as after a kill


def leaves_with_its_page(app: App[Any]) -> None:
    """Behind a browser's page: ends when nobody is at the other end any more, be it that the server was killed."""
    if app.is_web:
        app.set_interval(PAGE_EVERY_S, lambda: None if _is_heard(app) else app.exit(return_code=_LOST))


def _is_heard(app: App[Any]) -> bool:
    """The driver's thread reads what the page sends, and ends with it."""
    reading = getattr(app._driver, "_key_thread", None)
    return reading is None or reading.is_alive()


def _write_nowhere() -> None:
    """What is still drawn goes to the null device. Writing to a lost terminal fails, and would stop the writer of the
    screen before it has said its last."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (1, 2):
        with suppress(OSError):
            os.dup2(nowhere, descriptor)
    os.close(nowhere)
