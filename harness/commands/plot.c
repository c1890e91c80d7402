/* dmtl plot: figures of a grid from its results database, through gnuplot. */
#include "commands/command.h"

#include "commands/stored_grid.h"
#include "core/file.h"
#include "core/mem.h"
#include "report/escape.h"
#include "report/figure.h"
#include "report/gnuplot.h"
#include "report/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEY_DB = 256, KEY_FORMAT, KEY_PART, KEY_SCRIPT, KEY_ONLY, KEY_TASK, KEY_BINS, KEY_CS };

static const struct argp_option options[] = {
    {"db", KEY_DB, "FILE", 0, "the results database (default: results/GRID's name.db)", 0},
    {"output", 'o', "FILE", 0, "the picture, or for `all` the folder (default: standard output)",
        0},
    {"format", KEY_FORMAT, "FORMAT", 0, "svg, pdf or png (default: by FILE's ending, else svg)", 0},
    {"keep-script", KEY_SCRIPT, NULL, 0, "leave gnuplot's script beside the picture, as FILE.gp",
        0},
    {"only", KEY_ONLY, "VARIANT", 0, "draw this variant's row alone; may be given more than once",
        0},
    {"task", KEY_TASK, "TASK", 0, "age, gender or race alone", 0},
    {"bins", KEY_BINS, "BINS", 0, "age groups of the confusion matrix, like fairface-9", 0},
    {"convention", KEY_CS, "NAME", 0,
        "of cumulative scores: cs_lt, error < i (the paper's, the default), or cs_le, error <= i",
        0},
    {"part", KEY_PART, "PART", 0, "test (the default) or validation", 0},
    {0},
};

struct plot {
    const char *kind, *grid, *db, *output;
    const char **variants;
    size_t capacity;
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
    str_free(&known);
    return EINVAL;
}

static error_t parse(int key, char *value, struct argp_state *state) {
    struct plot *p = state->input;
    error_t code = 0;
    int chosen = 0;
    switch (key) {
    case KEY_DB:
        p->db = value;
        break;
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
    case KEY_ONLY:
        p->variants =
            xgrow(p->variants, &p->capacity, p->figure.n_variants + 1, sizeof *p->variants);
        p->variants[p->figure.n_variants++] = value;
        break;
    case KEY_TASK:
        code = choose(p, "--task", attribute_name, ATTR_COUNT, value, &p->figure.task);
        break;
    case KEY_BINS:
        p->figure.bins = value;
        break;
    case KEY_CS:
        code = choose(p, "--convention", cs_convention_name, CS_CONVENTION_COUNT, value, &chosen);
        p->figure.convention = (enum cs_convention)chosen;
        break;
    case KEY_PART:
        code = choose(
            p, "--part", part_name + PART_VALIDATION, PART_COUNT - PART_VALIDATION, value, &chosen);
        p->part = (enum part)(chosen + PART_VALIDATION);
        break;
    case ARGP_KEY_ARG:
        if (p->grid)
            return ARGP_ERR_UNKNOWN;
        *(p->kind ? &p->grid : &p->kind) = value;
        break;
    case ARGP_KEY_END:
        if (!p->grid) {
            err_usage(p->e,
                "plot: expected a kind (cs, weights, confusion, loss or all) and a grid, "
                "like `dmtl plot cs demo -o cs.svg`");
            return EINVAL;
        }
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

static void format_by_ending(struct plot *p) {
    for (int f = 0; p->output && !p->format_given && f < PICTURE_COUNT; f++) {
        const char *dot = strrchr(p->output, '.');
        if (dot && strcmp(dot + 1, picture_name[f]) == 0)
            p->figure.format = (enum picture_format)f;
    }
}

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
        char *name = xasprintf("%s.%s", figure_name[kind], picture_name[p->figure.format]);
        char *path = path_join(p->output, name);
        ok = draw(p, (enum figure_kind)kind, r, db, path, true, e);
        free(path);
        free(name);
    }
    return ok;
}

static bool check(struct plot *p, int *kind, struct err *e) {
    bool all = strcmp(p->kind, "all") == 0;
    *kind = word_find(figure_name, FIGURE_COUNT, p->kind);
    if (*kind < 0 && !all)
        return err_usage(e,
            "plot: %.200s: unknown figure; expected cs, weights, confusion, loss or all", p->kind);
    if (!p->output && (all || p->keep_script))
        return err_usage(
            e, "plot: %s needs -o %s", all ? "all" : "--keep-script", all ? "FOLDER" : "FILE");
    if (!p->output && isatty(STDOUT_FILENO))
        return err_usage(e, "plot: a picture does not go to a terminal; give -o FILE");
    return true;
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

/* A variant that the grid does not have would otherwise draw an empty figure. */
static bool check_variants(const struct plot *p, const struct results *r, struct err *e) {
    return grid_check_names(&r->grid, p->variants, (int)p->figure.n_variants, e);
}

bool command_plot(int argc, char **argv, struct err *e) {
    struct plot p = {.part = PART_TEST, .figure = {.task = -1, .convention = CS_LT}, .e = e};
    struct stored_grid grid = {0};
    struct results results = {0};
    bool done;
    int kind;
    bool ok = command_parse(&argp, argc, argv, &p, &done, e);
    if (ok && !done) {
        p.figure.variants = p.variants;
        format_by_ending(&p);
        ok = check(&p, &kind, e) && stored_grid_open(&grid, p.grid, p.db, e) &&
             results_read(&results, grid.store, grid.name, p.part, e) &&
             check_variants(&p, &results, e);
        if (ok && !command_quiet())
            tell_missing(&p, &results);
        if (ok)
            ok = kind < 0 ? draw_all(&p, &results, store_db(grid.store), e)
                          : draw(&p, (enum figure_kind)kind, &results, store_db(grid.store),
                                p.output, false, e);
    }
    results_free(&results);
    stored_grid_close(&grid);
    free(p.variants);
    return ok;
}
