"""Text that a spreadsheet takes for text, whoever wrote it."""

from __future__ import annotations

_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What spreadsheets begin a formula with, or skip before one; some take the wide forms too."""


def inert(text: str) -> str:
    """The text, preceded by an apostrophe if a spreadsheet would take it for a formula.

    Examples
    --------
    >>> inert("Kvarngatan 3"), inert("=1+1")
    ('Kvarngatan 3', "'=1+1")
    """
    return f"'{text}" if text.startswith(_BEGINS_A_FORMULA) else text
