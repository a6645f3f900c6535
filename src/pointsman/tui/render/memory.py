"""GPUs, RAM and what the loaded models take of them."""

from __future__ import annotations

from collections.abc import Iterator

from pointsman.core.snapshot import EndpointStatus, Gpu, HostSample
from pointsman.tui.picture import Picture
from pointsman.tui.render import figures
from pointsman.tui.render.bars import bar, sparkline
from pointsman.tui.render.paint import Part
from pointsman.tui.render.table import Column, Row
from pointsman.tui.untrusted import label

Line = tuple[Part, ...]
COLUMNS = (Column("what", "WHAT", 12), Column("value", "VALUE", 8), Column("of", "OF", 8))  # of its export
_ROOMY = 60  # columns from which there is room for a sparkline beside the bar


def lines(picture: Picture, width: int) -> tuple[Line, ...]:
    host = picture.snapshot.host
    if host is None:
        return ((("waiting for the first sample of this machine", "dim"),),)
    drawn: list[Line] = []
    for gpu in host.gpus:
        drawn += _gpu(gpu, picture, width)
    if host.gpu_note or not host.gpus:
        drawn.append(_no_gpu(host))
    drawn.append(_ram(host, picture, width))
    shares = tuple(_shares(picture))
    if shares:
        drawn += _wrapped(shares, width)
    drawn.append(_cpu(host, picture, width))
    return tuple(drawn)


def compact(picture: Picture, width: int) -> tuple[Line, ...]:
    """A line for each card and one for the machine, where there is no room for more."""
    host = picture.snapshot.host
    if host is None:
        return lines(picture, width)
    return (*(_card(gpu, picture, width) for gpu in host.gpus), *(() if host.gpus else (_no_gpu(host),)), *_own(host))


def _card(gpu: Gpu, picture: Picture, width: int) -> Line:
    filled = percent(gpu.vram_used, gpu.vram_total)
    use = "n/a" if gpu.utilization is None else f"{gpu.utilization}%"
    heat = "n/a" if gpu.temperature is None else f"{gpu.temperature}°C"
    held = f"{figures.size(gpu.vram_used)}/{figures.size(gpu.vram_total)}"
    return (
        (f"GPU{gpu.index} ", "head"),
        *bar(filled, max(width - 40, 8), glyphs=picture.glyphs),
        (f" {held:<13}", ""),
        (f" {use:>4} {heat:>5}", "dim"),
    )


def _own(host: HostSample) -> tuple[Line, ...]:
    cpu = "n/a" if host.cpu_percent is None else f"{host.cpu_percent:.0f}%"
    ram = f"{figures.size(host.ram_used)}/{figures.size(host.ram_total)}"
    swap = f"   swap {figures.size(host.swap_used)}"
    return ((("cpu  ", "head"), (f"{cpu:<5}", ""), ("  ram ", "head"), (ram, ""), (swap, "dim")),)


def _no_gpu(host: HostSample) -> Line:
    """Figures that are there are not `n/a`: the note is a label then."""
    if host.gpus:
        return (("     ", ""), (host.gpu_note or "", "dim"))
    return (("GPU  ", "head"), (f"n/a: {host.gpu_note or 'none found'}", "dim"))


def percent(used: int | None, total: int | None) -> int | None:
    return None if used is None or not total else used * 100 // total


def _bar_width(width: int) -> int:
    return max(width - (42 if width >= _ROOMY else 30), 10)


def _gpu(gpu: Gpu, picture: Picture, width: int) -> tuple[Line, Line]:
    wide = _bar_width(width)
    use = "n/a" if gpu.utilization is None else f"{gpu.utilization}%"
    heat = "n/a" if gpu.temperature is None else f"{gpu.temperature}°C"
    power = "n/a" if gpu.power is None else f"{gpu.power:.0f}W"
    of = "" if gpu.power_limit is None or gpu.power is None else f"/{gpu.power_limit:.0f}W"
    series = picture.history.get(f"gpu{gpu.index}", ())
    spark = sparkline(series, 12 if width >= _ROOMY else 0, glyphs=picture.glyphs)
    filled = percent(gpu.vram_used, gpu.vram_total)
    used = f"{figures.size(gpu.vram_used)}/{figures.size(gpu.vram_total)}"
    return (
        (
            (f"GPU{gpu.index} ", "head"),
            *bar(gpu.utilization, wide, glyphs=picture.glyphs, tone="accent"),
            (f"{use:>5} {heat:>5} {power}{of} ", ""),
            (spark, "dim"),
        ),
        (
            ("vram ", "head"),
            *bar(filled, wide, glyphs=picture.glyphs),
            (" n/a" if filled is None else f"{filled:>4}%", ""),
            (f"  {used}", "dim"),
        ),
    )


