"""`route`: which model would answer, and why; calls no model. Pure, unless `--live` looks at the endpoints first."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import click

from pointsman.core.decision import Decision
from pointsman.core.fleet import Fleet
from pointsman.core.keywords import task_for
from pointsman.core.request import Message, Request
from pointsman.core.route import decide
from pointsman.core.similar import SimilarEvidence
from pointsman.core.snapshot import Snapshot
from pointsman.core.whatif import suppose
from pointsman.verbs import say
from pointsman.verbs.asked import asking_options, build_request, known_model, known_names
from pointsman.verbs.documents import decision_document
from pointsman.verbs.explained import explain
from pointsman.verbs.facts import facts_from_json, pairs
from pointsman.verbs.mistakes import BLOCKED, DONE, FAILED, Mistake
from pointsman.verbs.place import Place, place_options
from pointsman.verbs.run import run

_SEVERAL = ("down", "up", "busy")  # what-if keys whose values add up


@click.command("route")
@asking_options
@click.option(
    "--set", "what_if", multiple=True, metavar="K=V", help="What if: usage=92, down=ENDPOINT, local_only=true."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document instead of text.")
@click.option("--jsonl", is_flag=True, help='Read {"id","text",...facts} lines on stdin, answer one line each.')
@click.option("--live", is_flag=True, help="Look at the endpoints first, instead of assuming that all are well.")
@place_options
@click.pass_obj
def route(place: Place, /, *, what_if: tuple[str, ...], as_json: bool, jsonl: bool, live: bool, **asked: Any) -> int:
    """Say which model would answer TEXT, and why every other would not.

    Calls no model. Exit 0: a model would answer; 3: none may.
    """
    judge = _judge(place, supposed(what_if), live)
    if jsonl:
        return _answer_lines(judge, asked)
    words = asked.pop("text")
    if not words and not asked["images"]:
        raise Mistake("no prompt: give the text as arguments, - to read it from standard input, or --jsonl")
    decision = judge.decide(build_request(judge.new_id(), words, judge.fleet, **asked))
    if as_json:
        say.document(decision_document(decision))
    else:
        explain(decision)
    return DONE if decision.ladder else BLOCKED


def supposed(written: tuple[str, ...]) -> dict[str, str]:
    """The what-if settings in order; endpoints named one at a time add up."""
    settings: dict[str, str] = {}
    for key, value in pairs(written, "--set"):
        settings[key] = f"{settings[key]},{value}" if key in settings and key in _SEVERAL else value
    return settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """What decisions are made from: one picture for all of them."""

    fleet: Fleet
    snapshot: Snapshot
    new_id: Callable[[], str]
    similar: Callable[[Request], SimilarEvidence | None]

    def decide(self, request: Request) -> Decision:
        snapshot = replace(self.snapshot, similar=self.similar(request))
        return decide(self.fleet, request, task_for(self.fleet, request), snapshot)


def _judge(place: Place, what_if: Mapping[str, str], live: bool) -> Judge:
    from pointsman import wiring

    settings = place.own_settings() if live else place.settings()
    look = wiring.look_once if live else wiring.known
    snapshot = run(look(settings, state_dir=place.state_dir()))
    try:
        snapshot = suppose(snapshot, settings.fleet, what_if)
    except ValueError as wrong:
        raise Mistake(str(wrong)) from None
    similar = partial(wiring.similar, settings, state_dir=place.state_dir())
    return Judge(fleet=settings.fleet, snapshot=snapshot, new_id=wiring.new_id, similar=similar)


# --- many prompts ------------------------------------------------------------------------------------------------


def _answer_lines(judge: Judge, asked: Mapping[str, Any]) -> int:
    if asked["text"] or asked["images"]:
        raise Mistake("--jsonl reads its prompts from standard input: give no TEXT and no --image")
    wishes = {
        "pin": known_model(judge.fleet, asked["pin"]),
        "prefer": known_model(judge.fleet, asked["prefer"]),
        "allow_fallback": not asked["no_fallback"],
        "max_output": asked["max_output"],
    }
    code = DONE
    for number, written in enumerate(_lines(), start=1):
        answer = _answer_line(judge, number, written, wishes)
        say.line(answer)
        if "error" in answer:
            code = FAILED
    return code


def _lines() -> Iterator[bytes]:
    return (line for line in sys.stdin.buffer if line.strip())


def _answer_line(judge: Judge, number: int, written: bytes, wishes: Mapping[str, Any]) -> dict[str, Any]:
    line_id: object = None
    try:
        line = _object(written)
        line_id = line.get("id")
        request = _request_of(judge, number, line, wishes)
    except Mistake as wrong:
        return {"id": line_id, "line": number, "error": wrong.message}
    return decision_document(judge.decide(request), shown_id=number if line_id is None else line_id)


def _object(written: bytes) -> dict[str, Any]:
    try:
        line = json.loads(written)
    except (ValueError, RecursionError) as error:
        raise Mistake(f"not a line of JSON: {error}") from None
    if not isinstance(line, dict):
        raise Mistake("expected a JSON object")
    return line


def _request_of(judge: Judge, number: int, line: Mapping[str, Any], wishes: Mapping[str, Any]) -> Request:
    text, line_id = line.get("text"), line.get("id", number)
    if not isinstance(text, str):
        raise Mistake('expected a "text" that is a string')
    if not isinstance(line_id, str | int):
        raise Mistake('expected an "id" that is a string or a whole number')
    facts = facts_from_json({key: value for key, value in line.items() if key not in ("id", "text")})
    return Request(
        id=str(line_id),
        messages=(Message(role="user", text=text),),
        facts=known_names(judge.fleet, facts),
        **wishes,
    )
