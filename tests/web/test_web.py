"""The screen in a browser: for whoever has the address with its token, and nobody else."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from pointsman.cli import main
from pointsman.verbs import web as verb
from pointsman.web import door
from support.browser import browser, opened
from support.pty_program import environment

TOKEN = "its-token"


@pytest.fixture
async def client() -> Any:
    application = await door.application(["demo"], "http://127.0.0.1:1", TOKEN)
    async with TestClient(TestServer(application)) as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/ws", "/static/js/textual.js", "/its-toke/", "/its-token2/ws"])
async def test_a_request_without_the_token_is_forbidden(client: Any, path: str) -> None:
    answer = await client.get(path)
    assert answer.status == 403 and TOKEN not in await answer.text()


async def test_a_websocket_without_the_token_is_forbidden(client: Any) -> None:
    asking = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    assert (await client.get("/ws", headers=asking)).status == 403


async def test_the_page_carries_the_token_and_may_load_nothing_from_elsewhere(client: Any) -> None:
    answer = await client.get(f"/{TOKEN}/")
    text = await answer.text()
    assert answer.status == 200
    assert "googleapis" not in text
    assert f'data-session-websocket-url="ws://127.0.0.1:1/{TOKEN}/ws"' in text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert (await client.get(f"/{TOKEN}/static/js/textual.js")).status == 200


# --- the verb ---


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Runs the verb with a door that serves nothing; what it was told."""
    monkeypatch.setenv("POINTSMAN_CONFIG", "")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))

    def run(*args: str) -> dict[str, Any]:
        told: dict[str, Any] = {}
        assert main(args, web=lambda arguments, **rest: told.update(rest, arguments=arguments)) == 0
        return told

    return run


def test_it_listens_to_this_machine_alone_unless_told_otherwise(served: Callable[..., dict[str, Any]]) -> None:
    assert door.is_loopback(served("web")["host"])
    assert served("web", "--host", "192.0.2.7")["host"] == "192.0.2.7"
    with door.listen("127.0.0.1", 0) as listening:
        assert listening.getsockname()[0] == "127.0.0.1"


def test_each_run_has_a_token_of_its_own(served: Callable[..., dict[str, Any]]) -> None:
    tokens = {served("web")["token"] for _ in range(3)}
    assert len(tokens) == 3 and all(len(token) >= 40 for token in tokens)


def test_the_program_behind_a_page_is_told_what_the_verb_was_told(served: Callable[..., dict[str, Any]]) -> None:
    assert served("web")["arguments"] == ("demo",), "nothing is configured"
    given = served("web", "--policy", "roles", "--read-only", "--ascii")["arguments"]
    assert given == ("--policy", "roles", "--read-only", "--ascii")
    assert "--read-only" in served("--read-only", "web")["arguments"]
    assert door.command(["a b"]).endswith(" -m pointsman 'a b'")


def test_every_address_needs_the_one_that_browsers_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["web", "--host", "0.0.0.0"], web=lambda *_, **__: None) == 2
    assert "--public-url" in capsys.readouterr().err


def test_a_port_that_is_taken_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    from pointsman.__main__ import open_web

    with door.listen("127.0.0.1", 0) as taken:
        assert main(["web", "--demo", "--port", str(taken.getsockname()[1])], web=open_web) == 1
    assert "cannot listen at 127.0.0.1 port" in capsys.readouterr().err


def test_without_the_extra_the_command_that_mends_it_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(verb, "find_spec", lambda name: None)
    assert main(["web"], web=lambda *_, **__: None) == 1
    assert "pip install 'pointsman[web]'" in capsys.readouterr().err


def test_the_program_behind_a_page_ends_when_its_server_is_gone(tmp_path: Path) -> None:
    env = environment(str(tmp_path), TEXTUAL_DRIVER="textual.drivers.web_driver:WebDriver")
    argv = [sys.executable, "-m", "pointsman", "demo"]
    with subprocess.Popen(argv, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdin is not None and program.stdout is not None
        assert program.stdout.readline() == b"__GANGLION__\n"
        program.stdin.close()
        program.stdout.read()
        assert program.wait() == 128 + signal.SIGHUP


# --- a real browser ---


@pytest.mark.real_browser
@pytest.mark.skipif(browser() is None, reason="no Chromium is installed")
async def test_in_a_browser_it_is_the_same_screen_and_answers(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "pointsman", "web", "--demo"]
    env = environment(str(tmp_path), PYTHONWARNINGS="")
    with subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None and server.stderr is not None
        try:
            url = server.stdout.readline().strip()
            async with opened(url, tmp_path / "profile") as page:
                await page.wait_for("● UP")
                await page.click(600, 300)  # a page types nowhere before
                await page.type("Write a Python function that adds two numbers")
                await page.press_enter()
                await page.wait_for("● outcome")
        finally:
            server.send_signal(signal.SIGINT)
        said = server.stderr.read()
    assert server.returncode == 0 and "Traceback" not in said
    token = url.rstrip("/").rpartition("/")[2]
    asked = [each for each in page.requested if each != "about:blank"]
    assert any(each.startswith("ws:") for each in asked)
    assert [each for each in asked if token not in each and not each.startswith("data:")] == []
