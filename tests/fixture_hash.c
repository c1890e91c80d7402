#include "fixture_hash.h"

#include "core/mem.h"
#include "store/sql.h"
#include "store/store.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

void results_hash(const char *db, char hex[SHA256_HEX]) {
    static const char *const queries[] = {
        "SELECT cell, part, task, sample, truth, predicted FROM v_predictions ORDER BY 1, 2, 3, 4",
        "SELECT cell, part, task, sample, kind, hex(probabilities) FROM v_probabilities"
        " ORDER BY 1, 2, 3, 4",
        "SELECT cell, epoch, part, task, metric, value, n FROM v_epochs ORDER BY 1, 2, 3, 4, 5",
        "SELECT cell, step, task, loss, log_variance, weight, beta FROM v_weights ORDER BY 1, 2, 3",
        "SELECT cell, part, task, readout, bins, grouping, metric, value, n FROM v_metrics"
        " ORDER BY 1, 2, 3, 4, 5, 6, 7",
        "SELECT cell, part, task, readout, bins, grouping, truth, predicted, n FROM v_confusion"
        " ORDER BY 1, 2, 3, 4, 5, 6, 7, 8",
        "SELECT cell, part, task, readout, convention, i, value FROM v_cs ORDER BY 1, 2, 3, 4, 5, 6",
    };
    struct err e = {0};
    struct store *s = store_open(db, STORE_READ, &e);
    ck_assert_msg(s != NULL, "%s", e.msg);
    struct sha256 *sum = sha256_new();
    for (size_t q = 0; q < ARRAY_LEN(queries); q++) {
        sqlite3_stmt *row = sql_prepare(store_db(s), &e, queries[q], "");
        int rows = 0, step;
        ck_assert_msg(row != NULL, "%s", e.msg);
        for (; (step = sql_step(row, &e)) == 1; rows++)
            for (int c = 0; c < sqlite3_column_count(row); c++)
                sha256_add(sum, sql_text(row, c), strlen(sql_text(row, c)) + 1);
        ck_assert_int_eq(step, 0);
        ck_assert_int_gt(rows, 0);
        sqlite3_finalize(row);
    }
    sha256_end(sum, hex);
    store_close(s);
}

void expect_same_results(const char *db, const char *other_db) {
    char x[SHA256_HEX], y[SHA256_HEX];
    results_hash(db, x);
    results_hash(other_db, y);
    ck_assert_msg(strcmp(x, y) == 0, "%s and %s hold different results", db, other_db);
}

char *query_text(const char *db, const char *sql) {
    struct err e = {0};
    struct store *s = store_open(db, STORE_READ, &e);
    ck_assert_msg(s != NULL, "%s", e.msg);
    sqlite3_stmt *stmt = sql_prepare(store_db(s), &e, sql, "");
    ck_assert_msg(stmt && sql_step(stmt, &e) == 1, "%s", e.msg);
    char *text = xstrdup(sql_text(stmt, 0));
    sqlite3_finalize(stmt);
    store_close(s);
    return text;
}

void expect_rows(const char *db, const char *sql, const char *want) {
    char *have = query_text(db, sql);
    ck_assert_msg(strcmp(have, want) == 0, "%s: %s: %s, not %s", db, sql, have, want);
    free(have);
}
