"""The one place where real time and chance come from. Others get them through `ports.Clock`."""

from __future__ import annotations

import secrets
import threading
import time

# Crockford's base 32 in ASCII order, so that ids sort as text in the order they were made. No i, l, o, u.
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_ID_LENGTH = 16
_RANDOM_BITS = 35  # the last 7 characters; the first 9 hold milliseconds until the year 3084
_STEPS_OF_JITTER = 1 << 30


class SystemClock:
    """`ports.Clock` over the operating system's clocks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def jitter(self) -> float:
        return secrets.randbelow(_STEPS_OF_JITTER) / _STEPS_OF_JITTER

    def new_id(self) -> str:
        """16 characters: 9 of time, 7 of chance. Strictly ascending within a process, even when the clock steps back.

        The last 4 to 6 characters are enough to tell recent ids apart on a screen.
        """
        fresh = (time.time_ns() // 1_000_000) << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
        with self._lock:
            self._last = max(fresh, self._last + 1)
            return _base32(self._last)


def _base32(number: int) -> str:
    shifts = range(5 * (_ID_LENGTH - 1), -1, -5)
    return "".join(_ALPHABET[number >> shift & 31] for shift in shifts)
