"""The conversations that are kept: prompts, answers and how they were drawn, found again by SQLite's FTS5.

A file of its own beside the ledger: it can be deleted to forget every word without touching the audit, and a fault in
it costs a record, never a call. What is in it was redacted before it came here to rest.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pointsman.adapters.sqlite_thread import File, SqliteThread
from pointsman.core.chats import HIT_BEGINS, HIT_ENDS, Chat, ChatFound, ChatHead, ChatTurn, found_in, matches
from pointsman.core.codec import decode, encode

Redact = Callable[[str], str]

CHATS = "chats.db"
_BUSY_S = 5.0  # how long another program of ours may write
_TITLES = 10_000  # conversations whose titles a search looks through
_HITS = 500  # turns that a search looks at
_SNIPPET = 12  # words
_HEADS = "id, title, named, began, changed, pin, role, copy_of"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS chat (
    id      TEXT PRIMARY KEY,
    title   TEXT NOT NULL,
    named   INTEGER NOT NULL CHECK (named IN (0, 1)),
    began   REAL NOT NULL,
    changed REAL NOT NULL,
    pin     TEXT,
    role    TEXT,
    copy_of TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS chat_changed ON chat (changed);
CREATE TABLE IF NOT EXISTS turn (
    id     INTEGER PRIMARY KEY,
    chat   TEXT NOT NULL REFERENCES chat (id) ON DELETE CASCADE,
    place  INTEGER NOT NULL,
    told   TEXT NOT NULL,
    detail TEXT NOT NULL,
    UNIQUE (chat, place)
) STRICT;
CREATE VIRTUAL TABLE IF NOT EXISTS said USING fts5(prompt, answer, tokenize = 'unicode61 remove_diacritics 2');
"""
_PUT_HEAD = f"""
INSERT INTO chat ({_HEADS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET
    title = CASE WHEN named AND NOT excluded.named THEN title ELSE excluded.title END,
    named = max(named, excluded.named), changed = excluded.changed, pin = excluded.pin, role = excluded.role
"""
_FOUND = f"""
SELECT {", ".join(f"c.{name}" for name in _HEADS.split(", "))},
    (SELECT count(*) FROM turn WHERE chat = c.id), snippet(said, -1, ?, ?, '…', {_SNIPPET})
FROM said JOIN turn t ON t.id = said.rowid JOIN chat c ON c.id = t.chat
WHERE said MATCH ? ORDER BY rank LIMIT {_HITS}
"""


def _as_it_is(text: str) -> str:
    return text


class SqliteChats:
    """`ports.Chats` in `state_dir/chats.db`.

    Not `create`: only looks at what is there; without a file there are no conversations.
    """

    def __init__(self, state_dir: Path, *, redact: Redact = _as_it_is, create: bool = True) -> None:
        self._redact = redact
        # Not the write-ahead log: two screens may write at once, and a deleted conversation is to leave no copy there.
        self._file = SqliteThread(
            File(path=state_dir / CHATS, journal="TRUNCATE", busy_s=_BUSY_S, schema=_SCHEMA, create=create)
        )

    async def keep(self, head: ChatHead, place: int, turn: ChatTurn) -> None:
        await self._file.run(lambda c: self._put(c, head, place, (turn,)))

    async def keep_copy(self, head: ChatHead, turns: Sequence[ChatTurn]) -> None:
        await self._file.run(lambda c: self._put(c, head, 0, turns))

    async def cut(self, chat: str, place: int) -> None:
        await self._file.run(lambda c: _drop(c, "chat = ? AND place >= ?", (chat, place)))

    async def heads(self, limit: int = 200) -> tuple[ChatHead, ...]:
        return await self._file.run(lambda c: _heads(c, limit))

    async def search(self, written: str, limit: int = 50) -> tuple[ChatFound, ...]:
        return await self._file.run(lambda c: _search(c, written, limit))

    async def open(self, chat: str, detailed: int = 0) -> Chat:
        return await self._file.run(lambda c: _open_chat(c, chat, detailed))

    async def details(self, chat: str, first: int, end: int) -> tuple[ChatTurn, ...]:
        return await self._file.run(lambda c: _turns(c, chat, first, end, detailed_from=first))

    async def rename(self, chat: str, title: str) -> None:
        await self._file.run(lambda c: _rename(c, chat, self._redact(title)))

    async def delete(self, chat: str) -> None:
        await self._file.run(lambda c: _delete(c, chat))

    async def aclose(self) -> None:
        await self._file.aclose()

    def _put(self, connection: sqlite3.Connection, head: ChatHead, place: int, turns: Sequence[ChatTurn]) -> None:
        title = self._redact(head.title)
        row = (head.id, title, int(head.named), head.began, head.changed, head.pin, head.role, head.copy_of)
        connection.execute(_PUT_HEAD, row)
        for at, turn in enumerate(turns, place):
            told = self._redact(_json(encode(replace(turn, detail={}))))
            detail = self._redact(_json(encode(turn.detail))) if turn.detail else _detail_there(connection, head, at)
            _put_turn(connection, head.id, at, told, detail)


