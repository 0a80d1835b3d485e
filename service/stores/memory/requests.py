"""How often keys ask, in a dict."""

from __future__ import annotations


class MemoryRequestCounter:
    """Requests by key and policy in their newest window."""

    def __init__(self) -> None:
        self._counted: dict[tuple[str, str], tuple[int, int]] = {}

    def count(self, key_id: str, policy: str, window: int) -> int:
        """Count one request; returns how many there are in its window."""
        known, n = self._counted.get((key_id, policy), (window, 0))
        n = n + 1 if known == window else 1
        self._counted[key_id, policy] = window, n
        return n
