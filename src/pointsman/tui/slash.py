"""Slash commands of the chat, as data: what was typed becomes a command and its argument."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "/model": "/model NAME asks only this model in this chat; /model auto lets the policy choose",
        "/local": "/local [on|off] closes the cloud for every request, or opens it again",
        "/clear": "/clear begins a new conversation",
        "/help": "/help shows this list",
    }
)


def parse(text: str) -> tuple[str, str] | None:
    """(command, argument), or None when the text is a prompt. A path such as /etc/hosts is a prompt."""
    if not text.startswith("/") or "\n" in text:
        return None
    word, _, argument = text.partition(" ")
    if "/" in word[1:] or len(word) < 2:
        return None
    return word.lower(), argument.strip()
