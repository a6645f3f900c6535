"""Runs the stages of `core.workflow`: plan, compare, ask the user, do, check; and the judge. One call at a time.

Every call goes through the dispatcher, with its decision, budget and audit lines. Must never send anything between a
plan and the user's approval, nor record an approval that `core.ruling` does not grant.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from pointsman.core.attempts import Source
from pointsman.core.checks import CheckOrder, readable
from pointsman.core.decision import Decision
from pointsman.core.fleet import Fleet, Role
from pointsman.core.guardrails import judge_role
from pointsman.core.outcome import FailureKind
from pointsman.core.plans import Plan, told_of_plan
from pointsman.core.request import Request
from pointsman.core.ruling import Ruling, no_verdict, rule, told_of_ruling
from pointsman.core.stage_prompts import to_compare, to_judge, to_plan, to_retry, to_work
from pointsman.core.workflow import Flow, Happened, Stage, advance, begin, opinion_role, planner_of
from pointsman.engine import events
from pointsman.engine.checks import Checks
from pointsman.engine.critic import Critic
from pointsman.engine.dispatch import Dispatcher, Emit
from pointsman.engine.ledger import Ledger
from pointsman.engine.outcomes import Outcomes, Reply
from pointsman.ports import Clock, InvalidOutput, Outputs

_PLANS_KEPT = 32  # that wait for the user; the oldest is dropped

Explain = Callable[[Request], Decision]


class Workflows:
    """Every method that takes `emit` tells what happens through it and returns when nothing more will."""

    def __init__(
        self,
        *,
        dispatcher: Dispatcher,
        ledger: Ledger,
        outcomes: Outcomes,
        checks: Checks,
        critic: Critic,
        explain: Explain,
        outputs: Outputs | None,
        clock: Clock,
    ) -> None:
        self._dispatcher, self._ledger, self._clock = dispatcher, ledger, clock
        self._outcomes, self._checks, self._critic = outcomes, checks, critic
        self._explain, self._outputs = explain, outputs
        self._plans: OrderedDict[str, Plan] = OrderedDict()

    @property
    def _fleet(self) -> Fleet:
        return self._dispatcher.board.fleet

    async def serve(self, request: Request, emit: Emit, order: CheckOrder | None = None) -> None:
        """A request as the policy has it: straight to its role, or a plan first. With an order its reply is checked."""
        if self._opens_plan(request):
            await self.plan(request, emit, order)
        elif order is not None:
            await self._work(begin(planned=False, checks=True), request, emit, order)
        else:
            await self._answer(request, emit)

    def _opens_plan(self, request: Request) -> bool:
        """Quick tasks skip the plan (document 001), whatever route they came by."""
        if request.planned or all(route.workflow != "plan" for route in self._fleet.routes):
            return False
        decision = self._explain(request)
        return decision.workflow == "plan" and bool(decision.ladder) and not decision.task.quick

    # --- plan, compare, ask the user

    async def plan(self, request: Request, emit: Emit, order: CheckOrder | None = None) -> None:
        """Ends with PlanReady, or with the Blocked of the planner's call."""
        request = await self._outcomes.counted(request)
        decision = self._explain(request)
        worker = self._fleet.roles[decision.role]
        planner = planner_of(self._fleet, worker)
        flow = begin(planned=True, checks=order is not None)
        _tell_stage(emit, request, flow, f"{planner.name} plans")
        planned = await self._ask(to_plan(request, f"{request.id}.plan", planner.name), emit)
        flow = advance(flow, Happened.FAILED if planned is None else Happened.ANSWERED)
        if planned is None:
            return
        opinion = await self._compare(flow, request, worker, planned, emit)
        flow = advance(flow, Happened.FAILED if opinion is None else Happened.ANSWERED)
        plan = Plan(
            id=self._clock.new_id(),
            request=request,
            decision=decision,
            flow=flow,
            planner=planned.attempt.model,
            text=planned.text,
            order=order,
        )
        self._keep(plan)
        await self._ledger.write(told_of_plan(plan, "opened", self._clock.now()))
        _tell_stage(emit, request, flow, "the plan waits for your approval")
        emit(
            events.PlanReady(
                request=request.id,
                plan=plan.id,
                text=plan.text,
                planner=plan.planner,
                opinion="" if opinion is None else opinion.text,
                opinion_by=None if opinion is None else opinion.attempt.model,
                judge_required=decision.judge_required,
            )
        )

    async def _compare(
        self, flow: Flow, request: Request, worker: Role, planned: events.Answered, emit: Emit
    ) -> events.Answered | None:
        """The notes of the next model that may speak; None if there is none, or it does not answer."""
        role = opinion_role(self._fleet, worker)
        second = None if role is None else self._second(request, role, planned)
        if role is None or second is None:
            _tell_stage(emit, request, flow, "no second model may give its opinion now")
            return None
        _tell_stage(emit, request, flow, f"{second} says how it would go about it; its notes decide nothing")
        return await self._ask(to_compare(request, f"{request.id}.compare", role.name, second, planned.text), emit)

    def _second(self, request: Request, role: Role, planned: events.Answered) -> str | None:
        """The next on the planner's ladder, else on the opinion role's, who may be asked and did not plan."""
        open_to_all = to_compare(request, f"{request.id}.compare", role.name, None, planned.text)
        rungs = (*planned.decision.ladder, *self._explain(open_to_all).ladder)
        others = (rung.model for rung in rungs if rung.model != planned.attempt.model)
        return next((model for model in others if self._may(request, role, model)), None)

    def _may(self, request: Request, role: Role, model: str) -> bool:
        return bool(self._explain(to_compare(request, f"{request.id}.compare", role.name, model, "")).ladder)

    # --- the user's answer

    def waiting(self, plan_id: str) -> Plan:
        """Raises ValueError for a plan that does not wait."""
        plan = self._plans.get(plan_id)
        if plan is None:
            raise ValueError(f"no plan {plan_id!r} waits for approval")
        return plan

    async def approve(self, plan_id: str, emit: Emit) -> None:
        plan = self.waiting(plan_id)
        del self._plans[plan_id]
        await self._ledger.write(told_of_plan(plan, "approved", self._clock.now()))
        flow = advance(plan.flow, Happened.APPROVED)
        work = to_work(plan.request, f"{plan.request.id}.work", plan.decision.role, plan.text, plan.decision.task)
        await self._work(flow, work, emit, plan.order, of=plan.request)

    async def reject(self, plan_id: str) -> None:
        plan = self.waiting(plan_id)
        del self._plans[plan_id]
        await self._ledger.write(told_of_plan(plan, "rejected", self._clock.now()))

    def _keep(self, plan: Plan) -> None:
        self._plans[plan.id] = plan
        while len(self._plans) > _PLANS_KEPT:
            self._plans.popitem(last=False)

    # --- the specialist and the check

    async def _work(
        self, flow: Flow, request: Request, emit: Emit, order: CheckOrder | None, of: Request | None = None
    ) -> None:
        """Answer, check, and once more while the check fails; each failure counts for the next decision (GR-004)."""
        told, attempt = of or request, request
        while flow.stage is Stage.WORK:
            _tell_stage(emit, told, flow, "the specialist works" if flow.attempts == 1 else f"attempt {flow.attempts}")
            answered = await self._answer(attempt, emit)
            flow = advance(flow, Happened.FAILED if answered is None else Happened.ANSWERED)
            if answered is None or order is None or flow.stage is not Stage.CHECK:
                return
            _tell_stage(emit, told, flow, f"the check {order.argv[0]} runs")
            ended = await self._checks.run(order, self._outcomes.reply(attempt.id))
            emit(ended)
            if not ended.checked.run.started:
                return
            flow = advance(flow, Happened.PASSED if ended.checked.run.passed else Happened.NOT_PASSED)
            following = f"{request.id}.{flow.attempts}"
            attempt = to_retry(request, following, answered.text, ended.checked, answered.decision.task)

    async def _answer(self, request: Request, emit: Emit) -> events.Answered | None:
        """An answer for the user: kept for verdicts, and seen by the critic."""
        answered = await self._ask(await self._outcomes.counted(request), emit)
        if answered is not None:
            self._critic.see(self._outcomes.reply(request.id), answered.decision)
        return answered

    async def _ask(self, request: Request, emit: Emit) -> events.Answered | None:
        answers: list[events.Answered] = []

        def hear(event: events.EngineEvent) -> None:
            if isinstance(event, events.Answered):
                # Before it is told: whoever hears of the answer may judge it at once.
                self._outcomes.remember(Reply(request=request, model=event.attempt.model, text=event.text))
                answers.append(event)
            emit(event)

        await self._dispatcher.serve(request, hear)
        return answers[-1] if answers else None

    # --- the judge

    async def judge(self, reply: Reply, emit: Emit) -> None:
        """Asks the policy's judge about a reply, and ends with what is recorded of it."""
        role = judge_role(self._fleet)
        if role is None:
            await self._ruled(reply, no_verdict("GR-002", "the policy names no judge"), None, emit)
            return
        evidence = {each: readable(text) for each, text in (await self._checks.evidence_of(reply)).items()}
        request = to_judge(reply.request, self._clock.new_id(), role.name, reply.text, evidence)
        last = await self._last_word(request, emit)
        if not isinstance(last, events.Answered):
            await self._ruled(reply, _unanswered(last), None, emit)
            return
        material = "\n".join((reply.request.text, reply.text, *evidence.values()))
        ruling = await self._ruling(reply, last, role, material)
        await self._ruled(reply, ruling, last.attempt.model, emit)

    async def _last_word(self, request: Request, emit: Emit) -> events.EngineEvent:
        heard: list[events.EngineEvent] = []

        def hear(event: events.EngineEvent) -> None:
            heard[:] = [event]
            emit(event)

        await self._dispatcher.serve(request, hear)
        return heard[0]

    async def _ruling(self, reply: Reply, answered: events.Answered, role: Role, material: str) -> Ruling:
        where = next(r.locality for r in answered.decision.ladder if r.model == answered.attempt.model)
        if self._outputs is None:
            return no_verdict("GR-012", "verdicts cannot be read here")
        try:
            verdict = self._outputs.read("verdict", answered.text, material)
        except InvalidOutput as invalid:
            return no_verdict("GR-012", f"no valid verdict: {invalid}")
        failed = await self._checks.failed_last(reply)
        return rule(verdict, role=role, locality=where, material=material, failed_checks=failed)

    async def _ruled(self, reply: Reply, ruling: Ruling, judge: str | None, emit: Emit) -> None:
        line = told_of_ruling(reply.subject, ruling, judge, self._clock.now())
        if ruling.approved or ruling.failed:
            recorded = (await self._outcomes.record(reply.subject, ruling.approved, Source.JUDGE, line=line)).written
        else:
            recorded = await self._ledger.write(line)
        emit(events.Judged(request=reply.request.id, ruling=ruling, judge=judge, recorded=recorded))


def _unanswered(last: events.EngineEvent) -> Ruling:
    if isinstance(last, events.Blocked):
        code = "GR-012" if last.code == FailureKind.INVALID_OUTPUT else last.code
        return no_verdict(code, f"no judge answered: {last.why}")
    return no_verdict("GR-002", "no judge answered")


def _tell_stage(emit: Emit, request: Request, flow: Flow, text: str) -> None:
    of = len(flow.stages)
    emit(events.StageBegan(request=request.id, stage=str(flow.stage), number=flow.number, of=of, text=text))
