"""What a detector learns of windows whose cause is known, or that a person vouches for."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.detector.columns import OccupancyColumns
from models.detector.state import OccupancyState
from models.detector.verdicts import Verdicts
from models.shipped import shipped_version
from tests.property.test_detector import assert_same, assert_state, columns_of, draw_counts, run

WEEK = 168
EVENING = (21, 22, 23)


@settings(max_examples=4)
@given(seed=st.integers(0, 2**31), share=st.floats(0, 1))
def test_left_out_is_judged_like_any_and_learnt_like_missing(seed: int, share: float) -> None:
    """To the last bit: the verdicts of the window itself, and the state after it."""
    counts = draw_counts(80, 8, seed)
    left_out = np.random.default_rng(seed).random(counts.shape) < share
    annotated, missing = columns_of(8), columns_of(8)
    for k, row in enumerate(counts):
        judged = missing.score(k % WEEK, row)
        assert_same([annotated.step(k % WEEK, row, left_out=left_out[k])], [judged])
        missing.learn(k % WEEK, np.where(left_out[k], np.nan, row))
        assert_state(annotated.state, missing.state)


def test_no_mark_changes_nothing() -> None:
    """Masks that mark nothing, and marks on missing counts, leave every bit as it was."""
    counts = draw_counts(150, 8)
    plain, masked = columns_of(8), columns_of(8)
    expected = run(plain, counts)
    nothing = np.zeros(8, dtype=bool)
    verdicts = [masked.step(k % WEEK, row, left_out=nothing, confirmed=np.isnan(row)) for k, row in enumerate(counts)]
    assert_same(expected, verdicts)
    assert_state(plain.state, masked.state)


def test_marks_of_a_series_do_not_touch_those_beside_it() -> None:
    """Any split gives the same bits."""
    counts, random = draw_counts(100, 9), np.random.default_rng(3)
    left_out, confirmed = random.random((2, *counts.shape)) < 0.3

    def run_part(part: slice) -> tuple[list[Verdicts], OccupancyState]:
        columns = columns_of(part.stop - part.start, first=part.start)
        rows = enumerate(zip(counts, left_out, confirmed, strict=True))
        verdicts = [
            columns.step(k % WEEK, row[part].copy(), left_out=out[part], confirmed=sure[part])
            for k, (row, out, sure) in rows
        ]
        return verdicts, columns.state

    together, state = run_part(slice(0, 9))
    for part in (slice(0, 1), slice(1, 9), slice(0, 5), slice(5, 9)):
        alone, own_state = run_part(part)
        assert_same(together, alone, part)
        assert_state(state.select(part), own_state)


def test_loud_evenings_are_learnt_when_a_person_says_that_they_are_normal() -> None:
    """Excess in a block of hours is not learnt by itself; confirmed for three weeks it is expected, and no alarm."""
    random, n, loud, judged = np.random.default_rng(4), 10, 6 * WEEK, 9 * WEEK
    said = np.arange(2 * n) < n  # the same counts twice
    columns = OccupancyColumns(shipped_version(), 60, np.zeros(2 * n), np.full(2 * n, 0.02))
    scored = []
    for window in range(11 * WEEK):
        mean = 1.5 if window >= loud and window % 24 in EVENING else 0.05
        counts = np.tile(random.poisson(mean, n), 2).astype(float)
        normal = said if loud <= window < judged else None
        scored.append(columns.advance(window % WEEK, counts, confirmed=normal))
    anomalous = columns.tell(scored[judged:]).anomalous.sum(axis=0)
    expected = np.mean([columns.score(hour, np.full(2 * n, np.nan)).expected for hour in EVENING], axis=0)
    assert expected[~said].mean() < 0.1
    assert expected[said].mean() > 0.3
    assert anomalous[said].sum() <= 2
    assert anomalous[~said].sum() > 30 * n  # of some 44 evening hours with anybody
