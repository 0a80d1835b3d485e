"""Backups: make one of the service as it runs, and begin a new data folder from one; both stand in the audit."""

from __future__ import annotations

from pathlib import Path

from service.domain.backups import Backup
from service.domain.keys import EVERY_TENANT
from service.ports import Ports
from service.ports.backups import Backups, CopyProgress
from service.usecases.audit import record


def make_backup(ports: Ports, backups: Backups, target: Path, actor: str, progress: CopyProgress) -> Backup:
    """Back up the data folder to ``target``; raises as :meth:`Backups.make`."""
    backup = backups.make(target, ports.clock.now(), progress)
    record(ports, actor, EVERY_TENANT, "backup.make", target.name, f"SHA-256 {backup.digest}")
    return backup


def restore_backup(  # noqa: PLR0917 - in the order of the sentence: restore what, if it is what, by whom
    ports: Ports, backups: Backups, source: Path, digest: str | None, actor: str, progress: CopyProgress
) -> Backup:
    """Restore into the data folder of the ports, which nobody has used yet; raises as :meth:`Backups.restore`."""
    backup = backups.restore(source, ports.settings.data_dir, digest, progress)
    record(ports, actor, EVERY_TENANT, "backup.restore", source.name, f"SHA-256 {backup.digest}")
    return backup
