"""What an experiment is, and how its figures are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bench.quality.panel import Rival


@dataclass(frozen=True)
class Figure:
    """One cell of a table.

    Parameters
    ----------
    text
        As it is written.
    merit
        The higher the better, for marking the first in a column; None where there is no race.
    detail
        Second number of the cell, where a promise is about it: share of time flagged, episodes, ratio.
    """

    text: str
    merit: float | None = None
    detail: float | None = None


Row = Mapping[str, Figure]  # by the title of the column


@dataclass(frozen=True)
class Table:
    """A table of the page: a row for each rival.

    Parameters
    ----------
    name
        Key of the rows that an experiment measures.
    title, text
        Heading, and what the columns say.
    why
        Why our detector is not first, where it is not: kept by hand.
    """

    name: str
    title: str
    text: str
    why: str = ""


class Experiment(Protocol):
    """Measures rivals on one data set."""

    @property
    def name(self) -> str:
        """As in ``--only``."""

    @property
    def tables(self) -> Sequence[Table]:
        """What it fills."""

    @property
    def rivals(self) -> Sequence[Rival]:
        """Who can take part."""

    def measure(self, rival: Rival) -> Mapping[str, Row]:
        """The rival's row of each table, by the table's name; a table it has no part in is left out."""
