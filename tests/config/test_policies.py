"""The other policies of a configuration, for what-if."""

from __future__ import annotations

import pytest

from pointsman.config import example_path, load, preset_names
from pointsman.config.policies import ConfiguredPolicies


def test_every_preset_can_be_asked_about_and_is_read_once() -> None:
    policies = ConfiguredPolicies(load(example_path(), None))
    assert policies.names == preset_names()
    for name in policies.names:
        assert policies.fleet(name).policy == name and policies.fleet(name) is policies.fleet(name)


def test_an_unknown_policy_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="no such policy: 'none'"):
        ConfiguredPolicies(load(None, None)).fleet("none")
