-- register.db as schema 1 leaves it.
BEGIN TRANSACTION;
CREATE TABLE area (id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (tenant, name));
INSERT INTO "area" VALUES(1,'norrbo','Norra');
CREATE TABLE building (
    id INTEGER PRIMARY KEY,
    property INTEGER NOT NULL REFERENCES property (id),
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    latitude REAL,
    longitude REAL,
    dwellings INTEGER,
    UNIQUE (property, name)
);
INSERT INTO "building" VALUES(1,1,'kvarnen-3','Kvarngatan 3',59.3,18.1,24);
CREATE TABLE hotspot_list (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    made TEXT NOT NULL,
    document BLOB NOT NULL,
    status TEXT NOT NULL,
    approved_by TEXT,
    approved TEXT,
    PRIMARY KEY (tenant, id)
);
INSERT INTO "hotspot_list" VALUES('norrbo','2026-06-01-1','2026-06-01T05:00:00+00:00',X'7B226964223A2022323032362D30362D30312D31227D','approved','k1','2026-06-01T05:00:00+00:00');
CREATE TABLE key (
    id TEXT PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,       -- SHA-256 of the token, which is not kept
    role TEXT NOT NULL,
    tenant TEXT NOT NULL,
    label TEXT NOT NULL,
    created TEXT NOT NULL,
    revoked TEXT
);
INSERT INTO "key" VALUES('k1',X'C7B0FFAD3A497EC1F2F12C84066226B264B9BD08D7E3C07178B079DAFFDA8B94','reader','norrbo','control room','2026-06-01T05:00:00+00:00',NULL);
CREATE TABLE placement (               -- a sensor in a space; times are ISO 8601 in UTC, NULL is open
    sensor INTEGER NOT NULL REFERENCES sensor (number),
    series INTEGER NOT NULL REFERENCES space (series),
    valid_from TEXT,
    valid_to TEXT,
    semantics TEXT NOT NULL,
    liveness TEXT NOT NULL
);
INSERT INTO "placement" VALUES(1,1,NULL,NULL,'delta','heartbeat');
CREATE TABLE property (
    id INTEGER PRIMARY KEY,
    area INTEGER NOT NULL REFERENCES area (id),
    name TEXT NOT NULL,
    UNIQUE (area, name)
);
INSERT INTO "property" VALUES(1,1,'Kvarnen 3');
CREATE TABLE revision (id INTEGER PRIMARY KEY CHECK (id = 1), number INTEGER NOT NULL);
INSERT INTO "revision" VALUES(1,3);
CREATE TABLE sensor (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    UNIQUE (tenant, name)
);
INSERT INTO "sensor" VALUES(1,'norrbo','s1');
CREATE TABLE space (
    series INTEGER PRIMARY KEY AUTOINCREMENT,
    stairwell INTEGER NOT NULL REFERENCES stairwell (id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    UNIQUE (stairwell, name)
);
INSERT INTO "space" VALUES(1,1,'cellar','cellar');
CREATE TABLE stairwell (
    id INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    building INTEGER NOT NULL REFERENCES building (id),
    UNIQUE (tenant, name)
);
INSERT INTO "stairwell" VALUES(1,'norrbo','kvarnen-3a',1);
CREATE INDEX placement_of_sensor ON placement (sensor);
CREATE INDEX placement_in_series ON placement (series);
CREATE TRIGGER hotspot_list_stays BEFORE UPDATE OF tenant, id, made, document ON hotspot_list
BEGIN SELECT raise(ABORT, 'a hot-spot list is never changed'); END;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('space',1);
INSERT INTO "sqlite_sequence" VALUES('sensor',1);
COMMIT;
PRAGMA user_version = 1;
