"""One endpoint in depth: its state and since when, what it does now, what our own calls found, its memory, its models
with measured beside stated figures, its service, the last probes and failures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from pointsman.core.fleet import Model
from pointsman.core.history import Point
from pointsman.core.measured import Compared, Measurement, Quality, Speed, compared, of_model
from pointsman.core.served import is_missing
from pointsman.core.snapshot import Gpu, GpuProcess, LoadedModel
from pointsman.core.traffic import SeenFailure, SeenProbe, TrafficFigures
from pointsman.engine.console import EndpointDetail
from pointsman.tui.picture import Picture
from pointsman.tui.render import endpoints, figures, services
from pointsman.tui.render.bars import sparkline
from pointsman.tui.render.paint import Part
from pointsman.tui.untrusted import label, one_line

Line = tuple[Part, ...]
History = Callable[[str], Sequence[Point]]  # by the metric's name; the last quarter of an hour
_SPARK = 40


def lines(
    detail: EndpointDetail, picture: Picture, history: History, measured: Sequence[Measurement]
) -> tuple[Line, ...]:
    """`measured` is everything that bench and eval found; only what is of this endpoint's models is shown."""
    name = detail.endpoint.name
    models = [model for model in picture.fleet.models.values() if model.endpoint == name]
    sections: tuple[tuple[str, Iterable[Line]], ...] = (
        ("NOW", _now(detail, picture, history)),
        ("OUR OWN CALLS, LAST HOUR", _traffic(detail.traffic)),
        ("IN ITS MEMORY", _memory(detail, picture)),
        ("MODELS THAT CAN BE ASKED HERE", _models(models, picture, measured)),
        ("SERVICE", _service(detail, picture)),
        ("LAST PROBES", _probes(detail.probes, picture)),
        ("LAST FAILURES OF OUR CALLS", _failures(detail.failures, picture.now)),
    )
    drawn: list[Line] = [*endpoints.detail(name, picture), _place(detail)]
    for title, body in sections:
        drawn += [(), ((title, "name"),), *body]
    return tuple(drawn)


def _place(detail: EndpointDetail) -> Line:
    endpoint = detail.endpoint
    group = f" · group {label(endpoint.group)}: one of it is loaded at a time" if endpoint.group else ""
    return ((one_line(endpoint.url), "dim"), (group, "dim"))


# --- now ---------------------------------------------------------------------------------------------------------


def _now(detail: EndpointDetail, picture: Picture, history: History) -> Iterator[Line]:
    status, before = detail.status, f"endpoint.{detail.endpoint.name}."
    if status is None:
        yield _dim("nothing has answered here yet")
        return
    slots = "" if status.slots is None else f" of {status.slots} slots"
    yield _fact("queue", f"{endpoints.queue_of(status)}{slots} (running + waiting)")
    rate = figures.rate(status.tokens_per_s)
    yield (*_fact("generation", f"{rate} tok/s"), *_spark(history(before + "tokens_per_s"), picture))
    latency = None if status.latency_ms is None else status.latency_ms / 1000
    by = f" by {one_line(status.probe)}" if status.probe else ""
    yield (*_fact("probe", figures.span(latency) + by), *_spark(history(before + "latency_ms"), picture))
    first = figures.span(status.first_token_s)
    yield (*_fact("first token", f"{first}, our last call"), *_spark(history(before + "first_token_s"), picture))
    if status.kv_used_percent is not None:
        yield _fact("KV cache", f"{status.kv_used_percent:.0f} % used")
    yield _fact("breaker", str(detail.health.breaker.state))


def _spark(points: Sequence[Point], picture: Picture) -> Line:
    """The last values against the largest of them."""
    values = [point.value for point in points][-_SPARK:]
    most = max((value for value in values if value is not None), default=0.0)
    return (("  ", ""), (sparkline(values, len(values), most=most or 1.0, glyphs=picture.glyphs), "dim"))


