/* dmtl plot: figures of a grid from its results database, through gnuplot. */
#include "commands/command.h"

#include "commands/stored_grid.h"
#include "core/escape.h"
#include "core/file.h"
#include "core/mem.h"
#include "report/figure.h"
#include "report/gnuplot.h"
#include "report/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { KEY_FORMAT = 256, KEY_PART, KEY_SCRIPT, KEY_TASK, KEY_BINS, KEY_CS };

static const struct argp_option options[] = {
    {"output", 'o', "FILE", 0, "the picture, or for `all` the folder (default: standard output)",
        0},
    {"format", KEY_FORMAT, "FORMAT", 0,
        "svg, pdf or png (default: by FILE's ending; svg for `all` and standard output)", 0},
    {"keep-script", KEY_SCRIPT, NULL, 0, "leave gnuplot's script beside the picture, as FILE.gp",
        0},
    {"task", KEY_TASK, "TASK", 0, "age, gender or race alone; cs is of age", 0},
    {"bins", KEY_BINS, "BINS", 0, "confusion: the age groups, like fairface-9", 0},
    {"convention", KEY_CS, "NAME", 0,
        "cs: cs_lt, error < i (the paper's, the default), or cs_le, error <= i", 0},
    {"part", KEY_PART, "PART", 0,
        "cs, confusion: test or validation (default: test, of GRID:select validation)", 0},
    {0},
};

/* Options that say what is drawn. */
enum choice { CHOICE_TASK = 1, CHOICE_BINS = 2, CHOICE_CONVENTION = 4, CHOICE_PART = 8 };

struct plot {
    struct grid_options grid;
    const char *kind, *output;
    unsigned given; /* bits of enum choice */
    struct figure_options figure;
    bool format_given, keep_script;
    enum part part;
    struct err *e;
};

/* Finds `value` in a table of names; a wrong one is a usage error that lists them. */
static error_t choose(struct plot *p, const char *option, const char *const *names, int count,
    const char *value, int *chosen) {
    *chosen = word_find(names, count, value);
    if (*chosen >= 0)
        return 0;
    struct str known = {0};
    for (int i = 0; i < count; i++)
        str_addf(&known, "%s%s", i ? ", " : "", names[i]);
    err_usage(p->e, "plot: %s: %.200s: expected one of %s", option, value, known.text);
    err_hint(p->e, value, names, (size_t)count, sizeof *names);
    str_free(&known);
    return EINVAL;
}

