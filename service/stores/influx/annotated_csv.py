"""What InfluxDB answers, read into columns.

A parser of our own because it is a tenth of the work: the client's makes an object of every row.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from service.errors import StoreError


def read_columns(text: str, names: Sequence[str]) -> dict[str, list[str]]:
    """The named columns of all tables of an answer without annotations, one under the other.

    Tables with other columns come under a header of their own, after an empty line. A column that a table does not
    have is filled with empty strings.

    Raises
    ------
    StoreError
        If the server broke off with an error, which it tells as a table.

    Examples
    --------
    >>> text = ',result,table,n,space\\r\\n,_result,0,3,attic\\r\\n\\r\\n,result,table,n\\r\\n,_result,1,4\\r\\n\\r\\n'
    >>> read_columns(text, ["n", "space"])
    {'n': ['3', '4'], 'space': ['attic', '']}
    """
    columns: dict[str, list[str]] = {name: [] for name in names}
    header: list[str] | None = None
    rows: list[list[str]] = []
    for row in csv.reader(io.StringIO(text, newline="")):
        if not row:
            _add(columns, header, rows)
            header, rows = None, []
        elif header is None:
            header = row
        else:
            rows.append(row)
    _add(columns, header, rows)
    return columns


def seconds_of(times: Iterable[str]) -> NDArray[np.int64]:
    """Seconds UTC of RFC 3339 times that end in Z, int64[n]; the few distinct ones are parsed once.

    Examples
    --------
    >>> seconds_of(["1970-01-01T00:00:01Z", "1970-01-01T00:00:59.999999999Z"])
    array([ 1, 59])
    """
    return _since_1970(times, "datetime64[s]")


def nanoseconds_of(times: Iterable[str]) -> NDArray[np.int64]:
    """Nanoseconds UTC of RFC 3339 times that end in Z, int64[n].

    Examples
    --------
    >>> nanoseconds_of(["1970-01-01T00:00:01.5Z"])
    array([1500000000])
    """
    return _since_1970(times, "datetime64[ns]")


def _since_1970(times: Iterable[str], unit: str) -> NDArray[np.int64]:
    times = list(times)
    distinct = list(dict.fromkeys(times))
    parsed = np.array([time.removesuffix("Z") for time in distinct], dtype=unit).astype(np.int64)
    since = dict(zip(distinct, parsed.tolist(), strict=True))
    return np.array([since[time] for time in times], dtype=np.int64)


def _add(columns: dict[str, list[str]], header: list[str] | None, rows: list[list[str]]) -> None:
    if header is None:
        return
    if "error" in header and rows:
        raise StoreError(f"InfluxDB broke off its answer: {rows[0][header.index('error')]}; look at its log")
    table = dict(zip(header, zip(*rows, strict=True), strict=False)) if rows else {}
    for name, column in columns.items():
        column.extend(table.get(name) or [""] * len(rows))
