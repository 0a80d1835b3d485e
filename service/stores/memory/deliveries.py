"""Deliveries and what was told in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from itertools import islice

import msgspec

from service.domain.deliveries import Channel, Delivery, DeliveryStatus, Told
from service.errors import NotFound


class MemoryDeliveryStore:
    """Deliveries in a dict by their key, in the order they were first put."""

    def __init__(self) -> None:
        self._deliveries: dict[tuple[str, str, str, str], Delivery] = {}
        self._told: dict[tuple[str, str, str], Told] = {}
        self._numbered = 0

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Put back what was there if it fails; lists are not in it."""
        before = dict(self._deliveries), dict(self._told)
        try:
            yield
        except BaseException:
            self._deliveries, self._told = before
            raise

    def put(self, delivery: Delivery) -> None:
        """Record a delivery; one with the same key keeps its number."""
        key = (delivery.channel, delivery.tenant, delivery.item, delivery.recipient)
        if key not in self._deliveries:
            self._numbered += 1
        number = self._deliveries[key].number if key in self._deliveries else self._numbered
        self._deliveries[key] = msgspec.structs.replace(delivery, number=number)

    def get(self, channel: Channel, tenant: str, number: int) -> Delivery:
        """A delivery by its number."""
        for one in self.find(channel=channel, tenant=tenant, after=number - 1, limit=1):
            if one.number == number:
                return one
        raise NotFound(f"there is no delivery {number}; list those there are")

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
        later = (one for one in self._deliveries.values() if one.number > after)
        found = (one for one in later if all(getattr(one, name) == given[name] for name in given))
        return list(islice(found, limit))

    def unsent(self) -> Mapping[tuple[Channel, str, str, DeliveryStatus], int]:
        """What waits and what was given up, counted."""
        left = (one for one in self._deliveries.values() if one.status is not DeliveryStatus.SENT)
        return Counter((one.channel, one.tenant, one.recipient, one.status) for one in left)

    def forget(self, channel: Channel, queued_before: datetime) -> int:
        """Delete old deliveries that do not wait."""
        old = [
            key
            for key, one in self._deliveries.items()
            if one.channel is channel and one.status is not DeliveryStatus.WAITING and one.queued < queued_before
        ]
        for key in old:
            del self._deliveries[key]
        return len(old)

    def drop(self, numbers: Collection[object]) -> None:
        """Delete deliveries by their numbers."""
        self._deliveries = {key: one for key, one in self._deliveries.items() if one.number not in numbers}

    def remember(self, told: Told) -> None:
        """Record what was last told of a subject."""
        self._told[told.tenant, told.topic, told.subject] = told

    def told(self, tenant: str, topic: str) -> list[Told]:
        """What was last told of each subject of a topic."""
        return [one for key, one in sorted(self._told.items()) if key[:2] == (tenant, topic)]

    def unlearn(self, told: Iterable[Told]) -> None:
        """Delete what was told of some subjects."""
        for one in told:
            self._told.pop((one.tenant, one.topic, one.subject), None)
