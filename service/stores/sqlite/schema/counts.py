"""Counts, and the readings that counts depend on."""

from __future__ import annotations

from service.stores.sqlite.connection import Migration

COUNTS: tuple[Migration, ...] = (
    (
        """
        CREATE TABLE count (
            hour INTEGER NOT NULL,             -- hours since 1970-01-01 UTC
            series INTEGER NOT NULL,
            nanosecond INTEGER NOT NULL,       -- within the hour; 0 takes no space
            source INTEGER NOT NULL,           -- 0, or the sensor's number
            n INTEGER NOT NULL CHECK (n >= 0),
            PRIMARY KEY (hour, series, nanosecond, source)
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE change (                  -- one row a batch: what late and corrected counts are found by
            cursor INTEGER PRIMARY KEY AUTOINCREMENT,
            series BLOB NOT NULL,              -- int64[n], distinct
            earliest BLOB NOT NULL             -- int64[n], seconds UTC
        )
        """,
    ),
    (
        """
        CREATE TABLE reading (                 -- messages whose counts depend on their neighbours
            series INTEGER NOT NULL,
            source INTEGER NOT NULL,           -- the sensor's number
            time INTEGER NOT NULL,             -- nanoseconds since 1970-01-01 UTC
            value INTEGER NOT NULL CHECK (value >= 0),
            PRIMARY KEY (series, source, time)
        ) WITHOUT ROWID
        """,
    ),
)
