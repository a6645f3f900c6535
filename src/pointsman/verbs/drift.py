"""`drift`: does another program's configuration claim the default model that the policy expects? And the way back."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from pointsman.core.drift import Drift
from pointsman.core.fleet import Gateway
from pointsman.core.plain_text import one_line
from pointsman.verbs import documents, say
from pointsman.verbs.mistakes import DONE, FAILED
from pointsman.verbs.place import Place, as_json, place_options
from pointsman.verbs.run import run

if TYPE_CHECKING:
    from pointsman.engine.engine import Engine

T = TypeVar("T")


@click.command("drift")
@click.option("--revert", is_flag=True, help="Change it back through that program's own command, after a copy.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json
@place_options
@click.pass_obj
def drift(place: Place, /, *, revert: bool, yes: bool, as_json: bool) -> int:
    """Compare a gateway's default model with the policy's.

    Exit 0: they agree, or were made to; 1: they differ, or the revert failed.
    """
    gateway = place.own_settings().fleet.gateway
    if gateway is None:
        _tell(as_json, None, "this policy expects nothing of another program: there is no [gateway]")
        return DONE
    found, banners = run(_with_engine(place, _look))
    if found is None or not revert:
        _tell(as_json, gateway, "no drift" if found is None else found.text, found, banners)
        return DONE if found is None else FAILED
    say.tell(found.text)
    say.tell(f"copies {found.path}, then runs: {' '.join(found.command)}")
    if not yes and sys.stdin.isatty():
        click.confirm("revert?", abort=True, err=True)
    result = run(_with_engine(place, _revert))
    _tell(as_json, gateway, ("reverted: " if result.ok else "not reverted: ") + result.text, result=result)
    return DONE if result.ok else FAILED


async def _with_engine(place: Place, use: Callable[[Engine], Awaitable[T]]) -> T:
    from pointsman import wiring

    async with wiring.open_engine(place.own_settings(), state_dir=place.state_dir(), monitor=False) as engine:
        await engine.look_at_gateway()
        return await use(engine)


async def _look(engine: Engine) -> tuple[Drift | None, tuple[str, ...]]:
    return engine.drift, engine.banners


async def _revert(engine: Engine) -> Any:
    return await engine.revert_drift()


def _tell(
    as_json: bool,
    gateway: Gateway | None,
    text: str,
    found: Drift | None = None,
    banners: tuple[str, ...] = (),
    result: Any = None,
) -> None:
    if as_json:
        parts = {"gateway": gateway, "drift": found, "banners": banners, "result": result}
        say.document({"text": text} | {name: documents.values(part) for name, part in parts.items()})
        return
    say.data(one_line(text))
    for banner in banners:
        if found is None or banner != found.text:
            say.data(f"! {one_line(banner)}")
    if found is not None:
        say.data(f"  file   {one_line(found.path)}")
        say.data(f"  revert {' '.join(found.command)}")
