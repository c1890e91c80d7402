/* A grid as people watch it: the progress of `dmtl run` and `status --watch` on a real pseudo-terminal. */
#include "check_folder.h"
#include "check_run.h"
#include "check_suites.h"
#include "fixture_terminal.h"

#include "core/file.h"
#include "core/json.h"
#include "core/mem.h"
#include "report/progress_line.h"
#include "report/terminal.h"

#include <regex.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* So large that cells are seen to run; kernels with ASan's checks take that long for fewer pixels. */
#ifdef __SANITIZE_ADDRESS__
#define PX "32"
#else
#define PX "96"
#endif

/* 43 faces to train on in batches of 16 are 3 steps an epoch, 18 in all. */
static const char grid_text[] =
    "{\"base\": {\"data\": {\"set\": \"synthetic\", \"image_px\": " PX
    "}, \"tasks\": {\"gender\": {}},"
    " \"trunk\": {\"name\": \"small\", \"weights\": \"none\"}, \"epochs\": 6, \"batch\": 16},"
    " \"gates\": {\"size\": \"pass\"},"
    " \"variants\": {\"bad\": {}, \"good\": {\"optimiser\": {\"lr\": 0.01}}, \"名前\": {\"optimiser\": {\"lr\": 0.02}}},"
    " \"axes\": {\"/seed\": [1, 2]}}";

static char *dir;

static void set_up(void) {
    dir = folder_new();
    folder_put_text(dir, "g.json", grid_text);
    expect_shell(dir, "$DMTL data synth -n 60 --px " PX " --out faces --quiet", 0, NULL, NULL);
}

static void tear_down(void) {
    folder_remove(dir);
}

static void expect(const char *command, int code, const char *in_out, const char *in_err) {
    expect_shell(dir, command, code, in_out, in_err);
}

#define RUN "$DMTL run g.json --data synthetic=faces --cache cache --db g.db --threads 1 "
/* In the folders of the variant `bad` a folder stands where the checkpoint of its end is to go. */
#define SPOILT                                                                                         \
    "for i in $($DMTL plan g.json --only bad --json | sed -n 's/.*\"id\": \"\\(.*\\)\".*/\\1/p'); do " \
    "mkdir -p g/$i/step-0000000018.safetensors/x; done; "

/* ---- what a line may be ---- */

#define NUMBERS                                                                                    \
    "([0-9]+ running|[0-9]+( of |/)[0-9]+ epochs|[0-9]+%|[0-9]+ failed|[0-9]+ (images|img)/s|"     \
    "(about )?[0-9]+ (s|min [0-9]+ s) left)"
static const char progress_form[] =
    "^([0-9]+ of [0-9]+ cells done|[0-9]+/[0-9]+ done|[0-9]+%)(, " NUMBERS ")*$";

static bool has_form(const char *line, const char *form) {
    regex_t r;
    ck_assert_int_eq(regcomp(&r, form, REG_EXTENDED | REG_NOSUB), 0);
    bool has = regexec(&r, line, 0, NULL, 0) == 0;
    regfree(&r);
    return has;
}

/* Every line is of one of the forms; how many are of the first. */
static int expect_forms(const struct terminal *t, const char *const *forms, size_t n) {
    int first = 0;
    for (size_t i = 0; i < t->n_lines; i++) {
        char *line = terminal_line(t, i);
        size_t k = 0;
        while (k < n && !has_form(line, forms[k]))
            k++;
        if (k == n && *line) {
            char *all = terminal_text(t);
            ck_abort_msg("a mangled line: \"%s\" in:\n%.3000s", line, all);
        }
        first += k == 0;
        free(line);
    }
    return first;
}

/* ---- run ---- */

