"""Shared by the screen's tests: the fake console, and what a person can read on the screen."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from textual import _wait
from textual.app import App

# The pilot finds out that nothing more happens by sleeping in steps; a shorter step finds it sooner.
_wait.SLEEP_GRANULARITY = 0.004
_wait.SLEEP_IDLE = 0.001


def _load(name: str) -> ModuleType:
    path = Path(__file__).with_name(f"{name}.py")
    known = f"pointsman_tests_tui_{name}"
    if known not in sys.modules:
        spec = importlib.util.spec_from_file_location(known, path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[known] = module
        spec.loader.exec_module(module)
    return sys.modules[known]


@pytest.fixture
def world() -> ModuleType:
    """The module of the fake console."""
    return _load("fake_console")


@pytest.fixture
def console(world: ModuleType) -> Any:
    return world.FakeConsole()


@pytest.fixture
def read() -> Callable[[App[Any]], str]:
    """The characters on the screen, line by line."""
    return read_screen


def read_screen(app: App[Any]) -> str:
    lines = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in lines)
