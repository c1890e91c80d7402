/* What `dmtl plan` says of time and disk, from cells that are done and from a probe. */
#include "check_folder.h"
#include "check_run.h"
#include "check_suites.h"
#include "fixture_hash.h"

#include "core/file.h"
#include "core/json.h"
#include "core/mem.h"
#include "report/size.h"

#include <math.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

/* 43 faces to train on, 3 steps an epoch. */
static const char grid_text[] =
    "{\"base\": {\"data\": {\"set\": \"synthetic\", \"image_px\": 24}, \"tasks\": {\"gender\": {}},"
    " \"trunk\": {\"name\": \"small\", \"weights\": \"none\"}, \"epochs\": 2, \"batch\": 16},"
    " \"axes\": {\"/seed\": [1, 2]}, \"variants\": {\"whole\": {}, \"frozen\": {\"trunk\": {\"train_from\": \"frozen\"}},"
    " \"long\": {\"epochs\": 10}}}";

static char *dir;

static void expect(const char *command, int code, const char *in_out, const char *in_err) {
    expect_shell(dir, command, code, in_out, in_err);
}

static void set_up(void) {
    dir = folder_new();
    folder_put_text(dir, "g.json", grid_text);
    expect("$DMTL data synth -n 60 --px 24 --out faces --quiet", 0, NULL, NULL);
}

static void tear_down(void) {
    folder_remove(dir);
}

#define DATA "--data synthetic=faces --cache cache "
#define PLAN "$DMTL plan g.json --db g.db --quiet "

/* A number of the plan's JSON, NAN: null. */
static double number(const char *options, const char *name) {
    struct err e = {0};
    char *command = xasprintf(PLAN "%s --json", options);
    struct ran r = run_shell(dir, command);
    ck_assert_msg(r.code == 0, "%s: %s", command, r.err);
    cJSON *plan = json_parse("plan", r.out, strlen(r.out), &e);
    const cJSON *value = json_get(plan, name);
    ck_assert_msg(cJSON_IsNumber(value) || cJSON_IsNull(value), "%s: %s", command, r.out);
    double x = cJSON_IsNull(value) ? NAN : value->valuedouble;
    cJSON_Delete(plan);
    ran_free(&r);
    free(command);
    return x;
}

static void sql(const char *text) {
    char *path = path_join(dir, "g.db"), *message = NULL;
    sqlite3 *db;
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_exec(db, text, NULL, NULL, &message);
    ck_assert_msg(message == NULL, "%s", message);
    sqlite3_close(db);
    free(path);
}

START_TEST(nothing_is_known_before_a_cell_is_done) {
    expect(PLAN, 0, "time and disk are not known before a cell is done: --probe", NULL);
    ck_assert(isnan(number("", "left_s")));
    ck_assert(isnan(number("", "disk_bytes")));
    ck_assert(number("", "free_bytes") > 0);
}
END_TEST

/* The two cells of `whole` took 8 and 12 s for 2 epochs each: 5 s an epoch. Left are two of `frozen`, of which none
 * is done, with 2 epochs, 10 s each, and two of `long`, with 10, 50 s each: 120 s. Of two workers one takes 10 s and
 * then 50 s, and so does the other; of three the first does frozen and then long, 60 s. With two threads, where
 * there was one, half of it. */
START_TEST(time_follows_from_cells_that_are_done) {
    expect("$DMTL run g.json --db g.db --quiet --only whole --threads 1 " DATA, 0, "all 2", NULL);
    sql("UPDATE cell SET wall_s = CASE WHEN cell = (SELECT min(cell) FROM cell WHERE state = 2) THEN 8 ELSE 12 END"
        " WHERE state = 2");
    ck_assert_double_eq(number("--threads 1", "left_s"), 120);
    ck_assert_double_eq(number("--threads 2", "left_s"), 60);
    ck_assert_double_eq(number("--threads 1 -j 2", "left_s"), 60);
    ck_assert_double_eq(number("--threads 1 -j 3", "left_s"), 60);
    ck_assert_double_eq(number("--threads 1 -j 4", "left_s"), 50);
    ck_assert_double_eq(number("--threads 1 -j 4", "worker_s"), 120);
    ck_assert_double_eq(number("--threads 1 --only frozen --only whole", "left_s"), 20);
    ck_assert_double_eq(number("--only whole", "left_s"), 0);
    expect(PLAN "--threads 1 -j 2", 0, "left about 1 min 00 s for 2 workers, ", NULL);
    expect(PLAN "--threads 1 -j 2", 0, "that are free (from 2 cells that are done)\n", NULL);
}
END_TEST

