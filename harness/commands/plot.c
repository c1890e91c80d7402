/* dmtl plot: figures of a grid from its results database, through gnuplot. */
#include "commands/command.h"

#include "commands/statistics_option.h"
#include "commands/stored_grid.h"
#include "core/cores.h"
#include "core/escape.h"
#include "core/file.h"
#include "core/mem.h"
#include "report/audits.h"
#include "report/figure.h"
#include "report/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum {
    KEY_FORMAT = 256,
    KEY_WIDTH,
    KEY_PART,
    KEY_SCRIPT,
    KEY_TASK,
    KEY_BINS,
    KEY_CS,
    KEY_METRIC,
    KEY_BY,
    KEY_MIN_N,
    KEY_PAGE
};

static const struct argp_option options[] = {
    {"output", 'o', "FILE", 0, "the picture, or for `all` the folder (default: standard output)",
        0},
    {"format", KEY_FORMAT, "FORMAT", 0,
        "svg, pdf or png (default: by FILE's ending; svg for `all` and standard output)", 0},
    {"width", KEY_WIDTH, "WIDTH", 0,
        "column (85 mm), page (178 mm), or screen, as wide as the figure needs (the default)", 0},
    {"keep-script", KEY_SCRIPT, NULL, 0,
        "leave gnuplot's script beside the picture, as FILE.gp, and what it draws as FILE.csv", 0},
    {"task", KEY_TASK, "TASK", 0, "age, gender or race alone; cs and error are of age", 0},
    {"bins", KEY_BINS, "BINS", 0,
        "the age groups, like fairface-9 (default: those of the grid's table)", 0},
    {"convention", KEY_CS, "NAME", 0,
        "cs: cs_lt, error < i (the paper's, the default), or cs_le, error <= i", 0},
    {"part", KEY_PART, "PART", 0, "test or validation (default: test, of GRID:select validation)",
        0},
    {"metric", KEY_METRIC, "NAME", 0,
        "subgroups, gaps, differences: a metric of `dmtl audit` (default: mae of age, accuracy)",
        0},
    {"by", KEY_BY, "ATTRIBUTES", 0,
        "confusion, subgroups, gaps: a crossing such as gender,race; for confusion and gaps it may be "
        "given more than once",
        0},
    {"min-n", KEY_MIN_N, "N", 0,
        "subgroups, gaps: groups of fewer independent images are marked (default: 100)", 0},
    {"page", KEY_PAGE, "N", 0, "of a figure of so many panels that it takes several", 0},
    {0},
};

struct plot {
    struct grid_options grid;
    const char *kind, *output;
    unsigned given; /* bits of enum figure_choice */
    struct option_texts by;
    struct figure_options figure;
    bool format_given, keep_script;
    enum part part;
    struct err *e;
};

static error_t choose(struct plot *p, const char *option, const char *const *names, int count,
    const char *value, int *chosen) {
    const struct command_words words = {names, (size_t)count, sizeof *names};
    return command_word("plot", option, value, words, chosen, p->e) ? 0 : EINVAL;
}

