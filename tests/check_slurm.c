/* dmtl slurm: the scripts' text, what they do with stand-ins for dmtl and Slurm's programs, and what is refused. A real
 * Slurm runs them in tests/slurm. */
#include "check_folder.h"
#include "check_run.h"
#include "check_suites.h"

#include "commands/slurm_script.h"
#include "core/file.h"
#include "core/mem.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- times ---- */

START_TEST(times) {
    static const struct {
        const char *text;
        long s;
    } good[] = {{"30", 1800}, {"90s", 90}, {"90m", 5400}, {"12h", 43200}, {"2d", 172800},
        {"1:30", 90}, {"12:00:00", 43200}, {"1-12", 129600}, {"1-12:30", 131400},
        {"1-12:00:05", 129605}};
    static const char *const bad[] = {"", "0", "soon", "-5", "5x", "1:2:3:4", "1:", "1-2-3", "1.5h",
        "5m3", "1 2", "12345678", "1-2:3:4:5", "1d2h", "0:00"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct err e = {0};
        long s;
        ck_assert_msg(slurm_time_parse(good[i].text, &s, &e), "%s", e.msg);
        ck_assert_int_eq(s, good[i].s);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct err e = {0};
        long s;
        ck_assert_msg(!slurm_time_parse(bad[i], &s, &e), "%s", bad[i]);
        ck_assert_ptr_nonnull(strstr(e.msg, "expected a time such as 90m"));
    }
}
END_TEST

/* ---- in a folder with stand-ins ---- */

static char *dir;

static void put_program(const char *name, const char *text) {
    char *path = xasprintf("%s/%s", dir, name);
    folder_put_text(dir, name, text);
    ck_assert_int_eq(chmod(path, 0755), 0);
    free(path);
}

static const char grid[] =
    "{\"base\": {\"data\": {\"set\": \"synthetic\"}, \"tasks\": {\"gender\": {}}},\n"
    " \"variants\": {\"a\": {}, \"it's \\\"b\\\"\": {\"epochs\": 2},"
    " \"c\": {\"epochs\": 3, \"select\": {\"keys\": {\"/optimiser/lr\": [0.1, 0.2]}}}},\n"
    " \"axes\": {\"/seed\": [1, 2, 3]}}\n";

static void set_up(void) {
    dir = folder_new();
    folder_put_text(dir, "g.json", grid);
    free(folder_sub(dir, "bin"));
    /* says how it was called; its jobs are 41, 42, ... */
    put_program("bin/sbatch", "#!/bin/bash\nprintf '<%s>' \"$@\" >>calls; echo >>calls\n"
                              "echo \"$((40 + $(wc -l <calls)))$CLUSTER\"\n");
    put_program("bin/scontrol", "#!/bin/bash\nprintf '<%s>' \"$@\" >>calls; exit ${SCONTROL:-0}\n");
    put_program("fake",
        "#!/bin/bash\nprintf '<%s>' \"$@\" >>calls\n"
        "trap 'echo told >>calls; exit 75' USR1\n"
        "for ((i = 0; i < ${NAPS:-0}; i++)); do touch begun; sleep .1; done\nexit $CODE\n");
}

static void tear_down(void) {
    folder_remove(dir);
}

/* "~" stands for the folder. */
static char *in_folder(const char *text) {
    struct str out = {0};
    for (; *text; text++)
        if (*text == '~')
            str_add(&out, dir);
        else
            str_addc(&out, *text);
    return str_detach(&out);
}

static void expect(const char *command, int code, const char *out, const char *in_err) {
    struct ran r = run_shell(dir, command);
    char *wanted = in_folder(out ? out : ""), *message = in_folder(in_err ? in_err : "");
    ck_assert_msg(r.code == code, "%s: exit %d: %s", command, r.code, r.err);
    if (out)
        ck_assert_str_eq(r.out, wanted);
    if (in_err)
        ck_assert_msg(strstr(r.err, message), "%s: no \"%s\" in %s", command, message, r.err);
    else
        ck_assert_str_eq(r.err, "");
    free(wanted);
    free(message);
    ran_free(&r);
}

/* What is above the part that is the same in all scripts. */
#define HEAD "sed 's|^dmtl=/.*/dmtl$|PROGRAM|; /^# Slurm tells/,$d; /^# A cell/,$d' "
#define SYNTHETIC " --data synthetic=/faces "

