"""Document 000's page."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pointsman.core.fleet import Gateway
from pointsman.core.health import Health, HealthState
from pointsman.core.hierarchy import Live, code, difference, page, text
from pointsman.core.measured import Speed, SpeedPoint, Spread
from pointsman.core.snapshot import EndpointStatus, Override, OverrideKind, Snapshot
from support.fleets import ENDPOINTS, MODELS, small_fleet

GIB = 1 << 30
PORTS = {"gpu": 11439, "cpu": 11440, "ollama": 11434}
PLACES = {e.name: replace(e, url=f"http://127.0.0.1:{PORTS[e.name]}") if e.name in PORTS else e for e in ENDPOINTS}
CODER = replace(MODELS[0], vram=57 * GIB, kv_cache=24 * GIB, speed=(500, 500), context=1_000_000)
FLEET = small_fleet(
    endpoints=PLACES,
    models={m.name: m for m in (CODER, *MODELS[1:])},
    gateway=Gateway(kind="openclaw", path="~/.openclaw/openclaw.json", expect="opus", ref="anthropic/opus"),
)
UP = Health(state=HealthState.UP, reason="ready")


def live(at: float = 1_770_660_000.0, latency: float = 3.2, **more: object) -> Live:
    health = {name: UP for name in PLACES} | more.pop("health", {})  # type: ignore[operator]
    status = {name: EndpointStatus(checked_at=at, latency_ms=latency, probe="GET /health") for name in PORTS}
    status |= more.pop("status", {})  # type: ignore[operator]
    seen = Snapshot(now=at, health=health, status=status, overrides=more.pop("overrides", ()))  # type: ignore[arg-type]
    return Live(**{"fleet": FLEET, "snapshot": seen, **more})


def section(written: str, title: str) -> str:
    return written.partition(f". {title}\n")[2].partition("\n\n")[0]


def test_the_page_has_the_parts_of_document_000_in_its_order() -> None:
    written = page(live())
    heads = [line for line in written.splitlines() if line.startswith(("# ", "## "))]
    assert heads == [
        "# Model Hierarchy (Source of Truth)",
        "## Runtime Snapshot (verified)",
        "## Primary Routing Policy",
        "## Active Endpoint Map",
        "## Governance Notes",
        "## Maintenance Rule",
    ]
    assert "Last reviewed: 2026-02-09 18:00 UTC" in written


def test_a_role_is_told_with_model_port_context_memory_use_and_status() -> None:
    told = section(page(live()), "Implementer")
    assert told.splitlines() == [
        "- **Model:** `gpu/coder-id` (alias: `coder`)",
        "- **Port:** 11439 (stated 500 tok/s)",
        "- **Context:** 1,000,000 tokens",
        "- **VRAM:** 57.0 GiB + 24.0 GiB KV cache",
        "- **Asked when:** code (kind is coding)",
        "- **Fallbacks:** `flash`, `sonnet`",
        "- **Escalates to:** `opus`, when failed\\_attempts \\>= 2 or high\\_risk or user\\_wants is cloud",
        "- **Status:** ✅ Active",
    ]


def test_the_map_says_by_which_probe_each_endpoint_was_verified() -> None:
    rows = [line for line in page(live()).splitlines() if line.startswith("| 11439")]
    assert rows == ["| 11439 | `gpu` | `coder` | `implementer` | ✅ Active | `GET /health`, 3.2 ms |"]


def test_an_inactive_endpoint_is_told_with_its_reason_and_the_command_that_starts_it() -> None:
    down = Health(state=HealthState.DOWN, reason="connection refused at 127.0.0.1:11439")
    commands = {"llama-gpu": "systemctl --user start llama-gpu.service"}
    told = section(page(live(health={"gpu": down}, commands=commands)), "Implementer")
    assert told.splitlines()[-1] == (
        "- **Status:** ⚠️ Inactive (down: connection refused at 127.0.0.1:11439;"
        " to start it: `systemctl --user start llama-gpu.service`)"
    )


def test_a_context_other_than_configured_and_a_measured_speed_stand_beside_what_is_stated() -> None:
    status = {"gpu": EndpointStatus(checked_at=1.0, contexts={"coder-id": 262_144}, probe="GET /health")}
    writes = Spread(median=483.4, low=470.0, high=490.0, count=9)
    point = SpeedPoint(prompt_tokens=64, concurrency=1, calls=9, generation_per_s=writes)
    speed = Speed(model="coder", model_id="coder-id", endpoint="gpu", at=1_770_000_000.0, points=(point,))
    told = section(page(live(status=status, measured=(speed,))), "Implementer")
    assert "1,000,000 tokens, loaded with 262,144" in told
    assert "(stated 500 tok/s; measured 483 tok/s on 2026-02-02 02:40 UTC)" in told


def test_a_relay_is_never_called_local_and_a_role_without_a_model_says_who_does_it() -> None:
    relay = replace(FLEET.roles["overflow"], primary="relay")
    written = page(live(fleet=replace(FLEET, roles={"overflow": relay, "camera": FLEET.roles["camera"]})))
    assert "11434, computed in a cloud" in section(written, "Overflow")
    assert section(written, "Camera") == "- **Model:** none: YOLO on TensorRT"


def test_overrides_and_the_gateways_drift_are_on_the_page() -> None:
    pin = Override(id="p", kind=OverrideKind.PIN, model="sonnet", scope="role:judge", reason="trial")
    ended = Override(id="e", kind=OverrideKind.PIN, model="big", expires_at=1.0)
    written = page(live(overrides=(pin, ended), drift="the default is kimi"))
    assert "- Override: `pin sonnet` for `role:judge` (trial)" in written and "pin big" not in written
    assert "- Drift: the default is kimi" in written


# --- drift ---------------------------------------------------------------------------------------------------------


def test_dates_latencies_and_measured_speeds_are_no_drift() -> None:
    assert difference(page(live()), page(live(at=1_780_000_000.0, latency=91.5)), "f") == ""
    assert difference("\n" + page(live()).replace("\n", "\r\n"), page(live()), "f") == ""


@pytest.mark.parametrize(
    "changed",
    [
        {"health": {"cpu": Health(state=HealthState.DOWN, reason="refused")}},
        {"fleet": replace(FLEET, roles={**FLEET.roles, "general": replace(FLEET.roles["general"], primary="opus")})},
        {"fleet": replace(FLEET, endpoints={**PLACES, "cpu": replace(PLACES["cpu"], url="http://127.0.0.1:11441")})},
        {"fleet": replace(FLEET, routes=FLEET.routes[1:])},
        {"drift": "the default is kimi"},
        {"overrides": (Override(id="l", kind=OverrideKind.LOCAL_ONLY),)},
    ],
)
def test_what_the_maintenance_rule_names_is_drift(changed: dict[str, object]) -> None:
    told = difference(page(live()), page(live(**changed)), "docs/hierarchy.md")
    assert told.startswith("--- docs/hierarchy.md\n+++ live\n") and "\n-" in told or "\n+" in told
    assert told != ""


def test_busy_is_no_drift() -> None:
    busy = {"gpu": Health(state=HealthState.BUSY, reason="ready; 3 waiting")}
    assert difference(page(live()), page(live(health=busy)), "f") == ""


def test_foreign_text_says_just_that() -> None:
    assert text("<script>|*x*\x1b[31m\n# y") == "\\<script\\>\\|\\*x\\*␛\\[31m \\# y"
    assert code("a`|b") == "`aʼ¦b`"
    nasty = Health(state=HealthState.DOWN, reason="|\n| 11439 | fake | ✅ Active")
    rows = [r for r in page(live(health={"gpu": nasty})).splitlines() if r.startswith("| 11439")]
    assert len(rows) == 1 and "⚠️ Inactive" in rows[0]
