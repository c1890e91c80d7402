-- The public contract of a results database: what other programs, notebooks and our own reports read.
-- Names and columns below stay; columns may be added at the end.
--
-- Common columns. `cell`: the cell's id, 64 hexadecimal digits, the same in every database. `grid`,
-- `variant`: a cell that stands in two grids, or as two variants of one, gives a row in each: filter by
-- grid, or count distinct cells. `seed` keys training. `fold`: 0-4, -1 where the split has none.
-- Grid `import` holds predictions of other systems (`dmtl import`): its variants are the systems, a cell is a
-- seed and fold, its device is 'import' and its split 'imported'.
-- `part`: train, validation, test. `task`: age, gender, race (in v_epochs also all, the joint loss).
-- `readout`: how a head's probabilities became one number: count, argmax, expectation, median.
-- Labels are integers (v_classes has their names); shares run from 0 to 1; numbers are REAL.
-- Average over seed, split seed and fold alone; every other axis makes rows of its own.
--
-- `grouping` is 'all' or a conjunction such as 'age_group=20-29,gender=female', attributes in the order
-- age_group, gender, race, with ',' '=' '%' in names written %2C %3D %25. Groups go by the true labels;
-- a sample that lacks an attribute's label is in no group of it, and in 'all'.
--
-- `bins` names the age bins of datasets/age-groups.json used for metric and grouping alike, '' if none:
--   bins = ''          age counts as it is labelled: years, or the groups of a set that has only groups
--   bins = 'decades'   the age groups of `grouping` are decades, and the age task's accuracy,
--                      accuracy_within_1 and confusion compare decades, not years
-- mae, mse and bias are in the label's own unit whatever the bins, and gender and race know no bins, so
-- a row with bins stands only where the bins matter: where the grouping has an age_group, or the metric
-- is one of those three of the age task. Thus the MAE of all is (bins '', grouping 'all'), the
-- age-group accuracy of all (bins 'fairface-9', grouping 'all'), the MAE of those in their twenties
-- (bins 'decades', grouping 'age_group=20-29').

-- One row a cell and membership. `axes`: JSON object, pointer to value. device, libtorch, threads,
-- git_commit and data_fingerprint are those of the newest run (v_runs has all). Times are UTC. `leaky`: 1 where
-- parts of the split share files, contents, near-identical images or persons, 0 where the gates found none of
-- these, NULL where they have not looked (v_findings).
CREATE VIEW IF NOT EXISTS v_cells AS
SELECT c.id AS cell, g.name AS grid, m.variant, c.dataset, c.split, c.split_seed, c.seed, c.fold,
    m.axes, st.name AS state, c.epochs_done, c.epochs, c.started, c.finished, c.error, a.device,
    a.libtorch, a.threads, a.git_commit, a.data_fingerprint,
    (SELECT max(f.gate <= 3 AND f.value > 0) FROM finding f WHERE f.cell = c.cell) AS leaky
FROM grid g
JOIN member m ON m.grid = g.grid
JOIN cell c ON c.cell = m.cell
JOIN state st ON st.state = c.state
LEFT JOIN attempt a ON a.cell = c.cell AND a.attempt = c.token;

-- Keys that a grid had chosen on the validation part: one row a candidate and answered cell. `cell`: the
-- answer, which stands in `grid` under `variant`. `candidate`: the cell that was tried with the values
-- `selected` (JSON, pointer to value). `gain`: its mean relative gain over the tasks against the first
-- candidate that did not diverge, NULL where it did itself. `best`: 1 for the candidate whose values the cell has.
CREATE VIEW IF NOT EXISTS v_choices AS
SELECT g.name AS grid, m.variant, c.id AS cell, c.split_seed, c.seed, c.fold, m.axes, k.position,
    t.id AS candidate, k.selected, k.gain, k.best
FROM grid g
JOIN member m ON m.grid = g.grid
JOIN cell c ON c.cell = m.cell
JOIN choice_candidate k ON k.cell = m.asked
JOIN cell t ON t.cell = k.candidate;

-- What the gates found of a cell's split before it was trained, one row a measure. `gate`: files, contents,
-- duplicates, subjects, albums (what `part` shares with `against`; `value`: images of `part`), shift (label
-- shares against those of `against`; `value`: Cramer's V), classes, groups (missing in one of the two; `value`:
-- how many), size (`value`: width of the 95 % interval of a share of .5). `outcome`: passed, unknown where the
-- set does not say what it takes to tell, warned, refused. `attribute`: age, gender, race, or NULL. A value above
-- `bound` is beyond it; of a shift p must be below its bound too. `n`: samples looked at. `examples`: JSON, up to
-- three pairs of samples, or names of classes. `text`: for people.
CREATE VIEW IF NOT EXISTS v_findings AS
SELECT c.id AS cell, g.name AS grid, m.variant, c.dataset, c.split, c.split_seed, c.seed, c.fold,
    ga.name AS gate, ve.name AS outcome, ta.name AS attribute, pa.name AS part, ag.name AS against, f.value,
    f.bound, f.n, f.examples, f.text
