"""Routing: which models may do a task, in which order, and why every other one may not. Pure.

The law: ladder + rejected = every model of the fleet, each rejection with a rule code and a sentence.
`docs/policy.md` says in which order the parts of a policy take precedence; CHECKS below is that order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from pointsman.core.chain import Chain, plan_chain
from pointsman.core.conditions import FactValue, all_hold, describe
from pointsman.core.decision import Decision, Rejection, Rung, Told
from pointsman.core.fleet import Band, Budget, BudgetUnit, Endpoint, Fleet, Locality, Model, Role, Route
from pointsman.core.guardrails import needs_judge, told_of_judge
from pointsman.core.health import Health, HealthState
from pointsman.core.memory import asleep, cannot_fit
from pointsman.core.prices import worst_of
from pointsman.core.request import Request, Task
from pointsman.core.rules import Code, Notice
from pointsman.core.served import is_missing
from pointsman.core.snapshot import EndpointStatus, Snapshot
from pointsman.core.usage import NORMAL, Usage, band_of, covers, fullest

DEFAULT_MAX_OUTPUT = 4096  # tokens reserved where neither request, role nor model says
# Rejections that time or a restart may mend: the only ones a last resort may try all the same.
_TRANSIENT = frozenset({Code.DOWN, Code.COOLING, Code.SATURATED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """All that the checks look at, gathered once per decision."""

    fleet: Fleet
    request: Request
    task: Task
    facts: Mapping[str, FactValue]
    snapshot: Snapshot
    role: Role
    chain: Chain

    def endpoint(self, model: Model) -> Endpoint:
        return self.fleet.endpoints[model.endpoint]

    def health(self, model: Model) -> Health:
        return self.snapshot.health.get(model.endpoint, Health())

    def status(self, model: Model) -> EndpointStatus | None:
        return self.snapshot.status.get(model.endpoint)

    def locality(self, model: Model) -> Locality:
        """Where it computes; an endpoint that says it relays the model makes it a cloud model (trap T1)."""
        status = self.status(model)
        if status is not None and model.id in status.relays:
            return Locality.CLOUD
        return self.fleet.locality_of(model)

    def budgets(self, model: Model) -> tuple[Budget, ...]:
        return applicable_budgets(self.fleet, model, self.locality(model))

    def usage(self, model: Model) -> Usage | None:
        """The fullest budget that a call of this model counts against."""
        seen = (self.snapshot.usage.get(budget.name) for budget in self.budgets(model))
        return fullest(usage for usage in seen if usage is not None)

    def band(self, model: Model) -> Band:
        return band_of(self.usage(model), self.fleet.bands)

    def exempt(self, band: Band) -> bool:
        return bool(band.unless) and all_hold(band.unless, self.facts)

    def context(self, model: Model) -> int | None:
        """The live figure where the server tells one and it is smaller than the card's (scenarios.md E5)."""
        status = self.status(model)
        live = status.contexts.get(model.id) if status is not None else None
        known = [figure for figure in (live, model.context) if figure is not None]
        return min(known, default=None)

    def max_output(self, model: Model) -> int:
        stated = [n for n in (self.request.max_output, self.role.max_output, model.max_output) if n is not None]
        wanted = min(stated) if stated else DEFAULT_MAX_OUTPUT
        if self.request.max_output is None and self.role.max_output is None:
            wanted = min(wanted, DEFAULT_MAX_OUTPUT)
        context = self.context(model)
        return wanted if context is None else max(1, min(wanted, context - self.task.tokens))


def applicable_budgets(fleet: Fleet, model: Model, locality: Locality) -> tuple[Budget, ...]:
    endpoint = fleet.endpoints[model.endpoint]
    return tuple(budget for budget in fleet.budgets if covers(budget, model, endpoint, locality))


def decide(fleet: Fleet, request: Request, task: Task, snapshot: Snapshot, decision_id: str = "") -> Decision:
    """The decision for this task in this situation. Same arguments, same decision."""
    facts = task.facts()
    role, route = _role_for(fleet, task, facts)
    chain = plan_chain(fleet, request, task, facts, role, snapshot)
    here = Situation(fleet=fleet, request=request, task=task, facts=facts, snapshot=snapshot, role=role, chain=chain)
    ladder, rejected = _sort_out(here)
    ladder = _cheaper_first(here, ladder)
    ladder, rejected, resort = _last_resort(here, ladder, rejected)
    binding, band = _binding(here)
    blocked, retry_at = _blocked(here, ladder, rejected)
    return Decision(
        id=decision_id or request.id,
        policy=fleet.policy,
        policy_rev=fleet.revision,
        request=request.id,
        task=task,
        role=role.name,
        rule=route.name,
        rule_why=route.why or describe(route.when),
        band=band.name,
        usage=binding,
        ladder=ladder,
        rejected=rejected,
        notices=(
            *chain.notices,
            *resort,
            *_notices(here, ladder, rejected),
            *told_of_judge(fleet, task, role, snapshot),
        ),
        default_model=role.primary,
        escalated=chain.escalated,
        blocked=blocked,
        retry_at=retry_at,
        workflow=route.workflow,
        judge_required=needs_judge(fleet, task, role),
    )


