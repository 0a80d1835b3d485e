-- sensors.db as schema 1 leaves it.
BEGIN TRANSACTION;
CREATE TABLE activity (                -- MessagePack: what is known of a sensor's messages
    series INTEGER NOT NULL,
    source INTEGER NOT NULL,           -- 0, or the sensor's number
    document BLOB NOT NULL,
    PRIMARY KEY (series, source)
) WITHOUT ROWID
;
CREATE TABLE fault (                   -- MessagePack: what is wrong with a sensor now
    series INTEGER NOT NULL,
    source INTEGER NOT NULL,
    state TEXT NOT NULL,
    document BLOB NOT NULL,
    PRIMARY KEY (series, source, state)
) WITHOUT ROWID
;
CREATE TABLE note (                    -- what requests told of sensors, until the scheduler takes it in
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    arrived INTEGER NOT NULL,          -- seconds UTC
    series INTEGER,                    -- of a note on one sensor's battery
    source INTEGER,
    document BLOB NOT NULL             -- int64[7, n] of n sensors; MessagePack of a battery
);
DELETE FROM "sqlite_sequence";
COMMIT;
PRAGMA user_version = 1;
