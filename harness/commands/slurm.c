/* dmtl slurm: a grid as an array of jobs of the batch system Slurm. */
#include "commands/command.h"
#include "commands/slurm_parts.h"
#include "commands/slurm_script.h"
#include "commands/slurm_submit.h"

#include "core/escape.h"
#include "core/file.h"
#include "core/mem.h"
#include "grid/chosen.h"
#include "grid/data_option.h"
#include "grid/grid.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    KEY_DATA = 256,
    KEY_LISTS,
    KEY_CACHE,
    KEY_WEIGHTS,
    KEY_THREADS,
    KEY_DEVICE,
    KEY_RETRIES,
    KEY_CHUNKS,
    KEY_CELLS,
    KEY_LIMIT,
    KEY_TIME,
    KEY_MEM,
    KEY_CPUS,
    KEY_GPUS,
    KEY_PARTITION,
    KEY_ACCOUNT,
    KEY_QOS,
    KEY_OPTION,
    KEY_JOIN_OPTION,
    KEY_OUT,
    KEY_SUBMIT
};

static const struct argp_option options[] = {
    {"submit", KEY_SUBMIT, NULL, 0, "submit both scripts", 0},
    {"out", KEY_OUT, "DIR", 0,
        "where scripts, logs and shards go (default: the database's name with .slurm)", 0},
    {"chunks", KEY_CHUNKS, "N", 0, "tasks to deal the cells out to (default: a task a cell)", 0},
    {"cells-per-task", KEY_CELLS, "N", 0,
        "cells of a task, in place of --chunks; those that share a choice of keys stay together",
        0},
    {"limit", KEY_LIMIT, "N", 0, "tasks that run at a time (default: as many as Slurm lets)", 0},
    {"time", KEY_TIME, "SPAN", 0,
        "of a task: 90m, 12h, or as Slurm writes it; one that needs more goes on in a next job", 0},
    {"cpus", KEY_CPUS, "N", 0, "cores of a task (default: 1)", 0},
    {"gpus", KEY_GPUS, "N", 0, "GPUs of a task, such as 1 or a100:1", 0},
    {"mem", KEY_MEM, "SIZE", 0, "memory of a task, such as 16G", 0},
    {"partition", KEY_PARTITION, "NAME", 0, "Slurm's partition", 0},
    {"account", KEY_ACCOUNT, "NAME", 0, "Slurm's account", 0},
    {"qos", KEY_QOS, "NAME", 0, "Slurm's quality of service", 0},
    {"option", KEY_OPTION, "TEXT", 0,
        "a further option of sbatch for the tasks, such as --constraint=a100; may be given more than once",
        0},
    {"join-option", KEY_JOIN_OPTION, "TEXT", 0,
        "as --option, for the job that joins: such as --partition=cpu", 0},
    {"data", KEY_DATA, DATA_OPTION_ARG, 0, DATA_OPTION_HELP, 1},
    {"lists", KEY_LISTS, "DIR", 0, LISTS_OPTION_HELP, 1},
    {"cache", KEY_CACHE, "DIR", 0,
        "where decoded pixels and features are kept, for all tasks (default: cache, beside the database)",
        1},
    {"weights", KEY_WEIGHTS, "DIR", 0, "where trunks' weights are (default: datasets/weights)", 1},
    {"jobs", 'j', "N", 0, "workers at a time in a task (default: 1)", 1},
    {"threads", KEY_THREADS, "N", 0,
        "threads a worker (default: the task's cores divided by the workers)", 1},
    {"device", KEY_DEVICE, "NAME", 0, "cpu, cuda or cuda:N (default: cuda with --gpus, else cpu)",
        1},
    {"retries", KEY_RETRIES, "N", 0, "how often a task tries a cell that fails again (default: 0)",
        1},
    {0},
};

struct slurm {
    struct grid_options grid;
    struct data_options data;
    const char *cache, *weights, *device, *out;
    int jobs, threads, retries, chunks, cells_per_task;
    bool submit;
    struct slurm_parts parts;
    struct slurm_job job;
    struct option_texts owned; /* texts made here */
    struct err *e;
};