# --- which role --------------------------------------------------------------------------------------------------


def _role_for(fleet: Fleet, task: Task, facts: Mapping[str, FactValue]) -> tuple[Role, Route]:
    if task.role is not None and task.role in fleet.roles:
        asked = Route(name="stated-role", role=task.role, why=f"the caller asked for role {task.role}")
        return fleet.roles[task.role], asked
    otherwise = Route(name="default-role", role=fleet.default_role, why="no route matched")
    route = next((route for route in fleet.routes if all_hold(route.when, facts)), otherwise)
    return fleet.roles[route.role], route


# --- the checks, in order of precedence --------------------------------------------------------------------------

Verdict = tuple[Code, str] | tuple[Code, str, float | None] | None
Check = Callable[[Situation, Model], Verdict]


def _retired(here: Situation, model: Model) -> Verdict:
    gone = model.retired or here.endpoint(model).retired
    return (Code.RETIRED, f"{model.name} is retired: {gone}") if gone else None


def _not_in_chain(here: Situation, model: Model) -> Verdict:
    if model.name in here.chain.order:
        return None
    chain, role = here.chain, here.role
    if chain.exclusive is not None:
        return chain.exclusive[0], chain.exclusive[1]
    if model.name in role.escalate_to:
        return Code.ESCALATION_ONLY, f"{model.name} takes {role.name} work only after escalation, and no trigger holds"
    if role.handled_by is not None:
        return Code.EXTERNAL, f"{role.name} is done by {role.handled_by}, not by a language model"
    return Code.ROLE, f"{model.name} is not among the models of role {role.name}"


def _role_locality(here: Situation, model: Model) -> Verdict:
    where = here.locality(model)
    if here.role.cloud_only and where is not Locality.CLOUD:
        return Code.LOCALITY, f"role {here.role.name} is cloud-only and {model.name} is local"
    if here.role.local_only and where is not Locality.LOCAL:
        return Code.LOCALITY, f"role {here.role.name} is local-only and {model.name} is in the cloud"
    if here.task.user_wants == "local" and where is not Locality.LOCAL:
        return Code.LOCALITY, f"a local model was asked for and {model.name} is in the cloud"
    return None


def _local_only(here: Situation, model: Model) -> Verdict:
    if here.snapshot.cloud_forbidden and here.locality(model) is Locality.CLOUD:
        return Code.LOCAL_ONLY, f"local_only is on and {model.name} computes in the cloud"
    return None


def _high_risk(here: Situation, model: Model) -> Verdict:
    guarded = here.role.cloud_for_high_risk and here.task.high_risk
    if guarded and here.locality(model) is Locality.LOCAL:
        triggers = ", ".join(here.task.risk) or "stated by the caller"
        return Code.HIGH_RISK, f"high-risk work ({triggers}) is not left to a local model"
    return None


def _capability(here: Situation, model: Model) -> Verdict:
    needed = here.role.needs | ({"vision"} if here.task.images else frozenset())
    missing = sorted(needed - model.capabilities)
    return (Code.CAPABILITY, f"{model.name} cannot do {' and '.join(missing)}") if missing else None


def _context(here: Situation, model: Model) -> Verdict:
    window = here.context(model)
    if window is not None and here.task.tokens >= window:
        return Code.CONTEXT, f"about {here.task.tokens:,} tokens do not fit {model.name}'s window of {window:,}"
    return None


def _band(here: Situation, model: Model) -> Verdict:
    usage = here.usage(model)
    reached = [band for band in here.fleet.bands if usage is not None and usage.reached(band.at)]
    for band in reversed(reached):  # the present band is named rather than one passed long ago
        shut = model.tier in band.reject or band.reject_locality is here.locality(model)
        if usage is not None and shut and not here.exempt(band):
            return Code.BAND, f"{usage.budget} is at {usage.percent} %: band {band.name} closes {model.name}"
    return None


def _price(here: Situation, model: Model) -> Verdict:
    if here.locality(model) is Locality.LOCAL:
        return None
    if model.price_in is None or model.price_out is None:
        return Code.PRICE_UNKNOWN, f"the price of {model.name} is unknown, and unknown is not free"
    return None


