"""Events: what other systems are told of, in the envelope of CloudEvents 1.0 (JSON, structured mode).

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
"""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from msgspec import Meta

from service.domain.places import Kind

Data = TypeVar("Data")
_NAMESPACE = uuid.UUID("6a2f6d5e-5a43-4b1c-9d0e-3f1f7f0f2c7b")
"""Ours alone, so that the same key gives the same id, and nobody else's does."""


class EventType(StrEnum):
    """What happened. A meaning that changes gets another name; members of ``data`` are only added."""

    EPISODE_OPENED = "trappvakt.episode.opened"
    EPISODE_REVISED = "trappvakt.episode.revised"
    EPISODE_CLOSED = "trappvakt.episode.closed"
    LIST_APPROVED = "trappvakt.list.approved"
    SENSOR_SILENT = "trappvakt.sensor.silent"
    SENSOR_BACK = "trappvakt.sensor.back"
    MODEL_PROMOTED = "trappvakt.model.promoted"


EPISODE_TYPES = frozenset({EventType.EPISODE_OPENED, EventType.EPISODE_REVISED, EventType.EPISODE_CLOSED})


class ListApproved(msgspec.Struct, frozen=True, kw_only=True):
    """A hot-spot list that a person let out; it is read from the API, by those whose key may."""

    list_id: str
    number: int
    area: Annotated[str | None, Meta(description="The area that the list is confined to.")] = None
    approved: datetime
    digest: Annotated[str, Meta(description="SHA-256 of the list's JSON as it was approved.")]
    held_back: Annotated[int, Meta(description="Entries that the person who approved it held back.")] = 0
    tenants: Annotated[list[str], Meta(description="In a joint list: whose entries it holds.")] = []
    path: Annotated[str, Meta(description="Where the API has it.")]


class SensorSilent(msgspec.Struct, frozen=True, kw_only=True):
    """A sensor that is not heard any longer, so that its space is unknown and not calm; or that is heard again."""

    sensor: str
    stairwell: str
    space: str
    kind: Kind
    area: str
    last_heard: Annotated[datetime | None, Meta(description="None if it was never heard.")] = None
    reason: Annotated[dict[str, str] | None, Meta(description="In words, by language.")] = None


class ModelPromoted(msgspec.Struct, frozen=True, kw_only=True):
    """A model version that is in force from ``watermark`` on; verdicts before it stand."""

    version: str
    replaced: Annotated[str | None, Meta(description="The version in force before.")] = None
    watermark: datetime


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened, once.

    Parameters
    ----------
    type
        What.
    tenant
        Whose; ``None`` for what concerns every tenant.
    key
        Tells it from every other of its type and tenant; the same key is the same event.
    subject
        What it is about; the same in all events about one thing.
    time
        When it came about, aware.
    data
        What there is to say, as the JSON encoder takes it.
    sequence
        Its place among the events about its subject, from 1.
    """

    type: EventType
    tenant: str | None
    key: str
    subject: str
    time: datetime
    data: Any
    sequence: int | None = None

    @property
    def event_id(self) -> str:
        """The id that receivers know it by: the same whenever it is published.

        Examples
        --------
        >>> from datetime import UTC
        >>> told = Event(
        ...     type=EventType.LIST_APPROVED,
        ...     tenant="norrbo",
        ...     key="2026-11-19-041",
        ...     subject="2026-11-19-041",
        ...     time=datetime(2026, 11, 19, tzinfo=UTC),
        ...     data={},
        ... )
        >>> told.event_id
        '1a897eb6-dd39-5c6f-8745-9c7150a699b5'
        """
        return str(uuid.uuid5(_NAMESPACE, msgspec.json.encode([self.type, self.tenant, self.key]).decode()))


class Envelope(msgspec.Struct, Generic[Data], frozen=True, kw_only=True, omit_defaults=True):
    """A CloudEvent; ``tenant`` and ``sequence`` are extension attributes."""

    specversion: str
    id: Annotated[str, Meta(description="The same whenever the event is sent: what was seen before is to be ignored.")]
    source: Annotated[str, Meta(description="The setting `webhooks.source`, which tells installations apart.")]
    type: EventType
    subject: Annotated[str, Meta(description="What it is about; the same in all events about one thing.")]
    time: datetime
    tenant: str
    sequence: Annotated[
        str | None,
        Meta(description="Its place among the events about its subject: the greatest is the newest word."),
    ] = None
    datacontenttype: str
    data: Data


def enveloped(event: Event, source: str, tenant: str) -> bytes:
    """The event as a CloudEvent in JSON, told to a tenant."""
    return msgspec.json.encode(
        Envelope(
            specversion="1.0",
            id=event.event_id,
            source=source,
            type=event.type,
            subject=event.subject,
            time=event.time,
            tenant=tenant,
            sequence=None if event.sequence is None else f"{event.sequence:06}",
            datacontenttype="application/json",
            data=event.data,
        )
    )
