"""Data that are deleted once they are old, in the dicts and lists of the other stores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping

from service.domain.counts import NANOSECONDS
from service.domain.deliveries import Channel, DeliveryStatus
from service.domain.retention import DataKind
from service.ports.retention import AgingData
from service.stores.memory.counts import MemoryCountStore
from service.stores.memory.deliveries import MemoryDeliveryStore
from service.stores.memory.readings import MemoryReadingStore
from service.stores.memory.records import MemoryAuditLog
from service.stores.memory.state import MemoryTables

Row = tuple[int, int | str, Hashable]
"""The instant of a row in seconds UTC, whose it is, and its key."""


class MemoryAgingRows:
    """Rows as another store tells them, and how it deletes those of some keys."""

    def __init__(self, rows: Callable[[], Iterable[Row]], delete: Callable[[set[Hashable]], None]) -> None:
        self._rows = rows
        self._delete = delete

    def oldest(self) -> int | None:
        """The least instant."""
        return min((time for time, _, _ in self._rows()), default=None)

    def rows_before(self, time: int) -> Mapping[int | str, int]:
        """Counted one by one."""
        return dict(Counter(owner for instant, owner, _ in self._rows() if instant < time))

    def delete_before(self, time: int, most: int) -> bool:
        """The oldest, and those of the same instant as the last of them."""
        old = sorted(instant for instant, _, _ in self._rows() if instant < time)
        if not old:
            return False
        last = old[min(most, len(old)) - 1]
        self._delete({key for instant, _, key in self._rows() if instant <= last})
        return any(instant < time for instant, _, _ in self._rows())

    def erase(self) -> bool:
        """Memory keeps nothing of what it forgets."""
        return True

    def limit_seconds(self) -> int | None:
        """Nothing is deleted by itself."""
        return None


def aging_rows(
    counts: MemoryCountStore,
    readings: MemoryReadingStore,
    tables: MemoryTables,
    deliveries: MemoryDeliveryStore,
    audit: MemoryAuditLog,
) -> dict[DataKind, AgingData]:
    """All that ages in these stores."""
    return {
        DataKind.COUNTS: MemoryAgingRows(
            lambda: ((time // NANOSECONDS, series, (time, series, source)) for time, series, source in counts.points()),
            counts.drop,
        ),
        DataKind.READINGS: MemoryAgingRows(
            lambda: (
                (time // NANOSECONDS, series, (series, source, time)) for series, source, time in readings.points()
            ),
            readings.drop,
        ),
        DataKind.VERDICTS: MemoryAgingRows(
            lambda: ((start, series, (start, series)) for start, series in tables.verdicts), tables.drop_verdicts
        ),
        DataKind.SUPERSEDED: MemoryAgingRows(
            lambda: ((one.start, one.series, number) for number, one in enumerate(tables.revisions)),
            tables.drop_revisions,
        ),
        DataKind.LETTERS: MemoryAgingRows(
            lambda: (
                (int(one.queued.timestamp()), one.tenant, one.number)
                for one in deliveries.find(channel=Channel.MAIL)
                if one.status is not DeliveryStatus.WAITING
            ),
            deliveries.drop,
        ),
        DataKind.AUDIT: MemoryAgingRows(audit.dated, audit.drop),
    }
