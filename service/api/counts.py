"""Counts and readings in, as JSON."""

from __future__ import annotations

from datetime import UTC, datetime

from service.api.metrics import observe_rows
from service.api.routes import Routes
from service.api.rows import RowsAccepted, accepted
from service.domain.keys import Key, Role
from service.domain.readings import CountRow, ReadingRow
from service.errors import RowsRefused
from service.ingest.json_counts import CountBatch, read_counts_json
from service.ingest.json_readings import ReadingBatch, read_readings_json
from service.ports import Ports
from service.usecases.intake.ingest import ingest_columns, ingest_counts

routes = Routes("Counts")


@routes.declare(
    "POST",
    "/v1/counts",
    roles=(Role.INGEST, Role.OPERATOR),
    raises=(RowsRefused,),
    reads=CountBatch,
    sent=CountBatch(
        [
            CountRow(stairwell="kvarnen-3a", space="cellar", time=datetime(2026, 11, 19, 2, tzinfo=UTC), count=3),
            CountRow(stairwell="kvarnen-3a", space="cellar", time=datetime(2026, 11, 19, 3, tzinfo=UTC), count=0),
        ]
    ),
    answered=RowsAccepted(2),
)
def post_counts(ports: Ports, key: Key, body: bytes) -> RowsAccepted:
    """Store counts.

    One row is the presences of one space in one window; of a sensor whose semantics are others, `count` is the number
    that these speak of, as with readings. A row with the same stairwell, space, sensor and time replaces
    what was there, so a batch may be sent again. Zero means that the sensor was alive and nothing happened: send it.
    Good rows are kept even if others are not: then the answer is 422 and names each bad row.
    """
    report = ingest_columns(ports, key.tenant, read_counts_json(body))
    observe_rows(report.accepted, report.rejected)
    return accepted(report)


@routes.declare(
    "POST",
    "/v1/readings",
    roles=(Role.INGEST, Role.OPERATOR),
    raises=(RowsRefused,),
    reads=ReadingBatch,
    sent=ReadingBatch(
        [
            ReadingRow(sensor="a81758fffe0312ab", time=datetime(2026, 11, 19, 2, 10, tzinfo=UTC), occupied=True),
            ReadingRow(sensor="hp-17", time=datetime(2026, 11, 19, 2, 14, 7, tzinfo=UTC), duration_seconds=1500),
        ]
    ),
    answered=RowsAccepted(2),
)
def post_readings(ports: Ports, key: Key, body: bytes) -> RowsAccepted:
    """Store messages of sensors as they are, and let the windows they touch be counted from them.

    A row brings what the semantics of its sensor in the register say, and nothing else: `count`, presences since the
    message before (delta); `counter`, the state of a counter that only grows (cumulative); `occupied` (occupied); or
    `duration_seconds`, how long somebody stayed from `time` on (presence). Rows may come late, in any order, and again.
    Good rows are kept even if others are not: then the answer is 422 and names each bad row.
    """
    report = ingest_counts(ports, key.tenant, read_readings_json(body))
    observe_rows(report.accepted, report.rejected)
    return accepted(report)
