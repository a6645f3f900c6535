"""A proposed configuration: always good, rebinds only what was found, and takes nothing from a server's words."""

from __future__ import annotations

import itertools

import pytest

from pointsman.adapters.discover import Found
from pointsman.adapters.proposal import Seen, propose
from pointsman.config import load
from pointsman.core.fleet import EndpointKind, Locality

PRESET = load(None).fleet
CLOUDS = [name for name, each in PRESET.endpoints.items() if each.key_env is not None]
OLLAMA = Found(
    kind=EndpointKind.OLLAMA,
    url="http://127.0.0.1:11434",
    models=("nomic-embed-text:latest", "qwen3-coder:30b", "llava:7b", "qwen3:8b", "deepseek-v3.2:cloud"),
)
SMALL = Found(kind=EndpointKind.OLLAMA, url="http://127.0.0.1:11434", models=("llama3.2:latest",))
LLAMA = Found(kind=EndpointKind.LLAMA_CPP, url="http://127.0.0.1:8080", models=("ggml-org/gemma-3-4b-it-GGUF",))
CODER = Found(kind=EndpointKind.LLAMA_CPP, url="http://127.0.0.1:11439", models=("qwen3-coder-next-q5k",))
PROXY = Found(kind=EndpointKind.OPENAI_COMPATIBLE, url="http://127.0.0.1:8000", models=("gpt-oss",))
LOADING = Found(kind=EndpointKind.VLLM, url="http://127.0.0.1:1234")


def seen(*servers: Found, keys: bool = False) -> Seen:
    return Seen(servers=servers, keys=dict.fromkeys(CLOUDS, keys), gpus=("GPU 0: H200",))


@pytest.fixture
def fleet_of(tmp_path):
    def read(found: Seen):
        path = tmp_path / "config.toml"
        path.write_text(propose(found, PRESET, "2026-01-01"))
        return load(path).fleet

    return read


SERVERS = (OLLAMA, LLAMA, CODER, PROXY, LOADING)


@pytest.mark.parametrize("count", range(len(SERVERS) + 1))
def test_whatever_is_found_the_proposal_is_a_good_configuration(fleet_of, count):
    for servers in itertools.combinations(SERVERS, count):
        fleet = fleet_of(seen(*servers))
        urls = {each.url for each in fleet.endpoints.values() if each.locality is Locality.LOCAL and not each.retired}
        assert urls == {each.url for each in servers if each is not PROXY}


def test_found_models_take_the_places_of_the_policys_own(fleet_of):
    fleet = fleet_of(seen(OLLAMA))
    ids = {alias: fleet.models[alias].id for alias in ("coder-next", "vl", "embedding", "qwen", "emergency")}
    assert ids == {
        "coder-next": "qwen3-coder:30b",
        "vl": "llava:7b",
        "embedding": "nomic-embed-text:latest",
        "qwen": "qwen3:8b",
        "emergency": "qwen3:8b",
    }
    assert fleet.models["coder-next"].endpoint == "ollama"
    assert fleet.models["coder-next"].context is None, "another id's figures are not inherited"
    assert "deepseek-relay" in fleet.models


def test_what_the_policy_expects_and_finds_is_left_as_it_is(fleet_of):
    fleet = fleet_of(seen(CODER, SMALL))
    assert fleet.models["coder-next"] == PRESET.models["coder-next"]
    assert fleet.models["emergency"] == PRESET.models["emergency"]
    assert fleet.models["qwen"].id == "llama3.2:latest"
    assert "vl" not in fleet.models and "embedding" not in fleet.models


def test_a_relay_is_never_put_in_the_place_of_a_local_model(fleet_of):
    only = Found(kind=EndpointKind.OLLAMA, url="http://127.0.0.1:11434", models=("kimi-k2.5:cloud",))
    fleet = fleet_of(seen(only))
    assert not any(model.id == "kimi-k2.5:cloud" for model in fleet.models.values())


def test_a_server_of_unknown_make_counts_as_a_cloud_until_its_owner_says_otherwise(fleet_of):
    fleet = fleet_of(seen(PROXY))
    assert fleet.endpoints["openai-compatible-8000"].locality is Locality.CLOUD


def test_keys_are_named_and_no_cloud_is_switched_off(fleet_of):
    text = propose(seen(keys=True), PRESET, "2026-01-01")
    assert "ANTHROPIC_API_KEY is set" in text
    assert set(CLOUDS) <= set(fleet_of(seen()).endpoints)


@pytest.mark.parametrize(
    "name",
    ['"]\n[endpoints.evil]\nurl = "http://x"', "a\x1b[31m", "\u202egnp", 'quo"te', "back\\slash", "# note", "x" * 999],
)
def test_a_servers_words_cannot_write_the_file(fleet_of, name):
    fleet = fleet_of(seen(Found(kind=EndpointKind.OLLAMA, url="http://127.0.0.1:11434", models=(name, "fine"))))
    assert "evil" not in fleet.endpoints
    assert all(
        model.id in (name, "fine") or model.id in {m.id for m in PRESET.models.values()}
        for model in fleet.models.values()
    )


def test_what_was_found_is_told_in_sentences():
    told = list(seen(OLLAMA, keys=True).sentences())
    assert told[0].startswith("ollama at http://127.0.0.1:11434: nomic-embed-text")
    assert any("keys set for: " in line and "anthropic" in line for line in told)
    assert "no model server answers" in list(seen().sentences())[-1]
    assert not seen().anything and seen(keys=True).anything and seen(LLAMA).anything
