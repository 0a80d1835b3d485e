"""Delivering approved lists by mail: once per list and recipient, tried again until it is done or no longer wanted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from service.domain.deliveries import Delivery, DeliveryStatus, Letter
from service.domain.hotspots import HotspotList, ListRecord, ListStatus
from service.errors import Gone, MailError, SettingsError
from service.exports.formats import XLSX, export_list
from service.exports.letter import letter_subject, letter_text
from service.exports.wording import Language
from service.mail_settings import Recipient
from service.ports import Ports
from service.usecases.audit import record
from service.usecases.hotspots import SCHEDULER
from service.usecases.list_numbers import sha256
from service.usecases.lists import is_shared

OLDEST = timedelta(days=7)
"""A list approved longer ago is news to nobody, also not to a recipient who is new."""
FIRST_DELAY, LONGEST_DELAY = timedelta(minutes=1), timedelta(hours=6)
"""Between attempts: doubled from one to the next."""
NO_LONGER_WANTED = "a newer list is in force, or the settings no longer name the recipient or share the list"


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
    for waiting in ports.deliveries.find(status=DeliveryStatus.WAITING):
        if _key(waiting) not in wanted:
            _give_up(ports, waiting, NO_LONGER_WANTED)
    for recipient, found in wanted.values():
        if _is_due(ports, recipient, found):
            ports.deliveries.put(_queued(ports, recipient, found))
    sent = []
    for delivery in ports.deliveries.find(status=DeliveryStatus.WAITING):
        if delivery.next_attempt is None or delivery.next_attempt <= ports.clock.now():
            _send(ports, delivery, *wanted[_key(delivery)])
            sent.append(delivery.list_id)
    return sent


def list_deliveries(ports: Ports, tenant: str, list_id: str | None = None) -> list[Delivery]:
    """The deliveries of a tenant's lists, or of one list, oldest first; they stay when the list is deleted.

    Raises
    ------
    NotFound
        If there is no such list.
    """
    if list_id is not None:
        with suppress(Gone):
            ports.lists.get(tenant, list_id)
    return ports.deliveries.find(tenant=tenant, list_id=list_id)


def delay_before(attempt: int) -> timedelta:
    """How long to wait after so many attempts.

    Examples
    --------
    >>> [str(delay_before(attempt)) for attempt in (1, 2, 5, 50)]
    ['0:01:00', '0:02:00', '0:16:00', '6:00:00']
    """
    return min(LONGEST_DELAY, FIRST_DELAY * (1 << min(attempt - 1, 30)))


def _in_force(ports: Ports) -> Iterator[tuple[Recipient, ListRecord]]:
    """Each recipient with the approved list in force that is theirs."""
    for recipient in ports.settings.mail.recipients:
        found = ports.lists.newest(recipient.tenant, recipient.area, (ListStatus.APPROVED,))
        if found is not None and found.expired is None and is_shared(ports, found):
            yield recipient, found


def _is_due(ports: Ports, recipient: Recipient, found: ListRecord) -> bool:
    if found.approved is None or ports.clock.now() - found.approved > OLDEST:
        return False
    before = ports.deliveries.find(tenant=found.tenant, recipient=recipient.name)
    if any(one.list_id == found.list_id for one in before):
        return False
    if ports.settings.mail.every == "list":
        return True
    week = _week(ports, found.approved)
    same_kind = (one for one in before if one.area == found.area and one.status is not DeliveryStatus.GIVEN_UP)
    return all(_week(ports, one.approved) != week for one in same_kind)


def _week(ports: Ports, time: datetime) -> tuple[int, int]:
    """The local week, from Monday, that a time is in."""
    year, week, _ = time.astimezone(ZoneInfo(ports.settings.general.timezone)).isocalendar()
    return year, week


def _queued(ports: Ports, recipient: Recipient, found: ListRecord) -> Delivery:
    now = ports.clock.now()
    return Delivery(
        tenant=found.tenant,
        list_id=found.list_id,
        area=found.area,
        approved=found.approved or now,
        recipient=recipient.name,
        status=DeliveryStatus.WAITING,
        queued=now,
        next_attempt=now,
    )


def _send(ports: Ports, delivery: Delivery, recipient: Recipient, found: ListRecord) -> None:
    now = ports.clock.now()
    attempts = delivery.attempts + 1
    tried = msgspec.structs.replace(delivery, attempts=attempts, next_attempt=now + delay_before(attempts))
    ports.deliveries.put(tried)
    try:
        ports.mail.send(_letter(ports, recipient, found))
    except (MailError, SettingsError) as error:
        if now - delivery.queued >= timedelta(hours=ports.settings.mail.give_up_hours):
            _give_up(ports, tried, str(error))
        else:
            ports.deliveries.put(msgspec.structs.replace(tried, error=str(error)))
        raise
    sent = msgspec.structs.replace(tried, status=DeliveryStatus.SENT, sent=now, next_attempt=None, error=None)
    ports.deliveries.put(sent)
    for owner in found.tenants or [found.tenant]:
        record(ports, SCHEDULER, owner, "list.send", found.list_id, f"to {recipient.name}")


def _give_up(ports: Ports, delivery: Delivery, why: str) -> None:
    ports.deliveries.put(
        msgspec.structs.replace(delivery, status=DeliveryStatus.GIVEN_UP, next_attempt=None, error=why)
    )


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


def _key(delivery: Delivery) -> tuple[str, str, str]:
    return delivery.tenant, delivery.list_id, delivery.recipient
