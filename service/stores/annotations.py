"""What holds for annotations in every store, and what it says when it does not."""

from __future__ import annotations


def annotation_not_found(tenant: str, annotation_id: str) -> str:
    """What to say of an annotation that does not exist."""
    return f"tenant {tenant} has no annotation {annotation_id}; list those it has"


def annotation_retracted(annotation_id: str) -> str:
    """What to say of an annotation that is no longer in force."""
    return f"annotation {annotation_id} is retracted already; make it again to put it in force"
