#include "commands/statistics_option.h"

#include "commands/command.h"

#include "core/cores.h"
#include "core/mem.h"
#include "core/str.h"
#include "report/comparisons.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEY_TASK = STATISTICS_TASKS,
    KEY_METRIC,
    KEY_BINS,
    KEY_PART,
    KEY_READOUT,
    KEY_CLUSTERS,
    KEY_CONFIDENCE,
    KEY_DRAWS,
    KEY_SEED,
    KEY_THREADS,
    KEY_FORMAT,
    KEY_STATISTICS_DB
};

const struct argp_option statistics_option_rows[] = {
    {"task", KEY_TASK, "TASK", 0, "age, gender or race; may be given more than once (default: all)",
        0},
    {"metric", KEY_METRIC, "NAME[,NAME...]", 0,
        "what is measured, such as accuracy, mae, tpr:female, cs_le_5; may be given more than once",
        0},
    {"bins", KEY_BINS, "NAME", 0,
        "the age groups: a name, or groups of years such as 0-12,13-19,20-35,36-55,56+ (default: fairface-9)",
        0},
    {"part", KEY_PART, "PART", 0, "test or validation (default: test)", 0},
    {"readout", KEY_READOUT, "NAME", 0,
        "predictions anew from stored probabilities: count, argmax, expectation, median, or bayes: what each "
        "metric wants (default: as stored)",
        0},
    {"cluster", KEY_CLUSTERS, "BY", 0,
        "what counts as one: subject, duplicates, all (both, the default) or sample", 0},
    {"confidence", KEY_CONFIDENCE, "SHARE", 0, "of intervals, within 0 and 1 (default: 0.95)", 0},
    {"draws", KEY_DRAWS, "N", 0,
        "of bootstrap and permutation each; 0: values and intervals of shares alone (default: 2000)",
        0},
    {"seed", KEY_SEED, "N", 0, "of the draws (default: 1)", 0},
    {"threads", KEY_THREADS, "N", 0, "that draw; results are the same (default: all cores)", 0},
    {"format", KEY_FORMAT, "FORMAT", 0, "md (the default), csv or json", 0},
    {"output", 'o', "FILE", 0, "write there instead of to standard output", 0},
    {"db", KEY_STATISTICS_DB, "FILE", 0, "the results database (default: results/GRID's name.db)",
        0},
    {0},
};
_Static_assert(
    ARRAY_LEN(statistics_option_rows) == STATISTICS_OPTION_ROWS, "the header says how many");

const struct statistics_options statistics_defaults = {.choice = {.part = PART_TEST},
    .confidence = COMPARISON_CONFIDENCE,
    .draws = COMPARISON_DRAWS,
    .seed = COMPARISON_SEED};

void statistics_option_table(struct argp_option *table, const struct argp_option *own, size_t n) {
    if (n)
        memcpy(table, own, n * sizeof *table);
    memcpy(table + n, statistics_option_rows, sizeof statistics_option_rows);
}

void statistics_options_free(struct statistics_options *o) {
    for (size_t i = 0; i < o->metrics.n; i++)
        free((char *)o->metrics.text[i]);
    free(o->metrics.text);
}

static bool wrong(const struct statistics_options *o, const char *option, const char *value,
    const char *expected) {
    char *shown = str_quoted(value);
    err_usage(o->e, "%s: --%s: %.200s: expected %s", o->verb, option, shown, expected);
    free(shown);
    return false;
}

long option_number(const struct statistics_options *o, const char *option, const char *value,
    long least, long most) {
    char *end;
    errno = 0;
    long number = strtol(value, &end, 10);
    if (errno == 0 && end != value && !*end && number >= least && number <= most)
        return number;
    char *expected = xasprintf("a whole number, %ld to %ld", least, most);
    wrong(o, option, value, expected);
    free(expected);
    return -1;
}