START_TEST(scripts_are_written) {
    expect(
        "$DMTL slurm g.json" SYNTHETIC "--set /batch=8 --time 12h --cpus 4 --gpus a100:1 --mem 16G "
        "--partition gpu --account lab --qos high --limit 2 --option=--constraint=big "
        "--option='--mail-type=END --nice' --join-option=--partition=cpu -j2 --weights w --lists /l --retries 2 --quiet",
        0,
        "7 tasks; to submit them:\n"
        "  job=$(sbatch --parsable ~/results/g.slurm/array.sh)\n"
        "  sbatch --dependency=afterany:${job%%;*} ~/results/g.slurm/join.sh\n",
        NULL);
    expect("cd results/g.slurm && " HEAD
           "array.sh && cmp g.json ../../g.json && ls -d logs shards | tr '\\n' ' '",
        0,
        "#!/bin/bash\n# Task N of the array runs part N of the grid g; written by `dmtl slurm`\n"
        "#SBATCH --job-name=g\n#SBATCH --array=1-7%2\n#SBATCH --output=~/results/g.slurm/logs/%A_%a.log\n"
        "#SBATCH --open-mode=append\n#SBATCH --requeue\n#SBATCH --signal=B:USR1@120\n#SBATCH --nodes=1\n"
        "#SBATCH --ntasks=1\n#SBATCH --cpus-per-task=4\n#SBATCH --mem=16G\n#SBATCH --gres=gpu:a100:1\n"
        "#SBATCH --time=0-12:00:00\n#SBATCH --partition=gpu\n#SBATCH --account=lab\n#SBATCH --qos=high\n"
        "#SBATCH --constraint=big\n#SBATCH --mail-type=END --nice\n\n"
        "cd ~ || exit 1\nPROGRAM\ngrid=~/results/g.slurm/g.json\n"
        "out=~/results/g.slurm\nparts=7\ncells=(--set=/batch=8)\n"
        "options=(--data=synthetic=/faces --lists=/l --cache=~/results/cache --weights=~/w --jobs=2 --threads=2 --retries=2 "
        "--device=cuda)\nknown=''\n\nlogs shards ",
        NULL);
    expect("cd results/g.slurm && " HEAD "join.sh", 0,
        "#!/bin/bash\n# Joins and reports what the tasks have done of the grid g; written by `dmtl slurm`\n"
        "#SBATCH --job-name=g-join\n#SBATCH --output=~/results/g.slurm/logs/join-%j.log\n"
        "#SBATCH --open-mode=append\n#SBATCH --requeue\n#SBATCH --partition=gpu\n#SBATCH --account=lab\n"
        "#SBATCH --qos=high\n#SBATCH --partition=cpu\n\ncd ~ || exit 1\nPROGRAM\n"
        "grid=~/results/g.slurm/g.json\nout=~/results/g.slurm\nparts=7\n"
        "cells=(--set=/batch=8)\ndb=~/results/g.db\n\n",
        NULL);
}
END_TEST

/* Parts without a chosen cell have no task; the cells of c share a choice and so a part. */
START_TEST(no_gpus_are_none) {
    expect("$DMTL slurm g.json" SYNTHETIC "--gpus 0 --quiet >/dev/null; cd results/g.slurm; "
           "grep -c gres array.sh; grep -o device=cpu array.sh",
        0, "0\ndevice=cpu\n", NULL);
}
END_TEST

