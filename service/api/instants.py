"""Times in the schemas of answers: msgspec calls one a date-time only where it checks the zone of what it reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import inspect


def mark_instants(answered: Iterable[tuple[Any, dict[str, Any]]], components: Mapping[str, dict[str, Any]]) -> None:
    """Say of every time in the types of answers, each with its schema, that it is RFC 3339.

    Requests stay as they are: some take a time by the clock on the wall.
    """
    seen: set[str] = set()

    def mark(kind: inspect.Type, schema: dict[str, Any]) -> None:
        match kind:
            case inspect.Metadata():
                mark(kind.type, schema)
            case inspect.DateTimeType():
                schema["format"] = "date-time"
            case inspect.UnionType(types=(one, inspect.NoneType())) if "anyOf" in schema:
                mark(one, schema["anyOf"][0])
            case inspect.ListType() if "items" in schema:
                mark(kind.item_type, schema["items"])
            case inspect.TupleType():
                for one, part in zip(kind.item_types, schema["prefixItems"], strict=True):
                    mark(one, part)
            case inspect.DictType() if "additionalProperties" in schema:
                mark(kind.value_type, schema["additionalProperties"])
            case inspect.StructType() if "$ref" in schema and schema["$ref"] not in seen:
                seen.add(schema["$ref"])
                properties = components[schema["$ref"].rsplit("/", 1)[-1]]["properties"]
                for field in kind.fields:
                    mark(field.type, properties[field.encode_name])

    for kind, schema in answered:
        mark(msgspec.inspect.type_info(kind), schema)
