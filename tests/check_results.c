#include "check_folder.h"
#include "check_suites.h"

#include "core/file.h"
#include "core/mem.h"
#include "report/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A grid of hand-made cells: each is done with one age MAE and one gender accuracy, or pending. */
static char *dir, *path;
static struct store *store;
static int64_t grid;
static int position;
static struct err e;

static void setup(void) {
    dir = folder_new();
    path = path_join(dir, "t.db");
    store = store_open(path, STORE_WRITE, &e);
    ck_assert_msg(store != NULL, "%s", e.msg);
    position = 0;
}

static void teardown(void) {
    store_close(store);
    free(path);
    folder_remove(dir);
}

static void put_grid(const char *variants, const char *axes, const char *report) {
    char *source =
        xasprintf("{\"base\": {\"data\": {\"set\": \"synthetic\"}, \"tasks\": {\"age\": {}, "
                  "\"gender\": {}}}, \"variants\": {%s}, \"axes\": {%s}%s}",
            variants, axes, report);
    ck_assert_msg(store_put_grid(store, "t", source, &grid, &e), "%s", e.msg);
    free(source);
}

static void put_values(
    int64_t cell, bool age, bool gender, enum readout readout, double mae, double accuracy) {
    struct metric_value_row rows[3];
    struct breakdown b = {.metrics = rows};
    if (age)
        rows[b.n_metrics++] =
            (struct metric_value_row){ATTR_AGE, readout, "", "all", METRIC_MAE, mae, 50};
    if (age) /* a read-out that is not of record has numbers too, and they must not be taken */
        rows[b.n_metrics++] =
            (struct metric_value_row){ATTR_AGE, READOUT_MEDIAN, "", "all", METRIC_MAE, 99, 50};
    if (gender)
        rows[b.n_metrics++] = (struct metric_value_row){
            ATTR_GENDER, READOUT_ARGMAX, "", "all", METRIC_ACCURACY, accuracy, 50};
    int64_t token;
    bool ok = store_begin(store, &e) &&
              store_claim(store, cell, &(struct provenance){0}, &token, &e) &&
              store_put_breakdown(store, cell, PART_TEST, &b, &e) &&
              store_finish(store, cell, 1, 0, 1, &e) && store_commit(store, &e);
    ck_assert_msg(ok, "%s", e.msg);
}

/* `tasks`: of the configuration. The same `id` is the same cell. mae NaN: the cell stays pending. */
static void put(const char *id, const char *variant, const char *axes, const char *tasks,
    double mae, double accuracy) {
    char *config = xasprintf("{\"tasks\": {%s}}", tasks);
    struct store_cell c = {id, config, "synthetic", "random", 1, 1, -1, 1};
    int64_t cell;
    bool ok = store_put_cell(store, &c, &cell, &e) &&
              store_put_member(store, grid, cell, variant, axes, position++, &e);
    ck_assert_msg(ok, "%s", e.msg);
    bool ordinal = strstr(tasks, "ordinal") != NULL;
    if (!isnan(mae))
        put_values(cell, strstr(tasks, "age") != NULL, strstr(tasks, "gender") != NULL,
            ordinal ? READOUT_COUNT_RANKS : READOUT_ARGMAX, mae, accuracy);
    free(config);
}

#define ORDINAL_AGE "\"age\": {\"kind\": \"ordinal\"}"
#define NOMINAL_AGE "\"age\": {\"kind\": \"nominal\"}"
#define GENDER "\"gender\": {\"kind\": \"nominal\"}"

static struct results read_back(void) {
    struct results r;
    ck_assert_msg(results_read(&r, store, "t", PART_TEST, &e), "%s", e.msg);
    return r;
}

static struct result_number number_of(
    const struct results *r, size_t row, enum attribute task, const char *metric) {
    struct result_number n;
    ck_assert_uint_lt(row, r->n_rows);
    ck_assert(results_number(r, &r->rows[row], task, READOUT_COUNT, "", metric, &n));
    return n;
}

static bool agrees(double x, double wanted) {
    return isnan(wanted) ? isnan(x) : fabs(x - wanted) < 1e-12;
}

static void ck_number(const struct results *r, size_t row, enum attribute task, const char *metric,
    size_t n, size_t planned, double mean, double sd) {
    struct result_number x = number_of(r, row, task, metric);
    ck_assert_uint_eq(x.n, n);
    ck_assert_uint_eq(x.planned, planned);
    ck_assert_msg(agrees(x.mean, mean), "mean %g, expected %g", x.mean, mean);
    ck_assert_msg(agrees(x.sd, sd), "sd %g, expected %g", x.sd, sd);
    result_number_free(&x);
}

/* 1, 2, 4: mean 7/3; squares (16 + 1 + 25) / 9 over n - 1 = 2: sd = sqrt(7/3). */
START_TEST(seeds_are_averaged) {
    put_grid("\"full\": {}", "\"/seed\": [1, 2, 3]", "");
    put("a", "full", "{\"/seed\":1}", ORDINAL_AGE, 1, 0);
    put("b", "full", "{\"/seed\":2}", ORDINAL_AGE, 2, 0);
    put("c", "full", "{\"/seed\":3}", ORDINAL_AGE, 4, 0);
    struct results r = read_back();
    ck_assert_uint_eq(r.n_rows, 1);
    ck_number(&r, 0, ATTR_AGE, "mae", 3, 3, 7.0 / 3, sqrt(7.0 / 3));
    results_free(&r);
}
END_TEST

