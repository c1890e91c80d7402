#include "store/translation.h"

#include "core/mem.h"
#include "store/private.h"

#include <stdlib.h>
#include <string.h>

/* ---- names ---- */

static void set_number(int64_t **numbers, size_t *n, int64_t from, int64_t to) {
    if (from < 0 || from > 1 << 24) /* no file of ours has so many */
        return;
    size_t wanted = (size_t)from + 1;
    if (wanted > *n) {
        *numbers = xrealloc(*numbers, wanted, sizeof **numbers);
        for (size_t i = *n; i < wanted; i++)
            (*numbers)[i] = -1;
        *n = wanted;
    }
    (*numbers)[from] = to;
}

static bool make_slices(
    struct translation *t, struct store *from, struct store *to, bool add, struct err *e) {
    sqlite3_stmt *read =
        sql_prepare(from->db, e, "SELECT slice, grouping, bins FROM slice ORDER BY slice", "");
    int row = read ? 1 : -1;
    while (row > 0 && (row = sql_step(read, e)) > 0) {
        const char *grouping = sql_text(read, 1), *bins = sql_text(read, 2);
        if (add &&
            !sql_run(to->db, e, "INSERT OR IGNORE INTO slice (grouping, bins) VALUES (?1, ?2)",
                "ss", grouping, bins))
            row = -1;
        else
            set_number(&t->slice, &t->n_slices, sqlite3_column_int64(read, 0),
                sql_long(to->db, e, -1, "SELECT slice FROM slice WHERE grouping = ?1 AND bins = ?2",
                    "ss", grouping, bins));
    }
    sqlite3_finalize(read);
    return row == 0 && e->kind == ERR_NONE;
}

static bool make_metrics(
    struct translation *t, struct store *from, struct store *to, bool add, struct err *e) {
    sqlite3_stmt *read =
        sql_prepare(from->db, e, "SELECT metric, name FROM metric_name ORDER BY metric", "");
    int row = read ? 1 : -1;
    while (row > 0 && (row = sql_step(read, e)) > 0) {
        const char *name = sql_text(read, 1);
        int64_t number = add ? store_metric_number(to, name, e)
                             : sql_long(to->db, e, -1,
                                   "SELECT metric FROM metric_name WHERE name = ?1", "s", name);
        set_number(&t->metric, &t->n_metrics, sqlite3_column_int64(read, 0), number);
        if (add && number < 0)
            row = -1;
    }
    sqlite3_finalize(read);
    return row == 0 && e->kind == ERR_NONE;
}

/* ---- data sets ---- */

static bool copy_names(
    struct store *from, int64_t dataset, struct store *to, int64_t to_dataset, struct err *e) {
    sqlite3_stmt *read =
        sql_prepare(from->db, e, "SELECT attribute, label, name FROM class_name WHERE dataset = ?1",
            "l", (long long)dataset);
    int row = read ? 1 : -1;
    while (row > 0 && (row = sql_step(read, e)) > 0)
        if (!sql_run(to->db, e,
                "INSERT INTO class_name (dataset, attribute, label, name) VALUES (?1, ?2, ?3, ?4)",
                "liis", (long long)to_dataset, sqlite3_column_int(read, 0),
                sqlite3_column_int(read, 1), sql_text(read, 2)))
            row = -1;
    sqlite3_finalize(read);
    return row == 0;
}

/* Every sample of a set: ?1 its number, then what it is. */
static bool each_sample(struct store *from, const struct sample_range *r, struct store *to,
    const char *sql, int64_t to_dataset, struct err *e) {
    sqlite3_stmt *read = sql_prepare(from->db, e,
        "SELECT sample, age, gender, race, id, subject, duplicate_group, undecodable, content"
        " FROM sample WHERE sample >= ?1 AND sample < ?2 ORDER BY sample",
        "ll", (long long)r->first, (long long)(r->first + r->n));
    sqlite3_stmt *write = sql_prepare(to->db, e, sql, "");
    int row = read && write ? 1 : -1;
    while (row > 0 && (row = sql_step(read, e)) > 0) {
        sqlite3_bind_int64(write, 1, sqlite3_column_int64(read, 0) - r->first + r->to);
        for (int c = 1; c < sqlite3_column_count(read); c++)
            sqlite3_bind_value(write, c + 1, sqlite3_column_value(read, c));
        if (sqlite3_bind_parameter_count(write) > 9)
            sqlite3_bind_int64(write, 10, to_dataset);
        if (sql_step(write, e) < 0)
            row = -1;
        sqlite3_reset(write);
    }
    sqlite3_finalize(read);
    sqlite3_finalize(write);
    return row == 0;
}

