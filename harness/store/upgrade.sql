-- From version 1 to 2: images that do not decode and the rate of a training are on record. The views that
-- show them are dropped here and made again with all that views.sql has and the file has not.

ALTER TABLE dataset ADD COLUMN undecodable INTEGER;
ALTER TABLE sample ADD COLUMN undecodable INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempt ADD COLUMN images_per_s REAL;
DROP VIEW v_runs;
DROP VIEW v_datasets;
DROP VIEW v_samples;
PRAGMA user_version = 2;
