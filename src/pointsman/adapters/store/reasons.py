"""Why the store cannot be written, in words a person can act on. Never holds data of the failed line."""

from __future__ import annotations

import os
import sqlite3

from pointsman.ports import StoreUnavailable

_SENTENCES = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "the ledger is read-only, or its file was moved or deleted",
    sqlite3.SQLITE_BUSY: "another process holds the ledger",
    sqlite3.SQLITE_LOCKED: "another process holds the ledger",
    sqlite3.SQLITE_CANTOPEN: "the ledger cannot be opened (missing file, permission, or no space)",
    sqlite3.SQLITE_IOERR: "the disk reports an error, or is full",
    sqlite3.SQLITE_CORRUPT: "the ledger file is damaged",
    sqlite3.SQLITE_NOTADB: "the ledger file is not a SQLite database",
    sqlite3.SQLITE_PERM: "permission on the ledger was lost",
    sqlite3.SQLITE_AUTH: "the ledger refuses this statement",
}


def primary_code(error: sqlite3.Error) -> int | None:
    """SQLite's primary result code, without the extended part; None for errors made by Python's module itself."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def unavailable(error: Exception) -> StoreUnavailable:
    """The port's exception for an error of SQLite or of the operating system."""
    if isinstance(error, StoreUnavailable):
        return error
    if isinstance(error, sqlite3.Error):
        sentence = _SENTENCES.get(primary_code(error) or 0)
        return StoreUnavailable(f"{sentence} ({error})" if sentence else str(error))
    if isinstance(error, OSError) and error.errno is not None:
        return StoreUnavailable(f"{os.strerror(error.errno)}: {error.filename or 'the state directory'}")
    return StoreUnavailable(str(error) or type(error).__name__)
