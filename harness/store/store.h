/* The results database: one SQLite file for any number of grids. schema.sql says what each table
 * holds, views.sql is the public contract. This header is how the program writes it and asks for
 * what has a type; reports read the views by SQL (store_db).
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "analysis/breakdown.h"
#include "core/err.h"
#include "core/sha256.h"
#include "core/str.h"
#include "core/words.h"

#include <sqlite3.h>
#include <stdint.h>

struct store;
struct store_sample;

/* STORE_WRITE makes the file, and its folder, where they are not there. Refused with a message (usage): a
 * file that is no SQLite database, another program's (application_id), a newer schema than ours; an older
 * one is upgraded by STORE_WRITE and read as it is by STORE_READ (the views then lack
 * columns that came later). Uses
 * WAL on a local file system, a rollback journal on a network file system (statfs) and, where the file is made,
 * for STORE_WRITE_SHARD: a shard is one process's, and is to be copied as one file. STORE_READ works in
 * a folder that cannot be written too, unless a WAL with newer results lies beside the file. A lock is
 * waited for up to 30 s. */
enum store_mode { STORE_READ, STORE_WRITE, STORE_WRITE_SHARD };
struct store *store_open(const char *path, enum store_mode mode, struct err *e);
void store_close(struct store *s);
bool store_outdated(const struct store *s); /* opened by STORE_READ, and of an older schema */
sqlite3 *store_db(struct store *s);
const char *store_path(const struct store *s);

/* Transactions: BEGIN IMMEDIATE; an error inside must be followed by store_rollback. Functions that are
 * not said to need a transaction are one of their own where none is open. */
bool store_begin(struct store *s, struct err *e);
bool store_commit(struct store *s, struct err *e); /* durable: synchronous=EXTRA */
void store_rollback(struct store *s);

/* ---- what is planned ---- */

/* Registers or updates a grid by name. `source`: the grid file's text, from which reports take rows,
 * baseline and columns. */
bool store_put_grid(
    struct store *s, const char *name, const char *source, int64_t *grid, struct err *e);

struct store_cell {
    const char *id;     /* SHA-256 of the canonical configuration */
    const char *config; /* the whole resolved configuration, JSON */
    const char *dataset, *split;
    uint64_t split_seed, seed;
    int fold; /* -1: the split has none */
    int epochs;
};
bool store_put_cell(struct store *s, const struct store_cell *c, int64_t *cell, struct err *e);
/* Members of a grid: variant and axes (JSON object, pointer -> value) of a cell, at a position. Members
 * of this grid that are not put again between clear and commit are gone from it (the cell stays). */
bool store_clear_members(struct store *s, int64_t grid, struct err *e);
/* Where the cell's open keys were chosen already, the member is the cell that has their values. */
bool store_put_member(struct store *s, int64_t grid, int64_t cell, const char *variant,
    const char *axes, int position, struct err *e);
/* ---- keys chosen on the validation part ---- */

struct store_candidate {
    int64_t cell;
    const char *selected; /* JSON, pointer -> value */
    double gain;          /* NaN: it failed */
};
/* Puts on record that `cell`, which asks, is answered by `chosen`, with the candidates' gains and which
 * is the best, and has every grid's members point there; inside a transaction. A second time changes
 * nothing, for the same candidates give the same answer. */
bool store_put_choice(struct store *s, int64_t cell, int64_t chosen,
    const struct store_candidate *candidates, size_t n, size_t best, struct err *e);
/* The row of the cell that answers the cell with this id, or 0: it asks nothing or is not answered yet;
 * -1: an error. */
int64_t store_choice(struct store *s, const char *id, struct err *e);

/* The text that the grid was registered with; the caller frees; NULL with an error that lists the
 * grids in this file where there is none of this name. */
char *store_grid_source(struct store *s, const char *name, struct err *e);

/* ---- the life of a cell ---- */

struct provenance {                           /* strings may be NULL: unknown */
    const char *program_version, *git_commit; /* the commit with "-dirty" where it was */
    const char *libtorch, *blas, *device, *host;
    const char *backend; /* what computes the trunk; NULL: not known yet */
    int threads;
    const char *data_fingerprint, *weights_sha256, *lists_sha256;
};
/* Claims for a worker that holds the cell's lock: state running, a new fencing token, attempt + 1.
 * Refused (false, no error) where the cell is done already. */
bool store_claim(
    struct store *s, int64_t cell, const struct provenance *p, int64_t *token, struct err *e);
/* Inside a transaction: fails unless `token` is the cell's newest. */
bool store_check_token(struct store *s, int64_t cell, int64_t token, struct err *e);
/* A durable step, in one transaction with the rows up to it: epochs done (the first epoch is 1), the
 * step of the checkpoint on disk (0: none), seconds of work so far. */
bool store_progress(
    struct store *s, int64_t cell, int epochs_done, int64_t step, double wall_s, struct err *e);