START_TEST(missing_cells_show) {
    put_grid("\"full\": {}, \"other\": {}", "\"/seed\": [1, 2]", "");
    put("a", "full", "{\"/seed\":1}", ORDINAL_AGE, 3, 0);
    put("b", "full", "{\"/seed\":2}", ORDINAL_AGE, NAN, 0);
    put("c", "other", "{\"/seed\":1}", ORDINAL_AGE, NAN, 0);
    struct results r = read_back();
    ck_number(&r, 0, ATTR_AGE, "mae", 1, 2, 3, NAN);
    ck_number(&r, 1, ATTR_AGE, "mae", 0, 1, NAN, NAN);
    struct str text = {0};
    report_markdown(&text, &r, NULL);
    ck_assert_ptr_nonnull(strstr(text.text, "1 of 2 cells"));
    ck_assert_ptr_nonnull(strstr(text.text, "0 of 1 cell"));
    ck_assert_ptr_null(strstr(text.text, "**3")); /* nothing is best of an incomplete column */
    str_free(&text);
    results_free(&r);
}
END_TEST

START_TEST(single_tasks_join_into_a_row) {
    put_grid("\"full\": {}, \"age\": {}, \"gender\": {}", "\"/seed\": [1]",
        ", \"report\": {\"rows\": [{\"title\": \"Single\", \"variants\": [\"gender\", \"age\"]}]}");
    put("a", "full", "{\"/seed\":1}", ORDINAL_AGE ", " GENDER, 7, 0.7);
    put("b", "age", "{\"/seed\":1}", ORDINAL_AGE, 5, 0);
    put("c", "gender", "{\"/seed\":1}", GENDER, 0, 0.5);
    struct results r = read_back();
    ck_assert_uint_eq(r.n_rows, 1);
    ck_number(&r, 0, ATTR_AGE, "mae", 1, 1, 5, NAN);
    ck_number(&r, 0, ATTR_GENDER, "accuracy", 1, 1, 0.5, NAN);
    struct result_number n;
    ck_assert(!results_number(&r, &r.rows[0], ATTR_RACE, READOUT_COUNT, "", "accuracy", &n));
    results_free(&r);
}
END_TEST

/* The read-out of record follows the cells of the row, not the variant's first. */
START_TEST(an_axis_may_change_the_read_out) {
    put_grid("\"full\": {}", "\"/tasks/age/kind\": [\"ordinal\", \"nominal\"], \"/seed\": [1]", "");
    put("a", "full", "{\"/tasks/age/kind\":\"ordinal\",\"/seed\":1}", ORDINAL_AGE, 5, 0);
    put("b", "full", "{\"/tasks/age/kind\":\"nominal\",\"/seed\":1}", NOMINAL_AGE, 8, 0);
    struct results r = read_back();
    ck_assert_uint_eq(r.n_rows, 2);
    ck_assert_str_eq(r.rows[1].setting, "tasks.age.kind=nominal");
    ck_assert_int_eq(results_readout(&r, &r.rows[0], ATTR_AGE), READOUT_COUNT_RANKS);
    ck_assert_int_eq(results_readout(&r, &r.rows[1], ATTR_AGE), READOUT_ARGMAX);
    ck_number(&r, 0, ATTR_AGE, "mae", 1, 1, 5, NAN);
    ck_number(&r, 1, ATTR_AGE, "mae", 1, 1, 8, NAN);
    results_free(&r);
}
END_TEST

/* An axis that changes no result: one cell, two places in the grid, a number in both rows. */
START_TEST(a_cell_may_stand_in_two_rows) {
    put_grid("\"full\": {}", "\"/log_every\": [1, 2], \"/seed\": [1]", "");
    put("a", "full", "{\"/log_every\":1,\"/seed\":1}", ORDINAL_AGE, 5, 0);
    put("a", "full", "{\"/log_every\":2,\"/seed\":1}", ORDINAL_AGE, NAN, 0);
    struct results r = read_back();
    ck_assert_uint_eq(r.n_rows, 2);
    ck_number(&r, 0, ATTR_AGE, "mae", 1, 1, 5, NAN);
    ck_number(&r, 1, ATTR_AGE, "mae", 1, 1, 5, NAN);
    results_free(&r);
}
END_TEST

Suite *results_suite(void) {
    Suite *s = suite_create("results");
    TCase *t = tcase_create("numbers");
    tcase_set_timeout(t, 20);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, seeds_are_averaged);
    tcase_add_test(t, missing_cells_show);
    tcase_add_test(t, single_tasks_join_into_a_row);
    tcase_add_test(t, an_axis_may_change_the_read_out);
    tcase_add_test(t, a_cell_may_stand_in_two_rows);
    suite_add_tcase(s, t);
    return s;
}
