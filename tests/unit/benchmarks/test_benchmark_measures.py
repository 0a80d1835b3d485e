"""The measures of the benchmark, the towns it is held in, and its page: by hand where that is possible."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.quality.__main__ import main
from bench.quality.alarming import Sizes, TownAlarms, onset_shares
from bench.quality.alarms import stairwell_weeks
from bench.quality.calibration import calibrate
from bench.quality.crowds import CROWDS, crowded
from bench.quality.experiment import Figure, Table
from bench.quality.known import WARMUP_WEEKS, KnownEventRecall, sweep_known
from bench.quality.long_run import LongRun
from bench.quality.measures import MOST_FLAGGED, sweep
from bench.quality.melbourne import LEARNING_WEEKS, SIZES, inject
from bench.quality.neighbours import FACTORS, MAIN, settings
from bench.quality.page import write_table
from bench.quality.panel import Judgement, Panel, Rival
from bench.quality.promises import promises
from bench.quality.rivals import ADWIN, BAYES, ORACLE, RATE_ORACLE, RIVALS
from bench.quality.tails import judge_counts
from bench.quality.towns import Town, null_town, onset_town
from models.evaluation import opened, threshold_at_budget
from tests.unit.benchmarks.panels import CALENDAR, steady_panel


@pytest.mark.parametrize("seed", range(5))
def test_sweep_agrees_with_counting_runs_at_each_threshold(seed: int) -> None:
    """Also with ties, missing windows and events at the edges."""
    random = np.random.default_rng(seed)
    score = random.integers(0, 12, 400).astype(float) ** 2
    score[random.random(400) < 0.05] = np.nan
    events = np.array([[0, 3], [50, 51], [200, 210], [398, 400]])
    swept = sweep(score, events)
    thresholds = np.unique(score[~np.isnan(score)])[::-1]
    assert swept.thresholds.tolist() == thresholds.tolist()
    found = []
    for threshold, predicted, share in zip(thresholds, swept.predicted, swept.share_flagged, strict=True):
        flagged = score >= threshold
        assert predicted == (np.diff(np.append(False, flagged).astype(int)) == 1).sum()
        assert share == np.mean(flagged)
        found.append(sum(flagged[max(0, begin - 1) : end + 1].any() for begin, end in events))
    for budget in (1, 5, 20):
        within = (swept.predicted <= budget) & (swept.share_flagged <= MOST_FLAGGED)
        assert swept.best(budget).found.sum() == max(np.array(found)[within], default=0)
        first = swept.first(budget)
        assert first.predicted <= budget
        assert first.share_flagged <= MOST_FLAGGED


def test_an_event_is_found_one_window_beside_it_and_not_two() -> None:
    score = np.zeros(100)
    score[10] = 1.0
    assert sweep(score, np.array([[11, 13], [12, 13]])).first(1).found.tolist() == [True, False]


def test_one_run_over_all_windows_is_no_prediction() -> None:
    assert not sweep(np.ones(100), np.array([[3, 4]])).best(10).found.any()


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


def test_crowds_are_added_to_weekdays_after_the_warmup_and_nothing_else_is() -> None:
    panel = steady_panel(weeks=8, mean=3.0, seed=3)
    known = crowded([panel, panel], seed=4)
    np.testing.assert_array_equal(known.panel.counts, crowded([panel, panel], seed=4).panel.counts)
    added = known.panel.counts - panel.counts
    for series, events in enumerate(known.events):
        assert len(events) == CROWDS
        assert (np.diff(events[:, 0]) > 0).all()
        inside = np.zeros(len(added), dtype=bool)
        for begin, end in events:
            inside[begin:end] = True
            assert 5 < added[begin:end, series].sum() < 110
        assert (added[~inside, series] == 0).all()
        assert not inside[: WARMUP_WEEKS * panel.windows_per_week].any()
        assert (panel.slots[inside] // panel.calendar.windows_per_day < 5).all()
    assert (known.events[0] != known.events[1]).any()


def test_known_events_of_several_series_are_found_in_each_and_told_together() -> None:
    """A judge that points at one event of the first series, at all of the second, and nowhere else."""
    panel = steady_panel(weeks=8, mean=3.0, seed=3)
    known = crowded([panel, panel], seed=4)
    score = np.zeros(known.panel.counts.shape)
    for series, pointed in enumerate((known.events[0][:1], known.events[1])):
        score[pointed[:, 0], series] = 1.0 + np.arange(len(pointed))
    swept = sweep_known(known, Judgement(score))
    assert [int(each.first(CROWDS).found.sum()) for each in swept] == [1, CROWDS]
    recall = KnownEventRecall(Table("crowds", "", ""), lambda: known, (), budgets=(CROWDS,))
    row = recall.measure(Rival("pointing", "", lambda _: Judgement(score)))
    assert row["crowds"][f"{CROWDS}"].merit == 1 + CROWDS


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
    """At the same budget the oracle is ahead of Bayes, who knows rates, as of a rule of thumb, and that of chance."""
    town = onset_town(9, 40, 13)
    null = null_town(10, 40, 13)
    within = np.ones(null.counts.shape, dtype=bool)

    def found(judge: Rival) -> float:
        most = 0.02 * stairwell_weeks(null, within)
        threshold = threshold_at_budget(judge.judge(null).score, within, most)
        shares = onset_shares(judge.judge(town).score >= threshold, town)
        return float(np.mean([one for title, cases in shares.items() if "14 days" in title for one in cases]))

    noise = Rival("noise", "noise", lambda panel: Judgement(np.random.default_rng(1).random(panel.counts.shape)))
    assert found(ORACLE) > found(BAYES) > found(RATE_ORACLE) > 0.5
    assert found(noise) < 0.2


def test_town_alarms_hold_rivals_to_their_threshold() -> None:
    """False episodes of a rival are near the budget on a town that its threshold was not set on."""
    experiment = TownAlarms((), 40, Sizes(null=(60, 10), onset=(8, 14)))
    rows = experiment.measure(next(rival for rival in RIVALS if rival.name == "negative-binomial"))
    rate = rows["false-episodes"]["5-8"].detail
    assert rate is not None
    assert 0.3 < rate < 6.0
    assert set(rows) == {"onsets", "false-episodes", "calibration", "deciles"}


def test_the_long_run_counts_what_a_detector_opens_at_its_own_budget() -> None:
    """One window of each series within its share, once it was observed for 20 weeks: one episode each."""

    def judge(town: Panel) -> Judgement:
        assert isinstance(town, Town)
        settled = (town.observed_weeks >= 20) & ~np.isnan(town.counts)
        tail = np.where(settled & (np.cumsum(settled, axis=0) == 1), 0.0, 9.0)
        return Judgement(-tail, tail=tail)

    (row,) = LongRun((), 50, stairwells=4, weeks=22, towns=1).measure(Rival("one", "one", judge)).values()
    rates = {title: figure.detail for title, figure in row.items() if figure.detail is not None}
    assert rates["weeks 1-4"] == rates["5-8"] == rates["9-16"] == rates["33 on"] == 0.0
    assert rates["17-32"] == rates["17 on"]
    assert 100 / 6 < rates["17 on"] < 2 * 100 / 6 + 1  # one or two series a stairwell, in six weeks
    assert set(row) - set(rates) == {"17 on, by town"}


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
