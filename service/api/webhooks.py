"""Webhooks: what other systems are told of, what became of it, and sending it again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from service.api.episodes import EXAMPLE as EPISODE
from service.api.paging import Page, PageQuery, page_of
from service.api.routes import Routes
from service.domain.deliveries import DeliveryStatus
from service.domain.events import (
    Envelope,
    EventType,
    ListApproved,
    ModelPromoted,
    SensorSilent,
)
from service.domain.keys import Key, Role
from service.domain.places import Kind
from service.errors import Conflict, NotFound
from service.ports import Ports
from service.usecases.telling.episodes import EpisodeNews
from service.usecases.telling.webhooks import (
    SubscriptionView,
    WebhookDelivery,
    list_subscriptions,
    list_webhooks,
    send_again,
    send_all_again,
)

routes = Routes("Webhooks")

_AT = datetime(2026, 11, 21, 6, tzinfo=UTC)
_EPISODE = EpisodeNews(**msgspec.structs.asdict(EPISODE))
_LIST = ListApproved(
    list_id="2026-11-19-041",
    number=41,
    approved=_AT,
    digest="60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
    held_back=1,
    path="/v1/hotspot-lists/2026-11-19-041",
)
_SENSOR = SensorSilent(
    sensor="a81758fffe0312ab",
    stairwell="kvarnen-3a",
    space="cellar",
    kind=Kind.CELLAR,
    area="Norra",
    last_heard=datetime(2026, 11, 20, 4, tzinfo=UTC),
)
_MODEL = ModelPromoted(version="3", replaced="2", watermark=_AT)


def _enveloped(kind: EventType, subject: str, data: Any, sequence: str | None) -> Envelope[Any]:
    return Envelope(
        specversion="1.0",
        id="0d6c1d6e-3f0b-5f5e-9f5c-2f3c8b1b7a11",
        source="trappvakt",
        type=kind,
        subject=subject,
        time=_AT,
        tenant="norrbo",
        sequence=sequence,
        datacontenttype="application/json",
        data=data,
    )


EVENTS: Mapping[str, tuple[Any, Envelope[Any]]] = {
    kind.value: (Envelope[type(data)], _enveloped(kind, subject, data, sequence))  # type: ignore[misc]
    for kind, subject, data, sequence in (
        (EventType.EPISODE_OPENED, _EPISODE.episode, _EPISODE, "000001"),
        (EventType.EPISODE_REVISED, _EPISODE.episode, _EPISODE, "000002"),
        (EventType.EPISODE_CLOSED, _EPISODE.episode, _EPISODE, "000003"),
        (EventType.LIST_APPROVED, _LIST.list_id, _LIST, None),
        (EventType.SENSOR_SILENT, _SENSOR.sensor, _SENSOR, None),
        (EventType.SENSOR_BACK, _SENSOR.sensor, _SENSOR, None),
        (EventType.MODEL_PROMOTED, "champion", _MODEL, "000002"),
    )
}
"""Type and example of each event's body, for the contract."""

_DELIVERY = WebhookDelivery(
    delivery=417,
    subscription="alarm-centre",
    event="0d6c1d6e-3f0b-5f5e-9f5c-2f3c8b1b7a11",
    type=EventType.EPISODE_OPENED,
    subject=_EPISODE.episode,
    status=DeliveryStatus.GIVEN_UP,
    happened=_AT,
    queued=_AT,
    attempts=19,
    error="alarm-centre: alarms.norrbo.example answers 500",
)


class DeliveriesQuery(PageQuery, frozen=True, kw_only=True):
    """Which deliveries."""

    subscription: Annotated[str, Meta(description="One subscription only.", max_length=100)] | None = None
    status: Annotated[DeliveryStatus | None, Meta(description="Only those of this status.")] = None


class WebhookDeliveryPage(Page[WebhookDelivery], frozen=True):
    """Deliveries in the order they were first queued."""


class SubscriptionPage(Page[SubscriptionView], frozen=True):
    """The subscriptions of the tenant, by name."""


class SentAgain(msgspec.Struct, frozen=True):
    """How many deliveries were queued anew."""

    queued: int


@routes.declare(
    "GET",
    "/v1/webhooks/subscriptions",
    roles=(Role.OPERATOR,),
    answered=SubscriptionPage(
        [
            SubscriptionView(
                name="alarm-centre",
                host="alarms.norrbo.example",
                events=[EventType.EPISODE_OPENED, EventType.EPISODE_CLOSED],
                waiting=2,
                given_up=1,
            )
        ]
    ),
)
def list_webhook_subscriptions(ports: Ports, key: Key, query: PageQuery) -> SubscriptionPage:
    """List who is told of what, and how much waits or was given up.

    Subscriptions stand in the settings (``webhooks.subscriptions``), beside the file of their secret; of an address the
    host alone is told.
    """
    subscriptions = list_subscriptions(ports, key.tenant)
    return SubscriptionPage.of(*page_of(subscriptions, _by_name, query))


def _by_name(subscription: SubscriptionView) -> tuple[str]:
    return (subscription.name,)


@routes.declare(
    "GET",
    "/v1/webhooks/deliveries",
    roles=(Role.OPERATOR,),
    answered=WebhookDeliveryPage.of([_DELIVERY], _DELIVERY.delivery),
)
def list_webhook_deliveries(ports: Ports, key: Key, query: DeliveriesQuery) -> WebhookDeliveryPage:
    """List what waits, was sent or was given up.

    What was given up (``status=given_up``) is a dead letter: nobody tries it any longer, until a person sends it again.
    """
    after = query.after(Annotated[int, Meta(ge=0, le=2**62)]) or 0
    found = list_webhooks(
        ports, key.tenant, subscription=query.subscription, status=query.status, after=after, limit=query.limit + 1
    )
    page = found[: query.limit]
    return WebhookDeliveryPage.of(page, page[-1].delivery if len(found) > query.limit else None)


@routes.declare(
    "POST",
    "/v1/webhooks/deliveries/{delivery}/resend",
    roles=(Role.OPERATOR,),
    raises=(NotFound, Conflict),
    answered=msgspec.structs.replace(_DELIVERY, status=DeliveryStatus.WAITING, attempts=0, error=None),
)
def resend_webhook_delivery(ports: Ports, key: Key, delivery: int) -> WebhookDelivery:
    """Queue a delivery anew, whatever became of it.

    The event and its id are the same, so that a receiver that has it already can tell.
    """
    return send_again(ports, key.tenant, delivery, key.key_id)


@routes.declare(
    "POST",
    "/v1/webhooks/subscriptions/{subscription}/resend",
    roles=(Role.OPERATOR,),
    raises=(NotFound,),
    answered=SentAgain(1),
)
def resend_dead_letters(ports: Ports, key: Key, subscription: str) -> SentAgain:
    """Queue everything anew that was given up on a subscription, in the order of publishing."""
    return SentAgain(send_all_again(ports, key.tenant, subscription, key.key_id))
