"""Lists as GeoJSON (RFC 7946), for maps: a feature an entry, where the building stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from service.domain.hotspots import HotspotEntry, HotspotList
from service.exports.wording import Language, reason_text, when_text


def render_geojson(listed: HotspotList, language: Language, draft: bool) -> bytes:
    """A list as a feature collection.

    A feature's properties are the entry's members, with ``when`` and ``reason`` in words; a place without coordinates
    has the geometry null. What is said of the list as a whole stands beside the features, as foreign members; ``draft``
    says whether nobody has approved it yet.
    """
    about: Mapping[str, Any] = msgspec.to_builtins(listed)
    collection = {
        "type": "FeatureCollection",
        "draft": draft,
        "features": [_feature(entry, language) for entry in listed.entries],
        **{name: value for name, value in about.items() if name != "entries"},
    }
    return msgspec.json.encode(collection)


def _feature(entry: HotspotEntry, language: Language) -> Mapping[str, Any]:
    members: Mapping[str, Any] = msgspec.to_builtins(entry)
    words = {
        "when": [when_text(block, language) for block in entry.blocks()],
        "reason": reason_text(entry, language),
    }
    return {
        "type": "Feature",
        "id": entry.rank,
        "geometry": _point(entry),
        "properties": {**members, **words},
    }


def _point(entry: HotspotEntry) -> Mapping[str, Any] | None:
    """Longitude first, as RFC 7946 has it."""
    if entry.longitude is None or entry.latitude is None:
        return None
    return {"type": "Point", "coordinates": [entry.longitude, entry.latitude]}
