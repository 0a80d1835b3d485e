"""The secret of sessions as a file that its owner alone can read."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from service.disk_files import OWNER_ALONE, new_file, read_plain_file
from service.errors import StoreError

_SECRET_BYTES = 32
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class FileSessionSecret:
    """32 random bytes in one file, read whenever they are needed: whoever deletes the file ends all sessions.

    Parameters
    ----------
    path
        Made with mode 0600 when it is first asked for.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> bytes:
        """The secret; raises StoreError if it cannot be read, or by others too."""
        return self._read(make=True)

    def is_made(self) -> bool:
        """Whether there is one; raises StoreError where ``read`` would, and makes none."""
        return os.path.lexists(self._path) and bool(self._read(make=False))

    def _read(self, *, make: bool) -> bytes:
        try:
            if make and not self._path.exists():
                self._make()
            mode, secret = self._path.stat().st_mode, read_plain_file(self._path)
        except OSError as error:
            raise StoreError(
                f"the secret of sessions, {self._path}, cannot be read or made: {error.strerror or error}; give "
                "the data folder and all in it to the user of the service, or delete the file, then a new one is made"
            ) from error
        if mode & _OTHERS:
            raise StoreError(f"others can read the secret of sessions, {self._path}; delete it, a new one is made")
        if len(secret) != _SECRET_BYTES:
            raise StoreError(f"the secret of sessions, {self._path}, is damaged; delete it, a new one is made")
        return secret

    def _make(self) -> None:
        """Write it aside and link it into place: of processes that make it at once, one does, and none sees half."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        aside = self._path.with_name(f".{self._path.name}.{secrets.token_hex(4)}")
        try:
            with new_file(aside, OWNER_ALONE) as file:
                file.write(secrets.token_bytes(_SECRET_BYTES))
            self._publish(aside)
        finally:
            aside.unlink(missing_ok=True)

    def _publish(self, aside: Path) -> None:
        try:
            os.link(aside, self._path)
        except FileExistsError:
            return
        except OSError:  # a file system without links: the last of several wins, and all read that one
            aside.rename(self._path)
