-- state.db as schema 5 leaves it.
BEGIN TRANSACTION;
CREATE TABLE command (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    argument TEXT NOT NULL,
    actor TEXT NOT NULL,
    finished INTEGER NOT NULL DEFAULT 0,
    error TEXT
);
INSERT INTO "command" VALUES(1,'score','','cli:anna',1,NULL);
CREATE TABLE deletion (                -- the latest of each kind of data that is deleted once it is old
            kind TEXT PRIMARY KEY,
            before INTEGER NOT NULL,           -- seconds UTC: nothing older is to be there
            document BLOB NOT NULL             -- JSON
        );
INSERT INTO "deletion" VALUES('letters',1767225600,X'7B226B696E64223A226C657474657273222C226265666F7265223A313736373232353630302C2273657474696E67223A22726574656E74696F6E2E6C6574746572735F64617973222C2264617973223A3132302C22626567756E223A22323032362D30352D30315430303A30303A30305A222C22726F7773223A7B226E6F7272626F223A337D2C22656E646564223A22323032362D30352D30315430303A30313A30305A222C226F6C646573745F6C656674223A313736373331323030302C22746F6C64223A747275657D');
CREATE TABLE ledger (                  -- MessagePack: what replays start from and what is to be replayed
    id INTEGER PRIMARY KEY CHECK (id = 1),
    document BLOB NOT NULL
);
INSERT INTO "ledger" VALUES(1,X'80');
CREATE TABLE manifest (id INTEGER PRIMARY KEY CHECK (id = 1), document BLOB NOT NULL);
INSERT INTO "manifest" VALUES(1,X'7B226F726967696E223A20313738303237323030302C202277617465726D61726B223A20313738303238323830302C202276657273696F6E223A202230222C202270726576696F7573223A206E756C6C2C202277696E646F775F6D696E75746573223A2036302C202273686172645F736572696573223A2032303030302C2022637572736F72223A20312C2022646967657374223A2022222C2022736861726473223A205B5D7D');
CREATE TABLE promotion (               -- MessagePack: a second state, learnt beside the one in force
    id INTEGER PRIMARY KEY CHECK (id = 1),
    document BLOB NOT NULL
);
CREATE TABLE revision (id INTEGER PRIMARY KEY CHECK (id = 1), word TEXT NOT NULL);
INSERT INTO "revision" VALUES(1,'F9F7DCEDC11B0E2C');
CREATE TABLE verdict (start INTEGER NOT NULL,
series INTEGER NOT NULL,
version INTEGER NOT NULL REFERENCES version (id),
count REAL NOT NULL,
expected REAL NOT NULL,
lower REAL NOT NULL,
upper REAL NOT NULL,
p_value REAL NOT NULL,
p_above REAL NOT NULL,
score REAL NOT NULL,
episode_probability REAL NOT NULL,
tail REAL NOT NULL,
evidence_weeks REAL NOT NULL,
anomalous INTEGER NOT NULL, PRIMARY KEY (start, series)) WITHOUT ROWID;
INSERT INTO "verdict" VALUES(1780272000,1,1,0.0,0.5,0.0,3.0,0.5,0.4,9.0,0.1,0.3,0.0,0);
INSERT INTO "verdict" VALUES(1780275600,1,1,1.0,0.5,0.0,3.0,0.5,0.4,1.5,0.1,0.3,0.0,0);
INSERT INTO "verdict" VALUES(1780279200,1,1,2.0,0.5,0.0,3.0,0.5,0.4,3.0,0.1,0.3,0.0,1);
CREATE TABLE verdict_revision (id INTEGER PRIMARY KEY AUTOINCREMENT, start INTEGER NOT NULL,
series INTEGER NOT NULL,
version INTEGER NOT NULL REFERENCES version (id),
count REAL NOT NULL,
expected REAL NOT NULL,
lower REAL NOT NULL,
upper REAL NOT NULL,
p_value REAL NOT NULL,
p_above REAL NOT NULL,
score REAL NOT NULL,
episode_probability REAL NOT NULL,
tail REAL NOT NULL,
evidence_weeks REAL NOT NULL,
anomalous INTEGER NOT NULL);
INSERT INTO "verdict_revision" VALUES(1,1780272000,1,1,0.0,0.5,0.0,3.0,0.5,0.4,0.0,0.1,0.3,0.0,0);
CREATE TABLE version (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
INSERT INTO "version" VALUES(1,'0');
CREATE INDEX command_waiting ON command (id) WHERE NOT finished;
CREATE INDEX verdict_anomalous ON verdict (start, series) WHERE anomalous;
CREATE TRIGGER verdict_replaced BEFORE UPDATE ON verdict
WHEN OLD.start <> NEW.start OR OLD.series <> NEW.series OR OLD.version <> NEW.version OR OLD.count <> NEW.count OR OLD.expected <> NEW.expected OR OLD.lower <> NEW.lower OR OLD.upper <> NEW.upper OR OLD.p_value <> NEW.p_value OR OLD.p_above <> NEW.p_above OR OLD.score <> NEW.score OR OLD.episode_probability <> NEW.episode_probability OR OLD.tail <> NEW.tail OR OLD.evidence_weeks <> NEW.evidence_weeks OR OLD.anomalous <> NEW.anomalous
BEGIN 
    INSERT INTO verdict_revision (start, series, version, count, expected, lower, upper, p_value, p_above, score, episode_probability, tail, evidence_weeks, anomalous)
    VALUES (OLD.start, OLD.series, OLD.version, OLD.count, OLD.expected, OLD.lower, OLD.upper, OLD.p_value, OLD.p_above, OLD.score, OLD.episode_probability, OLD.tail, OLD.evidence_weeks, OLD.anomalous);
 END;
CREATE TRIGGER verdict_revision_stays BEFORE UPDATE ON verdict_revision
BEGIN SELECT raise(ABORT, 'a verdict that was superseded is never changed'); END;
CREATE TRIGGER manifest_published AFTER INSERT ON manifest BEGIN UPDATE revision SET word = hex(randomblob(8)); END;
CREATE TRIGGER ledger_published AFTER INSERT ON ledger BEGIN UPDATE revision SET word = hex(randomblob(8)); END;
CREATE TRIGGER deletion_published AFTER INSERT ON deletion BEGIN UPDATE revision SET word = hex(randomblob(8)); END;
CREATE TRIGGER verdict_superseded BEFORE DELETE ON verdict
        WHEN OLD.start >= coalesce((SELECT before FROM deletion WHERE kind = 'verdicts'), OLD.start)
        BEGIN 
    INSERT INTO verdict_revision (start, series, version, count, expected, lower, upper, p_value, p_above, score, episode_probability, tail, evidence_weeks, anomalous)
    VALUES (OLD.start, OLD.series, OLD.version, OLD.count, OLD.expected, OLD.lower, OLD.upper, OLD.p_value, OLD.p_above, OLD.score, OLD.episode_probability, OLD.tail, OLD.evidence_weeks, OLD.anomalous);
 END;
CREATE INDEX verdict_revision_by_start ON verdict_revision (start);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('command',1);
INSERT INTO "sqlite_sequence" VALUES('verdict_revision',1);
COMMIT;
PRAGMA user_version = 5;
