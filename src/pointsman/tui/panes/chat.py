"""The chat: open conversations, an input, and the slash commands. Turns are folded from the engine's events; drawing
happens at the flush rate.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from inspect import isawaitable

from textual import on
from textual.message import Message
from textual.widgets import TextArea

from pointsman.core.chats import given_title
from pointsman.tui import slash
from pointsman.tui.conversation import Conversation
from pointsman.tui.messages import (
    CapAsked,
    ChatRenamed,
    ChatsAsked,
    CheckAsked,
    JudgeAsked,
    Keep,
    LocalOnlyAsked,
    Stop,
    Told,
    VerdictAsked,
)
from pointsman.tui.panes.asking import TOO_MANY, AskingPane
from pointsman.tui.panes.prompt import Prompt
from pointsman.tui.render import replies
from pointsman.tui.untrusted import one_line

Obey = Callable[[str], Awaitable[None] | None]


class ChatPane(AskingPane):
    @on(Prompt.Sent)
    async def _sent(self, event: Prompt.Sent) -> None:
        event.stop()
        command = slash.parse(event.text)
        if self.too_early(event.text):
            return
        if command is None:
            await self.send(event.text)
        else:
            await self._obey(*command)

    async def _obey(self, command: str, argument: str) -> None:
        handler = self._handlers.get(command)
        if handler is None:
            near = slash.nearest(command)
            meant = f", did you mean {near}?" if near else "; /help lists them"
            self.post_message(Told(f"no such command: {one_line(command)}{meant}", "warning"))
            self.prompt.put(f"{command} {argument}".rstrip())
            return
        doing = handler(argument)
        if isawaitable(doing):
            await doing

    @property
    def _handlers(self) -> Mapping[str, Obey]:
        return {
            "/model": self.pin,
            "/role": self._role,
            "/local": self._local,
            "/cap": self._cap,
            "/critical": lambda prompt: self._asked_with("/critical", prompt, critical=True),
            "/plan": lambda prompt: self._asked_with("/plan", prompt, plan=True),
            **dict.fromkeys(("/good", "/pass"), lambda _: self._about_answer(lambda it: VerdictAsked(it, True))),
            **dict.fromkeys(("/bad", "/fail"), lambda _: self._about_answer(lambda it: VerdictAsked(it, False))),
            "/check": self._check,
            "/judge": lambda _: self._about_answer(JudgeAsked),
            "/new": lambda _: self.new(),
            "/open": self._list,
            "/search": self._list,
            "/rename": self._rename,
            "/export": lambda ending: self._do(f"app.export_chat('{'jsonl' if ending == 'jsonl' else 'md'}')"),
            "/delete": lambda _: self._do("app.delete_chat"),
            "/branch": self._branch_here,
            "/unqueue": self._unqueue,
            "/close": lambda _: self.close(),
            "/clear": lambda _: self.clear(),
            "/help": lambda _: self._do("app.help"),
        }

    async def _do(self, action: str) -> None:
        await self.run_action(action)

    def _asked_with(self, command: str, prompt: str, *, critical: bool = False, plan: bool = False) -> None:
        if prompt:
            self.ask(prompt, self.conversation.pin, critical=critical, plan=plan)
        else:
            self._explain(command)

    def _explain(self, command: str) -> None:
        self.post_message(Told(slash.COMMANDS[command], "warning"))

    def _about_answer(self, ask: Callable[[str], Message]) -> None:
        turn = self.chosen
        if turn is None or turn.answer is None:
            self.post_message(Told("there is no answer yet that this could be about", "warning"))
        else:
            self.post_message(ask(turn.answer))

    def _check(self, argument: str) -> None:
        command, directory = slash.check_command(argument)
        if command:
            self._about_answer(lambda answer: CheckAsked(answer, command, directory))
        else:
            self._explain("/check")

    # --- the route ---

    def _role(self, name: str) -> None:
        known = self.picture.fleet.roles if self.picture is not None else {}
        if name.lower() in ("auto", ""):
            self.conversation.role = None
        elif name in known:
            self.conversation.role = name
        else:
            self.post_message(Told(f"no role is called {one_line(name)!r}", "error"))
        self.show_route()

    def pin(self, name: str) -> None:
        """From now on this chat asks only that model; `auto` leaves it to the policy."""
        if name.lower() in ("auto", ""):
            self.conversation.pin = None
        elif self.picture is None or (model := self.picture.fleet.find(name)) is None:
            self.post_message(Told(f"no model is called {one_line(name)!r}", "error"))
            return
        else:
            self.conversation.pin = model.name
        self.show_route()

    def _local(self, argument: str) -> None:
        wanted = {"on": True, "off": False}.get(argument.lower())
        self.post_message(LocalOnlyAsked(wanted))

    def _cap(self, argument: str) -> None:
        budget, _, limit = argument.partition(" ")
        self.post_message(CapAsked(budget, limit.strip()))

    # --- conversations ---

    async def new(self) -> None:
        """A conversation in a tab of its own, under the same pin and role."""
        if await self.open_talk(Conversation(pin=self.conversation.pin, role=self.conversation.role)) is None:
            self.post_message(Told(TOO_MANY, "warning"))
        self.focus_inside()

    async def close(self) -> None:
        if self.talk.queue or self.talk.held:
            self.post_message(Told("prompts wait here: send them, or take them back, first", "warning"))
        elif not await self.close_talk():
            self.post_message(Told("a reply is running here: esc stops it first", "warning"))

    async def clear(self) -> None:
        """Begins a new conversation in this tab; what runs is stopped."""
        running = self.running
        if running is not None:
            self.post_message(Stop(running.request))
            running.stopped()
            self.post_message(Keep(self.conversation, running))  # as far as it came
        await self.renew(Conversation(pin=self.conversation.pin, role=self.conversation.role))

    def _list(self, written: str) -> None:
        self.post_message(ChatsAsked(written))

    def _rename(self, written: str) -> None:
        title = given_title(written)
        if not title:
            self._explain("/rename")
            return
        self.retitle(self.conversation, title)
        if self.conversation.id is not None:
            self.post_message(ChatRenamed(self.conversation.id, title))

    def retitle(self, conversation: Conversation, title: str) -> None:
        conversation.title, conversation.named = title, True
        self._show_tabs()

    async def _branch_here(self, _: str) -> None:
        turn = self.chosen
        if turn is None or not turn.over:
            self.post_message(Told("there is no turn yet to go on from", "warning"))
        else:
            await self.branch_to(self.conversation.place(turn) + 1)

    def _unqueue(self, _: str) -> None:
        if not self.take_back():
            self.post_message(Told("no prompt waits here"))

    # --- the input ---

    @on(Prompt.Left)
    def _left(self, event: Prompt.Left) -> None:
        event.stop()
        if not self.drop_intent() and not self.stop():
            self.transcript.focus()

    @on(TextArea.Changed)
    def _typed(self, event: TextArea.Changed) -> None:
        self.keyed()
        event.stop()
        if self.talk.pending is not None or self.talk.editing is not None:
            return
        found = slash.completions(self.prompt.text, self.prompt.arguments)
        self.hint(*replies.completions(found, self.prompt.text))
