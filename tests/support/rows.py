"""Tables of scenarios: one function per row, run once per dialect it is meant for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from support.fault_server import DIALECTS

Scene = Callable[[str], Awaitable[None]]


@dataclass
class Table:
    """`@table.row("A1")` above a scene; `@pytest.mark.parametrize(*table.cases)` above the one test that runs them."""

    rows: list[tuple[str, str, Scene]] = field(default_factory=list)

    def row(self, row: str, *dialects: str) -> Callable[[Scene], Scene]:
        """A scene of that row, for these dialects or for all; further scenes of a row are named `A2-refused`."""

        def keep(scene: Scene) -> Scene:
            self.rows += [(row, dialect, scene) for dialect in dialects or DIALECTS]
            return scene

        return keep

    @property
    def cases(self) -> tuple[str, list[object]]:
        return "scene,dialect", [
            pytest.param(scene, dialect, id=f"{row}-{dialect}") for row, dialect, scene in self.rows
        ]
