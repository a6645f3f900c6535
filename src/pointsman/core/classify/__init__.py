"""From a request to a task: what kind of work it is, how hard, how large, how risky, and why we think so.

`classify` is pure and deterministic, reads English and Korean, and looks at the head and the tail of the prompt only,
so that a pasted book costs what a page costs. Stated facts win over inference, with one exception: risk that was seen
is never lowered. Parts: `view` (what is read), `lexicon`, `kinds` and `weights` (the kind), `risk` (by rules over
concepts: `triggers`, `concepts`, `reading`, `moods`; by what the wording is like: `likeness`), `scope` (size, urgency,
wishes), `effort` (complexity), `language`, `tokens`. Must never do I/O or decide where a task goes.
"""

from __future__ import annotations

from pointsman.core.classify.task import classify
from pointsman.core.classify.tokens import estimate_tokens

__all__ = ["classify", "estimate_tokens"]
