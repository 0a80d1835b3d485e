"""The port of what was learnt, how far, and of what the scheduler is asked to do."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from service.domain.retention import DataKind, Deletion
from service.domain.state import Command, Ledger, Manifest, Promotion


class StateStore(Protocol):
    """The manifest and the chunks it names. Only the scheduler writes."""

    def manifest(self) -> Manifest | None:
        """The state in force, or None before the first tick."""

    def write_chunk(self, arrays: dict[str, NDArray[np.float32]]) -> str:
        """Write an immutable chunk file of named arrays, durably; returns its name."""

    def read_chunk(self, file: str, groups: Collection[str] | None = None) -> dict[str, NDArray[np.float32]]:
        """The arrays of a chunk file, all or those of some groups; raises StoreError if what is read is damaged."""

    def transaction(self) -> AbstractContextManager[None]:
        """Everything published and every verdict written inside is committed together, or not at all."""

    def publish(self, manifest: Manifest) -> None:
        """Put a manifest in force; inside :meth:`transaction`."""

    def revision(self) -> str:
        """Another word after every commit that published anything, also after a backup was restored."""

    def ledger(self) -> Ledger:
        """What replays start from and what is still to be replayed; an empty one before the first."""

    def publish_ledger(self, ledger: Ledger) -> None:
        """Put a ledger in force; inside :meth:`transaction`."""

    def promotion(self) -> Promotion | None:
        """The second state, if one is being learnt."""

    def publish_promotion(self, promotion: Promotion | None) -> None:
        """Keep how far a second state has come, or that there is none any longer."""

    def drop_promotion(self) -> None:
        """Forget the second state, and delete all chunk files but those of the state in force.

        Files that a step wrote and could not publish go too. Only who alone changes state may call it.
        """

    def deletion(self, kind: DataKind) -> Deletion | None:
        """The latest deletion of a kind of data, ended or not; None if nothing of it was ever deleted for its age."""

    def publish_deletion(self, deletion: Deletion) -> None:
        """Record a deletion in the place of the one of its kind before.

        What it is to delete is no longer there for anybody from then on: verdicts go without being superseded.
        """

    def sweep(self) -> int:
        """Delete chunk files that neither the state in force nor a second one names; returns how many."""

    def size_bytes(self) -> int:
        """Room that all chunk files take."""

    def enqueue(self, name: str, argument: str, actor: str) -> int:
        """Queue a command for the scheduler; returns its id."""

    def commands(self) -> list[Command]:
        """Commands not yet finished, oldest first."""

    def finish(self, command_id: int, error: str | None = None) -> None:
        """Mark a command as done, or as failed with a message."""

    def outcome(self, command_id: int) -> tuple[bool, str | None]:
        """Whether a command is finished, and its error message if it failed."""
