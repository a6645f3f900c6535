"""A home that holds nothing of the developer's."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No configuration, ledger, anchor or key file but those a test makes."""
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    for name in ("POINTSMAN_CONFIG", "POINTSMAN_STATE", "POINTSMAN_ANCHOR", "POINTSMAN_SECRETS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path
