"""Which endpoint a GPU's process serves: by the service above it, else by the port it listens on. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from ipaddress import ip_address
from urllib.parse import urlsplit

from pointsman.core.fleet import Endpoint, Fleet
from pointsman.core.snapshot import EndpointStatus, Gpu, GpuProcess, HostSample, ServiceStatus


def attributed(
    host: HostSample, fleet: Fleet, services: Iterable[ServiceStatus], status: Mapping[str, EndpointStatus]
) -> HostSample:
    """The sample with `endpoint` and `model` of each GPU process filled where they can be told."""
    pids = {service.pid: service.name for service in services if service.pid}
    return replace(host, gpus=tuple(_gpu(gpu, fleet, pids, status) for gpu in host.gpus))


def _gpu(gpu: Gpu, fleet: Fleet, pids: Mapping[int, str], status: Mapping[str, EndpointStatus]) -> Gpu:
    return replace(gpu, processes=tuple(_process(one, fleet, pids, status) for one in gpu.processes))


def _process(
    process: GpuProcess, fleet: Fleet, pids: Mapping[int, str], status: Mapping[str, EndpointStatus]
) -> GpuProcess:
    endpoint = process.endpoint or _by_service(process, fleet, pids) or _by_port(process, fleet)
    if endpoint is None:
        return process
    return replace(process, endpoint=endpoint, model=process.model or _only_model(fleet, endpoint, status))


def _by_service(process: GpuProcess, fleet: Fleet, pids: Mapping[int, str]) -> str | None:
    """The nearest service above it wins; one that several endpoints share tells nothing."""
    service = next((pids[pid] for pid in (process.pid, *process.parents) if pid in pids), None)
    if service is None:
        return None
    served = [name for name, endpoint in fleet.endpoints.items() if endpoint.service == service]
    return served[0] if len(served) == 1 else None


def _by_port(process: GpuProcess, fleet: Fleet) -> str | None:
    found = [e.name for e in fleet.endpoints.values() if e.retired is None and _port_here(e) in process.ports]
    return found[0] if len(found) == 1 else None


def _port_here(endpoint: Endpoint) -> int | None:
    """The port, if the endpoint is on this machine."""
    try:
        parts = urlsplit(endpoint.url)
        host = parts.hostname or ""
        if host != "localhost" and not ip_address(host).is_loopback:
            return None
        return parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None


def _only_model(fleet: Fleet, endpoint: str, status: Mapping[str, EndpointStatus]) -> str | None:
    """Our name of the one model it holds; with several in memory nobody says which process has which."""
    seen = status.get(endpoint)
    held = [each.id for each in seen.loaded if each.state != "sleeping"] if seen is not None else []
    if len(held) > 1:
        return None
    ours = [m for m in fleet.models.values() if m.endpoint == endpoint and m.retired is None]
    named = [m.name for m in ours if held and held[0] in (m.id, f"{m.id}:latest")]
    if named:
        return named[0]
    if len(ours) == 1:
        return ours[0].name
    return held[0] if held else None
