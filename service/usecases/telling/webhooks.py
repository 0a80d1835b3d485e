"""Webhooks: events on their way to the systems that subscribe to them, and what became of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from operator import attrgetter
from typing import Annotated

import msgspec
from msgspec import Meta

from service.domain.deliveries import Channel, Delivery, DeliveryStatus
from service.domain.events import EventType
from service.errors import Conflict, NotFound, SettingsError, WebhookError
from service.ports import Ports
from service.settings.webhooks import Subscription
from service.usecases.audit import record
from service.usecases.telling.outbox import attempt, give_up, is_due, queue_again

NO_LONGER_SUBSCRIBED = "the settings no longer name the subscription, or it no longer wants such events"
_JITTER = 0.5
_MOST_AT_ONCE = 16


class WebhookDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """An event on its way to a subscription."""

    delivery: Annotated[int, Meta(description="By which it is sent again.")]
    subscription: Annotated[str, Meta(description="Its name in the settings, which hold its address.")]
    event: Annotated[str, Meta(description="Id of the event, the same for all that are told of it.")]
    type: EventType
    subject: str
    status: DeliveryStatus
    happened: datetime
    queued: datetime
    attempts: int
    next_attempt: datetime | None = None
    sent: datetime | None = None
    error: Annotated[str | None, Meta(description="Why the last attempt failed, or why there will be no other.")] = None


class SubscriptionView(msgspec.Struct, frozen=True, kw_only=True):
    """A subscription of the settings, and what is on its way."""

    name: str
    host: Annotated[str, Meta(description="Of its address, whose rest may hold a secret.")]
    events: list[EventType]
    waiting: int
    given_up: int


class _Header(msgspec.Struct, frozen=True):
    """What a delivery needs to know of the event it carries."""

    type: EventType
    subject: str


def send_events(ports: Ports) -> int:
    """Send the events that are due to their receivers; the scheduler alone does this, every tick.

    1. What waits and is no longer subscribed to is given up; what is old and waits no longer is deleted.
    2. Receivers are sent to side by side, each what is its own in the order of publishing. An event waits for the ones
       before it about the same subject.
    3. The first failure ends a receiver's round, lest one that is away hold up the tick for each event; the others come
       with the next tick. So does what is not sent after ``webhooks.timeout_seconds``.

    Returns
    -------
    int
        How many events were taken.

    Raises
    ------
    ExceptionGroup
        Of what each receiver's round ended with; the events are tried again later.
    """
    webhooks, by_name = ports.settings.webhooks, _subscriptions(ports)
    ports.deliveries.forget(Channel.WEBHOOK, ports.clock.now() - timedelta(days=webhooks.keep_days))
    waiting: defaultdict[str, list[Delivery]] = defaultdict(list)
    for delivery in ports.deliveries.find(channel=Channel.WEBHOOK, status=DeliveryStatus.WAITING):
        if _is_wanted(delivery, by_name):
            waiting[delivery.recipient].append(delivery)
        else:
            give_up(ports, delivery, NO_LONGER_SUBSCRIBED)
    if not waiting:
        return 0
    with ThreadPoolExecutor(min(len(waiting), _MOST_AT_ONCE)) as pool:
        rounds = list(pool.map(partial(_send_round, ports), map(by_name.__getitem__, waiting), waiting.values()))
    if failures := [error for _, error in rounds if error is not None]:
        raise ExceptionGroup("webhooks that were not taken", failures)
    return sum(taken for taken, _ in rounds)


def list_subscriptions(ports: Ports, tenant: str) -> list[SubscriptionView]:
    """The subscriptions of a tenant, by name."""
    own = (one for one in ports.settings.webhooks.subscriptions if one.tenant == tenant)
    unsent = ports.deliveries.unsent()
    return [
        SubscriptionView(
            name=one.name,
            host=one.host,
            events=list(one.events),
            waiting=unsent.get((Channel.WEBHOOK, tenant, one.name, DeliveryStatus.WAITING), 0),
            given_up=unsent.get((Channel.WEBHOOK, tenant, one.name, DeliveryStatus.GIVEN_UP), 0),
        )
        for one in sorted(own, key=attrgetter("name"))
    ]


def list_webhooks(
    ports: Ports,
    tenant: str,
    *,
    subscription: str | None = None,
    status: DeliveryStatus | None = None,
    after: int = 0,
    limit: int | None = None,
) -> list[WebhookDelivery]:
    """The deliveries of a tenant's events, as they were queued; ``after`` is the last number of the page before."""
    found = ports.deliveries.find(
        channel=Channel.WEBHOOK, tenant=tenant, recipient=subscription, status=status, after=after, limit=limit
    )
    return [_told(one) for one in found]


