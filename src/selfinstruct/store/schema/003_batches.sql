-- Batches of requests that a provider answers from a file. A row is there before the file is sent.

CREATE TABLE batches (
    key               TEXT PRIMARY KEY,  -- ours; the provider keeps it too, so that a batch is found after a kill
    stage             TEXT NOT NULL,
    indexes           TEXT NOT NULL,     -- the requests in it, a JSON list
    prompt_tokens     INTEGER NOT NULL,  -- as estimated; what is billed stands in `replies`
    completion_tokens INTEGER NOT NULL,
    price_share       REAL NOT NULL,     -- what a token costs, as a share of its usual price
    provider          TEXT NOT NULL,     -- the provider's id; empty until it is known
    sent_at           TEXT NOT NULL,
    ended_at          TEXT               -- nothing: it may still bring results
);
