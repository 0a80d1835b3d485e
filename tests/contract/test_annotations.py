"""The contract of the store of annotations."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from service.domain.annotations import Annotation, AnnotationKind, AnnotationQuery
from service.errors import NotFound
from service.stores.sqlite.connection import Database
from service.stores.sqlite.register import SqlitePlacesRegister
from service.stores.sqlite.schema import REGISTER
from tests.contract.stores import TENANT, Stores, learn, sqlite_stores

START = datetime(2026, 11, 2, 6, tzinfo=UTC)
SECOND = int(START.timestamp())
HOURS = 3600


def annotation(name: str, begin: float = 0, end: float = 9, **said: object) -> Annotation:
    """A renovation from one hour to another after the start."""
    stated = {
        "annotation": name,
        "tenant": TENANT,
        "kind": AnnotationKind.RENOVATION,
        "start": START + timedelta(hours=begin),
        "end": START + timedelta(hours=end),
        "building": "kvarnen-3",
        "made_by": "key-1",
        "made": START,
    }
    return Annotation(**(stated | said))


def names(found: list[Annotation]) -> list[str]:
    return [one.annotation for one in found]


def test_annotations_come_back_as_they_were_put(embedded: Stores) -> None:
    """Every field, any letters in the names; a whole batch in one step."""
    odd = annotation("ö'; --", area="Norra", property="Kvarnen 3", building=None, stairwell="3 A", space="vi\\nd")
    embedded.annotations.put([odd, annotation("2", kind=AnnotationKind.NORMAL)])
    assert embedded.annotations.get(TENANT, "ö'; --") == odd
    assert names(embedded.annotations.find(AnnotationQuery(tenant=TENANT))) == ["2", "ö'; --"]


def test_revision_grows_with_every_version(embedded: Stores) -> None:
    """What is put again and says the same is none."""
    revisions = [embedded.annotations.revision()]
    for name in ("1", "2", "2"):
        embedded.annotations.put([annotation(name)])
        revisions.append(embedded.annotations.revision())
    embedded.annotations.retract(TENANT, "1", "key-2", START)
    revisions.append(embedded.annotations.revision())
    assert revisions == sorted(revisions)
    assert [later > earlier for earlier, later in pairwise(revisions)] == [True, True, False, True]


def test_unknown_annotation_is_not_found(embedded: Stores) -> None:
    """Nor is another tenant's, nor one that is retracted already."""
    embedded.annotations.put([annotation("1", tenant="annat bolag")])
    with pytest.raises(NotFound, match=f"{TENANT} has no annotation 1; list"):
        embedded.annotations.get(TENANT, "1")
    with pytest.raises(NotFound):
        embedded.annotations.retract(TENANT, "1", "key-2", START)
    embedded.annotations.retract("annat bolag", "1", "key-2", START)
    with pytest.raises(NotFound, match="retracted already"):
        embedded.annotations.retract("annat bolag", "1", "key-2", START)


def test_a_retracted_annotation_is_no_longer_found_but_told(embedded: Stores) -> None:
    """Who took it back, and when, is kept; put again it is in force again."""
    embedded.annotations.put([annotation("1")])
    later = START + timedelta(days=1)
    taken_back = embedded.annotations.retract(TENANT, "1", "key-2", later)
    assert taken_back == annotation("1", retracted_by="key-2", retracted=later)
    assert embedded.annotations.get(TENANT, "1") == taken_back
    assert embedded.annotations.find(AnnotationQuery(tenant=TENANT)) == []
    embedded.annotations.put([annotation("1")])
    assert embedded.annotations.find(AnnotationQuery(tenant=TENANT)) == [annotation("1")]


def test_intervals_that_overlap_are_found(embedded: Stores) -> None:
    """Half-open on both sides, however long before an annotation began."""
    embedded.annotations.put([annotation("1", -24 * 366, 0), annotation("2", 0, 1), annotation("3", 1, 5)])
    embedded.annotations.put([annotation("other's", 0, 1, tenant="annat bolag")])

    def found(begin: float | None, end: float | None, tenant: str | None = TENANT) -> list[str]:
        asked = [None if hour is None else int(SECOND + hour * HOURS) for hour in (begin, end)]
        return names(embedded.annotations.find(AnnotationQuery(tenant=tenant, start=asked[0], end=asked[1])))

    assert found(None, None) == ["1", "2", "3"]
    assert found(-1 / HOURS, 0) == ["1"]
    assert found(0, 1) == ["2"]
    assert found(0.5, 1.5) == ["2", "3"]
    assert found(5, None) == []
    assert found(0, 1, tenant=None) == ["2", "other's"]


