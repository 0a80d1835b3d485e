"""The week of an entry as a heat map whose rows run from noon to noon, so that no night is cut in two."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from service.domain.hotspots import Block, HotspotEntry
from service.exports.wording import Language, day_name

DAYS, HOURS, NOON = 7, 24, 12
LEVELS = 5
_POWER = 0.75  # lets a single presence be seen beside many
_LEAST_MOST = 4  # presences of the darkest shade at least, lest one presence in a calm week look like an alarm

Cell = tuple[int, int]
"""Row and column."""


@dataclass(frozen=True)
class HeatMap:
    """Presences by night and hour.

    Parameters
    ----------
    presences
        7 rows of 24: row 0 is Monday from noon to Tuesday noon.
    framed
        The cells to go to: those of the entry's blocks.
    """

    presences: list[list[int]]
    framed: frozenset[Cell]

    def cells(self) -> Iterator[Cell]:
        """Every cell, row by row."""
        return ((row, column) for row in range(DAYS) for column in range(HOURS))

    def level(self, cell: Cell) -> int:
        """Shade of a cell: 0 where nothing was, up to `LEVELS` where most was."""
        row, column = cell
        count = self.presences[row][column]
        return 0 if count == 0 else max(1, round(LEVELS * (count / self._most) ** _POWER))

    @cached_property
    def _most(self) -> int:
        """Presences of the darkest shade."""
        return max(_LEAST_MOST, *map(max, self.presences))

    def edges(self, cell: Cell) -> frozenset[str]:
        """On which sides a frame passes: between a cell to go to and one that is not."""
        row, column = cell
        if cell not in self.framed:
            return frozenset()
        beside = {
            "top": (row - 1, column),
            "bottom": (row + 1, column),
            "left": (row, column - 1),
            "right": (row, column + 1),
        }
        return frozenset(side for side, other in beside.items() if other not in self.framed)


def heat_map(entry: HotspotEntry) -> HeatMap | None:
    """The heat map of an entry; None if its list does not tell the week."""
    if not entry.week:
        return None
    turned = [[0] * HOURS for _ in range(DAYS)]
    for day, hours in enumerate(entry.week):
        for hour, presences in enumerate(hours):
            row, column = _cell(day * HOURS + hour)
            turned[row][column] = presences
    return HeatMap(turned, frozenset(cell for block in entry.blocks() for cell in _cells(block)))


def hour_names() -> list[str]:
    """The local hour that each column begins at."""
    return [f"{(NOON + column) % HOURS:02d}" for column in range(HOURS)]


def row_name(row: int, language: Language) -> str:
    """The two days that a row runs over.

    Examples
    --------
    >>> row_name(6, Language.SV)
    'sön–mån'
    """
    return f"{day_name(row, language)}–{day_name(row + 1, language)}"


def week_legend(language: Language) -> str:
    """How to read a heat map."""
    return {
        "sv": "Vistelser timme för timme i trapphusets alla utrymmen. En rad löper från klockan 12 till 12 nästa dag. "
        "Inramat: tiderna att gå.",
        "en": "Presences hour by hour in all spaces of the stairwell. A row runs from noon to noon. "
        "Framed: the hours to go.",
    }[language]


def _cells(block: Block) -> Iterator[Cell]:
    length = (block.to_hour - block.from_hour) % HOURS or HOURS
    return (_cell(day * HOURS + block.from_hour + hour) for day in block.weekdays for hour in range(length))


def _cell(hour_of_week: int) -> Cell:
    since_noon = hour_of_week - NOON
    return since_noon // HOURS % DAYS, since_noon % HOURS
