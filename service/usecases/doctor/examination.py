"""The order of an examination: what lies on the disk first, and the rest only if that is sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from service.domain.installation import Disk
from service.errors import TrappvaktError
from service.ports import Ports
from service.ports.installation import Installation
from service.usecases.doctor.diagnosis import Diagnosis, State, failed
from service.usecases.doctor.disk import (
    examine_chunks,
    examine_databases,
    examine_folder,
    examine_room,
    examine_session_secret,
    examine_versions,
)
from service.usecases.doctor.knowledge import examine_keys, examine_places
from service.usecases.doctor.retention import examine_retention
from service.usecases.doctor.running import (
    examine_clock,
    examine_counts,
    examine_deliveries,
    examine_scheduler,
    examine_secrets,
    examine_sensors,
    examine_stores,
)

Examination = Callable[[Ports, Disk], Iterator[Diagnosis]]

_ON_DISK: dict[str, Examination] = {"data folder": examine_folder, "databases": examine_databases}
_WITHIN: dict[str, Examination] = {
    "stores": examine_stores,
    "settings": examine_secrets,
    "disk": examine_room,
    "state": examine_chunks,
    "model versions": examine_versions,
    "session secret": examine_session_secret,
    "clock": examine_clock,
    "scheduler": examine_scheduler,
    "counts": examine_counts,
    "sensors": examine_sensors,
    "deliveries": examine_deliveries,
    "retention": examine_retention,
    "places": examine_places,
    "keys": examine_keys,
}


def examine(ports: Ports, installation: Installation) -> Iterator[Diagnosis]:
    """Examine everything, part by part.

    Stores create and migrate their files when they are first used. So while there is none, or one is damaged or of
    another program's schema, nothing further is asked, and nothing is changed.
    """
    disk, sound = installation.look(), True
    for part, examination in _ON_DISK.items():
        for diagnosis in _told(part, examination, ports, disk):
            sound &= diagnosis.state is not State.FAILURE
            yield diagnosis
    if sound and disk.databases:
        try:
            installation.check_writing()
        except TrappvaktError as error:
            yield failed("stores", str(error))
        for part, examination in _WITHIN.items():
            yield from _told(part, examination, ports, disk)


def _told(part: str, examination: Examination, ports: Ports, disk: Disk) -> Iterator[Diagnosis]:
    """What an examination finds; a store that fails it is a finding, and ends no other examination."""
    try:
        yield from examination(ports, disk)
    except TrappvaktError as error:
        yield failed(part, str(error))
