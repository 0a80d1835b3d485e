"""Files of every schema there has been are brought to today's and go on; files of a schema to come are refused.

``schemas/<database>-<n>.sql`` is a small database as schema ``n`` left it: what ``sqlite3 <database>.db .dump`` writes,
with the schema's number. A new migration brings a new file; the others are never changed.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from service.domain.annotations import AnnotationQuery
from service.domain.keys import AuditEntry, Role
from service.domain.sensors import Activity, SensorKey
from service.domain.state import Manifest
from service.errors import StateOutdated, StoreError
from service.ports import Ports
from service.stores.sqlite.connection import Database, Migration
from service.stores.sqlite.schema import AUDIT, COUNTS, JOBS, REGISTER, REQUESTS, SENSORS, STATE
from service.usecases.keys import create_key
from service.usecases.learning.advance import advance
from service.usecases.versions.promote import rebuild
from tests.contract.stores import HOUR
from tests.worlds import sqlite_ports

SCHEMAS = Path(__file__).with_name("schemas")
DATABASES: dict[str, Sequence[Migration]] = {
    "counts": COUNTS,
    "state": STATE,
    "register": REGISTER,
    "audit": AUDIT,
    "sensors": SENSORS,
    "jobs": JOBS,
    "requests": REQUESTS,
}
EVERY = [(name, schema) for name, migrations in DATABASES.items() for schema in range(1, len(migrations) + 1)]
START = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp())
NOW = datetime(2026, 6, 1, 6, 40, tzinfo=UTC)
TENANT, LIST = "norrbo", "2026-06-01-1"


def leave(folder: Path, name: str, schema: int) -> Path:
    """A database as it was with a schema, in a folder of data."""
    folder.mkdir(exist_ok=True)
    with closing(sqlite3.connect(folder / f"{name}.db")) as connection:
        connection.executescript((SCHEMAS / f"{name}-{schema}.sql").read_text("utf-8"))
    return folder / f"{name}.db"


def described(path: Path) -> dict[str, str]:
    """Every table, index and trigger of a file, and the number of its schema."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall()
        number = connection.execute("PRAGMA user_version").fetchone()[0]
    return {name: " ".join(sql.split()) for name, sql in rows} | {"": str(number)}


def migrated(path: Path, migrations: Sequence[Migration]) -> dict[str, str]:
    """What opening a file makes of it."""
    database = Database(path, migrations)
    database.rows("SELECT 1")
    database.close()
    return described(path)


def test_every_schema_there_has_been_is_kept() -> None:
    """Whoever appends a migration leaves a file of the schema it makes."""
    assert sorted(path.stem for path in SCHEMAS.glob("*.sql")) == sorted(f"{name}-{number}" for name, number in EVERY)


@pytest.mark.parametrize(("name", "schema"), EVERY)
def test_a_migration_is_never_changed(name: str, schema: int, tmp_path: Path) -> None:
    """The first migrations still make what files of that time hold, to the word."""
    kept = described(leave(tmp_path, name, schema))
    assert migrated(tmp_path / "new.db", DATABASES[name][:schema]) == kept


@pytest.mark.parametrize(("name", "schema"), EVERY)
def test_an_older_file_becomes_as_a_new_one(name: str, schema: int, tmp_path: Path) -> None:
    """Every table, index and trigger."""
    path = leave(tmp_path / "old", name, schema)
    assert migrated(path, DATABASES[name]) == migrated(tmp_path / "new.db", DATABASES[name])


OLDEST = dict.fromkeys(DATABASES, 1)
LEFT_BY = [
    OLDEST,
    *(OLDEST | {name: schema} for name, schema in EVERY if 1 < schema < len(DATABASES[name])),
    {name: len(migrations) for name, migrations in DATABASES.items()},
]


@pytest.fixture(
    params=LEFT_BY, ids=lambda left: "-".join(f"{name}{n}" for name, n in left.items() if n > 1) or "oldest"
)
def left(request: pytest.FixtureRequest) -> dict[str, int]:
    """The schemas of one installation's files."""
    schemas: dict[str, int] = request.param
    return schemas


