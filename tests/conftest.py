"""For all tests: how many examples a property is tried with. No deadline for one, because machines are busy."""

from __future__ import annotations

from hypothesis import settings

from support.soak import EXAMPLES

settings.register_profile("pointsman", max_examples=EXAMPLES, deadline=None)
settings.load_profile("pointsman")
