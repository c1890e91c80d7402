/* Whether two files hold the same results of one cell, to the bit, and where they depart. */
#include "store/merge.h"

#include "core/escape.h"
#include "core/mem.h"
#include "store/private.h"

#include <stdlib.h>
#include <string.h>

struct side {
    struct store *store;
    int64_t cell;
};

/* ---- values ---- */

static bool same_value(sqlite3_stmt *a, int ca, sqlite3_stmt *b, int cb) {
    int type = sqlite3_column_type(a, ca);
    if (type != sqlite3_column_type(b, cb))
        return false;
    if (type == SQLITE_INTEGER)
        return sqlite3_column_int64(a, ca) == sqlite3_column_int64(b, cb);
    if (type == SQLITE_FLOAT) {
        double x = sqlite3_column_double(a, ca), y = sqlite3_column_double(b, cb);
        return memcmp(&x, &y, sizeof x) == 0;
    }
    if (type == SQLITE_NULL)
        return true;
    const void *x = sqlite3_column_blob(a, ca), *y = sqlite3_column_blob(b, cb);
    int n = sqlite3_column_bytes(a, ca);
    return n == sqlite3_column_bytes(b, cb) && (n == 0 || memcmp(x, y, (size_t)n) == 0);
}

static void add_value(struct str *out, sqlite3_stmt *row, int column) {
    switch (sqlite3_column_type(row, column)) {
    case SQLITE_INTEGER:
        str_addf(out, "%lld", (long long)sqlite3_column_int64(row, column));
        break;
    case SQLITE_FLOAT:
        str_addf(out, "%.9g", sqlite3_column_double(row, column));
        break;
    default:
        str_add(out, "none");
    }
}

/* ---- keys in words ---- */

static void add_named(struct str *out, struct store *s, const char *sql, long long number) {
    struct err ignored = {0};
    sqlite3_stmt *row = sql_prepare(s->db, &ignored, sql, "l", number);
    if (row && sql_step(row, &ignored) > 0)
        escape_line(out, sql_text(row, 0));
    sqlite3_finalize(row);
}

static const char *const names_sql[] = {
    [COLUMN_PART] = "SELECT name FROM part WHERE part = ?1",
    [COLUMN_TASK] = "SELECT name FROM task WHERE task = ?1",
    [COLUMN_READOUT] = "SELECT name FROM readout WHERE readout = ?1",
    [COLUMN_CONVENTION] = "SELECT name FROM convention WHERE convention = ?1",
    [COLUMN_SAMPLE] = "SELECT id FROM sample WHERE sample = ?1",
    [COLUMN_SLICE] =
        "SELECT iif(bins = '', grouping, grouping || ' by ' || bins) FROM slice WHERE slice = ?1",
    [COLUMN_METRIC] = "SELECT name FROM metric_name WHERE metric = ?1",
};

/* "step 12, age" of a row with keys and values. */
static void add_keys(
    struct str *out, const struct result_table *t, struct store *s, sqlite3_stmt *row) {
    for (int k = 0; k < t->n_keys; k++) {
        str_add(out, k ? ", " : "");
        if (t->columns[k].kind == COLUMN_VALUE)
            str_addf(out, "%s %lld", t->columns[k].name, (long long)sqlite3_column_int64(row, k));
        else
            add_named(out, s, names_sql[t->columns[k].kind], sqlite3_column_int64(row, k));
    }
}

/* ---- one table ---- */

struct walk { /* over the rows of `b`, with those of `a` looked up */
    const struct result_table *t;
    const struct translation *b_to_a;
    struct side a, b;
    sqlite3_stmt *find, *rows;
    size_t n_b, matched, differ;
    struct str first; /* the first departure, in words */
};

static bool bind_keys(struct walk *w) {
    sqlite3_bind_int64(w->find, 1, w->a.cell);
    for (int k = 0; k < w->t->n_keys; k++) {
        enum column_kind kind = w->t->columns[k].kind;
        int64_t number = sqlite3_column_int64(w->rows, k);
        if (kind >= COLUMN_IN_FILE && (number = translation_number(w->b_to_a, kind, number)) < 0)
            return false;
        sqlite3_bind_int64(w->find, k + 2, number);
    }
    return true;
}

