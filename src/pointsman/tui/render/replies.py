"""The lines around a reply: who answers, how fast, at what cost, and why."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from pointsman.core.chats import ChatTurn
from pointsman.core.outcome import Attempt, Completed
from pointsman.core.rules import Notice
from pointsman.engine.events import CheckEnded, Judged, StageBegan, Switched
from pointsman.tui.conversation import After, Phase, Turn, Verdict
from pointsman.tui.render import figures
from pointsman.tui.render.glyphs import UNICODE, Glyphs
from pointsman.tui.render.hints import hint
from pointsman.tui.render.paint import Part
from pointsman.tui.slash import COMMANDS
from pointsman.tui.untrusted import label

Line = tuple[Part, ...]
_TAIL = 6  # lines of a failed check's output that are shown


def _stops() -> Line:
    return hint("esc", "stops", "app.step_back")


def head(turn: Turn, glyphs: Glyphs = UNICODE) -> Line:
    """The headline of a reply in its present phase."""
    return _HEADS[turn.phase](turn, glyphs)


def why(turn: Turn, glyphs: Glyphs = UNICODE) -> Line:
    """One line of why; empty until the decision is there."""
    if turn.decision is None and turn.kept is not None and turn.kept.why:
        return (("why ", "head"), (turn.kept.why, "dim"))
    if turn.decision is None or turn.phase is Phase.BLOCKED:
        return ()
    planned = turn.decision.model
    text = turn.decision.why()
    if planned and turn.model and turn.model != planned:
        text = f"{text} {glyphs.arrow} {label(turn.model)} answered instead"
    return (*hint("w", "why", "app.why"), (f" {text}", "dim"))


def told(turn: Turn, glyphs: Glyphs = UNICODE) -> tuple[Line, ...]:
    """What the user must be told about the decision: above all which model was passed over, and for what reason."""
    if turn.decision is None or turn.phase is Phase.BLOCKED:
        return ()
    marks = {Notice.STEP_DOWN: glyphs.down, Notice.STEP_UP: glyphs.up}
    return tuple(
        ((f"{marks.get(each.notice, glyphs.change)} {each.notice}  ", "warn"), (each.text, ""))
        for each in turn.decision.notices
    )


def divider(switch: Switched, glyphs: Glyphs = UNICODE) -> Line:
    text = f"{label(switch.from_model)} {glyphs.arrow} {label(switch.to_model)}"
    return (
        (f"{glyphs.down} switched  ", "warn"),
        (text, "strong"),
        (f"   {switch.kind}: {switch.why}, {figures.span(switch.seconds)}", "dim"),
    )


def fragment(model: str, text: str, shown: bool, glyphs: Glyphs = UNICODE) -> Line:
    hint = "enter hides" if shown else "enter shows"
    return (
        (f"{glyphs.bad} cut ", "bad"),
        (f"{len(text):,} characters of {label(model)} {glyphs.dot} {hint}", "dim"),
    )


def _who(model: str, endpoint: str) -> Line:
    return ((label(model), "name"), (f" · {label(endpoint)}", "dim"))


def _routing(_: Turn, glyphs: Glyphs) -> Line:
    return ((f"{glyphs.partial} choosing a model", "dim"),)


def _live(turn: Turn, glyphs: Glyphs) -> Line:
    if turn.rung is None:
        return _routing(turn, glyphs)
    doing = f"streaming, {len(turn.text):,} characters" if turn.text else "waiting for the first token"
    if turn.reasoning and not turn.text:
        doing = f"thinking, {turn.reasoning:,} characters"
    return (
        (f"{glyphs.restart} ", "accent"),
        *_who(turn.rung.model, turn.rung.endpoint),
        (f"   {doing}   ", "dim"),
        *_stops(),
    )


def _waiting(turn: Turn, glyphs: Glyphs) -> Line:
    if turn.waiting is None:
        return _routing(turn, glyphs)
    done = "" if turn.waiting.done is None else f", {turn.waiting.done * 100:.0f}% done"
    text = f"{glyphs.partial} waiting {figures.span(turn.waiting.seconds)}: {turn.waiting.why}{done}   "
    return ((text, "warn"), *_stops())


def _answered(turn: Turn, glyphs: Glyphs) -> Line:
    if turn.attempt is not None:
        return measured(turn.attempt, glyphs)
    return _routing(turn, glyphs) if turn.kept is None else _remembered(turn.kept)


def _remembered(kept: ChatTurn) -> Line:
    """Who answered in an earlier run, where nothing more can be read."""
    cost = "cost n/a" if kept.cost is None else figures.money(kept.cost)
    return (*_who(kept.model or "nobody", kept.endpoint or "unknown"), (f" · {cost}", "dim"))


def measured(attempt: Attempt, glyphs: Glyphs = UNICODE) -> Line:
    """model · endpoint · time to first token · tokens/s · cost · tokens."""
    done = attempt.outcome
    cost = figures.money(attempt.cost) if attempt.cost is not None else "cost n/a"
    if not isinstance(done, Completed):
        return (*_who(attempt.model, attempt.endpoint), (f" · {cost}", "dim"))
    about = "~" if done.usage.estimated else ""
    measures = (
        f" · TTFT {figures.span(done.first_token_s)} · {figures.rate(done.tokens_per_s)} tok/s · {cost}"
        f" · {about}{figures.compact(done.usage.input)}{glyphs.arrow}{figures.compact(done.usage.output)} tok"
    )
    odd = "" if done.finish_reason == "stop" else f" · ended: {done.finish_reason}"
    return (*_who(attempt.model, attempt.endpoint), (measures, "dim"), (odd, "warn"))


def _stopped(turn: Turn, glyphs: Glyphs) -> Line:
    who = _who(turn.rung.model, turn.rung.endpoint) if turn.rung else ()
    cost = "" if turn.attempt is None or turn.attempt.cost is None else f" · {figures.money(turn.attempt.cost)}"
    return (*who, (f"  {glyphs.off} stopped", "warn"), (cost, "dim"))


def _blocked(turn: Turn, glyphs: Glyphs) -> Line:
    if turn.blocked is None:
        return ()
    what = "BLOCKED by policy" if turn.blocked.by_policy else "NO ANSWER"
    return ((f"{glyphs.block} {what} ", "bad"), (f"[{turn.blocked.code}]", "strong"), (f" {turn.blocked.why}", ""))


def offer(turn: Turn) -> Line:
    """What a blocked turn offers on one key."""
    if turn.blocked is None:
        return ()
    explains = hint("w", "explains", "app.why")
    if turn.blocked.offer is None:
        return explains
    return (*hint("ctrl+n", f"asks {label(turn.blocked.offer)} instead", "app.next_model"), ("   ", ""), *explains)


def plan_offer(turn: Turn) -> Line:
    """What can be done with a plan, on one key each."""
    if not turn.waits_for_ruling:
        return ()
    return (
        *hint("f8", "approves and lets the specialist work", "app.rule_plan(True)"),
        ("   ", ""),
        *hint("f9", "rejects", "app.rule_plan(False)"),
    )


def stage(begun: StageBegan) -> Line:
    return ((f"{begun.number}/{begun.of} {label(begun.stage)}  ", "accent"), (begun.text, "dim"))


def after(turn: Turn, glyphs: Glyphs = UNICODE) -> tuple[Line, ...]:
    """Checks, verdicts and notes about the answer, in the order in which they came."""
    drawn: list[Line] = []
    for found in turn.after:
        drawn += _found(found, glyphs)
    return tuple(drawn)


def _found(found: After, glyphs: Glyphs) -> tuple[Line, ...]:
    if isinstance(found, Verdict):
        return (_verdict(found, glyphs),)
    if isinstance(found, CheckEnded):
        return _check(found, glyphs)
    if isinstance(found, Judged):
        return _judged(found, glyphs)
    who = label(found.by) if found.by else "the critic"
    if found.problem is not None:
        return (((f"{glyphs.dot} no notes of {who}: {found.problem}", "dim"),),)
    return (
        ((f"{glyphs.dot} {who} notes, and decides nothing:", "head"),),
        *(((f"  {line}", "dim"),) for line in found.text.split("\n")),
    )


def _verdict(found: Verdict, glyphs: Glyphs) -> Line:
    glyph, tone, said = (glyphs.up, "good", "it helped") if found.good else (glyphs.down, "bad", "it did not help")
    more = "" if found.good or found.failed < 2 else f"; {found.failed} failed in a row: the next attempt escalates"
    return ((f"{glyph} ", tone), (f"you: {said}{more}", ""))


def _check(found: CheckEnded, glyphs: Glyphs) -> tuple[Line, ...]:
    run = found.checked.run
    good = run.passed
    glyph, tone = (glyphs.good, "good") if good else (glyphs.bad, "bad")
    command = shlex.join(found.checked.order.argv)
    kept = f"evidence {found.checked.evidence}" if found.checked.evidence else f"no evidence: {found.checked.lost}"
    more = f"   {found.failed} failed in a row: the next attempt escalates" if found.failed >= 2 else ""
    tail = () if good else tuple(((f"  {line}", "dim"),) for line in run.output.strip().split("\n")[-_TAIL:] if line)
    return (
        (
            (f"{glyph} check {'passed' if good else 'failed'} ", tone),
            (f"{command}  {run.ending()}, {run.seconds:.1f} s", ""),
        ),
        ((f"  {kept} {glyphs.dot} {run.guarantee}{more}", "dim"),),
        *tail,
    )


def _judged(found: Judged, glyphs: Glyphs) -> tuple[Line, ...]:
    ruling = found.ruling
    glyph, tone = (
        (glyphs.good, "good") if ruling.approved else (glyphs.bad, "bad") if ruling.failed else (glyphs.off, "warn")
    )
    word = "approved" if ruling.approved else "not approved"
    code = f" [{ruling.code}]" if ruling.code else ""
    unwritten = "" if found.recorded else "   the audit could not be written: it does not count"
    return (
        (
            (f"{glyph} {word} ", tone),
            (f"by {label(found.judge or 'nobody')}{code}: {ruling.why}", ""),
            (unwritten, "bad"),
        ),
        *(((f"  {reason}", "dim"),) for reason in ruling.reasons),
        *(((f"  {entry.source}: ", "head"), (f"“{entry.quote}”", "dim")) for entry in ruling.evidence),
    )


def _planned(turn: Turn, glyphs: Glyphs) -> Line:
    if turn.plan is None:
        return ()
    opinion = f", with notes of {label(turn.plan.opinion_by)}" if turn.plan.opinion_by else ""
    state = {None: "waits for you", True: "was approved", False: "was rejected"}[turn.ruled]
    glyph, tone = (glyphs.partial, "warn") if turn.ruled is None else (glyphs.good, "dim")
    return ((f"{glyph} a plan of ", tone), (label(turn.plan.planner), "name"), (f"{opinion} {state}", ""))


def completions(found: Sequence[str], written: str) -> Line:
    """What Tab would make of it, and what else it could be."""
    if not found:
        return ()
    others = "  ".join(label(each.partition(" ")[2] or each) for each in found[1:])
    sentence = COMMANDS.get(found[0], "") if len(found) == 1 or found[0] == written else ""
    return (*hint("tab", label(found[0]), "press('complete')"), (f"   {others or sentence}", "dim"))


def _broken(turn: Turn, glyphs: Glyphs) -> Line:
    return ((f"{glyphs.bad} the request failed inside Pointsman: ", "bad"), (turn.problem, ""))


_HEADS: Mapping[Phase, Callable[[Turn, Glyphs], Line]] = MappingProxyType(
    {
        Phase.ROUTING: _routing,
        Phase.CALLING: _live,
        Phase.WAITING: _waiting,
        Phase.STREAMING: _live,
        Phase.ANSWERED: _answered,
        Phase.STOPPED: _stopped,
        Phase.BLOCKED: _blocked,
        Phase.BROKEN: _broken,
        Phase.PLANNED: _planned,
    }
)