static bool take_confidence(struct statistics_options *o, const char *value) {
    char *end;
    o->confidence = strtod(value, &end);
    return (end != value && !*end && o->confidence >= 0.5 && o->confidence <= 0.9999) ||
           wrong(o, "confidence", value, "a share, 0.5 to 0.9999");
}

static void take_metrics(struct statistics_options *o, const char *value) {
    for (const char *at = value; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        option_texts_add(&o->metrics, xstrndup(at, strcspn(at, ",")));
}

static const char *const readouts[] = {"count", "argmax", "expectation", "median", "bayes"};
static const char *const formats[] = {"md", "csv", "json"};
const struct command_words statistics_readouts = {readouts, ARRAY_LEN(readouts), sizeof *readouts};
const struct command_words statistics_formats = {formats, ARRAY_LEN(formats), sizeof *formats};

static bool take_readout(struct statistics_options *o, const char *value) {
    int at;
    if (!command_word(o->verb, "--readout", value, statistics_readouts, &at, o->e))
        return false;
    o->choice.choice = at < READOUT_COUNT ? READOUT_BY_NAME : READOUT_BAYES;
    o->choice.readout = (enum readout)(at < READOUT_COUNT ? at : 0);
    return true;
}

static bool take_db(struct statistics_options *o, const char *value) {
    bool compare = strcmp(o->verb, "compare") == 0;
    if (o->db && (o->second_db || !compare))
        return err_usage(o->e, "%s: --db: %.200s: expected it %s", o->verb, value,
            compare ? "twice at most, once a system" : "once");
    *(o->db ? &o->second_db : &o->db) = value;
    return true;
}

static bool take(struct statistics_options *o, int key, char *value, bool *known) {
    static const struct command_words clusters = {
        cluster_by_name, CLUSTER_BY_COUNT, sizeof *cluster_by_name};
    int at;
    long number;
    switch (key) {
    case KEY_TASK:
        if (!command_word(o->verb, "--task", value, command_tasks, &at, o->e))
            return false;
        return o->tasks[at] = true;
    case KEY_METRIC:
        take_metrics(o, value);
        return true;
    case KEY_BINS:
        o->bins = value;
        return true;
    case KEY_PART:
        if (!command_word(o->verb, "--part", value, command_parts, &at, o->e))
            return false;
        o->choice.part = (enum part)(PART_VALIDATION + at);
        return true;
    case KEY_READOUT:
        return take_readout(o, value);
    case KEY_CLUSTERS:
        if (!command_word(o->verb, "--cluster", value, clusters, &at, o->e))
            return false;
        o->choice.cluster = (enum cluster_by)at;
        return true;
    case KEY_CONFIDENCE:
        return take_confidence(o, value);
    case KEY_DRAWS:
        o->draws = (size_t)(number = option_number(o, "draws", value, 0, 1000000));
        return number >= 0;
    case KEY_SEED:
        o->seed = (uint64_t)(number = option_number(o, "seed", value, 0, 2147483647));
        return number >= 0;
    case KEY_THREADS:
        o->threads = (int)(number = option_number(o, "threads", value, 1, 256));
        return number >= 0;
    case KEY_FORMAT:
        return command_word(o->verb, "--format", value, statistics_formats, &o->format, o->e);
    case KEY_STATISTICS_DB:
        return take_db(o, value);
    case 'o':
        o->output = value;
        return true;
    default:
        *known = false;
        return true;
    }
}

error_t statistics_option(struct statistics_options *o, int key, char *value) {
    bool known = true, ok = take(o, key, value, &known);
    if (!known)
        return ARGP_ERR_UNKNOWN;
    return ok ? 0 : EINVAL;
}

void system_option_cut(const char *text, char **grid, const char **name) {
    const char *slash = strrchr(text, '/'), *colon = strchr(slash ? slash : text, ':');
    if (colon && (strcmp(colon, ":select") == 0 || str_starts(colon, ":select:")))
        colon = strchr(colon + 1, ':');
    *grid = colon ? xstrndup(text, (size_t)(colon - text)) : xstrdup(text);
    *name = colon ? colon + 1 : NULL;
}
