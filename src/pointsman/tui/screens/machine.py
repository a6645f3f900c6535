"""This machine (and those elsewhere) over the whole screen: figures, plots of what was, and which models fit.

The plots' library is loaded with this module, so nothing may import it before the screen is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.color import Color
from textual.containers import Grid, VerticalScroll
from textual.content import Content
from textual.widgets import Footer
from textual_plotext import PlotextPlot

from pointsman.core.history import Point
from pointsman.core.memory import what_fits
from pointsman.tui import keys
from pointsman.tui.panes.pane import Drawn
from pointsman.tui.picture import Picture
from pointsman.tui.render import machine
from pointsman.tui.render.glyphs import ASCII
from pointsman.tui.render.machine import Series
from pointsman.tui.render.paint import stack
from pointsman.tui.screens.modal import Live
from pointsman.tui.screens.reading import Reading

_TICKS = 3  # parts of the time axis
_TWO_COLUMNS = 96


class Plot(PlotextPlot):
    """One series. It has no frame and no legend: the title above it says everything."""

    def __init__(self, series: Series) -> None:
        super().__init__()
        self.series = series
        self.drawn_for: tuple[float, float, str] | None = None

    def show(self, points: Sequence[Point], now: float, span: tuple[float, float, str], ascii_only: bool) -> None:
        kept, step, _ = self.drawn_for = span
        self.border_title = Content(machine.headline(self.series, points))
        plot, minutes = self.plt, kept / 60
        plot.clear_figure()
        plot.frame(False)
        highest = 0.0
        for stroke in machine.strokes(points, now, step, self.series.scale):
            times, values = zip(*stroke, strict=True)
            highest = max(highest, *values)
            plot.plot(list(times), list(values), marker="*" if ascii_only else "braille", color=self._colour)
        plot.xlim(-minutes, 0)
        plot.ylim(0, self.series.top or highest * 1.1 or 1)
        ticks = [-minutes * part / _TICKS for part in range(_TICKS, -1, -1)]
        plot.xticks(ticks, [_ago(tick) for tick in ticks])
        plot.yfrequency(3)
        self.refresh()

    @property
    def _colour(self) -> tuple[int, int, int]:
        return Color.parse(self.app.theme_variables["primary"]).rgb


def _ago(minutes: float) -> str:
    if minutes == 0:
        return "now"
    return f"{minutes:.0f}m" if minutes > -60 else f"{minutes / 60:.0f}h"


class MachineScreen(Reading, Live[None]):
    kept_as = "machine.txt"
    BINDINGS: ClassVar[list[BindingType]] = [*keys.MACHINE]

    def __init__(
        self,
        picture: Picture,
        metrics: Callable[[], Sequence[str]],
        history: Callable[[str, float], Sequence[Point]],
    ) -> None:
        """They are asked each time it is drawn; none of them waits for anything."""
        super().__init__()
        self._picture = picture
        self._metrics, self._history = metrics, history
        self._span = machine.SPANS[0]
        self._plotted: tuple[Series, ...] = ()

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="machine") as box:
            box.border_title = Content("GPU / host")
            yield Drawn("", classes="figures", wraps=True)
            yield Grid(id="plots")
            yield Drawn("", classes="fits", wraps=True)
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        self.box.focus()
        self._widen()
        self.apply(self._picture)

    def apply(self, picture: Picture) -> None:
        self._picture = picture
        self.query_one(".figures", Drawn).draw(stack(machine.lines(picture)))
        fits = machine.fits(what_fits(picture.fleet, picture.snapshot))
        self.query_one(".fits", Drawn).draw(stack(((("WHICH MODELS FIT", "name"),), *fits)))
        series = machine.series_of(picture, frozenset(self._metrics()))
        if series != self._plotted:
            self._plotted = series
            self.run_worker(self._replace_plots(), exclusive=True)
        else:
            self._plot()

    async def _replace_plots(self) -> None:
        grid = self.query_one("#plots", Grid)
        await grid.remove_children()
        await grid.mount_all([Plot(series) for series in self._plotted])
        self._plot()

    def _plot(self) -> None:
        ascii_only = self._picture.glyphs is ASCII
        for plot in self.query(Plot):
            if plot.drawn_for == self._span and not plot.region.overlaps(self.box.region):
                continue  # out of sight, and not empty: it is drawn once it is scrolled to
            points = self._history(plot.series.metric, self._span[0])
            plot.show(points, self._picture.now, self._span, ascii_only)
        self.box.border_subtitle = Content(f"the last {self._span[2]}")

    def on_resize(self) -> None:
        self._widen()

    def _widen(self) -> None:
        self.query_one("#plots").styles.grid_size_columns = 2 if self.size.width >= _TWO_COLUMNS else 1

    def action_span(self) -> None:
        self._span = machine.SPANS[1 - machine.SPANS.index(self._span)]
        self._plot()

    # --- reading ---

    @property
    def text(self) -> str:
        return "\n\n".join(drawn.shown for drawn in self.query(Drawn))

    def action_fits(self) -> None:
        self.query_one(".fits").scroll_visible(animate=False, top=True)