static error_t number(
    struct plot *p, const char *option, const char *value, int most, int *chosen) {
    return command_number("plot", option, value, 1, most, chosen, p->e) ? 0 : EINVAL;
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
    case KEY_WIDTH:
        code = choose(p, "--width", figure_width_name, WIDTH_COUNT, value, &chosen);
        p->figure.width = (enum figure_width)chosen;
        break;
    case KEY_METRIC:
        p->figure.metric = value;
        p->given |= CHOICE_METRIC;
        break;
    case KEY_BY:
        option_texts_add(&p->by, value);
        p->given |= CHOICE_BY;
        break;
    case KEY_MIN_N:
        code = number(p, "--min-n", value, 1000000, &chosen);
        p->figure.statistics.min_clusters = (size_t)chosen;
        p->given |= CHOICE_MIN_N;
        break;
    case KEY_PAGE:
        code = number(p, "--page", value, 1000, &p->figure.page);
        p->given |= CHOICE_PAGE;
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
    "Draws a figure of a grid, or all of them into a folder. KIND is\n"
    "  cs           cumulative scores of age\n"
    "  error        errors of age over true age\n"
    "  confusion    confusion matrices, --by groups too\n"
    "  subgroups    a metric over age group x gender x race\n"
    "  gaps         an audit's groups and gaps with intervals\n"
    "  differences  every row against the baseline\n"
    "  calibration  reliability diagrams\n"
    "  weights      weights of the tasks over epochs\n"
    "  loss         losses and metrics over epochs\n"
    "  all          each of these that has something to draw\v"
    "GRID is the grid's file or its name in the database; an imported system is import:NAME. Figures of one approach "
    "(confusion, subgroups, gaps, calibration) are of the baseline, or of --only VARIANT. Needs gnuplot.",
    NULL, NULL, NULL};

/* ---- what was asked for ---- */

static const struct {
    enum figure_choice choice;
    const char *name;
} choices[] = {{CHOICE_TASK, "--task"}, {CHOICE_BINS, "--bins"},
    {CHOICE_CONVENTION, "--convention"}, {CHOICE_PART, "--part"}, {CHOICE_METRIC, "--metric"},
    {CHOICE_BY, "--by"}, {CHOICE_MIN_N, "--min-n"}, {CHOICE_PAGE, "--page"}};

static bool is_without_age(const struct plot *p) {
    return p->figure.task >= 0 && p->figure.task != ATTR_AGE;
}

static bool is_of_age(enum figure_kind kind) {
    return kind == FIGURE_CS || kind == FIGURE_ERROR;
}

static bool check_choices(const struct plot *p, enum figure_kind kind, struct err *e) {
    const char *wrong = NULL;
    struct str known = {0};
    for (size_t i = 0; i < ARRAY_LEN(choices); i++) {
        if (figure_rows[kind].takes & choices[i].choice)
            str_addf(&known, ", %s", choices[i].name);
        else if (!wrong && p->given & choices[i].choice)
            wrong = choices[i].name;
    }
    if (wrong)
        err_usage(e, "plot %s: %s: makes no difference to this figure, which takes --only%s",
            p->kind, wrong, known.text);
    str_free(&known);
    if (!wrong && is_of_age(kind) && is_without_age(p))
        return err_usage(e, "plot %s: --task %s: the figure is of age alone", p->kind,
            attribute_name[p->figure.task]);
    if (!wrong && kind == FIGURE_CONFUSION && p->figure.bins && is_without_age(p) && !p->by.n)
        return err_usage(e,
            "plot confusion: --bins: are groups of ages, which --task %s leaves out",
            attribute_name[p->figure.task]);
    if (!wrong && kind == FIGURE_SUBGROUPS && p->by.n > 1)
        return err_usage(e, "plot subgroups: --by: is given %zu times: expected it once", p->by.n);
    if (!wrong && figure_rows[kind].one && p->grid.only.n > 1)
        return err_usage(e, "plot %s: --only: is given %zu times: the figure is of one approach",
            p->kind, p->grid.only.n);
    return !wrong;
}

/* The format is --format, or else the ending of the one picture's name; a file called by another format would be opened
 * as that one. */
static bool choose_format(struct plot *p, struct err *e) {
    const char *slash = strrchr(p->output, '/'), *name = slash ? slash + 1 : p->output;
    const char *dot = strrchr(name, '.');
    for (int f = 0; dot && f < PICTURE_COUNT; f++)
        if (strcasecmp(dot + 1, picture_name[f]) == 0) {
            if (p->format_given && p->figure.format != (enum picture_format)f)
                return err_usage(e,
                    "plot: -o %.200s: its ending says %s and --format says %s: leave --format out, or name the file "
                    "*.%s",
                    p->output, picture_name[f], picture_name[p->figure.format],
                    picture_name[p->figure.format]);
            p->figure.format = (enum picture_format)f;
            return true;
        }
    if (p->format_given)
        return true;
    return err_usage(e,
        "plot: -o %.200s: its ending says no format: expected .svg, .pdf or .png, or --format with one "
        "of svg, pdf, png",
        p->output);
}

