"""The part of the app that talks: prompts, plans, checks and verdicts, from the chat to the engine."""

from __future__ import annotations

from collections.abc import Mapping

from textual import on

from pointsman.core.conditions import FactValue
from pointsman.core.request import Request
from pointsman.tui import messages
from pointsman.tui.acting import ActingApp, changes


class TalkingApp(ActingApp):
    @on(messages.Ask)
    @changes
    async def asked(self, event: messages.Ask) -> None:
        if self.engine is None or self.bridge is None:
            return
        talk = self.chat.conversation
        talk.id = talk.id or self.engine.new_request_id()
        facts: Mapping[str, FactValue] = {
            **({"role": talk.role} if talk.role else {}),
            **({"critical": True} if event.critical else {}),
        }
        request = Request(
            id=self.engine.new_request_id(),
            messages=talk.messages(event.prompt, event.attachments),
            facts=facts,
            pin=event.pin,
            conversation=talk.id,
        )
        await self.chat.begin(request.id, event.prompt, event.attachments)
        self.work(self.bridge.ask(request, plan=event.plan), "ask", request.id)

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
        await self.chat.begin(turn, event.prompt)
        self.work(self.bridge.approve(turn, event.plan), "ask", turn)

    @on(messages.VerdictAsked)
    @changes
    def verdict_asked(self, event: messages.VerdictAsked) -> None:
        if self.bridge is not None:
            self.work(self.bridge.verdict(event.answer, event.good), "verdict")

    @on(messages.CheckAsked)
    @changes
    def check_asked(self, event: messages.CheckAsked) -> None:
        if self.bridge is not None:
            self.work(self.bridge.check(event.answer, event.command, event.directory), "check")

    @on(messages.JudgeAsked)
    @changes
    def judge_asked(self, event: messages.JudgeAsked) -> None:
        if self.bridge is not None:
            self.work(self.bridge.judge(event.answer), "judge")

    # --- keys ---

    def action_next_model(self) -> None:
        """Asks the model that a blocked reply offered, or the next one after whoever answered."""
        self.chat.ask_next_model()

    def action_rule_plan(self, approved: bool) -> None:
        self.chat.rule_plan(approved)

    def action_clear_chat(self) -> None:
        self.chat.clear()
