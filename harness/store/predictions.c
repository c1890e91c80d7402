/* Reading predictions back: straight scans of the tables, for a view joins names to every row. */
#include "core/mem.h"
#include "store/private.h"

#include <stdlib.h>

static char *copy(sqlite3_stmt *row, int column) {
    return xstrdup(sql_text(row, column));
}

bool store_members(
    struct store *s, const char *grid, struct store_member **members, size_t *n, struct err *e) {
#define MEMBERS(leaky)                                                                             \
    "SELECT c.cell, c.state, c.seed, c.split_seed, c.fold, m.variant, m.axes, c.dataset, c.split," \
    " c.config, c.id, " leaky                                                                      \
    " FROM grid g JOIN member m ON m.grid = g.grid JOIN cell c ON c.cell = m.cell"                 \
    " WHERE g.name = ?1 ORDER BY m.position"
    size_t capacity = 0;
    *members = NULL;
    *n = 0;
    bool gates =
        sql_long(s->db, e, 0, "SELECT count(*) FROM sqlite_master WHERE name = 'finding'", "");
    sqlite3_stmt *row = sql_prepare(s->db, e,
        gates
            ? MEMBERS(
                  "(SELECT max(f.gate <= 3 AND f.value > 0) FROM finding f WHERE f.cell = c.cell)")
            : MEMBERS("0"),
        "s", grid);
#undef MEMBERS
    int found = row ? 1 : -1;
    while (found > 0 && (found = sql_step(row, e)) > 0) {
        *members = xgrow(*members, &capacity, *n + 1, sizeof **members);
        (*members)[(*n)++] = (struct store_member){
            .cell = sqlite3_column_int64(row, 0),
            .state = (enum cell_state)sqlite3_column_int(row, 1),
            .seed = sqlite3_column_int64(row, 2),
            .split_seed = sqlite3_column_int64(row, 3),
            .fold = sqlite3_column_int(row, 4),
            .variant = copy(row, 5),
            .axes = copy(row, 6),
            .dataset = copy(row, 7),
            .split = copy(row, 8),
            .config = copy(row, 9),
            .id = copy(row, 10),
            .torn = sqlite3_column_int(row, 11),
        };
    }
    sqlite3_finalize(row);
    return found == 0;
}

void store_member_free(struct store_member *member) {
    free(member->variant);
    free(member->axes);
    free(member->dataset);
    free(member->split);
    free(member->config);
    free(member->id);
}

void store_members_free(struct store_member *members, size_t n) {
    for (size_t i = 0; i < n; i++)
        store_member_free(&members[i]);
    free(members);
}

bool store_each_prediction(struct store *s, int64_t cell, enum part part, enum attribute task,
    store_prediction_fn *each, void *context, struct err *e) {
    sqlite3_stmt *row = sql_prepare(s->db, e,
        "SELECT sample, truth, predicted FROM prediction WHERE cell = ?1 AND part = ?2 AND task = ?3"
        " ORDER BY sample",
        "lii", (long long)cell, (int)part, (int)task);
    int found = row ? 1 : -1;
    while (found > 0 && (found = sql_step(row, e)) > 0)
        each(context, sqlite3_column_int64(row, 0), sqlite3_column_int(row, 1),
            sqlite3_column_double(row, 2));
    sqlite3_finalize(row);
    return found == 0;
}

bool store_each_probability(struct store *s, int64_t cell, enum part part, enum attribute task,
    store_probability_fn *each, void *context, struct err *e) {
    sqlite3_stmt *row = sql_prepare(s->db, e,
        "SELECT sample, ordinal, probabilities FROM probability WHERE cell = ?1 AND part = ?2"
        " AND task = ?3 ORDER BY sample",
        "lii", (long long)cell, (int)part, (int)task);
    int found = row ? 1 : -1;
    while (found > 0 && (found = sql_step(row, e)) > 0) {
        const void *blob = sqlite3_column_blob(row, 2);
        int bytes = sqlite3_column_bytes(row, 2);
        if (!blob || bytes % (int)sizeof(float)) {
            found = -1;
            err_set(e,
                "%s: the probabilities of a %s have %d bytes: expected float32 numbers; the file is damaged",
                s->path, attribute_name[task], bytes);
            break;
        }
        each(context, sqlite3_column_int64(row, 0), sqlite3_column_int(row, 1) != 0, blob,
            bytes / (int)sizeof(float));
    }
    sqlite3_finalize(row);
    return found == 0;
}

static int label(sqlite3_stmt *row, int column) {
    return sqlite3_column_type(row, column) == SQLITE_NULL ? LABEL_MISSING
                                                           : sqlite3_column_int(row, column);
}

bool store_each_sample(struct store *s, int64_t first, int64_t last, store_sample_fn *each,
    void *context, struct err *e) {
    sqlite3_stmt *row = sql_prepare(s->db, e,
        "SELECT sample, id, subject, duplicate_group, age, gender, race, dataset FROM sample"
        " WHERE sample BETWEEN ?1 AND ?2 ORDER BY sample",
        "ll", (long long)first, (long long)last);
    int found = row ? 1 : -1;
    while (found > 0 && (found = sql_step(row, e)) > 0) {
        bool subject = sqlite3_column_type(row, 2) != SQLITE_NULL;
        bool group = sqlite3_column_type(row, 3) != SQLITE_NULL;
        struct store_sample sample = {.id = sql_text(row, 1),
            .subject = subject ? sql_text(row, 2) : NULL,
            .duplicate_group = group ? sqlite3_column_int(row, 3) : -1,
            .label = {label(row, 4), label(row, 5), label(row, 6)}};
        each(context, sqlite3_column_int64(row, 0), sqlite3_column_int64(row, 7), &sample);
    }
    sqlite3_finalize(row);
    return found == 0;
}

bool store_dataset(struct store *s, int64_t dataset, struct store_dataset *d, struct err *e) {
    *d = (struct store_dataset){0};
    sqlite3_stmt *row = sql_prepare(s->db, e,
        "SELECT name, drawn, exact_ages FROM dataset WHERE dataset = ?1", "l", (long long)dataset);
    int found = row ? sql_step(row, e) : -1;
    if (found > 0) {
        d->name = copy(row, 0);
        d->drawn = sqlite3_column_int(row, 1);
        d->exact_ages = sqlite3_column_int(row, 2);
    }
    sqlite3_finalize(row);
    if (found <= 0)
        return found == 0 && err_set(e, "%s: holds no data set number %lld: the file is damaged",
                                 s->path, (long long)dataset);
    row = sql_prepare(s->db, e,
        "SELECT attribute, label, name FROM class_name WHERE dataset = ?1 AND label >= 0", "l",
        (long long)dataset);
    found = row ? 1 : -1;
    while (found > 0 && (found = sql_step(row, e)) > 0) {
        int a = sqlite3_column_int(row, 0), at = sqlite3_column_int(row, 1);
        if (a < 0 || a >= ATTR_COUNT || at >= STORE_CLASSES)
            continue;
        free(d->class_name[a][at]);
        d->class_name[a][at] = copy(row, 2);
        d->classes[a] = at >= d->classes[a] ? at + 1 : d->classes[a];
    }
    sqlite3_finalize(row);
    return found == 0;
}

void store_dataset_free(struct store_dataset *d) {
    for (int a = 0; a < ATTR_COUNT; a++)
        for (int k = 0; k < d->classes[a]; k++)
            free(d->class_name[a][k]);
    free(d->name);
    *d = (struct store_dataset){0};
}
