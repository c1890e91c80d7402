-- From version 3 to 4: what computed the trunk is on record. Files before it knew libtorch alone.

ALTER TABLE attempt ADD COLUMN backend TEXT;
UPDATE attempt SET backend = 'libtorch' WHERE libtorch IS NOT NULL;
DROP VIEW IF EXISTS v_runs;

PRAGMA user_version = 4;
