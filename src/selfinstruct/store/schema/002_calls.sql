-- Every call to a model, so that budgets and daily quotas hold over kills and resumes.

CREATE TABLE IF NOT EXISTS calls (
    id                INTEGER PRIMARY KEY,
    session           INTEGER NOT NULL,  -- one command's work
    stage             TEXT NOT NULL,
    idx               INTEGER NOT NULL,
    at                REAL NOT NULL,     -- seconds since 1970 when it was sent
    ended             REAL,              -- and when it ended; nothing: it was under way when the process was killed
    prompt_tokens     INTEGER NOT NULL,  -- as reserved, and as billed once that is known
    completion_tokens INTEGER NOT NULL,
    refused           INTEGER NOT NULL   -- 1: the provider turned it away unread, so it cost nothing
);

CREATE INDEX IF NOT EXISTS calls_by_time ON calls (at);
