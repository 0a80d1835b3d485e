"""A retraining's report as a page: one file, no script, nothing loaded from elsewhere, both languages in it."""

from __future__ import annotations

from functools import cache
from math import log
from zoneinfo import ZoneInfo

from jinja2 import Template

from models.dates import clock_text
from models.numbers import short_number, whole_number
from service.domain.retraining import CandidateTried, RetrainingReport
from service.exports import retraining_words
from service.exports.templating import page_environment
from service.exports.wording import Language

_SURE = 1.96  # standard errors of a 95% interval
_WIDEST_RATIO = 4.0  # that the scale of calibration shows, and its reciprocal


def render_retraining_page(report: RetrainingReport) -> bytes:
    """The page as HTML, in light or dark as the reader's screen is."""
    zone = ZoneInfo(report.timezone)
    page = _template().render(
        report=report,
        languages=list(Language),
        summaries={Language.SV: report.summary_sv, Language.EN: report.summary_en},
        clock=lambda time, language: clock_text(time.astimezone(zone), language),
        reach=_reach(report.candidates),
    )
    return page.encode()


def on_ratio_scale(ratio: float) -> float:
    """Where a ratio lies from 0, a quarter, to 100, four times; 50 is right.

    Examples
    --------
    >>> on_ratio_scale(1.0), on_ratio_scale(9.0), on_ratio_scale(0.5)
    (50.0, 100.0, 25.0)
    """
    place = log(max(ratio, 1 / _WIDEST_RATIO)) / log(_WIDEST_RATIO)
    return 50.0 + 50.0 * min(place, 1.0)


def gain_interval(candidate: CandidateTried) -> tuple[float, float]:
    """The 95% interval of a candidate's gain."""
    z, gain = candidate.log_loss_z, candidate.log_loss_gain
    error = abs(gain / z) if z else 0.0
    return gain - _SURE * error, gain + _SURE * error


def _reach(candidates: list[CandidateTried]) -> float:
    """Half the width of the scale of gains: what most candidates reach, lest a bad one hides the others."""
    ends = sorted(max(abs(end) for end in gain_interval(one)) for one in candidates)
    return max(ends[len(ends) * 3 // 4], 1e-6) if ends else 1e-6


@cache
def _template() -> Template:
    environment = page_environment()
    environment.filters |= {
        "changes": retraining_words.changes_text,
        "decimal": short_number,
        "counted": retraining_words.counted,
        "interval": gain_interval,
        "noun": retraining_words.noun,
        "on_ratio_scale": on_ratio_scale,
        "percent": retraining_words.percent,
        "whole": whole_number,
    }
    return environment.get_template("retraining.html")
