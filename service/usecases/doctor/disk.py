"""What is on the disk: folder, room and growth, databases, chunks of state, model versions, the secret of sessions."""

from __future__ import annotations

from collections.abc import Iterator

from models.calendar import SECONDS_PER_DAY
from models.detector.state import STATE_SCHEMA
from service.domain.installation import DatabaseFile, Disk
from service.domain.retention import DataKind
from service.domain.state import Manifest, files_named
from service.errors import StoreError, TrappvaktError, VersionOutdated
from service.ports import Ports
from service.usecases.doctor.diagnosis import Diagnosis, doubtful, failed, some, well
from service.usecases.health import SecondState, second_state
from service.usecases.retention.kept import kept_since

_LEAST_BYTES = 2**29
"""A replay writes a state beside the old one, SQLite a log beside its file."""
_SHORT_DAYS, _LAST_DAYS = 90, 7
_LEAST_SPAN_DAYS = 7
"""Of less than a week nothing is said on growth."""
_OUTDATED = "retrain, or delete it: it cannot be promoted any longer"
_OUTDATED_CHAMPION = "the scheduler puts version 0 in its place; then retrain"


def examine_folder(ports: Ports, disk: Disk) -> Iterator[Diagnosis]:
    """Rights and room."""
    folder = disk.folder
    if folder is None:
        yield failed(
            "data folder",
            f"there is no folder {ports.settings.data_dir.absolute()}",
            "name the right one by general.data_dir or --data; a new one is made when places or counts come",
        )
        return
    if folder.read_only:
        yield failed(
            "data folder",
            f"the disk of {folder.path} is mounted read-only",
            "look why (dmesg, /etc/fstab): a damaged disk becomes so by itself; check it and mount it for writing",
        )
    elif folder.denied:
        yield failed(
            "data folder",
            f"this user may not write to {some(folder.denied)}",
            f"give {folder.path} and all in it to the user of the service (chown -R), and run the doctor as that user",
        )
    if folder.restoring:
        yield failed(
            "data folder",
            f"{folder.path} is not whole: a backup is being restored into it, or that was cut short",
            "wait for `trappvakt restore` to end, or repeat it",
        )
    if folder.open_to_others:
        yield doubtful(
            "data folder", f"{folder.path} is open to other users of this machine", f"chmod 700 {folder.path}"
        )
    elif not (folder.denied or folder.restoring):
        yield well("data folder", folder.path)


def examine_databases(disk: Disk) -> Iterator[Diagnosis]:
    """Integrity and schema of each file; of a folder that is not restored to its end nothing follows from them."""
    if disk.folder and disk.folder.restoring:
        return
    faults = [fault for one in disk.databases if (fault := _fault(one))]
    yield from faults
    if not disk.databases:
        yield doubtful("databases", "there is none yet", "`trappvakt places import` makes them, and `trappvakt serve`")
    elif not faults:
        yield well("databases", f"{some([one.name for one in disk.databases], 9)}: whole, and of this program's schema")


def examine_room(ports: Ports, disk: Disk) -> Iterator[Diagnosis]:
    """Room, and how long it lasts as the folder grows; one whose old counts are deleted grows no longer."""
    folder, manifest = disk.folder, ports.state.manifest()
    if folder is not None:
        grows = manifest is not None and kept_since(ports, DataKind.COUNTS) is None
        days = (manifest.watermark - manifest.origin) / SECONDS_PER_DAY if manifest and grows else 0.0
        yield _room(folder.used_bytes, folder.free_bytes, days)


def examine_chunks(ports: Ports) -> Iterator[Diagnosis]:
    """Every chunk that manifest or ledger name, read with its checksums; none that a tick has replaced meanwhile."""
    manifest = ports.state.manifest()
    if manifest is None:
        return
    second = second_state(ports)
    if manifest.layout != STATE_SCHEMA or (second and second.outdated):
        yield _outdated(manifest, second)
        return
    files = sorted(files_named(manifest, ports.state.ledger()))
    for file in files:
        try:
            ports.state.read_chunk(file)
        except StoreError as error:
            now = ports.state.manifest()
            if now and file in files_named(now, ports.state.ledger()):
                yield failed("state", str(error))
                return
    yield well("state", f"{len(files)} chunks, whole")


def examine_versions(ports: Ports, disk: Disk) -> Iterator[Diagnosis]:
    """The digests of every version: the champion's, and those that one may go back to."""
    manifest = ports.state.manifest()
    champion = manifest.version if manifest else None
    known = {one.version_id for one in ports.registry.manifests()} | set(disk.version_folders)
    refused = False
    for version in sorted(known, key=int):
        try:
            ports.registry.load(version)
        except TrappvaktError as error:
            refused = True
            if isinstance(error, VersionOutdated):
                yield doubtful("model versions", str(error), _OUTDATED_CHAMPION if version == champion else _OUTDATED)
            elif version == champion:
                yield failed("model versions", f"the champion: {error}", "restore its folder, or promote another one")
            else:
                yield doubtful("model versions", str(error), "restore the folder, or delete it")
    if not refused:
        yield well("model versions", f"{len(known)}, unaltered; champion is {champion or 'none yet'}")


def examine_session_secret(ports: Ports) -> Iterator[Diagnosis]:
    """Whether pages can sign sessions, and nobody else can; its own errors say what is wrong with the file."""
    if ports.session_secret.is_made():
        yield well("session secret", "whole, and readable by its owner alone")
    else:
        yield well("session secret", "none yet; it is made when the first page is opened")


def _outdated(manifest: Manifest, second: SecondState | None) -> Diagnosis:
    """That nothing is scored until the state is learnt anew, and how far that has come."""
    told = f"it has layout {manifest.layout}, and this Trappvakt reads {STATE_SCHEMA}"
    if second is None:
        return doubtful("state", f"{told}: nothing is scored until it is learnt anew", "start `trappvakt serve`")
    told = f"{second.outdated or told}; {second.share:.0%} is learnt anew, under version {second.version}"
    return doubtful("state", told, "wait: once it is done, all that waits is scored")


def _room(used: int, free: int, days: float) -> Diagnosis:
    growth = used / days if days >= _LEAST_SPAN_DAYS else 0.0
    message = f"{_megabytes(used)} used, {_megabytes(free)} free"
    left = free / growth if growth else float("inf")
    if growth:
        message += f", {_megabytes(growth)} more a day"
    remedy = "give the disk more room, or move the folder to another one and set general.data_dir"
    if free < _LEAST_BYTES or left < _LAST_DAYS:
        return failed("disk", message, remedy)
    if left < _SHORT_DAYS:
        return doubtful("disk", f"{message}: enough for {left:.0f} days", remedy)
    return well("disk", message)


def _fault(database: DatabaseFile) -> Diagnosis | None:
    if database.damage:
        return failed("databases", f"{database.name} is damaged: {database.damage}", "restore it from a backup")
    if database.unread:
        return failed("databases", f"{database.name} cannot be read: {database.unread}")
    if database.schema > database.known_schema:
        return failed(
            "databases",
            f"{database.name} has schema {database.schema}, but this Trappvakt knows {database.known_schema}",
            "install the Trappvakt that wrote it, or a newer one",
        )
    if database.schema < database.known_schema:
        return failed(
            "databases",
            f"{database.name} has schema {database.schema}, and this Trappvakt wants {database.known_schema}",
            "back the folder up, then start the service of this version, which brings the schema up to date",
        )
    return None


def _megabytes(size: float) -> str:
    return f"{size / 1e6:,.1f} MB"
