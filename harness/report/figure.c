#include "report/figure.h"

#include "core/escape.h"
#include "core/mem.h"
#include "store/sql.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LOOKS = 28 }; /* line styles of plots/common.gp */

const char *const figure_name[FIGURE_COUNT] = {[FIGURE_CS] = "cs",
    [FIGURE_WEIGHTS] = "weights",
    [FIGURE_CONFUSION] = "confusion",
    [FIGURE_LOSS] = "loss"};
const char *const picture_name[PICTURE_COUNT] = {
    [PICTURE_SVG] = "svg", [PICTURE_PDF] = "pdf", [PICTURE_PNG] = "png"};
const char figure_common_gp[] =
#include "plots/common.gp.inc"
    ;

bool figure_script(struct str *script, enum figure_kind kind, const struct results *r, sqlite3 *db,
    const struct figure_options *o, struct err *e) {
    switch (kind) {
    case FIGURE_CS:
        return figure_cs(script, r, db, o, e);
    case FIGURE_WEIGHTS:
        return figure_weights(script, r, db, o, e);
    case FIGURE_CONFUSION:
        return figure_confusion(script, r, db, o, e);
    case FIGURE_LOSS:
        return figure_loss(script, r, db, o, e);
    case FIGURE_COUNT:
        break;
    }
    return err_set(e, "figure %d: unknown", (int)kind);
}