static const char *const run_forms[] = {
    "^bad [0-9a-f]{12} failed, retry 1 of 1 follows: the checkpoint of step 18: .*: Is a directory$",
    "^bad [0-9a-f]{12} failed: the checkpoint of step 18: .*: Is a directory$",
    "^(bad|good|[?]{4}) [0-9a-f]{12}: making pixels: 60 of 60 images$", "^warning .*",
    "^dmtl-torch: [0-9] cells? failed$", "^dmtl: run: 2 of 6 cells failed, 4 are done; .*$",
    progress_form};

static void expect_run(struct terminal *t) {
    int code = terminal_end(t);
    ck_assert_msg(code == 1, "exit %d: %.3000s", code, t->bytes.text);
    ck_assert(!t->overflowed);
    ck_assert_int_eq(expect_forms(t, run_forms, ARRAY_LEN(run_forms)), 2);
    char *text = terminal_text(t);
    ck_assert_msg(strstr(text, "2 failed\n") || t->columns < 40, "%.3000s", text);
    free(text);
    terminal_free(t);
}

static const int widths[] = {20, 40, 80, 200};

START_TEST(lines_stay_whole) {
    struct terminal t;
    terminal_start(&t, dir, SPOILT RUN "-j 3 --retries 1", "xterm", widths[_i], 24);
    expect_run(&t);
}
END_TEST

START_TEST(a_resize_mangles_no_line) {
    struct terminal t;
    terminal_start(&t, dir, SPOILT RUN "-j 3 --retries 1", "xterm", 120, 24);
    terminal_until(&t, "running");
    terminal_resize(&t, 40, 10);
    terminal_until(&t, "retry 1 of 1");
    terminal_resize(&t, 200, 50);
    terminal_until(&t, " of 36 epochs");
    terminal_resize(&t, 60, 24);
    expect_run(&t);
}
END_TEST

/* ---- workers that are no more than a script ---- */

/* Beside a copy of dmtl, so that it starts these. */
static void put_worker(const char *script) {
    char *dmtl = dmtl_path(), *command = xasprintf("mkdir bin; cp '%s' bin/dmtl", dmtl);
    expect(command, 0, NULL, NULL);
    folder_put_text(dir, "bin/dmtl-torch", script);
    expect("chmod +x bin/dmtl-torch", 0, NULL, NULL);
    free(command);
    free(dmtl);
}

#define SCRIPTED "bin/dmtl run g.json --data synthetic=faces --cache cache --db g.db -j 3 "

/* Each writes half a line, and the rest while others do; the last line has no end. */
START_TEST(halves_of_lines_are_joined) {
    static const char *const forms[] = {"^worker [0-9]+ line [1-8] begins and \\[1m ends$",
        "^last words of [0-9]+$", "^dmtl: a worker was killed by SIGABRT; [12] of 3 go on$",
        "^dmtl: run: a worker was killed by SIGABRT, with .*$", progress_form};
    struct terminal t;
    put_worker(
        "#!/bin/sh\n"
        "for i in 1 2 3 4 5 6 7 8; do\n"
        "  printf \"worker $$ line $i be\" >&2; sleep .2; printf 'gins and\\033[1m ends\\n' >&2\n"
        "done\n"
        "printf \"last words of $$\" >&2; kill -ABRT $$\n");
    terminal_start(&t, dir, SCRIPTED, "xterm", 60, 24);
    ck_assert_int_eq(terminal_end(&t), 1);
    ck_assert(!t.overflowed);
    ck_assert_int_eq(expect_forms(&t, forms, ARRAY_LEN(forms)), 3 * 8);
    ck_assert_int_eq(expect_forms(&t, (const char *const[]){forms[1], ".*"}, 2), 3);
    terminal_free(&t);
}
END_TEST

/* More than a pipe holds. */
START_TEST(a_worker_does_not_wait_for_its_reader) {
    put_worker("#!/bin/sh\n"
               "kill -STOP $PPID; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do\n"
               "  printf '%20000s\\n' x >&2\n"
               "done\n"
               "touch through$$; kill -CONT $PPID\n");
    struct terminal t;
    terminal_start(&t, dir, SCRIPTED, "xterm", 80, 24);
    terminal_end(&t);
    terminal_free(&t);
    expect("ls | grep -c through", 0, "3\n", NULL);
}
END_TEST

