"""For all tests: how many examples a property is tried with (no deadline for one, because machines are busy), and that
nothing ever asks a server to erase a model."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import settings

from support.soak import EXAMPLES

settings.register_profile("pointsman", max_examples=EXAMPLES, deadline=None)
settings.load_profile("pointsman")

gc.disable()  # while thousands of tests are collected, which all stay
ERASING: list[str] = []


def pytest_collection_finish() -> None:
    """What was collected stays until the end: the garbage collector need not walk it during every test."""
    gc.freeze()
    gc.enable()


def _watched(send: Any) -> Any:
    def watched(client: Any, request: httpx.Request, *args: Any, **options: Any) -> Any:
        if request.method == "DELETE" or request.url.path.endswith("/api/delete"):
            ERASING.append(f"{request.method} {request.url}")
        return send(client, request, *args, **options)

    return watched


for _client in (httpx.AsyncClient, httpx.Client):
    _client.send = _watched(_client.send)  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def nothing_is_erased(request: pytest.FixtureRequest) -> Iterator[None]:
    """Promise V4, over the whole suite: whatever server a test talks to, no DELETE is sent to it."""
    ERASING.clear()
    yield
    if request.node.get_closest_marker("erases") is None:
        assert ERASING == []
