"""Where the ledger lies: rights, file system, room, and whether it could be written. Creates and changes nothing."""

from __future__ import annotations

import os
import shlex
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from pointsman.adapters.doctor.finding import Finding, failure, note, ok, warning

MOUNTS = Path("/proc/self/mounts")
LEAST_ROOM = 200 * 1024**2  # bytes
_FORGETFUL = frozenset({"tmpfs", "ramfs"})
_REMOTE = ("nfs", "cifs", "smb", "9p", "fuse.sshfs", "afs", "ceph", "glusterfs", "fuse.rclone", "virtiofs")


def state(directory: Path, mounts: Path = MOUNTS) -> Iterator[Finding]:
    there = _nearest(directory)
    if not directory.exists():
        yield _could_be_made(directory, there)
    else:
        yield _rights(directory)
    yield from _file_system(directory, there, mounts)
    yield from _room(there)


def _nearest(path: Path) -> Path:
    """The path, or the nearest directory above it that exists."""
    return next((each for each in (path, *path.parents) if each.exists()), Path("/"))


def _could_be_made(directory: Path, there: Path) -> Finding:
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        return failure(
            "state",
            f"{directory} cannot be made, because {there} is not yours to write: without a ledger no cloud is called",
            "export POINTSMAN_STATE=DIRECTORY",
        )
    return ok("state", f"{directory} will be made when it is first needed")


def _rights(directory: Path) -> Finding:
    seen = directory.stat()
    quoted = shlex.quote(str(directory))
    if not stat.S_ISDIR(seen.st_mode):
        return failure("state", f"{directory} is no directory", "export POINTSMAN_STATE=DIRECTORY")
    if seen.st_uid != os.getuid():
        return failure("state", f"{directory} belongs to user {seen.st_uid}", f"sudo chown -R $USER {quoted}")
    if not os.access(directory, os.W_OK | os.X_OK):
        return failure("state", f"{directory} cannot be written: no cloud call is made", f"chmod 700 {quoted}")
    if seen.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return warning("state", f"{directory} can be read by others", f"chmod 700 {quoted}")
    return ok("state", f"{directory} is yours alone")


def _file_system(directory: Path, there: Path, mounts: Path) -> Iterator[Finding]:
    kind = _kind_of(there, mounts)
    move = f"export POINTSMAN_STATE={shlex.quote(str(Path.home() / '.local/state/pointsman'))}"
    if kind in _FORGETFUL:
        yield warning("state", f"{directory} lies in memory ({kind}): ledger and audit are gone after a restart", move)
    elif kind is not None and kind.startswith(_REMOTE):
        yield warning("state", f"{directory} lies on {kind}, where SQLite's locks are not to be trusted", move)


def _kind_of(there: Path, mounts: Path) -> str | None:
    """The file system's type; None where it cannot be told."""
    try:
        lines = mounts.read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    path = str(there.resolve())
    best, kind = -1, None
    for line in lines:
        _, point, found, *_ = (*line.split(" "), "", "", "")
        point = point.replace("\\040", " ")
        within = path == point or path.startswith(point.rstrip("/") + "/")
        if within and len(point) >= best:
            best, kind = len(point), found
    return kind


def _room(there: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(there).free
    if free < LEAST_ROOM:
        yield warning(
            "state", f"only {free // 1024**2} MiB are free where the ledger lies", f"df -h {shlex.quote(str(there))}"
        )


def secrets_file(path: Path) -> Finding | None:
    """None: there is none, and none is needed."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        return failure("keys", f"{path} can be read by others and is not used", f"chmod 600 {shlex.quote(str(path))}")
    return ok("keys", f"{path} is yours alone")


def no_ledger(problem: str) -> Finding:
    return note("ledger", f"the ledger cannot be read: {problem}", "pointsman audit verify")