def send_again(ports: Ports, tenant: str, number: int, actor: str) -> WebhookDelivery:
    """Queue a delivery anew, whatever became of it; the event and its id are the same, so receivers can tell.

    Raises
    ------
    NotFound
        If there is no such delivery.
    Conflict
        If its event is no longer subscribed to.
    """
    delivery = ports.deliveries.get(Channel.WEBHOOK, tenant, number)
    if not _is_wanted(delivery, _subscriptions(ports)):
        raise Conflict(f"delivery {number} cannot be sent: {NO_LONGER_SUBSCRIBED}")
    return _queue_again(ports, delivery, actor)


def send_all_again(ports: Ports, tenant: str, subscription: str, actor: str) -> int:
    """Queue everything anew that was given up on a subscription; returns how much that is.

    Raises
    ------
    NotFound
        If the tenant has no such subscription.
    """
    by_name = _subscriptions(ports)
    if subscription not in by_name or by_name[subscription].tenant != tenant:
        raise NotFound(f"there is no subscription {subscription!r} in webhooks.subscriptions of the settings")
    given_up = ports.deliveries.find(
        channel=Channel.WEBHOOK, tenant=tenant, recipient=subscription, status=DeliveryStatus.GIVEN_UP
    )
    wanted = [one for one in given_up if _is_wanted(one, by_name)]
    for delivery in wanted:
        _queue_again(ports, delivery, actor)
    return len(wanted)


def _subscriptions(ports: Ports) -> dict[str, Subscription]:
    return {one.name: one for one in ports.settings.webhooks.subscriptions}


def _is_wanted(delivery: Delivery, by_name: Mapping[str, Subscription]) -> bool:
    subscription = by_name.get(delivery.recipient)
    return (
        subscription is not None
        and subscription.tenant == delivery.tenant
        and _header(delivery).type in subscription.events
    )


def _send_round(
    ports: Ports, subscription: Subscription, waiting: Collection[Delivery]
) -> tuple[int, WebhookError | SettingsError | None]:
    """Send one receiver what is due; how many it took, and what ended the round, if anything did."""
    webhooks, taken, held = ports.settings.webhooks, 0, set[str]()
    deadline = ports.clock.now() + timedelta(seconds=webhooks.timeout_seconds)
    for delivery in waiting:
        subject = _header(delivery).subject
        if subject in held or not is_due(ports, delivery):
            held.add(subject)
            continue
        if ports.clock.now() > deadline:
            break
        try:
            send = partial(_send, ports, subscription, delivery)
            attempt(ports, delivery, send, give_up_hours=webhooks.give_up_hours, jitter=_JITTER)
        except (WebhookError, SettingsError) as error:
            return taken, error
        taken += 1
    return taken, None


def _send(ports: Ports, subscription: Subscription, delivery: Delivery) -> None:
    ports.webhooks.send(subscription, delivery.item, delivery.content or b"", ports.clock.now())


def _queue_again(ports: Ports, delivery: Delivery, actor: str) -> WebhookDelivery:
    anew = queue_again(ports, delivery)
    record(ports, actor, delivery.tenant, "webhook.send-again", delivery.item, f"to {delivery.recipient}")
    return _told(anew)


def _header(delivery: Delivery) -> _Header:
    return msgspec.json.decode(delivery.content or b"", type=_Header)


def _told(delivery: Delivery) -> WebhookDelivery:
    header = _header(delivery)
    return WebhookDelivery(
        delivery=delivery.number,
        subscription=delivery.recipient,
        event=delivery.item,
        type=header.type,
        subject=header.subject,
        status=delivery.status,
        happened=delivery.happened,
        queued=delivery.queued,
        attempts=delivery.attempts,
        next_attempt=delivery.next_attempt,
        sent=delivery.sent,
        error=delivery.error,
    )
