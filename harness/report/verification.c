#include "report/verification.h"

#include "core/file.h"
#include "core/mem.h"
#include "grid/cell_folder.h"
#include "nets/tensor_file.h"
#include "store/sql.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const agreement_name[AGREEMENT_COUNT] = {
    [AGREES_TO_THE_BIT] = "bit-identical",
    [AGREES_WITHIN] = "within tolerance",
    [DISAGREES] = "different",
};

/* ---- circumstances ---- */

static const struct circumstance {
    const char *column, *what;
} circumstances[] = {
    {"device", "device"},
    {"threads", "threads"},
    {"backend", "back end"},
    {"libtorch", "libtorch"},
    {"blas", "BLAS"},
    {"program_version", "dmtl"},
    {"substr(git_commit, 1, 12) || iif(git_commit LIKE '%-dirty', '-dirty', '')", "commit"},
};
/* Of another input no equal result is asked. */
static const struct circumstance inputs[] = {
    {"data_fingerprint", "fingerprint of the data"},
    {"weights_sha256", "file of weights"},
    {"lists_sha256", "lists of the split"},
};

static char *run_text(struct store *s, const char *id, const char *column, struct err *e) {
    char *sql = xasprintf(
        "SELECT %s FROM v_runs WHERE cell = ?1 AND outcome = 'done' ORDER BY run DESC LIMIT 1",
        column);
    sqlite3_stmt *row = sql_prepare(store_db(s), e, sql, "s", id);
    int found = row ? sql_step(row, e) : -1;
    char *text = xstrdup(found > 0 && *sql_text(row, 0) ? sql_text(row, 0) : "none");
    sqlite3_finalize(row);
    free(sql);
    return text;
}

static size_t add_changed(struct str *out, const struct circumstance *list, size_t n,
    struct store *then, struct store *now, const char *id, struct err *e) {
    size_t changed = 0;
    for (size_t i = 0; i < n; i++) {
        char *a = run_text(then, id, list[i].column, e), *b = run_text(now, id, list[i].column, e);
        if (strcmp(a, b) != 0) {
            str_addf(out, "%s%s %.60s now, %.60s then", out->len ? "; " : "", list[i].what, b, a);
            changed++;
        }
        free(a);
        free(b);
    }
    return changed;
}

/* ---- numbers side by side ---- */

struct side_by_side { /* rows of both, by the same keys, the value behind them */
    sqlite3_stmt *then, *now;
    int keys;
};

static double departure(sqlite3_stmt *a, sqlite3_stmt *b, int column, double least) {
    bool none_a = sqlite3_column_type(a, column) == SQLITE_NULL;
    bool none_b = sqlite3_column_type(b, column) == SQLITE_NULL;
    if (none_a || none_b)
        return none_a == none_b ? 0 : INFINITY;
    double x = sqlite3_column_double(a, column), y = sqlite3_column_double(b, column);
    double size = fmax(least, fmax(fabs(x), fabs(y)));
    return x == y ? 0 : fabs(x - y) / size;
}

static bool same_keys(const struct side_by_side *s) {
    for (int k = 0; k < s->keys; k++)
        if (strcmp(sql_text(s->then, k), sql_text(s->now, k)) != 0)
            return false;
    return true;
}

/* The largest departure of a query's last column; *first, where it is not NULL, gets the first row that departs. */
static double largest(struct store *then, struct store *now, const char *id, const char *sql,
    double least, struct str *first, struct err *e) {
    struct side_by_side s = {sql_prepare(store_db(then), e, sql, "s", id),
        sql_prepare(store_db(now), e, sql, "s", id), 0};
    double most = 0;
    int a = 1, b = 1;
    s.keys = s.then ? sqlite3_column_count(s.then) - 1 : 0;
    while (s.then && s.now && most < INFINITY && (a = sql_step(s.then, e)) > 0 &&
           (b = sql_step(s.now, e)) > 0) {
        double departs = same_keys(&s) ? departure(s.then, s.now, s.keys, least) : INFINITY;
        most = fmax(most, departs);
        if (departs > 0 && first && !first->len)
            str_addf(first, "%s: %.9g then, %.9g now", sql_text(s.then, 0),
                sqlite3_column_double(s.then, s.keys), sqlite3_column_double(s.now, s.keys));
    }
    if (a == 0 && s.now)
        b = sql_step(s.now, e);
    sqlite3_finalize(s.then);
    sqlite3_finalize(s.now);
    return a > 0 || b > 0 ? INFINITY : most;
}

static const char losses_sql[] =
    "SELECT 'step ' || w.step || ' (epoch ' || w.epoch || '), ' || t.name, w.loss FROM cell c"
    " JOIN weight w ON w.cell = c.cell JOIN task t ON t.task = w.task WHERE c.id = ?1"
    " ORDER BY w.step, w.task";
static const char epoch_losses_sql[] =
    "SELECT 'epoch ' || x.epoch || ', ' || p.name || ', ' || t.name, x.value FROM cell c"
    " JOIN epoch x ON x.cell = c.cell JOIN part p ON p.part = x.part JOIN task t ON t.task = x.task"
    " JOIN metric_name m ON m.metric = x.metric WHERE c.id = ?1 AND m.name = 'loss'"
    " ORDER BY x.epoch, x.part, x.task";
