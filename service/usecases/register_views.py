"""Views of the places register: what is read of it, kept until it changes."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar, TypeVarTuple
from weakref import WeakKeyDictionary

from service.ports.places import PlacesRegister

Asked = TypeVarTuple("Asked")
Seen = TypeVar("Seen")


class RegisterView(Generic[*Asked, Seen]):
    """What is read of registers, anew where one has changed; it must not refer to the register.

    Parameters
    ----------
    read
        Called with a register and what else `of` is given.
    """

    def __init__(self, read: Callable[[PlacesRegister, *Asked], Seen]) -> None:
        self._read = read
        self._kept: WeakKeyDictionary[PlacesRegister, dict[Hashable, tuple[int, Seen]]] = WeakKeyDictionary()

    def of(self, register: PlacesRegister, *asked: *Asked) -> Seen:
        """What a register holds now; the same object while it does not change."""
        revision = register.revision()  # before the rest: what changes meanwhile is read the next time
        views = self._kept.setdefault(register, {})
        kept = views.get(asked)
        if kept is None or kept[0] != revision:
            kept = views[asked] = (revision, self._read(register, *asked))
        return kept[1]
