/* dmtl verify: what comes out again, what comes out otherwise, and what it refuses. */
#include "check_folder.h"
#include "check_run.h"
#include "check_suites.h"

#include "core/file.h"
#include "core/mem.h"
#include "store/sql.h"
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

static const char grid_text[] =
    "{\"base\": {\"data\": {\"set\": \"synthetic\", \"image_px\": 24}, \"tasks\": {\"age\": {}, \"gender\": {}},"
    " \"trunk\": {\"name\": \"small\", \"weights\": \"none\"}, \"epochs\": 3, \"batch\": 16, \"log_every\": 1},"
    " \"variants\": {\"last\": {}, \"best\": {\"seed\": 2, \"report_epoch\": \"best\", \"optimiser\": {\"lr\": 0.02}}}}";

static char *made, *dir; /* with v.db, where both cells are done; a copy for each test */

static void expect(const char *command, int code, const char *in_out, const char *in_err) {
    expect_shell(dir, command, code, in_out, in_err);
}

#define SETS " --data synthetic=faces --cache cache "
#define VERIFY "$DMTL verify v --db v.db --quiet" SETS

static void make_cells(void) {
    made = dir = folder_new();
    folder_put_text(dir, "v.json", grid_text);
    expect("$DMTL data synth -n 60 --px 24 --out faces --quiet", 0, NULL, NULL);
    expect("$DMTL run v.json --db v.db --threads 1 --quiet" SETS, 0, NULL, NULL);
}

static void drop_cells(void) {
    folder_remove(made);
}

static void set_up(void) {
    dir = folder_copy(made);
}

static void tear_down(void) {
    folder_remove(dir);
}

static void change(const char *sql) {
    struct err e = {0};
    char *path = path_join(dir, "v.db");
    struct store *s = store_open(path, STORE_WRITE, &e);
    ck_assert_msg(s && sql_script(store_db(s), sql, &e), "%s", e.msg);
    store_close(s);
    free(path);
}

#define CELL "cell = (SELECT cell FROM member WHERE variant = 'last')"

/* ---- what comes out ---- */

START_TEST(the_same_comes_out_again) {
    expect("sha256sum v.db v/*/* > before; " VERIFY, 0, ": bit-identical\n", NULL);
    expect(VERIFY "last", 0, "\n1 cell run again: 1 bit-identical\n", NULL);
    expect("sha256sum -c --quiet before", 0, NULL, NULL); /* it only reads */
    expect("ls cache | grep -c verify", 1, "0\n", NULL);  /* and leaves nothing */
    expect(VERIFY "--json", 0, "\"agreement\": \"bit-identical\"", NULL);
    expect(VERIFY "--json", 0, "\"weights_compared\": true", NULL);
    expect("rm v/*/*.safetensors; " VERIFY, 0,
        ": bit-identical (the final weights are not there any more to compare)\n", NULL);
}
END_TEST

/* Sums in another order may or may not come out otherwise; the circumstance is named in any case. */
START_TEST(other_circumstances_are_named) {
    expect(VERIFY "--threads 2 best", 0, "threads 2 now, 1 then", NULL);
    change(
        "UPDATE attempt SET libtorch = '0.9'; UPDATE weight SET loss = loss * 1.001 WHERE step > 2 AND " CELL);
    expect("rm v/*/*.safetensors; " VERIFY "last", 0, ": within tolerance (0.01): libtorch ", NULL);
    expect(VERIFY "last", 0, " now, 0.9 then; losses depart at step 3 (epoch 1), age: ", NULL);
    expect(VERIFY "last", 0, "by at most 0.001 of their value; metrics are equal\n", NULL);
    expect(VERIFY "--tolerance 0.0005 last", 1, ": different: libtorch ", NULL);
}
END_TEST

START_TEST(what_is_equal_is_said) {
    change("UPDATE attempt SET libtorch = '0.9';"
           "UPDATE prediction SET predicted = predicted + 1 WHERE task = 0 AND part = 2 AND " CELL);
    expect("rm v/*/*.safetensors; " VERIFY "last", 0,
        " now, 0.9 then; losses and metrics are equal; 12 of 34 predictions differ", NULL);
}
END_TEST