static error_t parse(int key, char *value, struct argp_state *state) {
    struct plot *p = state->input;
    error_t code = 0;
    int chosen = 0;
    switch (key) {
    case 'o':
        p->output = value;
        break;
    case KEY_FORMAT:
        code = choose(p, "--format", picture_name, PICTURE_COUNT, value, &chosen);
        p->figure.format = (enum picture_format)chosen;
        p->format_given = true;
        break;
    case KEY_SCRIPT:
        p->keep_script = true;
        break;
    case KEY_TASK:
        code = choose(p, "--task", attribute_name, ATTR_COUNT, value, &p->figure.task);
        p->given |= CHOICE_TASK;
        break;
    case KEY_BINS:
        p->figure.bins = value;
        p->given |= CHOICE_BINS;
        break;
    case KEY_CS:
        code = choose(p, "--convention", cs_convention_name, CS_CONVENTION_COUNT, value, &chosen);
        p->figure.convention = (enum cs_convention)chosen;
        p->given |= CHOICE_CONVENTION;
        break;
    case KEY_PART:
        code = choose(
            p, "--part", part_name + PART_VALIDATION, PART_COUNT - PART_VALIDATION, value, &chosen);
        p->part = (enum part)(chosen + PART_VALIDATION);
        p->given |= CHOICE_PART;
        break;
    case ARGP_KEY_ARG: /* the second is the grid */
        if (p->kind)
            return ARGP_ERR_UNKNOWN;
        p->kind = value;
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return code;
}

static const struct argp argp = {options, parse, "KIND GRID",
    "Draws a figure of a grid: cs (cumulative scores of age), weights (of the tasks over epochs), "
    "confusion (matrices of one approach), loss (learning curves), or all of them into a folder.\v"
    "GRID is the grid's file or its name in the database. Needs gnuplot.",
    NULL, NULL, NULL};

/* ---- what was asked for ---- */

static const struct {
    enum choice choice;
    const char *name;
} choices[] = {{CHOICE_TASK, "--task"}, {CHOICE_BINS, "--bins"},
    {CHOICE_CONVENTION, "--convention"}, {CHOICE_PART, "--part"}};

/* The choices that make a difference to a figure; the others are refused, not ignored. */
static const unsigned choices_of[FIGURE_COUNT] = {
    [FIGURE_CS] = CHOICE_TASK | CHOICE_CONVENTION | CHOICE_PART,
    [FIGURE_WEIGHTS] = CHOICE_TASK,
    [FIGURE_CONFUSION] = CHOICE_TASK | CHOICE_BINS | CHOICE_PART,
    [FIGURE_LOSS] = CHOICE_TASK,
};

static bool is_without_age(const struct plot *p) {
    return p->figure.task >= 0 && p->figure.task != ATTR_AGE;
}

static bool check_choices(const struct plot *p, enum figure_kind kind, struct err *e) {
    const char *wrong = NULL;
    struct str known = {0};
    for (size_t i = 0; i < ARRAY_LEN(choices); i++) {
        if (choices_of[kind] & choices[i].choice)
            str_addf(&known, ", %s", choices[i].name);
        else if (!wrong && p->given & choices[i].choice)
            wrong = choices[i].name;
    }
    if (wrong)
        err_usage(e, "plot %s: %s: makes no difference to this figure, which takes --only%s",
            p->kind, wrong, known.text);
    str_free(&known);
    if (!wrong && kind == FIGURE_CS && is_without_age(p))
        return err_usage(e, "plot cs: --task %s: cumulative scores are of age alone",
            attribute_name[p->figure.task]);
    if (!wrong && kind == FIGURE_CONFUSION && p->figure.bins && is_without_age(p))
        return err_usage(e,
            "plot confusion: --bins: are groups of ages, which --task %s leaves out",
            attribute_name[p->figure.task]);
    if (!wrong && kind == FIGURE_CONFUSION && p->grid.only.n > 1)
        return err_usage(e,
            "plot confusion: --only: is given %zu times: the figure is of one approach",
            p->grid.only.n);
    return !wrong;
}

/* The format is --format, or else the ending of the one picture's name. */
static bool choose_format(struct plot *p, struct err *e) {
    const char *slash = strrchr(p->output, '/'), *name = slash ? slash + 1 : p->output;
    const char *dot = strrchr(name, '.');
    for (int f = 0; dot && f < PICTURE_COUNT; f++)
        if (strcasecmp(dot + 1, picture_name[f]) == 0) {
            p->figure.format = (enum picture_format)f;
            return true;
        }
    return err_usage(e,
        "plot: -o %.200s: its ending says no format: expected .svg, .pdf or .png, or --format with one "
        "of svg, pdf, png",
        p->output);
}

/* *kind: FIGURE_COUNT for all of them. */
static bool check(struct plot *p, enum figure_kind *kind, struct err *e) {
    bool all = strcmp(p->kind, "all") == 0;
    int found = word_find(figure_name, FIGURE_COUNT, p->kind);
    if (found < 0 && !all) {
        err_usage(e, "plot: %.200s: unknown figure; expected cs, weights, confusion, loss or all",
            p->kind);
        return err_hint(e, p->kind, figure_name, FIGURE_COUNT, sizeof *figure_name);
    }
    *kind = all ? FIGURE_COUNT : (enum figure_kind)found;
    if (!all && !check_choices(p, *kind, e))
        return false;
    if (!p->output && (all || p->keep_script))
        return err_usage(
            e, "plot: %s needs -o %s", all ? "all" : "--keep-script", all ? "FOLDER" : "FILE");
    if (!p->output && isatty(STDOUT_FILENO))
        return err_usage(e, "plot: a picture does not go to a terminal; give -o FILE");
    return all || !p->output || p->format_given || choose_format(p, e);
}

/* ---- drawing ---- */

/* Cairo writes the time into a PDF: the same figure must be the same bytes. The length stays, so that the
 * file's own table of places stays true. */
static void drop_date(struct str *pdf) {
    static const char key[] = "/CreationDate (D:", fixed[] = "19700101000000";
    const size_t n_key = sizeof key - 1, n = sizeof fixed - 1;
    for (size_t i = 0; i + n_key + n <= pdf->len; i++)
        if (memcmp(pdf->text + i, key, n_key) == 0)
            memcpy(pdf->text + i + n_key, fixed, n);
}

/* optional: a figure without anything to draw is left out, and said so. */
static bool draw(const struct plot *p, enum figure_kind kind, const struct results *r, sqlite3 *db,
    const char *path, bool optional, struct err *e) {
    struct str script = {0}, picture = {0};
    bool ok = figure_script(&script, kind, r, db, &p->figure, e);
    if (ok && !script.len && optional) {
        fprintf(stderr, "dmtl: no %s: %s\n", figure_name[kind], figure_missing(kind));
        return true;
    }
    if (ok && !script.len)
        ok = err_set(e, "plot %s: grid %s: %s: there is nothing to draw", figure_name[kind],
            r->grid.name, figure_missing(kind));
    if (ok && p->keep_script) {
        char *beside = xasprintf("%s.gp", path);
        ok = output_write(beside, script.text, script.len, e);
        free(beside);
    }
    ok = ok && gnuplot_draw(&script, &picture, e);
    if (ok && p->figure.format == PICTURE_PDF)
        drop_date(&picture);
    ok = ok && output_write(path, picture.text, picture.len, e);
    if (ok && path && !command_quiet())
        fprintf(stderr, "dmtl: wrote %s\n", path);
    str_free(&script);
    str_free(&picture);
    return ok;
}

static bool draw_all(const struct plot *p, const struct results *r, sqlite3 *db, struct err *e) {
    bool ok = dir_make(p->output, e);
    for (int kind = 0; ok && kind < FIGURE_COUNT; kind++) {
        if (kind == FIGURE_CS && is_without_age(p)) {
            fprintf(stderr, "dmtl: no cs: cumulative scores are of age alone\n");
            continue;
        }
        char *name = xasprintf("%s.%s", figure_name[kind], picture_name[p->figure.format]);
        char *path = path_join(p->output, name);
        ok = draw(p, (enum figure_kind)kind, r, db, path, true, e);
        free(path);
        free(name);
    }
    return ok;
}

/* A figure of fewer cells than planned is drawn, but not in silence. */
static void tell_missing(const struct plot *p, const struct results *r) {
    for (size_t i = 0; i < r->n_rows; i++) {
        size_t done, planned;
        results_row_cells(r, &r->rows[i], &done, &planned);
        if (done == planned || !figure_has_row(&p->figure, &r->rows[i]))
            continue;
        struct str line = {0};
        char *name = figure_row_name(r, &r->rows[i]);
        escape_line(&line, name);
        fprintf(stderr, "dmtl: %s are done%s\n", line.text, done ? "" : ": not drawn");
        free(name);
        str_free(&line);
    }
}

static bool plot(struct plot *p, struct err *e) {
    struct stored_grid grid = {0};
    struct results results = {0};
    enum figure_kind kind = FIGURE_COUNT;
    const struct option_texts *only = &p->grid.only;
    p->figure.variants = only->text;
    p->figure.n_variants = only->n;
    bool ok = check(p, &kind, e) && stored_grid_open(&grid, &p->grid, e) &&
              results_read(&results, grid.store, grid.name,
                  p->part == PART_COUNT ? stored_grid_part(&grid) : p->part, e) &&
              grid_check_names(&results.grid, "--only", only->text, (int)only->n, e);
    if (ok && !command_quiet())
        tell_missing(p, &results);
    if (ok)
        ok = kind == FIGURE_COUNT
                 ? draw_all(p, &results, store_db(grid.store), e)
                 : draw(p, kind, &results, store_db(grid.store), p->output, false, e);
    results_free(&results);
    stored_grid_close(&grid);
    return ok;
}

bool command_plot(int argc, char **argv, struct err *e) {
    struct plot p = {.grid.takes = TAKES_ONLY,
        .part = PART_COUNT,
        .figure = {.task = -1, .convention = CS_LT},
        .e = e};
    bool done, ok = command_parse(&argp, argc, argv, &p, &p.grid, &done, e);
    if (ok && !done && !p.grid.grid)
        ok = err_usage(e, "plot: expected a kind (cs, weights, confusion, loss or all) and a grid, "
                          "like `dmtl plot cs demo -o cs.svg`");
    ok = ok && (done || plot(&p, e));
    grid_options_free(&p.grid);
    return ok;
}
