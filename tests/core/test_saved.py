"""What local answers would have cost at a cloud model's price."""

from __future__ import annotations

from dataclasses import replace

from pointsman.core.saved import Saved, saved
from support.fleets import small_fleet


def test_only_local_models_tokens_count_and_the_default_roles_first_cloud_model_is_the_measure() -> None:
    used = [("coder", 10, 2), ("relay", 1_000, 1_000), ("opus", 1_000, 1_000), ("gone", 1_000, 1_000)]
    assert saved(small_fleet(), used) == Saved(nano_usd=10 * 3_000 + 2 * 15_000, model="sonnet")


def test_nothing_is_said_to_be_saved_where_no_price_is_known_or_nothing_was_answered_locally() -> None:
    fleet = small_fleet()
    local = {**fleet.roles, "general": replace(fleet.roles["general"], primary="coder", fallbacks=("mystery",))}
    assert saved(replace(fleet, roles=local), [("coder", 10, 2)]) is None
    assert saved(fleet, [("opus", 10, 2)]) is None
