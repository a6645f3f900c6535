"""Configuration: TOML to core values, every problem at once, each with key path and nearest valid key.

Above `ports`, below `adapters`. Never rewrites a file, never reads a key's value, never looks into the current
directory by itself.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pointsman.config.in_force import document_in_force
    from pointsman.config.locality import is_near
    from pointsman.config.paths import (
        anchor_file,
        config_places,
        example_path,
        find_config,
        preset_names,
        preset_path,
        secrets_file,
        state_dir,
        theme_dir,
        user_config_path,
    )
    from pointsman.config.prices import prices_date
    from pointsman.config.problems import ConfigError, Problem
    from pointsman.config.schema import schema_of_configuration
    from pointsman.config.settings import Audit, Checks, KeptChats, Settings, load
    from pointsman.config.toml_text import as_toml
    from pointsman.config.ui import Ui, read_ui

_MODULES = {
    "in_force": "document_in_force",
    "locality": "is_near",
    "paths": "anchor_file config_places example_path find_config preset_names preset_path secrets_file state_dir"
    " theme_dir user_config_path",
    "prices": "prices_date",
    "problems": "ConfigError Problem",
    "schema": "schema_of_configuration",
    "settings": "Audit Checks KeptChats Settings load",
    "toml_text": "as_toml",
    "ui": "Ui read_ui",
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names.split()}


def __getattr__(name: str) -> object:
    """Loaded when asked for: the first frame wants to know where a file is, and none of the fleet's types."""
    if name not in _MODULE_OF:
        raise AttributeError(name)
    return getattr(import_module(f"pointsman.config.{_MODULE_OF[name]}"), name)


__all__ = [
    "Audit",
    "Checks",
    "ConfigError",
    "KeptChats",
    "Problem",
    "Settings",
    "Ui",
    "anchor_file",
    "config_places",
    "example_path",
    "find_config",
    "document_in_force",
    "is_near",
    "load",
    "preset_names",
    "preset_path",
    "prices_date",
    "read_ui",
    "schema_of_configuration",
    "secrets_file",
    "state_dir",
    "theme_dir",
    "as_toml",
    "user_config_path",
]