static void note_missing(struct walk *w) {
    if (w->first.len)
        return;
    add_keys(&w->first, w->t, w->b.store, w->rows);
    str_addf(&w->first, " stands in %s alone", w->b.store->path);
}

static void note_value(struct walk *w, int column) {
    if (w->first.len)
        return;
    add_keys(&w->first, w->t, w->b.store, w->rows);
    str_addf(&w->first, ": %s ", w->t->columns[column].name);
    if (sqlite3_column_type(w->rows, column) == SQLITE_BLOB) {
        str_add(&w->first, "is not the same");
        return;
    }
    add_value(&w->first, w->find, column - w->t->n_keys);
    str_add(&w->first, " against ");
    add_value(&w->first, w->rows, column);
}

static bool look_at_row(struct walk *w, struct err *e) {
    w->n_b++;
    int found = bind_keys(w) ? sql_step(w->find, e) : 0;
    if (found < 0)
        return false;
    w->matched += found > 0;
    int departs = found > 0 ? -1 : 0;
    for (int c = w->t->n_keys; found > 0 && departs < 0 && c < w->t->n_columns; c++)
        if (!same_value(w->find, c - w->t->n_keys, w->rows, c))
            departs = c;
    if (found == 0)
        note_missing(w);
    else if (departs >= 0)
        note_value(w, departs);
    w->differ += departs >= 0;
    sqlite3_reset(w->find);
    return true;
}

static void add_departure(struct str *words, const struct walk *w, size_t n_a) {
    size_t only_a = n_a - w->matched, differ = w->differ + only_a;
    if (differ == 0)
        return;
    str_addf(words, "%s%zu of %zu %s differ", words->len ? "; " : "", differ,
        (n_a > w->n_b ? n_a : w->n_b), w->t->what);
    if (w->first.len)
        str_addf(words, " (the first: %s)", w->first.text);
    else
        str_addf(words, " (they stand in %s alone)", w->a.store->path);
}

static bool compare_table(const struct result_table *t, struct side a, struct side b,
    const struct translation *b_to_a, struct str *words, struct err *e) {
    struct walk w = {.t = t, .a = a, .b = b, .b_to_a = b_to_a};
    char *find = result_find(t), *select = result_select(t);
    char *count = xasprintf("SELECT count(*) FROM %s WHERE cell = ?1", t->name);
    w.find = sql_prepare(a.store->db, e, find, "");
    w.rows = sql_prepare(b.store->db, e, select, "l", (long long)b.cell);
    int row = w.find && w.rows ? 1 : -1;
    while (row > 0 && (row = sql_step(w.rows, e)) > 0)
        if (!look_at_row(&w, e))
            row = -1;
    long long n_a = row == 0 ? sql_long(a.store->db, e, 0, count, "l", (long long)a.cell) : 0;
    if (row == 0 && e->kind == ERR_NONE)
        add_departure(words, &w, (size_t)n_a);
    sqlite3_finalize(w.find);
    sqlite3_finalize(w.rows);
    str_free(&w.first);
    free(find);
    free(select);
    free(count);
    return row == 0 && e->kind == ERR_NONE;
}

/* ---- the cell ---- */

static bool compare_epochs(struct side a, struct side b, struct str *words, struct err *e) {
    static const char *const sql[] = {"SELECT epochs_done FROM cell WHERE cell = ?1",
        "SELECT reported_epoch FROM cell WHERE cell = ?1"};
    static const char *const what[] = {"epochs done", "the reported epoch"};
    for (size_t i = 0; i < ARRAY_LEN(sql); i++) {
        long long x = sql_long(a.store->db, e, -1, sql[i], "l", (long long)a.cell);
        long long y = sql_long(b.store->db, e, -1, sql[i], "l", (long long)b.cell);
        if (x != y)
            str_addf(words, "%s%s: %lld against %lld", words->len ? "; " : "", what[i], x, y);
    }
    return e->kind == ERR_NONE;
}

bool store_cell_differences(struct store *a, int64_t cell_a, struct store *b, int64_t cell_b,
    const struct translation *b_to_a, struct str *words, struct err *e) {
    struct side x = {a, cell_a}, y = {b, cell_b};
    bool ok = true;
    for (int i = 0; ok && i < RESULT_TABLES; i++)
        ok = compare_table(&result_tables[i], x, y, b_to_a, words, e);
    return ok && compare_epochs(x, y, words, e);
}
