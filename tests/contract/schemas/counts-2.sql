-- counts.db as schema 2 leaves it.
BEGIN TRANSACTION;
CREATE TABLE change (                  -- one row a batch: what late and corrected counts are found by
    cursor INTEGER PRIMARY KEY AUTOINCREMENT,
    series BLOB NOT NULL,              -- int64[n], distinct
    earliest BLOB NOT NULL             -- int64[n], seconds UTC
);
INSERT INTO "change" VALUES(1,X'0100000000000000',X'80CB1C6A00000000');
CREATE TABLE count (
    hour INTEGER NOT NULL,             -- hours since 1970-01-01 UTC
    series INTEGER NOT NULL,
    nanosecond INTEGER NOT NULL,       -- within the hour; 0 takes no space
    source INTEGER NOT NULL,           -- 0, or the sensor's number
    n INTEGER NOT NULL CHECK (n >= 0),
    PRIMARY KEY (hour, series, nanosecond, source)
) WITHOUT ROWID
;
INSERT INTO "count" VALUES(494520,1,0,0,0);
INSERT INTO "count" VALUES(494521,1,0,0,1);
INSERT INTO "count" VALUES(494522,1,0,0,2);
INSERT INTO "count" VALUES(494523,1,0,0,3);
INSERT INTO "count" VALUES(494524,1,0,0,4);
INSERT INTO "count" VALUES(494525,1,0,0,5);
CREATE TABLE reading (                 -- messages whose counts depend on their neighbours
    series INTEGER NOT NULL,
    source INTEGER NOT NULL,           -- the sensor's number
    time INTEGER NOT NULL,             -- nanoseconds since 1970-01-01 UTC
    value INTEGER NOT NULL CHECK (value >= 0),
    PRIMARY KEY (series, source, time)
) WITHOUT ROWID
;
INSERT INTO "reading" VALUES(1,1,1780272000000000000,4);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('change',1);
COMMIT;
PRAGMA user_version = 2;
