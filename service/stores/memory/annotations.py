"""Annotations in memory."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from service.domain.annotations import Annotation, AnnotationChanges, AnnotationQuery
from service.stores.refusals import annotation_not_found, annotation_retracted


class MemoryAnnotationStore:
    """Versions of annotations in a list; the length of the list is the cursor of changes."""

    def __init__(self) -> None:
        self._versions: list[Annotation] = []

    def put(self, annotations: Iterable[Annotation]) -> list[Annotation]:
        """Add a version of each annotation that says something new."""
        before = len(self._versions)
        for annotation in annotations:
            known = self._newest(len(self._versions)).get((annotation.tenant, annotation.annotation))
            if known is None or known.retracted or known.says() != annotation.says():
                self._versions.append(annotation)
        return self._versions[before:]

    def retract(self, tenant: str, annotation_id: str, retracted_by: str, retracted: datetime) -> Annotation:
        """Add a version that is retracted."""
        known = self.get(tenant, annotation_id)
        if known.retracted:
            raise annotation_retracted(annotation_id)
        self._versions.append(msgspec.structs.replace(known, retracted_by=retracted_by, retracted=retracted))
        return self._versions[-1]

    def get(self, tenant: str, annotation_id: str) -> Annotation:
        """The newest version; raises NotFound."""
        known = self._newest(len(self._versions)).get((tenant, annotation_id))
        if known is None:
            raise annotation_not_found(tenant, annotation_id)
        return known

    def find(self, query: AnnotationQuery) -> list[Annotation]:
        """A page of annotations in force."""
        in_force = (one for one in self._newest(len(self._versions)).values() if not one.retracted)
        found = sorted((one for one in in_force if _matches(query, one)), key=_key)
        return found[: query.limit]

    def revision(self) -> int:
        """How many versions there are."""
        return len(self._versions)

    def changes(self, cursor: int) -> AnnotationChanges:
        """Versions after the cursor, and those they came after."""
        since, before = self._versions[cursor:], self._newest(cursor)
        keys = {(one.tenant, one.annotation) for one in since}
        return AnnotationChanges(
            max(cursor, len(self._versions)), [*since, *(before[key] for key in keys if key in before)]
        )

    def _newest(self, cursor: int) -> dict[tuple[str, str], Annotation]:
        return {(one.tenant, one.annotation): one for one in self._versions[:cursor]}


def _key(annotation: Annotation) -> tuple[int, str]:
    return annotation.seconds()[0], annotation.annotation


def _matches(query: AnnotationQuery, annotation: Annotation) -> bool:
    start, end = annotation.seconds()
    return (
        query.tenant in (None, annotation.tenant)
        and query.kind in (None, annotation.kind)
        and (query.start is None or end > query.start)
        and (query.end is None or start < query.end)
        and (query.after is None or _key(annotation) > query.after)
    )
