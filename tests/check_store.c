#include "check_suites.h"

#include "check_folder.h"
#include "core/file.h"
#include "core/mem.h"
#include "core/str.h"
#include "fixture_store.h"
#include "store/private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Opened for writing on a fresh file; one cell planned in grid "g". */
struct bed {
    char *dir, *path;
    struct store *s;
    int64_t grid, cell;
};

static void must(bool ok, const struct err *e) {
    ck_assert_msg(ok, "%s", e->msg);
}

static struct bed bed;
static const struct provenance nobody = {.threads = 1};

static void open_bed(void) {
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

static void close_bed(void) {
    store_close(bed.s);
    free(bed.path);
    folder_remove(bed.dir);
}

static long long count(const char *sql) {
    struct err e = {0};
    long long n = sql_long(store_db(bed.s), &e, -1, sql, "");
    must(e.kind == ERR_NONE, &e);
    return n;
}

/* The first row's columns as text, joined by '|'. The caller frees. */
static char *row_text(sqlite3 *db, const char *sql) {
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

static void row_is(const char *sql, const char *wanted) {
    char *row = row_text(store_db(bed.s), sql);
    ck_assert_str_eq(row, wanted);
    free(row);
}

/* ---- the public contract ---- */

static const struct {
    const char *view, *columns;
} views[] = {
    {"v_cells",
        "cell,grid,variant,dataset,split,split_seed,seed,fold,axes,state,epochs_done,epochs,"
        "started,finished,error,device,libtorch,threads,git_commit,data_fingerprint"},
    {"v_samples", "dataset,sample,age,gender,race,age_group,subject,duplicate_group"},
    {"v_predictions", "cell,grid,variant,seed,fold,part,task,sample,truth,predicted"},
    {"v_metrics", "cell,grid,variant,seed,fold,part,task,readout,bins,grouping,metric,value,n"},
    {"v_epochs", "cell,grid,variant,seed,fold,epoch,part,task,metric,value,n"},
    {"v_confusion",
        "cell,grid,variant,seed,fold,part,task,readout,bins,grouping,truth,predicted,n"},
    {"v_cs", "cell,grid,variant,seed,fold,part,task,readout,convention,i,value"},
    {"v_weights", "cell,grid,variant,seed,fold,epoch,step,task,loss,log_variance,weight,beta"},
    {"v_probabilities", "cell,part,task,sample,kind,probabilities"},
    {"v_runs",
        "cell,run,started,ended,outcome,wall_s,peak_rss_bytes,images_per_s,threads,host,device,"
        "program_version,git_commit,libtorch,blas,data_fingerprint,weights_sha256"},
    {"v_datasets", "dataset,fingerprint,samples,drawn,exact_ages,current"},
    {"v_classes", "dataset,attribute,label,name"},
};

START_TEST(views_have_these_columns) {
    struct str columns = {0};
    struct err e = {0};
    char *sql = xasprintf("SELECT * FROM %s", views[_i].view);
    sqlite3_stmt *stmt = sql_prepare(store_db(bed.s), &e, sql, "");
    must(stmt != NULL, &e);
    for (int i = 0; i < sqlite3_column_count(stmt); i++)
        str_addf(&columns, "%s%s", i ? "," : "", sqlite3_column_name(stmt, i));
    ck_assert_str_eq(columns.text, views[_i].columns);
    sqlite3_finalize(stmt);
    str_free(&columns);
    free(sql);
}
END_TEST

START_TEST(no_other_views) {
    ck_assert_int_eq(
        count("SELECT count(*) FROM sqlite_master WHERE type = 'view'"), ARRAY_LEN(views));
}
END_TEST

/* The tables of names hold the program's own words and numbers. */
static const struct {
    const char *table;
    const char *const *words;
    int n;
} words[] = {
    {"part", part_name, PART_COUNT},
    {"task", attribute_name, ATTR_COUNT},
    {"readout", readout_name, READOUT_COUNT},
    {"state", cell_state_name, CELL_STATE_COUNT},
    {"convention", cs_convention_name, CS_CONVENTION_COUNT},
};

START_TEST(names_are_those_of_the_program) {
    for (int i = 0; i < words[_i].n; i++) {
        char *sql =
            xasprintf("SELECT name FROM %s WHERE %s = %d", words[_i].table, words[_i].table, i);
        row_is(sql, words[_i].words[i]);
        free(sql);
    }
    char *sql = xasprintf("SELECT count(*) FROM %s WHERE name <> 'all'", words[_i].table);
    ck_assert_int_eq(count(sql), words[_i].n);
    free(sql);
}
END_TEST

/* ---- a whole store ---- */

static sqlite3 *fixture_db(struct store **s, const struct fixture_names *names) {
    struct err e = {0};
    char *path = path_join(bed.dir, "fixture.db");
    must(fixture_store_named(path, names, &e), &e);
    *s = store_open(path, STORE_READ, &e);
    must(*s != NULL, &e);
    free(path);
    return store_db(*s);
}

static const struct {
    const char *sql, *row;
} fixture_rows[] = {
    {"SELECT count(*), count(DISTINCT cell) FROM v_cells", "5|4"}, /* one cell in two grids */
    {"SELECT grid, variant, dataset, split, split_seed, seed, fold, axes, state, epochs_done, epochs,"
     " error, device, libtorch, threads, git_commit, data_fingerprint FROM v_cells"
     " WHERE grid = 'fixture' AND seed = 2 AND variant = 'full'",
        "fixture|full|synthetic|random|7|2|-1|{\"/seed\":2}|done|3|3||cpu|1.13.1|2|0123abc-dirty|f1"},
    {"SELECT run, outcome, wall_s, peak_rss_bytes, images_per_s, threads, host, device, program_version, git_commit,"
     " libtorch, blas, data_fingerprint, weights_sha256 FROM v_runs LIMIT 1",
        "1|done|12.5|123456789|96.5|2|host|cpu|0.1.0|0123abc-dirty|1.13.1|openblas|f1|w1"},
    {"SELECT dataset, samples, drawn, exact_ages, current FROM v_datasets", "synthetic|240|1|1|1"},
    {"SELECT attribute, label, name FROM v_classes ORDER BY 1, 2", "gender|0|male"},
    {"SELECT count(*), count(age), count(age_group) FROM v_samples", "240|240|0"},
    /* 5 memberships x 3 tasks x (80 + 40) */
    {"SELECT count(*), sum(part = 'test') FROM v_predictions", "1800|1200"},
    {"SELECT count(*) FROM v_predictions p JOIN v_samples s USING (sample) WHERE task = 'age' AND"
     " truth = s.age AND grid = 'fixture'",
        "480"},
    {"SELECT typeof(predicted), typeof(truth) FROM v_predictions LIMIT 1", "real|integer"},
    {"SELECT count(*) FROM v_epochs WHERE task = 'all' AND metric = 'loss'", "30"},
    {"SELECT min(epoch), max(epoch), min(step), max(step), count(*) FROM v_weights",
        "1|3|1|30|450"},
    {"SELECT count(log_variance) FROM v_weights WHERE variant = 'equal-weights'", "0"},
    {"SELECT kind, length(probabilities) FROM v_probabilities WHERE task = 'age' LIMIT 1",
        "ordinal|460"},
    {"SELECT kind, length(probabilities) FROM v_probabilities WHERE task = 'race' LIMIT 1",
        "nominal|20"},
    {"SELECT count(*) FROM v_probabilities", "1440"}, /* no row twice: 4 cells x 3 tasks x 120 */
    {"SELECT count(*) FROM v_cs WHERE grid = 'subset'", "416"}, /* 2 parts, 4 read-outs, 2 x 26 */
    {"SELECT sum(n) FROM v_confusion WHERE grid = 'subset' AND part = 'test' AND task = 'race' AND"
     " grouping = 'all'",
        "80"},
    /* The stored MAE is that of the stored predictions. */
    {"SELECT round(m.value - (SELECT avg(abs(predicted - truth)) FROM v_predictions p WHERE"
     " p.cell = m.cell AND p.grid = m.grid AND part = 'test' AND task = 'age'), 9)"
     " FROM v_metrics m WHERE grid = 'subset' AND part = 'test' AND task = 'age' AND"
     " readout = 'count' AND bins = '' AND grouping = 'all' AND metric = 'mae'",
        "0.0"},
};

START_TEST(views_of_a_whole_store) {
    struct store *s;
    sqlite3 *db = fixture_db(&s, &fixture_plain);
    for (size_t i = 0; i < ARRAY_LEN(fixture_rows); i++) {
        char *row = row_text(db, fixture_rows[i].sql);
        ck_assert_msg(strcmp(row, fixture_rows[i].row) == 0, "%s\n  %s\n  %s", fixture_rows[i].sql,
            row, fixture_rows[i].row);
        free(row);
    }
    store_close(s);
}
END_TEST

START_TEST(hostile_names_come_back_as_they_went_in) {
    struct store *s;
    sqlite3 *db = fixture_db(&s, &fixture_hostile);
    struct err e = {0};
    sqlite3_stmt *stmt =
        sql_prepare(db, &e, "SELECT DISTINCT variant FROM v_cells ORDER BY variant", "");
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(sql_step(stmt, &e), 1);
        ck_assert_str_eq(sql_text(stmt, 0), fixture_hostile.variant[i]);
    }
    sqlite3_finalize(stmt);
    char *grouping = row_text(
        db, "SELECT DISTINCT grouping FROM v_metrics WHERE grouping LIKE 'gender=a%' ORDER BY 1");
    ck_assert_str_eq(grouping, "gender=a%3Db%2Cc%25d");
    free(grouping);
    store_close(s);
}
END_TEST

/* ---- plan ---- */

START_TEST(grids_and_members_are_replaced_cells_stay) {
    struct err e = {0};
    int64_t grid, again, cell;
    must(store_put_grid(bed.s, "g", "{\"title\": 1}", &again, &e), &e);
    ck_assert_int_eq(again, bed.grid);
    struct store_cell c = {.id = "c1",
        .config = "{\"log_every\":1}",
        .dataset = "synthetic",
        .split = "random",
        .fold = -1,
        .epochs = 5};
    must(store_put_cell(bed.s, &c, &cell, &e), &e);
    ck_assert_int_eq(cell, bed.cell);
    row_is("SELECT config FROM cell", "{\"log_every\":1}");
    must(store_put_grid(bed.s, "h", "{}", &grid, &e) &&
             store_put_member(bed.s, grid, cell, "x", "{}", 0, &e) &&
             store_clear_members(bed.s, bed.grid, &e),
        &e);
    ck_assert_int_eq(count("SELECT count(*) FROM v_cells WHERE grid = 'g'"), 0);
    ck_assert_int_eq(count("SELECT count(*) FROM v_cells WHERE grid = 'h'"), 1);
    char *source = store_grid_source(bed.s, "g", &e);
    ck_assert_str_eq(source, "{\"title\": 1}");
    free(source);
    ck_assert_ptr_null(store_grid_source(bed.s, "none", &e));
    ck_assert_int_eq(e.kind, ERR_USAGE);
    ck_assert_ptr_nonnull(strstr(e.msg, "r.db: holds no grid \"none\" (it holds: g, h)"));
}
END_TEST

START_TEST(a_done_cell_keeps_its_configuration) {
    struct err e = {0};
    int64_t token, cell;
    must(store_claim(bed.s, bed.cell, &nobody, &token, &e) &&
             store_finish(bed.s, bed.cell, 1, 0, 5, &e),
        &e);
    struct store_cell c = {.id = "c1",
        .config = "{\"log_every\":1}",
        .dataset = "synthetic",
        .split = "random",
        .fold = -1,
        .epochs = 5};
    must(store_put_cell(bed.s, &c, &cell, &e), &e);
    row_is("SELECT config FROM cell", "{}");
    c.seed = UINT64_MAX;
    ck_assert(!store_put_cell(bed.s, &c, &cell, &e));
    ck_assert_ptr_nonnull(
        strstr(e.msg, "seeds must be below 2^63, got /seed 18446744073709551615"));
}
END_TEST

/* ---- the life of a cell ---- */

START_TEST(a_cell_lives) {
    struct err e = {0};
    int64_t token;
    row_is("SELECT state, started FROM v_cells", "pending|");
    must(store_claim(bed.s, bed.cell, &nobody, &token, &e), &e);
    row_is("SELECT state, started IS NOT NULL, finished FROM v_cells", "running|1|");
    must(store_fail(bed.s, bed.cell, token, "it broke", &e), &e);
    row_is("SELECT state, error, finished IS NOT NULL FROM v_cells", "failed|it broke|1");
    must(store_claim(bed.s, bed.cell, &nobody, &token, &e) &&
             store_progress(bed.s, bed.cell, 2, 20, 7.5, &e) &&
             store_heartbeat(bed.s, bed.cell, 2, 0.4, 90, &e) &&
             store_heartbeat(bed.s, bed.cell, 3, 0.5, 91, &e),
        &e);
    row_is("SELECT state, error, epochs_done FROM v_cells", "running||2");
    struct cell_record *cells;
    size_t n;
    must(store_cells(bed.s, "g", &cells, &n, &e), &e);
    ck_assert_uint_eq(n, 1);
    ck_assert_str_eq(cells[0].id, "c1");
    ck_assert_str_eq(cells[0].variant, "full");
    ck_assert_int_eq(cells[0].state, CELL_RUNNING);
    ck_assert_int_eq(cells[0].epochs, 5);
    ck_assert_int_eq(cells[0].step, 20);
    ck_assert_double_eq(cells[0].wall_s, 7.5);
    ck_assert_double_eq(cells[0].fraction, 0.5);
    ck_assert_ptr_null(cells[0].error);
    ck_assert_ptr_null(cells[0].fingerprint);
    store_cells_free(cells, n);
    must(store_trained(bed.s, bed.cell, 250, &e) && store_finish(bed.s, bed.cell, 9, 1000, 5, &e),
        &e);
    row_is("SELECT state, epochs_done FROM v_cells", "done|5");
    row_is(
        "SELECT group_concat(run || ' ' || outcome || ' ' || wall_s || ' ' ||"
        " coalesce(peak_rss_bytes, '-') || ' ' || coalesce(images_per_s, '-'), ', ') FROM v_runs",
        "1 failed 0.0 - -, 2 done 9.0 1000 250.0");
    ck_assert(!store_claim(bed.s, bed.cell, &nobody, &token, &e)); /* done: no work, no error */
    ck_assert_int_eq(e.kind, ERR_NONE);
    row_is("SELECT state, count(*) FROM v_cells, v_runs", "done|2");
}
END_TEST

START_TEST(a_newer_claim_fences_off_the_older) {
    struct err e = {0};
    int64_t first, second;
    must(store_claim(bed.s, bed.cell, &nobody, &first, &e), &e);
    must(store_check_token(bed.s, bed.cell, first, &e), &e);
    must(store_claim(bed.s, bed.cell, &nobody, &second, &e), &e);
    ck_assert_int_gt(second, first);
    must(store_check_token(bed.s, bed.cell, second, &e), &e);
    ck_assert(!store_check_token(bed.s, bed.cell, first, &e));
    ck_assert_ptr_nonnull(strstr(e.msg, "was taken over by another worker (claim 2, ours was 1)"));
}
END_TEST

/* A worker whose claim was taken over neither fails the cell nor makes it pending. */
START_TEST(a_lost_claim_records_nothing) {
    struct err e = {0}, failed = {0}, interrupted = {0};
    int64_t first, second;
    must(store_claim(bed.s, bed.cell, &nobody, &first, &e) &&
             store_claim(bed.s, bed.cell, &nobody, &second, &e),
        &e);
    ck_assert(!store_fail(bed.s, bed.cell, first, "mine", &failed));
    ck_assert(!store_interrupt(bed.s, bed.cell, first, &interrupted));
    ck_assert_ptr_nonnull(strstr(failed.msg, "was taken over by another worker"));
    ck_assert_ptr_nonnull(strstr(interrupted.msg, "was taken over by another worker"));
    row_is("SELECT state, error FROM v_cells", "running|");
    row_is("SELECT count(ended), count(outcome) FROM v_runs", "0|0");
    must(store_fail(bed.s, bed.cell, second, "mine", &e), &e);
    row_is("SELECT state, error FROM v_cells", "failed|mine");
    row_is("SELECT group_concat(coalesce(outcome, '-')) FROM v_runs", "-,failed");
}
END_TEST

START_TEST(an_interrupted_cell_is_pending) {
    struct err e = {0};
    int64_t token;
    must(store_claim(bed.s, bed.cell, &nobody, &token, &e) &&
             store_progress(bed.s, bed.cell, 2, 20, 7.5, &e) &&
             store_interrupt(bed.s, bed.cell, token, &e),
        &e);
    row_is("SELECT state, error, finished, epochs_done FROM v_cells", "pending|||2");
    row_is("SELECT outcome, ended IS NOT NULL, wall_s FROM v_runs", "pending|1|7.5");
}
END_TEST

START_TEST(a_failed_cell_is_retried_on_request) {
    struct err e = {0};
    int64_t token;
    must(store_claim(bed.s, bed.cell, &nobody, &token, &e) &&
             store_retry(bed.s, bed.cell, &e), /* not failed: left alone */
        &e);
    row_is("SELECT state FROM v_cells", "running");
    must(
        store_fail(bed.s, bed.cell, token, "it broke", &e) && store_retry(bed.s, bed.cell, &e), &e);
    row_is("SELECT state, error, finished FROM v_cells", "pending|it broke|");
    must(store_claim(bed.s, bed.cell, &nobody, &token, &e), &e);
    row_is("SELECT state, error FROM v_cells", "running|");
}
END_TEST

/* Another process holds the write lock: the heartbeat gives up at once, not after the 30 s that results
 * wait, and the next finds the patience of others unchanged. */
START_TEST(a_heartbeat_waits_for_no_lock) {
    struct err e = {0};
    sqlite3 *other;
    ck_assert_int_eq(sqlite3_open(store_path(bed.s), &other), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    struct timespec begun, ended;
    clock_gettime(CLOCK_MONOTONIC, &begun);
    ck_assert(!store_heartbeat(bed.s, bed.cell, 1, 0.5, 100, &e));
    clock_gettime(CLOCK_MONOTONIC, &ended);
    ck_assert_int_lt(ended.tv_sec - begun.tv_sec, 3);
    ck_assert_int_eq(e.kind, ERR_FAILED);
    ck_assert_int_eq(sqlite3_close(other), SQLITE_OK);
    e = (struct err){0};
    must(store_heartbeat(bed.s, bed.cell, 1, 0.5, 100, &e), &e);
    row_is("PRAGMA busy_timeout", "30000");
}
END_TEST

/* Only what stands in the store binds the grid to a version of the folder: a run that left nothing
 * does not, nor do other sets. */
START_TEST(a_grid_keeps_to_one_version_of_its_data) {
    struct err e = {0};
    int64_t token;
    const struct provenance f1 = {.data_fingerprint = "f1"};
    must(store_claim(bed.s, bed.cell, &f1, &token, &e) &&
             store_check_data(bed.s, "g", "synthetic", "f2", "faces", &e) &&
             store_progress(bed.s, bed.cell, 1, 10, 1, &e) &&
             store_check_data(bed.s, "g", "synthetic", "f1", "faces", &e) &&
             store_check_data(bed.s, "g", "adience", "f2", "faces", &e) &&
             store_check_data(bed.s, "h", "synthetic", "f2", "faces", &e),
        &e);
    must(store_claim(bed.s, bed.cell, &nobody, &token, &e), &e); /* died before it read any */
    ck_assert(!store_check_data(bed.s, "g", "synthetic", "f2", "faces", &e));
    ck_assert_int_eq(e.kind, ERR_USAGE);
    ck_assert_ptr_nonnull(
        strstr(e.msg, "faces: this folder's data have the fingerprint f2, but the cells of g"));
    ck_assert_ptr_nonnull(strstr(e.msg, "were made from data with f1 (full, cell c1)"));
    ck_assert_ptr_nonnull(strstr(e.msg, "another --db"));
}
END_TEST

START_TEST(cells_that_are_not_there) {
    int64_t token;
    struct err e[6] = {{0}};
    ck_assert(!store_claim(bed.s, 99, &nobody, &token, &e[0]));
    ck_assert(!store_check_token(bed.s, 99, 1, &e[1]));
    ck_assert(!store_progress(bed.s, 99, 1, 1, 1, &e[2]));
    ck_assert(!store_finish(bed.s, 99, 1, 1, 1, &e[3]));
    ck_assert(!store_fail(bed.s, 99, 1, "x", &e[4]));
    ck_assert(!store_rewind(bed.s, 99, 0, 0, &e[5]));
    for (size_t i = 0; i < ARRAY_LEN(e); i++)
        ck_assert_ptr_nonnull(strstr(e[i].msg, "r.db: holds no cell number 99"));
}
END_TEST

/* A cell shows where it ran last. */
START_TEST(every_run_keeps_its_provenance) {
    struct err e = {0};
    int64_t token;
    const struct provenance first = {.device = "cpu", .threads = 2, .data_fingerprint = "f1"};
    const struct provenance second = {.device = "cuda:0", .threads = 8, .data_fingerprint = "f2"};
    must(store_claim(bed.s, bed.cell, &first, &token, &e) &&
             store_claim(bed.s, bed.cell, &second, &token, &e),
        &e);
    row_is("SELECT device, threads, data_fingerprint, libtorch FROM v_cells", "cuda:0|8|f2|");
    row_is("SELECT group_concat(run || device || threads || data_fingerprint) FROM v_runs",
        "1cpu2f1,2cuda:08f2");
    struct cell_record *cells;
    size_t n;
    must(store_cells(bed.s, "g", &cells, &n, &e), &e);
    ck_assert_str_eq(cells[0].fingerprint, "f2");
    store_cells_free(cells, n);
}
END_TEST

static void put_rows_of(int epoch) {
    struct err e = {0};
    for (int step = 10 * epoch - 9; step <= 10 * epoch; step++) {
        struct weight_row w = {epoch, step, ATTR_AGE, 1, NAN, 1, 1};
        must(store_put_weights(bed.s, bed.cell, &w, 1, &e), &e);
    }
    struct epoch_row rows[] = {{epoch, PART_TRAIN, -1, "loss", 1.0 / epoch, 10},
        {epoch, PART_VALIDATION, ATTR_AGE, "mae", NAN, 10}};
    must(store_put_epochs(bed.s, bed.cell, rows, 2, &e) &&
             store_progress(bed.s, bed.cell, epoch, 10 * epoch, epoch, &e),
        &e);
}

/* Back to a checkpoint in the middle of epoch 3: what follows writes the same rows without doubles. */
START_TEST(rewound_to_a_checkpoint) {
    struct err e = {0};
    for (int epoch = 1; epoch <= 4; epoch++)
        put_rows_of(epoch);
    must(store_rewind(bed.s, bed.cell, 2, 25, &e), &e);
    row_is("SELECT epochs_done, step, wall_s FROM cell", "2|25|4.0");
    row_is("SELECT max(epoch), count(*) FROM v_epochs", "2|4");
    row_is("SELECT max(step), count(*) FROM v_weights", "25|25");
    must(store_rewind(bed.s, bed.cell, 2, 20, &e), &e);
    put_rows_of(3);
    row_is("SELECT max(step), count(*), count(log_variance) FROM v_weights", "30|30|0");
    row_is("SELECT value IS NULL FROM v_epochs WHERE metric = 'mae' LIMIT 1", "1");
}
END_TEST

START_TEST(a_rolled_back_transaction_leaves_nothing) {
    struct err e = {0};
    int64_t token;
    must(store_begin(bed.s, &e) && store_claim(bed.s, bed.cell, &nobody, &token, &e), &e);
    put_rows_of(1);
    store_rollback(bed.s);
    row_is("SELECT state, epochs_done FROM v_cells", "pending|0");
    ck_assert_int_eq(count("SELECT count(*) FROM v_weights"), 0);
    ck_assert_int_eq(count("SELECT count(*) FROM v_runs"), 0);
    store_rollback(bed.s); /* with none open: nothing */
}
END_TEST

/* ---- samples and predictions ---- */

static const struct store_sample faces[] = {
    {"a.jpg", {20, 0, LABEL_MISSING}, "s1", -1}, {"b.jpg", {30, 1, 2}, NULL, 4}};

static int64_t put_faces(const char *fingerprint, bool exact_ages, const struct store_sample *s) {
    struct err e = {0};
    int64_t dataset;
    must(store_put_dataset(bed.s, "faces", fingerprint, false, exact_ages,
             "{\"gender\": [\"male\", \"female\"]}", s, 2, &dataset, &e),
        &e);
    return dataset;
}

START_TEST(a_set_is_registered_once_per_content) {
    int64_t first = put_faces("f1", true, faces);
    ck_assert_int_eq(put_faces("f1", true, faces), first);
    row_is(
        "SELECT count(*), min(age), max(race), max(subject), max(duplicate_group) FROM v_samples",
        "2|20|2|s1|4");
    struct store_sample corrected[] = {faces[0], faces[1]};
    corrected[0].label[ATTR_AGE] = 21;
    corrected[1].id = "c.jpg";
    ck_assert_int_ne(put_faces("f2", true, corrected), first);
    row_is("SELECT group_concat(sample || ' ' || age, ', ') FROM"
           " (SELECT * FROM v_samples ORDER BY sample)",
        "a.jpg 21, b.jpg 30, c.jpg 30");
    row_is("SELECT group_concat(current) FROM v_datasets", "0,1");
    row_is("SELECT group_concat(name) FROM v_classes", "male,female");
}
END_TEST

START_TEST(ages_that_are_groups_stand_in_their_own_column) {
    put_faces("f1", false, faces);
    row_is("SELECT age, age_group FROM v_samples", "|20");
}
END_TEST

START_TEST(class_names_are_checked) {
    static const struct {
        const char *names, *message;
    } cases[] = {{"{\"gender\": 1}", "/gender: expected an attribute with an array"},
        {"{\"hair\": []}", "/hair: expected an attribute"},
        {"{\"gender\": [1]}", "/gender/0: expected a text"}, {"[]", "expected an object"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err e = {0};
        int64_t dataset;
        must(store_begin(bed.s, &e), &e);
        ck_assert(!store_put_dataset(
            bed.s, "faces", "f", false, true, cases[i].names, faces, 2, &dataset, &e));
        ck_assert_msg(strstr(e.msg, cases[i].message) != NULL, "%s", e.msg);
        store_rollback(bed.s);
    }
}
END_TEST

START_TEST(predictions_by_number_in_the_set) {
    struct err e = {0};
    static const struct store_sample others[] = {
        {"x.jpg", {1, 0, 0}, NULL, -1}, {"y.jpg", {2, 0, 0}, NULL, -1}};
    put_faces("f0", true, others); /* so that the set in use does not begin at sample 0 */
    int64_t dataset = put_faces("f1", true, faces);
    static const uint32_t samples[] = {1, 0};
    static const int truth[] = {30, 20};
    static const double said[] = {31.25, 18};
    static const float p[] = {0.5F, 0.25F, 1, 0};
    must(store_put_predictions(bed.s, bed.cell, dataset, PART_TEST, ATTR_AGE, true, 2, samples,
             truth, said, p, 2, &e),
        &e);
    row_is(
        "SELECT group_concat(sample || ' ' || truth || ' ' || predicted, ', ') FROM v_predictions",
        "a.jpg 20 18.0, b.jpg 30 31.25");
    row_is("SELECT kind, hex(probabilities) FROM v_probabilities WHERE sample = 'b.jpg'",
        "ordinal|0000003F0000803E");
    must(store_put_predictions(bed.s, bed.cell, dataset, PART_TEST, ATTR_GENDER, false, 2, samples,
             truth, said, NULL, 0, &e),
        &e);
    ck_assert_int_eq(count("SELECT count(*) FROM v_probabilities"), 2);
    static const uint32_t outside[] = {2};
    ck_assert(!store_put_predictions(bed.s, bed.cell, dataset, PART_TEST, ATTR_RACE, false, 1,
        outside, truth, said, NULL, 0, &e));
    ck_assert_ptr_nonnull(strstr(e.msg, "sample number 2 of a data set of 2"));
    e = (struct err){0};
    ck_assert(!store_put_predictions(
        bed.s, bed.cell, 77, PART_TEST, ATTR_RACE, false, 1, outside, truth, said, NULL, 0, &e));
    ck_assert_ptr_nonnull(strstr(e.msg, "holds no data set number 77"));
}
END_TEST

START_TEST(no_prediction_is_stored_twice) {
    struct err e = {0};
    int64_t dataset = put_faces("f1", true, faces);
    static const uint32_t samples[] = {1};
    static const int truth[] = {30};
    static const double said[] = {31};
    must(store_put_predictions(bed.s, bed.cell, dataset, PART_TEST, ATTR_AGE, true, 1, samples,
             truth, said, NULL, 0, &e),
        &e);
    ck_assert(!store_put_predictions(
        bed.s, bed.cell, dataset, PART_TEST, ATTR_AGE, true, 1, samples, truth, said, NULL, 0, &e));
    ck_assert_ptr_nonnull(strstr(e.msg, "UNIQUE constraint failed"));
}
END_TEST

Suite *store_suite(void) {
    Suite *s = suite_create("store");
    TCase *c = tcase_create("store");
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, open_bed, close_bed);
    tcase_add_loop_test(c, views_have_these_columns, 0, (int)ARRAY_LEN(views));
    tcase_add_test(c, no_other_views);
    tcase_add_loop_test(c, names_are_those_of_the_program, 0, (int)ARRAY_LEN(words));
    tcase_add_test(c, views_of_a_whole_store);
    tcase_add_test(c, hostile_names_come_back_as_they_went_in);
    tcase_add_test(c, grids_and_members_are_replaced_cells_stay);
    tcase_add_test(c, a_done_cell_keeps_its_configuration);
    tcase_add_test(c, a_cell_lives);
    tcase_add_test(c, a_newer_claim_fences_off_the_older);
    tcase_add_test(c, a_lost_claim_records_nothing);
    tcase_add_test(c, an_interrupted_cell_is_pending);
    tcase_add_test(c, a_failed_cell_is_retried_on_request);
    tcase_add_test(c, a_heartbeat_waits_for_no_lock);
    tcase_add_test(c, a_grid_keeps_to_one_version_of_its_data);
    tcase_add_test(c, cells_that_are_not_there);
    tcase_add_test(c, every_run_keeps_its_provenance);
    tcase_add_test(c, rewound_to_a_checkpoint);
    tcase_add_test(c, a_rolled_back_transaction_leaves_nothing);
    tcase_add_test(c, a_set_is_registered_once_per_content);
    tcase_add_test(c, ages_that_are_groups_stand_in_their_own_column);
    tcase_add_test(c, class_names_are_checked);
    tcase_add_test(c, predictions_by_number_in_the_set);
    tcase_add_test(c, no_prediction_is_stored_twice);
    suite_add_tcase(s, c);
    return s;
}