static error_t parse_number(int key, const char *value, struct slurm *s) {
    static const struct {
        int key;
        const char *option;
        int least, most;
        size_t at;
    } numbers[] = {
        {'j', "-j", 1, 1024, offsetof(struct slurm, jobs)}, /* these three as run takes them */
        {KEY_THREADS, "--threads", 1, 4096, offsetof(struct slurm, threads)},
        {KEY_RETRIES, "--retries", 0, 1000, offsetof(struct slurm, retries)},
        {KEY_CPUS, "--cpus", 1, 4096, offsetof(struct slurm, job.cpus)},
        {KEY_CHUNKS, "--chunks", 1, MAX_SHARDS, offsetof(struct slurm, chunks)},
        {KEY_CELLS, "--cells-per-task", 1, MAX_CELLS, offsetof(struct slurm, cells_per_task)},
        {KEY_LIMIT, "--limit", 1, MAX_SHARDS, offsetof(struct slurm, job.limit)},
    };
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        if (numbers[i].key == key) {
            int *number = (int *)((char *)s + numbers[i].at);
            return command_number("slurm", numbers[i].option, value, numbers[i].least,
                       numbers[i].most, number, s->e)
                       ? 0
                       : EINVAL;
        }
    return ARGP_ERR_UNKNOWN;
}

static const char **text_of(int key, struct slurm *s) {
    switch (key) {
    case KEY_LISTS:
        return &s->data.lists;
    case KEY_CACHE:
        return &s->cache;
    case KEY_WEIGHTS:
        return &s->weights;
    case KEY_DEVICE:
        return &s->device;
    case KEY_MEM:
        return &s->job.mem;
    case KEY_GPUS:
        return &s->job.gpus;
    case KEY_PARTITION:
        return &s->job.partition;
    case KEY_ACCOUNT:
        return &s->job.account;
    case KEY_QOS:
        return &s->job.qos;
    case KEY_OUT:
        return &s->out;
    }
    return NULL;
}

static error_t parse(int key, char *value, struct argp_state *state) {
    struct slurm *s = state->input;
    const char **text = text_of(key, s);
    if (text) {
        *text = key == KEY_GPUS && strcmp(value, "0") == 0 ? NULL : value;
        return 0;
    }
    switch (key) {
    case KEY_SUBMIT:
        s->submit = true;
        return 0;
    case KEY_OPTION:
        return option_texts_add(&s->job.task_options, value), 0;
    case KEY_JOIN_OPTION:
        return option_texts_add(&s->job.join_options, value), 0;
    case KEY_TIME:
        return slurm_time_parse(value, &s->job.time_s, s->e) ? 0 : EINVAL;
    case KEY_DATA:
        return data_options_add(&s->data, value, s->e) ? 0 : EINVAL;
    }
    return parse_number(key, value, s);
}

static const struct argp argp = {options, parse, "GRID",
    "Writes a grid as a job array for Slurm: array.sh, whose tasks run a part of the cells each, into a database of "
    "their own, and join.sh, which joins these and writes the report.\v"
    "A task that meets its time limit stops with a checkpoint and goes on when it is its turn again; so does one that "
    "is preempted or whose node fails. Submitting again goes on from what is done.",
    NULL, NULL, NULL};

/* ---- the job ---- */

static const char *own(struct slurm *s, char *text) {
    option_texts_add(&s->owned, text);
    return text;
}

static const char *absolute(struct slurm *s, const char *path) {
    return *path == '/' ? path : own(s, xasprintf("%s/%s", s->job.folder, path));
}

static const char *without_end(struct slurm *s, const char *path, const char *end) {
    size_t n = strlen(path);
    return own(s, xstrndup(path, str_ends(path, end) ? n - strlen(end) : n));
}

static bool find_folder(struct slurm *s, struct err *e) {
    char here[PATH_MAX], self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n < 0)
        return err_sys(e, errno, "/proc/self/exe");
    self[n] = '\0';
    if (!getcwd(here, sizeof here))
        return err_sys(e, errno, "slurm: this folder's path");
    s->job.program = own(s, xstrdup(self));
    s->job.folder = own(s, xstrdup(here));
    return true;
}

