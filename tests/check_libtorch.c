/* What is the same whichever libtorch dmtl is built with, and how nearly: initial weights to the bit, losses
 * within a tolerance. */
#include "check_suites.h"

#include "check_folder.h"
#include "check_run.h"
#include "core/mem.h"
#include "core/sha256.h"
#include "fixture_network.h"
#include "store/sql.h"
#include "store/store.h"

#include "reference/curves.inc"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- initial weights ---- */

/* SHA-256 of all float32 values, little-endian, in the network's order: trunk and heads, drawn with seed 1.
 * Made with Debian 12's libtorch; it rests on libm's log and cos too (glibc 2.36). */
static const struct {
    const char *trunk, *sha256;
} drawn[] = {
    {"small", "83907cff1e92bd9cc61252ab7a91ea8f61303bf8c14ea215baeccfc1c528fd14"},
    {"efficientnet-lite0", "dfb86d37a6a95efa8a3e41e3b2651f500b4851caec32e62d65397065caeed633"},
    {"efficientnet-b0", "5c7e0d24d5e49e55e5424970a8fbf82a0cbe7cb6eaf359d4e545e8389ea8e9dd"},
};

START_TEST(initial_weights_are_the_same_bits) {
    char *text =
        xasprintf("{\"data\":{\"image_px\":64},\"trunk\":{\"name\":\"%s\",\"weights\":\"none\"},"
                  "\"tasks\":{" AGE "," GENDER "," RACE "}}",
            drawn[_i].trunk);
    struct built b = built_new(text, "");
    struct sha256 *sum = sha256_new();
    char hex[SHA256_HEX];
    size_t n, count;
    const struct parameter *p = network_parameters(b.n, &n);
    for (size_t i = 0; i < n; i++) {
        float *values = built_values(&b, p[i].tensor, &count);
        sha256_add(sum, values, count * sizeof *values);
        free(values);
    }
    sha256_end(sum, hex);
    ck_assert_str_eq(hex, drawn[_i].sha256);
    built_free(&b);
    free(text);
}
END_TEST

/* ---- losses ---- */

/* Another libtorch moves a loss as another number of threads does: by the last bit at first, which training
 * multiplies: in 50 steps to 5e-5 of it with 2.15.0, and about as much with two threads. A larger
 * learning rate or an untrained EfficientNet multiplies it faster. */
static const double tolerance = 1e-3;

static double stored_loss(struct store *s, const char *variant, int step, const char *task) {
    struct err e = {0};
    sqlite3_stmt *row = sql_prepare(store_db(s), &e,
        "SELECT loss FROM v_weights WHERE variant = ?1 AND step = ?2 AND task = ?3", "sis", variant,
        step, task);
    ck_assert_msg(row && sql_step(row, &e) == 1, "%s, step %d, %s: %s", variant, step, task, e.msg);
    double loss = sqlite3_column_double(row, 0);
    sqlite3_finalize(row);
    return loss;
}

static void expect_curves(struct store *s) {
    static const char *const tasks[] = {"age", "gender", "race"};
    double largest = 0;
    size_t where = 0;
    for (size_t i = 0; i < ARRAY_LEN(curves); i++)
        for (int t = 0; t < 3; t++) {
            double loss = stored_loss(s, curves[i].variant, curves[i].step, tasks[t]);
            double difference = fabs(loss - curves[i].loss[t]) / curves[i].loss[t];
            if (difference > largest || isnan(difference)) {
                largest = difference;
                where = i;
            }
        }
    printf(
        "libtorch %s: losses of %zu steps differ from those with %s by %.1e at most (%s, step %d)\n",
        th_version(), ARRAY_LEN(curves), curves_libtorch, largest, curves[where].variant,
        curves[where].step);
    fflush(stdout);
    ck_assert_double_lt(largest, tolerance);
}

START_TEST(losses_follow_those_of_debian_s_libtorch) {
    struct err e = {0};
    char *dir = folder_new(), *db = xasprintf("%s/curves.db", dir), *here = realpath(".", NULL);
    char *command = xasprintf("\"$DMTL\" data synth --out faces -n 220 --px 32 && \"$DMTL\" run"
                              " '%s/tests/fixtures/curves.json' --data synthetic=faces --threads 1"
                              " --db curves.db",
        here);
    struct ran r = run_shell(dir, command);
    ck_assert_msg(r.code == 0, "%s", r.err);
    struct store *s = store_open(db, STORE_READ, &e);
    ck_assert_msg(s != NULL, "%s", e.msg);
    expect_curves(s);
    store_close(s);
    ran_free(&r);
    free(command);
    free(here);
    free(db);
    folder_remove(dir);
}
END_TEST

Suite *libtorch_suite(void) {
    Suite *s = suite_create("libtorch");
    TCase *c = tcase_create("libtorch");
    tcase_set_timeout(c, 240);
    tcase_add_loop_test(c, initial_weights_are_the_same_bits, 0, (int)ARRAY_LEN(drawn));
    tcase_add_test(c, losses_follow_those_of_debian_s_libtorch);
    suite_add_tcase(s, c);
    return s;
}