def _budget(here: Situation, model: Model) -> Verdict:
    for budget in here.budgets(model):
        usage = here.snapshot.usage.get(budget.name)
        wanted = worst_case(budget.unit, model, here.task.tokens, here.max_output(model))
        if usage is None or wanted is None or usage.used + wanted <= usage.limit:
            continue
        left = max(usage.limit - usage.used, 0)
        figures = f"worst case {_amount(budget.unit, wanted)}, left {_amount(budget.unit, left)}"
        return Code.BUDGET, f"the call does not fit budget {budget.name}: {figures}", usage.resets_at
    return None


def _audit(here: Situation, model: Model) -> Verdict:
    if not here.snapshot.audit_writable and here.locality(model) is Locality.CLOUD:
        return Code.AUDIT, "the audit cannot be written, so nothing leaves this machine"
    return None


def _misconfigured(here: Situation, model: Model) -> Verdict:
    health, endpoint = here.health(model), here.endpoint(model)
    if health.state is HealthState.RETIRED:
        return Code.RETIRED, f"{endpoint.name} says {model.name} is gone: {health.reason}"
    if health.state is HealthState.MISCONFIGURED:
        return Code.MISCONFIGURED, f"{endpoint.name} is misconfigured: {health.reason}"
    return None


def _missing(here: Situation, model: Model) -> Verdict:
    if is_missing(here.fleet, model, here.status(model)):
        return Code.MISSING, f"{model.endpoint} does not have {model.id}"
    return None


def _rate_limited(here: Situation, model: Model) -> Verdict:
    health, now = here.health(model), here.snapshot.now
    if health.state is HealthState.RATE_LIMITED and not health.callable(now):
        left = max((health.until or now) - now, 0.0)
        return Code.RATE_LIMITED, f"{model.endpoint} is rate-limited for another {left:.0f} s", health.until
    return None


def _down(here: Situation, model: Model) -> Verdict:
    health, now = here.health(model), here.snapshot.now
    # A sleeping member of an exclusive group is woken by the request itself.
    if health.callable(now) or asleep(here.fleet, here.snapshot, model.endpoint):
        return None
    retry_at = health.breaker.retry_at
    if retry_at is not None and retry_at > now:
        return Code.COOLING, f"{model.endpoint} is cooling down for {retry_at - now:.0f} s: {health.reason}", retry_at
    return Code.DOWN, f"{model.endpoint} is down: {health.reason}", None


def _vram(here: Situation, model: Model) -> Verdict:
    why = cannot_fit(here.fleet, here.snapshot, model)
    return (Code.VRAM, why) if why is not None else None


def _saturated(here: Situation, model: Model) -> Verdict:
    """By its queue where the server tells it; one that does not is saturated once every slot is busy (000 §5)."""
    limit, status = here.fleet.queue_limit, here.status(model)
    if limit is None or status is None:
        return None
    if status.waiting is not None:
        full = status.waiting >= limit
        return (
            (Code.SATURATED, f"{model.endpoint} has {status.waiting} requests waiting (limit {limit})")
            if full
            else None
        )
    if status.slots is None or status.running is None or status.running < max(status.slots, 1):
        return None
    return Code.SATURATED, f"all {status.slots} slots of {model.endpoint} are busy, and it does not tell its queue"


CHECKS: tuple[Check, ...] = (
    _retired,
    _not_in_chain,
    _role_locality,
    _local_only,
    _high_risk,
    _capability,
    _context,
    _band,
    _price,
    _budget,
    _audit,
    _misconfigured,
    _missing,
    _rate_limited,
    _down,
    _vram,
    _saturated,
)


def _judge(here: Situation, model: Model) -> Rejection | None:
    for check in CHECKS:
        verdict = check(here, model)
        if verdict is not None:
            code, why, *rest = verdict
            return Rejection(model=model.name, code=code, why=why, retry_at=rest[0] if rest else None)
    return None


def _sort_out(here: Situation) -> tuple[tuple[Rung, ...], tuple[Rejection, ...]]:
    rejections = {name: _judge(here, model) for name, model in here.fleet.models.items()}
    order = [name for name in here.chain.order if rejections[name] is None]
    ladder = tuple(_rung(here, name, here.chain.order[name]) for name in order)
    return ladder, tuple(rejection for rejection in rejections.values() if rejection is not None)


def _rung(here: Situation, name: str, why: str) -> Rung:
    model = here.fleet.models[name]
    wanted, allowed = here.request.max_output, here.max_output(model)
    if wanted is not None and allowed < wanted:
        why += f"; at most {allowed:,} tokens of output instead of {wanted:,}"
    return Rung(
        model=name,
        endpoint=model.endpoint,
        locality=here.locality(model),
        why=why,
        context=here.context(model),
        max_output=allowed,
    )


