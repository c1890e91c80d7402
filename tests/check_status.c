#include "check_folder.h"
#include "check_suites.h"

#include "commands/command.h"
#include "core/file.h"
#include "core/json.h"
#include "core/mem.h"
#include "grid/lease.h"
#include "store/store.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/time.h>
#include <unistd.h>

static char *dir, *db;
static struct err e;

static bool must(bool ok) {
    ck_assert_msg(ok, "%s", e.msg);
    return ok;
}

static int64_t put(struct store *s, int64_t grid, const char *id, int position) {
    struct store_cell c = {id, "{}", "synthetic", "random", 1, 1, -1, 3};
    int64_t cell;
    must(store_put_cell(s, &c, &cell, &e));
    must(store_put_member(s, grid, cell, "full", "{\"/seed\":1}", position, &e));
    return cell;
}

/* Four cells of 3 epochs: one done in 30 s (and twice in the grid), one running and half through, one
 * failed, one pending. */
static void setup(void) {
    struct provenance nothing = {0};
    int64_t grid, token;
    dir = folder_new();
    db = path_join(dir, "t.db");
    struct store *s = store_open(db, STORE_WRITE, &e);
    must(s != NULL && store_put_grid(s, "t", "{}", &grid, &e));
    int64_t done = put(s, grid, "done", 0), running = put(s, grid, "running", 1);
    put(s, grid, "done", 2);
    int64_t failed = put(s, grid, "failed", 3);
    put(s, grid, "pending", 4);
    must(store_claim(s, done, &nothing, &token, &e) && store_progress(s, done, 3, 0, 30, &e) &&
         store_finish(s, done, 30, 0, 3, &e));
    must(store_claim(s, running, &nothing, &token, &e) &&
         store_heartbeat(s, running, 1, 0.5, 80, &e));
    must(store_claim(s, failed, &nothing, &token, &e) &&
         store_fail(s, failed, token, "no \033[31m memory\nat all", &e));
    store_close(s);
}

static void teardown(void) {
    free(db);
    folder_remove(dir);
}

/* stdout of `dmtl status` with up to two words and --db; the caller frees. */
static char *status(const char *grid, const char *option, bool *ok) {
    char *argv[] = {(char *)"status", (char *)grid, (char *)"--db", db, (char *)option, NULL};
    char *file = path_join(dir, "out");
    int kept = dup(STDOUT_FILENO);
    fflush(stdout);
    ck_assert_ptr_nonnull(freopen(file, "w", stdout));
    *ok = command_status(option ? 5 : 4, argv, &e);
    fflush(stdout);
    dup2(kept, STDOUT_FILENO);
    close(kept);
    struct err none = {0};
    char *text = file_read(file, 1 << 20, NULL, &none);
    free(file);
    return text;
}

static void ck_has(const char *text, const char *part) {
    ck_assert_msg(strstr(text, part) != NULL, "no \"%s\" in:\n%s", part, text);
}

/* An epoch takes 30 / 3 = 10 s; left are half of the running cell's 3 epochs and all of two others':
 * (1.5 + 3 + 3) * 10 = 75 s. The done cell counts once. */
START_TEST(text) {
    bool ok;
    char *out = status("experiments/t.json", NULL, &ok);
    must(ok);
    ck_has(out, "t: 4 cells: 1 failed, 1 done, 1 running, 1 pending");
    ck_has(out, "0/3 epochs, 50%, 80 images/s\n");
    ck_has(out, "no  [31m memory at all\n"); /* no escape sequence reaches the terminal */
    ck_has(out, "left about 1 min 15 s for one worker");
    free(out);
}
END_TEST

START_TEST(json) {
    bool ok;
    char *out = status("t", "--json", &ok);
    must(ok);
    cJSON *root = json_parse("out", out, strlen(out), &e);
    must(root != NULL);
    ck_assert_int_eq(cJSON_GetArraySize(json_get(root, "cells")), 4);
    ck_assert_double_eq_tol(json_get(root, "left_s")->valuedouble, 75, 1e-9);
    ck_assert_int_eq(json_get(json_get(root, "count"), "done")->valueint, 1);
    const cJSON *failed = cJSON_GetArrayItem(json_get(root, "cells"), 2);
    ck_assert_str_eq(json_get(failed, "error")->valuestring, "no \033[31m memory\nat all");
    cJSON_Delete(root);
    free(out);
}
END_TEST

static struct store *reopen(void) {
    struct store *s = store_open(db, STORE_WRITE, &e);
    must(s != NULL);
    return s;
}

/* Cells that stand in the grid again, before and behind others, keep their first place. A variant without
 * a done cell takes the pace of all, 120 s for 6 epochs; "slow" its own: 3 epochs in 90 s, 3 to go. Left:
 * 75 s of setup's cells at 10 s an epoch; of "slow" 90 s; of "new" 3 epochs at 120 / 6 = 20 s: 60 s. */
