"""The benchmark's measures against brute force, and its rivals on seeded towns: causal, repeatable, right."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from bench.quality.__main__ import main
from bench.quality.alarming import Sizes, TownAlarms, onset_shares
from bench.quality.alarms import stairwell_weeks
from bench.quality.calibration import calibrate
from bench.quality.datasets import read_calit2
from bench.quality.experiment import Figure, Table
from bench.quality.known import sweep_known
from bench.quality.measures import MOST_FLAGGED, sweep
from bench.quality.melbourne import LEARNING_WEEKS, SIZES, inject
from bench.quality.neighbours import FACTORS, MAIN, settings
from bench.quality.page import write_table
from bench.quality.panel import Judgement, Panel, Rival
from bench.quality.promises import promises
from bench.quality.rivals import ADWIN, ORACLE, OURS, RATE_ORACLE, RIVALS
from bench.quality.rivals.mmpp import judge_mmpp
from bench.quality.rivals.rates import judge_poisson
from bench.quality.rivals.scan import judge_scan
from bench.quality.tails import judge_counts
from bench.quality.towns import Town, null_town, onset_town
from models.calendar import Calendar
from models.evaluation import opened, predicted_events, recall_at_predicted_events, threshold_at_budget
from tests.datasets import FOLDER, needs_datasets

CALENDAR = Calendar("Australia/Melbourne", (), 60)
FIRST_MONDAY = 1_420_376_400  # 2015-01-05 00:00 in Melbourne


def steady_panel(weeks: int, mean: float, seed: int, series: int = 1) -> Panel:
    """Poisson counts of one rate around the clock."""
    windows = weeks * 168
    counts = np.random.default_rng(seed).poisson(mean, (windows, series)).astype(float)
    starts = FIRST_MONDAY + 3600 * np.arange(windows, dtype=np.int64)
    return Panel(CALENDAR, starts, counts, ("other",) * series, np.full(series, 0.02))


@pytest.mark.parametrize("seed", range(5))
def test_sweep_agrees_with_counting_runs_at_each_threshold(seed: int) -> None:
    """Also with ties, missing windows and events at the edges."""
    random = np.random.default_rng(seed)
    score = random.integers(0, 12, 400).astype(float) ** 2
    score[random.random(400) < 0.05] = np.nan
    events = np.array([[0, 3], [50, 51], [200, 210], [398, 400]])
    swept = sweep(score, events)
    for threshold, predicted, share in zip(swept.thresholds, swept.predicted, swept.share_flagged, strict=True):
        assert predicted == len(predicted_events(score, threshold))
        assert share == np.mean(score >= threshold)
    for budget in (1, 5, 20):
        best = recall_at_predicted_events(score, events, budget, most_flagged=MOST_FLAGGED)
        assert swept.best(budget).found.sum() == best.found
        first = swept.first(budget)
        assert first.predicted <= budget
        assert first.share_flagged <= MOST_FLAGGED


def test_first_sweep_stops_where_the_budget_is_first_passed() -> None:
    """Though a lower threshold joins the runs and would be within it again."""
    score = np.zeros(1000)
    score[[10, 12, 14]] = 5.0
    score[[11, 13, 15]] = 4.0
    score[500] = 3.0
    swept = sweep(score, np.array([[500, 501]]))
    assert swept.first(2).found.sum() == 0
    assert swept.best(2).found.sum() == 1


@pytest.mark.parametrize("seed", range(3))
def test_threshold_at_budget_agrees_with_lowering_it_by_hand(seed: int) -> None:
    """The lowest threshold above which no more episodes than allowed ever open."""
    score = np.random.default_rng(seed).integers(0, 300, (200, 3)).astype(float)
    within = np.ones(score.shape, dtype=bool)
    threshold = threshold_at_budget(score, within, most_openings=7)
    levels = np.unique(score)
    openings = np.array([opened(score >= level).sum() for level in levels])
    assert openings[levels >= threshold].max() <= 7
    assert openings[levels < threshold][-1] > 7


def test_stairwells_share_their_weeks_among_their_series() -> None:
    """Two series of one stairwell for a week are one stairwell-week."""
    panel = replace(steady_panel(1, 1.0, 0, series=2), shares=np.array([0.01, 0.01]))
    assert stairwell_weeks(panel, np.ones((168, 2), dtype=bool)) == pytest.approx(1.0)


def test_calibration_sees_right_and_wrong_distributions() -> None:
    """Sparse and dense Poisson counts judged by their own mean, and by one of half its size."""
    random = np.random.default_rng(3)
    mean = np.exp(random.uniform(np.log(0.02), np.log(50.0), (200_000, 1)))
    counts = random.poisson(mean).astype(float)
    everything = np.ones(mean.shape, dtype=bool)
    right = calibrate(judge_counts(counts, mean, np.full_like(mean, 1e-9)), everything)
    wrong = calibrate(judge_counts(counts, mean / 2, np.full_like(mean, 1e-9)), everything)
    assert right is not None
    assert wrong is not None
    assert np.abs(np.log(right.by_decile[0])).max() < np.log(1.15)
    assert np.abs(np.log(right.overall)).max() < np.log(1.3)
    assert wrong.by_decile[0].max() > 5.0
    assert calibrate(Judgement(counts), everything) is None


def test_counts_beyond_every_float_still_rank() -> None:
    """A tail of 1e-300 and one of 1e-3000 are not the same."""
    counts = np.array([[900.0], [2000.0], [20_000.0], [40_000.0]])
    score = judge_counts(counts, np.full((4, 1), 100.0), np.full((4, 1), 1e-9)).score[:, 0]
    assert (np.diff(score) > 0).all()
    assert np.isfinite(score).all()


def with_a_wild_end(town: Town, windows: int) -> Town:
    """The town with other counts after ``windows``."""
    counts = town.counts.copy()
    counts[windows:] = 9.0 + np.nan_to_num(counts[windows:])
    return replace(town, counts=counts)


@pytest.mark.parametrize("rival", [OURS, ORACLE, RATE_ORACLE, *RIVALS], ids=lambda rival: rival.name)
def test_scores_use_nothing_later_than_their_window(rival: Rival) -> None:
    """Wild counts in the last days change nothing before them; sampled refits change no more than another seed does."""
    if rival.package and find_spec(rival.package) is None:
        pytest.skip(f"{rival.package} is not installed: it is of the extra bench")
    town, windows = null_town(5, 5, 5), 4 * 168 + 50
    usual, wild = (rival.judge(panel).score[:windows] for panel in (town, with_a_wild_end(town, windows)))
    if rival.name == "mmpp":
        assert np.nanmax(np.abs(usual - wild)) < 1.0
    else:
        np.testing.assert_array_equal(usual, wild)
    np.testing.assert_array_equal(rival.judge(town).score[:windows], usual)
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


def test_injected_events_only_add_after_learning() -> None:
    """The same number of each size in each series, on different evenings, and the same for the same seed."""
    panel = steady_panel(30, 200.0, 1, series=2)
    injected = inject(panel, seed=4, events_of_a_size=5)
    again = inject(panel, seed=4, events_of_a_size=5)
    np.testing.assert_array_equal(injected.panel.counts, again.panel.counts)
    added = injected.panel.counts - panel.counts
    assert (added >= 0).all()
    for series, (events, sizes) in enumerate(zip(injected.events, injected.sizes, strict=True)):
        assert events.min() >= LEARNING_WEEKS * 168
        assert len(np.unique(CALENDAR.local_days(panel.starts[events[:, 0]]))) == len(events)
        changed = np.zeros(len(panel.starts), dtype=bool)
        for (begin, end), size in zip(events, sizes, strict=True):
            changed[begin:end] = True
            assert added[begin:end, series].mean() == pytest.approx(200.0 * size, rel=0.25)
        assert (added[~changed, series] == 0).all()
        assert [int((sizes == size).sum()) for size in SIZES] == [5] * len(SIZES)


def test_towns_tell_the_truth() -> None:
    """Loitering begins at the onset, in its hours, and nowhere in a null town of the same seed."""
    town, null = onset_town(3, 12, 12), null_town(3, 12, 12)
    assert (town.onset >= 0).sum() == 12
    assert (null.onset < 0).all()
    assert null.hours.any(axis=0).sum() == 12
    for series in np.flatnonzero(town.onset >= 0):
        after = np.arange(len(town.starts)) >= town.onset[series]
        inside = town.hours[:, series] & after
        assert np.nansum(town.counts[inside, series]) > 1.5 * town.rate[inside, series].sum()


def test_who_knows_more_finds_more_onsets() -> None:
    """At the same budget the oracle is ahead of one that knows rates alone, and that of one that flags at random."""
    town = onset_town(9, 40, 16)
    null = null_town(10, 40, 16)
    within = np.ones(null.counts.shape, dtype=bool)

    def found(judge: Rival) -> float:
        most = 0.02 * stairwell_weeks(null, within)
        threshold = threshold_at_budget(judge.judge(null).score, within, most)
        shares = onset_shares(judge.judge(town).score >= threshold, town)
        return float(np.mean([one for title, cases in shares.items() if "14 days" in title for one in cases]))

    noise = Rival("noise", "noise", lambda panel: Judgement(np.random.default_rng(1).random(panel.counts.shape)))
    assert found(ORACLE) > found(RATE_ORACLE) > 0.5
    assert found(noise) < 0.2


def test_town_alarms_hold_rivals_to_their_threshold() -> None:
    """False episodes of a rival are near the budget on a town that its threshold was not set on."""
    experiment = TownAlarms((), 40, Sizes(null=(60, 10), onset=(8, 14)))
    rows = experiment.measure(next(rival for rival in RIVALS if rival.name == "negative-binomial"))
    rate = rows["false-episodes"]["5-8"].detail
    assert rate is not None
    assert 0.3 < rate < 6.0
    assert set(rows) == {"onsets", "false-episodes", "calibration", "deciles"}


def test_page_marks_the_first_and_says_where_another_is_ahead() -> None:
    """Ties are both first; a cell without merit is never."""
    rows = {
        "trappvakt": {"a": Figure("3", 3), "b": Figure("0.5", None)},
        "poisson": {"a": Figure("3 too", 3), "b": Figure("0.9", None)},
    }
    lines = list(write_table(Table("t", "T", "text"), rows, {"trappvakt": "Trappvakt", "poisson": "Poisson"}))
    assert "| Trappvakt | **3** | 0.5 |" in lines
    assert "| Poisson | **3 too** | 0.9 |" in lines


def test_promises_are_kept_or_not() -> None:
    """Found enough at too much time flagged is not kept."""
    row = {
        "20": Figure("12 (2.0%)", 12, 0.02),
        "30": Figure("14 (4.0%)", 14, 0.04),
        "50": Figure("14 (2.0%)", 14, 0.02),
    }
    kept = [
        promise.kept
        for promise in promises({"calit2-in": {"trappvakt": row}}, "trappvakt", "trappvakt-either-way", "oracle")
    ]
    assert kept == [True, False, False]


def test_neighbours_are_settings_of_the_shipped_version() -> None:
    """Two of each main hyper-parameter, each moved alone."""
    versions = dict(settings())
    assert len(versions) == 1 + len(MAIN) * len(FACTORS)
    shipped = versions.pop("shipped").hyperparameters.to_settings()
    for version in versions.values():
        moved = version.hyperparameters.to_settings()
        assert sum(moved[name] != value for name, value in shipped.items()) == 1


@needs_datasets
def test_rivals_come_out_as_published() -> None:
    """Poisson to the event, scan and MMPP within two of shared figures for CalIt2's flow 9 (10, 20, 30, 50, 70)."""
    known = read_calit2(FOLDER, 9)
    for judge, published, tolerance in (
        (judge_poisson, (6, 10, 11, 14, 16), 0),
        (judge_scan, (7, 10, 11, 14, 14), 3),
        (partial(judge_mmpp, seed=0), (5, 12, 14, 17, 17), 3),
    ):
        swept = sweep_known(known, judge(known.panel))
        found = [int(swept.first(budget).found.sum()) for budget in (10, 20, 30, 50, 70)]
        assert np.abs(np.subtract(found, published)).max() <= tolerance, found


def test_command_writes_a_page_and_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    """A part of it, small; with a sentence for an unknown name and for a folder that is not there."""
    page = tmp_path / "page.md"
    arguments = ["--datasets", str(tmp_path), "--quick", "--jobs", "1", "--only", "shifts", "--rivals", ADWIN.name]
    main([*arguments, "--page", str(page)])
    text = page.read_text("utf-8")
    assert "### Shifts of level in simulated towns" in text
    assert "ADWIN (river)" in text
    with pytest.raises(SystemExit, match="--only nothing: not known"):
        main([*arguments, "--only", "nothing"])
    with pytest.raises(SystemExit, match="no folder"):
        main(["--datasets", str(tmp_path / "absent"), "--rivals", ADWIN.name])
