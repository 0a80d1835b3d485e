"""The rivals of the benchmark: causal, alive, and as published."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from importlib.util import find_spec

import numpy as np
import pytest

from bench.quality.datasets import read_calit2
from bench.quality.known import sweep_known
from bench.quality.panel import Rival
from bench.quality.rivals import ADWIN, BAYES, BAYES_VAGUE, BOUNDS, OURS, RIVALS
from bench.quality.rivals.mmpp import judge_mmpp
from bench.quality.rivals.rates import judge_poisson
from bench.quality.rivals.scan import judge_scan
from bench.quality.towns import Town, null_town
from tests.datasets import FOLDER, needs_datasets
from tests.unit.benchmarks.panels import steady_panel

INFORMED = [pytest.param(one, marks=[pytest.mark.long] if one in (BAYES, BAYES_VAGUE) else []) for one in BOUNDS]
"""Those that are told something; two of them differ from the ones after by what they are told alone."""


def with_a_wild_end(town: Town, windows: int) -> Town:
    """The town with other counts after ``windows``."""
    counts = town.counts.copy()
    counts[windows:] = 9.0 + np.nan_to_num(counts[windows:])
    return replace(town, counts=counts)


@pytest.mark.parametrize("rival", [OURS, *INFORMED, *RIVALS], ids=lambda rival: rival.name)
def test_scores_use_nothing_later_than_their_window(rival: Rival) -> None:
    """Wild counts in the last days change nothing before them; sampled refits change no more than another seed does."""
    if rival.package and find_spec(rival.package) is None:
        pytest.skip(f"{rival.package} is not installed: it is of the extra bench")
    town, windows = null_town(5, 3, 4), 3 * 168 + 50
    usual, wild = (rival.judge(panel).score[:windows] for panel in (town, with_a_wild_end(town, windows)))
    if rival.name == "mmpp":
        assert np.nanmax(np.abs(usual - wild)) < 1.0
        np.testing.assert_array_equal(rival.judge(town).score[:windows], usual)
    else:  # which says as well that they are the same each time
        np.testing.assert_array_equal(usual, wild)
    assert np.isfinite(usual[-168:]).any()


@pytest.mark.parametrize("rival", [OURS, *(rival for rival in RIVALS if rival != ADWIN)], ids=lambda rival: rival.name)
def test_rivals_see_a_loud_evening(rival: Rival) -> None:
    """Ten times the usual for four hours, after seven weeks, is the highest score."""
    if rival.package and find_spec(rival.package) is None:
        pytest.skip(f"{rival.package} is not installed: it is of the extra bench")
    panel = steady_panel(8, 3.0, 2)
    loud = slice(7 * 168 + 20, 7 * 168 + 24)
    panel.counts[loud] = 30.0
    score = rival.judge(panel).score[6 * 168 :, 0]
    peak = np.nanmax(score[168 + 20 : 168 + 26])
    assert peak == np.nanmax(score)
    assert peak > np.nanmedian(score)


def test_adwin_sees_a_level_rise() -> None:
    """Twice as many from the sixth week on: reported within days, and not before."""
    panel = steady_panel(8, 3.0, 2)
    panel.counts[5 * 168 :] *= 2.0
    shifts = ADWIN.judge(panel).shifts
    assert shifts is not None
    assert not shifts[168 : 5 * 168].any()
    assert shifts[5 * 168 : 5 * 168 + 48].any()


def test_poisson_and_scan_by_hand() -> None:
    """Three weeks of one presence an hour, then five in the second of two windows."""
    panel = steady_panel(4, 1.0, 0)
    panel.counts[:] = 1.0
    panel.counts[3 * 168 + 1] = 5.0
    poisson, scan = judge_poisson(panel), judge_scan(panel)
    window = 3 * 168 + 1
    assert poisson.p_value is not None
    assert poisson.p_value[window, 0] == pytest.approx(0.0036598, rel=1e-3)  # 1 - e**-1 (1 + 1 + 1/2 + 1/6 + 1/24)
    assert scan.score[window, 0] == pytest.approx(5 * np.log(5) - 4)
    assert scan.score[window - 1, 0] == 0.0
    assert scan.score[window + 1, 0] == pytest.approx(6 * np.log(3) - 4)
    assert np.isnan(scan.score[:168]).all()


def test_mmpp_filter_knows_when_the_event_is_on() -> None:
    """Counts drawn from its own model: odds above even for most windows with an event, below for nearly all without."""
    random = np.random.default_rng(8)
    panel = steady_panel(8, 4.0, 4)
    on = np.zeros(len(panel.starts), dtype=bool)
    for begin in range(100, len(on), 160):
        on[begin : begin + 3] = True
        panel.counts[begin : begin + 3, 0] += random.negative_binomial(5, 1.0 / 4.0, 3)
    odds = judge_mmpp(panel).score[4 * 168 :, 0]
    assert (odds[on[4 * 168 :]] > 0).mean() > 0.8
    assert (odds[~on[4 * 168 :]] > 0).mean() < 0.02


@needs_datasets
def test_rivals_come_out_as_published() -> None:
    """Poisson to the event, scan and MMPP within two of shared figures for CalIt2's flow 9 (10, 20, 30, 50, 70)."""
    known = read_calit2(FOLDER, 9)
    for judge, published, tolerance in (
        (judge_poisson, (6, 10, 11, 14, 16), 0),
        (judge_scan, (7, 10, 11, 14, 14), 3),
        (partial(judge_mmpp, seed=0), (5, 12, 14, 17, 17), 3),
    ):
        (swept,) = sweep_known(known, judge(known.panel))
        found = [int(swept.first(budget).found.sum()) for budget in (10, 20, 30, 50, 70)]
        assert np.abs(np.subtract(found, published)).max() <= tolerance, found
