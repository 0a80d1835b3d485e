"""Verdicts in state.db, beside the manifest, so that a tick commits both or neither.

The table holds the verdicts in force. Triggers in the file move what is replaced or deleted to ``verdict_revision``.
The key starts with the window, so that a tick writes to the end of the file; a series' history is read by look-ups on
the starts there are, which a handful of seeks in the key tells. Series that are numbered one after the other, as those
of a tenant mostly are, take one look-up together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import chain, islice
from typing import Any, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from service.domain.counts import WindowCounts
from service.domain.verdicts import MEASURES, PValues, Verdict, VerdictColumns, VerdictQuery
from service.stores.sqlite.connection import SqliteStore
from service.stores.sqlite.rows import runs_of

_STATED = (*MEASURES, "anomalous")
_COLUMNS = ("start", "series", "version", *_STATED)
_OLDEST, _NEWEST = -(2**62), 2**62
_BLOCK_ROWS = 10_000

_UPSERT = f"""
    INSERT INTO verdict ({", ".join(_COLUMNS)}) VALUES ({", ".join("?" for _ in _COLUMNS)})
    ON CONFLICT DO UPDATE SET version = excluded.version, {", ".join(f"{name} = excluded.{name}" for name in _STATED)}
"""  # noqa: S608 - the columns are the domain's
_STARTS = """
    WITH RECURSIVE known (start) AS (
        SELECT min(start) FROM verdict WHERE start >= ?1 AND start < ?2
        UNION ALL
        SELECT (SELECT min(start) FROM verdict WHERE start > known.start AND start < ?2)
        FROM known WHERE known.start IS NOT NULL
    )
    SELECT start FROM known WHERE start IS NOT NULL LIMIT ?3
"""
_SOUGHT = """
    WITH starts AS MATERIALIZED (SELECT value FROM json_each(?1)),
         runs AS MATERIALIZED (
             SELECT json_extract(value, '$[0]') AS first, json_extract(value, '$[1]') AS last FROM json_each(?2)
         )
"""
# Rows come by (start, series) unsorted: CROSS JOIN keeps the loops in this order, the lists and the key are ascending.
_FOUND = """
    FROM starts CROSS JOIN runs CROSS JOIN verdict ON start = starts.value AND series BETWEEN runs.first AND runs.last
"""
_LOOK_UP = f"{_SOUGHT} SELECT {', '.join(_COLUMNS)} {_FOUND}"
_JUDGED = f"{_SOUGHT} SELECT start, series, count {_FOUND}"
_UNLIKELY = f"{_SOUGHT} SELECT start, p_value, p_above, evidence_weeks {_FOUND}"
_PAGE = f"""
    {_LOOK_UP} WHERE (start, series) > (?3, ?4) AND (?5 IS NULL OR score >= ?5) ORDER BY start, series LIMIT ?6
"""
_ANOMALOUS_PAGE = f"""
    SELECT {", ".join(_COLUMNS)} FROM verdict INDEXED BY verdict_anomalous
    WHERE anomalous AND start >= ?1 AND start < ?2 AND series IN (SELECT value FROM json_each(?3))
        AND (start, series) > (?4, ?5) AND (?6 IS NULL OR score >= ?6)
    ORDER BY start, series LIMIT ?7
