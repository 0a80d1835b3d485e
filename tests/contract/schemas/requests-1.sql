-- requests.db as schema 1 leaves it.
BEGIN TRANSACTION;
CREATE TABLE request (                 -- of each key the newest window in which it asked, and how often
    key TEXT NOT NULL,
    policy TEXT NOT NULL,
    window INTEGER NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (key, policy)
) WITHOUT ROWID
;
INSERT INTO "request" VALUES('k1','reads',1,2);
COMMIT;
PRAGMA user_version = 1;
