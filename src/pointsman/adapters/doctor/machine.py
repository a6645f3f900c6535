"""This machine: sockets, GPUs, the systemd user instance. Reads /proc and asks systemd; changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from pointsman.adapters.doctor.finding import Finding, note, ok, warning
from pointsman.adapters.services.commands import Ran, run_command
from pointsman.core.snapshot import HostSample

_LISTENING = "0A"
_ANY = frozenset({"0" * 8, "0" * 32})  # 0.0.0.0 and ::
_SECONDS = 3.0


def open_to_all(port: int, proc: Path = Path("/proc/net")) -> bool | None:
    """Does somebody listen there on every interface? None where the kernel does not say."""
    known = False
    for name in ("tcp", "tcp6"):
        try:
            lines = (proc / name).read_text("ascii", "replace").splitlines()[1:]
        except OSError:
            continue
        known = True
        if any(_is_open(line, port) for line in lines):
            return True
    return False if known else None


def _is_open(line: str, port: int) -> bool:
    parts = line.split()
    address, _, number = parts[1].partition(":") if len(parts) > 3 else ("", "", "")
    return bool(number) and parts[3] == _LISTENING and address in _ANY and int(number, 16) == port


def gpus(sample: HostSample, driver: Path = Path("/proc/driver/nvidia/version")) -> Iterator[Finding]:
    for gpu in sample.gpus:
        size = "" if gpu.vram_total is None else f", {gpu.vram_total / 1024**3:.0f} GiB"
        yield ok("gpu", f"GPU {gpu.index}: {gpu.name}{size}")
    if sample.gpus:
        return
    why = sample.gpu_note or "no GPU is seen"
    if driver.exists():
        yield warning("gpu", f"the NVIDIA driver is loaded, but {why}", "nvidia-smi")
    else:
        yield note("gpu", why)


async def systemd(environ: Mapping[str, str], user: str) -> tuple[Finding, ...]:
    """Whether units of the user can be managed, and whether they live on after logging out."""
    bus = await run_command(("systemctl", "--user", "show-environment"), environ, _SECONDS)
    if not bus.ok:
        return (_no_bus(bus, user),)
    linger = await run_command(("loginctl", "show-user", user, "--property=Linger", "--value"), environ, _SECONDS)
    return (ok("systemd", "the user instance answers"), *_lingering(linger, user))


def _no_bus(ran: Ran, user: str) -> Finding:
    said = (ran.err.strip().splitlines() or ["it does not say why"])[0]
    return warning(
        "systemd",
        f"the user instance of systemd cannot be reached, so services cannot be restarted from here: {said}",
        f"sudo loginctl enable-linger {user}",
    )


def _lingering(ran: Ran, user: str) -> Iterator[Finding]:
    if ran.ok and ran.out.strip() == "no":
        yield note("systemd", "your services stop when you log out", f"loginctl enable-linger {user}")


async def tmux_clipboard(environ: Mapping[str, str]) -> str | None:
    """tmux's `set-clipboard`; None if it does not answer."""
    told = {"TMUX": environ.get("TMUX", "")}
    ran = await run_command(("tmux", "show-options", "-gv", "set-clipboard"), environ, _SECONDS, told)
    return ran.out.strip() or None if ran.ok else None
