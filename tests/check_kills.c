/* Runs that are killed without warning, fill their disk or find their checkpoints damaged end as if nothing had been:
 * the same rows, and the same bytes of weights. DMTL_FULL=1 (`make test-kills`) kills more often. */
#include "check_folder.h"
#include "check_run.h"
#include "check_suites.h"
#include "fixture_hash.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/rng.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Every way to train a trunk and to weigh losses; 43 faces to train on, 3 steps an epoch, 12 in all. */
static const char grid_text[] =
    "{\"base\": {\"data\": {\"set\": \"synthetic\", \"image_px\": 24},"
    "  \"tasks\": {\"age\": {}, \"gender\": {}, \"race\": {}}, \"trunk\": {\"name\": \"small\", \"weights\": \"none\"},"
    "  \"optimiser\": {\"lr\": 0.01}, \"epochs\": 4, \"batch\": 16, \"log_every\": 2, \"checkpoint_every_steps\": 2},"
    " \"variants\": {\"whole\": {}, \"frozen\": {\"trunk\": {\"train_from\": \"frozen\"}},"
    "  \"partly\": {\"trunk\": {\"train_from\": \"stage2\"}},"
    "  \"category\": {\"trunk\": {\"branch\": \"category\", \"branch_stage\": \"stage2\"}},"
    "  \"task\": {\"trunk\": {\"branch\": \"task\", \"branch_stage\": \"stage3\"}},"
    "  \"exact\": {\"weighting\": {\"kind\": \"uncertainty-exact\"}},"
    "  \"problem\": {\"weighting\": {\"log_sigmas\": \"problem\"}}, \"fixed\": {\"weighting\": {\"kind\": \"fixed\"}},"
    "  \"equal\": {\"weighting\": {\"kind\": \"equal\", \"normalise\": \"one\"}},"
    "  \"single\": {\"tasks\": {\"age\": null, \"race\": null}}, \"best\": {\"report_epoch\": \"best\"},"
    "  \"drawn\": {\"epochs\": 40, \"augment\": {\"flip\": true, \"shift_px\": 2}, \"trunk\": {\"dropout\": 0.2, \"stochastic_depth\":"
    "   0.2}}}}";

static char *made, *dir; /* with a.db, which nothing disturbed; a copy for each test */

static void expect(const char *command, int code, const char *in_out, const char *in_err) {
    expect_shell(dir, command, code, in_out, in_err);
}

#define RUN "$DMTL run g.json --data synthetic=faces --cache cache --threads 1 --quiet "

static void make_undisturbed(void) {
    made = dir = folder_new();
    folder_put_text(dir, "g.json", grid_text);
    expect("$DMTL data synth -n 60 --px 24 --out faces --quiet", 0, NULL, NULL);
    expect(RUN "--db a.db", 0, "all 12 cells are done", NULL);
}

static void drop_undisturbed(void) {
    folder_remove(made);
}

static void set_up(void) {
    dir = folder_copy(made);
}

static void tear_down(void) {
    folder_remove(dir);
}

/* Of 12 steps, in one cell of 120, every other is logged, from 1 on, once a task. */
static const char steps_sql[] =
    "SELECT count(*) FROM (SELECT 1 FROM v_weights GROUP BY cell, task HAVING NOT (min(step) = 1 AND max(step) IN (11,"
    " 119) AND count(*) = (max(step) + 1) / 2 AND count(DISTINCT step) = count(*) AND max(step % 2 = 0) = 0))";

static void expect_undisturbed(const char *db) {
    char *a = path_join(dir, "a.db"), *b = path_join(dir, db);
    expect_same_results(a, b);
    expect_rows(b, steps_sql, "0");
    expect_rows(b, "SELECT count(DISTINCT cell || task) FROM v_weights", "34"); /* 11 x 3 + 1 */
    expect_rows(b, "SELECT count(*) FROM v_runs WHERE outcome = 'failed'", "0");
    char *compare =
        xasprintf("for f in a/*/*.safetensors; do cmp $f %.*s/${f#a/} || exit 1; done; "
                  "test $(ls a/*/*.safetensors | wc -l) = $(ls %.*s/*/*.safetensors | wc -l)",
            (int)strlen(db) - 3, db, (int)strlen(db) - 3, db);
    expect(compare, 0, NULL, NULL);
    free(compare);
    free(a);
    free(b);
}

/* ---- kills ---- */

/* Whether it was killed, and had not ended by itself before. */
static bool kill_after(const char *command, long ms) {
    pid_t pid = start_group(dir, command);
    int status;
    wait_ms(ms);
    kill(-pid, SIGKILL);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status);
}

/* Moments from the start of the program to well behind its first checkpoints. A grid that gets to its end is begun
 * anew, so that the number of kills does not depend on the machine. */
START_TEST(random_kills_leave_no_trace) {
    int kills = 0, wanted = test_full() ? 400 : 50, grids = 0;
    char *program = dmtl_path(), *db = xstrdup("k0.db");
    struct rng moments = rng_open(7, RNG_TEST, 0, 0);
    for (int i = 0; kills < wanted; i++) {
        char *command = xasprintf(
            "%s run g.json --data synthetic=faces --cache cache --threads 1 --db %s -j %d", program,
            db, i % 3 ? 1 : 2);
        if (kill_after(command, 50 + (long)rng_below(&moments, 1500))) {
            kills++;
        } else {
            expect_undisturbed(db);
            free(db);
            db = xasprintf("k%d.db", ++grids);
        }
        free(command);
    }
    char *last = xasprintf(RUN "--db %s", db);
    expect(last, 0, NULL, NULL);
    expect_undisturbed(db);
    printf("kills: %d over %d grids of 12 cells\n", kills, grids + 1);
    free(last);
    free(db);
    free(program);
}
END_TEST