/* *kind: FIGURE_COUNT for all of them. */
static bool check(struct plot *p, enum figure_kind *kind, struct err *e) {
    bool all = strcmp(p->kind, "all") == 0;
    int found = 0;
    while (found < FIGURE_COUNT && strcmp(figure_rows[found].name, p->kind) != 0)
        found++;
    if (found == FIGURE_COUNT && !all) {
        struct str known = {0};
        for (int i = 0; i < FIGURE_COUNT; i++)
            str_addf(&known, "%s, ", figure_rows[i].name);
        err_usage(e, "plot: %.200s: unknown figure; expected %sor all", p->kind, known.text);
        str_free(&known);
        return err_hint(e, p->kind, figure_rows, FIGURE_COUNT, sizeof *figure_rows);
    }
    *kind = all ? FIGURE_COUNT : (enum figure_kind)found;
    if (!all && !check_choices(p, *kind, e))
        return false;
    if (!p->output && (all || p->keep_script))
        return err_usage(
            e, "plot: %s needs -o %s", all ? "all" : "--keep-script", all ? "FOLDER" : "FILE");
    if (!p->output && isatty(STDOUT_FILENO))
        return err_usage(e, "plot: a picture does not go to a terminal; give -o FILE");
    return all || !p->output || choose_format(p, e);
}

/* ---- drawing ---- */

/* Picture, and where they are kept script and data, under `path` (NULL: standard output). */
static bool write_figure(
    const struct plot *p, const struct figure *f, const char *path, struct err *e) {
    const struct {
        const char *ending;
        const struct str *text;
    } kept[] = {{"gp", &f->script}, {"csv", &f->csv}};
    struct str picture = {0};
    bool ok = true;
    for (size_t i = 0; ok && p->keep_script && i < ARRAY_LEN(kept); i++) {
        char *beside = xasprintf("%s.%s", path, kept[i].ending);
        ok = output_write(beside, kept[i].text->text, kept[i].text->len, e);
        free(beside);
    }
    ok = ok && figure_draw(f, p->figure.format, &picture, e) &&
         output_write(path, picture.text, picture.len, e);
    if (ok && path && !command_quiet())
        fprintf(stderr, "dmtl: wrote %s\n", path);
    str_free(&picture);
    return ok;
}

/* What is left out is said, also where the rest is not. */
static void tell(const char *lines, enum figure_kind kind) {
    for (const char *at = lines; at && *at && !command_quiet(); at = strchr(at, '\n') + 1)
        fprintf(stderr, "dmtl: %s: %.*s\n", figure_rows[kind].name, (int)strcspn(at, "\n"), at);
}

static bool draw(const struct plot *p, enum figure_kind kind, const struct results *r,
    struct store *store, struct err *e) {
    struct figure f;
    bool ok = figure_make(&f, kind, r, store, &p->figure, e);
    if (ok && f.missing)
        ok = err_set(
            e, "plot %s: grid %s: %s: there is nothing to draw", p->kind, r->grid.name, f.missing);
    ok = ok && write_figure(p, &f, p->output, e);
    if (ok) {
        tell(f.paging.text, kind);
        tell(f.notes.text, kind);
    }
    figure_free(&f);
    return ok;
}

