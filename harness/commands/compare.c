/* dmtl compare: systems against each other on the samples that they share, and a grid against a paper's claims. */
#include "commands/command.h"
#include "commands/statistics_option.h"
#include "commands/stored_grid.h"
#include "core/cores.h"
#include "core/mem.h"
#include "report/comparisons.h"
#include "report/output.h"
#include "report/verdicts.h"

#include <stdlib.h>

enum { KEY_CLAIMS = 256, KEY_MARGIN, CLAIMS_DRAWS = 1000 };
static const struct argp_option own[] = {
    {"claims", KEY_CLAIMS, "FILE", OPTION_ARG_OPTIONAL,
        "sets the paper's claims, or those of a file like experiments/paper/claims.json, beside what GRID measured",
        0},
    {"margin", KEY_MARGIN, "METRIC=VALUE", 0,
        "with --claims: within which a measured number is the published one, such as mae=0.2 or accuracy=0.02; may be "
        "given more than once (default: the claims' own)",
        0},
};
static struct argp_option options[ARRAY_LEN(own) + STATISTICS_OPTION_ROWS + 1];

struct compare_command {
    struct statistics_options o;
    const char *system[2];
    int n;
    bool claims;
    const char *claims_file; /* NULL: those compiled in */
    struct option_texts margins;
};

static error_t parse(int key, char *value, struct argp_state *state) {
    struct compare_command *c = state->input;
    if (key == KEY_CLAIMS) {
        c->claims = true;
        c->claims_file = value;
        return 0;
    }
    if (key == KEY_MARGIN) {
        option_texts_add(&c->margins, value);
        return 0;
    }
    if (key != ARGP_KEY_ARG)
        return statistics_option(&c->o, key, value);
    if (c->n == 2)
        return ARGP_ERR_UNKNOWN;
    c->system[c->n++] = value;
    return 0;
}

static const struct argp argp = {options, parse, "GRID\nSYSTEM\nSYSTEM SYSTEM\nGRID --claims",
    "Compares systems on the samples that both predicted: differences with intervals, and tests that count "
    "what depends on each other as one.\v"
    "GRID alone: every row of its table against the baseline. SYSTEM is GRID:ROW or GRID:VARIANT, such as "
    "utkface-quick:full, or import:NAME; one alone is compared with its grid's baseline. Without --metric the tests "
    "are those that the grid's file states (/report/family, or else its columns), and Holm's correction is over all "
    "of them. Each grid's database is results/GRID's name.db unless --db names one for both; --db given twice "
    "names one for each. With --claims every number and every claim in words of the paper is reproduced, not "
    "reproduced, undecided at this sample size, or not testable here, with what would decide it and what differs from "
    "the paper's protocol.",
    NULL, NULL, NULL};

/* A system as the command line names it. */
struct opened {
    struct stored_grid grid;
    struct systems systems;
    int system; /* -1: the grid alone was named */
};

static bool open_system(
    struct opened *s, const char *text, const char *db, bool needs_name, struct err *e) {
    char *grid;
    const char *name;
    system_option_cut(text, &grid, &name);
    struct grid_options where = {.grid = grid, .db = db};
    *s = (struct opened){.system = -1};
    bool ok = stored_grid_open(&s->grid, &where, e) &&
              systems_read(&s->systems, s->grid.store, s->grid.name, e);
    if (ok && (name || needs_name))
        ok = (s->system = systems_find(&s->systems, name, e)) >= 0;
    free(grid);
    return ok;
}

static void close_system(struct opened *s) {
    systems_free(&s->systems);
    stored_grid_close(&s->grid);
}

static bool one_system(
    struct comparisons *c, const struct comparison_request *r, struct opened *s, struct err *e) {
    if (s->system < 0)
        return comparisons_of_grid(c, r, &s->systems, e);
    int baseline = systems_find(&s->systems, NULL, e);
    if (baseline == s->system)
        return err_usage(e,
            "compare: %s is the baseline itself: name another system, or the grid alone",
            s->systems.list[baseline].title);
    return baseline >= 0 &&
           comparisons_of_two(c, r, (struct compared){&s->systems, (size_t)s->system},
               (struct compared){&s->systems, (size_t)baseline}, e);
}

static struct paired_options paired_options(const struct statistics_options *o) {
    return (struct paired_options){.confidence = o->confidence,
        .draws = o->draws,
        .seed = o->seed,
        .threads = o->threads ? o->threads : cores_usable()};
}

