"""Deliveries: which list went to which recipient, and the letter that carries it.

A recipient is kept by its name in the settings. Addresses stand there and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta


class DeliveryStatus(StrEnum):
    """A delivery waits, with a next attempt, until it is sent or nobody tries any longer."""

    WAITING = "waiting"
    SENT = "sent"
    GIVEN_UP = "given_up"


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One approved list on its way to one recipient; the key is (tenant, list_id, recipient)."""

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
