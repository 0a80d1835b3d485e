"""Deliveries in register.db, beside the lists they carry: the outbox, the record of what was sent and last told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from service.domain.deliveries import Channel, Delivery, DeliveryStatus, Told
from service.errors import NotFound
from service.stores.sqlite.connection import SqliteStore
from service.stores.sqlite.rows import row_of, struct_of, to_text

_KEY = ("channel", "tenant", "item", "recipient")
_COLUMNS = Delivery.__struct_fields__[1:]  # the number is given by the file
_STATED = [name for name in _COLUMNS if name not in _KEY]
_PUT = f"""
    INSERT INTO delivery ({", ".join(_COLUMNS)}) VALUES ({", ".join("?" for _ in _COLUMNS)})
    ON CONFLICT ({", ".join(_KEY)}) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _STATED)}
"""  # noqa: S608 - the columns are the domain's
_UNSENT = "SELECT channel, tenant, recipient, status, count(*) FROM delivery WHERE status IN (?, ?) GROUP BY 1, 2, 3, 4"
_TOLD = ", ".join(Told.__struct_fields__)


class SqliteDeliveryStore(SqliteStore):
    """Deliveries by number, and what was told by subject."""

    def put(self, delivery: Delivery) -> None:
        """Record a delivery; one with the same key keeps its number."""
        self._database.execute(_PUT, row_of(delivery)[1:])

    def get(self, channel: Channel, tenant: str, number: int) -> Delivery:
        """A delivery by its number."""
        found = self.find(channel=channel, tenant=tenant, after=number - 1, limit=1)
        if not found or found[0].number != number:
            raise NotFound(f"there is no delivery {number}; list those there are")
        return found[0]

    def find(
        self,
        *,
        channel: Channel | None = None,
        tenant: str | None = None,
        item: str | None = None,
        recipient: str | None = None,
        status: DeliveryStatus | None = None,
        after: int = 0,
        limit: int | None = None,
    ) -> list[Delivery]:
        """Deliveries that match all that is given, by number."""
        asked = {"channel": channel, "tenant": tenant, "item": item, "recipient": recipient, "status": status}
        given = {name: value for name, value in asked.items() if value is not None}
        rows = self._database.rows(
            f"""
            SELECT number, {", ".join(_COLUMNS)} FROM delivery
            WHERE {" AND ".join(f"{name} = ?" for name in given)}{" AND " if given else ""}number > ?
            ORDER BY number LIMIT ?
            """,  # noqa: S608 - the names are this module's
            (*given.values(), after, -1 if limit is None else limit),
        )
        return [struct_of(Delivery, row) for row in rows]

    def unsent(self) -> Mapping[tuple[Channel, str, str, DeliveryStatus], int]:
        """Counted in the file; the index on the status leads past what was sent."""
        rows = self._database.rows(_UNSENT, (DeliveryStatus.WAITING, DeliveryStatus.GIVEN_UP))
        return {(Channel(channel), tenant, to, DeliveryStatus(status)): n for channel, tenant, to, status, n in rows}

    def forget(self, channel: Channel, queued_before: datetime) -> int:
        """Delete old deliveries that do not wait."""
        old = (channel, DeliveryStatus.WAITING, to_text(queued_before))
        return self._database.execute(
            "DELETE FROM delivery WHERE channel = ? AND status <> ? AND queued < ?", old
        ).rowcount

    def remember(self, told: Told) -> None:
        """Record what was last told of a subject."""
        sql = f"REPLACE INTO told ({_TOLD}) VALUES (?, ?, ?, ?, ?)"  # noqa: S608
        self._database.execute(sql, row_of(told))

    def told(self, tenant: str, topic: str) -> list[Told]:
        """What was last told of each subject of a topic."""
        sql = f"SELECT {_TOLD} FROM told WHERE tenant = ? AND topic = ? ORDER BY subject"  # noqa: S608
        return [struct_of(Told, row) for row in self._database.rows(sql, (tenant, topic))]

    def unlearn(self, told: Iterable[Told]) -> None:
        """Delete what was told of some subjects."""
        keys = [(one.tenant, one.topic, one.subject) for one in told]
        self._database.executemany("DELETE FROM told WHERE tenant = ? AND topic = ? AND subject = ?", keys)
