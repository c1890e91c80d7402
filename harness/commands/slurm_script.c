#include "commands/slurm_script.h"

#include "core/escape.h"
#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

/* ---- times ---- */

enum { PARTS = 4 };
#define DIGITS "0123456789"

static const struct {
    const char *marks; /* what stands behind its numbers */
    size_t n;
    long s[PARTS]; /* seconds in one of each */
} forms[] = {
    {"", 1, {60}},
    {"s", 1, {1}},
    {"m", 1, {60}},
    {"h", 1, {3600}},
    {"d", 1, {86400}},
    {":", 2, {60, 1}},
    {"::", 3, {3600, 60, 1}},
    {"-", 2, {86400, 3600}},
    {"-:", 3, {86400, 3600, 60}},
    {"-::", 4, {86400, 3600, 60, 1}},
};

/* Splits "1-12:00" into {1, 12, 0} and "-:"; 0 where it has no such shape. */
static size_t split(const char *text, long part[PARTS], char marks[PARTS + 1]) {
    size_t n = 0;
    for (; n < PARTS; text++) {
        size_t digits = strspn(text, DIGITS);
        if (digits < 1 || digits > 7)
            return 0;
        part[n] = strtol(text, NULL, 10);
        text += digits;
        marks[n++] = *text;
        if (!*text || !text[1])
            break;
    }
    marks[n] = '\0';
    return *text && text[1] ? 0 : n;
}

bool slurm_time_parse(const char *text, long *seconds, struct err *e) {
    long part[PARTS];
    char marks[PARTS + 1];
    size_t n = split(text, part, marks);
    *seconds = 0;
    for (size_t f = 0; n && f < ARRAY_LEN(forms); f++)
        for (size_t i = 0; i < n && forms[f].n == n && strcmp(forms[f].marks, marks) == 0; i++)
            *seconds += part[i] * forms[f].s[i];
    if (*seconds > 0)
        return true;
    char *shown = str_quoted(text);
    err_usage(e,
        "slurm: --time: %.200s: expected a time such as 90m, 12h, 30 (minutes) or 1-12:00:00",
        shown);
    free(shown);
    return false;
}

/* ---- lines for sbatch ---- */

/* sbatch ends a line at a newline, and reads a backslash in a file's name as "take all of it as it is". */
static bool check(const char *what, const char *text, bool backslash, struct err *e) {
    bool good = true;
    for (const char *c = text ? text : ""; *c; c++)
        good = good && (unsigned char)*c >= 0x20 && *c != 0x7F && (backslash || *c != '\\');
    if (good)
        return true;
    char *shown = str_quoted(text);
    err_usage(e,
        "slurm: %s: %.400s: a line for sbatch cannot hold that: expected no control characters%s",
        what, shown, backslash ? "" : " and no backslash");
    free(shown);
    return false;
}

static bool check_lines(const char *what, const struct option_texts *lines, struct err *e) {
    for (size_t i = 0; i < lines->n; i++)
        if (!check(what, lines->text[i], true, e))
            return false;
        else if (lines->text[i][0] != '-')
            return err_usage(e,
                "slurm: %s: \"%.400s\": expected an option of sbatch, such as %s=--constraint=a100",
                what, lines->text[i], what);
    return true;
}

bool slurm_job_check(const struct slurm_job *j, struct err *e) {
    return check("the folder for scripts and logs (--out)", j->out, false, e) &&
           check("--mem", j->mem, false, e) && check("--gpus", j->gpus, false, e) &&
           check("--partition", j->partition, false, e) &&
           check("--account", j->account, false, e) && check("--qos", j->qos, false, e) &&
           check_lines("--option", &j->task_options, e) &&
           check_lines("--join-option", &j->join_options, e);
}

/* sbatch reads double quotes and a backslash before one as a shell does, and nothing else between them. */
static void add_quoted(struct str *out, const char *text) {
    str_addc(out, '"');
    for (; *text; text++)
        str_addf(out, "%s%c", *text == '"' ? "\\" : "", *text);
    str_addc(out, '"');
}

static void add_line(struct str *out, const char *option, const char *value) {
    if (!value)
        return;
    str_addf(out, "#SBATCH %s=", option);
    if (value[strspn(
            value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS "_.,:/+-%@")])
        add_quoted(out, value);
    else
        str_add(out, value);
    str_addc(out, '\n');
}

/* A label for squeue. */
static void add_job_name(struct str *out, const struct slurm_job *j, const char *suffix) {
    str_add(out, "#SBATCH --job-name=");
    for (const char *c = j->name; *c; c++)
        str_addc(
            out, strchr("_.-" DIGITS, *c) || ((*c | 32) >= 'a' && (*c | 32) <= 'z') ? *c : '_');
    str_addf(out, "%s\n", suffix);
}

