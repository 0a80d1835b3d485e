"""The file of a replay: whatever the numbers and names, it is what Python's own writer of CSV makes of them."""

from __future__ import annotations

import csv
import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from service.domain.verdicts import MEASURES, VerdictColumns
from service.usecases.trials.replay_files import SCORE_COLUMNS, write_scores

NUMBERS = st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.floats(0.0, 1e-3), st.just(-0.0))


@given(
    numbers=st.lists(st.tuples(*(NUMBERS for _ in MEASURES[1:])), max_size=20),
    name=st.tuples(st.text(min_size=1), st.text(min_size=1)),
)
def test_numbers_and_names_are_written_as_pythons_csv_writes_them(
    numbers: list[tuple[float, ...]], name: tuple[str, str]
) -> None:
    """So they read back to the last bit, the smallest and largest as well, and names with commas and quotes."""
    columns = dict(zip(MEASURES[1:], np.array(numbers, dtype=np.float64).reshape(-1, len(MEASURES) - 1).T, strict=True))
    verdicts = VerdictColumns(
        version="0",
        series=np.zeros(len(numbers), dtype=np.int64),
        starts=3600 * np.arange(len(numbers)),
        count=np.arange(len(numbers), dtype=np.float64),
        anomalous=np.arange(len(numbers)) % 2 == 1,
        **columns,
    )
    written, expected = io.StringIO(newline=""), io.StringIO(newline="")
    write_scores(written, verdicts, [name])
    writer = csv.writer(expected, lineterminator="\n")
    writer.writerow(SCORE_COLUMNS)
    for hour, row in enumerate(numbers):
        *told, _tail, weeks = row
        writer.writerow((f"1970-01-01T{hour:02}:00:00Z", *name, hour, *told, "true" if hour % 2 else "false", weeks))
    assert written.getvalue() == expected.getvalue()
