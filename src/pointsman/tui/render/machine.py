"""A machine in depth, as lines and as series to plot: its memories with document 003's words, GPUs with what slows them
and whose each process is, disks, and which models fit."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from pointsman.core.history import COARSE_KEPT_S, COARSE_S, FINE_KEPT_S, FINE_S, Point
from pointsman.core.memory import COMFORTABLE, OK, TIGHT, Fit, gib
from pointsman.core.pressure import pressures
from pointsman.core.snapshot import Gpu, GpuProcess, HostSample
from pointsman.tui.picture import Picture
from pointsman.tui.render import figures
from pointsman.tui.render.bars import bar
from pointsman.tui.render.paint import Part
from pointsman.tui.untrusted import label, one_line

Line = tuple[Part, ...]
SPANS = ((FINE_KEPT_S, FINE_S, "15 minutes"), (COARSE_KEPT_S, COARSE_S, "6 hours"))
_GIB = float(1 << 30)
_WORDS = {COMFORTABLE: "good", OK: "good", TIGHT: "warn"}
_BAR = 24


def lines(picture: Picture) -> tuple[Line, ...]:
    """This machine, then those elsewhere."""
    drawn: list[Line] = []
    for name, host in hosts(picture):
        if name:
            drawn += [(), ((f"machine {label(name)}", "name"),)]
        drawn += _host(host, picture)
    return tuple(drawn) or ((("waiting for the first sample of this machine", "dim"),),)


def hosts(picture: Picture) -> Iterator[tuple[str, HostSample]]:
    """With the name of each; this machine has none."""
    if picture.snapshot.host is not None:
        yield "", picture.snapshot.host
    yield from picture.snapshot.hosts.items()


def _host(host: HostSample, picture: Picture) -> Iterator[Line]:
    for each in pressures(host):
        percent = None if each.percent is None else int(each.percent)
        amount = f"{figures.size(each.used)} of {figures.size(each.total)}"
        yield (
            (f"{one_line(each.what):<12.24} ", "head"),
            *bar(percent, _BAR, glyphs=picture.glyphs),
            (f" {each.word:<12}", _WORDS.get(each.word, "dim")),
            (f" {amount}", ""),
        )
    for gpu in host.gpus:
        yield _gpu(gpu)
        yield from (_process(process) for process in gpu.processes)
    yield (("CPU          ", "head"), (_cpu(host), ""))
    for note in (host.gpu_note and f"GPU: {host.gpu_note}", host.note, *(disk.note for disk in host.disks)):
        if note:
            yield ((f"  {one_line(note)}", "dim"),)


def _cpu(host: HostSample) -> str:
    use = figures.UNKNOWN if host.cpu_percent is None else f"{host.cpu_percent:.0f} %"
    busy = sum(1 for core in host.cores if core >= 50)
    return f"{use} of {len(host.cores)} cores, {busy} of them busy" if host.cores else use


def _gpu(gpu: Gpu) -> Line:
    slowed: Part = (f" · slowed by {', '.join(gpu.throttled)}", "warn") if gpu.throttled else ("", "")
    part = " · a part of a card (MIG)" if gpu.part_of else ""
    return (
        (f"GPU {gpu.index}        "[:13], "head"),
        (one_line(gpu.name), "strong"),
        (" · ".join(["", *_told(gpu)]), ""),
        slowed,
        (part + (" · its memory is the RAM" if gpu.unified else ""), "dim"),
    )


def _told(gpu: Gpu) -> Iterator[str]:
    """Only what is known: most cards leave something out."""
    if gpu.utilization is not None:
        yield f"{gpu.utilization} %"
    if gpu.temperature is not None:
        yield f"{gpu.temperature} °C"
    if gpu.power is not None:
        yield f"{gpu.power:.0f} W" + ("" if gpu.power_limit is None else f" of {gpu.power_limit:.0f} W")
    if gpu.clock is not None:
        yield f"{gpu.clock} MHz" + ("" if gpu.clock_max is None else f" of {gpu.clock_max}")
    if gpu.memory_clock is not None:
        yield f"memory {gpu.memory_clock} MHz"
    if gpu.fan is not None:
        yield f"fan {gpu.fan} %"


def _process(process: GpuProcess) -> Line:
    whose = " / ".join(label(each) for each in (process.endpoint, process.model) if each)
    return (
        (f"             {process.pid:>7} ", "dim"),
        (f"{one_line(process.name or '?')}  {figures.size(process.vram)}", ""),
        (f"  {whose or 'not of an endpoint'}", "accent" if whose else "dim"),
    )


# --- what fits ---------------------------------------------------------------------------------------------------


def fits(found: Sequence[Fit]) -> tuple[Line, ...]:
    """Every model alone, then every two of them."""
    if not found:
        return ((("no model of the fleet computes on this machine", "dim"),),)
    wide = min(max(len(" + ".join(fit.models)) for fit in found), 44)
    heading: Line = ((f"{'MODELS':<{wide}}  {'NEED':>10}  {'OF':>10}  FIT", "head"),)
    return (heading, *(_fit(fit, wide) for fit in found))


def _fit(fit: Fit, wide: int) -> Line:
    names = " + ".join(label(name) for name in fit.models)
    need, have = (figures.UNKNOWN if size is None else gib(size) for size in (fit.need, fit.have))
    return (
        (f"{names:<{wide}.{wide}}", "strong" if len(fit.models) == 1 else ""),
        (f"  {need:>10}  {have:>10}  ", ""),
        (f"{fit.word:<12}", _WORDS.get(fit.word, "dim" if fit.need is None else "bad")),
        (f"  {fit.why}", "dim"),
    )


# --- series to plot ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One metric over time. Values are divided by `scale`; `top` None: as high as they reach."""

    metric: str
    title: str
    unit: str
    scale: float = 1.0
    top: float | None = None


