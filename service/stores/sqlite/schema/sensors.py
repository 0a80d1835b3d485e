"""What sensors tell of themselves."""

from __future__ import annotations

from service.stores.sqlite.connection import Migration

SENSORS: tuple[Migration, ...] = (
    (
        """
        CREATE TABLE note (                    -- what requests told of sensors, until the scheduler takes it in
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            arrived INTEGER NOT NULL,          -- seconds UTC
            series INTEGER,                    -- of a note on one sensor's battery
            source INTEGER,
            document BLOB NOT NULL             -- int64[7, n] of n sensors; MessagePack of a battery
        )
        """,
        """
        CREATE TABLE activity (                -- MessagePack: what is known of a sensor's messages
            series INTEGER NOT NULL,
            source INTEGER NOT NULL,           -- 0, or the sensor's number
            document BLOB NOT NULL,
            PRIMARY KEY (series, source)
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE fault (                   -- MessagePack: what is wrong with a sensor now
            series INTEGER NOT NULL,
            source INTEGER NOT NULL,
            state TEXT NOT NULL,
            document BLOB NOT NULL,
            PRIMARY KEY (series, source, state)
        ) WITHOUT ROWID
        """,
    ),
)