def _json(value: Any) -> str:
    """Lone surrogates, which no file can hold, become question marks."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode()


def _detail_there(connection: sqlite3.Connection, head: ChatHead, place: int) -> str:
    """How a turn that nobody drew since was drawn: as it stands already, or in the conversation it is a copy of."""
    row = connection.execute(
        "SELECT detail FROM turn WHERE chat IN (?, ?) AND place = ? ORDER BY chat = ? DESC",
        (head.id, head.copy_of, place, head.id),
    ).fetchone()
    return "{}" if row is None else str(row[0])


def _put_turn(connection: sqlite3.Connection, chat: str, place: int, told: str, detail: str) -> None:
    """Words are looked for as they were redacted: a key cannot be found by its beginning."""
    _drop(connection, "chat = ? AND place = ?", (chat, place))
    added = connection.execute(
        "INSERT INTO turn (chat, place, told, detail) VALUES (?, ?, ?, ?)", (chat, place, told, detail)
    )
    words = json.loads(told)
    connection.execute(
        "INSERT INTO said (rowid, prompt, answer) VALUES (?, ?, ?)",
        (added.lastrowid, words["prompt"], words.get("answer", "")),
    )


def _drop(connection: sqlite3.Connection, which: str, values: tuple[object, ...]) -> None:
    connection.execute(f"DELETE FROM said WHERE rowid IN (SELECT id FROM turn WHERE {which})", values)
    connection.execute(f"DELETE FROM turn WHERE {which}", values)


def _head(row: tuple[Any, ...]) -> ChatHead:
    chat, title, named, began, changed, pin, role, copy_of, turns = row
    return ChatHead(
        id=chat,
        title=title,
        named=bool(named),
        began=began,
        changed=changed,
        turns=turns,
        pin=pin,
        role=role,
        copy_of=copy_of,
    )


def _heads(connection: sqlite3.Connection, limit: int) -> tuple[ChatHead, ...]:
    rows = connection.execute(
        f"SELECT {_HEADS}, (SELECT count(*) FROM turn WHERE chat = chat.id) FROM chat"
        " ORDER BY changed DESC, id DESC LIMIT ?",
        (limit,),
    )
    return tuple(_head(row) for row in rows)


def _search(connection: sqlite3.Connection, written: str, limit: int) -> tuple[ChatFound, ...]:
    found = {head.id: ChatFound(head=head) for head in _heads(connection, _TITLES) if found_in(head, written)}
    query = matches(written)
    if query:
        for *row, snippet in connection.execute(_FOUND, (HIT_BEGINS, HIT_ENDS, query)):
            head = _head(tuple(row))
            if not (head.id in found and found[head.id].snippet):
                found[head.id] = ChatFound(head=head, snippet=snippet)
    return tuple(found.values())[:limit]


def _open_chat(connection: sqlite3.Connection, chat: str, detailed: int) -> Chat:
    row = connection.execute(
        f"SELECT {_HEADS}, (SELECT count(*) FROM turn WHERE chat = chat.id) FROM chat WHERE id = ?", (chat,)
    ).fetchone()
    if row is None:
        raise LookupError(chat)
    head = _head(row)
    last = connection.execute("SELECT max(place) FROM turn WHERE chat = ?", (chat,)).fetchone()[0]
    end = 0 if last is None else last + 1
    return Chat(head=head, turns=_turns(connection, chat, 0, end, detailed_from=end - detailed))


def _turns(
    connection: sqlite3.Connection, chat: str, first: int, end: int, *, detailed_from: int
) -> tuple[ChatTurn, ...]:
    """A decision with its reasons is several times as long as what was said: read only where it is to be drawn."""
    rows = connection.execute(
        "SELECT told, CASE WHEN place >= ? THEN detail ELSE '{}' END FROM turn"
        " WHERE chat = ? AND place >= ? AND place < ? ORDER BY place",
        (detailed_from, chat, first, end),
    )
    return tuple(_turn(json.loads(told), json.loads(detail)) for told, detail in rows)


def _turn(told: object, detail: Mapping[str, Any]) -> ChatTurn:
    return replace(decode(ChatTurn, told), detail=detail)


def _rename(connection: sqlite3.Connection, chat: str, title: str) -> None:
    renamed = connection.execute("UPDATE chat SET title = ?, named = 1 WHERE id = ?", (title, chat))
    if not renamed.rowcount:
        raise LookupError(chat)


def _delete(connection: sqlite3.Connection, chat: str) -> None:
    _drop(connection, "chat = ?", (chat,))
    if not connection.execute("DELETE FROM chat WHERE id = ?", (chat,)).rowcount:
        raise LookupError(chat)
    connection.execute("INSERT INTO said (said) VALUES ('optimize')")  # else its words stay in the index for a while
