/* dmtl audit: how a system's errors differ between groups of age, gender and race. */
#include "commands/command.h"
#include "commands/statistics_option.h"
#include "commands/stored_grid.h"
#include "core/cores.h"
#include "core/mem.h"
#include "report/audits.h"
#include "report/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { KEY_BY = 256, KEY_WITHIN, KEY_MIN_N, KEY_FAIRLEARN, KEY_CONFUSION, KEY_CALIBRATION };

static const struct argp_option own_options[] = {
    {"by", KEY_BY, "ATTRIBUTES", 0,
        "a crossing such as age_group,gender,race; may be given more than once (default: each alone, and all "
        "three)",
        0},
    {"within", KEY_WITHIN, "ATTRIBUTES", 0,
        "each of its levels on its own, such as age_group: a gap that is left is not of these", 0},
    {"min-n", KEY_MIN_N, "N", 0,
        "cells of fewer clusters are shown, but not ranked and in no gap (default: 100)", 0},
    {"fairlearn-compat", KEY_FAIRLEARN, NULL, 0,
        "fairlearn's rule: a rate with an empty denominator is 0, and every cell counts in the gaps",
        0},
    {"confusion", KEY_CONFUSION, NULL, 0, "the confusion matrix of every cell too", 0},
    {"calibration", KEY_CALIBRATION, NULL, 0,
        "confidence, accuracy and expected calibration error of every cell too", 0},
};
static struct argp_option options[ARRAY_LEN(own_options) + STATISTICS_OPTION_ROWS + 1];

struct audit_command {
    struct statistics_options o;
    struct option_texts by;
    const char *system, *within;
    size_t min_n;
    bool fairlearn, confusion, calibration;
};

static error_t parse(int key, char *value, struct argp_state *state) {
    struct audit_command *c = state->input;
    long number;
    switch (key) {
    case KEY_BY:
        option_texts_add(&c->by, value);
        break;
    case KEY_WITHIN:
        c->within = value;
        break;
    case KEY_MIN_N:
        number = option_number(&c->o, "min-n", value, 1, 1000000);
        c->min_n = (size_t)number;
        return number < 0 ? EINVAL : 0;
    case KEY_FAIRLEARN:
        c->fairlearn = true;
        break;
    case KEY_CONFUSION:
        c->confusion = true;
        break;
    case KEY_CALIBRATION:
        c->calibration = true;
        break;
    case ARGP_KEY_ARG:
        if (c->system)
            return ARGP_ERR_UNKNOWN;
        c->system = value;
        break;
    default:
        return statistics_option(&c->o, key, value);
    }
    return 0;
}

static const struct argp argp = {options, parse, "SYSTEM",
    "Audits a system: its metrics in every cell of crossed attributes, with intervals, and the gaps between "
    "cells.\v"
    "SYSTEM is GRID (its baseline), GRID:ROW or GRID:VARIANT, as in utkface-quick:full; an imported system is "
    "import:NAME. Metrics: accuracy; of age accuracy_within_1, mae, mse, bias, cs_lt_N, cs_le_N too; of a class "
    "against the rest selection, tpr, fpr, tnr, fnr, precision and equalised_odds, each with :CLASS or of every "
    "class; of probabilities confidence, overconfidence, brier, log_loss. Default: mae and bias of age, accuracy "
    "of the rest. Age's classes, of which accuracy and rates are, are the groups of --bins.",
    NULL, NULL, NULL};

static void show_progress(size_t tables) {
    fprintf(stderr, "\r%zu table%s made\r", tables, tables == 1 ? "" : "s");
}

static bool run(const struct audit_command *c, struct str *text, struct err *e) {
    static void (*const formats[])(struct str *, const struct audits *) = {
        audits_markdown, audits_csv, audits_json};
    const struct statistics_options *o = &c->o;
    struct stored_grid grid = {0};
    struct systems systems = {0};
    struct audits audits = {0};
    struct audit_request request = {.by = c->by.text,
        .n_by = c->by.n,
        .within = c->within,
        .metrics = o->metrics.text,
        .n_metrics = o->metrics.n,
        .bins = o->bins,
        .confusion = c->confusion,
        .calibration = c->calibration,
        .choice = o->choice,
        .progress = !command_quiet() && isatty(STDERR_FILENO) ? show_progress : NULL,
        .options = {.confidence = o->confidence,
            .min_clusters = c->min_n,
            .draws = o->draws,
            .seed = o->seed,
            .threads = o->threads ? o->threads : cores_usable(),
            .fairlearn = c->fairlearn}};
    char *name;
    const char *system;
    for (int t = 0; t < ATTR_COUNT; t++)
        request.tasks[t] = o->tasks[t];
    system_option_cut(c->system, &name, &system);
    struct grid_options where = {.grid = name, .db = o->db};
    bool ok =
        stored_grid_open(&grid, &where, e) && systems_read(&systems, grid.store, grid.name, e);
    int found = ok ? systems_find(&systems, system, e) : -1;
    ok = found >= 0 && audits_make(&audits, &request, &systems, (size_t)found, e);
    if (ok)
        formats[o->format](text, &audits);
    audits_free(&audits);
    systems_free(&systems);
    stored_grid_close(&grid);
    free(name);
    return ok;
}

bool command_audit(int argc, char **argv, struct err *e) {
    struct audit_command c = {.o = statistics_defaults, .min_n = AUDIT_SMALL};
    struct str text = {0};
    bool done, ok;
    c.o.verb = "audit";
    c.o.e = e;
    statistics_option_table(options, own_options, ARRAY_LEN(own_options));
    ok = command_parse(&argp, argc, argv, &c, NULL, &done, e) && !done;
    if (ok && !c.system)
        ok = err_usage(
            e, "audit: which system? expected GRID or GRID:VARIANT, such as utkface-quick:full");
    ok = ok && run(&c, &text, e) && output_write(c.o.output, text.text, text.len, e);
    str_free(&text);
    free(c.by.text);
    statistics_options_free(&c.o);
    return e->kind == ERR_NONE;
}
