"""Moments as people write them: "2h" ago, "14:30" today, "2026-11-28", "2026-11-28T14:30". Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo

_AGO = re.compile(r"(\d{1,6})(s|m|h|d)\Z")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
FORM = 'a moment such as "2h" (ago), "14:30", "2026-11-28" or "2026-11-28T14:30"'


def moment(written: str, now: float, zone: tzinfo | None = None) -> float:
    """Unix seconds. What names no zone is in `zone`; None: this machine's. Raises ValueError."""
    ago = _AGO.match(written)
    if ago is not None:
        return now - int(ago[1]) * _SECONDS[ago[2]]
    today = datetime.fromtimestamp(now, UTC).astimezone(zone)
    try:
        if re.match(r"\d{1,2}:\d\d", written):
            written = f"{today.date().isoformat()}T{written:0>5}"
        found = datetime.fromisoformat(written)
        return (found if found.tzinfo is not None else found.replace(tzinfo=today.tzinfo)).timestamp()
    except (ValueError, OverflowError):
        raise ValueError(f"expected {FORM}") from None