START_TEST(cells_that_stand_twice) {
    static const struct {
        const char *id, *variant;
    } places[] = {{"z", "slow"}, {"pending", "full"}, {"y", "slow"}, {"z", "slow"},
        {"done", "full"}, {"x", "new"}, {"y", "slow"}};
    struct store *s = reopen();
    int64_t grid, token, cell;
    must(store_put_grid(s, "t", "{}", &grid, &e));
    for (int i = 0; i < (int)ARRAY_LEN(places); i++) {
        struct store_cell c = {places[i].id, "{}", "synthetic", "random", 1, 1, -1, 3};
        must(store_put_cell(s, &c, &cell, &e) &&
             store_put_member(s, grid, cell, places[i].variant, "{}", 5 + i, &e));
        if (i == 0)
            must(store_claim(s, cell, &(struct provenance){0}, &token, &e) &&
                 store_progress(s, cell, 3, 0, 90, &e) && store_finish(s, cell, 90, 0, 3, &e));
    }
    store_close(s);
    bool ok;
    char *out = status("t", "--json", &ok);
    must(ok);
    static const char *const order[] = {"done", "running", "failed", "pending", "z", "y", "x"};
    cJSON *root = json_parse("out", out, strlen(out), &e);
    const cJSON *cells = json_get(root, "cells");
    ck_assert_int_eq(cJSON_GetArraySize(cells), (int)ARRAY_LEN(order));
    for (int i = 0; i < (int)ARRAY_LEN(order); i++)
        ck_assert_str_eq(json_get(cJSON_GetArrayItem(cells, i), "id")->valuestring, order[i]);
    ck_assert_double_eq_tol(json_get(root, "left_s")->valuedouble, 75 + 90 + 60, 1e-9);
    cJSON_Delete(root);
    free(out);
}
END_TEST

/* As a killed worker leaves it: the claim open, the lock free. */
START_TEST(a_worker_that_died) {
    struct lease lease;
    bool ok;
    static const char gone[] = "its worker is gone: `dmtl run` goes on from its last checkpoint\n";
    must(lease_take(&lease, db, "running", &e));
    char *out = status("t", NULL, &ok);
    must(ok);
    ck_has(out, "0/3 epochs, 50%, 80 images/s\n");
    ck_assert_ptr_null(strstr(out, "gone"));
    free(out);
    lease_release(&lease);
    out = status("t", NULL, &ok);
    must(ok);
    ck_has(out, gone);
    free(out);
    out = status("t", "--json", &ok);
    must(ok);
    ck_has(out, "\"worker_gone\": true");
    free(out);
    must(lease_take(&lease, db, "running", &e)); /* looking has left no lock behind */
    lease_release(&lease);
}
END_TEST

static int looking_fd;

static void stop_looking(int signal_number) {
    (void)signal_number;
    flock(looking_fd, LOCK_UN);
}

/* Somebody looks whether the cell is held at the moment that a worker takes it: the look is over, by an
 * alarm, while the worker waits to try again. */
START_TEST(a_look_stops_no_worker) {
    struct lease lease;
    must(lease_take(&lease, db, "x", &e));
    char *lock = path_join(lease.folder, "lock");
    ck_assert_int_eq(file_locked(lock), 1);
    lease_release(&lease);
    ck_assert_int_eq(file_locked(lock), 0);
    const struct itimerval soon = {.it_value = {.tv_usec = 5000}};
    struct sigaction before;
    looking_fd = open(lock, O_RDONLY);
    ck_assert_int_eq(flock(looking_fd, LOCK_SH), 0);
    sigaction(SIGALRM, &(struct sigaction){.sa_handler = stop_looking}, &before);
    setitimer(ITIMER_REAL, &soon, NULL);
    must(lease_take(&lease, db, "x", &e));
    lease_release(&lease);
    sigaction(SIGALRM, &before, NULL);
    close(looking_fd);
    unlink(lock);
    ck_assert_int_eq(file_locked(lock), -1);
    free(lock);
}
END_TEST

START_TEST(wrong_names) {
    bool ok;
    free(status("other", NULL, &ok));
    ck_assert(!ok);
    ck_has(e.msg, "holds no grid \"other\" (it holds: t)");
    e = (struct err){0};
    unlink(db);
    free(status("t", NULL, &ok));
    ck_assert(!ok);
    ck_assert_int_eq(e.kind, ERR_USAGE);
    ck_has(e.msg, "dmtl run");
    ck_assert(!file_exists(db)); /* reading makes no database */
}
END_TEST

Suite *status_suite(void) {
    Suite *s = suite_create("status");
    TCase *t = tcase_create("verb");
    tcase_set_timeout(t, 20);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, text);
    tcase_add_test(t, json);
    tcase_add_test(t, cells_that_stand_twice);
    tcase_add_test(t, a_worker_that_died);
    tcase_add_test(t, a_look_stops_no_worker);
    tcase_add_test(t, wrong_names);
    suite_add_tcase(s, t);
    return s;
}
