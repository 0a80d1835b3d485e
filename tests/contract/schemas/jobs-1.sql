-- jobs.db as schema 1 leaves it.
BEGIN TRANSACTION;
CREATE TABLE job (number INTEGER PRIMARY KEY AUTOINCREMENT, document BLOB NOT NULL);
DELETE FROM "sqlite_sequence";
COMMIT;
PRAGMA user_version = 1;
