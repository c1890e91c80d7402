/* A run that is asked to stop: signals, a time limit, a batch job's end. */
#include "check_folder.h"
#include "check_run.h"
#include "check_suites.h"

#include "fixture_hash.h"

#include "commands/time_limit.h"
#include "core/file.h"
#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

/* ---- spans ---- */

START_TEST(spans) {
    static const struct {
        const char *text;
        double seconds;
    } good[] = {{"90", 90}, {"90s", 90}, {"1.5h", 5400}, {"15m", 900}, {"2d", 172800},
        {"3:20", 200}, {"1:00:00", 3600}, {"1-12:00:00", 129600}, {"0-0:30", 1800}, {"1-2", 93600},
        {"1-12:30", 131400}};
    static const char *const bad[] = {"", "0", "x", "-5", "5x", "1:2:3:4", "1:", ":1", "1-", "-1",
        "1.2.3.", ".", "1e3", "0:00", "12345678901234"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct err e = {0};
        double s;
        ck_assert_msg(time_limit_parse(good[i].text, &s, &e), "%s", e.msg);
        ck_assert_double_eq_tol(s, good[i].seconds, 1e-9);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct err e = {0};
        double s;
        ck_assert_msg(!time_limit_parse(bad[i], &s, &e), "%s", bad[i]);
        ck_assert_ptr_nonnull(strstr(e.msg, "expected a span such as 90m, 12h or 1-12:00:00"));
    }
}
END_TEST

/* ---- runs ---- */

static char *dir;

/* Enough epochs that no test waits for the end. */
static void set_up(void) {
    dir = folder_new();
    folder_put_text(dir, "long.json",
        "{\"base\": {\"data\": {\"set\": \"synthetic\", \"image_px\": 24}, \"tasks\": {\"gender\": {}},"
        " \"trunk\": {\"name\": \"small\", \"weights\": \"none\"}, \"optimiser\": {\"lr\": 0.01},"
        " \"epochs\": 100000, \"batch\": 16}, \"variants\": {\"full\": {}}}");
    struct ran r = run_shell(dir, "$DMTL data synth -n 60 --px 24 --out faces --quiet");
    ck_assert_msg(r.code == 0, "%s", r.err);
    ran_free(&r);
}

static void tear_down(void) {
    folder_remove(dir);
}

#define RUN "$DMTL run long.json --data synthetic=faces --cache cache --db l.db --threads 1 --quiet"
#define BEGUN                                                                                      \
    "until $DMTL plan long.json --db l.db 2>/dev/null | grep -q ' running '; do sleep .1; done; sleep .5"

static void expect(const char *command, int code, const char *in_err) {
    struct ran r = run_shell(dir, command);
    ck_assert_msg(r.code == code, "%s: exit %d: %.1000s", command, r.code, r.err);
    ck_assert_msg(
        !in_err || strstr(r.err, in_err), "%s: no \"%s\" in:\n%.1000s", command, in_err, r.err);
    ran_free(&r);
}

START_TEST(a_time_limit_is_kept) {
    expect("began=$(date +%s); " RUN
           " --time-limit 6s; code=$?; [ $(($(date +%s) - began)) -le 8 ] || exit 9; exit $code",
        75,
        "run: stopped before its time limit with 0 of 1 cells done; the same command goes on from here");
    expect(RUN " --time-limit soon", 2, "--time-limit: \"soon\": expected a span");
}
END_TEST

START_TEST(the_end_of_a_slurm_job_is_kept) {
    expect("SLURM_JOB_END_TIME=$(($(date +%s) + 5)) " RUN, 75, "stopped before its time limit");
    expect("SLURM_JOB_END_TIME=soon timeout -s TERM 3 " RUN, 124, NULL); /* no number: no limit */
}
END_TEST

static const char *const signals[] = {"INT", "TERM", "HUP", "USR1"};

START_TEST(signals_stop_with_a_checkpoint) {
    char *command = xasprintf("" RUN " & pid=$!; " BEGUN "; kill -%s $pid; wait $pid", signals[_i]);
    expect(command, 75, "run: stopped with 0 of 1 cells done");
    free(command);
}
END_TEST

