"""Keys: where they come from, and keeping them out of everything that is written or shown.

A key is looked for, by name, in the environment, then in the secrets file (TOML, `NAME = "key"`, refused unless only
its owner can read it), then in the system's keyring if the `keyring` package is installed. Read anew for each call.
"""

from __future__ import annotations

import importlib
import logging
import os
import stat
import threading
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from pointsman.adapters.redact import redact

KEYRING_SERVICE = "pointsman"
_HIDDEN = "****"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Secret:
    """A key that shows itself only to who asks with `reveal()`: not to print, format, pickle, copy or JSON."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return _HIDDEN

    __str__ = __repr__

    def __format__(self, form: str) -> str:
        return _HIDDEN

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret is not written anywhere")


class SecretsRefused(Exception):
    """A key that exists and must not be used; the message says why, and never what it is."""


class Secrets:
    """`names` are the variables the configuration speaks of: their values are what `redact` hides."""

    def __init__(
        self,
        names: Sequence[str] = (),
        *,
        environ: Mapping[str, str] | None = None,
        file: Path | None = None,
        keyring: Callable[[], ModuleType | None] | None = None,
    ) -> None:
        self._names = tuple(names)
        self._environ = os.environ if environ is None else environ
        self._file = file
        self._keyring = keyring or (_installed_keyring if file is not None else _no_keyring)
        self._from_keyring: dict[str, str | None] = {}
        self._lock = threading.Lock()

    def also(self, names: Sequence[str]) -> None:
        """Further variables the configuration speaks of. The former ones stay hidden, too."""
        self._names = tuple(dict.fromkeys((*self._names, *names)))

    def find(self, name: str) -> Secret | None:
        """The key of that name, None if there is none. Raises SecretsRefused: the file is open to others, or what is
        there cannot be a key."""
        value = self._look(name)[0]
        if value is None:
            return None
        if not (value.isascii() and value.isprintable()) or " " in value:
            # Said here, because the HTTP library's own complaint would quote the key.
            raise SecretsRefused(f"{self._place(name)} holds more than a key")
        return Secret(value)

    def source(self, name: str) -> str | None:
        """Where the key of that name comes from: environment, secrets file or keyring; None if nowhere."""
        return self._look(name)[1]

    def known(self) -> tuple[str, ...]:
        """The values of all names. For redaction only."""
        found = (self._quietly(name) for name in self._names)
        return tuple(value for value in found if value)

    def redact(self, text: str) -> str:
        """The text without the keys, in any usual writing."""
        known = self.known()
        return redact(text, known) if known else text

    @contextmanager
    def out_of_logs(self) -> Iterator[None]:
        """While it lasts, every log record of this process is redacted where it is made, whoever handles it."""
        before = logging.getLogRecordFactory()

        def make(*args: object, **more: object) -> logging.LogRecord:
            record = before(*args, **more)
            record.msg, record.args = self.redact(_message(record)), ()
            return record

        logging.setLogRecordFactory(make)
        try:
            yield
        finally:
            logging.setLogRecordFactory(before)

    # --- the three places, in their order --------------------------------------------------------------------------

    def _look(self, name: str) -> tuple[str | None, str | None]:
        value = self._environ.get(name, "").strip()
        if value:
            return value, "environment"
        value = self._in_file().get(name, "").strip()
        if value:
            return value, "secrets file"
        value = (self._in_keyring(name) or "").strip()
        return (value, "keyring") if value else (None, None)

    def _quietly(self, name: str) -> str | None:
        try:
            return self._look(name)[0]
        except SecretsRefused:
            return self._environ.get(name)

    def _place(self, name: str) -> str:
        return f"environment variable {name}" if self._environ.get(name, "").strip() else f"the key {name}"

    def _in_file(self) -> Mapping[str, str]:
        if self._file is None:
            return {}
        try:
            with self._file.open("rb") as file:
                self._check(os.fstat(file.fileno()))
                read = tomllib.load(file)
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as error:
            raise SecretsRefused(f"{self._file} cannot be read: {error.strerror}") from None
        except ValueError:
            raise SecretsRefused(f'{self._file} is no TOML of lines such as NAME = "key"') from None
        return {name: value for name, value in read.items() if isinstance(value, str)}

    def _check(self, found: os.stat_result) -> None:
        if found.st_mode & _OTHERS:
            raise SecretsRefused(f"{self._file} can be read by others: chmod 600 it")
        if found.st_uid not in (os.getuid(), 0):
            raise SecretsRefused(f"{self._file} belongs to somebody else")

    def _in_keyring(self, name: str) -> str | None:
        """Asked once per name and run: a keyring may be slow, or ask its owner."""
        with self._lock:
            if name not in self._from_keyring:
                ring = self._keyring()
                self._from_keyring[name] = None if ring is None else _asked(ring, name)
            return self._from_keyring[name]


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):  # somebody's wrong format string is theirs to find, not ours to fail on
        return str(record.msg)


def _no_keyring() -> None:
    return None


def _installed_keyring() -> ModuleType | None:
    try:
        return importlib.import_module("keyring")
    except ImportError:
        return None


def _asked(ring: ModuleType, name: str) -> str | None:
    try:
        found = ring.get_password(KEYRING_SERVICE, name)
    except ring.errors.KeyringError:  # no backend on a headless machine, or locked
        return None
    return found if isinstance(found, str) else None
