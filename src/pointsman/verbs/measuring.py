"""What `bench` and `eval` share: which models are asked, clouds only if asked for, and how proposals are shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pointsman.core.bench import refusal
from pointsman.core.fleet import Fleet, Locality, Model
from pointsman.verbs import figures, say
from pointsman.verbs.asked import known_model
from pointsman.verbs.mistakes import BLOCKED, DONE, FAILED
from pointsman.verbs.place import Place

if TYPE_CHECKING:
    from pointsman.engine.engine import Engine

Document = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Models to ask, those not asked with the reason, and whether one that was named was refused by policy."""

    models: tuple[Model, ...]
    skipped: tuple[Document, ...]
    refused: bool
    worst: int  # nano-USD


def open_fleet(place: Place, demo: bool, speed: float) -> AbstractAsyncContextManager[Engine]:
    from pointsman import wiring

    if demo:
        return wiring.open_demo(place.demo_settings(), state_dir=place.state_dir(), monitor=False, speed=speed)
    return wiring.open_engine(place.own_settings(), state_dir=place.state_dir(), monitor=False)


def choose(fleet: Fleet, names: Sequence[str], cloud: bool, cost: Callable[[Model], int | None]) -> Chosen:
    """Without names: every model that answers with text, clouds only with `cloud`. An unknown price is never free."""
    named = [known for name in names if (known := known_model(fleet, name)) is not None]
    wanted = [fleet.models[name] for name in dict.fromkeys(named or fleet.models)]
    models: list[Model] = []
    skipped: list[Document] = []
    refused, worst = False, 0
    for model in wanted:
        price = cost(model)
        why = refusal(fleet, model) or _cloud_refusal(fleet, model, cloud, price)
        if why is None:
            models.append(model)
            worst += price or 0
        else:
            skipped.append({"model": model.name, "why": why, "worst_nano_usd": price})
            refused = refused or model.name in named
    return Chosen(models=tuple(models), skipped=tuple(skipped), refused=refused, worst=worst)


def _cloud_refusal(fleet: Fleet, model: Model, cloud: bool, price: int | None) -> str | None:
    if fleet.locality_of(model) is Locality.LOCAL:
        return None
    if price is None:
        return "a cloud model whose price is unknown: what it would cost cannot be told"
    return None if cloud else f"a cloud model, at worst {figures.money(price)}: --cloud asks it all the same"


def tell_choice(chosen: Chosen) -> None:
    """Before the first call: what is left out, and what the rest may cost at worst."""
    for left in chosen.skipped:
        say.tell(f"not asked: {left['model']}: {left['why']}")
    if chosen.worst:
        say.tell(f"at worst this costs {figures.money(chosen.worst)}; budgets and bands hold as for every call")


def exit_code(failed: Sequence[Document], chosen: Chosen) -> int:
    """A model that failed weighs more than one that policy did not let us ask."""
    if any(not left["blocked"] for left in failed):
        return FAILED
    return BLOCKED if failed or chosen.refused else DONE


def propose(place: Place, changes: Iterable[tuple[str, Mapping[str, str]]]) -> str:
    """The diff of the configuration file that would state what was measured; nothing is written."""
    from pointsman.core.proposal import diff, with_keys

    path = place.named_config()
    old = path.read_text("utf-8") if path.is_file() else ""
    new = old
    for model, keys in changes:
        new = with_keys(new, model, keys)
    return diff(old, new, str(path))
