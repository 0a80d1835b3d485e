"""The port of what is deleted once it is old."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class AgingData(Protocol):
    """One kind of data, each row of which is of an instant, in seconds UTC; only its oldest rows are ever deleted."""

    def oldest(self) -> int | None:
        """The instant of the oldest row, read from the store; None if there is none."""

    def rows_before(self, time: int) -> Mapping[int | str, int]:
        """How many rows are of an instant before ``time``: by series number, or by tenant where rows have one."""

    def delete_before(self, time: int, most: int) -> bool:
        """Delete the oldest rows before ``time``, about ``most`` of them, durably, in one step; whether any are left.

        The rows of one window go together. Nobody waits for longer than for one such step.
        """

    def erase(self) -> bool:
        """Take what was deleted out of the files as well, as far as that is the store's to do; False: try again soon.

        Another process that still reads may keep it from being done.
        """

    def limit_seconds(self) -> int | None:
        """After how long the store deletes rows by itself, whatever the settings say; None if it never does."""
