"""H13 and promise C3: hostile bodies cost a bounded amount of memory, measured on a process that does nothing else."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

from support import weigher
from support.fault_server import Play, Reply, endless_line, gzip_bomb, upstreams
from support.fault_server import good as good_answer

MOST_KIB = 32 << 10


async def torrent(reply: Reply) -> None:
    """Fifty thousand tiny events without an end."""
    await reply.head()
    try:
        await reply.frames(*reply.dialect.start(reply.seen.model))
        piece = b"".join([reply.dialect.text(reply.seen.model, "t")] * 1000)
        for _ in range(50):
            await reply.chunk(piece)
        await reply.finish()
    except ConnectionError:
        reply.seen.hung_up.set()


HOSTILE: dict[str, tuple[str, Play, str]] = {
    "64-MB-line-openai": ("openai", endless_line(64 << 20), "bad_stream"),
    "64-MB-line-anthropic": ("anthropic", endless_line(64 << 20), "bad_stream"),
    "64-MB-line-ollama": ("ollama", endless_line(64 << 20), "bad_stream"),
    "200-MB-gzip": ("openai", gzip_bomb(200 << 20), "bad_stream"),
    "50k-tiny-events": ("openai", torrent, "stream_cut"),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_body_costs_at_most_32_mib(name: str, tmp_path: Path) -> None:
    dialect, play, kind = HOSTILE[name]
    async with upstreams(p=dialect) as (_, servers):
        servers["p"].plays(good_answer(), play)
        argv = [sys.executable, weigher.__file__, str(tmp_path / "state"), servers["p"].url, dialect]
        process = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.PIPE)
        output, _ = await process.communicate()
    told = json.loads(output)
    print(name, told)
    assert told["kind"] == kind
    assert told["growth_kib"] <= MOST_KIB
