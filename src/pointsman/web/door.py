"""Serves the screen to browsers through textual-serve, to nobody who does not know the token in the address.

Whoever reaches the page may do what the screen may do. So the token is new each time, it stands in the path, so that
every request and the websocket carry it, and the page may load nothing from elsewhere and tell nobody its address.
"""

from __future__ import annotations

import secrets
import shlex
import socket
import sys
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from aiohttp import web
from textual_serve.server import Server

TEMPLATES: Final = Path(__file__).parent / "templates"
CLOSING_S: Final = 2.0  # for the programs behind open pages to settle what they do
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self' data:; connect-src 'self' ws: wss:; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listen(host: str, port: int) -> socket.socket:
    """Raises OSError: the port is taken, or no such address is here. Port 0: one that is free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


def address(host: str, port: int) -> str:
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def command(arguments: Sequence[str]) -> str:
    """The program behind a page. The terminal of the server is not the browser's."""
    return (
        "exec "
        + shlex.join(["env", "TERM=xterm-256color", "PYTHONUTF8=1", sys.executable, "-m", "pointsman"])
        + (f" {shlex.join(arguments)}" if arguments else "")
    )


async def application(arguments: Sequence[str], base: str, token: str) -> web.Application:
    """Everything below `/token/`, and 403 for the rest."""
    page = Server(command(arguments), title="Pointsman", public_url=base, templates_path=TEMPLATES)
    inner = await page._make_app()
    inner.on_startup.clear()  # its greeting
    outer = web.Application(middlewares=[_for_those_who_know(token)])
    outer.add_subapp(f"/{token}/", inner)
    return outer


def _for_those_who_know(token: str):  # type: ignore[no-untyped-def] # aiohttp names no type for a middleware
    @web.middleware
    async def guard(request: web.Request, handler):  # type: ignore[no-untyped-def] # as above
        given = request.path.split("/")[1]
        if not secrets.compare_digest(given.encode(), token.encode()):
            raise web.HTTPForbidden(text="the address is missing its token\n", headers=HEADERS)
        answer = await handler(request)
        if not answer.prepared:
            answer.headers.update(HEADERS)
        return answer

    return guard


def run(arguments: Sequence[str], listening: socket.socket, base: str, token: str) -> None:
    """Until Ctrl+C or SIGTERM."""
    web.run_app(
        application(arguments, base, token),
        sock=listening,
        access_log=None,  # it would write the token
        print=None,
        shutdown_timeout=CLOSING_S,
    )
