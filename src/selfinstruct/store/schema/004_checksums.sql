-- A checksum a row, so that damage inside a text is found. Rows of older versions have none.

ALTER TABLE requests ADD COLUMN checksum INTEGER;
ALTER TABLE replies ADD COLUMN checksum INTEGER;
ALTER TABLE decisions ADD COLUMN checksum INTEGER;
