/* End to end with the real programs, which stand beside the test program: a small drawn set, a small
 * trunk, cells with a trained and with a frozen trunk; killed, resumed, damaged, and given bad input. */
#include "check_folder.h"
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

/* One of the candidates diverges. */
static const char select_text[] =
    "{\"base\": {\"data\": {\"set\": \"synthetic\", \"image_px\": 24},"
    " \"tasks\": {\"age\": {}, \"gender\": {}}, \"trunk\": {\"name\": \"small\", \"weights\": \"none\"},"
    " \"weighting\": {\"kind\": \"equal\"}, \"select\": {\"keys\": {\"/optimiser/lr\": [0.00001, 0.003, 100]}},"
    " \"epochs\": 3, \"batch\": 16, \"checkpoint_every_s\": 1},"
    " \"variants\": {\"full\": {}, \"fixed\": {\"select\": null}}, \"axes\": {\"/seed\": [1, 2]}}";

/* At this rate the last epoch is far from the best, whichever libtorch rounds. */
static const char best_text[] =
    "{\"base\": {\"data\": {\"set\": \"synthetic\", \"image_px\": 24}, \"tasks\": {\"age\": {}},"
    " \"trunk\": {\"name\": \"small\", \"weights\": \"none\"}, \"optimiser\": {\"lr\": 0.02},"
    " \"report_epoch\": \"best\", \"epochs\": 12, \"batch\": 16, \"checkpoint_every_s\": 1},"
    " \"variants\": {\"whole\": {}, \"early\": {\"seed\": 2, \"early_stop_epochs\": 2}}}";

static char *folder, *program;

static void make_folder(void) {
    struct err e = {0};
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    ck_assert_int_gt(n, 0);
    self[n] = 0;
    *strrchr(self, '/') = 0;
    program = path_join(self, "dmtl");
    folder = folder_new();
    char *faces = path_join(folder, "faces"), *grid = path_join(folder, "tiny.json");
    ck_assert_msg(synth_write(faces, FACES, FACE_PX, 1, 2, &e), "%s", e.msg);
    ck_assert_msg(file_write(grid, grid_text, strlen(grid_text), &e), "%s", e.msg);
    folder_put_text(folder, "choose.json", select_text);
    folder_put_text(folder, "best.json", best_text);
    free(faces);
    free(grid);
}

