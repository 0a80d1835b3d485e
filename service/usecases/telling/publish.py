"""Publishing: an event is put into the outbox for every subscription that wants it, once."""

from __future__ import annotations

from collections.abc import Iterator

from service.domain.deliveries import Channel, Delivery, DeliveryStatus
from service.domain.events import Event, EventType, ListApproved, enveloped
from service.domain.hotspots import ListRecord
from service.ports import Ports
from service.settings.webhooks import Subscription
from service.usecases.telling.outbox import OLDEST


def publish(ports: Ports, event: Event) -> None:
    """Queue an event for every subscription that wants it; the scheduler sends it with its next tick.

    An event that was published before, by its type, tenant and key, is left alone, so that it may be published as often
    as it is seen. Inside :meth:`DeliveryStore.transaction` it is queued if and when that is committed.
    """
    if ports.clock.now() - event.time > OLDEST:
        return
    with ports.deliveries.transaction():
        for subscription in _wanting(ports, event):
            if not _is_published(ports, event, subscription):
                ports.deliveries.put(_to_send(ports, event, subscription))


def approve_and_publish(ports: Ports, decided: ListRecord, approved_json: bytes) -> None:
    """Approve a list and tell of it, in one step.

    Raises
    ------
    NotFound, Conflict
        If there is no such list, or it is no draft.
    """
    with ports.deliveries.transaction():
        ports.lists.approve(decided, approved_json)
        publish(ports, _approval(ports, decided))


def _wanting(ports: Ports, event: Event) -> Iterator[Subscription]:
    for one in ports.settings.webhooks.subscriptions:
        if event.type in one.events and event.tenant in (None, one.tenant):
            yield one


def _is_published(ports: Ports, event: Event, to: Subscription) -> bool:
    found = ports.deliveries.find(
        channel=Channel.WEBHOOK, tenant=to.tenant, item=event.event_id, recipient=to.name, limit=1
    )
    return bool(found)


def _to_send(ports: Ports, event: Event, to: Subscription) -> Delivery:
    now = ports.clock.now()
    return Delivery(
        channel=Channel.WEBHOOK,
        tenant=to.tenant,
        item=event.event_id,
        recipient=to.name,
        happened=event.time,
        status=DeliveryStatus.WAITING,
        queued=now,
        next_attempt=now,
        content=enveloped(event, ports.settings.webhooks.source, to.tenant),
    )


def _approval(ports: Ports, decided: ListRecord) -> Event:
    approved = decided.approved or ports.clock.now()
    return Event(
        type=EventType.LIST_APPROVED,
        tenant=decided.tenant,
        key=decided.list_id,
        subject=decided.list_id,
        time=approved,
        data=ListApproved(
            list_id=decided.list_id,
            number=decided.number,
            area=decided.area,
            approved=approved,
            digest=decided.approved_digest or decided.digest,
            held_back=len(decided.held_back),
            tenants=decided.tenants,
            path=f"/v1/hotspot-lists/{decided.list_id}",
        ),
    )