def test_annotations_come_in_pages(embedded: Stores) -> None:
    """By start, then id; of one kind if asked."""
    embedded.annotations.put([annotation(str(number), number // 2) for number in range(6)])
    embedded.annotations.put([annotation("6", kind=AnnotationKind.PATROL)])
    query = AnnotationQuery(tenant=TENANT, limit=3)
    first = embedded.annotations.find(query)
    after = (first[-1].seconds()[0], first[-1].annotation)
    rest = embedded.annotations.find(msgspec.structs.replace(query, after=after, limit=9))
    assert (names(first), names(rest)) == (["0", "1", "6"], ["2", "3", "4", "5"])
    assert names(embedded.annotations.find(AnnotationQuery(kind=AnnotationKind.PATROL))) == ["6"]


def test_changes_tell_what_is_and_what_was(embedded: Stores) -> None:
    """New ones alone; of changed and retracted ones also what was in force before, since both touch series."""
    assert embedded.annotations.changes(0).cursor == 0
    embedded.annotations.put([annotation("1"), annotation("2")])
    seen = embedded.annotations.changes(0)
    assert sorted(names(list(seen.versions))) == ["1", "2"]
    assert embedded.annotations.changes(seen.cursor).versions == []
    moved = annotation("1", 24, 30)
    embedded.annotations.put([moved])
    embedded.annotations.retract(TENANT, "2", "key-2", START)
    changed = embedded.annotations.changes(seen.cursor)
    told = sorted((one.annotation, one.seconds()[0], one.retracted is None) for one in changed.versions)
    assert told == [
        ("1", SECOND, True),
        ("1", SECOND + 24 * HOURS, True),
        ("2", SECOND, False),
        ("2", SECOND, True),
    ]
    assert embedded.annotations.changes(changed.cursor) == type(changed)(changed.cursor, [])


def test_two_tenants_may_call_theirs_alike(embedded: Stores) -> None:
    """As those who import one calendar do: neither's is found, changed or retracted in the place of the other's."""
    theirs = annotation("1", 5, tenant="annat bolag")
    embedded.annotations.put([annotation("1")])
    seen = embedded.annotations.changes(0).cursor
    embedded.annotations.put([theirs])
    assert embedded.annotations.changes(seen).versions == [theirs]
    assert embedded.annotations.find(AnnotationQuery()) == [annotation("1"), theirs]
    embedded.annotations.retract("annat bolag", "1", "key-2", START)
    assert embedded.annotations.find(AnnotationQuery()) == [annotation("1")]
    assert embedded.annotations.get(TENANT, "1") == annotation("1")


def test_the_same_again_is_no_change(embedded: Stores) -> None:
    """An import repeated, by whomever, replays nothing."""
    embedded.annotations.put([annotation("1")])
    cursor = embedded.annotations.changes(0).cursor
    again = annotation("1", made_by="key-2", made=START + timedelta(days=1))
    assert embedded.annotations.put([again, annotation("2")]) == [annotation("2")]
    embedded.annotations.retract(TENANT, "2", "key-2", START)
    cursor = embedded.annotations.changes(cursor).cursor
    assert embedded.annotations.put([again]) == []
    assert embedded.annotations.changes(cursor).cursor == cursor
    assert embedded.annotations.get(TENANT, "1").made_by == "key-1"


def test_a_register_from_before_annotations_is_migrated(tmp_path: Path) -> None:
    """Its places stay."""
    SqlitePlacesRegister(Database(tmp_path / "register.db", REGISTER[:1])).series()
    with sqlite3.connect(tmp_path / "register.db") as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    stores = sqlite_stores(tmp_path)
    [series] = learn(stores, 1)
    stores.annotations.put([annotation("1")])
    assert [one.number for one in stores.register.series()] == [series]
    assert names(stores.annotations.find(AnnotationQuery())) == ["1"]


def test_versions_cannot_be_changed_in_the_file(tmp_path: Path) -> None:
    """Also with another tool."""
    sqlite_stores(tmp_path).annotations.put([annotation("1")])
    with (
        sqlite3.connect(tmp_path / "register.db") as connection,
        pytest.raises(sqlite3.IntegrityError, match="never changed"),
    ):
        connection.execute("UPDATE annotation SET kind = 'normal'")
