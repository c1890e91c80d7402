/* Grids, their cells, and the life of a cell from claim to end. */
#include "check_suites.h"

#include "core/mem.h"
#include "fixture_bed.h"
#include "store/sql.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- what is planned ---- */

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
    must(store_trained(bed.s, bed.cell, 250, &e) && store_progress(bed.s, bed.cell, 5, 50, 9, &e) &&
             store_finish(bed.s, bed.cell, 9, 1000, 5, &e),
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

/* Cells that are done bind the grid to a file behind a name; the bed's cell has trunk t and weights w. */
START_TEST(a_grid_keeps_to_one_file_of_weights) {
    struct err e = {0};
    int64_t token;
    const struct provenance one = {.weights_sha256 = "1"};
    must(sql_run(store_db(bed.s), &e,
             "UPDATE cell SET config = '{\"trunk\": {\"name\": \"t\", \"weights\": \"w\"}}'", "") &&
             store_claim(bed.s, bed.cell, &one, &token, &e) &&
             store_check_weights(bed.s, "g", "t", "w", "2", &e) && /* not done */
             store_finish(bed.s, bed.cell, 1, 0, 5, &e) &&
             store_check_weights(bed.s, "g", "t", "w", "1", &e) &&
             store_check_weights(bed.s, "g", "u", "w", "2", &e) &&
             store_check_weights(bed.s, "g", "t", "v", "2", &e) &&
             store_check_weights(bed.s, "h", "t", "w", "2", &e),
        &e);
    ck_assert(!store_check_weights(bed.s, "g", "t", "w", "2", &e));
    ck_assert_int_eq(e.kind, ERR_USAGE);
    ck_assert_ptr_nonnull(strstr(e.msg, "/trunk/weights \"w\": the file has the SHA-256 2, but"));
    ck_assert_ptr_nonnull(strstr(e.msg, "began with one of 1 (full, cell c1)"));
}
END_TEST

/* Lists bind a grid as its data do: by what is done or has a checkpoint. */
START_TEST(a_grid_keeps_to_one_content_of_its_lists) {
    struct err e = {0};
    int64_t token;
    static const char lists[] = "{\"test\":\"b\",\"train\":\"a\"}";
    const struct provenance one = {.lists_sha256 = "1"};
    must(sql_run(store_db(bed.s), &e,
             "UPDATE cell SET config = '{\"split\":{\"lists\":' || ?1 || '}}'", "s", lists) &&
             store_claim(bed.s, bed.cell, &one, &token, &e) &&
             store_check_lists(bed.s, "g", lists, "2", &e) && /* nothing is kept yet */
             store_progress(bed.s, bed.cell, 1, 10, 1, &e) &&
             store_check_lists(bed.s, "g", lists, "1", &e) &&
             store_check_lists(bed.s, "g", "{\"test\":\"c\",\"train\":\"a\"}", "2", &e) &&
             store_check_lists(bed.s, "h", lists, "2", &e),
        &e);
    must(store_claim(bed.s, bed.cell, &nobody, &token, &e), &e); /* died before it read any */
    ck_assert(!store_check_lists(bed.s, "g", lists, "2", &e));
    ck_assert_int_eq(e.kind, ERR_USAGE);
    ck_assert_ptr_nonnull(strstr(e.msg,
        "/split/lists {\"test\":\"b\",\"train\":\"a\"}: the lists have changed since cells of g"));
    ck_assert_ptr_nonnull(strstr(e.msg, "(full, cell c1)"));
}
END_TEST

static const struct store_source *source(
    const char *dataset, const char *age_labels, const char *fingerprint) {
    static struct store_source of_data;
    of_data = (struct store_source){.dataset = dataset,
        .ages = "own",
        .age_labels = age_labels,
        .repeated_rows = "keep",
        .crop = "aligned",
        .corrections = "none",
        .races = "utkface-5",
        .fingerprint = fingerprint,
        .folder = "faces"};
    return &of_data;
}

/* Only what stands in the store binds the grid to a version of the folder: a run that left nothing
 * does not, nor do other sets. */
START_TEST(a_grid_keeps_to_one_version_of_its_data) {
    struct err e = {0};
    int64_t token;
    const struct provenance f1 = {.data_fingerprint = "f1"};
    must(store_claim(bed.s, bed.cell, &f1, &token, &e) &&
             store_check_data(bed.s, "g", source("synthetic", "exact", "f2"), &e) &&
             store_progress(bed.s, bed.cell, 1, 10, 1, &e) &&
             store_check_data(bed.s, "g", source("synthetic", "exact", "f1"), &e) &&
             store_check_data(bed.s, "g", source("adience", "exact", "f2"), &e) &&
             store_check_data(bed.s, "h", source("synthetic", "exact", "f2"), &e),
        &e);
    must(store_claim(bed.s, bed.cell, &nobody, &token, &e), &e); /* died before it read any */
    ck_assert(!store_check_data(bed.s, "g", source("synthetic", "exact", "f2"), &e));
    ck_assert_int_eq(e.kind, ERR_USAGE);
    ck_assert_ptr_nonnull(
        strstr(e.msg, "faces: this folder's data have the fingerprint f2, but the cells of g"));
    ck_assert_ptr_nonnull(strstr(e.msg, "were made from data with f1 (full, cell c1)"));
    ck_assert_ptr_nonnull(strstr(e.msg, "another --db"));
}
END_TEST

/* Of what was stored: a.jpg is gone, b.jpg has another content, c.jpg another age and no gender any more, e.jpg is as
 * it was; d.jpg and four more are new, of which three are named. */
START_TEST(what_changed_is_named) {
    struct err e = {0};
    int64_t token, dataset;
    const struct provenance f1 = {.data_fingerprint = "f1"};
    static const struct store_sample
        was[] = {{"a.jpg", {20, 0, 0}, NULL, -1, "1"}, {"b.jpg", {20, 0, 0}, NULL, -1, "2"},
            {"c.jpg", {20, 1, LABEL_MISSING}, NULL, -1, "3"}, {"e.jpg", {20, 0, 0}, NULL, -1, "4"}},
        now[] = {{"b.jpg", {20, 0, 0}, NULL, -1, "5"},
            {"c.jpg", {21, LABEL_MISSING, LABEL_MISSING}, NULL, -1, "3"},
            {"d.jpg", {20, 0, 0}, NULL, -1, "6"}, {"e.jpg", {20, 0, 0}, NULL, -1, "4"},
            {"f1.jpg", {20, 0, 0}, NULL, -1, "7"}, {"f2.jpg", {20, 0, 0}, NULL, -1, "8"},
            {"f3.jpg", {20, 0, 0}, NULL, -1, "9"}, {"f4.jpg", {20, 0, 0}, NULL, -1, "10"}};
    must(store_claim(bed.s, bed.cell, &f1, &token, &e) &&
             store_put_dataset(bed.s, "synthetic", "f1", true, true, "{}", was, 4, &dataset, &e) &&
             store_progress(bed.s, bed.cell, 1, 10, 1, &e),
        &e);
    struct store_source changed = *source("synthetic", "exact", "f2");
    changed.samples = now;
    changed.n = ARRAY_LEN(now);
    ck_assert(!store_check_data(bed.s, "g", &changed, &e));
    ck_assert_msg(
        strstr(e.msg,
            "data with f1 (full, cell c1); since then 5 files are new (\"d.jpg\", \"f1.jpg\", \"f2.jpg\", ...), "
            "1 file is gone (\"a.jpg\"), 1 file has another content (\"b.jpg\"), 1 file has another label "
            "(\"c.jpg\" with age 21 for 20, gender none for 1): give the folder as it was then") !=
            NULL,
        "%s", e.msg);
    e = (struct err){0};
    must(sql_script(store_db(bed.s), "UPDATE sample SET content = NULL", &e), &e);
    changed.samples = was;
    changed.n = 4;
    ck_assert(!store_check_data(bed.s, "g", &changed, &e));
    ck_assert_msg(
        strstr(e.msg,
            "; since then files' contents changed, which were not on record one by one: give") !=
            NULL,
        "%s", e.msg);
}
END_TEST

/* Another reading is another version of the set; a configuration that says nothing of it has but one. */
START_TEST(each_reading_has_a_version_of_its_own) {
    struct err e = {0};
    int64_t token;
    const struct provenance f1 = {.data_fingerprint = "f1"};
    struct store_cell c = {.id = "c1",
        .config =
            "{\"data\":{\"age_labels\":\"exact\",\"crop\":\"aligned\",\"repeated_rows\":\"keep\"}}",
        .dataset = "synthetic",
        .split = "random",
        .fold = -1,
        .epochs = 5};
    must(store_claim(bed.s, bed.cell, &f1, &token, &e) &&
             store_progress(bed.s, bed.cell, 1, 10, 1, &e),
        &e);
    ck_assert(!store_check_data(bed.s, "g", source("synthetic", "nested", "f2"), &e));
    e = (struct err){0};
    must(store_put_cell(bed.s, &c, &bed.cell, &e) &&
             store_check_data(bed.s, "g", source("synthetic", "nested", "f2"), &e),
        &e);
    struct store_source other = *source("synthetic", "exact", "f2");
    other.ages = "adience-8"; /* a configuration that does not say has years */
    must(store_check_data(bed.s, "g", &other, &e), &e);
    other.ages = "own";
    other.corrections = "published";
    must(store_check_data(bed.s, "g", &other, &e), &e);
    ck_assert(!store_check_data(bed.s, "g", source("synthetic", "exact", "f2"), &e));
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

Suite *store_cells_suite(void) {
    Suite *s = suite_create("store_cells");
    TCase *c = tcase_create("store_cells");
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, bed_open, bed_close);
    tcase_add_test(c, grids_and_members_are_replaced_cells_stay);
    tcase_add_test(c, a_done_cell_keeps_its_configuration);
    tcase_add_test(c, a_cell_lives);
    tcase_add_test(c, a_newer_claim_fences_off_the_older);
    tcase_add_test(c, a_lost_claim_records_nothing);
    tcase_add_test(c, an_interrupted_cell_is_pending);
    tcase_add_test(c, a_failed_cell_is_retried_on_request);
    tcase_add_test(c, a_heartbeat_waits_for_no_lock);
    tcase_add_test(c, a_grid_keeps_to_one_file_of_weights);
    tcase_add_test(c, a_grid_keeps_to_one_content_of_its_lists);
    tcase_add_test(c, a_grid_keeps_to_one_version_of_its_data);
    tcase_add_test(c, what_changed_is_named);
    tcase_add_test(c, each_reading_has_a_version_of_its_own);
    tcase_add_test(c, cells_that_are_not_there);
    tcase_add_test(c, every_run_keeps_its_provenance);
    tcase_add_test(c, rewound_to_a_checkpoint);
    tcase_add_test(c, a_rolled_back_transaction_leaves_nothing);
    suite_add_tcase(s, c);
    return s;
}
