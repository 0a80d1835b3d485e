"""Files that a command writes: whether they can be written is known before the long work, not after it."""

from __future__ import annotations

import os
from pathlib import Path

import click


class OutputFile(click.Path):
    """The path of a file to write; its folder is there and lets us write."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, writable=True, path_type=Path)

    def convert(self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """The path."""
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        if not path.parent.is_dir():
            self.fail(f"there is no folder {str(path.parent)!r}; create it first", param, ctx)
        if not path.exists() and not os.access(path.parent, os.W_OK | os.X_OK):
            self.fail(f"the folder {str(path.parent)!r} cannot be written to; choose another", param, ctx)
        return path
