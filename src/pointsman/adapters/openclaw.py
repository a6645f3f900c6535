"""OpenClaw's configuration file: what default model it claims, a private copy of it, and the change through its CLI.

Never writes the file: its schema is strict and its comments would be lost (protocols.md §16). It may hold keys, so
nothing of it but model references leaves this module.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pointsman.adapters.json5 import LARGEST, NotJson5, loads
from pointsman.adapters.services.commands import run_command
from pointsman.core.drift import Claim, Drift
from pointsman.ports import ServiceResult

BACKUPS = "backups"  # below the state directory
_SECONDS = 30.0  # a Node program needs a few to start


class OpenClawFile:
    """`ports.GatewayFile` over the file at `path`; copies go below `state_dir`."""

    def __init__(self, path: Path, state_dir: Path, environ: Mapping[str, str]) -> None:
        self.path = path.expanduser()
        self._backups = state_dir / BACKUPS
        self._environ = environ

    async def claim(self) -> Claim | None:
        """None if there is no such file: nothing is claimed."""
        return await asyncio.to_thread(read_claim, self.path)

    async def back_up(self, at: float) -> str:
        """Copies the file, readable by its owner only; returns the copy's path. Raises OSError."""
        return str(await asyncio.to_thread(self._copy, at))

    async def revert(self, drift: Drift) -> ServiceResult:
        """Runs the drift's command, then looks whether the file says so now."""
        ran = await run_command(drift.command, self._environ, _SECONDS)
        if not ran.ok:
            lines = (ran.err.strip() or ran.out.strip()).splitlines()
            why = lines[-1][:300] if lines else f"exit code {ran.code}"
            return ServiceResult(ok=False, text=why, argv=drift.command)
        claim = await self.claim()
        says = claim.primary if claim is not None else None
        return ServiceResult(ok=says == drift.gateway.ref, text=f"the file says {says} now", argv=drift.command)

    def _copy(self, at: float) -> Path:
        raw = self.path.read_bytes()
        self._backups.mkdir(mode=0o700, parents=True, exist_ok=True)
        copy = self._backups / f"{self.path.name}.{at:.6f}"
        descriptor = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        return copy


def read_claim(path: Path) -> Claim | None:
    """What the file claims; a file that cannot be understood is a claim with a problem."""
    try:
        with path.open("rb") as file:
            raw = file.read(4 * LARGEST + 1)
        document = loads(raw.decode("utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        return Claim(path=str(path), problem=f"cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        return Claim(path=str(path), problem="is not UTF-8 text")
    except NotJson5 as wrong:
        return Claim(path=str(path), problem=f"is no JSON5: {wrong}")
    return _claimed(document, str(path))


def _claimed(document: Any, path: str) -> Claim:
    """`agents.defaults.model`, a reference or `{ primary, fallbacks }`. An included file may say it instead."""
    here, included = document, False
    for key in ("agents", "defaults", "model"):
        included = included or (isinstance(here, dict) and "$include" in here)
        here = here.get(key) if isinstance(here, dict) else None
    parts = here if isinstance(here, dict) else {"primary": here}
    primary, fallbacks = parts.get("primary"), parts.get("fallbacks")
    if not isinstance(primary, str):
        return Claim(path=path, problem="includes other files, which may name the default model" if included else None)
    if "${" in primary:
        return Claim(path=path, problem="takes its default model from an environment variable")
    listed = fallbacks if isinstance(fallbacks, list) else []
    return Claim(path=path, primary=primary.strip(), fallbacks=tuple(ref for ref in listed if isinstance(ref, str)))