/* A second one ends the process as a signal does, 128 + 2, whatever its worker is at: it is held here, so that it cannot
 * end of itself. */
START_TEST(a_second_interrupt_stops_at_once) {
    expect("" RUN " & pid=$!; " BEGUN
           "; worker=$(cat /proc/$pid/task/$pid/children); kill -STOP $worker; kill -INT $pid; "
           "sleep .3; kill -INT $pid; wait $pid; code=$?; kill -KILL $worker; exit $code",
        130, NULL);
}
END_TEST

/* Of 400 faces 8 are trained on, two steps an epoch, and 312 are judged at its end: a request to stop nearly always
 * meets that judging. The epoch's step is kept, its validation is not yet there (but for the last, behind which the test part is judged), and in the end all is as in a run
 * that nobody stopped. Stops come after a share of what that one took, which grows, so that the last is met on any machine. */
#define V "$DMTL run v.json --data synthetic=many --cache cache --threads 1 --quiet --db "
START_TEST(a_stop_in_the_validation_loses_no_step) {
    folder_put_text(dir, "v.json",
        "{\"base\": {\"data\": {\"set\": \"synthetic\", \"image_px\": 64}, \"tasks\": {\"gender\": {}, \"age\": {}},"
        " \"trunk\": {\"name\": \"small\", \"weights\": \"none\"}, \"optimiser\": {\"lr\": 0.01}, \"log_every\": 1,"
        " \"split\": {\"validation_share\": 0.975}, \"epochs\": 8, \"batch\": 4, \"checkpoint_every_steps\": 3}, \"variants\": {\"full\": {}}}");
    expect("$DMTL data synth -n 400 --px 64 --out many --quiet", 0, NULL);
    double began = seconds_now();
    expect(V "a.db", 0, NULL);
    double whole_s = seconds_now() - began;
    char *a = path_join(dir, "a.db"), *b = path_join(dir, "b.db");
    int met = 0, done = 0;
    for (int i = 0; i < 40 && !done; i++) {
        char *command =
            xasprintf(V "b.db & sleep %.2f; kill $!; wait $!", whole_s * (0.25 + 0.02 * i));
        struct ran r = run_shell(dir, command);
        done = r.code == 0;
        /* 143: before it catches signals */
        ck_assert_msg(
            done || r.code == 75 || r.code == 143, "%s: exit %d: %s", command, r.code, r.err);
        ck_assert_msg(!strstr(r.err, "failed"), "%s", r.err);
        if (strstr(r.err, "stopped while evaluating") && met++ >= 0)
            expect_rows(b,
                "SELECT iif(max(epoch) = 8, 2, (SELECT max(step) FROM v_weights) - 2 * coalesce(max(epoch), 0)) FROM v_epochs",
                "2");
        ran_free(&r);
        free(command);
    }
    printf("stops that met the judging: %d\n", met);
    ck_assert_int_gt(met, 1);
    expect(V "b.db", 0, NULL);
    expect_same_results(a, b);
    expect("cmp a/*/*.safetensors b/*/*.safetensors", 0, NULL);
    free(a);
    free(b);
}
END_TEST

Suite *stopping_suite(void) {
    Suite *s = suite_create("stopping");
    TCase *c = tcase_create("stopping");
    tcase_set_timeout(c, 120);
    tcase_add_test(c, spans);
    suite_add_tcase(s, c);
    TCase *r = tcase_create("runs");
    tcase_set_timeout(r, 240);
    tcase_add_checked_fixture(r, set_up, tear_down);
    tcase_add_test(r, a_time_limit_is_kept);
    tcase_add_test(r, the_end_of_a_slurm_job_is_kept);
    tcase_add_loop_test(r, signals_stop_with_a_checkpoint, 0, ARRAY_LEN(signals));
    tcase_add_test(r, a_second_interrupt_stops_at_once);
    tcase_add_test(r, a_stop_in_the_validation_loses_no_step);
    suite_add_tcase(s, r);
    return s;
}
