"""From the register's series numbers to the tags of a place, and back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.domain.keys import EVERY_TENANT
from service.domain.places import Kind, kind_named
from service.domain.readings import DEFAULT_SPACE
from service.ports.places import PlacesRegister

PLACE = ("tenant", "stairwell", "space")
PLACE_AND_KIND = (*PLACE, "kind")
"""What :meth:`PlaceTags.numbers` is told of a row."""
MOST_NAMED = 20
"""Most places a condition names: Flux refuses programs that nest a few dozen ``or``."""

_OWN_NAMES = {tag: tag for tag in PLACE}
_UNNAMED = {"space": DEFAULT_SPACE}
_UNKNOWN = -1
_NOBODY = ("", EVERY_TENANT)


class Condition(NamedTuple):
    """A piece of Flux that holds for the rows of some series, and others perhaps, and the parameters it names."""

    flux: str
    parameters: dict[str, str]


EVERYTHING = Condition("true", {})


def one_of(wanted: Iterable[tuple[tuple[str, str], ...]]) -> Condition:
    """The condition for rows with one of these sets of tags, (name, value) each; for all if there are none or many."""
    parameters: dict[str, str] = {}
    clauses = []
    for tags in sorted(wanted):
        compared = []
        for name, value in tags:
            parameter = f"_place{len(parameters)}"
            parameters[parameter] = value
            compared.append(f'r["{name}"] == {parameter}')
        clauses.append(f"({' and '.join(compared)})")
    return Condition(" or ".join(clauses), parameters) if 0 < len(clauses) <= MOST_NAMED else EVERYTHING


class PlaceTags:
    """The tags tenant, stairwell and space of every series.

    Parameters
    ----------
    register
        Where the numbers come from.
    learning
        Whether places that were written to InfluxDB by others are registered when they are read.
    """

    def __init__(self, register: PlacesRegister, *, learning: bool) -> None:
        self._register = register
        self._learning = learning
        self._known: tuple[int, dict[int, dict[str, str]]] = (-1, {})

    def all(self) -> dict[int, dict[str, str]]:
        """The tags of each series number, kept until the register changes."""
        revision = self._register.revision()
        if self._known[0] != revision:
            tags = {
                one.number: {"tenant": one.tenant, "stairwell": one.stairwell, "space": one.space}
                for one in self._register.series()
            }
            self._known = (revision, tags)
        return self._known[1]

    def known(self, series: Iterable[int]) -> list[int]:
        """Those of the numbers that the register has handed out, ascending."""
        tags = self.all()
        return sorted({number for number in series if number in tags})

    def condition(
        self, series: Sequence[int], names: Mapping[str, str] = _OWN_NAMES, unnamed: Mapping[str, str] = _UNNAMED
    ) -> Condition:
        """What to filter by, on ``r``: a few series by their tags, many by their tenants.

        Parameters
        ----------
        series
            Numbers that are known.
        names
            What the tags are called, as far as points have them.
        unnamed
            The value of a tag that others leave out when they write, so that it cannot be compared.
        """
        tags = self.all()
        compared = [tag for tag in (("tenant",) if len(series) > MOST_NAMED else PLACE) if tag in names]
        wanted = {
            tuple((names[tag], tags[number][tag]) for tag in compared if tags[number][tag] != unnamed.get(tag))
            for number in series
        }
        return EVERYTHING if () in wanted else one_of(wanted)

    def numbers(self, columns: dict[str, list[str]]) -> NDArray[np.int64]:
        """Series number of each row, int64[n], -1 where the place is unknown.

        ``columns`` are the tags of the rows and, where somebody writes it, the kind of space.
        """
        spaces = [space or DEFAULT_SPACE for space in columns["space"]]
        rows = list(zip(columns["tenant"], columns["stairwell"], spaces, columns["kind"], strict=True))
        numbers = self._look_up(rows)
        if self._learning and self._learn({row for row in numbers if numbers[row] == _UNKNOWN}):
            numbers = self._look_up(rows)
        return np.array([numbers[row] for row in rows], dtype=np.int64)

    def _look_up(self, rows: Iterable[tuple[str, str, str, str]]) -> dict[tuple[str, str, str, str], int]:
        distinct = dict.fromkeys(rows)
        index = {tenant: self._register.index(tenant) for tenant in {row[0] for row in distinct}}
        return {row: index[row[0]].get((row[1], row[2]), _UNKNOWN) for row in distinct}

    def _learn(self, rows: Iterable[tuple[str, str, str, str]]) -> bool:
        """Register new places; rows without a tenant of their own or a stairwell belong to nobody and stay unknown."""
        new: defaultdict[str, list[tuple[str, str, Kind]]] = defaultdict(list)
        for tenant, stairwell, space, kind in sorted(rows):
            if tenant not in _NOBODY and stairwell:
                new[tenant].append((stairwell, space, kind_named(kind)))
        for tenant, spaces in new.items():
            self._register.learn(tenant, spaces)
        return bool(new)