@pytest.fixture
def ports(left: dict[str, int], tmp_path: Path) -> Ports:
    """The service of today on those files."""
    for name, schema in left.items():
        leave(tmp_path / "data", name, schema)
    return sqlite_ports(tmp_path / "data", NOW)


def test_what_they_hold_is_read(ports: Ports, left: dict[str, int]) -> None:
    """Whatever table was there."""
    [series] = ports.register.series()
    numbers = np.array([series.number])
    assert (series.tenant, series.stairwell, series.space) == (TENANT, "kvarnen-3a", "cellar")
    door = "Kvarnvägen 3 A" if left["register"] >= 9 else "Kvarngatan 3"
    assert ports.register.stairwell(TENANT, series.stairwell).building.address == door
    assert ports.register.sensor_numbers(TENANT, ["s1"])["s1"] == 1
    assert ports.counts.read(START, START + 6 * HOUR, HOUR).counts.tolist() == [0, 1, 2, 3, 4, 5]
    assert ports.verdicts.columns(numbers, START, START + 6 * HOUR).score.tolist() == [9.0, 1.5, 3.0]
    manifest = ports.state.manifest()
    assert isinstance(manifest, Manifest)
    assert manifest.watermark == START + 3 * HOUR
    assert [key.key_id for key in ports.keys.all()] == ["k1"]
    assert [entry.subject for entry in ports.audit.entries(TENANT)] == [LIST]
    record, approved = ports.lists.get(TENANT, LIST, approved=True)
    assert approved == ports.lists.get(TENANT, LIST)[1] == b'{"id": "2026-06-01-1"}'
    assert (record.number, record.approved_by, record.approved_digest) == (1, "k1", record.digest)
    assert len(record.digest) == 64
    annotations = ports.annotations.find(AnnotationQuery())
    assert [one.annotation for one in annotations] == ["a1"] * (left["register"] >= 2)
    assert len(ports.episodes.find(TENANT, 0)) == len(ports.outcomes.find(TENANT, LIST)) == (left["register"] >= 4)
    sent = [(one.item, one.recipient, one.status) for one in ports.deliveries.find()]
    assert sent == [(LIST, "police", "sent")] * (left["register"] >= 5)
    assert ports.registry.next_id() == ("2" if left["register"] >= 7 else "1")
    assert ports.keys.is_session_ended("n1") == (left["register"] >= 8)
    assert [one[1] for one in ports.readings.read(1, 1, 0, 2**62)] == [4] * (left["counts"] >= 2)


def scored_now(ports: Ports) -> int:
    """Windows scored as the command ``score`` does."""
    try:
        return advance(ports).windows
    except StateOutdated as outdated:
        rebuild(ports, outdated)
        return advance(ports).windows


def test_they_are_written_to(ports: Ports) -> None:
    """New windows are scored from the watermark on, after state of an older layout is learnt anew."""
    assert scored_now(ports) == 3
    verdicts = ports.verdicts.columns(np.array([1]), START, START + 6 * HOUR)
    assert verdicts.count.tolist() == [0, 1, 2, 3, 4, 5]
    key, _ = create_key(ports, Role.READER, TENANT, "new")
    assert [one.key_id for one in ports.keys.all()] == ["k1", key.key_id]
    ports.audit.append(AuditEntry(time=NOW, actor="k1", tenant=TENANT, action="list.read", subject=LIST))
    ports.jobs.queue(None, "k1", NOW)
    assert ports.requests.count("k1", "reads", 1) in (1, 3)
    ports.sensors.put_activities({SensorKey(1, 0): Activity()})
    assert list(ports.sensors.activities()) == [SensorKey(1, 0)]


@pytest.mark.parametrize("name", DATABASES)
def test_a_file_of_a_schema_to_come_is_refused_and_left_as_it_is(name: str, tmp_path: Path) -> None:
    """The message says which file, and what to do."""
    newest = len(DATABASES[name])
    path = leave(tmp_path, name, newest)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {newest + 1}")
    message = f"{re.escape(str(path))} has schema {newest + 1}, but this Trappvakt knows {newest}; start the newer"
    with pytest.raises(StoreError, match=message):
        Database(path, DATABASES[name]).rows("SELECT 1")
    assert described(path)[""] == str(newest + 1)
