"""The other policies of a configuration, read when they are asked about: for `what if`. Nothing runs under them."""

from __future__ import annotations

from pathlib import Path

from pointsman.config.paths import preset_names
from pointsman.config.problems import ConfigError
from pointsman.config.settings import BUILT_IN, Settings, load
from pointsman.core.fleet import Fleet


class ConfiguredPolicies:
    """`ports.Policies` over the file that the settings came from. Every fleet is read once."""

    def __init__(self, settings: Settings) -> None:
        self._path = None if settings.source == BUILT_IN else Path(settings.source)
        self._read: dict[str, Fleet] = {}

    @property
    def names(self) -> tuple[str, ...]:
        return preset_names()

    def fleet(self, name: str) -> Fleet:
        if name not in self._read:
            try:
                self._read[name] = load(self._path, name).fleet
            except ConfigError as wrong:
                raise ValueError(str(wrong.problems[0])) from wrong
        return self._read[name]
