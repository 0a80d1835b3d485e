"""Counts in, as InfluxDB 2 takes them, so that Telegraf and InfluxDB's own clients write here unchanged."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from service.api.metrics import observe_rows
from service.api.problems import InfluxProblem
from service.api.routes import Reply, Routes
from service.api.rows import accepted
from service.domain.keys import Key, Role
from service.errors import RowsRefused
from service.ingest.line_protocol import read_lines
from service.ports import Ports
from service.usecases.intake.ingest import ingest_columns

routes = Routes("InfluxDB")

INFLUXDB_VERSION = "2.7.0"
"""The version of InfluxDB whose writing we speak; clients choose their dialect by it."""
_VERSION_HEADERS = {"X-Influxdb-Version": INFLUXDB_VERSION, "X-Influxdb-Build": "Trappvakt"}


class WriteQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"org_id": "orgID"}):
    """Where InfluxDB would write; here the key decides, and only ``precision`` matters."""

    org: Annotated[str, Meta(description="Taken, not used.")] | None = None
    org_id: Annotated[str, Meta(description="Taken, not used.")] | None = None
    bucket: Annotated[str, Meta(description="Taken, not used.")] | None = None
    precision: Annotated[Literal["ns", "us", "ms", "s"], Meta(description="Unit of the timestamps.")] = "ns"


class InfluxHealth(msgspec.Struct, frozen=True):
    """Health as InfluxDB tells it."""

    name: str
    message: str
    status: str
    version: str


@routes.declare(
    "POST",
    "/api/v2/write",
    roles=(Role.INGEST, Role.OPERATOR),
    status=204,
    raises=(RowsRefused,),
    produces={},
    headers=dict.fromkeys(_VERSION_HEADERS, "As InfluxDB's."),
    sent="presence,stairwell=kvarnen-3a,space=cellar count=3i 1795053600000000000",
    problem=InfluxProblem,
)
def write_lines(ports: Ports, key: Key, query: WriteQuery, body: bytes) -> Reply:
    """Store counts in InfluxDB line protocol.

    Lines are ``presence,stairwell=<id>[,space=<id>][,kind=<kind>][,sensor=<id>] count=<n>i <timestamp>``; settings
    change the names. A sensor of the register may stand for its place, and a boolean for whether somebody is there.
    Other tags and fields are not kept. The body may be packed with gzip. Good lines are kept even if others are not:
    then the answer is 422 and names the bad ones. The error is InfluxDB's own, ``code`` and ``message``, and a problem
    document at once.
    """
    schema = ports.settings.schema
    columns = read_lines(body, now=ports.clock.now(), precision=query.precision, schema=schema)
    report = ingest_columns(ports, key.tenant, columns)
    observe_rows(report.accepted, report.rejected)
    accepted(report)
    return Reply(None, _VERSION_HEADERS)


@routes.declare("GET", "/ping", status=204, produces={}, headers=dict.fromkeys(_VERSION_HEADERS, "As InfluxDB's."))
def ping() -> Reply:
    """Tell that this speaks InfluxDB's write protocol."""
    return Reply(None, _VERSION_HEADERS)


@routes.declare("GET", "/health", answered=InfluxHealth("influxdb", "ready for writes", "pass", INFLUXDB_VERSION))
def influx_health() -> InfluxHealth:
    """Tell InfluxDB's clients that the service is up; for the stores ask ``/health/ready``."""
    return InfluxHealth("influxdb", "ready for writes", "pass", INFLUXDB_VERSION)
