#include "worker/work_options.h"

#include "core/mem.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct option_row {
    const char *name, *arg, *help; /* arg NULL: takes none */
    size_t text;                   /* offset of the field that takes the value as it is */
    bool (*take)(struct work_options *o, const char *value, struct err *e); /* or this does */
    bool required;
};

static bool take_data(struct work_options *o, const char *value, struct err *e) {
    return data_options_add(&o->data, value, e);
}

static bool take_lists(struct work_options *o, const char *value, struct err *e) {
    (void)e;
    o->data.lists = value;
    return true;
}

static bool take_places(
    const char *option, const char *value, bool **places, size_t *n, struct err *e) {
    free(*places);
    *places = places_parse(value, n);
    return *places || err_usage(e, "%s: %s: expected places such as 0-4,7, or none", option, value);
}

static bool take_cells(struct work_options *o, const char *value, struct err *e) {
    o->all_cells = false;
    return take_places("--cells", value, &o->chosen.cells, &o->chosen.n_cells, e);
}

static bool take_candidates(struct work_options *o, const char *value, struct err *e) {
    return take_places("--candidates", value, &o->chosen.candidates, &o->chosen.n_candidates, e);
}

static bool take_gates(struct work_options *o, const char *value, struct err *e) {
    cJSON *rules = json_parse("--gates", value, strlen(value), e);
    bool ok = rules && gate_rules_read(&o->gates, rules, "--gates", "", e);
    cJSON_Delete(rules);
    return ok;
}

static bool whole_number(
    const char *option, const char *value, int max, int *number, struct err *e) {
    char *end;
    long n = strtol(value, &end, 10);
    if (end == value || *end || n < 0 || n > max)
        return err_usage(e, "%s: %s: expected a whole number from 0 to %d", option, value, max);
    *number = (int)n;
    return true;
}

static bool take_threads(struct work_options *o, const char *value, struct err *e) {
    return whole_number("--threads", value, 4096, &o->threads, e);
}

static bool take_retries(struct work_options *o, const char *value, struct err *e) {
    return whole_number("--retries", value, 1000, &o->retries, e);
}

static bool take_fail_fast(struct work_options *o, const char *value, struct err *e) {
    (void)value;
    (void)e;
    return o->fail_fast = true;
}

static bool take_quiet(struct work_options *o, const char *value, struct err *e) {
    (void)value;
    (void)e;
    return o->quiet = true;
}

#define TEXT(field) offsetof(struct work_options, field), NULL
static const struct option_row rows[] = {
    {"db", "FILE", "the results database", TEXT(db), true},
    {"grid", "NAME", "a grid that is registered in it", TEXT(grid), true},
    {"cache", "DIR", "where decoded pixels and features are kept", TEXT(cache_dir), true},
    {"weights", "DIR", "where the trunks' weights are", TEXT(weights_dir), true},
    {"device", "NAME", "cpu (default), cuda or cuda:N", TEXT(device), false},
    {"cells", "PLACES", "these of the grid's cells alone, such as 0-4,7", 0, take_cells, false},
    {"candidates", "PLACES", "and of the candidates of their open keys", 0, take_candidates, false},
    {"data", DATA_OPTION_ARG, DATA_OPTION_HELP, 0, take_data, false},
    {"gates", "JSON", "what the grid's file says under \"gates\"", 0, take_gates, false},
    {"lists", "DIR", LISTS_OPTION_HELP, 0, take_lists, false},
    {"threads", "N", "threads of tensor work (default: all cores)", 0, take_threads, false},
    {"retries", "N", "how often a cell that fails is tried again (default: 0)", 0, take_retries,
        false},
    {"fail-fast", NULL, "stop at the first cell that fails", 0, take_fail_fast, false},
    {"quiet", NULL, "no talk", 0, take_quiet, false},
};
enum { ROWS = ARRAY_LEN(rows) };

static const char **text_field(struct work_options *o, size_t offset) {
    return (const char **)(void *)((char *)o + offset);
}

static void help(void) {
    printf("usage: dmtl-torch work OPTIONS   (what `dmtl run` starts)\n");
    for (int i = 0; i < ROWS; i++)
        printf("  --%s%s%-*s %s\n", rows[i].name, rows[i].arg ? "=" : " ",
            (int)(20 - strlen(rows[i].name)), rows[i].arg ? rows[i].arg : "", rows[i].help);
}

bool work_options_parse(struct work_options *o, int argc, char **argv, bool *done, struct err *e) {
    struct option long_options[ROWS + 2] = {{0}};
    for (int i = 0; i < ROWS; i++)
        long_options[i] =
            (struct option){rows[i].name, rows[i].arg ? required_argument : no_argument, NULL, i};
    long_options[ROWS] = (struct option){"help", no_argument, NULL, ROWS};
    *o = (struct work_options){.device = "cpu", .gates = gate_rules_default, .all_cells = true};
    *done = false;
    opterr = 0;
    optind = 1;
    for (int i; (i = getopt_long(argc, argv, "+", long_options, NULL)) != -1;) {
        if (i == ROWS) {
            help();
            return *done = true;
        }
        if (i < 0 || i >= ROWS) /* '?' */
            return err_usage(e, "%s: unknown option, or its value is missing", argv[optind - 1]);
        if (!rows[i].take)
            *text_field(o, rows[i].text) = optarg;
        else if (!rows[i].take(o, optarg, e))
            return false;
    }
    if (optind < argc)
        return err_usage(e, "%s: unexpected argument", argv[optind]);
    for (int i = 0; i < ROWS; i++)
        if (rows[i].required && !*text_field(o, rows[i].text))
            return err_usage(e, "--%s is missing", rows[i].name);
    return true;
}

void work_options_free(struct work_options *o) {
    data_options_free(&o->data);
    chosen_free(&o->chosen);
}
