/* Cells that fail and workers that break down, tried again; the log of a cell; checkpoints by steps. */
#include "check_folder.h"
#include "check_run.h"
#include "check_suites.h"

#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

/* 43 faces to train on in batches of 16 are 3 steps an epoch, 6 in all. */
static const char grid_text[] =
    "{\"base\": {\"data\": {\"set\": \"synthetic\", \"image_px\": 24}, \"tasks\": {\"gender\": {}},"
    " \"trunk\": {\"name\": \"small\", \"weights\": \"none\"}, \"epochs\": 2, \"batch\": 16},"
    " \"variants\": {\"bad\": {}, \"good\": {\"seed\": 2}}}";

static char *dir;

static void set_up(void) {
    dir = folder_new();
    folder_put_text(dir, "g.json", grid_text);
    expect_shell(dir, "$DMTL data synth -n 60 --px 24 --out faces --quiet", 0, NULL, NULL);
}

static void tear_down(void) {
    folder_remove(dir);
}

static void expect(const char *command, int code, const char *in_out, const char *in_err) {
    expect_shell(dir, command, code, in_out, in_err);
}

#define RUN "$DMTL run g.json --data synthetic=faces --cache cache --db g.db --threads 1 --quiet "
/* The folder of the variant `bad`, in which a folder stands where the checkpoint of its end is to go. */
#define ID "id=$($DMTL plan g.json --only bad --json | sed -n 's/.*\"id\": \"\\(.*\\)\".*/\\1/p'); "
#define SPOILT ID "mkdir -p g/$id/step-0000000006.safetensors/x; "

START_TEST(a_failing_cell_is_tried_as_often_as_asked) {
    expect(SPOILT RUN "--retries 2", 1, NULL, " failed, retry 2 of 2 follows: ");
    expect("$DMTL status g --db g.db", 0, "g: 2 cells: 1 failed, 1 done", NULL);
    expect("$DMTL status g --db g.db", 0, "step-0000000006.safetensors: cannot be written", NULL);
    expect(ID "grep -c ' failed: ' g/$id/log", 0, "3\n", NULL);
    expect(ID "grep -c ' run [123] of bad ' g/$id/log", 0, "3\n", NULL);
    expect(ID "rmdir g/$id/step-*/x g/$id/step-*; " RUN, 0, "all 2 cells are done", NULL);
}
END_TEST

/* What is in its way goes while it waits for the retry. */
START_TEST(a_cell_may_come_through_at_a_retry) {
    expect(SPOILT RUN "--retries 9 2>err & until grep -q 'retry 1 of 9' err; do sleep .1; done; "
                      "rmdir g/$id/step-*/x g/$id/step-*; wait $!",
        0, "all 2 cells are done", NULL);
    expect(ID "tail -1 g/$id/log", 0, "Z done\n", NULL);
}
END_TEST

START_TEST(what_diverges_is_not_tried_again) {
    expect(RUN
        "--set /optimiser/lr=100 --set '/tasks/age={}' --set /weighting/kind=equal --set /epochs=9 --only bad --retries 3",
        1, NULL, "the training diverged");
    expect("cat g/*/log | grep -c ' begins on '", 0, "1\n", NULL);
}
END_TEST

/* An image of 32 px ends as one place in a trunk of stride 32. */
START_TEST(one_value_for_a_batch_norm_is_refused) {
    static const char one_alone[] = RUN
        "--set /data/image_px=32 --set /trunk/name=efficientnet-lite0 --set /trunk/weights=none --only bad "
        "--set /epochs=1 --set /batch=%s";
    char *bad = xasprintf(one_alone, "1"), *good = xasprintf(one_alone, "8");
    expect(bad, 1, NULL,
        "batch norm has no variance of a single value; choose another /batch, or at least 33 px");
    expect(good, 0, NULL, NULL);
    free(bad);
    free(good);
}
END_TEST

