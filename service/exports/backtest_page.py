"""A backtest as a page: one file, no script, nothing loaded from elsewhere, for light and dark screens."""

from __future__ import annotations

import base64
from functools import cache
from zoneinfo import ZoneInfo

from jinja2 import Template

from service.domain.backtests import Backtest
from service.exports.backtest_plots import DARK, LIGHT, PLOTS, Plot, draw_png
from service.exports.templating import page_environment


def render_backtest_page(found: Backtest) -> bytes:
    """The page as HTML, its pictures inside.

    Raises
    ------
    InvalidInput
        If Matplotlib is not installed.
    """
    zone = ZoneInfo(found.timezone)
    plots = [(plot, _inlined(plot, found)) for plot in PLOTS]
    days = {name: getattr(found, name).astimezone(zone).date() for name in ("learnt_from", "start", "end")}
    return _template().render(found=found, plots=plots, days=days).encode()


def _inlined(plot: Plot, found: Backtest) -> tuple[str, str]:
    """The picture for light and for dark ground, as addresses that hold it."""
    light, dark = (base64.b64encode(draw_png(plot, found, theme)).decode() for theme in (LIGHT, DARK))
    return f"data:image/png;base64,{light}", f"data:image/png;base64,{dark}"


@cache
def _template() -> Template:
    return page_environment().get_template("backtest.html")
