"""Deliveries: what is on its way to whom, by mail or as a webhook, and the letter that a mail is.

A recipient is kept by its name in the settings. Addresses and secrets stand there and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec


class Channel(StrEnum):
    """How a delivery goes: an approved list by mail, or an event as a webhook."""

    MAIL = "mail"
    WEBHOOK = "webhook"


class DeliveryStatus(StrEnum):
    """A delivery waits, with a next attempt, until it is sent or nobody tries any longer."""

    WAITING = "waiting"
    SENT = "sent"
    GIVEN_UP = "given_up"


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One list or event on its way to one recipient; the key is (channel, tenant, item, recipient).

    ``number`` is the store's, above 0 and never reused; in its order they were first put. ``item`` is the id of the
    list or of the event, ``area`` that of the list. ``happened`` is when the list was approved, or what the event tells
    of came about. ``content`` is the event as it is sent, the same whenever it is sent again; a letter is written when
    it is sent. ``error`` says why the last attempt failed, or why there will be no other.
    """

    number: int = 0
    channel: Channel = Channel.MAIL
    tenant: str
    item: str
    area: str | None = None
    happened: datetime
    recipient: str
    status: DeliveryStatus
    queued: datetime
    attempts: int = 0
    next_attempt: datetime | None = None
    sent: datetime | None = None
    error: str | None = None
    content: bytes | None = None


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What was last told of a subject, so that a change is told once and in order; the key is (tenant, topic, subject).

    ``sequence`` counts what was told of it; ``document`` is the JSON of what was told last.
    """

    tenant: str
    topic: str
    subject: str
    sequence: int
    document: bytes


@dataclass(frozen=True)
class Letter:
    """A letter with one attachment.

    Parameters
    ----------
    address
        Where it goes.
    message_id
        The same whenever it is sent again, so that a mail server or reader can tell it is the same.
    date
        When it is sent.
    subject, text
        What it says.
    file_name, media_type, content
        The attachment.
    """

    address: str
    message_id: str
    date: datetime
    subject: str
    text: str
    file_name: str
    media_type: str
    content: bytes