def series_of(picture: Picture, known: Collection[str]) -> tuple[Series, ...]:
    """Those that there is something of."""
    found: list[Series] = []
    for name, host in hosts(picture):
        before, where = (f"host.{name}.", f"{label(name)} ") if name else ("", "")
        found += _of_host(host, before, where)
    found += [
        Series(metric=f"endpoint.{name}.tokens_per_s", title=f"{label(name)} generation", unit="tok/s")
        for name in picture.fleet.endpoints
    ]
    return tuple(each for each in found if each.metric in known)


def _of_host(host: HostSample, before: str, where: str) -> Iterable[Series]:
    for place, gpu in enumerate(host.gpus):
        metric, title = f"{before}gpu{place}.", f"{where}GPU {gpu.index}"
        yield Series(metric=metric + "utilization", title=f"{title} use", unit="%", top=100)
        yield _bytes(metric + "vram", f"{title} VRAM", gpu.vram_total)
        yield Series(metric=metric + "temperature", title=f"{title} temperature", unit="°C", top=100)
        yield Series(metric=metric + "power", title=f"{title} power", unit="W", top=gpu.power_limit)
        yield Series(metric=metric + "clock", title=f"{title} clock", unit="MHz", top=gpu.clock_max)
    yield Series(metric=before + "cpu", title=f"{where}CPU", unit="%", top=100)
    yield _bytes(before + "ram", f"{where}RAM", host.ram_total)
    if host.swap_total:
        yield _bytes(before + "swap", f"{where}swap", host.swap_total)


def _bytes(metric: str, title: str, total: int | None) -> Series:
    return Series(metric=metric, title=title, unit="GiB", scale=_GIB, top=None if not total else total / _GIB)


def headline(series: Series, points: Sequence[Point]) -> str:
    """The title over a plot: what it is, and its newest value."""
    newest = points[-1].value if points else None
    value = figures.UNKNOWN if newest is None else f"{_short(newest / series.scale)} {series.unit}"
    of = "" if series.top is None or series.unit in ("%", "°C") else f" of {_short(series.top)}"
    return f"{series.title}: {value}{of}"


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def strokes(points: Sequence[Point], now: float, step: float, scale: float) -> tuple[list[tuple[float, float]], ...]:
    """What is drawn without a break: (minutes from now, value). Times at which nobody looked are breaks."""
    drawn: list[list[tuple[float, float]]] = []
    last = float("-inf")
    for point in points:
        if point.value is None:
            last = float("-inf")
            continue
        if point.at - last > step * 3.5:
            drawn.append([])
        drawn[-1].append(((point.at - now) / 60.0, point.value / scale))
        last = point.at
    return tuple(drawn)
