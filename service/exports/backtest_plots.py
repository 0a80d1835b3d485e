"""The figures of a backtest as pictures, for light and for dark ground; Matplotlib comes with the extra ``plots``."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from service.domain.backtests import Backtest, BacktestFigures
from service.errors import InvalidInput

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INCHES = (4.6, 3.2)
_DOTS_PER_INCH = 160
_WELL_CALIBRATED = (0.8, 1.25)
_RIGHT = 1.0


class Theme(NamedTuple):
    """Colours: paper, ink, what is less important, a band behind the rest, and one for each of two figures."""

    paper: str
    ink: str
    soft: str
    band: str
    series: tuple[str, str]


LIGHT = Theme("#ffffff", "#2b2b2b", "#66625c", "#e9e4da", ("#8a857c", "#b2182b"))
DARK = Theme("#1f1c1b", "#ece7e1", "#a59e95", "#35302c", ("#a59e95", "#ff8b84"))


class Plot(NamedTuple):
    """A picture: the name of its file, what it shows, in words for those who cannot see it, and how it is drawn."""

    name: str
    title: str
    alternative: str
    draw: Callable[[Axes, Sequence[BacktestFigures], Theme], None]


def draw_png(plot: Plot, found: Backtest, theme: Theme) -> bytes:
    """A plot as PNG.

    Raises
    ------
    InvalidInput
        If Matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - 0.3 s and an extra, for those who draw
    except ImportError as error:
        raise InvalidInput("plots need Matplotlib: pip install 'trappvakt[plots]', or leave out --out") from error
    figure = Figure(figsize=_INCHES, dpi=_DOTS_PER_INCH, facecolor=theme.paper, layout="constrained")
    axes = figure.add_subplot(facecolor=theme.paper)
    plot.draw(axes, found.figures, theme)
    axes.tick_params(colors=theme.soft)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(theme.soft)
    axes.xaxis.label.set_color(theme.ink)
    axes.yaxis.label.set_color(theme.ink)
    if len(found.figures) > 1:
        axes.legend(frameon=False, labelcolor=theme.ink, fontsize="small")
    picture = io.BytesIO()
    figure.savefig(picture, format="png", facecolor=theme.paper, metadata={"Software": "Trappvakt"})
    return picture.getvalue()


def _calibration(axes: Axes, figures: Sequence[BacktestFigures], theme: Theme) -> None:
    axes.axhspan(*_WELL_CALIBRATED, color=theme.band, linewidth=0)
    axes.axhline(_RIGHT, color=theme.soft, linewidth=0.8)
    for one, colour in zip(figures, theme.series, strict=False):
        deciles = [decile for decile in one.deciles if decile.windows]
        for level, (style, mark) in enumerate((("-", "o"), ("--", "s"))):
            label = f"{one.name}, a = {one.levels[level]:g}"
            ratios = [decile.ratios[level] for decile in deciles]
            expected = [decile.expected for decile in deciles]
            axes.plot(expected, ratios, style, color=colour, marker=mark, markersize=3.5, label=label)
    axes.set(xscale="log", xlabel="expected presences in a window", ylabel="P(p < a) / a")
    axes.set_ylim(bottom=0)
    if len(figures) == 1:
        axes.legend(frameon=False, labelcolor=theme.ink, fontsize="small")


def _episodes(axes: Axes, figures: Sequence[BacktestFigures], theme: Theme) -> None:
    for one, colour in zip(figures, theme.series, strict=False):
        weeks = range(1, len(one.weekly) + 1)
        axes.plot(weeks, one.weekly, color=colour, marker="o", markersize=3.5, label=one.name)
        axes.axhline(one.promised, color=colour, linewidth=0.8, linestyle=":")
    axes.set(xlabel="week", ylabel="episodes per 100 stairwell-weeks")
    axes.set_ylim(bottom=0)


def _recall(axes: Axes, figures: Sequence[BacktestFigures], theme: Theme) -> None:
    for place, (one, colour) in enumerate(zip(figures, theme.series, strict=False)):
        known = [(row, figure) for row, figure in enumerate(one.recall) if figure.of]
        shares = [100 * figure.found / figure.of for _, figure in known]
        below = [share - 100 * figure.low for share, (_, figure) in zip(shares, known, strict=True)]
        above = [100 * figure.high - share for share, (_, figure) in zip(shares, known, strict=True)]
        rows = [row + 0.16 * (place - (len(figures) - 1) / 2) for row, _ in known]
        axes.errorbar(shares, rows, xerr=[below, above], fmt="o", color=colour, capsize=3, label=one.name)
    days = [figure.days for figure in figures[0].recall]
    axes.set(xlabel="injected loitering found, %", xlim=(0, 100), ylim=(len(days) - 0.5, -0.5))
    axes.set_yticks(range(len(days)), [f"within {number} days" for number in days])


PLOTS = (
    Plot(
        "calibration",
        "Calibration by expected count",
        "How often p-values are below 0.05 and 0.01, divided by how often they should be, by tenths of the windows.",
        _calibration,
    ),
    Plot(
        "episodes", "Episodes opened, week by week", "Dotted: the budget. Episodes of real events count too.", _episodes
    ),
    Plot("recall", "Loitering found", "Share of injected loitering found, with 95% intervals.", _recall),
)
