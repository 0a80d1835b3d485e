"""The ports of hot-spot lists, and of what was found where they led."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from service.domain.hotspots import ListRecord, ListStatus
from service.domain.outcomes import Outcome


class HotspotListStore(Protocol):
    """Lists: their bytes never change, what is decided about them lives beside, and stays when the bytes expire."""

    def add(self, record: ListRecord, canonical_json: bytes) -> None:
        """Store a new draft; raises Conflict if the id or the number exists."""

    def get(self, tenant: str, list_id: str, *, approved: bool = False) -> tuple[ListRecord, bytes]:
        """What is decided about a list, and the list as it was made, or as it was approved.

        Raises NotFound if there is no such list, or it never was approved; Gone if its bytes have expired.
        """

    def records(
        self, tenant: str, statuses: Sequence[ListStatus], after: str | None = None, limit: int = 100
    ) -> list[ListRecord]:
        """Lists with one of the statuses, greatest number first; ``after`` is the last id of the page before."""

    def newest(self, tenant: str, area: str | None, statuses: Sequence[ListStatus]) -> ListRecord | None:
        """The list with the greatest number that is confined to ``area``, or to none, and has one of the statuses."""

    def approve(self, decided: ListRecord, approved_json: bytes) -> None:
        """Draft to what is decided; the approved list of the same area before it becomes superseded, in one step.

        Raises NotFound, and Conflict if the list is no draft, or older than the approved one.
        """

    def expire(self, made_before: datetime, expired: datetime) -> list[ListRecord]:
        """Delete the bytes of lists made before a time, for good; their records, which are returned, stay."""


class OutcomeStore(Protocol):
    """What was found at entries of lists, by (tenant, list, rank, time of the visit)."""

    def put(self, outcome: Outcome) -> None:
        """Record an outcome; one with the same key is replaced."""

    def find(self, tenant: str, list_id: str) -> list[Outcome]:
        """The outcomes of a list, by (rank, visited)."""