static const struct {
    const char *change, *in_out;
} others[] = {
    {"UPDATE weight SET loss = loss * 1.5 WHERE step = 4 AND task = 1 AND " CELL,
        "different: under the same circumstances, where the same bits are promised; losses depart at step 4 (epoch "
        "2), gender: "},
    {"UPDATE prediction SET predicted = predicted + 1 WHERE task = 0 AND part = 2 AND " CELL,
        "; losses and metrics are equal; though the final weights are the same, 12 of 34 predictions differ"},
    {"UPDATE attempt SET libtorch = '0.9'; UPDATE prediction SET predicted = 3 WHERE part = 2 AND " CELL,
        "different: libtorch "},
    {"UPDATE attempt SET data_fingerprint = 'another'", "different: fingerprint of the data "},
    {"DELETE FROM weight WHERE step > 3 AND " CELL,
        "logged losses differ (the first: step 4, age stands in "},
    {"UPDATE metric SET value = value + 0.1 WHERE " CELL, "; metrics depart by at most 0.1"},
};

START_TEST(what_differs_is_shown) {
    change(others[_i].change);
    expect(VERIFY "last", 1, others[_i].in_out, "verify: 1 of 1 cells did not come out the same");
}
END_TEST

START_TEST(a_cell_that_cannot_be_run_again_is_said) {
    change(
        "UPDATE cell SET config = replace(config, '\"batch\":16', '\"batch\":16,\"no_such_key\":1') WHERE " CELL);
    expect(VERIFY, 2, NULL, "no_such_key");
    expect("rm $(ls faces/*.jpg | tail -1); " VERIFY "best", 1,
        "different: fingerprint of the data ", NULL);
}
END_TEST

/* ---- what it refuses ---- */

START_TEST(bad_input_is_named) {
    expect("$DMTL verify", 2, NULL, "verify: which grid?");
    expect(VERIFY "worst", 2, NULL, "verify: worst: no cell of v has an id that begins so");
    expect(VERIFY "--only worst", 2, NULL, "verify: --only worst: v has no such variant");
    expect(VERIFY "--threads 1.5", 2, NULL, "verify: ");
    expect(
        VERIFY "--tolerance 2", 2, NULL, "verify: --tolerance: 2: expected a number from 0 to 1");
    expect(VERIFY "--device cuda:9", 2, NULL, "cuda:9");
    expect("$DMTL verify v --db v.db --quiet", 2, NULL, "--data synthetic=DIR");
    change("UPDATE cell SET state = 0");
    expect(VERIFY "last", 2, NULL,
        "verify: last: is not done, so there is nothing to compare with yet");
    expect(VERIFY, 2, NULL, "verify: v: no cell of it that was asked for is done");
}
END_TEST

START_TEST(interrupted_it_leaves_nothing) {
    change("UPDATE cell SET config = replace(config, '\"epochs\":3', '\"epochs\":100000')");
    expect(VERIFY
        "& pid=$!; until ls cache/verify-*/verify/*/lock 2>/dev/null; do sleep .1; done; kill -INT $pid; "
        "wait $pid",
        75, NULL, "verify: stopped; nothing was changed");
    expect("ls cache | grep -c verify", 1, "0\n", NULL);
}
END_TEST

Suite *verify_suite(void) {
    Suite *s = suite_create("verify");
    TCase *c = tcase_create("verify");
    tcase_set_timeout(c, 120);
    tcase_add_unchecked_fixture(c, make_cells, drop_cells);
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, the_same_comes_out_again);
    tcase_add_test(c, other_circumstances_are_named);
    tcase_add_test(c, what_is_equal_is_said);
    tcase_add_loop_test(c, what_differs_is_shown, 0, ARRAY_LEN(others));
    tcase_add_test(c, a_cell_that_cannot_be_run_again_is_said);
    tcase_add_test(c, bad_input_is_named);
    tcase_add_test(c, interrupted_it_leaves_nothing);
    suite_add_tcase(s, c);
    return s;
}
