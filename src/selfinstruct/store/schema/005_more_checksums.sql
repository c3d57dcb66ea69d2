-- Checksums for the rows on which every later request depends. Rows of older versions have none.

ALTER TABLE run ADD COLUMN checksum INTEGER;
ALTER TABLE seeds ADD COLUMN checksum INTEGER;
ALTER TABLE settlements ADD COLUMN checksum INTEGER;