/* Four cells with as much as those two have on average, in their folders and of the database. */
START_TEST(disk_follows_from_cells_that_are_done) {
    expect("$DMTL run g.json --db g.db --quiet --only whole --threads 1 " DATA, 0, "all 2", NULL);
    struct ran r = run_shell(dir, "cat g/*/* g.db | wc -c");
    double want = 4 * atof(r.out) / 2;
    ran_free(&r);
    double have = number("", "disk_bytes");
    ck_assert_msg(fabs(have - want) < 2, "%.0f, not %.0f", have, want);
}
END_TEST

START_TEST(a_probe_needs_the_images) {
    expect(PLAN "--probe", 2, NULL, "--data synthetic=DIR");
    expect(PLAN "--probe --device qpu " DATA, 2, NULL, "qpu");
    expect(PLAN "-j 0", 2, NULL, "plan: -j: 0: expected a whole number from 1 to 1024");
}
END_TEST

/* A number of one and the same probe, so that the machine's mood cancels out: the two cells of `whole` take 2 epochs
 * and a test each, those of `long` 10 and a test. Of four workers the last ends with one of these, and all that is
 * 2 (2 + 10) / 10 = 2.4 of it where the test costs nothing, and 4 of it where it is all. */
START_TEST(a_probe_measures) {
    struct err e = {0};
    struct ran r =
        run_shell(dir, PLAN "--probe -j 4 --threads 1 --only whole --only long --json " DATA);
    cJSON *plan = json_parse("plan", r.out, strlen(r.out), &e);
    ck_assert_msg(r.code == 0 && plan, "%s", r.err);
    double left = json_get(plan, "left_s")->valuedouble,
           all = json_get(plan, "worker_s")->valuedouble,
           disk = json_get(plan, "disk_bytes")->valuedouble / 2;
    ck_assert_msg(left > 0 && all > 2.39 * left && all < 4.01 * left, "%g %g", left, all);
    cJSON_Delete(plan);
    ran_free(&r);
    double frozen = number("--probe -j 4 --threads 1 --only frozen " DATA, "left_s");
    ck_assert_msg(frozen > 0 && frozen < left, "%g %g", frozen, left);
    expect("$DMTL run g.json --db g.db --quiet --only whole " DATA, 0, "all 2", NULL);
    r = run_shell(dir, "cat g/*/*.safetensors | wc -c");
    double checkpoints = atof(r.out);
    ran_free(&r);
    ck_assert_msg(disk > .9 * checkpoints && disk < 1.5 * checkpoints, "%g, %g", disk, checkpoints);
    expect("$DMTL plan g.json --db g.db --probe " DATA, 0, "(by a probe)", "probing long\n");
    ck_assert(!file_exists("g.db-journal"));
}
END_TEST

START_TEST(sizes_for_people) {
    static const struct {
        double bytes;
        const char *text;
    } rows[] = {{0, "0 bytes"}, {999, "999 bytes"}, {1000, "1.0 kB"}, {999940, "999.9 kB"},
        {999960, "1.0 MB"}, {1.25e9, "1.2 GB"}, {3e15, "3.0 PB"}, {5e18, "5000.0 PB"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str text = {0};
        size_add(&text, rows[i].bytes);
        ck_assert_str_eq(text.text, rows[i].text);
        str_free(&text);
    }
}
END_TEST

Suite *estimate_suite(void) {
    Suite *s = suite_create("estimate");
    TCase *c = tcase_create("estimate");
    tcase_set_timeout(c, 120);
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, nothing_is_known_before_a_cell_is_done);
    tcase_add_test(c, time_follows_from_cells_that_are_done);
    tcase_add_test(c, disk_follows_from_cells_that_are_done);
    tcase_add_test(c, a_probe_needs_the_images);
    tcase_add_test(c, a_probe_measures);
    tcase_add_test(c, sizes_for_people);
    suite_add_tcase(s, c);
    return s;
}
