"""The slash commands of the plain door: the screen's, where they make sense line by line. Each says what it did."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from pointsman.core.fleet import Fleet, Role
from pointsman.core.plain_text import one_line
from pointsman.core.request import Message, Request
from pointsman.engine.console import Console
from pointsman.plain import overriding, sentences
from pointsman.ports import AuditQuery

if TYPE_CHECKING:
    from pointsman.plain.door import Door

Run = Callable[["Door", str], Awaitable[None]]
_AUDIT_LINES = 10
_VERBS = ("start", "stop", "restart")
_KEPT = "conversations are not kept at this door; `pointsman chats"

# What the screen has and a door of lines has not: what to do instead.
REFUSED: Mapping[str, str] = {
    "/open": f"{_KEPT} list` and `pointsman chats show ID` read those that the screen kept",
    "/search": f"{_KEPT} search WORDS` looks in those that the screen kept",
    "/rename": f"{_KEPT} list` has those that the screen kept, which are renamed there",
    "/export": f"{_KEPT} export ID` writes one that the screen kept; what is said here can go to a file as it is read",
    "/delete": f"{_KEPT} delete ID` deletes one that the screen kept",
    "/branch": "there is one conversation at this door; /new begins another",
    "/close": "there is one conversation at this door; /new begins another, /quit leaves",
    "/unqueue": "what is typed while an answer comes waits unseen; Ctrl-C cancels the answer, not what waits",
}
# What changes nothing and sends nothing.
_LOOKING = frozenset(
    ("/help", "/model", "/role", "/why", "/explain", "/status", "/audit", "/clear", "/new", "/quiet", "/rw", "/quit")
)
READ_ONLY = "read-only: nothing is changed or sent; /rw lifts it"

HELP: Mapping[str, str] = {
    "/model": "/model NAME asks only that model; /model auto lets the policy choose.",
    "/role": "/role NAME has the work done under that role; /role auto lets the policy choose.",
    "/critical": "/critical PROMPT asks with the reserve that budgets keep for what is critical.",
    "/plan": "/plan PROMPT plans and compares first; nothing is done before you approve.",
    "/local": "/local on closes the cloud for every prompt; /local off opens it again, after a question.",
    "/pin": "/pin MODEL, role:NAME or kind:KIND, and a span such as 1h: that model and no other, at every door.",
    "/prefer": "/prefer, the same: that model first.",
    "/cap": "/cap reads the limits; /cap BUDGET LIMIT puts another one, also for 2h; /cap BUDGET default ends that.",
    "/overrides": "/overrides lists what is set so by number; /overrides clear NUMBER ends one.",
    "/undo": "/undo takes the last of these back, for 30 seconds.",
    "/why": "/why explains who was asked last, and why every other model was not.",
    "/explain": "/explain TEXT says who would answer that text; no model is asked.",
    "/status": "/status says how every endpoint, budget and service is now.",
    "/services": "/services lists them; /services restart, start, stop or logs NAME.",
    "/audit": "/audit [N] reads the newest N lines of the audit; /audit TEXT those with that text.",
    "/pass": "/pass or /good says that the last answer helped; /fail or /bad that it did not.",
    "/check": "/check, -C DIR if you like, COMMAND: its exit code is the verdict on the last answer.",
    "/judge": "/judge asks the cloud judge about the last answer.",
    "/approve": "/approve lets a plan be worked on; /reject drops it.",
    "/reload": "/reload reads the configuration again.",
    "/clear": "/clear or /new begins a new conversation.",
    "/quiet": "/quiet holds changes of state back; /quiet off tells them again.",
    "/rw": "/rw allows changes again where it was begun with --read-only.",
    "/help": "/help reads this list.",
    "/quit": "/quit leaves; so do the end of the input and Ctrl-C. While an answer runs, Ctrl-C cancels it.",
}


async def obey(door: Door, command: str, argument: str) -> bool:
    """False: it is time to leave."""
    if command in ("/quit", "/exit", "/q"):
        return False
    run = _COMMANDS.get(command)
    if run is None:
        refused = REFUSED.get(command)
        told = f"There is no command {command}; /help lists them." if refused is None else f"Not here: {refused}."
        door.out.say(told, "bad")
        return True
    try:
        if door.read_only and not (command in _LOOKING or _only_reads(command, argument)):
            raise ValueError(READ_ONLY)
        await run(door, argument)
    except (ValueError, KeyError) as problem:
        door.out.say(f"Not done: {problem.args[0] if problem.args else problem}.", "bad")
    return True


def _only_reads(command: str, argument: str) -> bool:
    """`/cap`, `/overrides` and `/services` without more read, and so does a log."""
    reads = not argument or argument.startswith("logs ")
    return reads and command in ("/cap", "/overrides", "/services", "/local")


async def _help(door: Door, argument: str) -> None:
    for line in HELP.values():
        door.out.say(line)
    door.out.say("Anything else is a prompt. A backslash at the end of a line continues it in the next.")


async def _model(door: Door, name: str) -> None:
    fleet = door.console.fleet
    if name in ("", "auto"):
        door.pin = None if name else door.pin
        door.out.say("The policy chooses the model." if door.pin is None else f"Only {door.pin} is asked.")
        return
    found = fleet.find(name)
    if found is None:
        raise ValueError(f"no model is called {name}; there are {', '.join(fleet.models)}")
    door.pin = found.name
    door.out.say(f"Only {found.name} is asked from now on; /model auto ends that.")


async def _role(door: Door, name: str) -> None:
    known = door.console.fleet.roles
    if name and name != "auto" and name not in known:
        raise ValueError(f"no role is called {name}; there are {', '.join(known)}")
    if name:
        door.role = None if name == "auto" else name
    door.out.say("The policy chooses the role." if door.role is None else f"The work is done as {door.role}.")


async def _critical(door: Door, text: str) -> None:
    if not text:
        raise ValueError("/critical PROMPT")
    await door.ask(text, critical=True)


async def _plan(door: Door, text: str) -> None:
    if not text:
        raise ValueError("/plan PROMPT")
    await door.ask(text, plan=True)


async def _writable(door: Door, argument: str) -> None:
    door.read_only = False
    door.out.say("Changes are allowed.")


async def _why(door: Door, argument: str) -> None:
    if door.decision is None:
        raise ValueError("nothing was asked yet")
    for sentence in sentences.why(door.decision):
        door.out.say(sentence)


async def _explain(door: Door, text: str) -> None:
    if not text:
        raise ValueError("/explain TEXT")
    for sentence in sentences.why(door.console.explain(door.request_for(text))):
        door.out.say(sentence)


async def _status(door: Door, argument: str) -> None:
    for banner in door.console.banners:
        door.out.say(f"Note: {banner}.")
    for sentence in sentences.status(door.console.fleet, door.console.snapshot):
        door.out.say(sentence)
    door.out.say(f"The audit: {door.console.audit_state}.")


async def _audit(door: Door, argument: str) -> None:
    if argument.isdecimal() and len(argument) < 5:
        query = AuditQuery(limit=int(argument))
    else:
        query = AuditQuery(limit=_AUDIT_LINES, text=argument or None)
    rows = await door.console.audit(query)
    for row in reversed(rows):
        door.out.say(f"Line {row.seq}, {sentences.clock(row.at)}, {row.type}: {row.text}.")
    if not rows:
        door.out.say("The audit has no such lines.")


async def _reload(door: Door, argument: str) -> None:
    told = one_line(await door.console.reload())
    door.out.say(f"{told[:1].upper()}{told[1:]}.")


async def _clear(door: Door, argument: str) -> None:
    door.forget()
    door.out.say("A new conversation begins.")


async def _quiet(door: Door, argument: str) -> None:
    door.quiet = argument != "off"
    door.out.say("Changes of state are held back." if door.quiet else "Changes of state are told.")


# --- about the last answer ----------------------------------------------------------------------------------------


def _last(door: Door) -> str:
    if door.request is None:
        raise ValueError("nothing was answered yet")
    return door.request


async def _pass(door: Door, argument: str) -> None:
    await door.console.judge_reply(_last(door), True)
    door.out.say("Written down: the answer helped.")


async def _fail(door: Door, argument: str) -> None:
    failed = await door.console.judge_reply(_last(door), False)
    door.out.say(f"Written down: the answer did not help. Failed answers of this task: {failed}.")


async def _check(door: Door, argument: str) -> None:
    directory, command = None, argument
    if argument.startswith("-C "):
        directory, _, command = argument[3:].strip().partition(" ")
    if not command:
        raise ValueError("/check COMMAND, or /check -C DIR COMMAND")
    ended = await door.console.check(_last(door), command.strip(), directory)
    for sentence in sentences.event(ended):
        door.out.say(sentence)


async def _judge(door: Door, argument: str) -> None:
    await door.follow(door.console.judge(_last(door)))


async def _approve(door: Door, argument: str) -> None:
    if door.plan is None:
        raise ValueError("no plan waits")
    plan, door.plan = door.plan, None
    await door.follow(door.console.approve(plan))


async def _reject(door: Door, argument: str) -> None:
    if door.plan is None:
        raise ValueError("no plan waits")
    await door.console.reject(door.plan)
    door.plan = None
    door.out.say("The plan is dropped; nothing was done.")


# --- services -----------------------------------------------------------------------------------------------------


async def _services(door: Door, argument: str) -> None:
    verb, _, name = argument.partition(" ")
    name = name.strip()
    if not verb:
        told = list(sentences.services(door.console.snapshot)) or ["No services are configured."]
        for sentence in told:
            door.out.say(sentence)
        return
    if name not in door.console.fleet.services:
        raise ValueError(f"no service is called {name or '(nothing)'}; there are {_names(door.console.fleet)}")
    if verb == "logs":
        await _logs(door, name)
    elif verb in _VERBS:
        await _act(door, name, verb)
    else:
        raise ValueError(f"/services {', '.join(_VERBS)} or logs NAME")


def _names(fleet: Fleet) -> str:
    return ", ".join(fleet.services) or "none"


async def _logs(door: Door, name: str) -> None:
    lines = await door.console.service_logs(name, 40)
    door.out.say(f"The last {len(lines)} lines of {name}:" if lines else f"{name} has written nothing.")
    for line in lines:
        door.out.quote(line)


async def _act(door: Door, name: str, verb: str) -> None:
    """Says what will happen, and does it once the service's name was typed."""
    for sentence in _consequences(door.console, name, verb):
        door.out.say(sentence)
    door.out.say(f"Type {name} to {verb} it; anything else leaves it as it is.")
    if not await door.confirmed(name):
        door.out.say("Nothing was done.")
        return
    result = await door.console.service_action(name, verb)
    word = "accepted" if result.ok else "refused"
    door.out.say(
        f"The {verb} of {name} was {word}{f': {result.text}' if result.text else ''}.", "" if result.ok else "bad"
    )


