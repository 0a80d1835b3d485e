"""One tree of errors, without HTTP. A message says what is wrong, where, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class TrappvaktError(Exception):
    """Root of everything Trappvakt raises on purpose."""


class SettingsError(TrappvaktError):
    """A setting is unknown, odd or missing; start-up stops."""


class NotFound(TrappvaktError):  # noqa: N818 - a state of the world, not an accident
    """A place, list, version or key that was named does not exist."""


class Gone(TrappvaktError):  # noqa: N818
    """What was named existed, and was deleted at the end of its retention."""


class Conflict(TrappvaktError):  # noqa: N818
    """The request is well formed but contradicts what is already decided."""


class GatesNotPassed(Conflict):
    """The trial of a model version does not show what it has to; a person may put it in force all the same."""


class TooLittleData(TrappvaktError):  # noqa: N818
    """What was asked for can be told of more than is known so far; the message says how much it takes."""


class NotAuthenticated(TrappvaktError):  # noqa: N818
    """No key was given, or it is unknown or revoked."""


class NotPermitted(TrappvaktError):  # noqa: N818
    """The key is good, but its role may not do this."""


class TooLarge(TrappvaktError):  # noqa: N818
    """The input is larger than the settings allow."""


class TooManyRequests(TrappvaktError):  # noqa: N818
    """A key asks more often than the settings allow.

    Parameters
    ----------
    message
        What the limit is.
    retry_after_seconds
        When there is room again.
    """

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class SchedulerBusy(TrappvaktError):  # noqa: N818
    """Another process holds the scheduler's lock."""


class StoreError(TrappvaktError):
    """A store cannot be reached or refuses; the message names the store and what to check."""


class StateOutdated(StoreError):  # noqa: N818
    """What was learnt is laid out as another Trappvakt did; the scheduler learns it anew from the counts."""


class StorageFull(StoreError):  # noqa: N818
    """The disk of a store is full; what was being written is given up, what was there stays."""


class MailError(TrappvaktError):
    """The mail server cannot be reached or does not take a letter."""


class WebhookError(TrappvaktError):
    """The receiver of a webhook cannot be reached, may not be called or does not take an event."""


class VersionRefused(TrappvaktError):  # noqa: N818
    """A model version is incomplete, foreign or altered; it is not used."""


class VersionOutdated(VersionRefused):
    """A model version is as it was written, but by a Trappvakt whose format is not today's."""


@dataclass(frozen=True)
class RowProblem:
    """One bad row of an input; the good rows beside it are kept.

    ``row`` counts from 1: the line of a file, the element of a JSON array, the line of a body.
    """

    row: int
    message: str

    def __str__(self) -> str:
        return f"row {self.row}: {self.message}"


class InvalidInput(TrappvaktError):  # noqa: N818
    """The input, or rows of it, cannot be used.

    Parameters
    ----------
    message
        What is wrong as a whole.
    problems
        The bad rows, in order.
    """

    def __init__(self, message: str, problems: Sequence[RowProblem] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class BackupRefused(InvalidInput):
    """A backup is incomplete, foreign, altered or newer than this program; nothing of it is restored."""


class RowsRefused(InvalidInput):
    """Some rows cannot be used; the good ones beside them are kept.

    Parameters
    ----------
    accepted, rejected
        How many rows are kept, and how many are not.
    problems
        The first bad rows, in order.
    """

    def __init__(self, accepted: int, rejected: int, problems: Sequence[RowProblem]) -> None:
        kept = "the others are kept" if accepted else "none was good"
        super().__init__(
            f"{rejected} of {accepted + rejected} rows cannot be used, {kept}; first {problems[0]}", problems
        )
        self.accepted = accepted
        self.rejected = rejected
