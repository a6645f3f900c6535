"""`route` under the complexity policy reads the memory of similar tasks, and makes none."""

from __future__ import annotations

import asyncio

from pointsman.adapters.memory import SqliteMemory
from pointsman.config import load
from pointsman.core.keywords import task_for
from pointsman.core.request import Message, Request

TEXT = "write a python parser for nginx log files"


async def learn(state):
    fleet = load(policy="complexity").fleet
    memory = SqliteMemory(state)
    for number in range(16):
        request = Request(id=f"r{number}", messages=(Message(role="user", text=TEXT),))
        await memory.remember(request.id, task_for(fleet, request), TEXT, 0.0)
        await memory.record(request.id, "haiku", True, 1.0)
    await memory.aclose()


def test_route_shows_the_evidence(pointsman, home):
    """16 good replies of haiku beat the rule; the why says so, and another policy does not ask."""
    state = home / "state"
    before = pointsman("--policy", "complexity", "route", "--json", TEXT).document["model"]
    assert before != "haiku" and not (state / "memory.db").exists()
    asyncio.run(learn(state))
    decision = pointsman("--policy", "complexity", "route", "--json", TEXT).document
    assert decision["model"] == "haiku"
    assert decision["ladder"][0]["why"] == "best on 16 similar tasks: 16 good, lower bound .806"
    assert pointsman("--policy", "keywords", "route", "--json", TEXT).document["model"] == "llama3.3:latest"
