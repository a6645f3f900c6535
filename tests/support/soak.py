"""How long tests go on that try many cases: briefly in `make test`, ten times as long in `make soak`."""

from __future__ import annotations

import os
from typing import Final

SOAK: Final = int(os.environ.get("POINTSMAN_SOAK", "1"))
EXAMPLES: Final = 30 * SOAK  # of a property, where a test does not say
