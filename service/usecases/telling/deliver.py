"""Delivering approved lists by mail: once per list and recipient, tried again until it is done or no longer wanted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from service.domain.deliveries import Channel, Delivery, DeliveryStatus, Letter
from service.domain.hotspots import HotspotList, ListRecord, ListStatus
from service.errors import Conflict, Gone
from service.exports.formats import XLSX, export_list
from service.exports.letter import letter_subject, letter_text
from service.exports.wording import Language
from service.ports import Ports
from service.settings.mail import Recipient
from service.usecases.audit import SCHEDULER, record
from service.usecases.lists.list_numbers import sha256
from service.usecases.lists.reading import is_shared
from service.usecases.telling.outbox import OLDEST, attempt, give_up, is_due, queue_again

NO_LONGER_WANTED = "a newer list is in force, or the settings no longer name the recipient or share the list"


class ListDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """One approved list on its way to one recipient."""

    tenant: str
    list_id: str
    area: str | None = None
    approved: Annotated[datetime, Meta(description="When the list was approved.")]
    recipient: Annotated[str, Meta(description="Name of the recipient in the settings, not its address.")]
    status: DeliveryStatus
    queued: datetime
    attempts: int = 0
    next_attempt: datetime | None = None
    sent: datetime | None = None
    error: Annotated[str | None, Meta(description="Why the last attempt failed, or why there will be no other.")] = None


def deliver_lists(ports: Ports) -> list[str]:
    """Send approved lists to the recipients of the settings; the scheduler alone does this, every tick.

    1. What waits and is no longer wanted is given up: a newer list is in force, or the recipient is gone.
    2. Every recipient's list in force is queued, if it is new to the recipient and due (``mail.every``).
    3. Deliveries whose next attempt has come are sent. An attempt is recorded before it is made, so that a crash
       neither repeats it at once nor loses it; a letter sent again has the same Message-ID.
    4. The first one that fails ends the round, lest a server that is away hold up the tick once for each letter; the
       others come with the next tick.

    Returns
    -------
    list of str
        The lists sent, one for each recipient.

    Raises
    ------
    MailError
        If a letter was not taken; it is tried again later.
    """
    wanted = {(found.tenant, found.list_id, one.name): (one, found) for one, found in _in_force(ports)}
    for waiting in ports.deliveries.find(channel=Channel.MAIL, status=DeliveryStatus.WAITING):
        if _key(waiting) not in wanted:
            give_up(ports, waiting, NO_LONGER_WANTED)
    for recipient, found in wanted.values():
        if _is_news(ports, recipient, found):
            ports.deliveries.put(_to_send(ports, recipient, found))
    sent = []
    for delivery in ports.deliveries.find(channel=Channel.MAIL, status=DeliveryStatus.WAITING):
        if _key(delivery) in wanted and is_due(ports, delivery):  # one may have been queued again since
            _send(ports, delivery, *wanted[_key(delivery)])
            sent.append(delivery.item)
    return sent


def list_deliveries(ports: Ports, tenant: str, list_id: str | None = None) -> list[ListDelivery]:
    """The deliveries of a tenant's lists, or of one list, oldest first; they stay when the list is deleted.

    Raises
    ------
    NotFound
        If there is no such list.
    """
    if list_id is not None:
        with suppress(Gone):
            ports.lists.get(tenant, list_id)
    return [_told(one) for one in ports.deliveries.find(channel=Channel.MAIL, tenant=tenant, item=list_id)]


def send_list_again(ports: Ports, tenant: str, list_id: str, actor: str) -> int:
    """Queue the letters of a list anew that were given up; returns how many that are.

    Raises
    ------
    NotFound
        If there is no such list.
    Conflict
        If what was given up is no longer wanted.
    """
    with suppress(Gone):
        ports.lists.get(tenant, list_id)
    given_up = ports.deliveries.find(channel=Channel.MAIL, tenant=tenant, item=list_id, status=DeliveryStatus.GIVEN_UP)
    named = {(found.tenant, found.list_id, one.name) for one, found in _in_force(ports)}
    wanted = [one for one in given_up if _key(one) in named]
    if given_up and not wanted:
        raise Conflict(f"letters of list {list_id} cannot be sent: {NO_LONGER_WANTED}")
    for delivery in wanted:
        queue_again(ports, delivery)
        record(ports, actor, tenant, "list.send-again", list_id, f"to {delivery.recipient}")
    return len(wanted)


def _in_force(ports: Ports) -> Iterator[tuple[Recipient, ListRecord]]:
    """Each recipient with the approved list in force that is theirs."""
    for recipient in ports.settings.mail.recipients:
        found = ports.lists.newest(recipient.tenant, recipient.area, (ListStatus.APPROVED,))
        if found is not None and found.expired is None and is_shared(ports, found):
            yield recipient, found


def _is_news(ports: Ports, recipient: Recipient, found: ListRecord) -> bool:
    if found.approved is None or ports.clock.now() - found.approved > OLDEST:
        return False
    before = ports.deliveries.find(channel=Channel.MAIL, tenant=found.tenant, recipient=recipient.name)
    if any(one.item == found.list_id for one in before):
        return False
    if ports.settings.mail.every == "list":
        return True
    week = _week(ports, found.approved)
    same_kind = (one for one in before if one.area == found.area and one.status is not DeliveryStatus.GIVEN_UP)
    return all(_week(ports, one.happened) != week for one in same_kind)


def _week(ports: Ports, time: datetime) -> tuple[int, int]:
    """The local week, from Monday, that a time is in."""
    year, week, _ = time.astimezone(ZoneInfo(ports.settings.general.timezone)).isocalendar()
    return year, week


def _to_send(ports: Ports, recipient: Recipient, found: ListRecord) -> Delivery:
    now = ports.clock.now()
    return Delivery(
        channel=Channel.MAIL,
        tenant=found.tenant,
        item=found.list_id,
        area=found.area,
        happened=found.approved or now,
        recipient=recipient.name,
        status=DeliveryStatus.WAITING,
        queued=now,
        next_attempt=now,
    )


def _send(ports: Ports, delivery: Delivery, recipient: Recipient, found: ListRecord) -> None:
    hours = ports.settings.mail.give_up_hours
    attempt(ports, delivery, lambda: ports.mail.send(_letter(ports, recipient, found)), give_up_hours=hours)
    for owner in found.tenants or [found.tenant]:
        record(ports, SCHEDULER, owner, "list.send", found.list_id, f"to {recipient.name}")


def _letter(ports: Ports, recipient: Recipient, found: ListRecord) -> Letter:
    content = ports.lists.get(found.tenant, found.list_id, approved=True)[1]
    listed, language = msgspec.json.decode(content, type=HotspotList), Language(recipient.language)
    which = f"{found.tenant}\n{found.list_id}\n{recipient.name}"
    return Letter(
        address=recipient.address,
        message_id=f"{found.list_id}.{hashlib.sha256(which.encode()).hexdigest()[:16]}",
        date=ports.clock.now(),
        subject=letter_subject(listed, language),
        text=letter_text(listed, sha256(content), language),
        file_name=f"{found.list_id}.{XLSX.suffix}",
        media_type=XLSX.media_type,
        content=export_list(content, XLSX, language),
    )


def _told(delivery: Delivery) -> ListDelivery:
    return ListDelivery(
        tenant=delivery.tenant,
        list_id=delivery.item,
        area=delivery.area,
        approved=delivery.happened,
        recipient=delivery.recipient,
        status=delivery.status,
        queued=delivery.queued,
        attempts=delivery.attempts,
        next_attempt=delivery.next_attempt,
        sent=delivery.sent,
        error=delivery.error,
    )


def _key(delivery: Delivery) -> tuple[str, str, str]:
    return delivery.tenant, delivery.item, delivery.recipient
