-- From version 1 to 2: images that do not decode, the rate of a training and choices on the validation part
-- are on record. Views that show more than they did are dropped here and made again with all that views.sql
-- has and the file has not.

ALTER TABLE dataset ADD COLUMN undecodable INTEGER;
ALTER TABLE sample ADD COLUMN undecodable INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempt ADD COLUMN images_per_s REAL;
DROP VIEW v_runs;
DROP VIEW v_datasets;
DROP VIEW v_samples;

ALTER TABLE cell ADD COLUMN diverged INTEGER NOT NULL DEFAULT 0;
ALTER TABLE member ADD COLUMN asked INTEGER REFERENCES cell;
CREATE TABLE choice (
    cell   INTEGER PRIMARY KEY REFERENCES cell,
    chosen INTEGER NOT NULL REFERENCES cell
);
CREATE TABLE choice_candidate (
    cell      INTEGER NOT NULL REFERENCES choice,
    position  INTEGER NOT NULL,
    candidate INTEGER NOT NULL REFERENCES cell,
    selected  TEXT NOT NULL,
    gain      REAL,
    best      INTEGER NOT NULL,
    PRIMARY KEY (cell, position)
) WITHOUT ROWID;

PRAGMA user_version = 2;
