/* What came out of a cell: rows of training, predictions with their probabilities, metrics by group.
 * Each function prepares its statements once and steps them for every row. */
#include "store/private.h"

#include <string.h>

int store_metric_number(struct store *s, const char *name, struct err *e) {
    if (!sql_run(s->db, e, "INSERT OR IGNORE INTO metric_name (name) VALUES (?1)", "s", name))
        return -1;
    return (int)sql_long(s->db, e, -1, "SELECT metric FROM metric_name WHERE name = ?1", "s", name);
}

/* ---- training ---- */

bool store_put_weights(
    struct store *s, int64_t cell, const struct weight_row *rows, size_t n, struct err *e) {
    sqlite3_stmt *stmt = sql_prepare(s->db, e,
        "INSERT INTO weight (cell, epoch, step, task, loss, log_variance, weight, beta)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        "");
    bool ok = stmt != NULL;
    for (size_t i = 0; ok && i < n; i++)
        ok = sql_again(stmt, e, "lilidddd", (long long)cell, rows[i].epoch, (long long)rows[i].step,
            (int)rows[i].task, rows[i].loss, rows[i].log_variance, rows[i].weight, rows[i].beta);
    sqlite3_finalize(stmt);
    return ok;
}

bool store_put_epochs(
    struct store *s, int64_t cell, const struct epoch_row *rows, size_t n, struct err *e) {
    sqlite3_stmt *stmt = sql_prepare(s->db, e,
        "INSERT INTO epoch (cell, epoch, part, task, metric, value, n)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        "");
    bool ok = stmt != NULL;
    for (size_t i = 0; ok && i < n; i++) {
        int metric = store_metric_number(s, rows[i].metric, e);
        ok = metric >= 0 &&
             sql_again(stmt, e, "liiiidl", (long long)cell, rows[i].epoch, (int)rows[i].part,
                 rows[i].task, metric, rows[i].value, (long long)rows[i].n);
    }
    sqlite3_finalize(stmt);
    return ok;
}

/* ---- predictions ---- */

/* Where the numbers 0 ... n-1 of a data set's samples begin in the file. */
static bool sample_range(
    struct store *s, int64_t dataset, int64_t *first, int64_t *n, struct err *e) {
    *first = sql_long(s->db, e, -1, "SELECT first_sample FROM dataset WHERE dataset = ?1", "l",
        (long long)dataset);
    *n = sql_long(
        s->db, e, 0, "SELECT samples FROM dataset WHERE dataset = ?1", "l", (long long)dataset);
    if (e->kind == ERR_NONE && *first < 0)
        err_set(e, "%s: holds no data set number %lld", s->path, (long long)dataset);
    return e->kind == ERR_NONE;
}

struct prediction_statements {
    sqlite3_stmt *prediction, *probability;
};

static bool put_prediction(const struct prediction_statements *st, int64_t sample, int truth,
    double predicted, const float *probabilities, int width, struct err *e) {
    sqlite3_bind_int64(st->prediction, 4, sample);
    sqlite3_bind_int(st->prediction, 5, truth);
    sqlite3_bind_double(st->prediction, 6, predicted);
    bool ok = sql_step(st->prediction, e) == 0;
    sqlite3_reset(st->prediction);
    if (!ok || !probabilities)
        return ok;
    sqlite3_bind_int64(st->probability, 4, sample);
    sqlite3_bind_blob(st->probability, 6, probabilities, width * (int)sizeof(float), SQLITE_STATIC);
    ok = sql_step(st->probability, e) == 0;
    sqlite3_reset(st->probability);
    return ok;
}

bool store_put_predictions(struct store *s, int64_t cell, int64_t dataset, enum part part,
    enum attribute task, bool ordinal, size_t n, const uint32_t *samples, const int *truth,
    const double *predicted, const float *probabilities, int width, struct err *e) {
    int64_t first, count;
    if (!sample_range(s, dataset, &first, &count, e))
        return false;
    struct prediction_statements st = {
        sql_prepare(s->db, e,
            "INSERT INTO prediction (cell, part, task, sample, truth, predicted)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            "lii", (long long)cell, (int)part, (int)task),
        sql_prepare(s->db, e,
            "INSERT INTO probability (cell, part, task, sample, ordinal, probabilities)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            "liini", (long long)cell, (int)part, (int)task, (int)ordinal),
    };
    bool ok = st.prediction && st.probability;
    for (size_t i = 0; ok && i < n; i++) {
        if (samples[i] >= count)
            ok = err_set(e, "%s: sample number %u of a data set of %lld", s->path,
                (unsigned)samples[i], (long long)count);
        ok = ok && put_prediction(&st, first + samples[i], truth[i], predicted[i],
                       probabilities ? probabilities + i * (size_t)width : NULL, width, e);
    }
    sqlite3_finalize(st.prediction);
    sqlite3_finalize(st.probability);
    return ok;
}

/* ---- breakdown ---- */

/* Finds or makes slices; rows come slice by slice, so the last one is remembered. */
struct slicer {
    struct store *s;
    sqlite3_stmt *find, *make;
    const char *bins, *grouping;
    long long slice;
};

static bool slicer_open(struct slicer *c, struct store *s, struct err *e) {
    *c = (struct slicer){.s = s, .slice = -1};
    c->find =
        sql_prepare(s->db, e, "SELECT slice FROM slice WHERE grouping = ?1 AND bins = ?2", "");
    c->make =
        sql_prepare(s->db, e, "INSERT OR IGNORE INTO slice (grouping, bins) VALUES (?1, ?2)", "");
    return c->find && c->make;
}

static void slicer_close(struct slicer *c) {
    sqlite3_finalize(c->find);
    sqlite3_finalize(c->make);
}

static long long slicer_look(struct slicer *c, struct err *e) {
    sqlite3_bind_text(c->find, 1, c->grouping, -1, SQLITE_STATIC);
    sqlite3_bind_text(c->find, 2, c->bins, -1, SQLITE_STATIC);
    int row = sql_step(c->find, e);
    long long slice = row > 0 ? sqlite3_column_int64(c->find, 0) : row;
    sqlite3_reset(c->find);
    return slice; /* 0: none yet (numbers begin at 1), -1: failed */
}

static long long slicer_number(
    struct slicer *c, const char *bins, const char *grouping, struct err *e) {
    if (c->slice > 0 && strcmp(c->bins, bins) == 0 && strcmp(c->grouping, grouping) == 0)
        return c->slice;
    c->bins = bins;
    c->grouping = grouping;
    c->slice = slicer_look(c, e);
    if (c->slice == 0)
        c->slice = sql_again(c->make, e, "ss", grouping, bins) ? slicer_look(c, e) : -1;
    return c->slice;
}

static bool put_metrics(struct store *s, int64_t cell, enum part part, const struct breakdown *b,
    struct slicer *slices, struct err *e) {
    int number[METRIC_COUNT];
    for (int m = 0; m < METRIC_COUNT; m++)
        if ((number[m] = store_metric_number(s, metric_rows[m].name, e)) < 0)
            return false;
    sqlite3_stmt *stmt = sql_prepare(s->db, e,
        "INSERT INTO metric (cell, part, task, slice, readout, metric, value, n)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        "");
    bool ok = stmt != NULL;
    for (size_t i = 0; ok && i < b->n_metrics; i++) {
        const struct metric_value_row *r = &b->metrics[i];
        long long slice = slicer_number(slices, r->bins, r->grouping, e);
        ok = slice > 0 && sql_again(stmt, e, "liiliidl", (long long)cell, (int)part, (int)r->task,
                              slice, (int)r->readout, number[r->metric], r->value, (long long)r->n);
    }
    sqlite3_finalize(stmt);
    return ok;
}

static bool put_confusion(struct store *s, int64_t cell, enum part part, const struct breakdown *b,
    struct slicer *slices, struct err *e) {
    sqlite3_stmt *stmt = sql_prepare(s->db, e,
        "INSERT INTO confusion (cell, part, task, slice, readout, truth, predicted, n)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        "");
    bool ok = stmt != NULL;
    for (size_t i = 0; ok && i < b->n_confusion; i++) {
        const struct confusion_row *r = &b->confusion[i];
        long long slice = slicer_number(slices, r->bins, r->grouping, e);
        ok = slice > 0 && sql_again(stmt, e, "liiliiil", (long long)cell, (int)part, (int)r->task,
                              slice, (int)r->readout, r->truth, r->predicted, (long long)r->n);
    }
    sqlite3_finalize(stmt);
    return ok;
}

static bool put_cs(
    struct store *s, int64_t cell, enum part part, const struct breakdown *b, struct err *e) {
    sqlite3_stmt *stmt = sql_prepare(s->db, e,
        "INSERT INTO cs (cell, part, task, readout, convention, i, value)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        "");
    bool ok = stmt != NULL;
    for (size_t i = 0; ok && i < b->n_cs; i++) {
        const struct cs_row *r = &b->cs[i];
        ok = sql_again(stmt, e, "liiiiid", (long long)cell, (int)part, (int)r->task,
            (int)r->readout, (int)r->convention, r->i, r->value);
    }
    sqlite3_finalize(stmt);
    return ok;
}

bool store_put_breakdown(
    struct store *s, int64_t cell, enum part part, const struct breakdown *b, struct err *e) {
    struct slicer slices;
    bool ok = slicer_open(&slices, s, e) && put_metrics(s, cell, part, b, &slices, e) &&
              put_confusion(s, cell, part, b, &slices, e) && put_cs(s, cell, part, b, e);
    slicer_close(&slices);
    return ok;
}
