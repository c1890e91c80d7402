-- From version 2 to 3: what each image's file held is on record. Views that show more than they did are
-- dropped, as in upgrade-1.sql, and made again with all of views.sql once the last step is done.

ALTER TABLE sample ADD COLUMN content TEXT;
DROP VIEW IF EXISTS v_samples;
ALTER TABLE attempt ADD COLUMN lists_sha256 TEXT;
DROP VIEW IF EXISTS v_runs;

PRAGMA user_version = 3;
