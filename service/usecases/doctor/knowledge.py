"""What people have to say: about places, and who may ask."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from service.domain.keys import EVERY_TENANT
from service.domain.places import UNKNOWN, Kind, Stairwell
from service.ports import Ports
from service.usecases.doctor.diagnosis import Diagnosis, doubtful, some, well

_KEY_AGE = timedelta(days=730)
_IMPORT = "complete the file of places, and `trappvakt places import` it again"


def examine_places(ports: Ports) -> Iterator[Diagnosis]:
    """What the register does not know, and what that costs."""
    series = ports.register.series()
    if not series:
        yield doubtful("places", "the register is empty", "`trappvakt places import` a file of places")
        return
    stairwells = [one for tenant in _tenants(ports) for one in ports.register.stairwells(tenant)]
    kindless = [f"{one.stairwell}/{one.space}" for one in series if one.kind is Kind.OTHER]
    questions = {
        "spaces of kind other, of whose like nothing is known": kindless,
        "stairwells that came with their counts, in no building": _where(stairwells, "building", UNKNOWN),
        "stairwells without an address to send a patrol to": _where(stairwells, "address", ""),
    }
    if ports.settings.hotspots.min_dwellings:
        questions["stairwells in buildings whose dwellings nobody counted"] = _where(stairwells, "dwellings", None)
    for question, names in questions.items():
        if names:
            yield doubtful("places", f"{question}: {len(names)}, {some(names)}", _IMPORT)
    if stray := _areas_without_places(ports):
        remedy = "correct the names in general.areas, or import the places"
        yield doubtful("places", f"areas with days of their own, but without a place: {some(stray)}", remedy)
    if not any(questions.values()) and not stray:
        yield well("places", f"{len(stairwells)} stairwells, {len(series)} series")


def examine_keys(ports: Ports) -> Iterator[Diagnosis]:
    """Whether anybody has one, whether they are for tenants there are, and how old they are."""
    keys = [one for one in ports.keys.all() if one.revoked is None]
    if not keys:
        yield doubtful("keys", "there is none, so nobody can use the API", "`trappvakt keys create`")
        return
    known = {*_tenants(ports), EVERY_TENANT}
    stray = sorted({one.tenant for one in keys if one.tenant not in known})
    old = [one.key_id for one in keys if ports.clock.now() - one.created > _KEY_AGE]
    if stray:
        yield doubtful("keys", f"keys are for tenants without a place: {some(stray)}", "import places, or revoke them")
    if old:
        yield doubtful("keys", f"{len(old)} are older than two years: {some(old)}", "make new ones, then revoke these")
    if not stray and not old:
        yield well("keys", f"{len(keys)} in use")


def _tenants(ports: Ports) -> list[str]:
    return sorted({one.tenant for one in ports.register.series()})


def _areas_without_places(ports: Ports) -> list[str]:
    known = {(one.tenant, one.area) for one in ports.register.series()}
    areas = ports.settings.general.areas
    return [f"{one.tenant}/{one.area}" for one in areas if (one.tenant, one.area) not in known]


def _where(stairwells: list[Stairwell], name: str, value: object) -> list[str]:
    """The stairwells whose building has a value."""
    return [one.stairwell for one in stairwells if getattr(one.building, name) == value]
