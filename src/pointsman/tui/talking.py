"""The part of the app that talks: prompts, plans, checks and verdicts, from the chat to the engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual import on

from pointsman.tui import messages
from pointsman.tui.acting import changes
from pointsman.tui.capping import CappingApp

if TYPE_CHECKING:
    from pointsman.core.conditions import FactValue
    from pointsman.core.request import Request
    from pointsman.tui.conversation import Conversation, Turn


class TalkingApp(CappingApp):
    @on(messages.Ask)
    @changes
    async def asked(self, event: messages.Ask) -> None:
        """Handled one by one, so that a second prompt finds the first one running, however fast it came."""
        if self.engine is None or self.bridge is None:
            return
        talk = event.talk
        if talk.running is not None:
            self.chat.wait_with(event)
            return
        request = self._request(talk, event)
        await self.chat.begin(talk, request.id, event.prompt, event.attachments, self.engine.snapshot.now)
        self.work(self.bridge.ask(request, plan=event.plan), "ask", request.id)

    def _request(self, talk: Conversation, event: messages.Ask) -> Request:
        from pointsman.core.request import Request

        assert self.engine is not None
        talk.id = talk.id or self.engine.new_request_id()
        facts: Mapping[str, FactValue] = {
            **({"role": talk.role} if talk.role else {}),
            **({"critical": True} if event.critical else {}),
        }
        return Request(
            id=self.engine.new_request_id(),
            messages=talk.messages(event.prompt, event.attachments),
            facts=facts,
            pin=event.pin,
            conversation=talk.id,
        )

    @on(messages.Stop)
    def stop_asked(self, event: messages.Stop) -> None:
        for worker in self.workers:
            if worker.group == "ask" and worker.name == event.request:
                worker.cancel()

    @on(messages.AttachAsked)
    def attach_asked(self, event: messages.AttachAsked) -> None:
        if self.bridge is not None:
            self.work(self.bridge.attach(event.prompt, event.paths), "attach")

    @on(messages.PlanRuled)
    @changes
    async def plan_ruled(self, event: messages.PlanRuled) -> None:
        if self.engine is None or self.bridge is None:
            return
        if not event.approved:
            self.work(self.bridge.reject(event.plan), "verdict")
            return
        turn = self.engine.new_request_id()
        await self.chat.begin(event.talk, turn, event.prompt, (), self.engine.snapshot.now)
        self.work(self.bridge.approve(turn, event.plan), "ask", turn)

    # --- about an answer: also one of an earlier run, which the engine is told of first ---

    @on(messages.VerdictAsked)
    @changes
    def verdict_asked(self, event: messages.VerdictAsked) -> None:
        if self.bridge is not None:
            self._adopt(event.answer)
            self.work(self.bridge.verdict(event.answer, event.good), "verdict")

    @on(messages.CheckAsked)
    @changes
    def check_asked(self, event: messages.CheckAsked) -> None:
        if self.bridge is not None:
            self._adopt(event.answer)
            self.work(self.bridge.check(event.answer, event.command, event.directory), "check")

    @on(messages.JudgeAsked)
    @changes
    def judge_asked(self, event: messages.JudgeAsked) -> None:
        if self.bridge is not None:
            self._adopt(event.answer)
            self.work(self.bridge.judge(event.answer), "judge")

    def _adopt(self, answer: str) -> None:
        for talk in self.chat.talks:
            turn = talk.conversation.answered_as(answer)
            if turn is not None and turn.kept is not None and turn.model is not None:
                self._tell_engine(talk.conversation, turn, turn.model, answer)

    def _tell_engine(self, talk: Conversation, turn: Turn, model: str, answer: str) -> None:
        from pointsman.core.request import Request

        if self.engine is not None:
            asked = Request(id=answer, messages=talk.before(turn, turn.prompt), conversation=talk.id)
            self.engine.adopt(asked, model, turn.text)

    # --- keys ---

    def action_next_model(self) -> None:
        """Asks the model that a blocked reply offered, or the next one after whoever answered."""
        self.chat.ask_next_model()

    def action_rule_plan(self, approved: bool) -> None:
        self.chat.rule_plan(approved)
