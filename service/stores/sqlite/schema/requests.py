"""How often each key asks."""

from __future__ import annotations

from service.stores.sqlite.connection import Migration

REQUESTS: tuple[Migration, ...] = (
    (
        """
        CREATE TABLE request (                 -- of each key the newest window in which it asked, and how often
            key TEXT NOT NULL,
            policy TEXT NOT NULL,
            window INTEGER NOT NULL,
            n INTEGER NOT NULL,
            PRIMARY KEY (key, policy)
        ) WITHOUT ROWID
        """,
    ),
)