/* libtorch's idle threads leave the cores to kernels of ours, and spin where the trunk is libtorch's. */
START_TEST(idle_threads_spin_for_libtorch_alone) {
    static const struct {
        const char *backend, *set;
    } rows[] = {{"native", "2\n"}, {"libtorch", "0\n"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char *command = xasprintf(
            "unset GOMP_SPINCOUNT OPENBLAS_THREAD_TIMEOUT; rm -rf g g.db*; " RUN
            "--set /epochs=200 --set /backend=%s --only good & run=$!; "
            "until grep -q ' epoch 1 of ' g/*/log 2>/dev/null; do sleep .1; done; "
            "tr '\\0' '\\n' </proc/$(cat /proc/$run/task/$run/children | tr -d ' ')/environ | "
            "grep -c -e ^GOMP_SPINCOUNT=1000 -e ^OPENBLAS_THREAD_TIMEOUT=4; kill $run; wait $run",
            rows[i].backend);
        expect(command, 75, rows[i].set, NULL);
        free(command);
    }
}
END_TEST

START_TEST(fail_fast_stops_behind_the_retries) {
    expect(SPOILT RUN "--retries 1 --fail-fast", 1, NULL, "--fail-fast");
    expect("$DMTL status g --db g.db", 0, "g: 2 cells: 1 failed, 1 pending", NULL);
}
END_TEST

/* Its worker is killed in the middle of a training. */
START_TEST(a_worker_that_breaks_down_is_replaced) {
    expect(RUN
        "--set /epochs=80 --retries 1 & run=$!; until grep -q ' epoch 8 of ' g/*/log; do sleep .1; done; "
        "kill -KILL $(cat /proc/$run/task/$run/children); wait $run",
        0, "all 2 cells are done",
        "a worker was killed by SIGKILL (out of memory?); another takes its place (1 of 1)");
}
END_TEST

START_TEST(a_worker_that_breaks_down_is_missed) {
    expect(RUN
        "-j 2 --set /epochs=80 & run=$!; until grep -q ' epoch 8 of ' g/*/log 2>/dev/null; do sleep .1; done; "
        "kill -KILL $(cut -d' ' -f1 /proc/$run/task/$run/children); wait $run",
        0, "all 2 cells are done",
        "dmtl: a worker was killed by SIGKILL (out of memory?); 1 of 2 go on\n");
}
END_TEST

START_TEST(the_log_tells_a_cell) {
    expect(RUN "--only good; cat g/*/log", 0, " run 1 of good ", NULL);
    expect("cat g/*/log", 0, " epoch 2 of 2: train loss ", NULL);
    expect("cat g/*/log", 0, " 1 checkpoint took ", NULL);
    expect("tail -1 g/*/log", 0, "Z done\n", NULL);
}
END_TEST

/* After steps 2 and 4, and at the end; not once more at step 6. */
START_TEST(checkpoints_come_by_steps_too) {
    expect(RUN "--set /checkpoint_every_steps=2 --only good; cat g/*/log", 0,
        " 3 checkpoints took ", NULL);
    expect(RUN "--set /checkpoint_every_steps=-1", 2, NULL, "/checkpoint_every_steps");
}
END_TEST

START_TEST(bad_input_is_named) {
    expect(RUN "--retries many", 2, NULL,
        "run: --retries: many: expected a whole number from 0 to 1000");
    expect(
        RUN "--retries -1", 2, NULL, "run: --retries: -1: expected a whole number from 0 to 1000");
}
END_TEST

Suite *retries_suite(void) {
    Suite *s = suite_create("retries");
    TCase *c = tcase_create("retries");
    tcase_set_timeout(c, 120);
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, a_failing_cell_is_tried_as_often_as_asked);
    tcase_add_test(c, a_cell_may_come_through_at_a_retry);
    tcase_add_test(c, what_diverges_is_not_tried_again);
    tcase_add_test(c, one_value_for_a_batch_norm_is_refused);
    tcase_add_test(c, idle_threads_spin_for_libtorch_alone);
    tcase_add_test(c, fail_fast_stops_behind_the_retries);
    tcase_add_test(c, a_worker_that_breaks_down_is_replaced);
    tcase_add_test(c, a_worker_that_breaks_down_is_missed);
    tcase_add_test(c, the_log_tells_a_cell);
    tcase_add_test(c, checkpoints_come_by_steps_too);
    tcase_add_test(c, bad_input_is_named);
    suite_add_tcase(s, c);
    return s;
}
