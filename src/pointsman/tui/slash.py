"""Slash commands of the chat, as data: what was typed becomes a command and its argument, and can be completed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "/model": "/model NAME asks only this model in this chat; /model auto lets the policy choose",
        "/role": "/role NAME does the work of this chat under that role; /role auto lets the policy choose",
        "/local": "/local [on|off] closes the cloud for every request, or opens it again",
        "/critical": "/critical PROMPT asks with the reserve that budgets keep for what is critical",
        "/plan": "/plan PROMPT plans and compares first; nothing is done before you approve",
        "/pass": "/pass: the last reply helped",
        "/fail": "/fail: the last reply did not help; two failures escalate the next attempt",
        "/check": "/check [-C DIR] CMD runs your command about the last reply; its exit code is the verdict",
        "/judge": "/judge asks the cloud judge about the last reply, with cited evidence",
        "/clear": "/clear begins a new conversation",
        "/help": "/help shows this list",
    }
)
_MOST = 8


def parse(text: str) -> tuple[str, str] | None:
    """(command, argument), or None when the text is a prompt. A path such as /etc/hosts is a prompt."""
    if not text.startswith("/"):
        return None
    word, _, argument = text.partition(" ")
    if "/" in word[1:] or "\n" in word or len(word) < 2:
        return None
    return word.lower(), argument.strip()


def completions(text: str, arguments: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """What the text may be meant to become. `arguments` are the known words of a command, such as model names."""
    if not text.startswith("/") or "\n" in text:
        return ()
    word, space, begun = text.partition(" ")
    if not space:
        return tuple(command for command in COMMANDS if command.startswith(word.lower()))[:_MOST]
    known = arguments.get(word.lower(), ())
    fitting = [name for name in known if name.lower().startswith(begun.lower())]
    fitting += [name for name in known if begun.lower() in name.lower() and name not in fitting]
    return tuple(f"{word} {name}" for name in fitting if name != begun)[:_MOST]


def check_command(argument: str) -> tuple[str, str | None]:
    """(command, directory) of what stands behind /check."""
    if not argument.startswith("-C "):
        return argument, None
    directory, _, command = argument[3:].strip().partition(" ")
    return command.strip(), directory
