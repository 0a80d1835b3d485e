"""Rows as senders have them, and what became of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from service.domain.places import Kind, PlaceRow
from service.domain.readings import CountRow
from service.ports import Ports
from service.stores.memory import (
    MemoryAuditLog,
    MemoryCountStore,
    MemoryDeliveryStore,
    MemoryPlacesRegister,
    MemoryReadingStore,
    MemoryTables,
    aging_rows,
)
from service.usecases.intake.ingest import ingest_counts
from service.usecases.rows import RowsReport
from tests.worlds import TENANT, sqlite_ports

NOW = datetime(2026, 11, 22, 18, tzinfo=UTC)
HOUR = timedelta(hours=1)


def ports_of(kind: str, folder: Path, mode: str = "learning") -> Ports:
    """Ports over fresh stores."""
    ports = sqlite_ports(folder, NOW, places__mode=mode)
    if kind == "sqlite":
        return ports
    counts, readings = MemoryCountStore(), MemoryReadingStore()
    aging = aging_rows(counts, readings, MemoryTables(), MemoryDeliveryStore(), MemoryAuditLog())
    return replace(ports, register=MemoryPlacesRegister(), counts=counts, readings=readings, aging=aging)


def row(stairwell: str = "A", *, time: datetime = NOW - HOUR, count: int = 1, **more: object) -> CountRow:
    return CountRow(stairwell=stairwell, time=time, count=count, **more)


def place(stairwell: str = "A", space: str = "cellar", **more: object) -> PlaceRow:
    return PlaceRow(
        tenant=TENANT,
        area="Norrby",
        property="P",
        building="B",
        stairwell=stairwell,
        space=space,
        kind=Kind.CELLAR,
        **more,
    )


def take(ports: Ports, *rows: CountRow) -> RowsReport:
    return ingest_counts(ports, TENANT, enumerate(rows, start=1))


def stored(ports: Ports) -> dict[tuple[int, int], int]:
    """Every count by (series, start of the hour)."""
    start, end = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp()), int(datetime(2027, 1, 1, tzinfo=UTC).timestamp())
    windows = ports.counts.read(start, end, 3600)
    return dict(
        zip(zip(windows.series.tolist(), windows.starts.tolist(), strict=True), windows.counts.tolist(), strict=True)
    )
