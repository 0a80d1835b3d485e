"""Pages by keyset: the cursor says after which item to go on, so that nothing is skipped or told twice."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Annotated, Any, Generic, Self, TypeVar

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

    def after(self, kind: Any) -> Any:
        """The key after which to go on, None for the first page; raises InvalidInput if it is none of this kind."""
        if self.cursor is None:
            return None
        try:
            padded = self.cursor + "=" * (-len(self.cursor) % 4)
            return msgspec.json.decode(base64.b64decode(padded, altchars=b"-_", validate=True), type=kind)
        except (binascii.Error, ValueError, msgspec.DecodeError) as error:
            raise InvalidInput(_FOREIGN) from error


class Page(msgspec.Struct, Generic[Item], frozen=True):
    """Items in order; ``next`` is the cursor of the page after this one, which the Link header holds as an address."""

    items: list[Item]
    next: str | None = None

    @classmethod
    def of(cls, items: list[Item], following: Any) -> Self:
        """A page, and the key of its last item where there is another after it."""
        return cls(items, None if following is None else encode_cursor(following))


def page_of(
    items: Iterable[Item], key: Callable[[Item], tuple[str | float, ...]], query: PageQuery
) -> tuple[list[Item], tuple[str | float, ...] | None]:
    """A page of what is read as a whole, because there is little of it; and the key of its last item if more follow.

    Parameters
    ----------
    items
        In the order of the key.
    key
        What no two items share.
    query
        Which page.
    """
    after = query.after(tuple[str | float, ...])
    remaining = (one for one in items if after is None or _follows(key(one), after))
    page = list(islice(remaining, query.limit + 1))
    return page[: query.limit], key(page[query.limit - 1]) if len(page) > query.limit else None


def _follows(key: tuple[str | float, ...], after: tuple[str | float, ...]) -> bool:
    try:
        return key > after
    except TypeError as error:
        raise InvalidInput(_FOREIGN) from error


def encode_cursor(after: Any) -> str:
    """An opaque cursor for the key of a page's last item."""
    return base64.urlsafe_b64encode(msgspec.json.encode(after)).decode().rstrip("=")