/* Every page of a figure, FOLDER/KIND.svg, KIND-2.svg, ...; one without anything to draw is left out, and said so. */
static bool draw_pages(const struct plot *p, enum figure_kind kind, const struct results *r,
    struct store *store, struct err *e) {
    struct figure_options of_page = p->figure;
    bool ok = true;
    for (int page = 1, pages = 1; ok && page <= pages; page++) {
        struct figure f;
        char number[16] = "";
        of_page.page = page;
        if (page > 1)
            snprintf(number, sizeof number, "-%d", page);
        ok = figure_make(&f, kind, r, store, &of_page, e);
        char *name =
            xasprintf("%s%s.%s", figure_rows[kind].name, number, picture_name[p->figure.format]);
        char *path = path_join(p->output, name);
        if (ok && f.missing)
            fprintf(stderr, "dmtl: no %s: %s\n", figure_rows[kind].name, f.missing);
        else if (ok)
            ok = write_figure(p, &f, path, e);
        pages = f.pages;
        if (ok && page == pages) /* what is on other pages is drawn, too */
            tell(f.notes.text, kind);
        figure_free(&f);
        free(path);
        free(name);
    }
    return ok;
}

/* A choice that no figure could be made with is an error; data that one of them is not made for is not. */
static bool draw_all(
    const struct plot *p, const struct results *r, struct store *store, struct err *e) {
    bool ok = dir_make(p->output, e);
    for (int kind = 0; ok && kind < FIGURE_COUNT; kind++) {
        struct err one = {0};
        if (is_of_age((enum figure_kind)kind) && is_without_age(p)) {
            fprintf(stderr, "dmtl: no %s: it is of age alone\n", figure_rows[kind].name);
            continue;
        }
        if (draw_pages(p, (enum figure_kind)kind, r, store, &one))
            continue;
        if (one.kind == ERR_USAGE && !(p->given & figure_rows[kind].takes & ~(unsigned)CHOICE_TASK))
            fprintf(stderr, "dmtl: no %s: %s\n", figure_rows[kind].name, one.msg);
        else {
            *e = one;
            ok = false;
        }
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

/* "import:theirs" is `import --only theirs`. */
static char *cut_variant(struct plot *p) {
    char *name;
    const char *variant;
    system_option_cut(p->grid.grid, &name, &variant);
    if (variant)
        option_texts_add(&p->grid.only, variant);
    p->grid.grid = name;
    return name;
}

static bool plot(struct plot *p, struct err *e) {
    struct stored_grid grid = {0};
    struct results results = {0};
    enum figure_kind kind = FIGURE_COUNT;
    char *name = cut_variant(p);
    const struct option_texts *only = &p->grid.only;
    p->figure.variants = only->text;
    p->figure.n_variants = only->n;
    p->figure.by = p->by.text;
    p->figure.n_by = p->by.n;
    bool ok = check(p, &kind, e) && stored_grid_open(&grid, &p->grid, e) &&
              results_read(&results, grid.store, grid.name,
                  p->part == PART_COUNT ? stored_grid_part(&grid) : p->part, e) &&
              grid_check_names(&results.grid, "--only", only->text, (int)only->n, e);
    if (ok && !command_quiet())
        tell_missing(p, &results);
    if (ok)
        ok = kind == FIGURE_COUNT ? draw_all(p, &results, grid.store, e)
                                  : draw(p, kind, &results, grid.store, e);
    results_free(&results);
    stored_grid_close(&grid);
    free(name);
    return ok;
}

bool command_plot(int argc, char **argv, struct err *e) {
    struct plot p = {.grid.takes = TAKES_ONLY,
        .part = PART_COUNT,
        .figure = {.task = -1,
            .convention = CS_LT,
            .statistics = {.confidence = statistics_defaults.confidence,
                .min_clusters = AUDIT_SMALL,
                .draws = statistics_defaults.draws,
                .seed = statistics_defaults.seed,
                .threads = cores_usable()}},
        .e = e};
    bool done, ok = command_parse(&argp, argc, argv, &p, &p.grid, &done, e);
    if (ok && !done && !p.grid.grid)
        ok =
            err_usage(e, "plot: expected a kind (cs, confusion, subgroups, ... or all) and a grid, "
                         "like `dmtl plot cs demo -o cs.svg`");
    ok = ok && (done || plot(&p, e));
    grid_options_free(&p.grid);
    free(p.by.text);
    return ok;
}
