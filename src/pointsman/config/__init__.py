"""Configuration: TOML to core values, every problem at once, each with key path and nearest valid key.

Above `ports`, below `adapters`. Never rewrites a file, never reads a key's value, never looks into the current
directory by itself.
"""

from pointsman.config.load import Audit, Checks, KeptChats, Settings, Ui, load
from pointsman.config.locality import is_near
from pointsman.config.paths import (
    anchor_file,
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

__all__ = [
    "Audit",
    "Checks",
    "ConfigError",
    "KeptChats",
    "Problem",
    "Settings",
    "Ui",
    "anchor_file",
    "example_path",
    "find_config",
    "is_near",
    "load",
    "preset_names",
    "preset_path",
    "prices_date",
    "secrets_file",
    "state_dir",
    "theme_dir",
    "user_config_path",
]