FROM grid g
JOIN member m ON m.grid = g.grid
JOIN cell c ON c.cell = m.cell
JOIN finding f ON f.cell = c.cell
JOIN gate ga ON ga.gate = f.gate
JOIN verdict ve ON ve.verdict = f.verdict
LEFT JOIN task ta ON ta.task = f.attribute
LEFT JOIN part pa ON pa.part = f.part
LEFT JOIN part ag ON ag.part = f.against;

-- Provenance: one row each time a worker took a cell, the newest with the highest `run`. `outcome`: done,
-- failed, pending where it was interrupted, or NULL where it runs or died. `wall_s`: the cell's seconds of
-- work up to the end of this run, earlier runs included. `images_per_s`: images trained on a second within
-- epochs, their timed checkpoints included, start-up and evaluation apart; NULL where the run did not end done or had nothing
-- left to train. `libtorch`: the version in the headers that the program was built with; a library that
-- tells its own (since 2.8) is the same, and Debian 12's package of 1.13.1 says 1.13.0. `git_commit` ends in -dirty where the
-- program was built from a changed tree.
-- `backend`: what computed the trunk, libtorch or the kernels of our own with their instruction set.
-- `weights_sha256`: the file that the trunk started from, NULL for none. `lists_sha256`: over the lists of names
-- that the parts were made from, NULL for none.
CREATE VIEW IF NOT EXISTS v_runs AS
SELECT c.id AS cell, a.attempt AS run, a.started, a.ended, st.name AS outcome, a.wall_s,
    a.peak_rss_bytes, a.images_per_s, a.threads, a.host, a.device, a.program_version, a.git_commit, a.libtorch, a.blas,
    a.data_fingerprint, a.weights_sha256, a.lists_sha256, a.backend
FROM attempt a
JOIN cell c ON c.cell = a.cell
LEFT JOIN state st ON st.state = a.outcome;

-- One row a content of a set's folder. `drawn`: 1 for drawn images, whose results carry a mark wherever
-- they are shown. `exact_ages`: 1 where age labels are years, 0 where they are groups. `current`: 1 for
-- the content of this name that was registered last. `undecodable`: of its `samples`, those whose images
-- do not decode and are left out of every part; NULL where no run has looked yet.
CREATE VIEW IF NOT EXISTS v_datasets AS
SELECT d.name AS dataset, d.fingerprint, d.samples, d.drawn, d.exact_ages,
    NOT EXISTS (SELECT 1 FROM dataset n WHERE n.name = d.name AND n.dataset > d.dataset) AS current,
    d.undecodable
FROM dataset d;

-- Names of labels, by set; an age in years has none.
CREATE VIEW IF NOT EXISTS v_classes AS
SELECT d.name AS dataset, ta.name AS attribute, x.label, x.name
FROM dataset d
JOIN class_name x ON x.dataset = d.dataset
JOIN task ta ON ta.task = x.attribute
WHERE NOT EXISTS (SELECT 1 FROM dataset n WHERE n.name = d.name AND n.dataset > d.dataset);

-- `sample`: the sample's id in its set, as UTKFace's file name. `age` only where ages are exact, else
-- `age_group`. Where a set was met with two contents, a sample's labels are those met last, so that a
-- join by (dataset, sample) never doubles rows; what a cell was compared with is v_predictions.truth.
-- `undecodable`: 1 where the image does not decode, so that no part has it. `content`: the SHA-256 of the
-- image's file, NULL where an older dmtl stored the sample.
CREATE VIEW IF NOT EXISTS v_samples AS
SELECT d.name AS dataset, s.id AS sample, CASE WHEN d.exact_ages THEN s.age END AS age, s.gender,
    s.race, CASE WHEN NOT d.exact_ages THEN s.age END AS age_group, s.subject, s.duplicate_group,
    s.undecodable, s.content
FROM dataset d
JOIN sample s ON s.dataset = d.dataset
WHERE NOT s.superseded;

-- Every prediction on the validation and test parts, by the read-out of record. `predicted` is REAL and
-- may be no integer.
CREATE VIEW IF NOT EXISTS v_predictions AS
SELECT c.id AS cell, g.name AS grid, m.variant, c.seed, c.fold, pa.name AS part, ta.name AS task,
    s.id AS sample, p.truth, p.predicted
