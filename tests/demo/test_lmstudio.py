"""The simulated LM Studio on the wire (protocols.md §5)."""

from __future__ import annotations

from pointsman.core.fleet import EndpointKind

KIND = EndpointKind.LMSTUDIO


async def test_it_greets_lists_everything_and_loads_with_the_first_call(serve, client, ask, sse, model):
    server = await serve(KIND, model("a", vram=1 << 30), model("b"))
    assert (await client.get(server.url + "/lmstudio-greeting")).json() == {"lmstudio": True}
    assert [row["id"] for row in (await client.get(server.url + "/v1/models")).json()["data"]] == ["a", "b"]

    async def instances() -> list[int]:
        found = (await client.get(server.url + "/api/v1/models")).json()["models"]
        return [len(row["loaded_instances"]) for row in found]

    assert (await instances(), dict(server.resident())) == ([0, 0], {})
    chunks = sse((await client.post(server.url + "/v1/chat/completions", json=ask(model="a"))).text)
    assert chunks[-1] == "[DONE]"
    assert (await instances(), dict(server.resident())) == ([1, 0], {"a": 1 << 30})


async def test_errors_are_bare_strings(serve, client, ask):
    server = await serve(KIND)
    answer = await client.post(server.url + "/v1/chat/completions", json=ask("x" * 4800))
    assert answer.status_code == 400
    assert "(n_keep: 1204>= n_ctx: 1000)" in answer.json()["error"]


async def test_there_is_no_health_path(serve, client):
    assert (await client.get((await serve(KIND)).url + "/health")).status_code == 404