static void find_paths(struct slurm *s, const char *name) {
    s->job.name = name;
    s->job.db = absolute(s, own(s, grid_options_database(&s->grid, name)));
    const char *beside = without_end(s, s->job.db, ".db");
    s->job.out =
        s->out ? absolute(s, without_end(s, s->out, "/")) : own(s, xasprintf("%s.slurm", beside));
    s->job.grid = own(s, xasprintf("%s/%s.json", s->job.out, name));
    if (!s->cache) {
        int folder = (int)(strrchr(s->job.db, '/') - s->job.db);
        s->cache = own(s, xasprintf("%.*s/cache", folder, s->job.db));
    }
}

static void add_run(struct slurm *s, const char *option, const char *value) {
    if (value)
        option_texts_add(&s->job.run, own(s, xasprintf("%s=%s", option, value)));
}

static void add_path(struct slurm *s, const char *option, const char *path) {
    if (path)
        add_run(s, option, absolute(s, path));
}

static void make_words(struct slurm *s) {
    int share = s->job.cpus / s->jobs;
    for (size_t i = 0; i < s->grid.set.n; i++)
        option_texts_add(&s->job.cells, own(s, xasprintf("--set=%s", s->grid.set.text[i])));
    for (size_t i = 0; i < s->grid.only.n; i++)
        option_texts_add(&s->job.cells, own(s, xasprintf("--only=%s", s->grid.only.text[i])));
    for (int set = 0; set < DATASET_COUNT; set++)
        if (s->data.dir[set]) {
            char *option = xasprintf("--data=%s", dataset_names[set].name);
            add_path(s, option, s->data.dir[set]);
            free(option);
        }
    add_path(s, "--lists", s->data.lists);
    add_path(s, "--cache", s->cache);
    add_path(s, "--weights", s->weights);
    add_run(s, "--jobs", own(s, xasprintf("%d", s->jobs)));
    add_run(s, "--threads",
        own(s, xasprintf("%d", s->threads  ? s->threads
                               : share > 1 ? share
                                           : 1)));
    if (s->retries)
        add_run(s, "--retries", own(s, xasprintf("%d", s->retries)));
    add_run(s, "--device", s->device ? s->device : s->job.gpus ? "cuda" : "cpu");
}

static bool check_data(const struct slurm *s, const struct grid *g, struct err *e) {
    for (size_t i = 0; i < g->n_cells; i++) {
        const char *dir = "";
        if (grid_options_choose(&s->grid, g->cells[i].variant))
            dir = data_options_dir(&s->data, g->cells[i].config.data.set, e);
        if (!dir)
            return false;
    }
    return true;
}

/* ---- what is written and said ---- */

static bool write_script(const struct slurm *s, const char *name,
    void (*script)(struct str *, const struct slurm_job *), struct err *e) {
    struct str text = {0};
    char *path = path_join(s->job.out, name);
    script(&text, &s->job);
    bool ok = file_write(path, text.text, text.len, e);
    free(path);
    str_free(&text);
    return ok;
}

static bool make_folder(const struct slurm *s, const char *name, struct err *e) {
    char *path = path_join(s->job.out, name);
    bool ok = dir_make(path, e);
    free(path);
    return ok;
}

static bool write_all(const struct slurm *s, const struct grid *g, struct err *e) {
    return make_folder(s, "logs", e) && make_folder(s, "shards", e) &&
           file_write(s->job.grid, g->source, strlen(g->source), e) &&
           write_script(s, "array.sh", slurm_array_script, e) &&
           write_script(s, "join.sh", slurm_join_script, e);
}

/* The sets' folders may well be on the nodes alone. */
static void tell_missing(const struct slurm *s) {
    for (int set = 0; set < DATASET_COUNT && !command_quiet(); set++)
        if (s->data.dir[set] && !dir_exists(s->data.dir[set])) {
            struct str shown = {0};
            escape_line(&shown, s->data.dir[set]);
            fprintf(stderr, "--data %s=%s: no such folder here; the nodes need it\n",
                dataset_names[set].name, shown.text);
            str_free(&shown);
        }
}

