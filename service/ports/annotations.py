"""The port of annotations."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from service.domain.annotations import Annotation, AnnotationChanges, AnnotationQuery


class AnnotationStore(Protocol):
    """Annotations by tenant and id. A version is never changed: a new one, or a retraction, comes after it."""

    def put(self, annotations: Iterable[Annotation]) -> list[Annotation]:
        """Put annotations in force, in one transaction, in the place of those with the same tenant and id.

        What is in force already, and says the same, stays as it is; returns the others.
        """

    def retract(self, tenant: str, annotation_id: str, retracted_by: str, retracted: datetime) -> Annotation:
        """Take an annotation back; raises NotFound if there is none in force."""

    def get(self, tenant: str, annotation_id: str) -> Annotation:
        """The newest version of an annotation, in force or retracted; raises NotFound."""

    def find(self, query: AnnotationQuery) -> list[Annotation]:
        """Annotations in force that match, by (start, id)."""

    def revision(self) -> int:
        """A number that grows with every version."""

    def changes(self, cursor: int) -> AnnotationChanges:
        """What was put and retracted after ``cursor`` (0: ever), so that the series touched are replayed.

        Read it *before* the annotations of a tick, as with the changes of counts.
        """
