-- The log, and what is looked up beside it.
-- Times are milliseconds. Numbers are the store's own unless it is said otherwise.

-- One row per stream, with its query columns once it has some (summary is null until then). Kind and id are the
-- stream's name: site, workspace or work_item, and the id of the aggregate.
CREATE TABLE streams (
    stream       INTEGER PRIMARY KEY,
    kind         TEXT NOT NULL,
    id           TEXT NOT NULL,
    number       INTEGER,
    title        TEXT NOT NULL DEFAULT '',
    status       TEXT NOT NULL DEFAULT '',
    live         INTEGER NOT NULL DEFAULT 0,
    needs_person INTEGER NOT NULL DEFAULT 0,
    due_at_ms    INTEGER,
    summary      TEXT,
    UNIQUE (kind, id)
) STRICT;
CREATE UNIQUE INDEX streams_by_number ON streams (number) WHERE number IS NOT NULL;
CREATE INDEX streams_listed ON streams (kind, number, id) WHERE summary IS NOT NULL;
CREATE INDEX streams_live ON streams (kind, number, id) WHERE live = 1;
CREATE INDEX streams_waiting ON streams (kind, number, id) WHERE needs_person = 1;
CREATE INDEX streams_due ON streams (kind, due_at_ms) WHERE due_at_ms IS NOT NULL;

-- What happened. Bodies says how many long strings of the data are kept as blobs.
CREATE TABLE events (
    seq      INTEGER PRIMARY KEY,
    stream   INTEGER NOT NULL REFERENCES streams,
    version  INTEGER NOT NULL,
    kind     TEXT NOT NULL,
    wall_ms  INTEGER NOT NULL,
    awake_ms INTEGER NOT NULL,
    data     TEXT NOT NULL,
    bodies   INTEGER NOT NULL,
    UNIQUE (stream, version)
) STRICT;

-- Long texts, kept once each. The digest is the SHA-256 of the bytes.
CREATE TABLE blobs (
    blob   INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    bytes  BLOB NOT NULL
) STRICT;

-- Where in an event's data, in bytes, the reference "sha256:<digest>" stands for the text of a blob.
CREATE TABLE bodies (
    seq  INTEGER NOT NULL REFERENCES events,
    at   INTEGER NOT NULL,
    blob INTEGER NOT NULL REFERENCES blobs,
    PRIMARY KEY (seq, at)
) STRICT, WITHOUT ROWID;

-- The state of a stream at a version. The schema is the core's number for its encoding.
CREATE TABLE snapshots (
    stream  INTEGER PRIMARY KEY REFERENCES streams,
    schema  INTEGER NOT NULL,
    version INTEGER NOT NULL,
    bytes   BLOB NOT NULL
) STRICT;

-- Commands of people that were accepted.
CREATE TABLE commands (
    key         TEXT PRIMARY KEY,
    body_digest BLOB NOT NULL,
    result      TEXT NOT NULL,
    wall_ms     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX commands_by_age ON commands (wall_ms);

-- The numbers people type after d, c and q, which are the kinds.
CREATE TABLE numbers (
    kind   TEXT NOT NULL,
    number INTEGER NOT NULL,
    id     TEXT NOT NULL,
    stream INTEGER NOT NULL REFERENCES streams,
    PRIMARY KEY (kind, number),
    UNIQUE (kind, id)
) STRICT, WITHOUT ROWID;

-- The words of titles and summaries; rowid is the stream.
CREATE VIRTUAL TABLE search USING fts5 (title, text, detail = column, tokenize = 'unicode61 remove_diacritics 2');
