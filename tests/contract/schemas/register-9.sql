-- register.db as schema 9 leaves it.
BEGIN TRANSACTION;
CREATE TABLE annotation (              -- a row a version; the newest one of an id counts
    revision INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    start INTEGER NOT NULL,            -- seconds UTC
    end INTEGER NOT NULL,
    area TEXT,
    property TEXT,
    building TEXT,
    stairwell TEXT,
    space TEXT,
    made_by TEXT NOT NULL,
    made TEXT NOT NULL,
    retracted_by TEXT,
    retracted TEXT
);
INSERT INTO "annotation" VALUES(1,'norrbo','a1','renovation',1780272000,1780275600,NULL,NULL,'kvarnen-3',NULL,NULL,'k1','2026-06-01T05:00:00+00:00',NULL,NULL);
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
CREATE TABLE delivery (                -- a list or an event on its way to a recipient
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    channel TEXT NOT NULL,
    tenant TEXT NOT NULL,
    item TEXT NOT NULL,                -- id of the list or of the event
    recipient TEXT NOT NULL,           -- its name in the settings, where addresses and secrets are
    area TEXT,
    happened TEXT NOT NULL,
    status TEXT NOT NULL,
    queued TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_attempt TEXT,
    sent TEXT,
    error TEXT,
    content BLOB,                      -- of an event: the JSON that is sent
    UNIQUE (channel, tenant, item, recipient)
);
INSERT INTO "delivery" VALUES(1,'mail','norrbo','2026-06-01-1','police',NULL,'2026-06-01T05:00:00+00:00','sent','2026-06-01T05:00:00+00:00',1,NULL,'2026-06-01T05:00:00+00:00',NULL,NULL);
CREATE TABLE ended_session (           -- of the pages: signed out of before it was over
    nonce TEXT PRIMARY KEY,
    ends INTEGER NOT NULL              -- when it is over by itself, and the row not needed; seconds UTC
) WITHOUT ROWID;
INSERT INTO "ended_session" VALUES('n1',1780318800);
CREATE TABLE episode_decision (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL,
    series INTEGER NOT NULL REFERENCES space (series),
    start INTEGER NOT NULL,            -- of the episode when it was decided about, seconds UTC
    end INTEGER NOT NULL,
    action TEXT NOT NULL,
    decided_by TEXT NOT NULL,
    decided TEXT NOT NULL,
    until INTEGER,                     -- of a mute, seconds UTC
    reason TEXT
);
INSERT INTO "episode_decision" VALUES(1,'norrbo',1,1780279200,1780282800,'acknowledge','k1','2026-06-01T05:00:00+00:00',NULL,NULL);
CREATE TABLE hotspot_list (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    made TEXT NOT NULL,
    document BLOB NOT NULL,
    status TEXT NOT NULL,
    approved_by TEXT,
    approved TEXT, number INTEGER NOT NULL DEFAULT 0, area TEXT, digest TEXT NOT NULL DEFAULT '', approved_document BLOB, approved_digest TEXT, held_back TEXT NOT NULL DEFAULT '[]', tenants TEXT NOT NULL DEFAULT '[]', expired TEXT,
    PRIMARY KEY (tenant, id)
);
INSERT INTO "hotspot_list" VALUES('norrbo','2026-06-01-1','2026-06-01T05:00:00+00:00',X'7B226964223A2022323032362D30362D30312D31227D','approved','k1','2026-06-01T05:00:00+00:00',1,NULL,'e5d28179cc109536d2c524fdf1b27ac0cdaccbc78cc4e83affbd3c04aca391e7',X'7B226964223A2022323032362D30362D30312D31227D','e5d28179cc109536d2c524fdf1b27ac0cdaccbc78cc4e83affbd3c04aca391e7','[]','[]',NULL);
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
CREATE TABLE model_version (           -- which folders of versions/ were made here; their ids are never reused
    id TEXT PRIMARY KEY,
    digest TEXT NOT NULL,              -- SHA-256 of manifest.json, which holds those of all other files
    recorded TEXT NOT NULL,
    in_force TEXT,                     -- first time as the champion: verdicts name it
    pruned TEXT                        -- when the folder was deleted
);
INSERT INTO "model_version" VALUES('1','0000000000000000000000000000000000000000000000000000000000000000','2026-06-01T05:00:00+00:00',NULL,'2026-06-01T05:00:00+00:00');
CREATE TABLE outcome (
    tenant TEXT NOT NULL,
    list_id TEXT NOT NULL,
    rank INTEGER NOT NULL,
    visited TEXT NOT NULL,
    stairwell TEXT NOT NULL,
    found TEXT NOT NULL,               -- JSON
    reported_by TEXT NOT NULL,
    reported TEXT NOT NULL,
    PRIMARY KEY (tenant, list_id, rank, visited)
);
INSERT INTO "outcome" VALUES('norrbo','2026-06-01-1',1,'2026-06-01T05:00:00+00:00','kvarnen-3a','["nothing"]','k1','2026-06-01T05:00:00+00:00');
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
    building INTEGER NOT NULL REFERENCES building (id), address TEXT, latitude REAL, longitude REAL,
    UNIQUE (tenant, name)
);
INSERT INTO "stairwell" VALUES(1,'norrbo','kvarnen-3a',1,'Kvarnvägen 3 A',59.36,18.01);
CREATE TABLE told (                    -- what was last told of a subject
    tenant TEXT NOT NULL,
    topic TEXT NOT NULL,
    subject TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    document BLOB NOT NULL,            -- JSON
    PRIMARY KEY (tenant, topic, subject)
);
INSERT INTO "told" VALUES('norrbo','episode','1',1,X'7B7D');
CREATE INDEX placement_of_sensor ON placement (sensor);
CREATE INDEX placement_in_series ON placement (series);
CREATE INDEX annotation_versions ON annotation (tenant, id, revision);
CREATE INDEX annotation_by_start ON annotation (start, id);
CREATE TRIGGER annotation_stays BEFORE UPDATE ON annotation
BEGIN SELECT raise(ABORT, 'a version of an annotation is never changed; add another'); END;
CREATE UNIQUE INDEX hotspot_list_by_number ON hotspot_list (tenant, number);
CREATE TRIGGER hotspot_list_stays
BEFORE UPDATE OF tenant, id, number, area, made, tenants, digest ON hotspot_list
BEGIN SELECT raise(ABORT, 'a hot-spot list is never changed'); END;
CREATE TRIGGER hotspot_list_document_stays BEFORE UPDATE OF document, approved_document ON hotspot_list
WHEN (NEW.document <> OLD.document OR NEW.approved_document IS NOT OLD.approved_document)
    AND NOT (OLD.status = 'draft' AND NEW.document = OLD.document)
    AND NOT (NEW.expired IS NOT NULL AND NEW.document = x'' AND coalesce(NEW.approved_document, x'') = x'')
BEGIN SELECT raise(ABORT, 'a hot-spot list is never changed'); END;
CREATE INDEX episode_decision_of_tenant ON episode_decision (tenant, end);
CREATE INDEX delivery_by_status ON delivery (status, channel, number);
CREATE TRIGGER model_version_stays BEFORE UPDATE OF id, digest, recorded ON model_version
BEGIN SELECT raise(ABORT, 'what is recorded of a model version is never changed'); END;
CREATE TRIGGER model_version_is_kept BEFORE DELETE ON model_version
BEGIN SELECT raise(ABORT, 'what is recorded of a model version is never deleted'); END;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('delivery',1);
INSERT INTO "sqlite_sequence" VALUES('space',1);
INSERT INTO "sqlite_sequence" VALUES('sensor',1);
INSERT INTO "sqlite_sequence" VALUES('annotation',1);
INSERT INTO "sqlite_sequence" VALUES('episode_decision',1);
COMMIT;
PRAGMA user_version = 9;
