"""A seasonal forecaster of statsforecast, refitted every week: MSTL with an exponentially smoothed level."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr
from statsforecast.models import MSTL, AutoETS

from bench.quality.panel import Floats, Judgement, Panel

_FIRST_WEEKS, _MOST_WEEKS = 2, 8  # of history a fit sees
_JUMPS_PER_WEEK = 12  # trend and low pass of the loess are interpolated between so many points a week
_ANSCOMBE = 3 / 8
_PRIOR_ERRORS = 10.0  # weight of a Poisson count's spread, 1 after the transform, before there are forecasts


def judge_seasonal(panel: Panel) -> Judgement:
    """Forecast errors of the counts' Anscombe transform in standard deviations of those of the weeks before.

    Forecasts run on local wall-clock time, so that a change to summer time moves nothing.
    """
    local = panel.calendar.local_seconds(panel.starts) // panel.calendar.window_seconds
    position = local - local[0]
    forecast = np.full((int(position[-1]) + 1, panel.width), np.nan)
    root = np.full(forecast.shape, np.nan)
    root[position] = _transformed(panel.counts)
    spread = np.full(forecast.shape, np.nan)
    week = panel.windows_per_week
    for begin in range(_FIRST_WEEKS * week, len(root), week):
        past = slice(max(0, begin - _MOST_WEEKS * week), begin)
        ahead = slice(begin, min(begin + week, len(root)))
        for series in range(panel.width):
            forecast[ahead, series] = _forecast(root[past, series], week)[: ahead.stop - begin]
        spread[ahead] = _spread(root[:begin] - forecast[:begin])
    return _judge(panel.counts, forecast[position], spread[position])


def _forecast(past: Floats, week: int) -> Floats:
    jump = week // _JUMPS_PER_WEEK
    model = MSTL(
        season_length=week,
        trend_forecaster=AutoETS(model="ANN"),
        stl_kwargs={"trend_jump": jump, "low_pass_jump": jump},
    )
    filled = _fill(past, week)
    if np.ptp(filled) == 0.0:
        return np.full(week, filled[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(model.forecast(y=filled, h=week)["mean"], dtype=np.float64)


def _fill(past: Floats, week: int) -> Floats:
    """Missing counts by the median of their hour of the week, or of all."""
    weeks = past.reshape(-1, week)
    missing = np.isnan(weeks)
    overall = np.nanmedian(past) if not missing.all() else 0.0
    known = ~missing.all(axis=0)
    usual = np.full(week, overall)
    usual[known] = np.nanmedian(weeks[:, known], axis=0)
    return np.asarray(np.where(missing, usual, weeks).ravel())


def _spread(errors: Floats) -> NDArray[np.float64]:
    """Standard deviation of each series' forecast errors; 1, that of a Poisson count, before there are any."""
    counted = (~np.isnan(errors)).sum(axis=0)
    squares = np.nansum(np.square(errors), axis=0)
    return np.asarray(np.sqrt((squares + _PRIOR_ERRORS) / (counted + _PRIOR_ERRORS)))


def _judge(counts: Floats, forecast: Floats, spread: Floats) -> Judgement:
    at_least, above = (ndtr((forecast - _transformed(np.maximum(counts + half, 0.0))) / spread) for half in (-0.5, 0.5))
    return Judgement(
        score=(_transformed(counts) - forecast) / spread,
        expected=np.where(np.isnan(forecast), np.nan, np.maximum(np.square(forecast / 2) - _ANSCOMBE, 0.0)),
        p_value=np.where(counts == 0, 1.0, at_least),
        p_above=above,
    )


def _transformed(counts: Floats) -> Floats:
    return np.asarray(2.0 * np.sqrt(counts + _ANSCOMBE))
