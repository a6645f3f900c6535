"""Slash commands of the chat, as data: what was typed becomes a command and its argument, and can be completed."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from types import MappingProxyType

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "/model": "/model NAME asks only this model in this chat; /model auto lets the policy choose",
        "/role": "/role NAME does the work of this chat under that role; /role auto lets the policy choose",
        "/local": "/local [on|off] closes the cloud for every request, or opens it again",
        "/cap": "/cap BUDGET LIMIT puts another limit on a budget; /cap BUDGET default has the configured one again",
        "/critical": "/critical PROMPT asks with the reserve that budgets keep for what is critical",
        "/plan": "/plan PROMPT plans and compares first; nothing is done before you approve",
        "/good": "/good: the reply helped; the memory of similar tasks learns it (also /pass)",
        "/bad": "/bad: it did not help; two failures escalate the next attempt (also /fail)",
        "/pass": "/pass: as /good",
        "/fail": "/fail: as /bad",
        "/check": "/check [-C DIR] CMD runs your command about the last reply; its exit code is the verdict",
        "/judge": "/judge asks the cloud judge about the last reply, with cited evidence",
        "/new": "/new begins a conversation in a tab of its own",
        "/open": "/open [WORDS] lists the kept conversations, to open one",
        "/search": "/search WORDS looks for them in titles, prompts and answers",
        "/rename": "/rename TITLE calls this conversation so",
        "/export": "/export [md|jsonl] writes this conversation to a file",
        "/delete": "/delete deletes this conversation, after a question",
        "/branch": "/branch goes on from the marked turn in a new conversation; this one stays",
        "/unqueue": "/unqueue takes the last waiting prompt back into the input",
        "/close": "/close closes this tab; the conversation stays kept",
        "/clear": "/clear begins a new conversation in this tab; the old one stays kept",
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


def nearest(command: str) -> str | None:
    """The command that was probably meant."""
    return next(iter(difflib.get_close_matches(command, COMMANDS, 1)), None)


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
