"""Places, keys, lists, annotations and whatever else people tell."""

from __future__ import annotations

from service.stores.sqlite.connection import Migration

REGISTER: tuple[Migration, ...] = (
    (
        "CREATE TABLE revision (id INTEGER PRIMARY KEY CHECK (id = 1), number INTEGER NOT NULL)",
        "INSERT INTO revision VALUES (1, 0)",
        "CREATE TABLE area (id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (tenant, name))",
        """
        CREATE TABLE property (
            id INTEGER PRIMARY KEY,
            area INTEGER NOT NULL REFERENCES area (id),
            name TEXT NOT NULL,
            UNIQUE (area, name)
        )
        """,
        """
        CREATE TABLE building (
            id INTEGER PRIMARY KEY,
            property INTEGER NOT NULL REFERENCES property (id),
            name TEXT NOT NULL,
            address TEXT NOT NULL,
            latitude REAL,
            longitude REAL,
            dwellings INTEGER,
            UNIQUE (property, name)
        )
        """,
        """
        CREATE TABLE stairwell (
            id INTEGER PRIMARY KEY,
            tenant TEXT NOT NULL,
            name TEXT NOT NULL,
            building INTEGER NOT NULL REFERENCES building (id),
            UNIQUE (tenant, name)
        )
        """,
        """
        CREATE TABLE space (
            series INTEGER PRIMARY KEY AUTOINCREMENT,
            stairwell INTEGER NOT NULL REFERENCES stairwell (id),
            name TEXT NOT NULL,
            kind TEXT NOT NULL,
            UNIQUE (stairwell, name)
        )
        """,
        """
        CREATE TABLE sensor (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            tenant TEXT NOT NULL,
            name TEXT NOT NULL,
            UNIQUE (tenant, name)
        )
        """,
        """
        CREATE TABLE placement (               -- a sensor in a space; times are ISO 8601 in UTC, NULL is open
            sensor INTEGER NOT NULL REFERENCES sensor (number),
            series INTEGER NOT NULL REFERENCES space (series),
            valid_from TEXT,
            valid_to TEXT,
            semantics TEXT NOT NULL,
            liveness TEXT NOT NULL
        )
        """,
        "CREATE INDEX placement_of_sensor ON placement (sensor)",
        "CREATE INDEX placement_in_series ON placement (series)",
        """
        CREATE TABLE key (
            id TEXT PRIMARY KEY,
            digest BLOB NOT NULL UNIQUE,       -- SHA-256 of the token, which is not kept
            role TEXT NOT NULL,
            tenant TEXT NOT NULL,
            label TEXT NOT NULL,
            created TEXT NOT NULL,
            revoked TEXT
        )
        """,
        """
        CREATE TABLE hotspot_list (
            tenant TEXT NOT NULL,
            id TEXT NOT NULL,
            made TEXT NOT NULL,
            document BLOB NOT NULL,
            status TEXT NOT NULL,
            approved_by TEXT,
            approved TEXT,
            PRIMARY KEY (tenant, id)
        )
        """,
        """
        CREATE TRIGGER hotspot_list_stays BEFORE UPDATE OF tenant, id, made, document ON hotspot_list
        BEGIN SELECT raise(ABORT, 'a hot-spot list is never changed'); END
        """,
    ),
    (
        """
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
        )
        """,
        "CREATE INDEX annotation_versions ON annotation (tenant, id, revision)",
        "CREATE INDEX annotation_by_start ON annotation (start, id)",
        """
        CREATE TRIGGER annotation_stays BEFORE UPDATE ON annotation
        BEGIN SELECT raise(ABORT, 'a version of an annotation is never changed; add another'); END
        """,
    ),
    (
        "DROP TRIGGER hotspot_list_stays",
        "ALTER TABLE hotspot_list ADD COLUMN number INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE hotspot_list ADD COLUMN area TEXT",  # NULL: of the whole tenant
        "ALTER TABLE hotspot_list ADD COLUMN digest TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE hotspot_list ADD COLUMN approved_document BLOB",
        "ALTER TABLE hotspot_list ADD COLUMN approved_digest TEXT",
        "ALTER TABLE hotspot_list ADD COLUMN held_back TEXT NOT NULL DEFAULT '[]'",
        "ALTER TABLE hotspot_list ADD COLUMN tenants TEXT NOT NULL DEFAULT '[]'",
        "ALTER TABLE hotspot_list ADD COLUMN expired TEXT",  # when the documents were emptied
        """
        UPDATE hotspot_list SET digest = sha256(document), number = (
            SELECT count(*) FROM hotspot_list AS older
            WHERE older.tenant = hotspot_list.tenant AND (older.made, older.id) <= (hotspot_list.made, hotspot_list.id)
        )
        """,
        """
        UPDATE hotspot_list SET approved_document = document, approved_digest = digest WHERE status <> 'draft'
        """,
        "CREATE UNIQUE INDEX hotspot_list_by_number ON hotspot_list (tenant, number)",
        """
        CREATE TRIGGER hotspot_list_stays
        BEFORE UPDATE OF tenant, id, number, area, made, tenants, digest ON hotspot_list
        BEGIN SELECT raise(ABORT, 'a hot-spot list is never changed'); END
        """,
        """
        CREATE TRIGGER hotspot_list_document_stays BEFORE UPDATE OF document, approved_document ON hotspot_list
        WHEN (NEW.document <> OLD.document OR NEW.approved_document IS NOT OLD.approved_document)
            AND NOT (OLD.status = 'draft' AND NEW.document = OLD.document)
            AND NOT (NEW.expired IS NOT NULL AND NEW.document = x'' AND coalesce(NEW.approved_document, x'') = x'')
        BEGIN SELECT raise(ABORT, 'a hot-spot list is never changed'); END
        """,
    ),
    (
        """
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
        )
        """,
        "CREATE INDEX episode_decision_of_tenant ON episode_decision (tenant, end)",
        """
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
        )
        """,
    ),
    (
        """
        CREATE TABLE delivery (                -- an approved list on its way to a recipient
            tenant TEXT NOT NULL,
            list_id TEXT NOT NULL,
            recipient TEXT NOT NULL,           -- its name in the settings, where the address is
            area TEXT,
            approved TEXT NOT NULL,
            status TEXT NOT NULL,
            queued TEXT NOT NULL,
            attempts INTEGER NOT NULL,
            next_attempt TEXT,
            sent TEXT,
            error TEXT,
            PRIMARY KEY (tenant, list_id, recipient)
        )
        """,
    ),
    (
        "ALTER TABLE delivery RENAME TO delivery_by_mail",
        """
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
        )
        """,
        "CREATE INDEX delivery_by_status ON delivery (status, channel, number)",
        """
        INSERT INTO delivery (channel, tenant, item, recipient, area, happened, status, queued, attempts, next_attempt,
            sent, error)
        SELECT 'mail', tenant, list_id, recipient, area, approved, status, queued, attempts, next_attempt, sent, error
        FROM delivery_by_mail ORDER BY queued, tenant, list_id, recipient
        """,
        "DROP TABLE delivery_by_mail",
        """
        CREATE TABLE told (                    -- what was last told of a subject
            tenant TEXT NOT NULL,
            topic TEXT NOT NULL,
            subject TEXT NOT NULL,
            sequence INTEGER NOT NULL,
            document BLOB NOT NULL,            -- JSON
            PRIMARY KEY (tenant, topic, subject)
        )
        """,
    ),
    (
        """
        CREATE TABLE model_version (           -- which folders of versions/ were made here; their ids are never reused
            id TEXT PRIMARY KEY,
            digest TEXT NOT NULL,              -- SHA-256 of manifest.json, which holds those of all other files
            recorded TEXT NOT NULL,
            in_force TEXT,                     -- first time as the champion: verdicts name it
            pruned TEXT                        -- when the folder was deleted
        )
        """,
        """
        CREATE TRIGGER model_version_stays BEFORE UPDATE OF id, digest, recorded ON model_version
        BEGIN SELECT raise(ABORT, 'what is recorded of a model version is never changed'); END
        """,
        """
        CREATE TRIGGER model_version_is_kept BEFORE DELETE ON model_version
        BEGIN SELECT raise(ABORT, 'what is recorded of a model version is never deleted'); END
        """,
    ),
    (
        """
        CREATE TABLE ended_session (           -- of the pages: signed out of before it was over
            nonce TEXT PRIMARY KEY,
            ends INTEGER NOT NULL              -- when it is over by itself, and the row not needed; seconds UTC
        ) WITHOUT ROWID
        """,
    ),
    (
        "ALTER TABLE stairwell ADD COLUMN address TEXT",  # of its own door; those of its building where nobody told
        "ALTER TABLE stairwell ADD COLUMN latitude REAL",
        "ALTER TABLE stairwell ADD COLUMN longitude REAL",
    ),
)
