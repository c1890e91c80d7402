/* End to end with the real programs, which stand beside the test program: a small drawn set, a small
 * trunk, cells with a trained and with a frozen trunk; killed, resumed, damaged, and given bad input. */
#include "check_suites.h"

#include "core/file.h"
#include "core/mem.h"
#include "data/synth.h"
#include "fixture_hash.h"
#include "grid/lease.h"
#include "store/sql.h"
#include "store/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FACES = 120, FACE_PX = 40, TIMEOUT_S = 240 };

static const char grid_text[] =
    "{\"title\": \"test\", \"base\": {\"data\": {\"set\": \"synthetic\", \"image_px\": 24},"
    " \"tasks\": {\"age\": {}, \"gender\": {}, \"race\": {}},"
    " \"trunk\": {\"name\": \"small\", \"weights\": \"none\"}, \"optimiser\": {\"lr\": 0.02},"
    " \"epochs\": 6, \"batch\": 16, \"log_every\": 2, \"checkpoint_every_s\": 1},"
    " \"variants\": {\"trained\": {}, \"frozen\": {\"trunk\": {\"train_from\": \"frozen\"}}}}";

static char *folder, *program;

static void make_folder(void) {
    struct err e = {0};
    char self[PATH_MAX], template[] = "/tmp/dmtl-run-XXXXXX";
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    ck_assert_int_gt(n, 0);
    self[n] = 0;
    *strrchr(self, '/') = 0;
    program = path_join(self, "dmtl");
    ck_assert_ptr_nonnull(mkdtemp(template));
    folder = xstrdup(template);
    char *faces = path_join(folder, "faces"), *grid = path_join(folder, "tiny.json");
    ck_assert_msg(synth_write(faces, FACES, FACE_PX, 1, 2, &e), "%s", e.msg);
    ck_assert_msg(file_write(grid, grid_text, strlen(grid_text), &e), "%s", e.msg);
    free(faces);
    free(grid);
}

static void drop_folder(void) {
    char *command = xasprintf("rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
    free(command);
    free(folder);
    free(program);
}

/* ---- the program as a user types it, in the test's folder ---- */

static pid_t start(const char *arguments) {
    char *command = xasprintf("cd %s && exec %s %s >out.txt 2>err.txt", folder, program, arguments);
    pid_t pid = fork();
    if (pid == 0) {
        setpgid(0, 0); /* its workers too, so that all can be killed at once */
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    setpgid(pid, pid);
    free(command);
    return pid;
}

static int end_of(pid_t pid) {
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run(const char *arguments) {
    return end_of(start(arguments));
}

static char *text_of(const char *name) {
    struct err e = {0};
    char *path = path_join(folder, name), *text = file_read(path, 1 << 20, NULL, &e);
    free(path);
    ck_assert_msg(text != NULL, "%s", e.msg);
    return text;
}

static void expect_in(const char *name, const char *part) {
    char *text = text_of(name);
    ck_assert_msg(strstr(text, part) != NULL, "%s: \"%s\" is not in: %s", name, part, text);
    free(text);
}

static void expect_done(const char *db) {
    char *arguments =
        xasprintf("run tiny.json --data synthetic=faces --cache cache --threads 1 --db %s", db);
    int code = run(arguments);
    char *said = text_of("err.txt");
    ck_assert_msg(code == 0, "exit %d: %s", code, said);
    free(said);
    free(arguments);
}

static void expect_same(const char *a, const char *b) {
    char *x = path_join(folder, a), *y = path_join(folder, b);
    expect_same_results(x, y);
    free(x);
    free(y);
}

/* Kills the program and its worker without warning after `ms`; false: it had ended by itself. */
static bool killed_after(const char *arguments, long ms) {
    pid_t pid = start(arguments);
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
    kill(-pid, SIGKILL);
    return end_of(pid) == 128 + SIGKILL;
}

static const char run_b[] =
    "run tiny.json --data synthetic=faces --cache cache --threads 1 --db b.db";

START_TEST(from_grid_to_stored_predictions_the_same_twice) {
    expect_done("a.db");
    expect_in("out.txt", "tiny: all 2 cells are done. Next: dmtl report tiny --db a.db");
    expect_done("c.db");
    expect_same("a.db", "c.db");
    expect_done("a.db");
    expect_in("out.txt", "done already");
}
END_TEST

/* Killed at growing times until it gets to its end, whichever moment that hits; then against a run
 * that nothing disturbed. */
START_TEST(killed_runs_end_with_the_same_bytes) {
    expect_done("a.db");
    int kills = 0;
    for (long ms = 300; ms < 20000 && killed_after(run_b, ms); ms += 350)
        kills++;
    ck_assert_int_gt(kills, 0);
    expect_done("b.db");
    expect_same("a.db", "b.db");
}
END_TEST

START_TEST(an_interrupted_run_says_so_and_goes_on) {
    pid_t pid = start(run_b);
    nanosleep(&(struct timespec){.tv_nsec = 700 * 1000 * 1000}, NULL);
    kill(pid, SIGINT);
    int code = end_of(pid);
    if (code != 0) { /* it may have been quicker than we */
        ck_assert_int_eq(code, 75);
        expect_in("err.txt", "the same command goes on from here");
    }
    expect_done("a.db");
    expect_done("b.db");
    expect_same("a.db", "b.db");
}
END_TEST

static void bad_usage(const char *arguments, int code, const char *message) {
    ck_assert_int_eq(run(arguments), code);
    expect_in("err.txt", message);
}

START_TEST(bad_input_is_named) {
    bad_usage("run", 2, "which grid?");
    bad_usage("run tiny.json", 2, "say where its images are with --data synthetic=DIR");
    bad_usage("run tiny.json --data synthetic=nowhere", 2, "nowhere: there is no such folder");
    bad_usage("run tiny.json --data synthetic=faces -j 0", 2, "expected a whole number from 1");
    bad_usage("run tiny.json --data synthetic=faces --only train", 2, "train");
    bad_usage("run tiny.json --data synthetic=faces --device quantum", 2, "quantum");
}
END_TEST

START_TEST(a_folder_that_cannot_be_written) {
    struct err e = {0};
    char *file = path_join(folder, "results");
    ck_assert(
        file_write(file, "x", 1, &e)); /* a file where the folder should be: root cannot either */
    ck_assert_int_eq(run("run tiny.json --data synthetic=faces"), 1);
    expect_in("err.txt", "results");
    free(file);
}
END_TEST

Suite *end_to_end_suite(void) {
    Suite *s = suite_create("end_to_end");
    TCase *c = tcase_create("end_to_end");
    tcase_set_timeout(c, TIMEOUT_S);
    tcase_add_checked_fixture(c, make_folder, drop_folder);
    tcase_add_test(c, from_grid_to_stored_predictions_the_same_twice);
    tcase_add_test(c, killed_runs_end_with_the_same_bytes);
    tcase_add_test(c, an_interrupted_run_says_so_and_goes_on);
    tcase_add_test(c, bad_input_is_named);
    tcase_add_test(c, a_folder_that_cannot_be_written);
    suite_add_tcase(s, c);
    return s;
}
