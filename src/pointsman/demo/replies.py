"""What a simulated model says: who speaks, that it is simulated, and what was asked. A pure function of the prompt.

Never pretends to answer: it shows the shape of an answer (Markdown, a list, a code block) and nothing more.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from pointsman.demo.schemas import instance, schema_in

_PIECE = re.compile(r"\s*\S{1,7}")
_WORD = re.compile(r"[a-z]{3,}")
_QUOTE = 80  # characters of the prompt that are repeated

_KINDS = (
    ("vision", re.compile(r"\b(image|screenshot|picture|photo|ocr)\b")),
    ("background", re.compile(r"\b(summari[sz]e|translate|rewrite|shorten|format|extract)\b")),
    ("coding", re.compile(r"\b(code|function|bug|debug|refactor|implement|class|compile|regex|script|test|tests)\b")),
    ("reasoning", re.compile(r"\b(why|prove|analy[sz]e|compare|explain|logic|plan|design|decide)\b")),
)
_LANGUAGES = (
    ("rust", re.compile(r"\b(rust|cargo)\b"), "fn {name}(input: &str) -> String {{\n    input.to_owned()\n}}"),
    ("go", re.compile(r"\b(go|golang)\b"), "func {name}(input string) string {{\n\treturn input\n}}"),
    ("typescript", re.compile(r"\b(typescript|javascript|ts|js)\b"), "const {name} = (input: string) => input;"),
    ("sql", re.compile(r"\b(sql|postgres|sqlite)\b"), "SELECT '{name}' AS simulated;"),
)
_PYTHON = 'def {name}(value: str) -> str:\n    """Shows the shape of an answer, solves nothing."""\n    return value'
_FILLER = frozenset(
    "the and for with that this from into please write make give can you function class code "
    "rust golang typescript javascript python sql".split()
)

_OPENINGS = (
    "A real model would take the question apart first:",
    "Here a real model would go step by step:",
    "This is the shape the answer would have:",
)
_POINTS = {
    "coding": (
        "read the code that calls it, so that nothing else breaks",
        "write the failing test before the change",
        "keep the change small enough to be reviewed in one sitting",
        "run the whole suite, then look at the timing",
    ),
    "reasoning": (
        "state what is known, and what is only assumed",
        "name the strongest reason against the obvious answer",
        "follow each assumption to a consequence that can be checked",
        "weigh the cost of being wrong in either direction",
        "give the conclusion with how sure it is",
    ),
    "background": ("keep the names and the numbers", "drop what is said twice"),
    "vision": ("describe what is seen before saying what it means", "read the text in the picture word by word"),
    "general": (
        "say the answer in one sentence",
        "give the one example that makes it plain",
        "point to where the details are",
    ),
}
_THOUGHTS = (
    "The request has to be understood before it is answered.",
    "This is simulated thinking: no weights, no insight.",
    "What matters is who speaks and what was asked, so that goes first.",
    "A list keeps it readable on a narrow screen.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer in the pieces in which it is sent; one piece counts as one token."""

    text: tuple[str, ...]
    reasoning: tuple[str, ...] = ()
    finish: str = "stop"  # or "length", when it was cut to the allowed number of tokens

    @property
    def tokens(self) -> int:
        return len(self.text) + len(self.reasoning)

    def at_most(self, tokens: int | None) -> Said:
        """As much of it as fits; reasoning counts and comes first."""
        if tokens is None or self.tokens <= tokens:
            return self
        reasoning = self.reasoning[:tokens]
        return Said(text=self.text[: tokens - len(reasoning)], reasoning=reasoning, finish="length")


def count_tokens(text: str) -> int:
    """A tokenizer's rough figure: four bytes of UTF-8 a token, at least one for any text."""
    return math.ceil(len(text.encode()) / 4)


def draw(*seed: str) -> float:
    """A figure in 0..1 that depends on the seed and nothing else."""
    digest = hashlib.sha256("\0".join(seed).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def compose(
    name: str, model_id: str, prompt: str, *, system: str = "", images: int = 0, reasoning: bool = False
) -> Said:
    """The answer of model `name` to `prompt`, the same every time. A JSON Schema in the system message is obeyed."""
    schema = schema_in(system)
    text = instance(schema, prompt) if schema is not None else _prose(name, model_id, prompt, images)
    thoughts = _pick(_THOUGHTS, 3, "thought", model_id, prompt) if reasoning else ()
    return Said(text=pieces(text), reasoning=pieces(" ".join(thoughts)))


def _prose(name: str, model_id: str, prompt: str, images: int) -> str:
    kind = kind_of(prompt, images)
    parts = [_introduction(name, model_id, prompt), _images(images), _body(kind, prompt)]
    if kind == "coding":
        parts.append(_code(prompt))
    return "\n\n".join(part for part in parts if part)


def kind_of(prompt: str, images: int = 0) -> str:
    """Which kind of answer to imitate; decides its length and shape, no more."""
    if images:
        return "vision"
    lowered = prompt.lower()
    return next((kind for kind, words in _KINDS if words.search(lowered)), "general")


def pieces(text: str) -> tuple[str, ...]:
    """The text in token-sized pieces, which joined give it back (without white space at its end)."""
    return tuple(_PIECE.findall(text))


def quote(prompt: str) -> str:
    """The prompt's beginning on one line, without control characters."""
    line = " ".join("".join(c if c.isprintable() else " " for c in prompt[: _QUOTE * 4]).split())
    return line if len(line) <= _QUOTE else line[: _QUOTE - 1].rstrip() + "…"


def _introduction(name: str, model_id: str, prompt: str) -> str:
    asked = quote(prompt)
    said = f"You asked: “{asked}”" if asked else "You asked nothing."
    return f"**{name}** (`{model_id}`) speaking. This answer is *simulated*: no model was run.\n\n> {said}"


def _images(count: int) -> str:
    if not count:
        return ""
    return (
        f"{count} image{'s' if count > 1 else ''} came with it, and nobody looked at {'them' if count > 1 else 'it'}."
    )


def _body(kind: str, prompt: str) -> str:
    points = _POINTS[kind]
    opening = _pick(_OPENINGS, 1, "opening", prompt)[0]
    if kind == "reasoning":
        return "\n".join([opening, "", *(f"{number}. {point}" for number, point in enumerate(points, 1))])
    chosen = _pick(points, 3, "points", prompt)
    return "\n".join([opening, "", *(f"- {point}" for point in chosen)])


def _code(prompt: str) -> str:
    lowered = prompt.lower()
    language, template = next(
        ((language, template) for language, words, template in _LANGUAGES if words.search(lowered)),
        ("python", _PYTHON),
    )
    words = [word for word in _WORD.findall(lowered) if word not in _FILLER][:3]
    return f"```{language}\n{template.format(name='_'.join(words) or 'answer')}\n```"


def _pick(choices: Sequence[str], count: int, *seed: str) -> tuple[str, ...]:
    """`count` of the choices, in their order."""
    ranked = sorted(choices, key=lambda choice: draw(choice, *seed))[:count]
    return tuple(choice for choice in choices if choice in ranked)
