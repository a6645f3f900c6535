"""What the tokens that local models answered would have cost at a cloud model's list price: a comparison, no bill."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pointsman.core.fleet import Fleet, Locality, Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    nano_usd: int
    model: str  # at whose price


def saved(fleet: Fleet, used: Iterable[tuple[str, int, int]]) -> Saved | None:
    """Of (model, input, output) tokens. None where no local model answered, or no price is known."""
    reference = _reference(fleet)
    if reference is None or reference.price_in is None or reference.price_out is None:
        return None
    nano_usd = sum(
        inputs * reference.price_in + outputs * reference.price_out
        for name, inputs, outputs in used
        if name in fleet.models and fleet.locality_of(fleet.models[name]) is Locality.LOCAL
    )
    return Saved(nano_usd=nano_usd, model=reference.name) if nano_usd else None


def _reference(fleet: Fleet) -> Model | None:
    """The first cloud model of the default role that has a price: who would have been asked without any local one."""
    role = fleet.roles.get(fleet.default_role)
    names = () if role is None else (role.primary, *role.fallbacks, *role.escalate_to)
    models = (fleet.models[name] for name in names if name is not None and name in fleet.models)
    return next((model for model in models if model.price_out and fleet.locality_of(model) is Locality.CLOUD), None)