static void drop_folder(void) {
    folder_remove(folder);
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

static void expect_row(const char *db, const char *sql, const char *want) {
    struct err e = {0};
    char *path = path_join(folder, db);
    struct store *s = store_open(path, STORE_READ, &e);
    ck_assert_msg(s != NULL, "%s", e.msg);
    sqlite3_stmt *row = sql_prepare(store_db(s), &e, sql, "");
    ck_assert_msg(row && sql_step(row, &e) == 1, "%s", e.msg);
    ck_assert_msg(
        strcmp(sql_text(row, 0), want) == 0, "%s: %s, not %s", sql, sql_text(row, 0), want);
    sqlite3_finalize(row);
    store_close(s);
    free(path);
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
    expect_row("a.db", "SELECT count(*) FROM v_runs WHERE images_per_s > 1", "2");
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

/* What this machine cannot do is found before the cells that it can do, in candidates too. */
START_TEST(tf32_on_a_cpu_is_refused_before_anything_runs) {
    static const char *const grids[] = {
        "{\"base\": {\"data\": {\"set\": \"synthetic\", \"image_px\": 24}, \"tasks\": {\"age\": {}},"
        " \"trunk\": {\"name\": \"small\", \"weights\": \"none\"}, \"epochs\": 1},"
        " \"variants\": {\"a\": {}, \"b\": {\"precision\": \"tf32\"}}}",
        "{\"base\": {\"data\": {\"set\": \"synthetic\", \"image_px\": 24}, \"tasks\": {\"age\": {}},"
        " \"trunk\": {\"name\": \"small\", \"weights\": \"none\"}, \"epochs\": 1},"
        " \"variants\": {\"a\": {}, \"b\": {\"select\": {\"keys\": {\"/precision\": [\"f32\", \"tf32\"]}}}}}"};
    for (size_t i = 0; i < ARRAY_LEN(grids); i++) {
        folder_put_text(folder, "precise.json", grids[i]);
        char *all = xasprintf("run precise.json --data synthetic=faces --db p%zu.db", i);
        char *able = xasprintf("%s --only a", all);
        bad_usage(
            all, 2, "/precision: \"tf32\": expected \"f32\" or \"bf16\" on this device (cpu: ");
        expect_in("err.txt", "stopped with 0 of 2 cells done");
        expect_in("err.txt", ": b "); /* whose cell it is */
        ck_assert_int_eq(run(able), 0);
        free(able);
        free(all);
    }
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

/* ---- what a run leaves in the store ---- */

static void change(const char *db, const char *sql) {
    struct err e = {0};
    char *path = path_join(folder, db);
    struct store *s = store_open(path, STORE_WRITE, &e);
    ck_assert_msg(s && sql_script(store_db(s), sql, &e), "%s", e.msg);
    store_close(s);
    free(path);
}

#define STATES "SELECT group_concat(state, ' ') FROM (SELECT state FROM v_cells ORDER BY variant)"
#define RUNS                                                                                       \
    "SELECT group_concat(coalesce(outcome, '-'), ' ') FROM"                                        \
    " (SELECT outcome FROM v_runs JOIN v_cells USING (cell) ORDER BY variant, run)"

/* Long enough to be met at work; the frozen cell stands first by name, the trained by position. */
static const char slow_run[] = "run tiny.json --data synthetic=faces --cache cache --threads 1"
                               " --db b.db --set /epochs=2000";

static bool is_training(const char *db) {
    struct err e = {0};
    char *path = path_join(folder, db);
    struct store *s = file_exists(path) ? store_open(path, STORE_READ, &e) : NULL;
    bool yes = s && sql_long(store_db(s), &e, 0, "SELECT count(*) FROM heartbeat", "") > 0;
    store_close(s);
    free(path);
    return yes;
}

START_TEST(an_interrupted_cell_waits_for_the_next_run) {
    pid_t pid = start(slow_run);
    for (int i = 0; i < 600 && !is_training("b.db"); i++)
        nanosleep(&(struct timespec){.tv_nsec = 100 * 1000 * 1000}, NULL);
    struct timespec asked, ended;
    clock_gettime(CLOCK_MONOTONIC, &asked);
    kill(pid, SIGINT);
    ck_assert_int_eq(end_of(pid), 75);
    clock_gettime(CLOCK_MONOTONIC, &ended);
    ck_assert_int_lt(ended.tv_sec - asked.tv_sec, 20); /* within a second on a machine at rest */
    expect_row("b.db", STATES, "pending pending");
    expect_row("b.db", RUNS, "pending");
    expect_row("b.db", "SELECT count(*) FROM cell WHERE step > 0 AND error IS NULL", "1");
}
END_TEST

START_TEST(two_workers_store_what_one_does) {
    expect_done("a.db");
    ck_assert_int_eq(
        run("run tiny.json --data synthetic=faces --cache cache --threads 1 -j 2 --db b.db"), 0);
    expect_same("a.db", "b.db");
    expect_row("b.db", RUNS, "done done");
}
END_TEST

/* The workers find the label only once the cells are theirs: the cell fails with the message, and the run
 * ends, for the grid file is wrong. */
START_TEST(wrong_usage_found_in_a_cell_fails_it) {
    bad_usage("run tiny.json --data synthetic=faces --only trained --db a.db"
              " --set /tasks/age/ranks=[1,2]",
        2, "widen the ranks in the grid file");
    expect_row("a.db", STATES, "pending failed");
    expect_row("a.db",
        "SELECT error LIKE '%its age is % but /tasks/age/ranks is [1, 2]%' FROM"
        " v_cells WHERE variant = 'trained'",
        "1");
    expect_row("a.db", RUNS, "failed");
}
END_TEST

/* Both cells fail, for the workers' cache is no folder: each is tried once, whichever worker meets it,
 * and neither closes the run before. */
/* A worker alone, as `dmtl run` starts it. */
static int work(const char *arguments) {
    char *command = xasprintf("cd %s && %s-torch work --db=a.db --grid=tiny --threads=1 --quiet"
                              " --weights=. --device=cpu --data=synthetic=faces %s 2>err.txt",
        folder, program, arguments);
    int status = system(command);
    free(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

START_TEST(a_failing_cell_is_tried_once_a_command) {
    expect_done("a.db");
    change("a.db", "UPDATE cell SET state = 0");
    for (int times = 0; times < 2; times++) {
        ck_assert_int_eq(work("--cache=tiny.json"), times == 0);
        expect_row("a.db", STATES, "failed failed");
        expect_row("a.db", RUNS, "done failed done failed");
    }
    expect_row("a.db", "SELECT count(DISTINCT error LIKE '%tiny.json%') FROM v_cells", "1");
    expect_done("a.db");
    expect_row("a.db", RUNS, "done failed done done failed done");
}
END_TEST

/* The run names what ended its worker, and status knows without waiting that it has ended. */
START_TEST(a_killed_worker_is_named) {
    pid_t pid = start(slow_run);
    for (int i = 0; i < 600 && !is_training("b.db"); i++)
        nanosleep(&(struct timespec){.tv_nsec = 100 * 1000 * 1000}, NULL);
    char *command = xasprintf("kill -9 $(cat /proc/%d/task/%d/children)", (int)pid, (int)pid);
    ck_assert_int_eq(system(command), 0);
    ck_assert_int_eq(end_of(pid), 1);
    expect_in("err.txt",
        "run: a worker was killed by SIGKILL (out of memory?), with 0 of 2 cells done; "
        "the same command goes on from the last checkpoints");
    ck_assert_int_eq(run("status tiny --db b.db"), 0);
    expect_in("out.txt", "its worker is gone: `dmtl run` goes on from its last checkpoint");
    free(command);
}
END_TEST

START_TEST(what_to_type_next_can_be_typed) {
    static const char command[] =
        "run \"it's.json\" --data synthetic=faces --cache cache --threads 1"
        " --db 'a b.db' --only trained --set /epochs=1";
    char *copy = xasprintf("cd %s && cp tiny.json \"it's.json\"", folder);
    ck_assert_int_eq(system(copy), 0);
    free(copy);
    ck_assert_int_eq(run(command), 0);
    expect_in("out.txt", "it's: its cell is done. Next: dmtl report 'it'\\''s' --db 'a b.db'\n");
    ck_assert_int_eq(run("report 'it'\\''s' --db 'a b.db'"), 0);
    expect_in("out.txt", "# test\n");
}
END_TEST

START_TEST(a_changed_folder_is_refused) {
    struct err e = {0};
    char *faces = path_join(folder, "faces"), *remove = xasprintf("rm -r %s", faces);
    expect_done("a.db");
    ck_assert_int_eq(system(remove), 0);
    ck_assert_msg(synth_write(faces, FACES, FACE_PX, 2, 2, &e), "%s", e.msg);
    static const char again[] = "run tiny.json --data synthetic=faces --cache cache --db a.db";
    bad_usage(again, 2, "faces: this folder's data have the fingerprint");
    bad_usage(again, 2, "; since then ");
    bad_usage(again, 2, "files are gone (");
    change("a.db", "UPDATE cell SET state = 0, step = 0 WHERE cell = 2");
    bad_usage(again, 2, "another --db for the folder as it is now");
    expect_row("a.db", RUNS, "done done");
    expect_done("b.db");
    free(remove);
    free(faces);
}
END_TEST

START_TEST(undecodable_images_are_named_and_counted) {
    char *cut = xasprintf(
        "cd %s/faces && for f in $(ls *.jpg | head -2); do head -c 300 $f >x && mv x $f; done",
        folder);
    ck_assert_int_eq(system(cut), 0);
    free(cut);
    static const char command[] =
        "run tiny.json --data synthetic=faces --cache cache --db a.db --set /data/max_bad_share=%s";
    char *strict = xasprintf(command, "0.01"), *lax = xasprintf(command, "0.02");
    bad_usage(strict, 2, "2 of 120"); /* 1.7 % */
    ck_assert_int_eq(run(lax), 0);
    expect_in("err.txt", "2 of 120 images do not decode and are left out of every part: \"");
    expect_row("a.db", "SELECT undecodable || ' of ' || samples FROM v_datasets", "2 of 120");
    expect_row("a.db",
        "SELECT count(*) FROM v_samples JOIN v_predictions USING (sample) WHERE undecodable", "0");
    ck_assert_int_eq(run("report tiny --db a.db"), 0);
    expect_in("out.txt", "\n2 of 120 images did not decode and were left out of every part.\n");
    free(strict);
    free(lax);
}
END_TEST

/* ---- disks ---- */

/* Runs a shell script in the test's folder; $RUN is the program's run with all arguments but --db. */
static int script(const char *text) {
    char *command = xasprintf(
        "cd %s && export RUN='%s run tiny.json --data synthetic=faces --cache cache --threads 1' && %s",
        folder, program, text);
    int status = system(command);
    free(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* What the loader finds in libtorch's place is no library. */
START_TEST(a_libtorch_that_cannot_be_loaded_is_said) {
    ck_assert_int_eq(
        script(
            "mkdir lib && "
            "echo x >lib/$(ldd ${RUN%% *}-torch | sed -n 's/.*\\(libtorch_cpu[^ ]*\\) =>.*/\\1/p') && "
            "LD_LIBRARY_PATH=$PWD/lib $RUN --db b.db >out.txt 2>err.txt"),
        1);
    expect_in("err.txt", "error while loading shared libraries: ");
    expect_in("err.txt",
        "run: a worker could not be loaded, as the message above says: libtorch is missing or is "
        "another than dmtl-torch was built for (`ldd` shows what it finds; clear LD_LIBRARY_PATH, or "
        "build it again with `make`), with 0 of 2 cells done");
    expect_row("b.db", "SELECT count(*) FROM v_runs", "0");
    ck_assert_int_eq(script("$RUN --db b.db >out.txt 2>err.txt"), 0);
}
END_TEST

static size_t times_in(const char *text, const char *words) {
    size_t n = 0;
    while ((text = strstr(text, words))) {
        text += strlen(words);
        n++;
    }
    return n;
}

/* Said once by each worker that met it, however many cells it had left, or by run itself where it got no
 * further than the database. One that is stopped because another met it may meet it too, as it writes its
 * last checkpoint. */
static void expect_stopped_for_space(const char *what, size_t workers) {
    char *said = text_of("err.txt");
    const char *first = strstr(said, "cannot be written: "), *worker = strstr(said, "dmtl-torch: ");
    ck_assert_msg(first && strstr(first, what), "%s", said);
    ck_assert_msg(times_in(said, "cannot be written: ") <= workers, "too often: %s", said);
    ck_assert_msg(times_in(said, "dmtl: run: ") <= 1, "run says it once: %s", said);
    ck_assert_msg(!worker || strstr(worker, "the same command goes on from the last checkpoints"),
        "%s", said);
    free(said);
}

/* A small disk in a mount namespace of its own, which goes with the shell that has it. Its room runs out
 * in different places: the database, a checkpoint, the results. */
START_TEST(a_full_disk_is_said_and_nothing_is_lost) {
    static const int room_kib[] = {40, 300, 700};
    if (script("unshare -m sh -c 'mkdir -p disk && mount -t tmpfs none disk' 2>/dev/null")) {
        printf("skipped: a full disk: mounting a small one takes root\n");
        return;
    }
    expect_done("a.db");
    char *text = xasprintf(
        "unshare -m sh -c 'mount -t tmpfs -o size=16m none disk &&"
        " head -c %d /dev/zero >disk/ballast && $RUN --db disk/b.db >out.txt 2>err.txt; echo $? >code.txt;"
        " rm disk/ballast && $RUN --db disk/b.db >out.txt 2>>code.txt && cp disk/b.db* .'",
        (16384 - room_kib[_i]) << 10);
    ck_assert_int_eq(script(text), 0);
    expect_in("code.txt", "1\n");
    expect_stopped_for_space("free space on its disk", 1);
    expect_same("a.db", "b.db");
    expect_row("b.db", "SELECT count(*) FROM v_runs WHERE outcome = 'failed'", "0");
    free(text);
}
END_TEST

/* The same without root, and a worker that has nothing to do with it is ended too: files may grow to
 * 400 KiB, which the checkpoints of the trained cell alone pass. */
START_TEST(a_limit_on_files_is_said_and_nothing_is_lost) {
    expect_done("a.db");
    ck_assert_int_eq(
        script("(ulimit -f 800 && $RUN --db b.db -j 2 >out.txt 2>err.txt; echo $? >code.txt)"), 0);
    expect_in("code.txt", "1\n");
    expect_stopped_for_space("File too large; raise the limit on the size of files (ulimit -f)", 2);
    expect_in("err.txt", "the checkpoint of step ");
    expect_row(
        "b.db", "SELECT count(*) FROM v_cells WHERE error IS NOT NULL OR state = 'failed'", "0");
    expect_row("b.db", "SELECT state FROM v_cells WHERE variant = 'trained'", "pending");
    expect_done("b.db");
    expect_same("a.db", "b.db");
}
END_TEST

/* As a user who may not write there; root may write everywhere. */
START_TEST(a_results_folder_that_is_read_only) {
    if (script("chmod 755 . && mkdir cache results && chmod 777 cache && setpriv --reuid=65534"
               " --regid=65534 --clear-groups sh -c '$RUN --help' >/dev/null 2>&1") ||
        geteuid() != 0) {
        printf("skipped: a read-only folder: needs root, and programs that others may run\n");
        return;
    }
    ck_assert_int_eq(script("setpriv --reuid=65534 --regid=65534 --clear-groups sh -c"
                            " '$RUN --db results/a.db' >out.txt 2>err.txt"),
        1);
    expect_in("err.txt", "results/a.db");
    expect_done("results/a.db");
    change("results/a.db", "UPDATE cell SET state = 0");
    ck_assert_int_eq(script("setpriv --reuid=65534 --regid=65534 --clear-groups sh -c"
                            " '$RUN --db results/a.db' >out.txt 2>err.txt"),
        1);
    expect_in("err.txt", "cannot be written: change their permissions");
    expect_row("results/a.db", RUNS, "done done");
}
END_TEST

/* ---- open keys ---- */

#define CHOOSE "run choose.json --data synthetic=faces --cache cache --threads 1 --db "

START_TEST(open_keys_are_chosen_and_the_winner_is_trained_once) {
    ck_assert_int_eq(run(CHOOSE "a.db"), 0);
    expect_in(
        "err.txt", "of 3 candidates on the validation part; 1 diverged and could not be chosen");
    expect_in("out.txt", "choose: all 4 cells are done");
    expect_row("a.db",
        "SELECT group_concat(state, ' ') FROM (SELECT state FROM v_cells WHERE grid ="
        " 'choose:select' ORDER BY json_extract(axes, '$.\"/optimiser/lr\"'))",
        "done done failed");
    expect_row("a.db",
        "SELECT group_concat(seed || coalesce(gain, '-') || best, ' ') FROM (SELECT seed,"
        " gain > 0 AS gain, best FROM v_choices ORDER BY seed, position)",
        "100 111 1-0 200 211 2-0");
    /* Seed 1's answer is the candidate: 3 candidates, 1 answer more, 2 cells without open keys. */
    expect_row("a.db", "SELECT count(DISTINCT cell), count(*) FROM v_runs", "6");
    ck_assert_int_eq(run(CHOOSE "a.db"), 0);
    expect_in("out.txt", "done already");
}
END_TEST

START_TEST(a_killed_choice_ends_with_the_same_bytes) {
    ck_assert_int_eq(run(CHOOSE "a.db"), 0);
    int kills = 0;
    for (long ms = 400; ms < 20000 && killed_after(CHOOSE "b.db", ms); ms += 500)
        kills++;
    ck_assert_int_gt(kills, 0);
    ck_assert_int_eq(run(CHOOSE "b.db -j 2"), 0);
    expect_same("a.db", "b.db");
    expect_row("b.db", "SELECT count(*) FROM choice", "2");
}
END_TEST

/* ---- the best epoch ---- */

#define BEST "run best.json --data synthetic=faces --cache cache --threads 1 --db "
/* Of each cell: whether what is reported is what the epoch with the lowest mae had, and whether that is
 * the last; then whether all planned epochs were trained. */
#define REPORTED                                                                                           \
    "SELECT group_concat((reported = lowest) || (reported_epoch = first_best) || (reported_epoch <"        \
    " epochs_done) || (epochs_done = epochs), ' ') FROM (SELECT *,"                                        \
    " (SELECT value FROM v_metrics m WHERE m.cell = c.id AND part = 'validation' AND metric = 'mae'"       \
    "  AND readout = 'count' AND grouping = 'all') AS reported, (SELECT min(value) FROM v_epochs x WHERE"  \
    " x.cell = c.id AND part = 'validation' AND metric = 'mae') AS lowest, (SELECT epoch FROM v_epochs x"  \
    " WHERE x.cell = c.id AND part = 'validation' AND metric = 'mae' ORDER BY value, epoch) AS first_best" \
    " FROM cell c ORDER BY seed)"

START_TEST(the_best_epoch_is_what_is_reported) {
    ck_assert_int_eq(run(BEST "a.db"), 0);
    expect_row("a.db", REPORTED, "1111 1110");
    int kills = 0;
    for (long ms = 400; ms < 20000 && killed_after(BEST "b.db", ms); ms += 450)
        kills++;
    ck_assert_int_gt(kills, 0);
    ck_assert_int_eq(run(BEST "b.db"), 0);
    expect_same("a.db", "b.db");
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
    tcase_add_test(c, tf32_on_a_cpu_is_refused_before_anything_runs);
    tcase_add_test(c, a_folder_that_cannot_be_written);
    tcase_add_test(c, an_interrupted_cell_waits_for_the_next_run);
    tcase_add_test(c, two_workers_store_what_one_does);
    tcase_add_test(c, wrong_usage_found_in_a_cell_fails_it);
    tcase_add_test(c, a_failing_cell_is_tried_once_a_command);
    tcase_add_test(c, a_killed_worker_is_named);
    tcase_add_test(c, a_libtorch_that_cannot_be_loaded_is_said);
    tcase_add_test(c, what_to_type_next_can_be_typed);
    tcase_add_test(c, a_changed_folder_is_refused);
    tcase_add_test(c, undecodable_images_are_named_and_counted);
    tcase_add_loop_test(c, a_full_disk_is_said_and_nothing_is_lost, 0, 3);
    tcase_add_test(c, a_limit_on_files_is_said_and_nothing_is_lost);
    tcase_add_test(c, a_results_folder_that_is_read_only);
    tcase_add_test(c, open_keys_are_chosen_and_the_winner_is_trained_once);
    tcase_add_test(c, a_killed_choice_ends_with_the_same_bytes);
    tcase_add_test(c, the_best_epoch_is_what_is_reported);
    suite_add_tcase(s, c);
    return s;
}
