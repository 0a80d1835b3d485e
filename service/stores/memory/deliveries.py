"""Deliveries in memory."""

from __future__ import annotations

from operator import attrgetter

from service.domain.deliveries import Delivery, DeliveryStatus


class MemoryDeliveryStore:
    """Deliveries in a dict by their key."""

    def __init__(self) -> None:
        self._deliveries: dict[tuple[str, str, str], Delivery] = {}

    def put(self, delivery: Delivery) -> None:
        """Record a delivery; one with the same key is replaced."""
        self._deliveries[delivery.tenant, delivery.list_id, delivery.recipient] = delivery

    def find(
        self,
        *,
        tenant: str | None = None,
        list_id: str | None = None,
        recipient: str | None = None,
        status: DeliveryStatus | None = None,
    ) -> list[Delivery]:
        """Deliveries that match all that is given, oldest first."""
        asked = {"tenant": tenant, "list_id": list_id, "recipient": recipient, "status": status}
        given = {name: value for name, value in asked.items() if value is not None}
        found = [one for one in self._deliveries.values() if all(getattr(one, name) == given[name] for name in given)]
        return sorted(found, key=attrgetter("queued", "tenant", "list_id", "recipient"))
