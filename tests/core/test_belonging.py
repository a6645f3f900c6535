"""Whose a GPU's process is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pointsman.core.belonging import attributed
from pointsman.core.snapshot import (
    EndpointStatus,
    Gpu,
    GpuProcess,
    HostSample,
    LoadedModel,
    ServiceState,
    ServiceStatus,
)
from support.fleets import ENDPOINTS, small_fleet

HERE = tuple(replace(e, url=f"http://127.0.0.1:{11430 + n}") for n, e in enumerate(ENDPOINTS))
FLEET = small_fleet(endpoints={e.name: e for e in HERE})
SERVICES = (ServiceStatus(name="llama-gpu", unit="llama.service", state=ServiceState.ACTIVE, pid=100),)


def whose(process: GpuProcess, *loaded: str, fleet=FLEET) -> tuple[str | None, str | None]:
    host = HostSample(taken_at=1.0, gpus=(Gpu(index=0, name="g", processes=(process,)),))
    models = tuple(LoadedModel(id=each) for each in loaded)
    status = {name: EndpointStatus(checked_at=1.0, loaded=models) for name in fleet.endpoints}
    (told,) = attributed(host, fleet, SERVICES, status).gpus[0].processes
    return told.endpoint, told.model


@pytest.mark.parametrize(
    ("process", "expected"),
    [
        (GpuProcess(pid=100, vram=1), ("gpu", "coder")),  # the service itself
        (GpuProcess(pid=140, vram=1, parents=(120, 100)), ("gpu", "coder")),  # a worker below it
        (GpuProcess(pid=7, vram=1, ports=(11431,)), ("cpu", "big")),  # no service: by the port
        (GpuProcess(pid=7, vram=1, parents=(6,), ports=(22,)), (None, None)),  # somebody else's
        (GpuProcess(pid=100, vram=1, endpoint="ollama"), ("ollama", None)),  # who already knows is believed
    ],
)
def test_a_process_belongs_to_the_service_above_it_or_the_port_it_listens_on(process, expected) -> None:
    assert whose(process) == expected


def test_with_several_models_in_memory_nobody_says_which_process_has_which() -> None:
    process = GpuProcess(pid=7, vram=1, ports=(11432,))
    assert whose(process, "vl-id", "kimi:cloud") == ("ollama", None)
    assert whose(process, "vl-id:latest") == ("ollama", "vl")
    assert whose(process, "foreign") == ("ollama", "foreign")


def test_a_service_or_port_of_two_endpoints_tells_nothing() -> None:
    both = small_fleet(endpoints={e.name: replace(e, service="llama-gpu", url="http://127.0.0.1:9") for e in HERE})
    assert whose(GpuProcess(pid=100, vram=1, ports=(9,)), fleet=both) == (None, None)


def test_a_port_on_another_machine_is_not_here() -> None:
    far = small_fleet(endpoints={e.name: replace(e, url="http://10.0.0.7:9") for e in HERE[:1]}, models={})
    assert whose(GpuProcess(pid=1, vram=1, ports=(9,)), fleet=far) == (None, None)
