"""Ports of what goes out: the outbox, the mail server, and the receivers of webhooks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from service.domain.deliveries import Channel, Delivery, DeliveryStatus, Letter, Told
from service.settings.webhooks import Subscription


class DeliveryStore(Protocol):
    """An outbox that keeps what was sent, and what was last told of a subject."""

    def transaction(self) -> AbstractContextManager[None]:
        """What is put and remembered inside is kept together, or not at all; meanwhile nobody else puts anything.

        A store of lists in the same file takes part, so that a list is approved and told of in one step.
        """

    def put(self, delivery: Delivery) -> None:
        """Record a delivery, durably; one with the same (channel, tenant, item, recipient) is replaced.

        The store hands out its number.
        """

    def get(self, channel: Channel, tenant: str, number: int) -> Delivery:
        """A delivery by its number; raises NotFound."""

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
        """Deliveries that match all that is given, by number; ``after`` is the last number of the page before."""

    def unsent(self) -> Mapping[tuple[Channel, str, str, DeliveryStatus], int]:
        """How many wait, and how many were given up, by channel, tenant, recipient and status."""

    def forget(self, channel: Channel, queued_before: datetime) -> int:
        """Delete the deliveries queued before a time that do not wait; returns how many."""

    def remember(self, told: Told) -> None:
        """Record what was last told of a subject, in the place of what was told before."""

    def told(self, tenant: str, topic: str) -> list[Told]:
        """What was last told of each subject of a topic, by subject."""

    def unlearn(self, told: Iterable[Told]) -> None:
        """Delete what was told of subjects that nothing more will be told of."""


class MailServer(Protocol):
    """Carries letters."""

    def send(self, letter: Letter) -> None:
        """Hand over a letter; once this returns, the server has taken it.

        Raises MailError, whose message holds no address, if it did not take it. Raises SettingsError if the password
        cannot be read.
        """


class WebhookSender(Protocol):
    """Hands events to the systems that subscribe to them."""

    def send(self, subscription: Subscription, event_id: str, content: bytes, time: datetime) -> None:
        """Hand over an event, signed; once this returns, its receiver has taken it.

        Raises WebhookError, whose message holds no address beyond its host, if it did not take it. Raises SettingsError
        if the secret cannot be read.
        """
