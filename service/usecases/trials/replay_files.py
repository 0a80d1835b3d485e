"""The files a replay writes. Columns are only ever appended, since others read them."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import UTC, datetime
from io import StringIO
from typing import TextIO

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.hotspots.hotspot import HotSpot
from models.reasons import hotspot_reason
from service.domain.verdicts import VerdictColumns

SCORE_COLUMNS = (
    "time",
    "stairwell",
    "space",
    "count",
    "expected",
    "lower",
    "upper",
    "p_value",
    "p_above",
    "score",
    "episode_probability",
    "anomalous",
    "evidence_weeks",
)
LIST_COLUMNS = (
    "rank",
    "stairwell",
    "space",
    "kind",
    "weekdays",
    "from_hour",
    "to_hour",
    "observed",
    "expected",
    "days",
    "score",
    "significant",
    "reason",
    "p_value",
    "reason_sv",
)
_MEASURES = SCORE_COLUMNS[4:11]
_ROWS_AT_A_TIME = 10_000


def write_scores(stream: TextIO, verdicts: VerdictColumns, names: list[tuple[str, str]]) -> None:
    """One row a verdict, by time, stairwell and space; times in UTC, numbers so that they read back to the last bit.

    Parameters
    ----------
    stream
        Opened with ``newline=""``.
    verdicts
        Of a replay.
    names
        (stairwell, space) of each series number.
    """
    stream.write(_row(SCORE_COLUMNS))
    ordered, places = _by_name(verdicts, names), [_row(name)[:-1] for name in names]  # all else needs no quotes
    times: dict[int, str] = {}
    for begin in range(0, len(ordered), _ROWS_AT_A_TIME):
        part = slice(begin, begin + _ROWS_AT_A_TIME)
        starts, series = ordered.starts[part].tolist(), ordered.series[part].tolist()
        for start in starts:
            if start not in times:
                times[start] = datetime.fromtimestamp(start, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        measures = zip(*(_texts(getattr(ordered, name)[part]) for name in _MEASURES), strict=True)
        rest = zip(ordered.anomalous[part].tolist(), _texts(ordered.evidence_weeks[part]), strict=True)
        counts = ordered.count[part].astype(int).tolist()
        stream.writelines(
            f"{times[start]},{places[number]},{count},{','.join(numbers)},{'true' if anomalous else 'false'},{weeks}\n"
            for start, number, count, numbers, (anomalous, weeks) in zip(
                starts, series, counts, measures, rest, strict=True
            )
        )


def write_hotspots(stream: TextIO, hotspots: list[HotSpot], names: list[tuple[str, str]]) -> None:
    """One row a stairwell, best first; hours local, weekdays joined by spaces, Monday 0.

    Parameters
    ----------
    stream
        Opened with ``newline=""``.
    hotspots
        Of a replay.
    names
        (stairwell, space) of each series number.
    """
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(LIST_COLUMNS)
    for rank, hotspot in enumerate(hotspots, start=1):
        writer.writerow(
            (
                rank,
                *names[hotspot.series],
                hotspot.kind,
                " ".join(map(str, hotspot.weekdays)),
                hotspot.from_hour,
                hotspot.to_hour,
                hotspot.observed,
                hotspot.expected,
                hotspot.days,
                hotspot.score,
                "true" if hotspot.significant else "false",
                hotspot_reason(hotspot, "en"),
                hotspot.p_value,
                hotspot_reason(hotspot, "sv"),
            )
        )


def _row(cells: Sequence[str]) -> str:
    line = StringIO(newline="")
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()


def _texts(values: NDArray[np.float64]) -> list[str]:
    """The ``repr`` of each number; msgspec writes most of them alike, in a tenth of the time."""
    numbers = values.tolist()
    texts = msgspec.json.encode(numbers)[1:-1].decode().split(",")
    size = np.abs(values)
    alike = (size == 0.0) | ((size >= 1e-4) & (size < 1e16))  # without an exponent
    for at in np.flatnonzero(~alike).tolist():
        texts[at] = repr(numbers[at])
    return texts


def _by_name(verdicts: VerdictColumns, names: list[tuple[str, str]]) -> VerdictColumns:
    rank = np.empty(len(names), dtype=np.int64)
    rank[sorted(range(len(names)), key=names.__getitem__)] = np.arange(len(names))
    return verdicts.where(np.lexsort((rank[verdicts.series], verdicts.starts)))
