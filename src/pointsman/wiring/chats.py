"""The conversations that are kept: beside an engine's ledger, or looked at without an engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pointsman.adapters.secrets import Secrets
    from pointsman.config import Settings
    from pointsman.ports import Chats


def kept_chats(stack: AsyncExitStack, settings: Settings, state_dir: Path, secrets: Secrets) -> Chats | None:
    """None where the configuration keeps none: then not even a file is made."""
    if not settings.chats.keep:
        return None
    from pointsman.adapters.chats import SqliteChats
    from pointsman.adapters.redact import redact_json

    chats = SqliteChats(state_dir, redact=lambda text: redact_json(text, secrets.known()))
    stack.push_async_callback(chats.aclose)
    return chats


@asynccontextmanager
async def open_chats(state_dir: Path) -> AsyncIterator[Chats]:
    """The conversations that are kept there, without an engine. Creates nothing."""
    from pointsman.adapters.chats import SqliteChats

    chats = SqliteChats(state_dir, create=False)
    try:
        yield chats
    finally:
        await chats.aclose()
