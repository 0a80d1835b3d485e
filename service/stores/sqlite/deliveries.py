"""Deliveries in register.db, beside the lists they carry: the outbox, and the record of what was sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from service.domain.deliveries import Delivery, DeliveryStatus
from service.stores.sqlite.connection import Database
from service.stores.sqlite.times import from_text, to_text

_COLUMNS = "tenant, list_id, recipient, area, approved, status, queued, attempts, next_attempt, sent, error"


class SqliteDeliveryStore:
    """Deliveries by list and recipient."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, delivery: Delivery) -> None:
        """Record a delivery; one with the same key is replaced."""
        row = (
            delivery.tenant,
            delivery.list_id,
            delivery.recipient,
            delivery.area,
            to_text(delivery.approved),
            delivery.status,
            to_text(delivery.queued),
            delivery.attempts,
            to_text(delivery.next_attempt),
            to_text(delivery.sent),
            delivery.error,
        )
        self._database.execute(f"REPLACE INTO delivery ({_COLUMNS}) VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608

    def find(
        self,
        *,
        tenant: str | None = None,
        list_id: str | None = None,
        recipient: str | None = None,
        status: DeliveryStatus | None = None,
    ) -> list[Delivery]:
        """Deliveries that match all that is given, oldest first."""
        rows = self._database.rows(
            f"""
            SELECT {_COLUMNS} FROM delivery
            WHERE tenant = coalesce(?, tenant) AND list_id = coalesce(?, list_id)
                AND recipient = coalesce(?, recipient) AND status = coalesce(?, status)
            ORDER BY queued, tenant, list_id, recipient
            """,  # noqa: S608
            (tenant, list_id, recipient, status),
        )
        return [_delivery(row) for row in rows]


def _delivery(row: Sequence[Any]) -> Delivery:
    tenant, list_id, recipient, area, approved, status, queued, attempts, next_attempt, sent, error = row
    return Delivery(
        tenant=tenant,
        list_id=list_id,
        recipient=recipient,
        area=area,
        approved=from_text(approved),
        status=DeliveryStatus(status),
        queued=from_text(queued),
        attempts=attempts,
        next_attempt=from_text(next_attempt),
        sent=from_text(sent),
        error=error,
    )
