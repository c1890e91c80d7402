#include "fixture_bed.h"

#include "check_folder.h"
#include "core/file.h"
#include "core/str.h"
#include "store/sql.h"

#include <check.h>
#include <stdlib.h>

void must(bool ok, const struct err *e) {
    ck_assert_msg(ok, "%s", e->msg);
}

struct bed bed;
const struct provenance nobody = {.threads = 1};

void bed_open(void) {
    struct err e = {0};
    bed.dir = folder_new();
    bed.path = path_join(bed.dir, "r.db");
    bed.s = store_open(bed.path, STORE_WRITE, &e);
    must(bed.s != NULL, &e);
    struct store_cell c = {.id = "c1",
        .config = "{}",
        .dataset = "synthetic",
        .split = "random",
        .split_seed = 3,
        .seed = 4,
        .fold = -1,
        .epochs = 5};
    must(store_put_grid(bed.s, "g", "{}", &bed.grid, &e) &&
             store_put_cell(bed.s, &c, &bed.cell, &e) &&
             store_put_member(bed.s, bed.grid, bed.cell, "full", "{}", 0, &e),
        &e);
}

void bed_close(void) {
    store_close(bed.s);
    free(bed.path);
    folder_remove(bed.dir);
}

long long count(const char *sql) {
    struct err e = {0};
    long long n = sql_long(store_db(bed.s), &e, -1, sql, "");
    must(e.kind == ERR_NONE, &e);
    return n;
}

char *row_text(sqlite3 *db, const char *sql) {
    struct err e = {0};
    struct str s = {0};
    sqlite3_stmt *stmt = sql_prepare(db, &e, sql, "");
    must(stmt != NULL, &e);
    if (sql_step(stmt, &e) > 0)
        for (int i = 0; i < sqlite3_column_count(stmt); i++)
            str_addf(&s, "%s%s", i ? "|" : "", sql_text(stmt, i));
    must(e.kind == ERR_NONE, &e);
    sqlite3_finalize(stmt);
    return str_detach(&s);
}

void row_is(const char *sql, const char *wanted) {
    char *row = row_text(store_db(bed.s), sql);
    ck_assert_str_eq(row, wanted);
    free(row);
}
