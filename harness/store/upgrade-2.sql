-- From version 2 to 3: what each image's file held and what the gates found are on record. Views that show more than they did are
-- dropped, as in upgrade-1.sql, and made again with all of views.sql once the last step is done.

ALTER TABLE sample ADD COLUMN content TEXT;
DROP VIEW IF EXISTS v_samples;
ALTER TABLE attempt ADD COLUMN lists_sha256 TEXT;
DROP VIEW IF EXISTS v_runs;

CREATE TABLE gate (gate INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
INSERT INTO gate VALUES (0, 'files'), (1, 'contents'), (2, 'duplicates'), (3, 'subjects'), (4, 'albums'),
    (5, 'shift'), (6, 'classes'), (7, 'groups'), (8, 'size');

CREATE TABLE verdict (verdict INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
INSERT INTO verdict VALUES (0, 'passed'), (1, 'unknown'), (2, 'warned'), (3, 'refused');

CREATE TABLE finding (
    cell      INTEGER NOT NULL REFERENCES cell,
    position  INTEGER NOT NULL,
    gate      INTEGER NOT NULL REFERENCES gate,
    verdict   INTEGER NOT NULL REFERENCES verdict,
    attribute INTEGER REFERENCES task,
    part      INTEGER REFERENCES part,
    against   INTEGER REFERENCES part,
    value     REAL,
    bound     REAL NOT NULL,
    n         INTEGER NOT NULL,
    examples  TEXT NOT NULL,
    text      TEXT NOT NULL,
    PRIMARY KEY (cell, position)
) WITHOUT ROWID;
DROP VIEW IF EXISTS v_cells;

PRAGMA user_version = 3;
