"""The screen's own files: exports, attachments, the arrangement of its panes. What is written, only the user can read.

Must never overwrite an export, follow a planted link, or send anything anywhere.
"""

from __future__ import annotations

import asyncio
import base64
import fcntl
import html
import json
import os
import re
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from pointsman.adapters import clipboard, editor
from pointsman.adapters.blackened import blackened
from pointsman.adapters.redact import redact
from pointsman.core.request import Attachment, Image

EXPORTS, CRASHES = "exports", "crashes"  # below the state directory
ARRANGEMENT, OPEN_TALKS = "screen.json", "open.json"
MOST_TEXT = 1_000_000  # bytes
MOST_IMAGE = 5_000_000
_MOST_KEPT = {ARRANGEMENT: 64_000, OPEN_TALKS: 20_000_000}
_TRIES = 1_000
_TEXT_OF_SVG = re.compile(r"(?<=>)[^<>]+(?=<)")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_IMAGES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
)


class LocalScreenFiles:
    """`ports.ScreenFiles` in the state directory. `redact` takes the known keys out of a text."""

    def __init__(self, state_dir: Path, redact: Callable[[str], str] = str) -> None:
        self._state_dir, self._redact = state_dir, redact
        self._claim: int | None = None

    async def export(self, name: str, text: str) -> str:
        return await asyncio.to_thread(lambda: self._new(EXPORTS, name, self._redact(text)))

    def crash(self, trace: str) -> tuple[str, str | None]:
        hidden = self._redact(trace)
        try:
            return hidden, self._new(CRASHES, "crash.txt", hidden)
        except OSError:
            return hidden, None

    def _new(self, folder: str, name: str, text: str) -> str:
        directory = self._state_dir / folder
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        stem, dot, ending = _UNSAFE.sub("-", name).strip(".-").rpartition(".")
        for number in range(1, _TRIES):
            path = directory / (f"{stem}{dot}{ending}" if number == 1 else f"{stem}-{number}{dot}{ending}")
            try:
                _write(path, text.encode("utf-8", "replace"), os.O_EXCL)
            except FileExistsError:
                continue
            return str(path)
        raise FileExistsError(f"{directory} holds {_TRIES} files of that name")

    async def picture(self, svg: str) -> str:
        return await self.export("screen.svg", await asyncio.to_thread(self._without_keys, svg))

    def _without_keys(self, svg: str) -> str:
        return _TEXT_OF_SVG.sub(self._without_key, blackened(svg, lambda text: redact(self._redact(text))))

    def _without_key(self, text: re.Match[str]) -> str:
        shown = html.unescape(text[0])
        hidden = redact(self._redact(shown))
        return text[0] if hidden == shown else html.escape(hidden, quote=False).replace("\xa0", "&#160;")

    async def copy(self, text: str) -> str:
        return await clipboard.copy(text, os.environ)

    async def attach(self, path: str) -> Attachment:
        return await asyncio.to_thread(_attach, path)

    async def edit(self, text: str) -> str:
        return await editor.edit(text, os.environ)

    def arrangement(self) -> Mapping[str, object]:
        return self._kept(ARRANGEMENT)

    async def keep_arrangement(self, arrangement: Mapping[str, object]) -> None:
        await asyncio.to_thread(self._keep, ARRANGEMENT, json.dumps(arrangement, sort_keys=True))

    def open_talks(self) -> Mapping[str, object]:
        return self._kept(OPEN_TALKS) if self._is_first() else {}

    async def keep_open_talks(self, open_talks: Mapping[str, object]) -> None:
        if not self._is_first():
            return
        await asyncio.to_thread(self._keep, OPEN_TALKS, self._redact(json.dumps(open_talks, sort_keys=True)))

    def _is_first(self) -> bool:
        """Of the screens that run now: two that go on with the same conversations would write over each other."""
        if self._claim is None:
            path = self._state_dir / f"{OPEN_TALKS}.lock"
            try:
                self._state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
                claim = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            except OSError:
                return False
            try:
                fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(claim)
                return False
            self._claim = claim  # until it is closed, or the program ends, however it does
        return True

    def close(self) -> None:
        """The next screen may go on with the conversations."""
        if self._claim is not None:
            os.close(self._claim)
            self._claim = None

    def _kept(self, name: str) -> Mapping[str, object]:
        try:
            path = self._state_dir / name
            kept = json.loads(path.read_text("utf-8")) if path.stat().st_size <= _MOST_KEPT[name] else {}
        except (OSError, ValueError, RecursionError):
            return {}
        return kept if isinstance(kept, dict) else {}

    def _keep(self, name: str, text: str) -> None:
        """Written beside and moved over, so that a crash leaves the old one."""
        fresh = self._state_dir / f"{name}.new"
        try:
            self._state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(fresh, text.encode(), os.O_TRUNC)
            fresh.replace(self._state_dir / name)
        except OSError:
            return  # the next run begins as usual


def _write(path: Path, content: bytes, how: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | how
    with open(os.open(path, flags, 0o600), "wb") as file:
        file.write(content)


def _attach(named: str) -> Attachment:
    path = Path(named).expanduser()
    try:
        content = _content(path)
    except OSError as problem:
        raise ValueError(f"{named} cannot be read: {problem.strerror}") from problem
    media_type = _media_type(content)
    if media_type is not None:
        image = Image(media_type=media_type, data=base64.b64encode(content).decode("ascii"))
        return Attachment(path=str(path), size=len(content), image=image)
    if len(content) > MOST_TEXT:
        raise ValueError(f"{named} has {len(content):,} bytes, and a text may have {MOST_TEXT:,}")
    try:
        return Attachment(path=str(path), size=len(content), text=content.decode("utf-8"))
    except UnicodeDecodeError:
        raise ValueError(f"{named} is neither UTF-8 text nor a PNG, JPEG, GIF or WebP image") from None


def _content(path: Path) -> bytes:
    """Of a regular file only: a pipe or a device could answer never, or without end."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode):
            raise ValueError(f"{path} is not a regular file")
        content = file.read(MOST_IMAGE + 1)
    if len(content) > MOST_IMAGE:
        raise ValueError(f"{path} has more than {MOST_IMAGE:,} bytes")
    return content


def _media_type(content: bytes) -> str | None:
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((media_type for magic, media_type in _IMAGES if content.startswith(magic)), None)
