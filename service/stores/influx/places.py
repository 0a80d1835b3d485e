"""From the register's series numbers to the tags of a place, and back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.domain.keys import EVERY_TENANT
from service.domain.places import Kind, kind_named
from service.domain.readings import DEFAULT_SPACE
from service.ports.places import PlacesRegister

PLACE = ("tenant", "stairwell", "space")
MOST_NAMED = 20
"""Most places a condition names: Flux refuses programs that nest a few dozen ``or``."""

_UNKNOWN = -1
_NOBODY = ("", EVERY_TENANT)


class Condition(NamedTuple):
    """A piece of Flux that holds for the rows of some series, and others perhaps, and the parameters it names."""

    flux: str
    parameters: dict[str, str]


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

    def condition(self, series: Sequence[int] | None) -> Condition:
        """What to filter by, on ``r``; a few series by their tags, many by their tenants, all (None) by nothing."""
        if series is None:
            return Condition("true", {})
        tags = self.all()
        names = ("tenant",) if len(series) > MOST_NAMED else PLACE
        wanted = sorted({tuple((name, tags[number][name]) for name in names) for number in series})
        if len(wanted) > MOST_NAMED:
            return Condition("true", {})
        parameters: dict[str, str] = {}
        clauses = [" and ".join(_clauses(place, parameters)) for place in wanted]
        return Condition(" or ".join(f"({clause})" for clause in clauses), parameters)

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
            self._register.learn_all(tenant, spaces)
        return bool(new)


def _clauses(place: Iterable[tuple[str, str]], parameters: dict[str, str]) -> Iterable[str]:
    """One comparison a tag; a space that others leave unnamed when they write cannot be compared."""
    for name, value in place:
        if (name, value) != ("space", DEFAULT_SPACE):
            parameter = f"_place{len(parameters)}"
            parameters[parameter] = value
            yield f"r.{name} == {parameter}"
