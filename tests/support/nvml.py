"""A stand-in for the driver's library, and a card that is read through it by the real binding."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "adapters" / "nvml_stub.c"
# One sample for each line on its standard input, as total, used and free of the first GPU.
READER = """
import asyncio, sys
from pointsman.adapters.host import LocalHost

async def main():
    host = LocalHost()
    for _ in sys.stdin:
        gpu = (await host.sample()).gpus[0]
        print(gpu.vram_total, gpu.vram_used, gpu.vram_free, flush=True)

asyncio.run(main())
"""


def build_stub(folder: Path, *options: str) -> Path:
    """The folder for LD_LIBRARY_PATH; skips the test where there is no compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("needs a C compiler, to build the stand-in for libnvidia-ml.so.1")
    folder.mkdir(parents=True, exist_ok=True)
    library = str(folder / "libnvidia-ml.so.1")
    subprocess.run((compiler, *options, "-shared", "-fPIC", "-Wall", "-Werror", "-o", library, str(SOURCE)), check=True)
    return folder


class StubbedCard:
    """A card of 32 GiB whose used memory a test states, read by the program's own code in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self._library = build_stub(folder)
        self._used = folder / "used"
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def read(self, used_gib: int) -> tuple[int, int, int]:
        """Total, used and free, in bytes."""
        async with self._turn:
            self._used.write_text(str(used_gib))
            if self._process is None:
                stub = {
                    "LD_LIBRARY_PATH": str(self._library),
                    "NVML_STUB": "follows",
                    "NVML_STUB_USED": str(self._used),
                }
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable, "-c", READER, env={**os.environ, **stub},
                    stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                )  # fmt: skip
            assert self._process.stdin is not None and self._process.stdout is not None
            self._process.stdin.write(b"\n")
            total, used, free = (int(part) for part in (await self._process.stdout.readline()).split())
            return total, used, free

    async def aclose(self) -> None:
        if self._process is not None:
            self._process.kill()
            await self._process.communicate()