def _traffic(traffic: TrafficFigures | None) -> Iterator[Line]:
    if traffic is None:
        yield _dim("none")
        return
    share = "" if traffic.error_percent is None else f" ({traffic.error_percent:.1f} %)"
    tone = "warn" if traffic.failed else ""
    yield (*_fact("calls", f"{traffic.calls:,}, "), (f"{traffic.failed} failed{share}", tone))
    middle, most = figures.span(traffic.first_token_p50), figures.span(traffic.first_token_p95)
    yield _fact("first token", f"{middle} median, {most} at the 95th percentile")
    yield _fact("generation", f"{figures.rate(traffic.tokens_per_s_p50)} tok/s median")


# --- memory and models -------------------------------------------------------------------------------------------


def _memory(detail: EndpointDetail, picture: Picture) -> Iterator[Line]:
    loaded = detail.status.loaded if detail.status is not None else ()
    if not loaded:
        yield _dim("nothing that it tells")
    for model in loaded:
        yield _loaded(model, detail, picture)
    host = picture.snapshot.host
    for gpu in host.gpus if host is not None else ():
        for process in gpu.processes:
            if process.endpoint == detail.endpoint.name:
                yield _on_gpu(gpu, process)


def _loaded(model: LoadedModel, detail: EndpointDetail, picture: Picture) -> Line:
    spilled = None if model.size is None or model.vram is None else model.size - model.vram
    spill: Part = (f" · {figures.size(spilled)} spilled to RAM: slow", "warn") if spilled else ("", "")
    context = "" if model.context is None else f" · context {model.context:,}"
    return (
        (f"  {label(model.id)}", "strong"),
        (f"  {_state(model)} · {figures.size(model.size)}", ""),
        ("" if model.vram is None else f", {figures.size(model.vram)} in VRAM", ""),
        spill,
        (context, ""),
        *_short_of(model, detail, picture),
        (_expiry(model, picture.now), "dim"),
    )


def _on_gpu(gpu: Gpu, process: GpuProcess) -> Line:
    """What the driver says, beside what the server says of itself."""
    return (
        (f"  on GPU {gpu.index}", ""),
        (f"  {figures.size(process.vram)} by process {process.pid} ({one_line(process.name or '?')})", "dim"),
    )


def _state(model: LoadedModel) -> str:
    return model.state if model.done is None else f"{model.state}, {model.done * 100:.0f} %"


def _short_of(model: LoadedModel, detail: EndpointDetail, picture: Picture) -> Line:
    """A server may load with less context than the configuration counts on."""
    asked = [m for m in picture.fleet.models.values() if m.endpoint == detail.endpoint.name and m.id == model.id]
    wanted = asked[0].context if asked else None
    if wanted is None or model.context is None or model.context >= wanted:
        return ()
    return ((f" of {wanted:,} configured", "warn"),)


def _expiry(model: LoadedModel, now: float) -> str:
    if model.expires_at is None:
        return ""
    left = model.expires_at - now
    return " · stays until unloaded" if left > 365 * 86_400 else f" · leaves in {figures.until(left)}"


def _models(models: Sequence[Model], picture: Picture, measured: Sequence[Measurement]) -> Iterator[Line]:
    if not models:
        yield _dim("none")
    for model in models:
        prices = [figures.money(None if p is None else p * 1_000_000) for p in (model.price_in, model.price_out)]
        yield (
            (f"  {label(model.name)}", "strong"),
            (f"  {label(model.id)} · {model.tier} · {figures.compact(model.context)} tokens", "dim"),
            (f" · {prices[0]} in, {prices[1]} out per million", "dim"),
            *_absent(model, picture),
        )
        speed, quality = of_model(measured, model)
        yield from _speed(model, speed, picture.now)
        yield from _quality(model, quality, picture.now)


def _absent(model: Model, picture: Picture) -> Line:
    missing = model.retired is None and is_missing(picture.fleet, model, picture.snapshot.status.get(model.endpoint))
    return ((" · not on this server", "warn"),) if missing else ()


_FIGURES = {"generation_per_s": "generation", "first_token_s": "first token"}
_TONES = {"within": "good", "above": "good", "below": "warn"}


