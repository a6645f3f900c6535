"""Runs a service manager's command: argv only, never a shell, no terminal, and an environment without our secrets."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# What a child may know. Keys live in other variables, and a child (or its log) has no business with them.
_PASSED_ON = ("PATH", "HOME", "USER", "LOGNAME", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS")
_FIXED = {"LC_ALL": "C.UTF-8", "SYSTEMD_PAGER": "", "SYSTEMD_COLORS": "0", "PAGER": ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A command that ended, or why it did not: `code` None."""

    code: int | None
    out: str = ""
    err: str = ""

    @property
    def ok(self) -> bool:
        return self.code == 0


def child_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The minimal environment. The user's runtime directory is filled in where a login left it out (cron, ssh)."""
    passed = {name: environ[name] for name in _PASSED_ON if name in environ}
    runtime = f"/run/user/{os.getuid()}"
    if "XDG_RUNTIME_DIR" not in passed and os.path.isdir(runtime):
        passed["XDG_RUNTIME_DIR"] = runtime
    return {**passed, **_FIXED}


async def run_command(
    argv: Sequence[str], environ: Mapping[str, str], seconds: float, more: Mapping[str, str] | None = None
) -> Ran:
    """Runs it to its end or for `seconds`, then kills it. `more` is added to its environment. Never raises but for
    cancellation."""
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**child_environment(environ), **(more or {})},
            start_new_session=True,  # no terminal of ours: it cannot prompt over the screen
        )
    except (OSError, ValueError) as error:
        missing = isinstance(error, FileNotFoundError)
        return Ran(code=None, err=f"{argv[0]} is not installed" if missing else f"{argv[0]}: {error}")
    try:
        async with asyncio.timeout(seconds):
            out, err = await process.communicate()
    except TimeoutError:
        return Ran(code=None, err=f"{argv[0]} did not answer within {seconds:g} s")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return Ran(code=process.returncode, out=out.decode("utf-8", "replace"), err=err.decode("utf-8", "replace"))
