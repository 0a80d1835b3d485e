"""The contract of the audit log."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from service.domain.keys import AuditEntry
from tests.contract.stores import TENANT, Stores, sqlite_stores

TIME = datetime(2026, 11, 1, 5, 0, 0, 1, tzinfo=UTC)


def entry(number: int, tenant: str = TENANT) -> AuditEntry:
    time = TIME - timedelta(hours=number)
    return AuditEntry(
        time=time, actor="cli:anna", tenant=tenant, action="lists approve", subject=str(number), detail="å"
    )


def test_entries_come_back_newest_first(embedded: Stores) -> None:
    """In the order they were recorded, whatever their clocks said, and of one tenant only."""
    for number in range(5):
        embedded.audit.append(entry(number))
        embedded.audit.append(entry(number, "annat bolag"))
    found = embedded.audit.entries(TENANT)
    assert [msgspec.structs.replace(one, entry=None) for one in found] == [entry(number) for number in (4, 3, 2, 1, 0)]
    assert embedded.audit.entries(TENANT, limit=2) == found[:2]
    assert embedded.audit.entries(TENANT, limit=2, before=found[1].entry) == found[2:4]
    assert embedded.audit.entries(TENANT, before=found[-1].entry) == []
    assert embedded.audit.entries("ingen") == []


@pytest.mark.parametrize("statement", ["UPDATE entry SET actor = 'x'", "DELETE FROM entry"])
def test_the_file_itself_refuses_to_forget(tmp_path: Path, statement: str) -> None:
    """Also to somebody who opens it with another tool."""
    lately = msgspec.structs.replace(entry(1), time=datetime.now(UTC) - timedelta(days=180))
    sqlite_stores(tmp_path).audit.append(lately)
    with sqlite3.connect(tmp_path / "audit.db") as connection, pytest.raises(sqlite3.IntegrityError, match="never"):
        connection.execute(statement)
