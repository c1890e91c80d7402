#include "report/figure.h"

#include "core/mem.h"
#include "report/figure_letters.h"
#include "report/gnuplot.h"

#include <stdlib.h>
#include <string.h>

const char *const picture_name[PICTURE_COUNT] = {
    [PICTURE_SVG] = "svg", [PICTURE_PDF] = "pdf", [PICTURE_PNG] = "png"};
const char *const figure_width_name[WIDTH_COUNT] = {
    [WIDTH_SCREEN] = "screen", [WIDTH_COLUMN] = "column", [WIDTH_PAGE] = "page"};

enum {
    CHOICE_AUDIT =
        CHOICE_TASK | CHOICE_BINS | CHOICE_PART | CHOICE_METRIC | CHOICE_BY | CHOICE_MIN_N
};
const struct figure_row figure_rows[FIGURE_COUNT] = {
    [FIGURE_CS] = {"cs", figure_cs, CHOICE_TASK | CHOICE_CONVENTION | CHOICE_PART, false,
        "cumulative scores of age", "no cell with age is done"},
    [FIGURE_ERROR] = {"error", figure_error, CHOICE_TASK | CHOICE_BINS | CHOICE_PART, false,
        "errors of age over true age", "no cell with age is done"},
    [FIGURE_CONFUSION] = {"confusion", figure_confusion,
        CHOICE_TASK | CHOICE_BINS | CHOICE_PART | CHOICE_BY | CHOICE_PAGE, true,
        "confusion matrices", "no confusion matrix of a done cell is stored for this choice"},
    [FIGURE_SUBGROUPS] = {"subgroups", figure_subgroups, CHOICE_AUDIT | CHOICE_PAGE, true,
        "a metric over age group x gender x race", "no cell of this choice is done"},
    [FIGURE_GAPS] = {"gaps", figure_gaps, CHOICE_AUDIT | CHOICE_PAGE, true,
        "an audit's groups and gaps with intervals", "no cell of this choice is done"},
    [FIGURE_DIFFERENCES] = {"differences", figure_differences,
        CHOICE_TASK | CHOICE_BINS | CHOICE_PART | CHOICE_METRIC | CHOICE_PAGE, false,
        "every row against the baseline",
        "no task is done by both the baseline and another row in the same setting"},
    [FIGURE_CALIBRATION] = {"calibration", figure_calibration,
        CHOICE_TASK | CHOICE_PART | CHOICE_PAGE, true, "reliability diagrams",
        "no done cell of this choice has probabilities stored"},
    [FIGURE_WEIGHTS] = {"weights", figure_weights, CHOICE_TASK | CHOICE_PAGE, false,
        "weights of the tasks over epochs", "no cell that learns its tasks' weights is done"},
    [FIGURE_LOSS] = {"loss", figure_loss, CHOICE_TASK | CHOICE_PAGE, false,
        "losses and metrics over epochs", "no done cell has epochs stored"},
};

bool figure_make(struct figure *f, enum figure_kind kind, const struct results *r,
    struct store *store, const struct figure_options *o, struct err *e) {
    *f = (struct figure){.pages = 1};
    if (!figure_rows[kind].make(f, r, store, o, e))
        return false;
    if (!f->script.len)
        f->missing = xstrdup(figure_rows[kind].missing);
    else if (o->format != PICTURE_SVG)
        letters_drawable(&f->script, &f->notes);
    return true;
}

void figure_free(struct figure *f) {
    str_free(&f->script);
    str_free(&f->csv);
    str_free(&f->notes);
    str_free(&f->paging);
    free(f->missing);
    *f = (struct figure){0};
}

/* ---- rows and titles ---- */

bool figure_has_row(const struct figure_options *o, const struct result_row *row) {
    for (size_t i = 0; i < o->n_variants; i++)
        if (word_find((const char *const *)row->source->variants, row->source->n_variants,
                o->variants[i]) >= 0)
            return true;
    return o->n_variants == 0;
}

const struct result_row *figure_one_row(const struct results *r, const struct figure_options *o) {
    for (size_t i = 0; i < r->n_rows; i++)
        if (o->n_variants ? figure_has_row(o, &r->rows[i]) : r->rows[i].baseline)
            return &r->rows[i];
    return r->n_rows && !o->n_variants ? &r->rows[0] : NULL;
}

char *figure_row_name(const struct results *r, const struct result_row *row) {
    size_t done, planned;
    results_row_cells(r, row, &done, &planned);
    char *name = xasprintf("%s%s%s%s%s", row->title, *row->setting ? ", " : "", row->setting,
        results_row_mark(r, row), results_row_leaky(r, row) ? " (leaky split)" : "");
    if (done == planned)
        return name;
    char *partial = xasprintf("%s (%zu of %zu cells)", name, done, planned);
    free(name);
    return partial;
}

char *figure_title(const struct results *r, const char *what) {
    return xasprintf("%s%s", what, r->drawn ? " (drawn images, no photographs)" : "");
}

/* ---- picture ---- */

/* Cairo writes the time into a PDF: the same figure must be the same bytes. The length stays, so that the
 * file's own table of places stays true. */
static void drop_date(struct str *pdf) {
    static const char key[] = "/CreationDate (D:", fixed[] = "19700101000000";
    const size_t n_key = sizeof key - 1, n = sizeof fixed - 1;
    for (size_t i = 0; i + n_key + n <= pdf->len; i++)
        if (memcmp(pdf->text + i, key, n_key) == 0)
            memcpy(pdf->text + i + n_key, fixed, n);
}

/* A browser without the font takes another of its family. Only in tags: in text a `<` is escaped. */
static void add_families(struct str *svg) {
    static const char one[] = "font-family=\"DejaVu Sans\"";
    struct str out = {0};
    bool tag = false;
    for (const char *c = svg->text; c && *c;) {
        tag = *c == '<' || (tag && *c != '>');
        if (tag && strncmp(c, one, sizeof one - 1) == 0) {
            str_add(&out, "font-family=\"DejaVu Sans,Verdana,Arial,sans-serif\"");
            c += sizeof one - 1;
        } else
            str_addc(&out, *c++);
    }
    str_free(svg);
    *svg = out;
}

bool figure_draw(
    const struct figure *f, enum picture_format format, struct str *picture, struct err *e) {
    if (!gnuplot_draw(&f->script, picture, e))
        return false;
    if (format == PICTURE_PDF)
        drop_date(picture);
    else if (format == PICTURE_SVG)
        add_families(picture);
    return true;
}