def _ram(host: HostSample, picture: Picture, width: int) -> Line:
    filled = percent(host.ram_used, host.ram_total)
    return (
        ("ram  ", "head"),
        *bar(filled, _bar_width(width), glyphs=picture.glyphs),
        (" n/a" if filled is None else f"{filled:>4}%", ""),
        (f"  {figures.size(host.ram_used)}/{figures.size(host.ram_total)}", "dim"),
    )


def _cpu(host: HostSample, picture: Picture, width: int) -> Line:
    use = "n/a" if host.cpu_percent is None else f"{host.cpu_percent:.0f}%"
    spark = sparkline(picture.history.get("cpu", ()), min(max(width - 22, 0), 36), glyphs=picture.glyphs)
    return (("cpu  ", "head"), (f"{use:<5}", ""), (spark, "dim"), (f"  swap {figures.size(host.swap_used)}", "dim"))


def _shares(picture: Picture) -> Iterator[Part]:
    """Every loaded model with its part of the VRAM and what spilled into RAM."""
    for status in picture.snapshot.status.values():
        yield from _of_endpoint(status)


def _of_endpoint(status: EndpointStatus) -> Iterator[Part]:
    for model in status.loaded:
        spilled = None if model.size is None or model.vram is None else model.size - model.vram
        held = "size unknown" if model.vram is None else figures.size(model.vram)
        text = f"{label(model.id)} {held}"
        yield text + (f" +ram {figures.size(spilled)}" if spilled else ""), ""


def _wrapped(shares: tuple[Part, ...], width: int) -> list[Line]:
    drawn: list[Line] = []
    line: list[Part] = [("     ", "")]
    used = 5
    for text, tone in shares:
        if used > 5 and used + len(text) + 3 > width:
            drawn.append(tuple(line))
            line, used = [("     ", "")], 5
        line += [(text, tone), ("   ", "")]
        used += len(text) + 3
    return [*drawn, tuple(line)]


# --- to be exported ------------------------------------------------------------------------------------------------


def rows(picture: Picture) -> tuple[Row, ...]:
    """Its figures one by one."""
    return tuple(
        Row(what, {"what": (what, ""), "value": (value, ""), "of": (of, "")}) for what, value, of in _figures(picture)
    )


def _figures(picture: Picture) -> Iterator[tuple[str, str, str]]:
    host = picture.snapshot.host
    if host is not None:
        for gpu in host.gpus:
            yield from _gpu_figures(gpu)
        yield "ram", figures.size(host.ram_used), figures.size(host.ram_total)
        yield "swap", figures.size(host.swap_used), figures.size(host.swap_total)
        yield "cpu", figures.UNKNOWN if host.cpu_percent is None else f"{host.cpu_percent:.0f}%", ""
    for name, status in picture.snapshot.status.items():
        for model in status.loaded:
            yield f"{label(name)} / {label(model.id)}", figures.size(model.vram), figures.size(model.size)


def _gpu_figures(gpu: Gpu) -> Iterator[tuple[str, str, str]]:
    name = f"GPU{gpu.index}"
    yield f"{name} vram", figures.size(gpu.vram_used), figures.size(gpu.vram_total)
    for what, value, of, unit in (
        ("use", gpu.utilization, None, "%"),
        ("temperature", gpu.temperature, None, "°C"),
        ("power", gpu.power, gpu.power_limit, "W"),
    ):
        told, most = ("" if figure is None else f"{figure:.0f}{unit}" for figure in (value, of))
        yield f"{name} {what}", told or figures.UNKNOWN, most