bool store_heartbeat(struct store *s, int64_t cell, int epochs_done, double fraction,
    double images_per_s, struct err *e); /* for display alone: waits for no lock */
/* Images that the newest attempt trained on a second; before store_finish. */
bool store_trained(struct store *s, int64_t cell, double images_per_s, struct err *e);
/* The end, in one transaction with the results; peak_rss_bytes 0: unknown. */
bool store_finish(struct store *s, int64_t cell, double wall_s, int64_t peak_rss_bytes,
    int reported_epoch, struct err *e);
/* The end without results, of the claim `token`; where that is not the newest, an error, and nothing is
 * recorded. Failed: kept with its message until the next claim. Interrupted: pending again. */
bool store_fail(struct store *s, int64_t cell, int64_t token, const char *message, struct err *e);
/* Puts on record that a failed cell would fail so again, until its next claim. */
bool store_diverged(struct store *s, int64_t cell, struct err *e);
bool store_interrupt(struct store *s, int64_t cell, int64_t token, struct err *e);
/* Makes a failed cell pending again; its message stays until the next claim. */
bool store_retry(struct store *s, int64_t cell, struct err *e);
/* Puts the cell back to a checkpoint: its epochs_done and step are these, and its rows of later epochs and
 * steps and all its results are gone, as the resume will write them again. */
bool store_rewind(struct store *s, int64_t cell, int epochs_done, int64_t step, struct err *e);

/* Takes the cell out of the file, its results and memberships too. Not for one that others choose from. */
bool store_delete_cell(struct store *s, int64_t cell, struct err *e);

struct cell_record {
    int64_t cell;
    char id[SHA256_HEX];
    char *variant; /* of the grid asked for */
    char *axes;
    char *config;
    char *error;
    char *fingerprint; /* of the data that it read last, or NULL */
    enum cell_state state;
    bool diverged; /* it failed, and would again */
    int epochs, epochs_done;
    int64_t step;
    double wall_s;
    double fraction, images_per_s; /* heartbeat */
    double heartbeat_age_s; /* seconds since it, by this machine's clock; -1: there is none */
};
/* What a cell's data come from: a set by its name, how it is read (names of /data/age_labels,
 * /data/repeated_rows, /data/crop), and what its folder then gives. */
struct store_source {
    const char *dataset, *ages, *age_labels, *repeated_rows, *crop, *races, *corrections;
    const char *fingerprint, *folder;
    const struct store_sample *samples; /* n of them, sorted by id (bytes); NULL: not known */
    size_t n;
};
/* One version of a set's folder a grid and reading: ERR_USAGE where a cell of `grid` on this set, read in this
 * way, that is done or has a checkpoint read data with another fingerprint. The message says which files and
 * labels changed, where the samples of then are stored. */
bool store_check_data(
    struct store *s, const char *grid, const struct store_source *source, struct err *e);

/* Appends "; since then 2 files are new (...), 1 file is gone (...)": how the samples of `source` differ from those
 * stored with the set's other fingerprint, the first of each kind by name. Nothing where those are not stored. */
bool store_describe_changes(struct store *s, const struct store_source *source,
    const char *fingerprint, struct str *out, struct err *e);

/* One content behind /split/lists (canonical JSON) a grid: ERR_USAGE where a cell of `grid` with these that is
 * done or has a checkpoint was split by lists of another. */
bool store_check_lists(
    struct store *s, const char *grid, const char *lists, const char *sha256, struct err *e);

/* One file behind a name a grid: ERR_USAGE where a cell of `grid` with this trunk and /trunk/weights is done
 * that began with a file of another SHA-256. */
bool store_check_weights(struct store *s, const char *grid, const char *trunk, const char *weights,
    const char *sha256, struct err *e);

/* How far n cells are, whatever grids they stand in, by their ids: C strings, `stride` bytes apart from `ids`
 * on. A cell that this file does not hold is pending; one whose open keys were chosen is as far as the cell
 * that has their values. */
struct cell_progress {
    enum cell_state state;
    int epochs_done;
    double fraction; /* of its work, as its worker said last */
    double wall_s;   /* of work so far */
    int threads;     /* of its last run; 0: none */
    bool diverged;
    /* what was chosen for its open keys: JSON, pointer -> value; NULL: nothing yet */
    char *selected;
};
bool store_cells_progress(struct store *s, const char *ids, size_t n, size_t stride,
    struct cell_progress *progress, struct err *e);
void store_progress_free(struct cell_progress *progress, size_t n); /* the array too */

/* A grid's cells in their order. The caller frees with store_cells_free. */
bool store_cells(
    struct store *s, const char *grid, struct cell_record **cells, size_t *n, struct err *e);
void store_cells_free(struct cell_record *cells, size_t n);
/* Leaves each id once, in the same order, and returns how many; the others stand behind them, to be freed. */
size_t store_cells_once(struct cell_record *cells, size_t n);

/* One of them as it is now: 1 (store_cell_free), 0: it does not stand in that grid, -1: e. */
int store_cell(
    struct store *s, const char *grid, int64_t cell, struct cell_record *r, struct err *e);
