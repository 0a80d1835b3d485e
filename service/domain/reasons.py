"""Why something is told, in words for people."""

from __future__ import annotations

import msgspec


class Reason(msgspec.Struct, frozen=True):
    """Why, in one sentence."""

    sv: str
    en: str