/* `pattern`: how the log's name is made of the job's numbers. */
static void add_log(struct str *out, const struct slurm_job *j, const char *pattern) {
    struct str path = {0};
    for (const char *c = j->out; *c; c++)
        str_addf(&path, "%c%s", *c, *c == '%' ? "%" : "");
    str_addf(&path, "/logs/%s", pattern);
    add_line(out, "--output", path.text);
    str_add(out, "#SBATCH --open-mode=append\n#SBATCH --requeue\n");
    str_free(&path);
}

static void add_account(struct str *out, const struct slurm_job *j) {
    add_line(out, "--partition", j->partition);
    add_line(out, "--account", j->account);
    add_line(out, "--qos", j->qos);
}

static void add_options(struct str *out, const struct option_texts *options) {
    for (size_t i = 0; i < options->n; i++)
        str_addf(out, "#SBATCH %s\n", options->text[i]);
}

/* How long before a task's end it is told: time for a checkpoint. Slurm may be up to a minute early. */
static long notice_s(const struct slurm_job *j) {
    enum { LEAST = 15, MOST = 120 };
    long share = j->time_s / 10;
    return !j->time_s || share > MOST ? MOST : share < LEAST ? LEAST : share;
}

static void add_time(struct str *out, const struct slurm_job *j) {
    long m = (j->time_s + 59) / 60;
    if (m)
        str_addf(out, "#SBATCH --time=%ld-%02ld:%02ld:00\n", m / 1440, m / 60 % 24, m % 60);
}

static void add_resources(struct str *out, const struct slurm_job *j) {
    str_addf(out, "#SBATCH --nodes=1\n#SBATCH --ntasks=1\n#SBATCH --cpus-per-task=%d\n", j->cpus);
    add_line(out, "--mem", j->mem);
    if (j->gpus) {
        char *gres = xasprintf("gpu:%s", j->gpus);
        add_line(out, "--gres", gres);
        free(gres);
    }
    add_time(out, j);
}

/* ---- the scripts ---- */

static const char array_body[] =
#include "harness/commands/slurm_array.sh.inc"
    ;
static const char join_body[] =
#include "harness/commands/slurm_join.sh.inc"
    ;

static void add_variable(struct str *out, const char *name, const char *value) {
    str_addf(out, "%s=", name);
    escape_shell_word(out, value);
    str_addc(out, '\n');
}

static void add_list(struct str *out, const char *name, const struct option_texts *words) {
    str_addf(out, "%s=(", name);
    for (size_t i = 0; i < words->n; i++) {
        if (i)
            str_addc(out, ' ');
        escape_shell_word(out, words->text[i]);
    }
    str_add(out, ")\n");
}

static void add_variables(struct str *out, const struct slurm_job *j) {
    str_add(out, "\ncd ");
    escape_shell_word(out, j->folder);
    str_add(out, " || exit 1\n");
    add_variable(out, "dmtl", j->program);
    add_variable(out, "grid", j->grid);
    add_variable(out, "out", j->out);
    str_addf(out, "parts=%d\n", j->parts);
    add_list(out, "cells", &j->cells);
}

static void add_title(struct str *out, const char *what, const struct slurm_job *j) {
    str_addf(out, "#!/bin/bash\n# %s the grid ", what);
    escape_line(out, j->name);
    str_add(out, "; written by `dmtl slurm`\n");
}

void slurm_array_script(struct str *out, const struct slurm_job *j) {
    add_title(out, "Task N of the array runs part N of", j);
    add_job_name(out, j, "");
    str_addf(out, "#SBATCH --array=%s", j->array);
    if (j->limit)
        str_addf(out, "%%%d", j->limit);
    str_addc(out, '\n');
    add_log(out, j, "%A_%a.log");
    str_addf(out, "#SBATCH --signal=B:USR1@%ld\n", notice_s(j));
    add_resources(out, j);
    add_account(out, j);
    add_options(out, &j->task_options);
    add_variables(out, j);
    add_list(out, "options", &j->run);
    add_variable(out, "known", j->known);
    str_add(out, array_body);
}

void slurm_join_script(struct str *out, const struct slurm_job *j) {
    add_title(out, "Joins and reports what the tasks have done of", j);
    add_job_name(out, j, "-join");
    add_log(out, j, "join-%j.log");
    add_account(out, j);
    add_options(out, &j->join_options);
    add_variables(out, j);
    add_variable(out, "db", j->db);
    str_add(out, join_body);
}
