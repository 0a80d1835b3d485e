"""Annotations in register.db: every version is a row, the newest one of an id counts, and none is ever changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from service.domain.annotations import (
    LONGEST,
    Annotation,
    AnnotationChanges,
    AnnotationQuery,
)
from service.stores.refusals import annotation_not_found, annotation_retracted
from service.stores.sqlite.connection import SqliteStore
from service.stores.sqlite.rows import row_of, struct_of

_COLUMNS = ("id", *Annotation.__struct_fields__[1:])
_INTERVAL = slice(_COLUMNS.index("start"), _COLUMNS.index("end") + 1)
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM annotation"  # noqa: S608 - the columns are this module's
_INSERT = f"INSERT INTO annotation ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' for _ in _COLUMNS)})"  # noqa: S608
_LONGEST_SECONDS = int(LONGEST.total_seconds())
_FIND = f"""
    {_SELECT} AS one
    WHERE (:end IS NULL OR start < :end) AND (:start IS NULL OR (end > :start AND start > :start - {_LONGEST_SECONDS}))
        AND (:tenant IS NULL OR tenant = :tenant) AND (:kind IS NULL OR kind = :kind)
        AND (:after IS NULL OR (start, id) > (:after, :after_id))
        AND retracted IS NULL AND revision = (
            SELECT max(revision) FROM annotation WHERE tenant = one.tenant AND id = one.id
        )
    ORDER BY start, id LIMIT :limit
"""  # noqa: S608
_CHANGES = f"""
    {_SELECT} WHERE revision > ?1 AND revision <= ?2
    UNION ALL
    {_SELECT} WHERE revision IN (
        SELECT (SELECT max(revision) FROM annotation WHERE tenant = new.tenant AND id = new.id AND revision <= ?1)
        FROM annotation AS new WHERE revision > ?1 AND revision <= ?2
    )
"""  # noqa: S608


class SqliteAnnotationStore(SqliteStore):
    """Versions of annotations, numbered in the order they came: the number is the cursor of changes."""

    def put(self, annotations: Iterable[Annotation]) -> list[Annotation]:
        """Add a version of each annotation that says something new."""
        new = []
        with self._database.transaction() as connection:
            for annotation in annotations:
                known = self._newest(annotation.tenant, annotation.annotation)
                if known is None or known.retracted or known.says() != annotation.says():
                    connection.execute(_INSERT, _row(annotation))
                    new.append(annotation)
        return new

    def retract(self, tenant: str, annotation_id: str, retracted_by: str, retracted: datetime) -> Annotation:
        """Add a version that is retracted."""
        with self._database.transaction() as connection:
            known = self.get(tenant, annotation_id)
            if known.retracted:
                raise annotation_retracted(annotation_id)
            version = msgspec.structs.replace(known, retracted_by=retracted_by, retracted=retracted)
            connection.execute(_INSERT, _row(version))
        return version

    def get(self, tenant: str, annotation_id: str) -> Annotation:
        """The newest version; raises NotFound."""
        known = self._newest(tenant, annotation_id)
        if known is None:
            raise annotation_not_found(tenant, annotation_id)
        return known

    def find(self, query: AnnotationQuery) -> list[Annotation]:
        """A page of annotations in force."""
        after, after_id = query.after or (None, None)
        asked = {
            "tenant": query.tenant,
            "start": query.start,
            "end": query.end,
            "kind": query.kind,
            "after": after,
            "after_id": after_id,
            "limit": -1 if query.limit is None else query.limit,
        }
        return [_annotation(row) for row in self._database.rows(_FIND, asked)]

    def revision(self) -> int:
        """The number of the newest version."""
        newest: int = self._database.rows("SELECT coalesce(max(revision), 0) FROM annotation")[0][0]
        return newest

    def changes(self, cursor: int) -> AnnotationChanges:
        """Versions after the cursor, and those they came after."""
        newest = max(cursor, self.revision())
        rows = self._database.rows(_CHANGES, (cursor, newest)) if newest > cursor else []
        return AnnotationChanges(newest, [_annotation(row) for row in rows])

    def _newest(self, tenant: str, annotation_id: str) -> Annotation | None:
        rows = self._database.rows(
            f"{_SELECT} WHERE tenant = ? AND id = ? ORDER BY revision DESC LIMIT 1", (tenant, annotation_id)
        )
        return _annotation(rows[0]) if rows else None


def _row(annotation: Annotation) -> list[object]:
    """Its interval is compared, so that it stands in seconds."""
    row = row_of(annotation)
    row[_INTERVAL] = annotation.seconds()
    return row


def _annotation(row: Sequence[Any]) -> Annotation:
    told = list(row)
    told[_INTERVAL] = (datetime.fromtimestamp(end, UTC) for end in told[_INTERVAL])
    return struct_of(Annotation, told)
