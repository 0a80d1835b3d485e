"""Revisions: what becomes another whenever an answer may have; cheap to tell, where the answer itself is not.

Each is read before the answer is, so that an answer is never older than the revision it is told with.
"""

from __future__ import annotations

from collections.abc import Sequence

from service.ports import Ports

Revision = Sequence[str | int]


def places_revision(ports: Ports, _tenant: str) -> Revision:
    """Of whatever the register tells."""
    return (ports.register.revision(),)


def annotations_revision(ports: Ports, _tenant: str) -> Revision:
    """Of the annotations."""
    return (ports.annotations.revision(),)


def verdicts_revision(ports: Ports, tenant: str) -> Revision:
    """Of the verdicts, and of what is learnt: another with every tick, replay and champion."""
    return (
        ports.state.revision(),
        *places_revision(ports, tenant),
        *annotations_revision(ports, tenant),
    )


def episodes_revision(ports: Ports, tenant: str) -> Revision:
    """Of the episodes: the verdicts, and the decisions about them."""
    return (*verdicts_revision(ports, tenant), ports.episodes.revision())