void store_cell_free(struct cell_record *r);

/* ---- samples and results; each inside a transaction ---- */

struct store_sample {
    const char *id;
    int label[ATTR_COUNT]; /* LABEL_MISSING: none */
    const char *subject;   /* NULL: none */
    int duplicate_group;   /* -1: none */
    const char *content;   /* SHA-256 of its file; NULL: not known */
};
/* Registers a data set by fingerprint once; a second call finds it, and adds
 * contents and duplicate groups where it has none. *dataset is its row; samples get
 * the numbers 0..n-1 in the order given. `drawn`: not photographs. `class_names`: JSON,
 * {"gender": ["male", "female"], ...}. */
bool store_put_dataset(struct store *s, const char *name, const char *fingerprint, bool drawn,
    bool exact_ages, const char *class_names, const struct store_sample *samples, size_t n,
    int64_t *dataset, struct err *e);

/* Notes which samples of a set do not decode: bad[i] nonzero for number i, `n` all there are. */
bool store_put_undecodable(
    struct store *s, int64_t dataset, const uint8_t *bad, size_t n, struct err *e);

struct store_finding { /* by number, as data/gates.h has gates and verdicts; -1: none */
    int gate, verdict, attribute, part, against;
    double value, bound;
    size_t n;
    const char *examples, *text;
};
/* What the gates found of the cell's split, in place of what an earlier claim did. */
bool store_put_findings(
    struct store *s, int64_t cell, const struct store_finding *rows, size_t n, struct err *e);

struct weight_row {
    int epoch;
    int64_t step;
    enum attribute task;
    double loss, log_variance, weight,
        beta; /* log_variance NaN (stored NULL) where none is learned */
};
bool store_put_weights(
    struct store *s, int64_t cell, const struct weight_row *rows, size_t n, struct err *e);

struct
    epoch_row { /* metric: "loss" (joint; task -1), "loss" of a task, or a metric's name; NaN: NULL */
    int epoch;
    enum part part;
    int task; /* enum attribute, or -1: all tasks */
    const char *metric;
    double value;
    long n;
};
bool store_put_epochs(
    struct store *s, int64_t cell, const struct epoch_row *rows, size_t n, struct err *e);

/* Predictions of one part and task: samples[i] (number in the data set), the read-out of record, and
 * per sample `width` probabilities (kind as in analysis/readout.h: nominal K, ordinal K-1), float32;
 * `probabilities` NULL: none are kept. */
bool store_put_predictions(struct store *s, int64_t cell, int64_t dataset, enum part part,
    enum attribute task, bool ordinal, size_t n, const uint32_t *samples, const int *truth,
    const double *predicted, const float *probabilities, int width, struct err *e);
bool store_put_breakdown(
    struct store *s, int64_t cell, enum part part, const struct breakdown *b, struct err *e);

/* ---- reading predictions back ---- */

/* A grid's members in their order, those that are not done too. Empty where there is no such grid. */
struct store_member {
    int64_t cell; /* its row */
    enum cell_state state;
    int64_t seed, split_seed;
    int fold;
    char *id, *variant, *axes, *dataset, *split, *config;
    bool torn; /* the gates found that parts of its split share images or persons */
};
bool store_members(
    struct store *s, const char *grid, struct store_member **members, size_t *n, struct err *e);
void store_members_free(struct store_member *members, size_t n);
void store_member_free(struct store_member *member); /* its texts */

/* What a cell predicted for a part and task, by rising sample: its row in the file's table of samples. */
typedef void store_prediction_fn(void *context, int64_t sample, int truth, double predicted);
bool store_each_prediction(struct store *s, int64_t cell, enum part part, enum attribute task,
    store_prediction_fn *each, void *context, struct err *e);
/* `width` probabilities: K - 1 values P(y > r_k) where `ordinal`, else K of classes. */
typedef void store_probability_fn(
    void *context, int64_t sample, bool ordinal, const float *probabilities, int width);
bool store_each_probability(struct store *s, int64_t cell, enum part part, enum attribute task,
    store_probability_fn *each, void *context, struct err *e);

/* Samples first to last; texts live until the call returns. `content` is left out. */
typedef void store_sample_fn(
    void *context, int64_t sample, int64_t dataset, const struct store_sample *s);
bool store_each_sample(struct store *s, int64_t first, int64_t last, store_sample_fn *each,
    void *context, struct err *e);

enum { STORE_CLASSES = 64 };
struct store_dataset {
    char *name;
    bool drawn, exact_ages;
    char *class_name[ATTR_COUNT][STORE_CLASSES]; /* NULL: the label has no name */
    int classes[ATTR_COUNT];                     /* 0: none has */
};
/* The data set in this row. store_dataset_free on success and failure alike. */
bool store_dataset(struct store *s, int64_t dataset, struct store_dataset *d, struct err *e);
void store_dataset_free(struct store_dataset *d);

#endif
