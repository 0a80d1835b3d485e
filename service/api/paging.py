"""Pages by keyset: the cursor says after which item to go on, so that nothing is skipped or told twice."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from msgspec import Meta

from service.errors import InvalidInput

Item = TypeVar("Item")
_FOREIGN = "the cursor is not one of this operation; take it from the page before as it is"
_LONGEST = 2_000  # two ids of a hundred letters, none of them ASCII, have some 1,100
Cursor = Annotated[str, Meta(description="The `next` of the page before, as it is.", max_length=_LONGEST)]


class PageQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which page."""

    limit: Annotated[
        int, Meta(ge=1, le=100_000, description="Most items of the page; the service's own limit may be lower.")
    ] = 100
    cursor: Cursor | None = None


class Page(msgspec.Struct, Generic[Item], frozen=True):
    """Items in order; ``next`` is the cursor of the page after this one, which the Link header holds as an address."""

    items: list[Item]
    next: str | None = None


def page_of(
    items: Iterable[Item], key: Callable[[Item], tuple[str | float, ...]], query: PageQuery, max_page: int
) -> tuple[list[Item], str | None]:
    """A page of what is read as a whole, because there is little of it; and the cursor of the page after it.

    Parameters
    ----------
    items
        In the order of the key.
    key
        What no two items share.
    query
        Which page.
    max_page
        The service's own limit.
    """
    after = decode_cursor(query.cursor, tuple[str | float, ...])
    remaining = (one for one in items if after is None or _follows(key(one), after))
    limit = min(query.limit, max_page)
    page = list(islice(remaining, limit + 1))
    return page[:limit], encode_cursor(key(page[limit - 1])) if len(page) > limit else None


def _follows(key: tuple[str | float, ...], after: tuple[str | float, ...]) -> bool:
    try:
        return key > after
    except TypeError as error:
        raise InvalidInput(_FOREIGN) from error


def encode_cursor(after: Any) -> str:
    """An opaque cursor for the key of a page's last item."""
    return base64.urlsafe_b64encode(msgspec.json.encode(after)).decode().rstrip("=")


def decode_cursor(cursor: str | None, kind: Any) -> Any:
    """The key that a cursor holds, or None.

    Raises
    ------
    InvalidInput
        If it is not a cursor of this operation.
    """
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        return msgspec.json.decode(base64.b64decode(padded, altchars=b"-_", validate=True), type=kind)
    except (binascii.Error, ValueError, msgspec.DecodeError) as error:
        raise InvalidInput(_FOREIGN) from error
