"""Readings as JSON: ``{"readings": [{"sensor": ..., "time": ..., "counter": ...}, ...]}``."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from service.domain.places import Semantics
from service.domain.readings import Origin, Reading, ReadingRow
from service.errors import RowProblem
from service.ingest.json_rows import read_json_rows, with_whole_numbers
from service.ingest.rows import each_read
from service.ingest.validation import validated

KEYS: Mapping[str, Semantics] = {
    "count": Semantics.DELTA,
    "counter": Semantics.CUMULATIVE,
    "occupied": Semantics.OCCUPIED,
    "duration_seconds": Semantics.PRESENCE,
}
"""What each semantics calls its number."""


class ReadingBatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a request that brings readings."""

    readings: list[ReadingRow]


_decoder = msgspec.json.Decoder(ReadingBatch)


def read_readings_json(body: bytes) -> list[tuple[int, Reading] | RowProblem]:
    """The readings of a body, numbered from 1; bad rows as problems, in their places.

    Raises
    ------
    InvalidInput
        If the body as a whole is not of this form.

    Examples
    --------
    >>> body = b'{"readings": [{"sensor": "s1", "time": "2026-07-01T16:00:00Z", "occupied": true}, {"sensor": "s1"}]}'
    >>> (row, reading), problem = read_readings_json(body)
    >>> reading.value, reading.origin.semantics.value, str(problem)
    (1, 'occupied', 'row 2: missing required field time')
    """
    try:
        rows = _decoder.decode(body).readings
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return list(read_json_rows(body, "readings", _reading))
    return list(each_read(enumerate(rows, start=1), _reading))


def _reading(written: object) -> Reading:
    row = written if isinstance(written, ReadingRow) else validated(with_whole_numbers(written), ReadingRow)
    given = [(semantics, value) for key, semantics in KEYS.items() if (value := getattr(row, key)) is not None]
    if len(given) != 1:
        raise ValueError(f"a reading brings one of {', '.join(KEYS)}, and this one brings {len(given)} of them")
    [(semantics, value)] = given
    return Reading(Origin(None, "", None, row.sensor, None, semantics), row.time, int(value))
