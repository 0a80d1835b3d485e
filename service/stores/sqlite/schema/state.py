"""Manifest, verdicts and all that is committed with them."""

from __future__ import annotations

from service.domain.verdicts import MEASURES
from service.stores.sqlite.connection import Migration

_VERDICT = ("start", "series", "version", *MEASURES, "anomalous")
_TYPES = "\n".join(
    [
        "start INTEGER NOT NULL,",
        "series INTEGER NOT NULL,",
        "version INTEGER NOT NULL REFERENCES version (id),",
        *(f"{measure} REAL NOT NULL," for measure in MEASURES),
        "anomalous INTEGER NOT NULL",
    ]
)
_REVISE = f"""
    INSERT INTO verdict_revision ({", ".join(_VERDICT)})
    VALUES ({", ".join(f"OLD.{column}" for column in _VERDICT)});
"""  # noqa: S608 - the columns are this module's

_REVISED = "BEGIN UPDATE revision SET word = hex(randomblob(8)); END"

STATE: tuple[Migration, ...] = (
    (
        "CREATE TABLE manifest (id INTEGER PRIMARY KEY CHECK (id = 1), document BLOB NOT NULL)",
        """
        CREATE TABLE command (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL,
            argument TEXT NOT NULL,
            actor TEXT NOT NULL,
            finished INTEGER NOT NULL DEFAULT 0,
            error TEXT
        )
        """,
        "CREATE INDEX command_waiting ON command (id) WHERE NOT finished",
        "CREATE TABLE version (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
        f"CREATE TABLE verdict ({_TYPES}, PRIMARY KEY (start, series)) WITHOUT ROWID",
        "CREATE INDEX verdict_anomalous ON verdict (start, series) WHERE anomalous",
        f"CREATE TABLE verdict_revision (id INTEGER PRIMARY KEY AUTOINCREMENT, {_TYPES})",
        f"CREATE TRIGGER verdict_superseded BEFORE DELETE ON verdict BEGIN {_REVISE} END",
        f"""
        CREATE TRIGGER verdict_replaced BEFORE UPDATE ON verdict
        WHEN {" OR ".join(f"OLD.{column} <> NEW.{column}" for column in _VERDICT)}
        BEGIN {_REVISE} END
        """,
        """
        CREATE TRIGGER verdict_revision_stays BEFORE UPDATE ON verdict_revision
        BEGIN SELECT raise(ABORT, 'a verdict that was superseded is never changed'); END
        """,
    ),
    (
        """
        CREATE TABLE ledger (                  -- MessagePack: what replays start from and what is to be replayed
            id INTEGER PRIMARY KEY CHECK (id = 1),
            document BLOB NOT NULL
        )
        """,
    ),
    (
        "CREATE TABLE revision (id INTEGER PRIMARY KEY CHECK (id = 1), word TEXT NOT NULL)",
        "INSERT INTO revision VALUES (1, hex(randomblob(8)))",
        *(f"CREATE TRIGGER {table}_published AFTER INSERT ON {table} {_REVISED}" for table in ("manifest", "ledger")),
    ),
    (
        """
        CREATE TABLE promotion (               -- MessagePack: a second state, learnt beside the one in force
            id INTEGER PRIMARY KEY CHECK (id = 1),
            document BLOB NOT NULL
        )
        """,
    ),
    (
        """
        CREATE TABLE deletion (                -- the latest of each kind of data that is deleted once it is old
            kind TEXT PRIMARY KEY,
            before INTEGER NOT NULL,           -- seconds UTC: nothing older is to be there
            document BLOB NOT NULL             -- JSON
        )
        """,
        f"CREATE TRIGGER deletion_published AFTER INSERT ON deletion {_REVISED}",
        "DROP TRIGGER verdict_superseded",
        f"""
        CREATE TRIGGER verdict_superseded BEFORE DELETE ON verdict
        WHEN OLD.start >= coalesce((SELECT before FROM deletion WHERE kind = 'verdicts'), OLD.start)
        BEGIN {_REVISE} END
        """,  # noqa: S608
        "CREATE INDEX verdict_revision_by_start ON verdict_revision (start)",
    ),
)
