"""The number, the id and the digest of a list, by which it is called and proved."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import msgspec

from service.domain.hotspots import HotspotList, ListRecord, ListStatus
from service.errors import Conflict
from service.ports import Ports

_ATTEMPTS = 10  # to number a list, should other processes be making lists at the same moment


def store_numbered(ports: Ports, made: HotspotList, tenants: Sequence[str] = ()) -> HotspotList:
    """Store a list as a draft under the tenant's next number: its id is the local date and that number.

    Raises
    ------
    Conflict
        If other processes took every number that was tried.
    """
    date = made.made.astimezone(ZoneInfo(ports.settings.general.timezone)).date().isoformat()
    for attempt in range(_ATTEMPTS):
        newest = ports.lists.records(made.tenant, tuple(ListStatus), limit=1)
        number = newest[0].number + 1 if newest else 1
        numbered = msgspec.structs.replace(made, list_id=f"{date}-{number:03d}", number=number)
        content = msgspec.json.encode(numbered)
        draft = ListRecord(
            list_id=numbered.list_id,
            number=number,
            tenant=made.tenant,
            area=made.area,
            made=made.made,
            status=ListStatus.DRAFT,
            digest=sha256(content),
            tenants=list(tenants),
        )
        try:
            ports.lists.add(draft, content)
        except Conflict:
            if attempt == _ATTEMPTS - 1:
                raise
        else:
            break
    return numbered


def sha256(content: bytes) -> str:
    """The digest by which a list can be proved, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