FROM grid g
JOIN member m ON m.grid = g.grid
JOIN cell c ON c.cell = m.cell
JOIN prediction p ON p.cell = c.cell
JOIN part pa ON pa.part = p.part
JOIN task ta ON ta.task = p.task
LEFT JOIN sample s ON s.sample = p.sample;

-- Metrics of the reported epoch. `n`: labelled samples behind the value; groups without any have no row.
-- Groups stand for the read-out of record alone, other read-outs for 'all'.
CREATE VIEW IF NOT EXISTS v_metrics AS
SELECT c.id AS cell, g.name AS grid, m.variant, c.seed, c.fold, pa.name AS part, ta.name AS task,
    ro.name AS readout, sl.bins, sl.grouping, mn.name AS metric, x.value, x.n
FROM grid g
JOIN member m ON m.grid = g.grid
JOIN cell c ON c.cell = m.cell
JOIN metric x ON x.cell = c.cell
JOIN part pa ON pa.part = x.part
JOIN task ta ON ta.task = x.task
JOIN slice sl ON sl.slice = x.slice
JOIN readout ro ON ro.readout = x.readout
JOIN metric_name mn ON mn.metric = x.metric;

-- Losses and metrics during training, train and validation; epoch 1 is the first. task 'all', metric
-- 'loss': the joint loss. A value that is no number (a loss that diverged) is NULL.
CREATE VIEW IF NOT EXISTS v_epochs AS
SELECT c.id AS cell, g.name AS grid, m.variant, c.seed, c.fold, x.epoch, pa.name AS part,
    ta.name AS task, mn.name AS metric, x.value, x.n
FROM grid g
JOIN member m ON m.grid = g.grid
JOIN cell c ON c.cell = m.cell
JOIN epoch x ON x.cell = c.cell
JOIN part pa ON pa.part = x.part
JOIN task ta ON ta.task = x.task
JOIN metric_name mn ON mn.metric = x.metric;

-- Counts of (truth, predicted), zeros left out: labels, or for the age task with bins the positions of
-- the age groups in their set, from 0. Read-outs are rounded half up. The age task without bins stands
-- for 'all' alone where ages are years.
CREATE VIEW IF NOT EXISTS v_confusion AS
SELECT c.id AS cell, g.name AS grid, m.variant, c.seed, c.fold, pa.name AS part, ta.name AS task,
    ro.name AS readout, sl.bins, sl.grouping, x.truth, x.predicted, x.n
FROM grid g
JOIN member m ON m.grid = g.grid
JOIN cell c ON c.cell = m.cell
JOIN confusion x ON x.cell = c.cell
JOIN part pa ON pa.part = x.part
JOIN task ta ON ta.task = x.task
JOIN slice sl ON sl.slice = x.slice
JOIN readout ro ON ro.readout = x.readout;

-- Cumulative scores of ordered tasks, i = 0 ... 25: the share of samples with absolute error < i (cs_lt,
-- the paper's Eq 17) or <= i (cs_le, everyone else's).
CREATE VIEW IF NOT EXISTS v_cs AS
SELECT c.id AS cell, g.name AS grid, m.variant, c.seed, c.fold, pa.name AS part, ta.name AS task,
    ro.name AS readout, co.name AS convention, x.i, x.value
FROM grid g
JOIN member m ON m.grid = g.grid
JOIN cell c ON c.cell = m.cell
JOIN cs x ON x.cell = c.cell
JOIN part pa ON pa.part = x.part
JOIN task ta ON ta.task = x.task
JOIN readout ro ON ro.readout = x.readout
JOIN convention co ON co.convention = x.convention;

-- The tasks' weights during training. `weight` as applied to the loss, `beta` by Eq 16; `log_variance`
-- NULL where none is learned.
CREATE VIEW IF NOT EXISTS v_weights AS
SELECT c.id AS cell, g.name AS grid, m.variant, c.seed, c.fold, x.epoch, x.step, ta.name AS task,
    x.loss, x.log_variance, x.weight, x.beta
FROM grid g
JOIN member m ON m.grid = g.grid
JOIN cell c ON c.cell = m.cell
JOIN weight x ON x.cell = c.cell
JOIN task ta ON ta.task = x.task;

-- The probabilities behind the predictions, once a cell. `probabilities`: float32, little-endian;
-- kind 'nominal': K class probabilities, kind 'ordinal': the K - 1 values P(y > r_k).
CREATE VIEW IF NOT EXISTS v_probabilities AS
SELECT c.id AS cell, pa.name AS part, ta.name AS task, s.id AS sample,
    CASE x.ordinal WHEN 1 THEN 'ordinal' ELSE 'nominal' END AS kind, x.probabilities
FROM cell c
JOIN probability x ON x.cell = c.cell
JOIN part pa ON pa.part = x.part
JOIN task ta ON ta.task = x.task
LEFT JOIN sample s ON s.sample = x.sample;
