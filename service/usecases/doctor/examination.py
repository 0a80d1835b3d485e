"""The order of an examination: what lies on the disk first, and the rest only if that is sound."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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

Parts = Iterable[tuple[str, Iterator[Diagnosis]]]


def examine(ports: Ports, installation: Installation) -> Iterator[Diagnosis]:
    """Examine everything, part by part.

    Stores create and migrate their files when they are first used. So while there is none, or one is damaged or of
    another program's schema, nothing further is asked, and nothing is changed.
    """
    disk, sound = installation.look(), True
    on_disk = (("data folder", examine_folder(ports, disk)), ("databases", examine_databases(disk)))
    for diagnosis in _told(on_disk):
        sound &= diagnosis.state is not State.FAILURE
        yield diagnosis
    if sound and disk.databases:
        try:
            installation.check_writing()
        except TrappvaktError as error:
            yield failed("stores", str(error))
        yield from _told(_within(ports, disk))


def _within(ports: Ports, disk: Disk) -> Parts:
    """What is asked of stores that are sound, in its order."""
    return (
        ("stores", examine_stores(ports)),
        ("settings", examine_secrets(ports)),
        ("disk", examine_room(ports, disk)),
        ("state", examine_chunks(ports)),
        ("model versions", examine_versions(ports, disk)),
        ("session secret", examine_session_secret(ports)),
        ("clock", examine_clock(ports)),
        ("scheduler", examine_scheduler(ports, disk)),
        ("counts", examine_counts(ports)),
        ("sensors", examine_sensors(ports)),
        ("deliveries", examine_deliveries(ports)),
        ("retention", examine_retention(ports)),
        ("places", examine_places(ports)),
        ("keys", examine_keys(ports)),
    )


def _told(parts: Parts) -> Iterator[Diagnosis]:
    """What is found, part by part; a store that fails one is a finding, and ends no other."""
    for part, findings in parts:
        try:
            yield from findings
        except TrappvaktError as error:
            yield failed(part, str(error))
