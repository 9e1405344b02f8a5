-- What turns used, the texts that search looks through, and how far followers of the log are.

-- What each turn of an agent used, by the event that ended it. Null is unknown.
CREATE TABLE turns (
    seq        INTEGER PRIMARY KEY REFERENCES events,
    stream     INTEGER NOT NULL REFERENCES streams,
    wall_ms    INTEGER NOT NULL,
    agent      TEXT NOT NULL,
    repository TEXT,
    phase      TEXT NOT NULL,
    input      INTEGER,
    output     INTEGER,
    tokens     INTEGER,
    cost       INTEGER
) STRICT;
CREATE INDEX turns_by_stream ON turns (stream);
CREATE INDEX turns_by_time ON turns (wall_ms);

-- The turns of before: who worked stands in the event that made the session.
INSERT INTO turns (seq, stream, wall_ms, agent, repository, phase, input, output, tokens, cost)
WITH sessions AS MATERIALIZED (
    SELECT stream,
           json_extract(data, '$.data.session') AS session,
           json_extract(data, '$.data.agent') AS agent,
           json_extract(data, '$.data.repository') AS repository,
           json_extract(data, '$.data.kind') AS phase
    FROM events WHERE kind = 'session.created/1'
), ended AS (
    SELECT seq, stream, wall_ms,
           json_extract(data, '$.data.session') AS session,
           json_extract(data, '$.data.usage.input_tokens') AS input,
           json_extract(data, '$.data.usage.output_tokens') AS output,
           json_extract(data, '$.data.usage.total_tokens') AS total,
           json_extract(data, '$.data.usage.cost_usd_micros') AS cost
    FROM events WHERE kind = 'turn.ended/1'
), counted AS (
    SELECT *,
           iif(typeof(input) = 'integer', min(input, 1000000000000), NULL) AS read,
           iif(typeof(output) = 'integer', min(output, 1000000000000), NULL) AS written,
           iif(typeof(total) = 'integer', min(total, 1000000000000), NULL) AS whole,
           iif(typeof(cost) = 'integer', min(cost, 1000000000000), NULL) AS money
    FROM ended
)
SELECT c.seq, c.stream, c.wall_ms, ifnull(s.agent, ''), s.repository, ifnull(s.phase, ''), c.read, c.written,
       coalesce(c.whole, c.read + c.written, c.read, c.written), c.money
FROM counted c JOIN sessions s ON s.stream = c.stream AND s.session = c.session
WHERE true
ON CONFLICT (seq) DO NOTHING;

-- Texts that people look for, each once by its key. What kind and place mean is the writer's.
CREATE TABLE texts (
    text    INTEGER PRIMARY KEY,
    key     TEXT NOT NULL UNIQUE,
    stream  INTEGER NOT NULL REFERENCES streams,
    kind    TEXT NOT NULL,
    place   TEXT NOT NULL,
    wall_ms INTEGER NOT NULL
) STRICT;

-- Their words; rowid is the text.
CREATE VIRTUAL TABLE words USING fts5 (body, detail = column, tokenize = 'unicode61 remove_diacritics 2');

-- How far each follower of the log is, in its own words.
CREATE TABLE marks (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
