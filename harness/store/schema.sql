-- The tables of a results database, version 3. They are the program's own and may change: read the
-- views (views.sql), which are the public contract.
--
-- Rows come in three kinds: what is planned (grid, cell, member), who did the work (attempt,
-- heartbeat), what came out (everything below `dataset`). Results are keyed by small integers, in the
-- order in which reports read them, without a rowid of their own, so that a prediction takes about
-- 15 bytes. Words (task, part, read-out, metric, grouping) stand once, in tables of names; their
-- numbers are those of core/words.h and analysis/metrics.h. Times are UTC text, ISO 8601. No STRICT
-- tables and no RETURNING: the sqlite3 of older clusters (3.34) reads these files too.

PRAGMA application_id = 0x646d746c; -- "dmtl"
PRAGMA user_version = 4; -- upgrade-N.sql bring older files here, one version after the other

-- ---- names ----

CREATE TABLE part (part INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
INSERT INTO part VALUES (0, 'train'), (1, 'validation'), (2, 'test');

CREATE TABLE task (task INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE); -- 'all': the joint loss
INSERT INTO task VALUES (-1, 'all'), (0, 'age'), (1, 'gender'), (2, 'race');

CREATE TABLE readout (readout INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
INSERT INTO readout VALUES (0, 'count'), (1, 'argmax'), (2, 'expectation'), (3, 'median');

CREATE TABLE state (state INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
INSERT INTO state VALUES (0, 'pending'), (1, 'running'), (2, 'done'), (3, 'failed');

CREATE TABLE convention (convention INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
INSERT INTO convention VALUES (0, 'cs_lt'), (1, 'cs_le');

CREATE TABLE gate (gate INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
INSERT INTO gate VALUES (0, 'files'), (1, 'contents'), (2, 'duplicates'), (3, 'subjects'), (4, 'albums'),
    (5, 'shift'), (6, 'classes'), (7, 'groups'), (8, 'size');

CREATE TABLE verdict (verdict INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
INSERT INTO verdict VALUES (0, 'passed'), (1, 'unknown'), (2, 'warned'), (3, 'refused');

CREATE TABLE metric_name (metric INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE); -- grows by use

-- A slice of the samples: the age bins that are used, '' for none, and the group, 'all' for everyone.
CREATE TABLE slice (
    slice    INTEGER PRIMARY KEY,
    grouping TEXT NOT NULL,
    bins     TEXT NOT NULL,
    UNIQUE (grouping, bins)
);

-- ---- what is planned ----

CREATE TABLE grid (
    grid   INTEGER PRIMARY KEY,
    name   TEXT NOT NULL UNIQUE,
    source TEXT NOT NULL           -- the grid file's text, as it was last run
);

-- One configuration, trained once, whatever grids it stands in. Small columns first: SQLite reads a
-- row from its front, and the configuration may lie on a page of its own.
CREATE TABLE cell (
    cell           INTEGER PRIMARY KEY,
    id             TEXT NOT NULL UNIQUE,       -- SHA-256 of the canonical configuration
    state          INTEGER NOT NULL DEFAULT 0 REFERENCES state,
    seed           INTEGER NOT NULL,
    split_seed     INTEGER NOT NULL,
    fold           INTEGER NOT NULL,           -- -1: the split has none
    epochs         INTEGER NOT NULL,           -- wanted
    epochs_done    INTEGER NOT NULL DEFAULT 0, -- and durable
    step           INTEGER NOT NULL DEFAULT 0, -- of the checkpoint on disk, 0: none
    reported_epoch INTEGER,                    -- whose results stand in the tables below
    token          INTEGER NOT NULL DEFAULT 0, -- fencing: the newest claim's number
    diverged       INTEGER NOT NULL DEFAULT 0, -- 1: it failed because a loss was no number any more
    wall_s         REAL NOT NULL DEFAULT 0,    -- seconds of work so far, all attempts together
    started        TEXT,                       -- first claim
    finished       TEXT,                       -- done or failed
    dataset        TEXT NOT NULL,              -- the name in the configuration
    split          TEXT NOT NULL,
    error          TEXT,                       -- of the newest claim, where that failed
    config         TEXT NOT NULL               -- resolved, JSON
);

CREATE TABLE member ( -- of a grid; a cell may stand in several grids, or twice in one
    grid     INTEGER NOT NULL REFERENCES grid,
    position INTEGER NOT NULL,
    cell     INTEGER NOT NULL REFERENCES cell,
    variant  TEXT NOT NULL,
    axes     TEXT NOT NULL,        -- JSON object, pointer -> value
    asked    INTEGER REFERENCES cell, -- the cell whose choice gave this one; NULL: there was none
    PRIMARY KEY (grid, position)
) WITHOUT ROWID;
CREATE INDEX member_by_cell ON member (cell);

-- A choice on the validation part (/select): `cell` stands for the question, its configuration has the
-- values to try; `chosen` is the cell with the values that were found, which members then point to.
CREATE TABLE choice (
    cell   INTEGER PRIMARY KEY REFERENCES cell,
    chosen INTEGER NOT NULL REFERENCES cell
);

CREATE TABLE choice_candidate (
    cell      INTEGER NOT NULL REFERENCES choice,
    position  INTEGER NOT NULL,    -- gains are against the first that did not diverge
    candidate INTEGER NOT NULL REFERENCES cell,
    selected  TEXT NOT NULL,       -- JSON object, pointer -> value
    gain      REAL,                -- mean over tasks of the relative gain; NULL: the candidate diverged
    best      INTEGER NOT NULL,    -- 1: its values were chosen
    PRIMARY KEY (cell, position)
) WITHOUT ROWID;

-- ---- who did the work ----

CREATE TABLE attempt ( -- one claim of a cell by a worker; `attempt` is the claim's token
    cell             INTEGER NOT NULL REFERENCES cell,
    attempt          INTEGER NOT NULL,
    started          TEXT NOT NULL,
    ended            TEXT,         -- NULL: running, or the worker died
    outcome          INTEGER REFERENCES state, -- done, failed, or pending: interrupted
    wall_s           REAL,         -- the cell's seconds of work up to the end of this attempt
    peak_rss_bytes   INTEGER,
    images_per_s     REAL,         -- of training; NULL: the attempt did not end done
    threads          INTEGER,
    host             TEXT,
    device           TEXT,
    program_version  TEXT,
    git_commit       TEXT,         -- with "-dirty" where the tree differed from it
    libtorch         TEXT,         -- as its headers say it: th_version in torch/th.h
    blas             TEXT,
    data_fingerprint TEXT,
    weights_sha256   TEXT,         -- of the file that the trunk started from
    lists_sha256     TEXT,         -- over the lists that the parts were made from; NULL: none
    backend          TEXT,         -- what computed the trunk: libtorch, native avx512, ...
    PRIMARY KEY (cell, attempt)
) WITHOUT ROWID;

CREATE TABLE heartbeat ( -- for display alone: may be stale, nothing is decided by it
    cell         INTEGER PRIMARY KEY REFERENCES cell,
    at           TEXT NOT NULL,
    epochs_done  INTEGER NOT NULL,
    fraction     REAL NOT NULL,    -- of the whole cell, 0 to 1
    images_per_s REAL NOT NULL
);

-- ---- what came out ----

CREATE TABLE dataset (
    dataset      INTEGER PRIMARY KEY,
    name         TEXT NOT NULL,
    fingerprint  TEXT NOT NULL,
    first_sample INTEGER NOT NULL,  -- its samples are first_sample ... first_sample + samples - 1
    samples      INTEGER NOT NULL,
    drawn        INTEGER NOT NULL,  -- 1: drawn by the program, no photographs
    exact_ages   INTEGER NOT NULL,  -- 1: age labels are years; 0: groups of ages
    undecodable  INTEGER,           -- samples with that mark; NULL: not known yet
    UNIQUE (name, fingerprint)
);

CREATE TABLE class_name ( -- of labels that have names
    dataset   INTEGER NOT NULL REFERENCES dataset,
    attribute INTEGER NOT NULL REFERENCES task,
    label     INTEGER NOT NULL,
    name      TEXT NOT NULL,
    PRIMARY KEY (dataset, attribute, label)
) WITHOUT ROWID;

CREATE TABLE sample (
    sample          INTEGER PRIMARY KEY, -- across all data sets of the file
    dataset         INTEGER NOT NULL REFERENCES dataset,
    age             INTEGER,             -- labels; NULL: none
    gender          INTEGER,
    race            INTEGER,
    id              TEXT NOT NULL,
    subject         TEXT,
    duplicate_group INTEGER,
    superseded      INTEGER NOT NULL DEFAULT 0, -- 1: a later content of the set has this id too
    undecodable     INTEGER NOT NULL DEFAULT 0, -- 1: its image does not decode: it is in no part
    content         TEXT,                -- SHA-256 of its file; NULL: stored before version 3
    UNIQUE (dataset, id)
);

CREATE TABLE finding ( -- one measure of a gate on the cell's split, as of its newest claim
    cell      INTEGER NOT NULL REFERENCES cell,
    position  INTEGER NOT NULL,
    gate      INTEGER NOT NULL REFERENCES gate,
    verdict   INTEGER NOT NULL REFERENCES verdict, -- by the rules of the grid that ran it
    attribute INTEGER REFERENCES task, -- NULL: of none or several
    part      INTEGER REFERENCES part, -- NULL: of none
    against   INTEGER REFERENCES part,
    value     REAL,                -- NULL: nothing to measure
    bound     REAL NOT NULL,       -- above which it was beyond
    n         INTEGER NOT NULL,    -- samples looked at
    examples  TEXT NOT NULL,       -- JSON
    text      TEXT NOT NULL,       -- for people
    PRIMARY KEY (cell, position)
) WITHOUT ROWID;

CREATE TABLE prediction (
    cell      INTEGER NOT NULL REFERENCES cell,
    part      INTEGER NOT NULL REFERENCES part,
    task      INTEGER NOT NULL REFERENCES task,
    sample    INTEGER NOT NULL REFERENCES sample,
    truth     INTEGER NOT NULL,
    predicted REAL NOT NULL,       -- the read-out of record
    PRIMARY KEY (cell, part, task, sample)
) WITHOUT ROWID;

CREATE TABLE probability ( -- apart from predictions, which are scanned far more often
    cell          INTEGER NOT NULL REFERENCES cell,
    part          INTEGER NOT NULL REFERENCES part,
    task          INTEGER NOT NULL REFERENCES task,
    sample        INTEGER NOT NULL REFERENCES sample,
    ordinal       INTEGER NOT NULL, -- 1: P(y > r_k), K - 1 values; 0: K class probabilities
    probabilities BLOB NOT NULL,    -- float32, little-endian
    PRIMARY KEY (cell, part, task, sample)
) WITHOUT ROWID;

CREATE TABLE metric (
    cell    INTEGER NOT NULL REFERENCES cell,
    part    INTEGER NOT NULL REFERENCES part,
    task    INTEGER NOT NULL REFERENCES task,
    slice   INTEGER NOT NULL REFERENCES slice,
    readout INTEGER NOT NULL REFERENCES readout,
    metric  INTEGER NOT NULL REFERENCES metric_name,
    value   REAL NOT NULL,
    n       INTEGER NOT NULL,      -- labelled samples behind the value
    PRIMARY KEY (cell, part, task, slice, readout, metric)
) WITHOUT ROWID;

CREATE TABLE confusion (
    cell      INTEGER NOT NULL REFERENCES cell,
    part      INTEGER NOT NULL REFERENCES part,
    task      INTEGER NOT NULL REFERENCES task,
    slice     INTEGER NOT NULL REFERENCES slice,
    readout   INTEGER NOT NULL REFERENCES readout,
    truth     INTEGER NOT NULL,
    predicted INTEGER NOT NULL,
    n         INTEGER NOT NULL,
    PRIMARY KEY (cell, part, task, slice, readout, truth, predicted)
) WITHOUT ROWID;

CREATE TABLE cs (
    cell       INTEGER NOT NULL REFERENCES cell,
    part       INTEGER NOT NULL REFERENCES part,
    task       INTEGER NOT NULL REFERENCES task,
    readout    INTEGER NOT NULL REFERENCES readout,
    convention INTEGER NOT NULL REFERENCES convention,
    i          INTEGER NOT NULL,
    value      REAL NOT NULL,
    PRIMARY KEY (cell, part, task, readout, convention, i)
) WITHOUT ROWID;

CREATE TABLE epoch (
    cell   INTEGER NOT NULL REFERENCES cell,
    epoch  INTEGER NOT NULL,       -- 1 is the first
    part   INTEGER NOT NULL REFERENCES part,
    task   INTEGER NOT NULL REFERENCES task,
    metric INTEGER NOT NULL REFERENCES metric_name,
    value  REAL,                   -- NULL: not a number, as a loss that diverged
    n      INTEGER NOT NULL,
    PRIMARY KEY (cell, epoch, part, task, metric)
) WITHOUT ROWID;

CREATE TABLE weight (
    cell         INTEGER NOT NULL REFERENCES cell,
    step         INTEGER NOT NULL,
    task         INTEGER NOT NULL REFERENCES task,
    epoch        INTEGER NOT NULL,
    loss         REAL,             -- NULL: not a number
    log_variance REAL,             -- NULL: none is learned
    weight       REAL,             -- as applied
    beta         REAL,             -- Eq 16
    PRIMARY KEY (cell, step, task)
) WITHOUT ROWID;
