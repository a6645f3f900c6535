"""Base URLs of every kind join to the right call (trap T56); clients keep keys, proxies and redirects in hand."""

from __future__ import annotations

import httpx
import pytest

from pointsman.adapters.clients import Clients
from pointsman.adapters.urls import api_of, root_of
from pointsman.core.fleet import Deadlines, Endpoint, EndpointKind, Locality
from pointsman.core.outcome import FailureKind
from pointsman.ports import CallFailed

K = EndpointKind


def endpoint(kind: EndpointKind, url: str, key_env: str | None = None, connect: float = 3.0) -> Endpoint:
    deadlines = Deadlines(connect=connect)
    return Endpoint(name="e", url=url, kind=kind, locality=Locality.CLOUD, key_env=key_env, deadlines=deadlines)


CHAT = "/chat/completions"
JOINED = [
    (K.LLAMA_CPP, "http://h:8080", CHAT, "http://h:8080/v1/chat/completions"),
    (K.LLAMA_CPP, "http://h:8080/", CHAT, "http://h:8080/v1/chat/completions"),
    (K.LLAMA_CPP, "http://h:8080/v1/", CHAT, "http://h:8080/v1/chat/completions"),
    (K.LLAMA_CPP, " http://h:8080/v1/chat/completions ", CHAT, "http://h:8080/v1/chat/completions"),
    (K.LLAMA_CPP, "http://h/llama", CHAT, "http://h/llama/v1/chat/completions"),
    (K.LLAMA_CPP, "http://[::1]:8080", CHAT, "http://[::1]:8080/v1/chat/completions"),
    (K.VLLM, "http://h:8000", CHAT, "http://h:8000/v1/chat/completions"),
    (K.LMSTUDIO, "http://h:1234", CHAT, "http://h:1234/v1/chat/completions"),
    (K.LMSTUDIO, "http://h:1234/api/v1", CHAT, "http://h:1234/v1/chat/completions"),
    (K.OPENAI, "https://api.openai.com/v1", CHAT, "https://api.openai.com/v1/chat/completions"),
    (K.OPENAI, "https://api.openai.com", CHAT, "https://api.openai.com/v1/chat/completions"),
    (K.DEEPSEEK, "https://api.deepseek.com", CHAT, "https://api.deepseek.com/chat/completions"),
    (K.DEEPSEEK, "https://api.deepseek.com/v1", CHAT, "https://api.deepseek.com/chat/completions"),
    (K.MOONSHOT, "https://api.moonshot.ai/v1", CHAT, "https://api.moonshot.ai/v1/chat/completions"),
    (K.MOONSHOT, "https://api.kimi.com/coding", CHAT, "https://api.kimi.com/coding/v1/chat/completions"),
    (K.GEMINI, "https://g.test/v1beta/openai/", CHAT, "https://g.test/v1beta/openai/chat/completions"),
    (K.GEMINI, "https://g.test/v1beta", CHAT, "https://g.test/v1beta/openai/chat/completions"),
    (K.GEMINI, "https://g.test", CHAT, "https://g.test/v1beta/openai/chat/completions"),
    (K.OPENROUTER, "https://openrouter.ai/api/v1", CHAT, "https://openrouter.ai/api/v1/chat/completions"),
    (K.OPENROUTER, "https://openrouter.ai", CHAT, "https://openrouter.ai/api/v1/chat/completions"),
    (K.OPENAI_COMPATIBLE, "https://g.test/openai/v1", CHAT, "https://g.test/openai/v1/chat/completions"),
    (K.OPENAI_COMPATIBLE, "https://z.test/api/paas/v4", CHAT, "https://z.test/api/paas/v4/chat/completions"),
    (K.OPENAI_COMPATIBLE, "http://h:9000", CHAT, "http://h:9000/v1/chat/completions"),
    (K.ANTHROPIC, "https://api.anthropic.com", "/messages", "https://api.anthropic.com/v1/messages"),
    (K.ANTHROPIC, "https://api.anthropic.com/v1/", "/messages", "https://api.anthropic.com/v1/messages"),
    (K.ANTHROPIC, "https://api.anthropic.com/v1/messages", "/messages", "https://api.anthropic.com/v1/messages"),
    (K.ANTHROPIC, "https://api.deepseek.com/anthropic", "/messages", "https://api.deepseek.com/anthropic/v1/messages"),
    (K.OLLAMA, "http://h:11434", "/chat", "http://h:11434/api/chat"),
    (K.OLLAMA, "http://h:11434/v1", "/chat", "http://h:11434/api/chat"),
    (K.OLLAMA, "http://h:11434/api", "/chat", "http://h:11434/api/chat"),
    (K.OLLAMA, "http://h:11434/api/chat", "/chat", "http://h:11434/api/chat"),
    (K.OLLAMA, "https://ollama.com/", "/chat", "https://ollama.com/api/chat"),
]


