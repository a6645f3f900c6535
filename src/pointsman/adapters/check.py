"""Runs a check: the user's own command, by argv, in the directory the user named, under limits; then ends all it began.

bubblewrap where it works (tried once), else limits alone, and the run says so (GR-010). Never a shell; nothing of our
environment but PATH reaches the command.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from uuid import uuid4

import psutil  # type: ignore[import-untyped]

from pointsman.adapters import limited
from pointsman.adapters.redact import redact
from pointsman.core.checks import OUTPUT_KEPT, CheckLimits, CheckOrder, CheckRun

_MARK = "POINTSMAN_CHECK"  # in the environment of everything that a check begins
_DRAIN_S = 5.0  # for what is left in the pipe once the command has ended
_PROBE_S = 10.0
_SWEEPS = 5
# Where programs keep keys. A check has no business there, even when it runs in the home directory.
_SECRETS = (".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".password-store", ".config/gcloud", ".config/gh")
_SANDBOX_HOME = "/tmp/home"


class LocalChecker:
    """`ports.Checker` on this machine. `private`: directories that a check must neither see nor run in, such as ours.

    `bwrap` None: found by PATH; "" : not used.
    """

    def __init__(self, *, private: Sequence[Path] = (), bwrap: str | None = None) -> None:
        self._private = tuple(Path(os.path.realpath(path)) for path in private)
        self._bwrap = shutil.which("bwrap") or "" if bwrap is None else bwrap
        self._tried = asyncio.Lock()
        self._no_sandbox: str | None = None if self._bwrap else "bubblewrap is not installed"
        self._known = not self._bwrap

    def directory(self, named: str) -> str:
        path = Path(os.path.realpath(os.path.expanduser(named)))
        if not path.is_dir():
            raise ValueError(f"{named} is no directory to run a check in")
        if path == Path(path.anchor):
            raise ValueError("a check is not run in the root directory: name the project's own")
        if any(path.is_relative_to(private) for private in self._private):
            raise ValueError(f"{named} holds this program's own files: name another directory")
        return str(path)

    async def run(self, order: CheckOrder, limits: CheckLimits, stdin: str) -> CheckRun:
        if not _found(order):
            return CheckRun(code=None, seconds=0.0, started=False, problem=f"{order.argv[0]}: no such command")
        reason = await self._sandbox_problem()
        with tempfile.TemporaryDirectory(prefix="pointsman-check-") as home, tempfile.TemporaryFile() as given:
            given.write(stdin.encode("utf-8", "replace"))
            given.seek(0)
            inner = order.argv
            if reason is None:
                inner = (*self._sandbox(order.directory), "--", *order.argv)
            run = _Run(
                argv=(*await asyncio.to_thread(_limiting, limits), *inner),
                directory=order.directory,
                environment=_environment(os.environ, _SANDBOX_HOME if reason is None else home),
                limits=limits,
            )
            return await run.made(given, guarantee=_guarantee(order, limits, reason), sandboxed=reason is None)

    # --- the sandbox

    def _sandbox(self, directory: str) -> tuple[str, ...]:
        """Everything read-only but the directory; own /tmp, /run, /dev and /proc; no network; no secrets' places."""
        hidden = [path for path in self._hidden() if not Path(directory).is_relative_to(path)]
        return (
            *(self._bwrap, "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"),
            *("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--tmpfs", "/run"),
            *("--dir", _SANDBOX_HOME, "--bind", directory, directory),
            *(word for path in hidden for word in ("--tmpfs", str(path))),
            *("--chdir", directory),
        )

    def _hidden(self) -> list[Path]:
        home = Path(os.path.expanduser("~"))
        places = (*(home / name for name in _SECRETS), *self._private)
        return [path for path in map(Path, map(os.path.realpath, places)) if path.is_dir()]

    async def _sandbox_problem(self) -> str | None:
        """Why there is no sandbox; None if there is one. Found out by making one."""
        async with self._tried:
            if not self._known:
                self._no_sandbox = await self._try()
                self._known = True
        return self._no_sandbox

    async def _try(self) -> str | None:
        with tempfile.TemporaryDirectory(prefix="pointsman-check-") as directory, tempfile.TemporaryFile() as nothing:
            run = _Run(
                argv=(*self._sandbox(directory), "--", "true"),
                directory=directory,
                environment=_environment(os.environ, _SANDBOX_HOME),
                limits=CheckLimits(seconds=_PROBE_S),
            )
            made = await run.made(nothing, guarantee="", sandboxed=True)
        if made.passed:
            return None
        said = (made.output.strip().splitlines() or [made.ending()])[0][:200]
        return f"bubblewrap does not work here ({said})"


def _guarantee(order: CheckOrder, limits: CheckLimits, problem: str | None) -> str:
    bounds = f"{limits.seconds:g} s and {limits.memory / 1024**3:.1f} GiB a process"
    if os.getuid() != 0:  # the kernel does not count root's processes
        bounds += f", {limits.processes} processes"
    if problem is None:
        return f"sandboxed by bubblewrap: no network, nothing writable but {order.directory}, own /tmp; {bounds}"
    return (
        f"NOT sandboxed, {problem}: the command could read and write what you can, and use the network;"
        f" only limits held: {bounds}"
    )