"""  # noqa: S608


class SqliteVerdictStore(SqliteStore):
    """Verdicts in force by (start, series); takes part in the transaction of the state store on the same file."""

    def write(self, verdicts: VerdictColumns) -> None:
        """Put verdicts in force, in the order of the key."""
        order = np.lexsort((verdicts.series, verdicts.starts))
        with self._database.transaction():
            version = [self._version(verdicts.version)] * len(verdicts)
            keys = (verdicts.starts[order].tolist(), verdicts.series[order].tolist(), version)
            stated = (getattr(verdicts, name)[order].tolist() for name in _STATED)
            self._database.executemany(_UPSERT, zip(*keys, *stated, strict=True))

    def supersede(self, series: NDArray[np.int64], start: int, end: int) -> None:
        """Delete by key; the file's trigger keeps what is deleted."""
        numbers = msgspec.json.encode(np.unique(series).tolist())
        with self._database.transaction() as connection:
            connection.executemany(
                "DELETE FROM verdict WHERE start = ? AND series IN (SELECT value FROM json_each(?))",
                [(known, numbers) for known in self._starts(start, end)],
            )

    def find(self, query: VerdictQuery) -> list[Verdict]:
        """A page of verdicts: the anomalous ones by their own index, all others by look-ups."""
        rows = self._anomalous(query) if query.anomalous_only else self._looked_up(query)
        page = list(islice(rows, query.limit))
        versions = self._versions()  # read after the rows, which may be the first of a new version
        return [_verdict(row, versions) for row in page]

    def columns(
        self, series: NDArray[np.int64], start: int, end: int, measures: Collection[str] = MEASURES
    ) -> VerdictColumns:
        """Read by look-ups into arrays, which have room for every key but take no more memory than what is found."""
        starts, names = self._starts(start, end), ("start", "series", "version", "anomalous", *measures)
        look_up = f"{_SOUGHT} SELECT {', '.join(names)} {_FOUND}"
        rows = self._database.iterate(look_up, (msgspec.json.encode(starts), runs_of(series)))
        room, found = {name: np.empty(len(starts) * len(np.unique(series))) for name in names}, 0
        while len(numbers := np.fromiter(chain.from_iterable(islice(rows, _BLOCK_ROWS)), dtype=np.float64)):
            block = numbers.reshape(-1, len(names))
            for name, values in zip(names, block.T, strict=True):
                room[name][found : found + len(block)] = values
            found += len(block)
        column = {name: values[:found] for name, values in room.items()}
        unread = np.broadcast_to(np.nan, found)
        return VerdictColumns(
            version=self._versions()[int(column["version"][-1])] if found else "",
            series=column["series"].astype(np.int64),
            starts=column["start"].astype(np.int64),
            anomalous=column["anomalous"].astype(np.bool_),
            **{name: column.get(name, unread) for name in MEASURES},
        )

    def judged(self, series: NDArray[np.int64], start: int, end: int) -> WindowCounts:
        """The counts of the verdicts in force, without what else was said of them."""
        starts, found, counts = self._numbers(_JUDGED, 3, self._starts(start, end), series).astype(np.int64)
        return WindowCounts(starts, found, counts)

    def p_values(self, series: NDArray[np.int64], starts: NDArray[np.int64]) -> PValues:
        """Read by look-ups, without what else was said."""
        found, *said = self._numbers(_UNLIKELY, 4, np.unique(starts).tolist(), series)
        return PValues(found.astype(np.int64), *said)

    def _numbers(self, query: str, width: int, starts: list[int], series: NDArray[np.int64]) -> NDArray[np.float64]:
        """The columns that a query of so many looks up at starts and series, float64[width, n]."""
        rows = chain.from_iterable(self._database.iterate(query, (msgspec.json.encode(starts), runs_of(series))))
        return np.fromiter(rows, dtype=np.float64).reshape(-1, width).T.copy()

    def _looked_up(self, query: VerdictQuery) -> Iterator[tuple[Any, ...]]:
        """Rows of ever longer runs of starts, until the reader has enough."""
        series = np.array(query.series, dtype=np.int64)
        if not len(series):
            return
        after = query.after or (_OLDEST, 0)
        lower = after[0] if query.start is None else max(query.start, after[0])
        length = max(1, 2 * query.limit // len(np.unique(series)))
        while starts := self._starts(lower, query.end, length):
            keys = (msgspec.json.encode(starts), runs_of(series))
            yield from self._database.rows(_PAGE, (*keys, *after, query.min_score, query.limit))
            lower, length = starts[-1] + 1, 4 * length

    def _anomalous(self, query: VerdictQuery) -> Iterator[tuple[Any, ...]]:
        start = _OLDEST if query.start is None else query.start
        end = _NEWEST if query.end is None else query.end
        after = query.after or (_OLDEST, 0)
        series = msgspec.json.encode(query.series)
        sought = (max(start, after[0]), end, series, *after, query.min_score, query.limit)
        return iter(self._database.rows(_ANOMALOUS_PAGE, sought))

    def _starts(self, start: int, end: int | None, limit: int = -1) -> list[int]:
        rows = self._database.rows(_STARTS, (start, _NEWEST if end is None else end, limit))
        return [row[0] for row in rows]

    def _version(self, name: str) -> int:
        """The short number of a version's name, given out when first needed."""
        self._database.execute("INSERT INTO version (name) VALUES (?) ON CONFLICT DO NOTHING", (name,))
        return cast(int, self._database.rows("SELECT id FROM version WHERE name = ?", (name,))[0][0])

    def _versions(self) -> dict[int, str]:
        return dict(self._database.rows("SELECT id, name FROM version"))


def _verdict(row: tuple[Any, ...], versions: dict[int, str]) -> Verdict:
    stated = dict(zip(_COLUMNS, row, strict=True))
    stated |= {"version": versions[stated["version"]], "anomalous": bool(stated["anomalous"])}
    return Verdict(**stated)