static bool add_dataset(struct store *from, int64_t dataset, const char *name,
    struct sample_range *r, struct store *to, sqlite3_stmt *row, struct err *e) {
    r->to = sql_long(to->db, e, 0, "SELECT max(first_sample + samples) FROM dataset", "");
    bool ok =
        e->kind == ERR_NONE &&
        sql_run(to->db, e,
            "INSERT INTO dataset (name, fingerprint, first_sample, samples, drawn, exact_ages)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            "ssllii", name, sql_text(row, 2), (long long)r->to, (long long)r->n,
            sqlite3_column_int(row, 5), sqlite3_column_int(row, 6));
    int64_t made = sqlite3_last_insert_rowid(to->db);
    return ok && copy_names(from, dataset, to, made, e) &&
           each_sample(from, r, to,
               "INSERT INTO sample (sample, age, gender, race, id, subject, duplicate_group,"
               " undecodable, content, dataset) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
               made, e) &&
           store_supersede(to, made, name, e);
}

static long long known_of(struct store *s, int64_t first, int64_t n, struct err *e) {
    return sql_long(s->db, e, 0,
        "SELECT count(content) + count(duplicate_group) + sum(undecodable) FROM sample"
        " WHERE sample >= ?1 AND sample < ?2",
        "ll", (long long)first, (long long)(first + n));
}

/* Contents, duplicates and which images do not decode: runs find them out one after the other. */
static bool complete_dataset(
    struct store *from, const struct sample_range *r, struct store *to, struct err *e) {
    long long here = known_of(to, r->to, r->n, e), there = known_of(from, r->first, r->n, e);
    if (e->kind != ERR_NONE || there <= here)
        return e->kind == ERR_NONE;
    return each_sample(from, r, to,
        "UPDATE sample SET content = coalesce(content, ?9),"
        " duplicate_group = coalesce(duplicate_group, ?7), undecodable = max(undecodable, ?8)"
        " WHERE sample = ?1",
        0, e);
}

static bool note_undecodable(struct store *to, const char *name, sqlite3_stmt *row, struct err *e) {
    return sqlite3_column_type(row, 7) == SQLITE_NULL ||
           sql_run(to->db, e,
               "UPDATE dataset SET undecodable = ?3 WHERE name = ?1 AND fingerprint = ?2"
               " AND undecodable IS NULL",
               "ssl", name, sql_text(row, 2), (long long)sqlite3_column_int64(row, 7));
}

/* One fingerprint is one list of samples, in one order. */
static bool make_range(struct translation *t, sqlite3_stmt *row, struct store *from,
    struct store *to, bool add, struct err *e) {
    struct sample_range r = {sqlite3_column_int64(row, 3), sqlite3_column_int64(row, 4), -1};
    char *name = xstrdup(sql_text(row, 1));
    static const char find[] =
        "SELECT first_sample FROM dataset WHERE name = ?1 AND fingerprint = ?2 AND samples = ?3";
    r.to = sql_long(to->db, e, -1, find, "ssl", name, sql_text(row, 2), (long long)r.n);
    bool there = r.to >= 0, ok = e->kind == ERR_NONE;
    if (ok && add && !there)
        ok = add_dataset(from, sqlite3_column_int64(row, 0), name, &r, to, row, e);
    else if (ok && add)
        ok = complete_dataset(from, &r, to, e);
    ok = ok && (!add || note_undecodable(to, name, row, e));
    t->ranges = xrealloc(t->ranges, t->n_ranges + 1, sizeof *t->ranges);
    t->ranges[t->n_ranges++] = r;
    free(name);
    return ok;
}

static bool make_ranges(
    struct translation *t, struct store *from, struct store *to, bool add, struct err *e) {
    sqlite3_stmt *read = sql_prepare(from->db, e,
        "SELECT dataset, name, fingerprint, first_sample, samples, drawn, exact_ages, undecodable"
        " FROM dataset ORDER BY dataset",
        "");
    int row = read ? 1 : -1;
    while (row > 0 && (row = sql_step(read, e)) > 0)
        if (!make_range(t, read, from, to, add, e))
            row = -1;
    sqlite3_finalize(read);
    return row == 0;
}

/* ---- all of them ---- */

bool translation_make(
    struct translation *t, struct store *from, struct store *to, bool add, struct err *e) {
    *t = (struct translation){0};
    return make_slices(t, from, to, add, e) && make_metrics(t, from, to, add, e) &&
           make_ranges(t, from, to, add, e);
}

void translation_free(struct translation *t) {
    free(t->ranges);
    free(t->slice);
    free(t->metric);
    *t = (struct translation){0};
}

static int64_t listed(const int64_t *numbers, size_t n, int64_t number) {
    return number >= 0 && (size_t)number < n ? numbers[number] : -1;
}

int64_t translation_number(const struct translation *t, enum column_kind kind, int64_t number) {
    if (kind == COLUMN_SLICE)
        return listed(t->slice, t->n_slices, number);
    if (kind == COLUMN_METRIC)
        return listed(t->metric, t->n_metrics, number);
    for (size_t i = 0; i < t->n_ranges; i++) {
        const struct sample_range *r = &t->ranges[i];
        if (number >= r->first && number < r->first + r->n)
            return r->to < 0 ? -1 : number - r->first + r->to;
    }
    return -1;
}