START_TEST(a_dumb_terminal_gets_plain_lines) {
    struct terminal t;
    terminal_start(&t, dir, RUN "--only good --set /epochs=2", "dumb", 80, 24);
    ck_assert_int_eq(terminal_end(&t), 0);
    ck_assert_ptr_null(strchr(t.bytes.text, '\033'));
    ck_assert_ptr_nonnull(strstr(t.bytes.text, "g: all 2 cells are done"));
    terminal_free(&t);
}
END_TEST

/* ---- a run that is killed ---- */

static int first_child(pid_t pid) {
    char *path = xasprintf("/proc/%d/task/%d/children", (int)pid, (int)pid);
    FILE *f = fopen(path, "r");
    int child = 0;
    if (f && fscanf(f, "%d", &child) != 1)
        child = 0;
    if (f)
        fclose(f);
    free(path);
    return child;
}

static int end_of(pid_t pid) {
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Its worker outlives it as our child, with nobody left who reads what it says. */
START_TEST(a_worker_outlives_its_run) {
    struct terminal t;
    ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    terminal_start(&t, dir,
        "exec " RUN "--only good --set /epochs=4000 --set /checkpoint_every_steps=2 -j 1", "xterm",
        80, 24);
    terminal_until(&t, "images/s");
    pid_t worker = first_child(t.pid);
    ck_assert_int_gt(worker, 0);
    kill(t.pid, SIGKILL);
    ck_assert_int_eq(end_of(t.pid), 128 + SIGKILL);
    ck_assert_int_eq(end_of(worker), 75);
    expect("ls g/*/step-*.safetensors", 0, "step-", NULL);
    expect("tail -n 1 g/*/log", 0, " stopped: ", NULL);
    terminal_free(&t);
}
END_TEST

/* ---- the line by itself ---- */

static const struct progress_totals totals = {.cells = 120,
    .done = 37,
    .failed = 2,
    .running = 8,
    .work = 2400,
    .work_done = 799.5,
    .images_per_s = 12840,
    .left_s = 4000};

/* Fewer words first, then fewer parts. */
static const struct {
    int columns;
    const char *line;
} of_width[] = {
    {200,
        "37 of 120 cells done, 8 running, 799 of 2400 epochs, 33%, 2 failed, 12840 images/s, about 1 h 06 min left"},
    {85, "37/120 done, 8 running, 799/2400 epochs, 33%, 2 failed, 12840 img/s, 1 h 06 min left"},
    {80, "37/120 done, 8 running, 33%, 2 failed, 12840 img/s, 1 h 06 min left"},
    {57, "37/120 done, 8 running, 33%, 2 failed, 1 h 06 min left"},
    {45, "37/120 done, 33%, 2 failed, 1 h 06 min left"}, {27, "37/120 done, 33%, 2 failed"},
    {17, "37/120 done, 33%"}, {10, "33%"}, {2, ""}};

START_TEST(a_line_says_what_matters_most) {
    struct str line = {0};
    progress_line(&line, &totals, of_width[_i].columns);
    ck_assert_str_eq(line.text ? line.text : "", of_width[_i].line);
    str_free(&line);
}
END_TEST

/* At any width: no more than fits, and each part whole. */
START_TEST(a_line_for_every_width) {
    static const char form[] =
        "^((37 of 120 cells|37/120) done)?(^8|, 8 running)?(, 799( of |/)2400 epochs)?(^33%|, 33%)?"
        "(, 2 failed)?(, 12840 (images|img)/s)?(, (about )?1 h 06 min left)?$";
    for (int columns = 0; columns < 130; columns++) {
        struct str line = {0};
        progress_line(&line, &totals, columns);
        const char *text = line.text ? line.text : "";
        ck_assert_msg(line.len <= (size_t)columns, "%d: %s", columns, text);
        ck_assert_msg(has_form(text, form), "%d: %s", columns, text);
        str_free(&line);
    }
}
END_TEST

START_TEST(columns_of_text) {
    static const struct {
        const char *text;
        int columns;
        const char *in_six;
    } rows[] = {{"", 0, ""}, {"abcdef", 6, "abcdef"}, {"abcdefg", 7, "abc..."},
        {"n\xc3\xa4h", 3, "n\xc3\xa4h"}, {"na\xcc\x88h", 3, "na\xcc\x88h"},
        {"名前名前", 8, "名..."}, {"名前名", 6, "名前名"}, {"\xff\xff", 2, "\xff\xff"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str fitting = {0};
        ck_assert_int_eq(text_columns(rows[i].text), rows[i].columns);
        text_add_fitting(&fitting, rows[i].text, 6);
        ck_assert_str_eq(fitting.text ? fitting.text : "", rows[i].in_six);
        str_free(&fitting);
    }
}
END_TEST

/* ---- status --watch ---- */

#define WATCH "$DMTL status g --db g.db --watch=0.2 "

/* One picture is left of all, also where a smaller window has wrapped one. */
START_TEST(a_watch_ends_with_the_grid) {
    struct terminal t;
    int code, columns = widths[_i];
    terminal_start(
        &t, dir, SPOILT RUN "-j 3 --quiet 2>run.txt & exec " WATCH "--quiet", "xterm", columns, 40);
    if (columns >= 80) {
        terminal_until(&t, "running\n");
        terminal_resize(&t, 40, 40);
    }
    code = terminal_end(&t);
    ck_assert_msg(code == 0, "exit %d: %.3000s", code, t.bytes.text);
    char *text = terminal_text(&t);
    ck_assert_msg(!t.overflowed, "%.3000s", text);
    ck_assert_msg(has_form(text, columns < 40 ? "^g: 6 cells: 2 fa[^:]*failed\n"
                                              : "^g: 6 cells: 2 failed, 4 done\n[^:]*failed\n"),
        "%.3000s", text);
    ck_assert_msg(!strstr(text, "running"), "%.3000s", text);
    ck_assert_uint_eq(t.lines[t.n_lines - 1].n, 0); /* a shell's prompt has a line of its own */
    free(text);
    terminal_free(&t);
}
END_TEST

/* Three lines of numbers and three running cells with their title do not fit into six lines. */
START_TEST(a_watch_fits_the_window) {
    struct terminal t;
    expect(RUN "--quiet --set /epochs=1 --only good", 0, NULL, NULL);
    terminal_start(&t, dir,
        SPOILT RUN "-j 3 --quiet --set /epochs=4000 2>run.txt & run=$!; " WATCH
                   "; kill $run; wait $run",
        "xterm", 60, 7);
    terminal_until(&t, "and 2 more");
    char *text = terminal_text(&t);
    ck_assert_msg(has_form(text, "running\n.*\n  and 2 more\n"), "%.3000s", text);
    free(text);
    terminal_type(&t, "\003");
    terminal_end(&t);
    ck_assert_uint_le(t.n_lines, 8);
    terminal_free(&t);
}
END_TEST

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

START_TEST(ctrl_c_ends_a_watch) {
    struct terminal t;
    expect(RUN "--quiet --set /epochs=1 --only good", 0, NULL, NULL);
    terminal_start(&t, dir, "exec $DMTL status g --db g.db --watch=50", "xterm", 80, 24);
    terminal_until(&t, "4 pending");
    double began = now_s();
    terminal_type(&t, "\003");
    ck_assert_int_eq(terminal_end(&t), 0);
    ck_assert_double_lt(now_s() - began, 1);
    char *text = terminal_text(&t);
    ck_assert_msg(has_form(text, "4 pending\n.*work so far [^\n]*\n\n$"), "%.3000s", text);
    free(text);
    terminal_free(&t);
}
END_TEST

START_TEST(a_pipe_gets_plain_text) {
    expect("{ sleep .5; exec " RUN "--quiet -j 2 >run.txt; } & " WATCH "| cat >watched", 0, NULL,
        "g.db: there is no such results database yet");
    expect("cat watched", 0, "g: 6 cells: 6 done (g.db)\n", NULL);
    expect("cat watched", 0, "\nrunning\n", NULL);
    expect("grep -c 'work so far' watched | grep -qx 1", 1, NULL, NULL);
    expect("tr -d '\\n[:print:]' <watched | LC_ALL=C tr -d '\\200-\\377' | wc -c", 0, "0\n", NULL);
}
END_TEST

START_TEST(json_is_a_line_a_change) {
    expect("{ sleep .5; exec " RUN "--quiet -j 2 >run.txt; } & " WATCH "--json --quiet >watched", 0,
        NULL, NULL);
    char *path = path_join(dir, "watched");
    struct err e = {0};
    char *text = file_read(path, 1 << 24, NULL, &e), *rest = text;
    int lines = 0, done = 0;
    ck_assert_msg(text != NULL, "%s", e.msg);
    for (char *line; (line = strsep(&rest, "\n")) && *line; lines++) {
        cJSON *json = json_parse("a line", line, strlen(line), &e);
        ck_assert_msg(json != NULL, "%s: %s", e.msg, line);
        done = json_get(json_get(json, "count"), "done")->valueint;
        cJSON_Delete(json);
    }
    ck_assert_int_gt(lines, 2);
    ck_assert_int_eq(done, 6);
    free(text);
    free(path);
}
END_TEST

START_TEST(wrong_seconds_are_named) {
    static const char *const wrong[] = {"0", "-1", "soon", "1e9", "nan", "2x"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        char *command = xasprintf("$DMTL status g --watch=%s", wrong[i]);
        char *message =
            xasprintf("status: --watch: %s: expected seconds from 0.1 to 86400", wrong[i]);
        expect(command, 2, NULL, message);
        free(command);
        free(message);
    }
}
END_TEST

static TCase *on_a_terminal(Suite *s, const char *name) {
    TCase *c = tcase_create(name);
    tcase_set_timeout(c, 120);
    tcase_add_checked_fixture(c, set_up, tear_down);
    suite_add_tcase(s, c);
    return c;
}

Suite *watch_suite(void) {
    Suite *s = suite_create("watch");
    TCase *line = tcase_create("line");
    suite_add_tcase(s, line);
    TCase *run = on_a_terminal(s, "run"), *script = on_a_terminal(s, "script"),
          *status = on_a_terminal(s, "status");
    tcase_add_loop_test(line, a_line_says_what_matters_most, 0, ARRAY_LEN(of_width));
    tcase_add_test(line, a_line_for_every_width);
    tcase_add_test(line, columns_of_text);
    tcase_add_loop_test(run, lines_stay_whole, 0, ARRAY_LEN(widths));
    tcase_add_test(run, a_resize_mangles_no_line);
    tcase_add_test(run, a_dumb_terminal_gets_plain_lines);
    tcase_add_test(run, a_worker_outlives_its_run);
    tcase_add_test(script, halves_of_lines_are_joined);
    tcase_add_test(script, a_worker_does_not_wait_for_its_reader);
    tcase_add_loop_test(status, a_watch_ends_with_the_grid, 0, ARRAY_LEN(widths));
    tcase_add_test(status, a_watch_fits_the_window);
    tcase_add_test(status, ctrl_c_ends_a_watch);
    tcase_add_test(status, a_pipe_gets_plain_text);
    tcase_add_test(status, json_is_a_line_a_change);
    tcase_add_test(status, wrong_seconds_are_named);
    return s;
}
