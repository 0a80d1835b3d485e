"""What a request brings: its query and its body, checked by the types that document them."""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Mapping
from enum import EnumType
from typing import Any, TypeVar, get_args

import msgspec
from flask import Request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge, UnsupportedMediaType

from service.api.paging import PageQuery
from service.api.routes import JSON, Operation
from service.errors import InvalidInput, TooLarge

_GZIP = ("gzip", "x-gzip")
"""Two names of one encoding, by RFC 9110."""
_GZIP_MAGIC = b"\x1f\x8b"
_WRITTEN = {bool: "write true or false", int: "write a whole number", float: "write a number such as 2.5"}
Shape = TypeVar("Shape", bound=msgspec.Struct)
_PLACE = re.compile(r"^(?P<message>.*) - at `\$\.?(?P<place>.*)`$", re.DOTALL)


def read_query(arguments: MultiDict[str, str], shape: type[Shape], max_page: int) -> Shape:
    """The query as its struct; a page is no longer than the service's own limit.

    Raises
    ------
    InvalidInput
        If a key is unknown, missing or given twice, or a value is odd.
    """
    if twice := [name for name, values in arguments.lists() if len(values) > 1]:
        raise InvalidInput(f"the query names {twice[0]!r} more than once; name it once")
    kinds = _kinds(shape)
    if unknown := [name for name in arguments if name not in kinds]:
        known = f"known are {', '.join(kinds)}" if kinds else "this operation takes none"
        raise InvalidInput(f"there is no query key {unknown[0]!r}; {known}")
    values = {name: _wire_value(text, kinds[name]) for name, text in arguments.items()}
    try:
        query = msgspec.convert(values, shape)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"the query is wrong: {_advised(_plain(error), kinds)}") from error
    return msgspec.structs.replace(query, limit=min(query.limit, max_page)) if isinstance(query, PageQuery) else query


def read_body(request: Request, operation: Operation, limit_bytes: int) -> Any:
    """The body as the operation's handler takes it: bytes, or a struct; None where it may be left out and is.

    Raises
    ------
    TooLarge
        If it is larger than the limit, packed or unpacked.
    InvalidInput
        If it is damaged, broke off, or is JSON of another shape.
    werkzeug.exceptions.UnsupportedMediaType
        If its media type or content encoding is another.
    """
    media_type, shape = operation.accepts
    if not operation.body_required and not request.content_length and "Transfer-Encoding" not in request.headers:
        return None
    if media_type == JSON and request.mimetype != JSON:
        raise UnsupportedMediaType(f"the body is {request.mimetype or 'of no named type'}; send {JSON}")
    content = _unpacked(request, limit_bytes)
    if media_type == JSON:
        content = content.removeprefix(codecs.BOM_UTF8)  # which programs of Windows write, and RFC 8259 lets us ignore
    if not content:
        raise InvalidInput(f"the body is empty; send {media_type}")
    if operation.body is bytes:
        return content
    try:
        return msgspec.json.decode(content, type=shape)
    except msgspec.ValidationError as error:
        message = _plain(error)
        is_of_a_time = "datetime" in message and "unknown field" not in message
        how = "; write it like 2026-11-22T18:00:00Z" if is_of_a_time else _words_taken(message, _kinds(shape))
        raise InvalidInput(f"the body is wrong: {message}{how}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput(f"the body is not JSON: {error}") from error


def _unpacked(request: Request, limit_bytes: int) -> bytes:
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", *_GZIP):
        raise UnsupportedMediaType(f"the content encoding {encoding!r} is unknown; send gzip or none")
    try:
        content = request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        raise _too_large(limit_bytes) from error
    except ClientDisconnected as error:
        raise InvalidInput("the body broke off before its end; send it again") from error
    if len(content) > limit_bytes:
        raise _too_large(limit_bytes)
    if encoding in _GZIP:
        return _gunzip(content, limit_bytes)
    if content.startswith(_GZIP_MAGIC):
        raise InvalidInput("the body is gzip, but nothing says so; send the header Content-Encoding: gzip")
    return content


def _gunzip(packed: bytes, limit_bytes: int) -> bytes:
    """Unpack every member of a gzip body, never more than the limit and one byte."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(packed)) as members:
            unpacked = members.read(limit_bytes + 1)
    except EOFError as error:
        raise InvalidInput("the body is gzip that ends too early; send it again") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise InvalidInput(f"the body is not gzip: {error}") from error
    if len(unpacked) > limit_bytes:
        raise _too_large(limit_bytes)
    return unpacked


def _too_large(limit_bytes: int) -> TooLarge:
    return TooLarge(f"the body is larger than {limit_bytes} bytes (api.max_body_bytes); send smaller batches")


def _wire_value(text: str, kind: Any) -> Any:
    """A query value as JSON would carry it: a number or a truth where the type wants one, the text itself otherwise."""
    wanted = set(_atoms(kind))
    if bool in wanted:
        return {"true": True, "false": False}.get(text, text)
    if not {int, float} & wanted:
        return text
    try:
        return msgspec.json.decode(text, type=int | float)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return text


def _advised(message: str, kinds: Mapping[str, Any]) -> str:
    """The message about a query key, and how to write what it asks for."""
    kind = kinds.get(message.partition(":")[0])
    if words := _words_taken(message, kinds):
        return message + words
    if "encoded date" in message and "datetime" not in message:
        return f"{message}; write it like 2026-11-22"
    if "datetime" in message:
        return f"{message}; write it like 2026-11-22T18:00:00Z, and the + of an offset as %2B"
    written = next((how for atom, how in _WRITTEN.items() if atom in _atoms(kind)), None)
    return f"{message}; {written}" if written else message


def _kinds(shape: type[msgspec.Struct]) -> dict[str, Any]:
    """The type of each key."""
    return {field.encode_name: field.type for field in msgspec.structs.fields(shape)}


def _words_taken(message: str, kinds: Mapping[str, Any]) -> str:
    """What a message about a word that is not one of several goes on with; nothing for any other."""
    name = re.split(r"[:\[]", message, maxsplit=1)[0]  # found[1]: Invalid enum value
    if "Invalid enum value" not in message or name not in kinds:
        return ""
    return f"; use one of {', '.join(_choices(kinds[name]))}"


def _choices(kind: Any) -> list[str]:
    """The words that a literal or an enumeration takes."""
    listed = [list(atom) if isinstance(atom, EnumType) else [atom] for atom in _atoms(kind)]
    return [word for words in listed for word in words if isinstance(word, str)]


def _atoms(kind: Any) -> list[Any]:
    inner = get_args(kind)
    return [atom for part in inner for atom in _atoms(part)] if inner else [kind]


def _plain(error: msgspec.ValidationError) -> str:
    """Say where first, without the notation of a path into JSON."""
    found = _PLACE.match(str(error))
    if not found or not found["place"]:
        return found["message"] if found else str(error)
    return f"{found['place']}: {found['message']}"
