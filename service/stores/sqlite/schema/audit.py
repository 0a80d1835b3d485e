"""Who did what."""

from __future__ import annotations

from service.stores.sqlite.connection import Migration

AUDIT: tuple[Migration, ...] = (
    (
        """
        CREATE TABLE entry (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            time TEXT NOT NULL,
            actor TEXT NOT NULL,
            tenant TEXT NOT NULL,
            action TEXT NOT NULL,
            subject TEXT NOT NULL,
            detail TEXT NOT NULL
        )
        """,
        "CREATE INDEX entry_of_tenant ON entry (tenant, id)",
        """
        CREATE TRIGGER entry_stays BEFORE UPDATE ON entry
        BEGIN SELECT raise(ABORT, 'an audit entry is never changed'); END
        """,
        """
        CREATE TRIGGER entry_is_kept BEFORE DELETE ON entry
        BEGIN SELECT raise(ABORT, 'an audit entry is never deleted'); END
        """,
    ),
    (
        "CREATE INDEX entry_by_time ON entry (time)",
        "DROP TRIGGER entry_is_kept",
        """
        CREATE TRIGGER entry_is_kept BEFORE DELETE ON entry
        WHEN OLD.time >= strftime('%Y-%m-%dT%H:%M:%S', 'now', '-183 days')
        BEGIN SELECT raise(ABORT, 'an audit entry is never deleted before half a year is over'); END
        """,
    ),
)
