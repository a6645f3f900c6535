"""What a crash of the screen leaves behind."""

from __future__ import annotations

from typing import Any

import pytest

from pointsman.tui.app import PointsmanApp

KEY = "sk-canary-0123456789"


async def test_a_crash_shows_and_keeps_no_key_not_even_one_in_a_message_or_a_local(
    console: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    app = PointsmanApp(console)
    async with app.run_test():
        app.engine = console
        try:
            key = KEY
            raise RuntimeError(f"bad key {key}")
        except RuntimeError:
            app._fatal_error()
    await app.close()
    shown = capfd.readouterr().err
    assert "bad key ****" in shown and "/state/crashes/crash.txt" in shown
    assert KEY not in shown and KEY not in console.files.written["crash.txt"]