def _speed(model: Model, speed: Speed | None, now: float) -> Iterator[Line]:
    for each in compared(model, speed):
        if each.stated is None and each.measured is None:
            continue
        # A time that is below what is stated is good news.
        good = each.verdict != "above" if each.figure == "first_token_s" else each.verdict != "below"
        when = f" · {figures.moment(speed.at, now)}" if speed is not None and each.measured is not None else ""
        yield (
            (f"    {_FIGURES[each.figure]:<12}", "head"),
            (f"measured {_measure(each)}", ""),
            (f" · stated {_range(each)}", "dim"),
            (f" · {each.verdict}" if each.verdict else "", "good" if good else "warn"),
            (
                when + (" · simulated" if speed is not None and speed.simulated and each.measured is not None else ""),
                "dim",
            ),
        )


def _measure(each: Compared) -> str:
    if each.measured is None:
        return "never: `pointsman bench`"
    return figures.span(each.measured) if each.figure == "first_token_s" else f"{figures.rate(each.measured)} tok/s"


def _range(each: Compared) -> str:
    if each.stated is None:
        return figures.UNKNOWN
    low, high = each.stated
    both = figures.span if each.figure == "first_token_s" else figures.rate
    unit = "" if each.figure == "first_token_s" else " tok/s"
    return f"{both(low)}{unit}" if low == high else f"{both(low)} to {both(high)}{unit}"


def _quality(model: Model, quality: Quality | None, now: float) -> Iterator[Line]:
    if quality is None:
        return
    told = ", ".join(
        f"{score.kind} {figures.UNKNOWN if score.percent is None else score.percent} %" for score in quality.scores
    )
    yield (
        (f"    {'quality':<12}", "head"),
        (f"measured {told}", ""),
        (f" · {figures.moment(quality.at, now)}{' · simulated' if quality.simulated else ''}", "dim"),
    )


# --- service, probes, failures -----------------------------------------------------------------------------------


def _service(detail: EndpointDetail, picture: Picture) -> Iterable[Line]:
    name = detail.endpoint.service
    if name is None:
        return (_dim("none that can be restarted from here"),)
    told = services.in_full(name, picture)
    head: Line = (("  ", ""), (label(name), "strong"))
    if not told:
        return (head, _dim("its manager has said nothing yet"))
    state, *rest = told
    return ((*head, ("  ", ""), *state), *((("  ", ""), *line) for line in rest))


def _probes(probes: Sequence[SeenProbe], picture: Picture) -> Iterator[Line]:
    """Newest first; those that said the same one after the other are one line."""
    if not probes:
        yield _dim("none yet")
    runs: list[list[SeenProbe]] = []
    for probe in reversed(probes):
        if runs and (runs[-1][0].state, runs[-1][0].reason) == (probe.state, probe.reason):
            runs[-1].append(probe)
        else:
            runs.append([probe])
    for run in runs:
        known = [probe.latency_ms / 1000 for probe in run if probe.latency_ms is not None]
        spans = list(dict.fromkeys((figures.span(min(known)), figures.span(max(known))))) if known else []
        times = "" if len(run) == 1 else f" ×{len(run)} since {figures.clock(run[-1].at)}"
        yield (
            (f"  {figures.clock(run[0].at)}  ", "dim"),
            (f"{run[0].state}", ""),
            (f"{times}{'  ' + ' to '.join(spans) if spans else ''}", "dim"),
            (f"  {run[0].reason}" if run[0].reason else "", ""),
        )


def _failures(failures: Sequence[SeenFailure], now: float) -> Iterator[Line]:
    if not failures:
        yield _dim("none")
    for each in reversed(failures):
        status = "" if each.status is None else f" {each.status}"
        yield (
            (f"  {figures.moment(each.at, now)}  ", "dim"),
            (f"{each.kind}{status}", "bad"),
            (f"  {each.detail}", ""),
            (f"  {each.request}" if each.request else "", "faint"),
        )


def _fact(name: str, text: str) -> Line:
    return ((f"  {name:<12}", "head"), (text, ""))


def _dim(text: str) -> Line:
    return ((f"  {text}", "dim"),)