def _consequences(console: Console, name: str, verb: str) -> Iterator[str]:
    argv = console.service_command(name, verb)
    if argv:
        yield f"This runs: {' '.join(argv)}."
    if verb == "start":
        return
    cut = console.streams_on(name)
    yield f"It cuts {cut} running answers." if cut else "No answer of ours is running on it."
    for endpoint in console.fleet.endpoints.values():
        if endpoint.service == name:
            yield from _meanwhile(console, endpoint.name)


def _meanwhile(console: Console, endpoint: str) -> Iterator[str]:
    for role in console.fleet.roles.values():
        if _led_from(console.fleet, role, endpoint):
            request = Request(id="what-if", messages=(Message(role="user", text=""),), facts={"role": role.name})
            decision = console.explain(request, {"down": endpoint})
            instead = f"goes to {decision.model}" if decision.model else f"is done by nobody: {decision.blocked}"
            yield f"Meanwhile the work of {role.name} {instead}."


def _led_from(fleet: Fleet, role: Role, endpoint: str) -> bool:
    model = fleet.find(role.primary) if role.primary else None
    return model is not None and model.endpoint == endpoint


_COMMANDS: Mapping[str, Run] = {
    "/help": _help,
    "/model": _model,
    "/role": _role,
    "/critical": _critical,
    "/plan": _plan,
    "/local": overriding.local,
    "/pin": overriding.pin,
    "/prefer": overriding.prefer,
    "/cap": overriding.cap,
    "/overrides": overriding.overrides,
    "/undo": overriding.undo,
    "/rw": _writable,
    "/why": _why,
    "/explain": _explain,
    "/status": _status,
    "/audit": _audit,
    "/reload": _reload,
    **dict.fromkeys(("/clear", "/new"), _clear),
    "/quiet": _quiet,
    **dict.fromkeys(("/pass", "/good"), _pass),
    **dict.fromkeys(("/fail", "/bad"), _fail),
    "/check": _check,
    "/judge": _judge,
    "/approve": _approve,
    "/reject": _reject,
    "/services": _services,
}
