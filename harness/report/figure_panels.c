#include "report/figure_panels.h"

#include "core/mem.h"
#include "report/figure_audit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char common_gp[] =
#include "plots/common.gp.inc"
    ;
static const char panels_gp[] =
#include "plots/panels.gp.inc"
    ;

bool curves_read(struct curve_values *c, const struct results *r, sqlite3 *db, struct err *e,
    const char *sql, const char *types, const char *a, const char *b, const char *d,
    const char *f) {
    sqlite3_stmt *row = sql_prepare(db, e, sql, types, a, b, d, f);
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

/* ---- what is drawn ---- */

void panels_start(struct panels *p, const char *title, const char *x_label, const char *y_label) {
    p->panel = xgrow(p->panel, &p->panel_capacity, (size_t)p->panels + 1, sizeof *p->panel);
    p->panel[p->panels++] = (struct panel){
        .title = xstrdup(title), .x_label = xstrdup(x_label), .y_label = xstrdup(y_label)};
}

/* Two rows never share a look, or the legend would name one of them alone. 0: none is left. */
static int take_look(struct panels *p, int number) {
    for (int k = 0; k < PANEL_LOOKS; k++) {
        int *row_of = &p->row_of[(number + k) % PANEL_LOOKS];
        if (*row_of == 0)
            *row_of = number + 1;
        if (*row_of == number + 1)
            return (int)(row_of - p->row_of) + 1;
    }
    p->crowded = true;
    return 0;
}

void panels_keep_baseline(
    struct panels *p, const struct results *r, const struct figure_options *o, int task) {
    const struct figure_options of_task = {.task = task};
    for (size_t i = 0; i < r->n_rows; i++)
        if (r->rows[i].baseline && figure_has_row(o, &r->rows[i]) &&
            figure_row_done(r, &r->rows[i], &of_task))
            take_look(p, (int)i);
    p->crowded = false;
}

void panels_line(struct panels *p, const struct results *r, const struct curve_values *c,
    const struct result_row *row, int task, const char *name, int number, double scale) {
    struct panel_line line = {.panel = p->panels - 1};
    size_t capacity = 0;
    for (size_t i = 0; i < c->n;) {
        struct panel_point point = {.x = c->v[i].x, .low = INFINITY, .high = -INFINITY};
        for (; i < c->n && c->v[i].x == point.x; i++) {
            if (c->v[i].task != task || !results_in_row(r, row, (enum attribute)task, c->v[i].cell))
                continue;
            point.y += scale * c->v[i].y;
            point.low = fmin(point.low, scale * c->v[i].y);
            point.high = fmax(point.high, scale * c->v[i].y);
            point.n++;
        }
        if (!point.n)
            continue;
        point.y /= (double)point.n;
        line.points = xgrow(line.points, &capacity, line.n + 1, sizeof *line.points);
        line.points[line.n++] = point;
    }
    if (!line.n || (line.look = take_look(p, number)) == 0) {
        free(line.points);
        return;
    }
    line.name = xstrdup(name);
    p->line = xgrow(p->line, &p->line_capacity, (size_t)p->lines + 1, sizeof *p->line);
    p->line[p->lines++] = line;
}

static bool has_lines(const struct panels *p, int panel) {
    return p->lines && p->line[p->lines - 1].panel == panel;
}

static void free_panel(struct panel *panel) {
    free(panel->title);
    free(panel->x_label);
    free(panel->y_label);
}

void panels_end(struct panels *p) {
    if (!has_lines(p, p->panels - 1))
        free_panel(&p->panel[--p->panels]);
}

void panels_free(struct panels *p) {
    for (int i = 0; i < p->panels; i++)
        free_panel(&p->panel[i]);
    for (int i = 0; i < p->lines; i++) {
        free(p->line[i].name);
        free(p->line[i].points);
    }
    free(p->panel);
    free(p->line);
}

/* ---- legend ---- */

enum { SAMPLE_PX = 75, LEGEND_ROW_PX = 22 };
enum { AROUND_X_PX = 92, AROUND_Y_PX = 122 }; /* all margins of a single panel */

/* One entry a look, however many panels draw it. */
struct legend {
    int entry[PANEL_LOOKS]; /* lines of panels.line */
    int n, longest, rows;
};

static struct legend make_legend(const struct panels *p) {
    struct legend l = {0};
    bool seen[PANEL_LOOKS + 1] = {0};
    for (int i = 0; i < p->lines; i++) {
        if (seen[p->line[i].look] || p->panel[p->line[i].panel].bars)
            continue;
        seen[p->line[i].look] = true;
        l.entry[l.n++] = i;
        int length = text_length(p->line[i].name);
        l.longest = length > l.longest ? length : l.longest;
    }
    return l;
}

static int entry_width(const struct legend *l) {
    return SAMPLE_PX + LETTER_PX * l->longest;
}

/* Whether the legend has room in the panel's corner, right of corner_x (of 25) and below the lines. */
static bool fits_inside(const struct panels *p, const struct legend *l, int width, int height) {
    double room = 1, wide = (width - AROUND_X_PX) * (1 - p->corner_x / 25);
    for (int i = 0; i < p->lines; i++)
        for (size_t k = 0; k < p->line[i].n; k++)
            if (p->line[i].points[k].x >= p->corner_x)
                room = fmin(room, p->line[i].points[k].low / 100);
    return p->corner_x > 0 && entry_width(l) <= wide &&
           l->n * LEGEND_ROW_PX + LEGEND_ROW_PX / 2 <= (height - AROUND_Y_PX) * room;
}

/* Rows of a legend below, its columns as wide as the longest name. */
static int legend_rows(const struct legend *l, int width) {
    int columns = width / entry_width(l);
    return columns < 1 ? l->n : (l->n + columns - 1) / columns;
}

/* ---- layout ---- */

struct layout {
    int columns, rows, width, height; /* with the legend */
    int angle, above,
        below; /* of the places' labels; room for the panels' titles, and for labels that slope */
    int first, end; /* panels of the page */
    int plot_height;
};

/* Of a panel with its labels; in a column less where all then fit on a page. */
static int panel_height(
    const struct panels *p, const struct figure_options *o, int room, int rows) {
    enum { LEAST_PX = 190 };
    bool single = p->columns == 1 && p->panels == 1;
    int height = o->width == WIDTH_SCREEN ? (single ? 390 : 285)
                 : o->width == WIDTH_PAGE ? (single ? 390 : 255)
                                          : (single ? 270 : 215);
    return height * rows > room && room / rows >= LEAST_PX ? room / rows : height;
}

/* Labels of places slope where they would collide. */
static int place_angle(const struct panels *p, int panel_width) {
    int longest = 0;
    for (int i = 0; i < p->x_names; i++) {
        int length = text_length(p->x_name[i]);
        longest = length > longest ? length : longest;
    }
    return p->x_names && longest * LABEL_PX > (panel_width - AROUND_X_PX) / p->x_names ? -40 : 0;
}

static int columns_of(const struct panels *p, const struct figure_options *o) {
    enum { COLUMN_PANELS = 3 };
    int most = o->width == WIDTH_COLUMN ? (p->panels > COLUMN_PANELS ? 2 : 1) : p->columns;
    return most < p->panels ? most : p->panels;
}

static bool has_titles(const struct panels *p) {
    for (int i = 0; i < p->panels; i++)
        if (*p->panel[i].title)
            return true;
    return false;
}

static bool lay_out(struct layout *at, struct legend *legend, struct figure *f,
    const struct panels *p, const struct figure_options *o, const char *title, struct err *e) {
    enum { SLOPE_PX = 18, TITLED_PX = 24, SMALL_PX = 6, MARGIN_PX = 6, PANEL_AROUND_PX = 82 };
    int columns = columns_of(p, o), width = page_width(o), widest = width ? width : SCREEN_PX;
    if (!width)
        width = p->columns == 1 ? 640 : columns == 1 ? 560 : 390 * columns;
    int rows = (p->panels + columns - 1) / columns;
    int each = panel_height(p, o, page_height(o), rows);
    if (!fits_inside(p, legend, width, each + AROUND_Y_PX / 2)) {
        int wanted = entry_width(legend) < widest ? entry_width(legend) : widest;
        width = width < wanted ? wanted : width;
        legend->rows = legend_rows(legend, width);
    }
    *at = (struct layout){.columns = columns, .width = width};
    at->angle = place_angle(p, width / columns);
    at->below = at->angle ? SLOPE_PX : 0;
    at->above = has_titles(p) ? TITLED_PX : SMALL_PX;
    int around = MARGIN_PX + page_title_px(o, title, width) + at->above - TITLED_PX +
                 LEGEND_ROW_PX * legend->rows;
    each = panel_height(p, o, page_height(o) - around, rows) + at->below;
    int most = (page_height(o) - around) / each;
    if (!page_panels(
            f, o, p->panels, columns * (most < rows ? most : rows), &at->first, &at->end, e))
        return false;
    at->rows = (at->end - at->first + columns - 1) / columns;
    at->height = around + each * at->rows;
    at->plot_height = each - at->below - PANEL_AROUND_PX;
    return true;
}

/* ---- script ---- */

static void add_csv(struct figure *f, const struct panels *p, const struct panel_line *line) {
    const struct panel *panel = &p->panel[line->panel];
    for (size_t i = 0; i < line->n; i++) {
        const struct panel_point *at = &line->points[i];
        if (p->x_name)
            figure_csv(&f->csv, "ssssgggd", panel->title, panel->y_label, line->name,
                p->x_name[(int)at->x], at->y, at->low, at->high, at->n);
        else
            figure_csv(&f->csv, "sssggggd", panel->title, panel->y_label, line->name, at->x, at->y,
                at->low, at->high, at->n);
    }
}

static void add_data(struct figure *f, const struct panels *p, const struct layout *at) {
    str_add(&f->csv, "panel,measure,series,x,y,low,high,n\r\n");
    str_add(&f->script, "$data << END_OF_DATA\n");
    for (int i = 0; i < p->lines; i++) {
        const struct panel_line *line = &p->line[i];
        if (line->panel < at->first || line->panel >= at->end)
            continue;
        for (size_t k = 0; k < line->n; k++)
            str_addf(&f->script, "%.10g %.10g %.10g %.10g\n", line->points[k].x, line->points[k].y,
                line->points[k].low, line->points[k].high);
        str_add(&f->script, "\n\n");
        add_csv(f, p, line);
    }
    str_add(&f->script, "END_OF_DATA\n");
}

/* Between tics of the y axis, 1, 2 or 5 times a power of 10, so that their labels do not touch. */
static double y_step(const struct panels *p, int panel, int height) {
    enum { TIC_PX = 34 };
    double low = p->panel[panel].bars ? 0 : INFINITY, high = -INFINITY;
    for (int i = 0; i < p->lines; i++)
        for (size_t k = 0; p->line[i].panel == panel && k < p->line[i].n; k++) {
            low = fmin(low, p->line[i].points[k].low);
            high = fmax(high, p->line[i].points[k].high);
        }
    double least = high > low ? (high - low) * TIC_PX / height : fmax(fabs(high), 1);
    double power = pow(10, floor(log10(least)));
    double times = least / power;
    return power * (times <= 1 ? 1 : times <= 2 ? 2 : times <= 5 ? 5 : 10);
}

static void add_panels(struct str *script, const struct panels *p, const struct layout *at) {
    enum { ALL = 1000 };
    int n = at->end - at->first;
    int letters = (at->width / at->columns - 40) / LABEL_PX;
    static const char *const arrays[] = {
        "panel_title", "x_label", "y_label", "first", "last", "bars", "y_step"};
    for (size_t i = 0; i < ARRAY_LEN(arrays); i++)
        str_addf(script, "array %s[%d]\n", arrays[i], n);
    for (int i = 0; i < n; i++) {
        const struct panel *panel = &p->panel[at->first + i];
        text_set(script, "panel_title", i + 1, panel->title, letters);
        text_set(script, "x_label", i + 1, panel->x_label, ALL);
        text_set(script, "y_label", i + 1, panel->y_label, ALL);
        str_addf(script, "bars[%d] = %d\ny_step[%d] = %.4g\n", i + 1, panel->bars, i + 1,
            y_step(p, at->first + i, at->plot_height));
    }
}

/* Lines in the order of their blocks of data; those of a panel follow each other. */
static void add_lines(struct str *script, const struct panels *p, const struct layout *at) {
    size_t longest = 0;
    int n = 0, letters = (at->width - SAMPLE_PX) / LETTER_PX;
    for (int i = 0; i < p->lines; i++)
        n += p->line[i].panel >= at->first && p->line[i].panel < at->end;
    str_addf(script, "array line_name[%d]\narray line_look[%d]\n", n, n);
    for (int i = 0, k = 0, before = -1; i < p->lines; i++) {
        const struct panel_line *line = &p->line[i];
        if (line->panel < at->first || line->panel >= at->end)
            continue;
        text_set(script, "line_name", ++k, line->name, letters);
        str_addf(script, "line_look[%d] = %d\n", k, line->look);
        if (line->panel != before)
            str_addf(script, "first[%d] = %d\n", line->panel - at->first + 1, k);
        str_addf(script, "last[%d] = %d\n", line->panel - at->first + 1, k);
        before = line->panel;
        longest = line->n > longest ? line->n : longest;
    }
    str_addf(script, "points = %zu\nmark_every = %zu\n", longest, longest > 16 ? longest / 8 : 1);
}

static void add_legend(
    struct str *script, const struct panels *p, const struct legend *l, const struct layout *at) {
    int letters = (at->width - SAMPLE_PX) / LETTER_PX;
    str_addf(script, "legend_rows = %d\nlegends = %d\n", l->rows, l->n);
    str_addf(script, "array legend_name[%d]\narray legend_look[%d]\n", l->n + 1, l->n + 1);
    for (int i = 0; i < l->n; i++) {
        text_set(script, "legend_name", i + 1, p->line[l->entry[i]].name, letters);
        str_addf(script, "legend_look[%d] = %d\n", i + 1, p->line[l->entry[i]].look);
    }
}

enum { PLACE_LETTERS = 12, RIGHT_PX = 18 };

/* Room right of the panels: a sloping label of the last place reaches out, by its length times the slope's cosine. */
static int right_px(const struct panels *p, const struct layout *at) {
    if (!at->angle)
        return RIGHT_PX;
    int letters = text_length(p->x_name[p->x_names - 1]);
    int place = (at->width / at->columns - AROUND_X_PX) / p->x_names;
    letters = letters < PLACE_LETTERS ? letters : PLACE_LETTERS;
    int out = letters * LABEL_PX * 77 / 100 + LABEL_PX - place / 2;
    return out > RIGHT_PX ? out : RIGHT_PX;
}

static void add_places(struct str *script, const struct panels *p, const struct layout *at) {
    str_addf(script, "places = %d\narray x_name[%d]\n", p->x_names, p->x_names + 1);
    for (int i = 0; i < p->x_names; i++) {
        str_addf(script, "x_name[%d] = ", i + 1);
        text_fit_tic(script, p->x_name[i], PLACE_LETTERS);
        str_addc(script, '\n');
    }
    str_addf(script, "angle = %d\nabove = %d\nbelow = %d\nbeside = %d\n", at->angle, at->above,
        at->below, right_px(p, at));
}

static int rows_drawn(const struct panels *p) {
    bool drawn[PANEL_LOOKS] = {false};
    int n = 0;
    for (int i = 0; i < p->lines; i++)
        drawn[p->line[i].look - 1] = true;
    for (int k = 0; k < PANEL_LOOKS; k++)
        n += drawn[k];
    return n;
}

bool panels_figure(struct figure *f, struct panels *p, const struct figure_options *o,
    const char *title, const char *figure, struct err *e) {
    struct layout at;
    struct legend legend = make_legend(p);
    struct str *script = &f->script;
    if (!p->lines)
        return true;
    if (!lay_out(&at, &legend, f, p, o, title, e))
        return false;
    if (p->crowded)
        str_addf(&f->notes,
            "%d rows are drawn, for there are no more styles of line; the others by --only\n",
            rows_drawn(p));
    page_terminal(script, o, at.width, at.height);
    page_title(script, o, title, at.width);
    add_data(f, p, &at);
    str_addf(script, "panels = %d\npanel_columns = %d\npanel_rows = %d\n", at.end - at.first,
        at.columns, at.rows);
    add_panels(script, p, &at);
    add_lines(script, p, &at);
    add_legend(script, p, &legend, &at);
    add_places(script, p, &at);
    str_addf(script, "%s%s%s", common_gp, figure, panels_gp);
    return true;
}
