"""What lies on the disk beneath the stores, as somebody who keeps the service running sees it."""

from __future__ import annotations

import msgspec

SCHEDULER_LOCK = "scheduler.lock"
"""The file in the data folder that the one scheduler holds locked."""


class DataFolder(msgspec.Struct, frozen=True, kw_only=True):
    """The data folder.

    ``read_only`` tells whether nobody may write to its disk, ``denied`` are the files and folders in it that this user
    may not write to, and ``open_to_others`` tells whether users of the machine other than the service's may read it.
    ``restoring`` tells whether a backup is being restored into it, or was until that was cut short.
    """

    path: str
    read_only: bool
    denied: list[str]
    open_to_others: bool
    restoring: bool
    used_bytes: int
    free_bytes: int


class DatabaseFile(msgspec.Struct, frozen=True, kw_only=True):
    """A database: the version of its schema beside the one this program knows, and what is wrong with it.

    ``damage`` is what is damaged, if anything; ``unread`` why it could not be looked into, of which nothing follows.
    """

    name: str
    schema: int
    known_schema: int
    damage: str | None
    unread: str | None


class Disk(msgspec.Struct, frozen=True, kw_only=True):
    """What lies on the disk at one moment.

    ``databases`` are those that are there, each read from end to end, and ``version_folders`` the ids of the model
    versions that have a folder, readable or not. ``scheduler_runs`` tells whether a process holds the scheduler's lock,
    which is not known where this user may not try it.
    """

    folder: DataFolder | None
    databases: list[DatabaseFile]
    version_folders: list[str]
    scheduler_runs: bool
