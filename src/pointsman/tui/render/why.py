"""A decision in full: facts with their evidence, rule, band, ladder, and every rejected model with its reason."""

from __future__ import annotations

from pointsman.core.decision import Decision
from pointsman.tui.render import figures
from pointsman.tui.render.glyphs import UNICODE, Glyphs
from pointsman.tui.render.paint import Part
from pointsman.tui.untrusted import label

Line = tuple[Part, ...]


def lines(decision: Decision, glyphs: Glyphs = UNICODE) -> tuple[Line, ...]:
    return (
        *_verdict(decision, glyphs),
        (),
        *_facts(decision),
        (),
        *_rules(decision),
        (),
        *_ladder(decision),
        (),
        *_rejected(decision),
        *_notices(decision, glyphs),
        (),
        (
            (
                f"decision {label(decision.id)}   policy {label(decision.policy)} {label(decision.policy_rev[:12])}",
                "faint",
            ),
        ),
    )


def _title(text: str) -> Line:
    return ((text, "head"),)


def _verdict(decision: Decision, glyphs: Glyphs) -> tuple[Line, ...]:
    if decision.model is None:
        return (((f"{glyphs.block} blocked  ", "bad"), (decision.blocked or "no model may do this", "")),)
    chosen = ((label(decision.model), "name"), (f" · {label(decision.endpoint or '')}", "dim"))
    return (chosen, ((decision.why(), ""),))


def _facts(decision: Decision) -> tuple[Line, ...]:
    task = decision.task
    head = (
        f"{task.kind} (confidence {task.kind_confidence:.2f})"
        f" · complexity {task.complexity}/10 · ~{task.tokens:,} tokens"
    )
    risk = ((("high risk: " + (", ".join(task.risk) or "stated"), "warn"),),) if task.high_risk else ()
    seen = tuple(
        ((f"  {entry.fact} = {entry.value}", ""), (f"   {entry.why}", "dim")) for entry in decision.task.evidence
    )
    return (_title("WHAT IT LOOKS LIKE"), ((head, ""),), *risk, *seen)


def _rules(decision: Decision) -> tuple[Line, ...]:
    usage = decision.usage
    full = f"   {label(usage.budget)} at {usage.percent}%" if usage else "   no budget binds"
    escalated: tuple[Line, ...] = (
        ((("escalated because ", "dim"), (decision.escalated, "warn")),) if decision.escalated else ()
    )
    return (
        _title("WHICH RULE"),
        ((f"{decision.rule} ", "strong"), (f"{decision.rule_why}", "dim")),
        (("role ", "dim"), (label(decision.role), ""), ("   band ", "dim"), (label(decision.band), ""), (full, "dim")),
        *escalated,
    )


def _ladder(decision: Decision) -> tuple[Line, ...]:
    rungs = tuple(
        (
            (f"  {place}. {label(rung.model)}", "strong"),
            (f" · {label(rung.endpoint)} · {rung.locality}", "dim"),
            (f"   {rung.why}", ""),
        )
        for place, rung in enumerate(decision.ladder, 1)
    )
    return (_title("LADDER, in the order they are tried"), *(rungs or ((("  nobody", "dim"),),)))


def _rejected(decision: Decision) -> tuple[Line, ...]:
    wide = max((len(label(entry.model)) for entry in decision.rejected), default=0)
    return (
        _title(f"NOT ASKED ({len(decision.rejected)})"),
        *(
            ((f"  {label(entry.model):<{wide}}  ", ""), (f"{entry.code}", "warn"), (f"  {entry.why}", "dim"))
            for entry in decision.rejected
        ),
    )


def _notices(decision: Decision, glyphs: Glyphs) -> tuple[Line, ...]:
    told: tuple[Line, ...] = tuple(
        ((f"{glyphs.up} {entry.notice}  ", "warn"), (entry.text, "")) for entry in decision.notices
    )
    retry: tuple[Line, ...] = ()
    if decision.retry_at is not None:
        retry = ((("could go again at ", "dim"), (figures.clock(decision.retry_at), "")),)
    return ((), *told, *retry) if told or retry else ()
