"""A server that looks like llama.cpp's and has no model: `python -m pointsman.prove.stand_in PORT [SECONDS | mute]`.

It listens after so many seconds; a mute one is healthy, lists its model, takes every question, and answers none.
"""

from __future__ import annotations

import asyncio
import json
import sys

MUTE = "mute"
_SAID = {"choices": [{"index": 0, "delta": {"content": "here"}, "finish_reason": "stop"}]}
_LISTED = json.dumps({"status": "ok", "data": [{"id": "m"}]}).encode()
_ANSWER = f"data: {json.dumps(_SAID)}\n\ndata: [DONE]\n\n".encode()


async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, how: str) -> None:
    try:
        while head := (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower():
            lengths = [line.partition(":")[2] for line in head.split("\r\n") if line.startswith("content-length")]
            await reader.readexactly(int(lengths[0]) if lengths else 0)
            asked = head.startswith("post")
            if asked and how == MUTE:
                await asyncio.Event().wait()
            media, body = ("text/event-stream", _ANSWER) if asked else ("application/json", _LISTED)
            writer.write(f"HTTP/1.1 200 x\r\ncontent-type: {media}\r\ncontent-length: {len(body)}\r\n\r\n".encode())
            writer.write(body)
            await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        writer.close()


async def main(port: int, how: str) -> None:
    if how not in ("", MUTE):
        await asyncio.sleep(float(how))
    server = await asyncio.start_server(lambda r, w: talk(r, w, how), "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else ""))
