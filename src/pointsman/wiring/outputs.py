"""Structured outputs, loaded when the first role that emits one is asked: pydantic is 9 MB most days never need."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pointsman.ports import Outputs


class LateOutputs:
    """The port `Outputs`."""

    def instruction(self, emits: str) -> str:
        return _outputs().instruction(emits)

    def read(self, emits: str, answer: str, material: str) -> Mapping[str, object]:
        return _outputs().read(emits, answer, material)


@cache
def _outputs() -> Outputs:
    from pointsman.adapters.structured import StructuredOutputs

    return StructuredOutputs()
