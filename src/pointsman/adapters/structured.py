"""The structured outputs that roles emit (GR-012): their shapes, and what makes an answer one. Pydantic stays in here.

Must never mend an answer: what is not valid is reported, and the attempt failed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pointsman.ports import InvalidOutput

Line = Annotated[str, Field(min_length=1, max_length=2_000)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
MAX_CHARS = 1_000_000  # a longer answer is no plan
_SHOWN_ERRORS = 3
_FENCED = re.compile(r"\s*```(?:json)?\s*\n(.*)\n\s*```\s*", re.DOTALL | re.IGNORECASE)


class _Shape(BaseModel):
    """Strict about types; further keys are allowed and kept."""

    model_config = ConfigDict(strict=True, extra="allow")


class Step(_Shape):
    title: Line
    files: list[Line] = []


class Plan(_Shape):
    """plan.json: what is to be done, in order, and how sure the planner is (document 002 §1)."""

    goal: Line
    steps: Annotated[list[Step], Field(min_length=1)]
    risks: list[Line] = []
    confidence: Share


class Citation(_Shape):
    source: Line
    quote: Line


class Verdict(_Shape):
    """A judge's verdict, each with the evidence it rests on (document 002 §1, GR-007)."""

    verdict: Literal["approve", "revise", "reject"]
    reasons: Annotated[list[Line], Field(min_length=1)]
    evidence: Annotated[list[Citation], Field(min_length=1)]
    confidence: Share | None = None


class Cited(_Shape):
    """A synthesis whose every citation stands in the material, word for word (GR-008)."""

    answer: Annotated[str, Field(min_length=1)]
    citations: Annotated[list[Citation], Field(min_length=1)]


_SHAPES: Mapping[str, type[_Shape]] = {"plan.json": Plan, "verdict": Verdict, "cited": Cited}


class StructuredOutputs:
    """The port `Outputs` over pydantic's shapes."""

    def instruction(self, emits: str) -> str:
        return _instruction(emits)

    def read(self, emits: str, answer: str, material: str) -> Mapping[str, object]:
        if len(answer) > MAX_CHARS:
            raise InvalidOutput(f"{len(answer):,} characters, at most {MAX_CHARS:,} are read")
        fenced = _FENCED.fullmatch(answer)
        try:
            found = _SHAPES[emits].model_validate_json(fenced[1] if fenced else answer)
        except ValidationError as error:
            raise InvalidOutput(_sentence(error)) from None
        if isinstance(found, Cited):
            _check_quotes(found.citations, material)
        return found.model_dump()


@cache
def _instruction(emits: str) -> str:
    schema = json.dumps(_SHAPES[emits].model_json_schema(), separators=(",", ":"), ensure_ascii=True)
    quoted = " Quote word for word from the material in this conversation." if emits == "cited" else ""
    return f"Answer with one JSON object and nothing else. It must be valid for this JSON Schema:\n{schema}{quoted}"


def _sentence(error: ValidationError) -> str:
    """Where it is wrong and why; never what was written there, which may be anything."""
    errors = error.errors(include_url=False, include_context=False, include_input=False)
    told = [f"{'.'.join(map(str, one['loc'])) or 'answer'}: {one['msg']}" for one in errors[:_SHOWN_ERRORS]]
    more = len(errors) - len(told)
    return "; ".join(told) + (f"; and {more} more" if more else "")


def _check_quotes(citations: list[Citation], material: str) -> None:
    there = _words(material)
    for number, citation in enumerate(citations, start=1):
        quote = _words(citation.quote)
        if not quote or quote not in there:
            raise InvalidOutput(f"citation {number} is not in the material (GR-008)")


def _words(text: str) -> str:
    """Without regard to case and line breaks, which quoting changes."""
    return " ".join(text.casefold().split())
