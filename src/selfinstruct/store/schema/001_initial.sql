-- The first schema: what a run is, what it asked, what was answered, and what became of every candidate.

CREATE TABLE run (                       -- facts of the run, each a JSON value
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE seeds (                     -- the seed tasks as they were when the run began
    position INTEGER PRIMARY KEY,
    task     TEXT NOT NULL
);

CREATE TABLE requests (                  -- journalled before the call
    stage    TEXT NOT NULL,
    idx      INTEGER NOT NULL,
    body     TEXT NOT NULL,              -- messages, sampling, ids of examples and subjects
    asked_at TEXT NOT NULL,
    PRIMARY KEY (stage, idx)
) WITHOUT ROWID;

CREATE TABLE replies (                   -- journalled before anything judges them; `failure` where there is no answer
    stage             TEXT NOT NULL,
    idx               INTEGER NOT NULL,
    text              TEXT NOT NULL,
    finish            TEXT NOT NULL,
    prompt_tokens     INTEGER,
    completion_tokens INTEGER,
    model             TEXT NOT NULL,
    created_at        TEXT NOT NULL,
    details           TEXT NOT NULL,
    failure           TEXT NOT NULL,
    PRIMARY KEY (stage, idx)
) WITHOUT ROWID;

CREATE TABLE retries (                   -- attempts that came to nothing and were repeated
    id      INTEGER PRIMARY KEY,
    stage   TEXT NOT NULL,
    idx     INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    wait    REAL NOT NULL,
    message TEXT NOT NULL,
    at      TEXT NOT NULL
);

CREATE TABLE settlements (               -- how far each reply was judged; written with its decisions
    stage    TEXT NOT NULL,
    idx      INTEGER NOT NULL,
    judged   INTEGER NOT NULL,           -- candidates of this reply with a fate
    complete INTEGER NOT NULL,           -- 0: the goal was reached inside this reply
    accepted INTEGER NOT NULL,           -- the stage's total after it
    PRIMARY KEY (stage, idx)
) WITHOUT ROWID;

CREATE TABLE decisions (                 -- the one fate of every candidate
    stage      TEXT NOT NULL,
    idx        INTEGER NOT NULL,
    position   INTEGER NOT NULL,
    text       TEXT NOT NULL,
    fate       TEXT NOT NULL CHECK (fate IN ('accepted', 'rejected', 'quarantined')),
    filter     TEXT NOT NULL,
    reason     TEXT NOT NULL,
    evidence   TEXT NOT NULL,
    notes      TEXT NOT NULL,
    subject    TEXT NOT NULL,            -- the id of the instruction that the candidate is about, if it is about one
    payload    TEXT NOT NULL,            -- its other parts, such as a training example's instruction and input
    similarity TEXT NOT NULL,            -- of accepted candidates: nearest entries, mean; else empty
    PRIMARY KEY (stage, idx, position)
) WITHOUT ROWID;

CREATE INDEX decisions_by_fate ON decisions (stage, fate, filter, reason);
CREATE INDEX decisions_by_subject ON decisions (stage, subject) WHERE subject != '';

CREATE VIEW instructions AS
    SELECT 'g' || idx || '.' || position AS id, idx, position, text, similarity
    FROM decisions WHERE stage = 'generate' AND fate = 'accepted';

CREATE VIEW labels AS                    -- the last word on every instruction that was asked about
    SELECT subject, text AS label, fate, idx, max(idx * 100000 + position)
    FROM decisions WHERE stage = 'classify' GROUP BY subject;

CREATE VIEW instances AS
    SELECT subject, text AS raw, idx, position FROM decisions WHERE stage = 'instances' AND fate = 'accepted';

CREATE VIEW examples AS
    SELECT 'e' || idx || '.' || position AS id, subject, json_extract(payload, '$.instruction') AS instruction,
           json_extract(payload, '$.input') AS input, text AS output,
           json_extract(payload, '$.is_classification') AS is_classification, idx, position
    FROM decisions WHERE stage = 'prepare' AND fate = 'accepted';