/* Killed once its results were stored, and before its older checkpoints were gone. */
START_TEST(left_checkpoints_are_not_read_and_go) {
    expect(
        "cp -r a b && cp a.db b.db && for d in b/*; do echo damaged >$d/step-0000000001.safetensors; "
        "echo damaged >$d/step-0000000999.safetensors; done",
        0, NULL, NULL);
    expect(
        "for v in whole best single drawn; do for db in a b; do "
        "$DMTL pack g --db $db.db --only $v -o $db.model || exit 1; done; cmp a.model b.model || exit 1; done",
        0, NULL, NULL);
    expect(RUN "--db b.db", 0, "nothing to do", NULL);
    expect_undisturbed("b.db");
}
END_TEST

/* What is left of a cell whose own checkpoint somebody has moved is all there is of it. */
START_TEST(a_cell_without_its_checkpoint_keeps_the_others) {
    expect(
        "cp -r a b && cp a.db b.db && for d in b/*; do mv $d/step-*.safetensors $d/step-0000000999.safetensors; done",
        0, NULL, NULL);
    expect(RUN "--db b.db", 0, "nothing to do", NULL);
    expect("for d in b/*; do ls $d/step-0000000999.safetensors || exit 1; done", 0, "step-", NULL);
}
END_TEST

/* ---- full disks ---- */

/* Files may grow by a little more each time: database, journal or checkpoint meets the limit first. */
START_TEST(a_disk_that_fills_leaves_no_trace) {
    int step = test_full() ? 20 : 120, stopped = 0;
    for (int blocks = 40; blocks < 4000; blocks += step) {
        char *command = xasprintf("(ulimit -f %d; " RUN "--db b.db)", blocks);
        struct ran r = run_shell(dir, command);
        ck_assert_msg(r.code == 0 || r.code == 1, "exit %d: %s", r.code, r.err);
        ck_assert_msg(r.code == 0 || strstr(r.err, "ulimit -f"), "%s", r.err);
        stopped += r.code == 1;
        bool done = r.code == 0;
        ran_free(&r);
        free(command);
        if (done)
            break;
    }
    ck_assert_int_gt(stopped, 1);
    expect(RUN "--db b.db", 0, NULL, NULL);
    expect_undisturbed("b.db");
    printf("full disks: %d\n", stopped);
}
END_TEST

/* ---- damaged checkpoints ---- */

/* What becomes of the newest file, or of all; and what is said then. */
static const struct {
    const char *command, *said;
} damages[] = {
    {": > $f", "left out: "},
    {"head -c 100 $f > x; mv x $f", "left out: "},
    {"head -c $(($(stat -c %s $f) / 2)) $f > x; mv x $f", "left out: "},
    {"head -c $(($(stat -c %s $f) - 1)) $f > x; mv x $f", "left out: "},
    {"printf X | dd of=$f bs=1 seek=$(($(stat -c %s $f) - 40)) conv=notrunc 2>/dev/null",
        "left out: "},
    {"rm $f", "goes on from step "},
    {"for f in $d/*.safetensors; do head -c 1000 $f > x; mv x $f; done", "left out: "},
    {"rm $d/*.safetensors", NULL},
};

#define DRAWN                                                                                      \
    "$DMTL run g.json --data synthetic=faces --cache cache --threads 1 --db b.db --only drawn "

/* Stopped in the middle, with two checkpoints that the store knows. */
START_TEST(a_damaged_checkpoint_is_passed_over) {
    expect(DRAWN
        "& run=$!; until ls b/*/step-0000000004.safetensors >/dev/null 2>&1; do :; done; kill $run; wait $run",
        75, NULL, NULL);
    expect("ls b/*/*.safetensors | wc -l", 0, "2\n", NULL);
    char *command =
        xasprintf("f=$(ls b/*/*.safetensors | tail -1); d=$(dirname $f); %s", damages[_i].command);
    expect(command, 0, NULL, NULL);
    expect(DRAWN, 0, NULL, damages[_i].said);
    expect(RUN "--db b.db", 0, NULL, NULL);
    expect_undisturbed("b.db");
    free(command);
}
END_TEST

/* ---- a worker that sleeps while its cell is taken over ---- */

/* A file system that lost its lock, as one over a network may: the lock's file is another from then on. */
START_TEST(a_sleeper_overwrites_nothing) {
    expect(DRAWN
        "2>sleeper & run=$!; until ls b/*/step-0000000004.safetensors >/dev/null 2>&1; do :; done; "
        "w=$(cat /proc/$run/task/$run/children); kill -STOP $w; rm b/*/lock; " DRAWN
        ">second 2>&1 || exit 9; kill -CONT $w; wait $run; cat second; cat sleeper >&2",
        0, "its cell is done", "was taken over by another worker");
    expect(RUN "--db b.db", 0, NULL, NULL);
    expect_undisturbed("b.db");
}
END_TEST

Suite *kills_suite(void) {
    Suite *s = suite_create("kills");
    TCase *c = tcase_create("kills");
    tcase_set_timeout(c, test_full() ? 3600 : 400);
    tcase_add_unchecked_fixture(c, make_undisturbed, drop_undisturbed);
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, random_kills_leave_no_trace);
    tcase_add_test(c, left_checkpoints_are_not_read_and_go);
    tcase_add_test(c, a_cell_without_its_checkpoint_keeps_the_others);
    tcase_add_test(c, a_disk_that_fills_leaves_no_trace);
    tcase_add_test(c, a_sleeper_overwrites_nothing);
    tcase_add_loop_test(c, a_damaged_checkpoint_is_passed_over, 0, ARRAY_LEN(damages));
    suite_add_tcase(s, c);
    return s;
}
