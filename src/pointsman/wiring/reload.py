"""From a changed configuration to a lineup: `ports.Configuration` over the file that the settings came from."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pointsman.config import ConfigError, Settings
from pointsman.config.policies import ConfiguredPolicies
from pointsman.config.problems import Problem
from pointsman.config.settings import BUILT_IN
from pointsman.config.watched import WatchedFile
from pointsman.core.fleet import Endpoint, Fleet
from pointsman.ports import Backend, ConfigurationWrong, Lineup


class ConfiguredFleet:
    """`adopt` changes the services and the names of keys together with the fleet."""

    def __init__(self, settings: Settings, backend: Callable[[Endpoint], Backend], adopt: Callable[[Fleet], None]):
        self._settings, self._backend, self._adopt = settings, backend, adopt
        self._file = WatchedFile(Path(settings.source), settings.preset)

    @property
    def source(self) -> str:
        return self._settings.source

    async def changed(self) -> bool:
        return await asyncio.to_thread(self._file.changed)

    async def read(self) -> Lineup:
        try:
            settings = await asyncio.to_thread(self._file.read)
        except ConfigError as wrong:
            raise ConfigurationWrong(tuple(self._short(problem) for problem in wrong.problems)) from None
        fleet = replace(settings.fleet, gateway=self._settings.fleet.gateway)
        return Lineup(
            fleet=fleet,
            backends={name: self._backend(endpoint) for name, endpoint in fleet.endpoints.items()},
            policies=ConfiguredPolicies(settings),
            remarks=(*remarks_of(settings), *_at_the_next_start(self._settings, settings)),
            adopt=lambda: self._adopt(fleet),
        )

    def _short(self, problem: Problem) -> str:
        """Of this file its name is enough: a banner has one line."""
        path = Path(self.source)
        return str(problem).replace(str(path), path.name, 1)


def can_change(settings: Settings) -> bool:
    return settings.source != BUILT_IN


_MOST_REMARKS = 2  # banners about the configuration


def remarks_of(settings: Settings) -> tuple[str, ...]:
    """Of the configuration's reader; many of them as one banner, because `check` reads them out better."""
    if len(settings.warnings) > _MOST_REMARKS:
        return (f"{len(settings.warnings)} remarks about the configuration: `pointsman check` reads them",)
    return tuple(str(warning) for warning in settings.warnings)


def _at_the_next_start(before: Settings, after: Settings) -> tuple[str, ...]:
    """What is opened once and stays as it was opened."""
    parts = {
        "[ui]": before.ui != after.ui,
        "[audit]": before.audit != after.audit,
        "[chats]": before.chats != after.chats,
        "[checks]": before.checks != after.checks,
        "[hosts]": before.hosts != after.hosts,
        "model_dirs": before.model_dirs != after.model_dirs,
        "[gateway]": before.fleet.gateway != after.fleet.gateway,
        "similar_tasks": after.fleet.similar_tasks and not before.fleet.similar_tasks,
    }
    later = ", ".join(name for name, differs in parts.items() if differs)
    return (f"changed in the configuration, and in force from the next start on: {later}",) if later else ()