static const char metrics_sql[] =
    "SELECT p.name || t.name || r.name || s.bins || m.name, x.value FROM cell c"
    " JOIN metric x ON x.cell = c.cell JOIN part p ON p.part = x.part JOIN task t ON t.task = x.task"
    " JOIN readout r ON r.readout = x.readout JOIN slice s ON s.slice = x.slice"
    " JOIN metric_name m ON m.metric = x.metric WHERE c.id = ?1 AND s.grouping = 'all' ORDER BY 1";

/* ---- final weights ---- */

/* The hash over its tensors that it carries. */
static char *weights_hash(struct store *s, const char *id) {
    struct tensor_file f = {0};
    struct err unreadable = {0};
    char *hash = NULL, *path = cell_checkpoint(s, id, &unreadable);
    if (path && tensor_file_open(&f, path, &unreadable)) {
        const char *text = tensor_file_metadata(&f, "tensors_sha256");
        hash = text ? xstrdup(text) : NULL;
    }
    tensor_file_close(&f);
    free(path);
    return hash;
}

static void compare_weights(
    struct verification *v, struct store *then, struct store *now, const char *id) {
    char *a = weights_hash(then, id), *b = weights_hash(now, id);
    v->weights_there = a && b;
    v->weights_same = a && b && strcmp(a, b) == 0;
    if (v->weights_there && !v->weights_same)
        str_addf(&v->differences, "%sthe final weights differ", v->differences.len ? "; " : "");
    free(a);
    free(b);
}

/* ---- the verdict ---- */

static int64_t row_of(struct store *s, const char *id, struct err *e) {
    return sql_long(store_db(s), e, -1, "SELECT cell FROM cell WHERE id = ?1", "s", id);
}

static bool compare_rows(
    struct verification *v, struct store *then, struct store *now, const char *id, struct err *e) {
    struct translation now_to_then;
    bool ok = translation_make(&now_to_then, now, then, false, e) &&
              store_cell_differences(then, row_of(then, id, e), now, row_of(now, id, e),
                  &now_to_then, &v->differences, e);
    translation_free(&now_to_then);
    return ok;
}

bool verification_make(struct verification *v, struct store *then, struct store *now,
    const char *id, double tolerance, struct err *e) {
    *v = (struct verification){0};
    size_t inputs_changed =
        add_changed(&v->circumstances, inputs, ARRAY_LEN(inputs), then, now, id, e);
    size_t changed =
        add_changed(&v->circumstances, circumstances, ARRAY_LEN(circumstances), then, now, id, e);
    if (!compare_rows(v, then, now, id, e))
        return false;
    compare_weights(v, then, now, id);
    v->loss = largest(then, now, id, losses_sql, 0, &v->first, e);
    v->loss = fmax(
        v->loss, largest(then, now, id, epoch_losses_sql, 0, v->first.len ? NULL : &v->first, e));
    v->metric = largest(then, now, id, metrics_sql, 1, NULL, e);
    /* Where weights are the same to the bit, nothing but another hand makes other results of them. */
    bool close = v->loss <= tolerance && v->metric <= tolerance && !v->weights_same;
    v->agreement = inputs_changed         ? DISAGREES
                   : !v->differences.len  ? AGREES_TO_THE_BIT
                   : close && changed > 0 ? AGREES_WITHIN
                                          : DISAGREES;
    return e->kind == ERR_NONE;
}

void verification_free(struct verification *v) {
    str_free(&v->circumstances);
    str_free(&v->first);
    str_free(&v->differences);
}

/* ---- in words ---- */

static void add_departures(struct str *out, const struct verification *v) {
    bool equal = v->loss == 0 && v->metric == 0; /* what else differs is then the news */
    if (v->first.len)
        str_addf(
            out, "; losses depart at %s, by at most %.2g of their value", v->first.text, v->loss);
    if (v->metric == 0)
        str_add(out, equal ? "; losses and metrics are equal" : "; metrics are equal");
    else
        str_addf(out, "; metrics depart by at most %.2g", v->metric);
    if ((v->agreement == DISAGREES || equal) && v->differences.len)
        str_addf(out, "; %s%s", v->weights_same ? "though the final weights are the same, " : "",
            v->differences.text);
}

void verification_add_text(struct str *out, const struct verification *v, double tolerance) {
    str_add(out, agreement_name[v->agreement]);
    if (v->agreement == AGREES_WITHIN)
        str_addf(out, " (%g)", tolerance);
    if (v->circumstances.len)
        str_addf(out, ": %s", v->circumstances.text);
    else if (v->agreement == DISAGREES)
        str_add(out, ": under the same circumstances, where the same bits are promised");
    if (v->agreement != AGREES_TO_THE_BIT)
        add_departures(out, v);
    else if (!v->weights_there)
        str_add(out, " (the final weights are not there any more to compare)");
}

static void add_number(cJSON *object, const char *name, double value) {
    if (isfinite(value))
        cJSON_AddNumberToObject(object, name, value);
    else
        cJSON_AddNullToObject(object, name);
}

void verification_add_json(cJSON *cell, const struct verification *v) {
    cJSON_AddStringToObject(cell, "agreement", agreement_name[v->agreement]);
    cJSON_AddStringToObject(
        cell, "circumstances", v->circumstances.len ? v->circumstances.text : "");
    cJSON_AddStringToObject(cell, "first_departure", v->first.len ? v->first.text : "");
    cJSON_AddStringToObject(cell, "differences", v->differences.len ? v->differences.text : "");
    add_number(cell, "largest_loss_departure", v->loss);
    add_number(cell, "largest_metric_departure", v->metric);
    cJSON_AddBoolToObject(cell, "weights_compared", v->weights_there);
}
