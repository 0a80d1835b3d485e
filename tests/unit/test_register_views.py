"""Views of a register are read again when it has changed, and gone with it."""

from __future__ import annotations

import gc
import weakref

from service.domain.places import Kind
from service.ports.places import PlacesRegister
from service.usecases.register_views import RegisterView
from tests.worlds import sqlite_ports


class Spaces(list[str]):
    """Spaces of a tenant; a list alone cannot be referred to weakly."""

    def __init__(self, register: PlacesRegister, tenant: str) -> None:
        super().__init__(one.space for one in register.series(tenant))


def test_a_view_is_kept_until_the_register_changes(tmp_path):
    registers = [sqlite_ports(tmp_path / name).register for name in ("one", "two")]
    view = RegisterView(Spaces)
    registers[0].learn("a", [("s1", "entrance", Kind.OTHER)])
    first = view.of(registers[0], "a")
    assert first == ["entrance"]
    assert view.of(registers[0], "a") is first
    assert view.of(registers[0], "b") == view.of(registers[1], "a") == []
    registers[0].learn("a", [("s1", "cellar", Kind.CELLAR)])
    assert sorted(view.of(registers[0], "a")) == ["cellar", "entrance"]
    assert view.of(registers[1], "a") == []


def test_a_view_goes_with_its_register(tmp_path):
    view = RegisterView(Spaces)
    register = sqlite_ports(tmp_path).register
    seen = weakref.ref(view.of(register, "a"))
    assert seen() is not None
    del register
    gc.collect()
    assert seen() is None