def _environment(ours: Mapping[str, str], home: str) -> dict[str, str]:
    return {"PATH": ours.get("PATH", os.defpath), "HOME": home, "LANG": "C.UTF-8", _MARK: uuid4().hex}


def _found(order: CheckOrder) -> bool:
    """Relative paths count from the directory, names are looked up in PATH."""
    name = order.argv[0]
    return shutil.which(os.path.join(order.directory, name) if "/" in name else name) is not None


def _limiting(limits: CheckLimits) -> tuple[str, ...]:
    """The start of an argv that puts what follows under limits."""
    cpu = max(1, round(limits.seconds))
    figures = (cpu, limits.memory, limits.file_size, _processes_now() + limits.processes)
    return (sys.executable, "-I", "-S", str(Path(limited.__file__)), *(str(figure) for figure in figures))


def _processes_now() -> int:
    """Threads of this user's processes: what the kernel's limit counts."""
    uid, count = os.getuid(), 0
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.uids().real == uid:
                count += process.num_threads()
    return count


# --- one run -----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Output:
    """All of the output is counted and hashed; the end of it is kept."""

    tail: bytearray = field(default_factory=bytearray)
    size: int = 0
    hash: hashlib._Hash = field(default_factory=hashlib.sha256)

    def add(self, chunk: bytes) -> None:
        self.size += len(chunk)
        self.hash.update(chunk)
        self.tail += chunk
        if len(self.tail) > 2 * OUTPUT_KEPT:
            del self.tail[:-OUTPUT_KEPT]

    def text(self) -> str:
        return redact(bytes(self.tail[-OUTPUT_KEPT:]).decode("utf-8", "replace"))


@dataclass(slots=True, kw_only=True)
class _Run:
    argv: tuple[str, ...]
    directory: str
    environment: dict[str, str]
    limits: CheckLimits
    output: _Output = field(default_factory=_Output)
    problem: str | None = None
    started: bool = True

    async def made(self, given: IO[bytes], *, guarantee: str, sandboxed: bool) -> CheckRun:
        began = asyncio.get_running_loop().time()
        code = await self._to_its_end(given)
        return CheckRun(
            code=None if self.problem is not None else code,
            seconds=asyncio.get_running_loop().time() - began,
            output=self.output.text(),
            output_bytes=self.output.size,
            output_sha256=self.output.hash.hexdigest(),
            sandboxed=sandboxed,
            guarantee=guarantee,
            problem=self.problem,
            started=self.started,
        )

    async def _to_its_end(self, given: IO[bytes]) -> int | None:
        # A pipe of our own: asyncio's would keep `wait` waiting for children that inherited it.
        reading, writing = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *self.argv,
                stdin=given,
                stdout=writing,
                stderr=writing,
                cwd=self.directory,
                env=self.environment,
                start_new_session=True,  # a group of its own to end, and no terminal of ours
            )
        except (OSError, ValueError) as error:
            os.close(reading)
            self.problem, self.started = f"could not be started: {error}", False
            return None
        finally:
            os.close(writing)
        collector = asyncio.create_task(self._collect(reading, process))
        try:
            async with asyncio.timeout(self.limits.seconds):
                await process.wait()
        except TimeoutError:
            self.problem = f"not done within {self.limits.seconds:g} s"
        finally:
            _end_group(process)
            await asyncio.shield(self._sweep_up(process, collector))
        return process.returncode

    async def _collect(self, reading: int, process: asyncio.subprocess.Process) -> None:
        reader = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(reading, "rb", 0)
        )
        try:
            while chunk := await reader.read(64 * 1024):
                self.output.add(chunk)
                if self.output.size > self.limits.output:
                    self.problem = f"printed more than {self.limits.output // 1024**2} MiB"
                    _end_group(process)
                    return
        finally:
            transport.close()

    async def _sweep_up(self, process: asyncio.subprocess.Process, collector: asyncio.Task[None]) -> None:
        """Ends what left the group, reads what is still in the pipe, and leaves no zombie."""
        await asyncio.to_thread(_end_marked, self.environment[_MARK])
        await process.wait()
        _, late = await asyncio.wait({collector}, timeout=_DRAIN_S)
        for task in late:
            task.cancel()
        await asyncio.gather(collector, return_exceptions=True)


def _end_group(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _end_marked(mark: str) -> None:
    """Ends every process that still carries the mark: children that left the group keep the environment they got."""
    for _ in range(_SWEEPS):
        left = [process for process in psutil.process_iter() if _marked(process, mark)]
        for process in left:
            with suppress(psutil.Error):
                process.kill()
        if not left:
            return


def _marked(process: psutil.Process, mark: str) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE and process.environ().get(_MARK) == mark)
    except (psutil.Error, OSError):
        return False