static bool compare_systems(const struct compare_command *c, struct str *text, struct err *e) {
    static void (*const formats[])(struct str *, const struct comparisons *) = {
        comparisons_markdown, comparisons_csv, comparisons_json};
    const struct statistics_options *o = &c->o;
    struct comparison_request request = {.metrics = o->metrics.text,
        .n_metrics = o->metrics.n,
        .bins = o->bins,
        .choice = o->choice,
        .options = paired_options(o)};
    struct opened a = {0}, b = {0};
    struct comparisons comparisons = {0};
    for (int t = 0; t < ATTR_COUNT; t++)
        request.tasks[t] = o->tasks[t];
    bool ok =
        open_system(&a, c->system[0], o->db, c->n == 2, e) &&
        (c->n == 1 || open_system(&b, c->system[1], o->second_db ? o->second_db : o->db, true, e));
    if (ok)
        ok = c->n == 1 ? one_system(&comparisons, &request, &a, e)
                       : comparisons_of_two(&comparisons, &request,
                             (struct compared){&a.systems, (size_t)a.system},
                             (struct compared){&b.systems, (size_t)b.system}, e);
    if (ok)
        formats[o->format](text, &comparisons);
    comparisons_free(&comparisons);
    close_system(&a);
    close_system(&b);
    return ok;
}

/* ---- claims ---- */

static bool check_claims_options(const struct compare_command *c, struct err *e) {
    const struct statistics_options *o = &c->o;
    if (c->n != 1)
        return err_usage(e,
            "compare: --claims: expected one GRID; a file of claims stands behind an equals sign, --claims=FILE");
    if (o->metrics.n)
        return err_usage(e, "compare: --metric: with --claims the claims say what is measured");
    if (o->choice.choice == READOUT_BAYES)
        return err_usage(e,
            "compare: --readout bayes: with --claims expected one of count, argmax, expectation, median");
    if (o->draws < CLAIMS_DRAWS)
        return err_usage(
            e, "compare: --draws %zu: with --claims expected at least %d", o->draws, CLAIMS_DRAWS);
    return true;
}

static bool compare_claims(const struct compare_command *c, struct str *text, struct err *e) {
    static void (*const formats[])(struct str *, const struct verdicts *) = {
        verdicts_markdown, verdicts_csv, verdicts_json};
    const struct statistics_options *o = &c->o;
    struct verdict_request request = {
        .bins = o->bins, .choice = o->choice, .options = paired_options(o)};
    struct opened grid = {0};
    struct claims claims = {0};
    struct verdicts verdicts = {0};
    for (int t = 0; t < ATTR_COUNT; t++)
        request.tasks[t] = o->tasks[t];
    bool ok = check_claims_options(c, e) && claims_load(&claims, c->claims_file, e);
    for (size_t i = 0; ok && i < c->margins.n; i++)
        ok = claims_set_margin(&claims, c->margins.text[i], "compare: --margin", e);
    ok = ok && open_system(&grid, c->system[0], o->db, false, e);
    if (ok && grid.system >= 0)
        ok = err_usage(e,
            "compare: --claims: %s: expected a GRID alone: the claims name its variants",
            c->system[0]);
    ok = ok && verdicts_make(&verdicts, &request, &claims, &grid.systems, e);
    if (ok)
        formats[o->format](text, &verdicts);
    verdicts_free(&verdicts);
    claims_free(&claims);
    close_system(&grid);
    return ok;
}

static bool run(const struct compare_command *c, struct str *text, struct err *e) {
    if (c->margins.n && !c->claims)
        return err_usage(e, "compare: --margin: expected --claims beside it");
    return c->claims ? compare_claims(c, text, e) : compare_systems(c, text, e);
}

bool command_compare(int argc, char **argv, struct err *e) {
    struct compare_command c = {.o = statistics_defaults};
    struct str text = {0};
    bool done;
    c.o.verb = "compare";
    c.o.e = e;
    statistics_option_table(options, own, ARRAY_LEN(own));
    bool ok = command_parse(&argp, argc, argv, &c, NULL, &done, e) && !done;
    if (ok && c.n == 0)
        ok = err_usage(e,
            "compare: what? expected GRID, or two systems such as utkface-quick:full import:NAME");
    ok = ok && run(&c, &text, e) && output_write(c.o.output, text.text, text.len, e);
    str_free(&text);
    free(c.margins.text);
    statistics_options_free(&c.o);
    return e->kind == ERR_NONE;
}
