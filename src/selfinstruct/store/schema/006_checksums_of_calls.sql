-- Checksums for the rows from which budgets, quotas and batches are counted. Rows of older versions have none.

ALTER TABLE calls ADD COLUMN checksum INTEGER;
ALTER TABLE retries ADD COLUMN checksum INTEGER;
ALTER TABLE batches ADD COLUMN checksum INTEGER;