bool figure_has_row(const struct figure_options *o, const struct result_row *row) {
    for (size_t i = 0; i < o->n_variants; i++)
        if (word_find((const char *const *)row->source->variants, row->source->n_variants,
                o->variants[i]) >= 0)
            return true;
    return o->n_variants == 0;
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

const char *figure_missing(enum figure_kind kind) {
    static const char *const missing[FIGURE_COUNT] = {[FIGURE_CS] = "no cell with age is done",
        [FIGURE_WEIGHTS] = "no cell that learns its tasks' weights is done",
        [FIGURE_CONFUSION] = "no confusion matrix of a done cell is stored for this choice",
        [FIGURE_LOSS] = "no done cell has epochs stored"};
    return missing[kind];
}

void figure_terminal(struct str *script, enum picture_format format, int width_px, int height_px) {
    if (format == PICTURE_SVG)
        str_addf(script,
            "base_font = 14\nset pointsize 0.6\n"
            "set terminal svg size %d,%d font 'DejaVu Sans,14' noenhanced background '#ffffff'\n",
            width_px, height_px);
    else if (format == PICTURE_PDF) /* 96 pixels an inch, as browsers take SVG */
        str_addf(script,
            "base_font = 10.5\nset pointsize 0.6\n"
            "set terminal pdfcairo size %.3fin,%.3fin font 'DejaVu Sans,10.5' noenhanced\n",
            width_px / 96.0, height_px / 96.0);
    else /* two dots a pixel */
        str_addf(script,
            "base_font = 21\n"
            "set terminal pngcairo size %d,%d font 'DejaVu Sans,21' linewidth 2 pointscale 1.5 "
            "noenhanced\n",
            width_px * 2, height_px * 2);
    str_addf(script, "width = %d\nheight = %d\n", width_px, height_px);
}

bool curves_read(struct curve_values *c, const struct results *r, sqlite3 *db, struct err *e,
    const char *sql, const char *types, const char *a, const char *b, const char *d) {
    sqlite3_stmt *row = sql_prepare(db, e, sql, types, a, b, d);
    int found = row ? 1 : -1;
    while (found > 0 && (found = sql_step(row, e)) > 0) {
        int task = word_find(attribute_name, ATTR_COUNT, sql_text(row, 2));
        if (task < 0 || sqlite3_column_type(row, 4) == SQLITE_NULL)
            continue;
        for (size_t i = 0; i < r->n_cells; i++) {
            const struct result_cell *cell = &r->cells[i];
            if (cell->state != CELL_DONE || strcmp(cell->id, sql_text(row, 0)) != 0 ||
                strcmp(cell->variant, sql_text(row, 1)) != 0)
                continue;
            c->v = xgrow(c->v, &c->capacity, c->n + 1, sizeof *c->v);
            c->v[c->n++] = (struct curve_value){
                i, task, sqlite3_column_double(row, 3), sqlite3_column_double(row, 4)};
        }
    }
    sqlite3_finalize(row);
    return found == 0;
}

static void text_of(struct str *out, const char *array, int i, const char *text) {
    str_addf(out, "%s[%d] = ", array, i);
    escape_gnuplot(out, text);
    str_addc(out, '\n');
}

void panels_start(struct panels *p, const char *title, const char *x_label, const char *y_label) {
    p->panels++;
    p->line_started = false;
    text_of(&p->texts, "panel_title", p->panels, title);
    text_of(&p->texts, "x_label", p->panels, x_label);
    text_of(&p->texts, "y_label", p->panels, y_label);
}

/* One entry a look, however many panels draw it. */
static void add_legend(struct panels *p, const char *name, int look) {
    for (int i = 0; i < p->legends; i++)
        if (p->legend[i] == look)
            return;
    p->legend = xgrow(p->legend, &p->legend_capacity, (size_t)p->legends + 1, sizeof *p->legend);
    p->legend[p->legends++] = look;
    text_of(&p->texts, "legend_name", p->legends, name);
    str_addf(&p->texts, "legend_look[%d] = %d\n", p->legends, look % LOOKS + 1);
    size_t length = strlen(name);
    p->legend_longest = length > p->legend_longest ? length : p->legend_longest;
}

void panels_line(struct panels *p, const struct results *r, const struct curve_values *c,
    const struct result_row *row, int task, const char *name, int look, double scale) {
    size_t points = 0;
    for (size_t i = 0; i < c->n;) {
        double x = c->v[i].x, sum = 0, low = INFINITY, high = -INFINITY;
        long n = 0;
        for (; i < c->n && c->v[i].x == x; i++) {
            if (c->v[i].task != task || !results_in_row(r, row, (enum attribute)task, c->v[i].cell))
                continue;
            sum += c->v[i].y;
            low = fmin(low, c->v[i].y);
            high = fmax(high, c->v[i].y);
            n++;
        }
        if (!n)
            continue;
        str_addf(&p->data, "%.10g %.10g %.10g %.10g\n", x, scale * sum / (double)n, scale * low,
            scale * high);
        points++;
        if (x >= p->corner_x)
            p->corner_room = fmin(p->corner_room, scale * low / 100);
    }
    if (!points)
        return;
    str_add(&p->data, "\n\n");
    p->lines++;
    add_legend(p, name, look);
    text_of(&p->texts, "line_name", p->lines, name);
    str_addf(&p->texts, "line_look[%d] = %d\n", p->lines, look % LOOKS + 1);
    if (!p->line_started)
        str_addf(&p->texts, "first[%d] = %d\n", p->panels, p->lines);
    str_addf(&p->texts, "last[%d] = %d\n", p->panels, p->lines);
    p->line_started = true;
    p->longest = points > p->longest ? points : p->longest;
}

void panels_end(struct panels *p) {
    p->panels -= !p->line_started;
}

enum { SAMPLE_PX = 75, CHARACTER_PX = 9, LEGEND_ROW_PX = 22 }; /* of a legend */
enum { AROUND_X_PX = 92, AROUND_Y_PX = 122 };                  /* all margins of a single panel */

static int legend_width(const struct panels *p) {
    return SAMPLE_PX + CHARACTER_PX * (int)p->legend_longest;
}

/* Whether the legend has room in the panel's corner, right of corner_x (of 25) and below the lines. */
static bool legend_fits_inside(const struct panels *p, int width_px, int height_px) {
    double wide = (width_px - AROUND_X_PX) * (1 - p->corner_x / 25);
    double high = (height_px - AROUND_Y_PX) * p->corner_room;
    return p->corner_x > 0 && legend_width(p) <= wide &&
           p->legends * LEGEND_ROW_PX + LEGEND_ROW_PX / 2 <= high;
}

/* Rows of a legend that is `width_px` wide, its columns as wide as the longest name. */
static int legend_rows(const struct panels *p, int width_px) {
    int columns = width_px / legend_width(p);
    return columns < 1 ? p->legends : (p->legends + columns - 1) / columns;
}

void panels_script(struct str *script, struct panels *p, enum picture_format format,
    const char *title, const char *figure) {
    enum { WIDEST_PX = 1400 };
    int columns = p->columns < p->panels ? p->columns : p->panels;
    int rows = (p->panels + columns - 1) / columns;
    int width = p->columns == 1 ? 640 : columns == 1 ? 560 : 390 * columns;
    int height = p->columns == 1 ? 430 : 60 + 285 * rows, legend = 0;
    if (!legend_fits_inside(p, width, height)) {
        int widest = legend_width(p) < WIDEST_PX ? legend_width(p) : WIDEST_PX;
        width = width < widest ? widest : width;
        legend = legend_rows(p, width);
    }
    figure_terminal(script, format, width, height + LEGEND_ROW_PX * legend);
    str_addf(script, "legend_rows = %d\nlegends = %d\n", legend, p->legends);
    str_addf(script, "array legend_name[%d]\narray legend_look[%d]\n", p->legends, p->legends);
    str_addf(script, "$data << END_OF_DATA\n%sEND_OF_DATA\n", p->data.text);
    str_addf(
        script, "panels = %d\npanel_columns = %d\npanel_rows = %d\n", p->panels, columns, rows);
    /* A dropped panel's texts may stand behind the last one's. */
    for (int i = 0; i < 3; i++) {
        static const char *const arrays[] = {"panel_title", "x_label", "y_label"};
        str_addf(script, "array %s[%d]\n", arrays[i], p->panels + 1);
    }
    str_addf(script, "array first[%d]\narray last[%d]\n", p->panels, p->panels);
    str_addf(script, "array line_name[%d]\narray line_look[%d]\n", p->lines, p->lines);
    str_addf(script, "points = %zu\nmark_every = %zu\n", p->longest,
        p->longest > 16 ? p->longest / 8 : 1);
    str_add(script, p->texts.text);
    str_add(script, "figure_title = ");
    escape_gnuplot(script, title);
    str_addf(script, "\n%s%s", figure_common_gp, figure);
}

void panels_free(struct panels *p) {
    str_free(&p->data);
    str_free(&p->texts);
    free(p->legend);
}