# --- order, last resort, notices ---------------------------------------------------------------------------------


def _cheaper_first(here: Situation, ladder: tuple[Rung, ...]) -> tuple[Rung, ...]:
    """In a band that prefers cheaper models the cloud rungs change places among themselves; local ones keep theirs.

    High-risk work keeps its order: risk may raise a choice and never lowers it, so it is not traded for price.
    """
    if here.task.high_risk:
        return ladder
    models = here.fleet.models
    cloud = [rung for rung in ladder if rung.locality is Locality.CLOUD]
    if not any(here.band(models[rung.model]).prefer_cheaper for rung in cloud) or here.chain.exclusive is not None:
        return ladder
    if here.exempt(max((here.band(models[rung.model]) for rung in cloud), key=lambda band: band.at)):
        return ladder
    ranked = sorted(cloud, key=lambda rung: _price_rank(models[rung.model]))
    cheaper = iter(
        rung if rung is old else replace(rung, why=f"{rung.why}; cheaper first in this band")
        for rung, old in zip(ranked, cloud, strict=True)
    )
    return tuple(next(cheaper) if rung.locality is Locality.CLOUD else rung for rung in ladder)


def _price_rank(model: Model) -> int:
    return (model.price_in or 0) * 3 + (model.price_out or 0)


def _last_resort(
    here: Situation, ladder: tuple[Rung, ...], rejected: tuple[Rejection, ...]
) -> tuple[tuple[Rung, ...], tuple[Rejection, ...], tuple[Told, ...]]:
    """Nothing is left but models of endpoints that are down: the one ejected longest ago is tried once, audibly."""
    candidates = [r for r in rejected if r.code in _TRANSIENT]
    if ladder or not candidates:
        return ladder, rejected, ()
    chosen = min(candidates, key=lambda r: _ejected_at(here, r))
    why = f"{here.chain.order[chosen.model]}; nothing else is left ({chosen.why})"
    told = Told(notice=Notice.TRIAL, text=f"only {chosen.model} is left and it is not well: trying it once")
    kept = tuple(r for r in rejected if r is not chosen)
    return (_rung(here, chosen.model, why),), kept, (told,)


def _ejected_at(here: Situation, rejection: Rejection) -> tuple[bool, float]:
    model = here.fleet.models[rejection.model]
    return here.locality(model) is not Locality.LOCAL, here.health(model).since


def _binding(here: Situation) -> tuple[Usage | None, Band]:
    """The fullest budget among those of the role's own models, and its band."""
    usages = [here.usage(here.fleet.models[name]) for name in here.chain.order]
    binding = fullest(usage for usage in usages if usage is not None)
    return binding, band_of(binding, here.fleet.bands) if binding is not None else NORMAL


def _blocked(
    here: Situation, ladder: tuple[Rung, ...], rejected: tuple[Rejection, ...]
) -> tuple[str | None, float | None]:
    if ladder:
        return None, None
    if here.role.handled_by is not None:
        return f"{here.role.name} is done by {here.role.handled_by}, not by a language model ({Code.EXTERNAL})", None
    own = [r for r in rejected if r.model in here.chain.order] or list(rejected)
    waits = [r.retry_at for r in own if r.retry_at is not None]
    reasons = "; ".join(dict.fromkeys(f"{r.why} ({r.code})" for r in own)) or "the role has no models"
    return f"no model may do this {here.task.kind} task: {reasons}", min(waits, default=None)


def _notices(here: Situation, ladder: tuple[Rung, ...], rejected: tuple[Rejection, ...]) -> tuple[Told, ...]:
    """A pick other than the one the chain would take with everything free and well is always told."""
    if not ladder or not here.chain.order:
        return ()
    wanted = next(iter(here.chain.order))
    if ladder[0].model == wanted:
        return ()
    reason = next((r.why for r in rejected if r.model == wanted), "a cheaper model is preferred in this band")
    return (Told(notice=Notice.STEP_DOWN, text=f"{wanted} → {ladder[0].model}: {reason}"),)


# --- money -------------------------------------------------------------------------------------------------------


def worst_case(unit: BudgetUnit, model: Model, input_tokens: int, max_output: int) -> int | None:
    """What a call may use at worst, in the budget's unit; None if the price is unknown."""
    if unit is BudgetUnit.REQUESTS:
        return 1
    if unit is BudgetUnit.TOKENS:
        return input_tokens + max_output
    return worst_of(model, input_tokens=input_tokens, max_output=max_output)


def _amount(unit: BudgetUnit, figure: int) -> str:
    return f"${figure / 1e9:.4f}" if unit is BudgetUnit.NANO_USD else f"{figure:,} {unit}"
