-- audit.db as schema 2 leaves it.
BEGIN TRANSACTION;
CREATE TABLE entry (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time TEXT NOT NULL,
    actor TEXT NOT NULL,
    tenant TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL
);
INSERT INTO "entry" VALUES(1,'2026-06-01T05:00:00+00:00','k1','norrbo','list.approve','2026-06-01-1','');
CREATE INDEX entry_of_tenant ON entry (tenant, id);
CREATE TRIGGER entry_stays BEFORE UPDATE ON entry
BEGIN SELECT raise(ABORT, 'an audit entry is never changed'); END;
CREATE INDEX entry_by_time ON entry (time);
CREATE TRIGGER entry_is_kept BEFORE DELETE ON entry
        WHEN OLD.time >= strftime('%Y-%m-%dT%H:%M:%S', 'now', '-183 days')
        BEGIN SELECT raise(ABORT, 'an audit entry is never deleted before half a year is over'); END;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('entry',1);
COMMIT;
PRAGMA user_version = 2;