/* The path of a file that is written, as a word for a shell; the caller frees. */
static char *shown(const struct slurm *s, const char *name) {
    char *path = path_join(s->job.out, name);
    struct str word = {0};
    escape_shell(&word, path);
    free(path);
    return str_detach(&word);
}

static void tell_done(const struct slurm *s) {
    struct str text = {0};
    escape_line(&text, s->job.name);
    str_addf(
        &text, ": %s done already, in ", s->parts.cells == 1 ? "its cell is" : "all its cells are");
    escape_line(&text, s->job.db);
    printf("%s; nothing to submit\n", text.text);
    str_free(&text);
}

static void tell_submitted(const struct slurm *s, const char *array, const char *join) {
    char *logs = shown(s, "logs"), *report = shown(s, "report.md");
    printf("submitted %d task%s as job %s, and job %s to join what they do\n"
           "logs: %s\nreport, when all have ended: %s\n",
        s->parts.tasks, s->parts.tasks == 1 ? "" : "s", array, join, logs, report);
    free(logs);
    free(report);
}

static void tell_how(const struct slurm *s) {
    char *array = shown(s, "array.sh"), *join = shown(s, "join.sh");
    printf("%d task%s; to submit them:\n"
           "  job=$(sbatch --parsable %s)\n"
           "  sbatch --dependency=afterany:${job%%%%;*} %s\n",
        s->parts.tasks, s->parts.tasks == 1 ? "" : "s", array, join);
    free(array);
    free(join);
}

static bool submit(const struct slurm *s, struct err *e) {
    char *script = path_join(s->job.out, "array.sh"),
         *join_script = path_join(s->job.out, "join.sh");
    char *array = slurm_submit(script, NULL, e), *join = NULL;
    if (array)
        join = slurm_submit(join_script, array, e);
    if (join)
        tell_submitted(s, array, join);
    else if (array)
        err_add(e, "the array is submitted as job %s, the job that joins is not", array);
    free(join);
    free(array);
    free(join_script);
    free(script);
    return join != NULL;
}

static bool make_job(struct slurm *s, const struct grid *g, struct err *e) {
    if (!find_folder(s, e) || !check_data(s, g, e))
        return false;
    find_paths(s, g->name);
    make_words(s);
    if (!slurm_parts_make(&s->parts, g, &s->grid, s->job.db, s->chunks, s->cells_per_task, e))
        return false;
    s->job.parts = s->parts.n;
    s->job.array = s->parts.array;
    s->job.known = s->parts.begun ? s->job.db : "";
    return slurm_job_check(&s->job, e);
}

static bool work(struct slurm *s, struct err *e) {
    struct grid g = {0};
    bool ok = grid_options_read(&s->grid, &g, e) && make_job(s, &g, e);
    if (ok && !s->parts.tasks) {
        tell_done(s);
    } else if (ok) {
        tell_missing(s);
        ok = write_all(s, &g, e) && (!s->submit || submit(s, e));
        if (ok && !s->submit)
            tell_how(s);
    }
    grid_free(&g);
    return ok;
}

static void slurm_free(struct slurm *s) {
    for (size_t i = 0; i < s->owned.n; i++)
        free((char *)s->owned.text[i]);
    struct option_texts *const lists[] = {
        &s->owned, &s->job.cells, &s->job.run, &s->job.task_options, &s->job.join_options};
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        free(lists[i]->text);
    slurm_parts_free(&s->parts);
    data_options_free(&s->data);
    grid_options_free(&s->grid);
}

bool command_slurm(int argc, char **argv, struct err *e) {
    struct slurm s = {.grid.takes = TAKES_SET, .jobs = 1, .job.cpus = 1, .e = e};
    bool done, ok = command_parse(&argp, argc, argv, &s, &s.grid, &done, e);
    if (ok && !done && s.chunks && s.cells_per_task)
        ok = err_usage(
            e, "slurm: --chunks and --cells-per-task are two ways to say one thing: expected one");
    if (ok && !done)
        ok = grid_options_file(&s.grid, "slurm", e) && work(&s, e);
    slurm_free(&s);
    return ok;
}
