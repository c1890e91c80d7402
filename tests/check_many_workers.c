/* Eight workers of two runs on one database, killed, stopped and woken at random, and the runs killed and started
 * again: no cell is lost, none is done twice, and the results are those of one worker that nothing disturbed.
 * DMTL_FULL=1 (`make test-kills`): a thousand cells. */
#include "check_folder.h"
#include "check_run.h"
#include "check_suites.h"
#include "fixture_hash.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/rng.h"
#include "core/str.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum { RUNS = 2, WORKERS_EACH = 4, WORKERS_MAX = 64 };

static char *dir;

/* 20 faces to train on, 2 steps. */
static void set_up(void) {
    struct str text = {0};
    dir = folder_new();
    str_add(&text,
        "{\"base\": {\"data\": {\"set\": \"synthetic\", \"image_px\": 16}, \"tasks\": {\"gender\": {}, \"age\": {}},"
        " \"trunk\": {\"name\": \"small\", \"weights\": \"none\"}, \"epochs\": 1, \"batch\": 16,"
        " \"checkpoint_every_steps\": 1}, \"axes\": {\"/seed\": [");
    for (int i = 1; i <= (test_full() ? 1000 : 60); i++)
        str_addf(&text, "%s%d", i > 1 ? ", " : "", i);
    str_add(&text, "]}, \"variants\": {\"v\": {}}}");
    folder_put_text(dir, "g.json", text.text);
    str_free(&text);
    expect_shell(dir, "$DMTL data synth -n 28 --px 16 --out faces --quiet", 0, NULL, NULL);
}

static void tear_down(void) {
    folder_remove(dir);
}

struct campaign {
    pid_t run[RUNS]; /* 0: it has ended, and all was done */
    struct {
        pid_t pid;
        long wake_ms;
    } stopped[WORKERS_MAX];
    int n_stopped;
    int worker_kills, run_kills, stops; /* so far */
    long now_ms;                        /* since the begin, by our own pauses */
    struct rng draw;
};

static pid_t start_run(void) {
    char *program = dmtl_path();
    char *command = xasprintf(
        "%s run g.json --data synthetic=faces --cache cache --db g.db --threads 1 -j %d --retries 1000 --quiet",
        program, WORKERS_EACH);
    pid_t pid = start_group(dir, command);
    free(command);
    free(program);
    return pid;
}

/* The workers of a run, as the kernel lists them. */
static int workers_of(pid_t run, pid_t pids[WORKERS_MAX]) {
    char *path = xasprintf("/proc/%d/task/%d/children", (int)run, (int)run);
    FILE *f = fopen(path, "r");
    int n = 0, pid;
    while (f && n < WORKERS_MAX && fscanf(f, "%d", &pid) == 1)
        pids[n++] = pid;
    if (f)
        fclose(f);
    free(path);
    return n;
}

static void wake(struct campaign *c, bool all) {
    int kept = 0;
    for (int i = 0; i < c->n_stopped; i++)
        if (all || c->stopped[i].wake_ms <= c->now_ms)
            kill(c->stopped[i].pid, SIGCONT);
        else
            c->stopped[kept++] = c->stopped[i];
    c->n_stopped = kept;
}

/* A run is killed alone: its workers are left to find out by themselves. */
static void strike(struct campaign *c) {
    size_t which = rng_below(&c->draw, RUNS), what = rng_below(&c->draw, 100);
    pid_t workers[WORKERS_MAX], run = c->run[which];
    int n = run ? workers_of(run, workers) : 0;
    if (n == 0)
        return;
    pid_t worker = workers[rng_below(&c->draw, (size_t)n)];
    if (what < 5) {
        kill(run, SIGKILL);
        ck_assert_int_eq(waitpid(run, NULL, 0), run);
        c->run[which] = start_run();
        c->run_kills++;
    } else if (what < 40) {
        c->worker_kills += kill(worker, SIGKILL) == 0;
    } else if (c->n_stopped < WORKERS_MAX && kill(worker, SIGSTOP) == 0) {
        c->stopped[c->n_stopped].pid = worker;
        c->stopped[c->n_stopped++].wake_ms = c->now_ms + 100 + (long)rng_below(&c->draw, 3000);
        c->stops++;
    }
}

static bool any_runs(struct campaign *c) {
    bool any = false;
    for (int i = 0; i < RUNS; i++) {
        int status;
        if (c->run[i] && waitpid(c->run[i], &status, WNOHANG) == c->run[i]) {
            char *errors = NULL;
            if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
                char *path = path_join(dir, "err.txt");
                errors = file_read(path, 1 << 24, NULL, &(struct err){0});
            }
            ck_assert_msg(!errors, "run %d ended with status %#x: %s", i, status, errors);
            c->run[i] = 0;
        }
        any = any || c->run[i];
    }
    return any;
}

START_TEST(no_cell_is_lost_or_done_twice) {
    struct campaign c = {.draw = rng_open(11, RNG_TEST, 0, 0)};
    for (int i = 0; i < RUNS; i++)
        c.run[i] = start_run();
    while (any_runs(&c)) {
        long pause = 20 + (long)rng_below(&c.draw, 400);
        wait_ms(pause);
        c.now_ms += pause;
        wake(&c, false);
        strike(&c);
    }
    wake(&c, true);
    char *g = path_join(dir, "g.db"), *a = path_join(dir, "a.db");
    expect_shell(dir,
        "$DMTL run g.json --data synthetic=faces --cache cache --db a.db --threads 1 --quiet", 0,
        NULL, NULL);
    expect_rows(g, "SELECT count(*) FROM v_cells WHERE state != 'done'", "0");
    expect_rows(g,
        "SELECT count(*) FROM (SELECT 1 FROM v_runs GROUP BY cell HAVING sum(outcome = 'done') != 1)",
        "0");
    expect_same_results(g, a);
    expect_shell(dir,
        "for f in a/*/*.safetensors; do cmp $f g/${f#a/} || exit 1; done; "
        "test $(ls a/*/*.safetensors | wc -l) = $(ls g/*/*.safetensors | wc -l)",
        0, NULL, NULL);
    printf("many workers: %d killed, %d stopped and woken, %d runs killed\n", c.worker_kills,
        c.stops, c.run_kills);
    ck_assert_int_gt(c.worker_kills, 5);
    ck_assert_int_gt(c.stops, 5);
    free(g);
    free(a);
}
END_TEST

Suite *many_workers_suite(void) {
    Suite *s = suite_create("many_workers");
    TCase *c = tcase_create("many_workers");
    tcase_set_timeout(c, test_full() ? 3600 : 400);
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, no_cell_is_lost_or_done_twice);
    suite_add_tcase(s, c);
    return s;
}