START_TEST(parts_have_tasks) {
    static const struct {
        const char *options, *tasks, *array, *parts;
    } cases[] = {
        {"", "7 tasks", "1-7", "7"},
        {"--only c", "1 task", "7", "7"},
        {"--only a --only c --limit 3", "4 tasks", "1-3,7%3", "7"},
        {"--chunks 2", "2 tasks", "1-2", "2"},
        {"--chunks 2 --only c", "1 task", "1", "2"},
        {"--chunks 99", "7 tasks", "1-7", "7"},
        {"--cells-per-task 3", "3 tasks", "1-3", "3"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *command = xasprintf("$DMTL slurm g.json" SYNTHETIC "-q %s | sed 's/;.*//; q'; "
                                  "grep -h 'array=\\|^parts' results/g.slurm/array.sh",
            cases[i].options);
        char *wanted = xasprintf(
            "%s\n#SBATCH --array=%s\nparts=%s\n", cases[i].tasks, cases[i].array, cases[i].parts);
        expect(command, 0, wanted, NULL);
        free(wanted);
        free(command);
    }
}
END_TEST

/* Slurm checks the time every half a minute, so that a long notice would end a short task at its start. */
START_TEST(notice_goes_with_the_time) {
    expect("for t in 1 5m 15m 2h; do $DMTL slurm g.json" SYNTHETIC "-q --time $t >/dev/null; "
           "grep -h '^#SBATCH.*signal=\\|^#.*time=' results/g.slurm/array.sh; done",
        0,
        "#SBATCH --signal=B:USR1@15\n#SBATCH --time=0-00:01:00\n#SBATCH --signal=B:USR1@30\n"
        "#SBATCH --time=0-00:05:00\n#SBATCH --signal=B:USR1@90\n#SBATCH --time=0-00:15:00\n"
        "#SBATCH --signal=B:USR1@120\n#SBATCH --time=0-02:00:00\n",
        NULL);
}
END_TEST

START_TEST(what_is_wrong_is_said) {
    static const struct {
        const char *options, *message;
    } cases[] = {
        {"", "the set synthetic is needed: say where its images are with --data synthetic=DIR"},
        {SYNTHETIC "--only d", "d"},
        {SYNTHETIC "--chunks 2 --cells-per-task 2",
            "slurm: --chunks and --cells-per-task are two ways"},
        {SYNTHETIC "--chunks 0", "slurm: --chunks: 0: expected a whole number from 1 to 100000"},
        {SYNTHETIC "-j x", "slurm: -j: x: expected a whole number from 1 to 1024"},
        {SYNTHETIC "--time soon", "slurm: --time: \"soon\": expected a time such as 90m"},
        {SYNTHETIC "--option constraint=x",
            "slurm: --option: \"constraint=x\": expected an option of sbatch"},
        {SYNTHETIC "--option=$'--a\\n--b'",
            "slurm: --option: \"--a\\n--b\": a line for sbatch cannot hold that"},
        {SYNTHETIC "--partition $'a\\nb'",
            "slurm: --partition: \"a\\nb\": a line for sbatch cannot hold that: "
            "expected no control characters and no backslash"},
        {SYNTHETIC "--out 'a\\b'",
            "slurm: the folder for scripts and logs (--out): \"~/a\\\\b\": a line for sbatch"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *script = xasprintf("$DMTL slurm g.json -q %s\n", cases[i].options);
        folder_put_text(dir, "try.sh", script);
        expect("DMTL=$DMTL bash try.sh", 2, "", cases[i].message);
        free(script);
    }
    expect("ls results 2>/dev/null", 2, "", NULL); /* nothing was written */
    expect("$DMTL slurm", 2, "", "slurm: which grid? expected a file");
}
END_TEST

/* ---- a task ---- */

#define NASTY "n=\"it's \\$(touch x) \\\"100%\\\" #\"; "
#define WRITE                                                                                      \
    "$DMTL slurm g.json" SYNTHETIC                                                                 \
    "-q >/dev/null && sed -i 's|^dmtl=.*|dmtl=~/fake|' results/g.slurm/*.sh && "
#define TASK                                                                                       \
    "PATH=~/bin:$PATH SLURM_ARRAY_JOB_ID=7 SLURM_ARRAY_TASK_ID=2 bash results/g.slurm/array.sh"
#define CALLS_START                                                                                \
    "<run><~/results/g.slurm/g.json><--shard><2/7><--db><~/results/g.slurm/shards/2-of-7.db>"      \
    "<--data=synthetic=/faces><--cache=~/results/cache><--jobs=1><--threads=1><--device=cpu>"
#define REQUEUED "<requeue><Incomplete><7_2>"

static void expect_here(const char *command, int code, const char *out, const char *in_err) {
    char *line = in_folder(command);
    expect(line, code, out, in_err);
    free(line);
}

START_TEST(names_are_quoted) {
    expect_here(NASTY
        "$DMTL slurm g.json -q --data \"synthetic=$n\" --out \"$n\" --only \"it's \\\"b\\\"\" --cache c "
        ">/dev/null && sed -i 's|^dmtl=.*|dmtl=~/fake|' \"$n/array.sh\" && CODE=0 "
        "SLURM_ARRAY_TASK_ID=4 bash \"$n/array.sh\"; cat calls; grep output= \"$n/array.sh\"; ls x",
        2,
        "<run><~/it's $(touch x) \"100%\" #/g.json><--shard><4/7><--db><~/it's $(touch x) \"100%\" #/shards/4-of-7.db>"
        "<--only=it's \"b\"><--data=synthetic=~/it's $(touch x) \"100%\" #><--cache=~/c><--jobs=1><--threads=1>"
        "<--device=cpu>"
        "#SBATCH --output=\"~/it's $(touch x) \\\"100%%\\\" #/logs/%A_%a.log\"\n",
        "x");
}
END_TEST

START_TEST(a_task_ends_as_dmtl_does) {
    expect_here(WRITE "for c in 0 1 2; do CODE=$c " TASK "; echo $?; done", 0, "0\n1\n2\n", NULL);
    expect_here("grep -c requeue calls", 1, "0\n", NULL);
}
END_TEST

START_TEST(a_stopped_task_goes_back_into_the_queue) {
    expect_here(WRITE "CODE=75 " TASK "; echo $?; cat calls", 0, "0\n" CALLS_START REQUEUED, NULL);
    expect_here("SCONTROL=1 CODE=75 " TASK, 75, "", NULL); /* where it cannot, that shows */
}
END_TEST

/* The shell is told, hands it on and waits for dmtl's end. A dmtl that is killed has not been stopped by us. */
START_TEST(a_signal_reaches_dmtl) {
    expect_here(WRITE "{ CODE=0 NAPS=100 " TASK " & } && until [ -e begun ]; do sleep .05; done; "
                      "kill -USR1 $!; wait $!; echo $?; cat calls",
        0, "0\n" CALLS_START "told\n" REQUEUED, NULL);
    expect_here("rm calls; sed -i 's/^trap.*//' fake; { CODE=0 NAPS=100 " TASK
                " 2>/dev/null & } && sleep 1; kill -TERM $!; "
                "wait $!; echo $?; cat calls",
        0, "0\n" CALLS_START REQUEUED, NULL);
    expect_here("rm calls; sed -i 's/^for/kill -KILL $$; for/' fake; CODE=0 " TASK
                " 2>/dev/null; echo $?; cat calls",
        0, "137\n" CALLS_START, NULL);
}
END_TEST

/* ---- the job that joins ---- */

#define JOIN "bash results/g.slurm/join.sh; echo $?"

static void put_joiner(const char *plan) {
    char *text = xasprintf("#!/bin/bash\nprintf '<%%s>' \"$@\" >>calls; echo >>calls\n"
                           "[ \"$1\" != plan ] || echo '%s'\nexit 0\n",
        plan);
    put_program("fake", text);
    free(text);
}

START_TEST(shards_are_joined) {
    put_joiner("{\"cells\": [{\"variant\": \"a\", \"state\": \"done\"}],\n"
               " \"candidates\": [{\"state\": \"failed\"}]}");
    expect_here(WRITE
        "touch results/g.slurm/shards/2-of-7.db results/g.slurm/shards/7-of-7.db results/g.slurm/shards/2-of-3.db; " JOIN
        "; cat calls",
        0,
        "report: ~/results/g.slurm/report.md\n0\n"
        "<merge><~/results/g.db><~/results/g.slurm/shards/2-of-7.db><~/results/g.slurm/shards/7-of-7.db>\n"
        "<report><~/results/g.slurm/g.json><--db><~/results/g.db><-o><~/results/g.slurm/report.md>\n"
        "<status><~/results/g.slurm/g.json><--db><~/results/g.db>\n"
        "<plan><~/results/g.slurm/g.json><--db><~/results/g.db><--json>\n",
        NULL);
}
END_TEST

START_TEST(missing_cells_fail_the_join) {
    put_joiner("{\"cells\": [{\"state\": \"done\"}, {\"state\": \"failed\"}]}");
    expect_here(WRITE JOIN, 0, "1\n",
        "no task has left anything; see their logs in ~/results/g.slurm/logs");
    expect_here("touch results/g.slurm/shards/1-of-7.db; " JOIN, 0,
        "report: ~/results/g.slurm/report.md\n1\n", "not all cells are done");
    expect_here("grep -c report calls", 0, "1\n", NULL);
}
END_TEST

/* The real dmtl in both scripts: a cell that is done comes from the database, one that fails is shown and keeps nobody
 * from the results of the others. */
START_TEST(what_is_done_is_not_repeated) {
    folder_put_text(dir, "s.json",
        "{\"base\": {\"data\": {\"set\": \"synthetic\", \"image_px\": 24}, \"tasks\": {\"gender\": {}},"
        " \"trunk\": {\"name\": \"small\", \"weights\": \"none\"}, \"optimiser\": {\"lr\": 0.01}, \"epochs\": 1,"
        " \"batch\": 16}, \"variants\": {\"a\": {}, \"b\": {\"epochs\": 2},"
        " \"bad\": {\"epochs\": 30, \"optimiser\": {\"lr\": 100}}}}");
    expect_here(
        "$DMTL data synth -n 60 --px 24 --out faces -q && $DMTL run s.json --only a --data synthetic=faces "
        "--threads 1 -q >/dev/null 2>&1; $DMTL slurm s.json --data synthetic=faces | head -n 1; "
        "$DMTL slurm s.json --data synthetic=faces --chunks 1 >/dev/null; grep -h 'array=\\|^known' results/s.slurm/array.sh",
        0, "2 tasks; to submit them:\n#SBATCH --array=1\nknown=~/results/s.db\n", NULL);
    expect_here(
        "SLURM_ARRAY_JOB_ID=7 SLURM_ARRAY_TASK_ID=1 bash results/s.slurm/array.sh >log 2>&1; echo $?; "
        "$DMTL status s --db results/s.slurm/shards/1-of-1.db --json | grep -c '\"state\": \"done\"'; grep -c 's.slurm/shards/1-of-1.db: 1 cell taken from 1 database$' log",
        0, "1\n2\n1\n", NULL);
    expect_here(
        "bash results/s.slurm/join.sh | head -n 3; sed -n '/^| b/{p;q}' results/s.slurm/report.md | cut -c1-3",
        0,
        "~/results/s.db: 1 cell taken from 1 database, 1 there already, 1 failed\n"
        "report: ~/results/s.slurm/report.md\ns: 3 cells: 1 failed, 2 done (~/results/s.db)\n| b\n",
        "not all cells are done");
    expect_here("$DMTL slurm s.json --data synthetic=faces --only a --only b --submit", 0,
        "s: all its cells are done already, in ~/results/s.db; nothing to submit\n", NULL);
}
END_TEST

/* ---- submitting ---- */

#define SUBMIT "$DMTL slurm g.json" SYNTHETIC "-q --submit"

START_TEST(both_are_submitted) {
    expect_here("PATH=~/bin:$PATH " SUBMIT " && cat calls", 0,
        "submitted 7 tasks as job 41, and job 42 to join what they do\nlogs: ~/results/g.slurm/logs\n"
        "report, when all have ended: ~/results/g.slurm/report.md\n"
        "<--parsable><~/results/g.slurm/array.sh>\n"
        "<--parsable><--dependency=afterany:41><~/results/g.slurm/join.sh>\n",
        NULL);
    expect_here("rm calls; CLUSTER=';red' PATH=~/bin:$PATH " SUBMIT
                " >/dev/null && tail -n 1 calls",
        0, "<--parsable><--dependency=afterany:41><--clusters=red><~/results/g.slurm/join.sh>\n",
        NULL);
}
END_TEST

START_TEST(what_sbatch_refuses_is_said) {
    expect_here("PATH=~/none " SUBMIT, 1, "",
        "slurm: there is no sbatch here: submit the scripts on a machine of the");
    put_program("bin/sbatch", "#!/bin/bash\necho 'sbatch: error: no such partition' >&2; exit 1\n");
    expect_here("PATH=~/bin:$PATH " SUBMIT, 1, "",
        "sbatch: error: no such partition\n"
        "dmtl: slurm: sbatch did not take ~/results/g.slurm/array.sh; its message above says why");
    put_program("bin/sbatch", "#!/bin/bash\necho '41 of them'\n");
    expect_here("PATH=~/bin:$PATH " SUBMIT, 1, "", "expected a job's number, got \"41 of them\"");
    put_program("bin/sbatch", "#!/bin/bash\n[ $# = 2 ] && echo 41\n");
    expect_here("PATH=~/bin:$PATH " SUBMIT, 1, "",
        "dmtl: the array is submitted as job 41, the job that joins is not: slurm: sbatch");
}
END_TEST

Suite *slurm_suite(void) {
    Suite *s = suite_create("slurm");
    TCase *c = tcase_create("slurm");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, times);
    tcase_add_test(c, scripts_are_written);
    tcase_add_test(c, no_gpus_are_none);
    tcase_add_test(c, parts_have_tasks);
    tcase_add_test(c, notice_goes_with_the_time);
    tcase_add_test(c, what_is_wrong_is_said);
    tcase_add_test(c, names_are_quoted);
    tcase_add_test(c, a_task_ends_as_dmtl_does);
    tcase_add_test(c, a_stopped_task_goes_back_into_the_queue);
    tcase_add_test(c, a_signal_reaches_dmtl);
    tcase_add_test(c, shards_are_joined);
    tcase_add_test(c, missing_cells_fail_the_join);
    tcase_add_test(c, what_is_done_is_not_repeated);
    tcase_add_test(c, both_are_submitted);
    tcase_add_test(c, what_sbatch_refuses_is_said);
    suite_add_tcase(s, c);
    return s;
}
