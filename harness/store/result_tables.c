#include "store/result_tables.h"

#include "core/str.h"

const struct result_table result_tables[RESULT_TABLES] = {
    {"weight", "logged losses", 2, 7,
        {{"step", COLUMN_VALUE}, {"task", COLUMN_TASK}, {"epoch", COLUMN_VALUE},
            {"loss", COLUMN_VALUE}, {"log_variance", COLUMN_VALUE}, {"weight", COLUMN_VALUE},
            {"beta", COLUMN_VALUE}}},
    {"epoch", "losses and metrics of epochs", 4, 6,
        {{"epoch", COLUMN_VALUE}, {"part", COLUMN_PART}, {"task", COLUMN_TASK},
            {"metric", COLUMN_METRIC}, {"value", COLUMN_VALUE}, {"n", COLUMN_VALUE}}},
    {"prediction", "predictions", 3, 5,
        {{"part", COLUMN_PART}, {"task", COLUMN_TASK}, {"sample", COLUMN_SAMPLE},
            {"truth", COLUMN_VALUE}, {"predicted", COLUMN_VALUE}}},
    {"probability", "probabilities", 3, 5,
        {{"part", COLUMN_PART}, {"task", COLUMN_TASK}, {"sample", COLUMN_SAMPLE},
            {"ordinal", COLUMN_VALUE}, {"probabilities", COLUMN_VALUE}}},
    {"metric", "metrics", 5, 7,
        {{"part", COLUMN_PART}, {"task", COLUMN_TASK}, {"slice", COLUMN_SLICE},
            {"readout", COLUMN_READOUT}, {"metric", COLUMN_METRIC}, {"value", COLUMN_VALUE},
            {"n", COLUMN_VALUE}}},
    {"confusion", "counts of confusions", 6, 7,
        {{"part", COLUMN_PART}, {"task", COLUMN_TASK}, {"slice", COLUMN_SLICE},
            {"readout", COLUMN_READOUT}, {"truth", COLUMN_VALUE}, {"predicted", COLUMN_VALUE},
            {"n", COLUMN_VALUE}}},
    {"cs", "cumulative scores", 5, 6,
        {{"part", COLUMN_PART}, {"task", COLUMN_TASK}, {"readout", COLUMN_READOUT},
            {"convention", COLUMN_CONVENTION}, {"i", COLUMN_VALUE}, {"value", COLUMN_VALUE}}},
};

static void add_names(struct str *sql, const struct result_table *t, int from, int to) {
    for (int i = from; i < to; i++)
        str_addf(sql, "%s%s", i > from ? ", " : "", t->columns[i].name);
}

char *result_select(const struct result_table *t) {
    struct str sql = {0};
    str_add(&sql, "SELECT ");
    add_names(&sql, t, 0, t->n_columns);
    str_addf(&sql, " FROM %s WHERE cell = ?1 ORDER BY ", t->name);
    add_names(&sql, t, 0, t->n_keys);
    return str_detach(&sql);
}

char *result_find(const struct result_table *t) {
    struct str sql = {0};
    str_add(&sql, "SELECT ");
    add_names(&sql, t, t->n_keys, t->n_columns);
    str_addf(&sql, " FROM %s WHERE cell = ?1", t->name);
    for (int i = 0; i < t->n_keys; i++)
        str_addf(&sql, " AND %s = ?%d", t->columns[i].name, i + 2);
    return str_detach(&sql);
}

char *result_insert(const struct result_table *t) {
    struct str sql = {0};
    str_addf(&sql, "INSERT INTO %s (cell, ", t->name);
    add_names(&sql, t, 0, t->n_columns);
    str_add(&sql, ") VALUES (?1");
    for (int i = 0; i < t->n_columns; i++)
        str_addf(&sql, ", ?%d", i + 2);
    str_addc(&sql, ')');
    return str_detach(&sql);
}
