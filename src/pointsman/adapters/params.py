"""Joins configured parameters into a payload without letting them change what was decided. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from pointsman.ports import Call


def configured(call: Call, reserved: frozenset[str]) -> tuple[dict[str, object], tuple[str, ...]]:
    """The model's parameters under the call's, without the reserved names; and notes that name what was left out.

    Reserved are the fields that routing, budget or stream reading own: a parameter could undo the reservation.
    """
    stated: Mapping[str, object] = {**call.model.params, **call.params}
    left_out = sorted(name for name in stated if name in reserved)
    kept = {name: value for name, value in stated.items() if name not in reserved}
    return kept, tuple(f"parameter {name} is not configurable and was left out" for name in left_out)
