"""Which fleet the screen opens over: the configured one, or the simulated one with the reason in a banner."""

from __future__ import annotations

import asyncio
import io
import sys

import pytest

from pointsman.cli import main


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def opened(monkeypatch):
    """Runs the program in a terminal and gives what its screen was opened with: fleet, banners, faults, theme."""

    def run(*args: str):
        seen = {}

        async def look(open_console):
            async with open_console() as console:
                return console.fleet, console.banners, console.faults

        def screen(open_console, *, theme, theme_dirs, **rest):
            seen["fleet"], seen["banners"], seen["faults"] = asyncio.run(look(open_console))
            seen["theme"], seen["theme_dirs"] = theme, theme_dirs
            return 0

        monkeypatch.setattr(sys, "stdin", _Terminal())
        monkeypatch.setattr(sys, "stdout", _Terminal())
        assert main(list(args), screen) == 0
        return seen

    return run


def test_without_a_configuration_it_is_the_simulated_fleet_and_says_so(opened):
    seen = opened()
    assert any(endpoint.simulated for endpoint in seen["fleet"].endpoints.values())
    assert "pointsman init" in seen["banners"][0]
    assert seen["faults"]


def test_with_a_configuration_it_is_that_fleet(opened, fleet):
    seen = opened()
    assert set(seen["fleet"].models) == {"coder", "small"}
    assert (seen["banners"], seen["faults"]) == ((), ())


def test_demo_is_simulated_whatever_is_configured(opened, fleet):
    seen = opened("demo", "--speed", "10")
    assert any(endpoint.simulated for endpoint in seen["fleet"].endpoints.values())
    assert not any("pointsman init" in banner for banner in seen["banners"])


def test_a_bad_configuration_is_a_banner_over_the_simulated_fleet(opened, config):
    seen = opened("--config", str(config('nonsense = 1\n[endpoints.a]\nkind = "olama"\n')))
    assert "problem(s)" in seen["banners"][0]
    assert any("nonsense" in banner for banner in seen["banners"])
    assert any("endpoints.a.kind" in banner for banner in seen["banners"])


def test_themes_of_ones_own_lie_beside_the_configuration(opened, config):
    path = config('extends = "default"\n')
    assert opened("--config", str(path))["theme_dirs"][1] == path.parent / "themes"