@pytest.mark.parametrize(("kind", "url", "path", "expected"), JOINED)
def test_joining(kind: EndpointKind, url: str, path: str, expected: str) -> None:
    """However the base is written, the call goes to the one right URL."""
    assert api_of(endpoint(kind, url), path) == expected


def test_every_kind_joins() -> None:
    for kind in EndpointKind:
        assert api_of(endpoint(kind, "http://h:1"), "/x").startswith("http://h:1/")


@pytest.mark.parametrize(
    ("kind", "url", "expected"),
    [
        (K.LLAMA_CPP, "http://h:8080/v1", "http://h:8080"),
        (K.OLLAMA, "http://h:11434/v1/", "http://h:11434"),
        (K.LMSTUDIO, "http://h:1234/api/v1", "http://h:1234"),
        (K.VLLM, "http://h:8000/sub", "http://h:8000/sub"),
    ],
)
def test_the_root_is_without_the_api(kind: EndpointKind, url: str, expected: str) -> None:
    assert root_of(endpoint(kind, url)) == expected


async def test_one_long_lived_client_per_endpoint_with_only_a_connect_timeout() -> None:
    clients = Clients(environ={})
    here, there = endpoint(K.VLLM, "http://h:1", connect=1.5), endpoint(K.VLLM, "http://h:2")
    client = clients.of(here)
    assert clients.of(here) is client and clients.of(there) is not client
    assert client.timeout == httpx.Timeout(None, connect=1.5)
    assert client.trust_env is False and client.follow_redirects is False
    await clients.aclose()
    assert client.is_closed


def test_the_key_is_read_at_call_time_and_sent_as_each_kind_wants_it() -> None:
    environ = {"K": "one\n"}
    clients = Clients(environ=environ)
    assert clients.headers(endpoint(K.OPENAI, "https://h", "K"))["authorization"] == "Bearer one"
    environ["K"] = "two"
    anthropic = clients.headers(endpoint(K.ANTHROPIC, "https://h", "K"))
    assert anthropic["x-api-key"] == "two" and anthropic["anthropic-version"] == "2023-06-01"
    assert "authorization" not in anthropic
    bare = clients.headers(endpoint(K.LLAMA_CPP, "http://h"))
    assert "authorization" not in bare and bare["accept-encoding"] == "identity"
    assert "x-api-key" not in clients.headers(endpoint(K.ANTHROPIC, "http://h"))


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        (None, "environment variable K is not set"),
        ("", "environment variable K is not set"),
        ("  ", "environment variable K is not set"),
        ("canary\nkey", "environment variable K holds more than a key"),
        ("canary key", "environment variable K holds more than a key"),
        ("canary‑key", "environment variable K holds more than a key"),
    ],
)
def test_a_missing_or_impossible_key_is_told_by_its_variable(value: str | None, detail: str) -> None:
    """The detail names the variable and never its value."""
    clients = Clients(environ={} if value is None else {"K": value})
    with pytest.raises(CallFailed) as failed:
        clients.headers(endpoint(K.OPENAI, "https://h", "K"))
    assert failed.value.failed.kind is FailureKind.AUTH
    assert failed.value.failed.detail == detail
    assert "canary" not in repr(failed.value)
