"""From plain values to the words of the domain, with messages for people."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeVar, get_args, get_type_hints

import msgspec

T = TypeVar("T")


def validated(values: object, wanted: type[T], *, text: bool = False) -> T:
    """A ``wanted`` from plain values; with ``text``, numbers may be written as text, as they are in a table.

    Raises
    ------
    ValueError
        If a value is missing, unknown, of the wrong type or out of bounds; the message names it.

    Examples
    --------
    >>> from service.domain.places import Sensor
    >>> validated({"sensor": "s1", "liveness": "yes"}, Sensor)
    Traceback (most recent call last):
    ValueError: liveness: invalid value 'yes'; use one of heartbeat, assumed
    """
    try:
        made = msgspec.convert(values, wanted, strict=not text)
        msgspec.json.encode(made)
    except msgspec.ValidationError as error:
        raise ValueError(_readable(str(error), wanted)) from error
    except UnicodeEncodeError as error:
        raise ValueError("a text holds half a character (a lone surrogate)") from error
    return made


def _readable(message: str, wanted: type) -> str:
    what, _, where = message.replace("`", "").partition(" - at $.")
    if what.startswith("Invalid enum value"):
        what = what.replace(" enum", "") + f"; use one of {', '.join(_choices(wanted, where))}"
    if "matching regex" in what:
        what = "expected text without control characters" + ("" if where == "address" else " or a backslash at its end")
    if "datetime" in what and "unknown field" not in what:  # no time at all, or one without its seconds or its zone
        what = "expected a time with its seconds and offset, such as 2026-11-22T18:00:00Z"
    what = what.replace("Object contains unknown field", "unknown field").replace("Object missing", "missing")
    what = what[0].lower() + what[1:]
    return f"{where}: {what}" if where else what


def _choices(wanted: type, name: str) -> type[StrEnum]:
    hint = get_type_hints(wanted)[name]
    return next(kind for kind in (hint, *get_args(hint)) if isinstance(kind, type) and issubclass(kind, StrEnum))
