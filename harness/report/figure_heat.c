#include "report/figure_heat.h"

#include "core/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char common_gp[] =
#include "plots/common.gp.inc"
    ;
static const char heat_gp[] =
#include "plots/heat.gp.inc"
    ;

/* ---- what is drawn ---- */

static char **copies(char *const *names, int n) {
    char **copy = xcalloc((size_t)n, sizeof *copy);
    for (int i = 0; i < n; i++)
        copy[i] = xstrdup(names[i]);
    return copy;
}

static void free_names(char **names, int n) {
    for (int i = 0; i < n; i++)
        free(names[i]);
    free(names);
}

struct heat_panel *heat_start(struct heat *h, const char *title, const char *measure,
    char *const *row, int rows, char *const *column, int columns) {
    h->panel = xgrow(h->panel, &h->capacity, (size_t)h->panels + 1, sizeof *h->panel);
    struct heat_panel *p = &h->panel[h->panels++];
    *p = (struct heat_panel){.title = xstrdup(title),
        .measure = xstrdup(measure),
        .row = copies(row, rows),
        .column = copies(column, columns),
        .rows = rows,
        .columns = columns};
    return p;
}

void heat_cell(struct heat_panel *p, struct heat_cell cell) {
    p->cell = xgrow(p->cell, &p->capacity, p->n + 1, sizeof *p->cell);
    p->cell[p->n++] = cell;
}

void heat_free(struct heat *h) {
    for (int i = 0; i < h->panels; i++) {
        struct heat_panel *p = &h->panel[i];
        free(p->title);
        free(p->measure);
        free_names(p->row, p->rows);
        free_names(p->column, p->columns);
        free(p->cell);
    }
    free(h->panel);
}

/* ---- layout ---- */

enum { NAME_LETTERS = 24, CELL_PX = 33, GAP_PX = 14, TITLE_ROOM_PX = 32 };

/* What the texts of all panels need. */
struct needs {
    int columns, rows; /* of the largest panel */
    int value, count;  /* width of a cell with both, with the value alone */
    int row_name, column_name;
};

static int longest_name(char *const *names, int n) {
    int longest = 0;
    for (int i = 0; i < n; i++) {
        int length = text_length(names[i]);
        longest = length > longest ? length : longest;
    }
    return longest < NAME_LETTERS ? longest : NAME_LETTERS;
}

static int larger(int a, int b) {
    return a > b ? a : b;
}

static struct needs find_needs(const struct heat *h, int least) {
    struct needs need = {.value = least, .count = least};
    for (int i = 0; i < h->panels; i++) {
        const struct heat_panel *p = &h->panel[i];
        need.columns = larger(need.columns, p->columns);
        need.rows = larger(need.rows, p->rows);
        need.row_name = larger(need.row_name, longest_name(p->row, p->rows));
        need.column_name = larger(need.column_name, longest_name(p->column, p->columns));
        for (size_t c = 0; c < p->n; c++) {
            need.value = larger(need.value, 4 + label_px(text_length(p->cell[c].text)));
            need.count = larger(need.count, 4 + label_px(snprintf(NULL, 0, "%ld", p->cell[c].n)));
        }
    }
    need.count = larger(need.count, need.value);
    return need;
}

static int left_px(const struct heat *h, const struct needs *need) {
    return 10 + label_px(need->row_name) + (*h->y_label ? 26 : 0);
}

static int slot_px(const struct heat *h, const struct needs *need) {
    return left_px(h, need) + need->columns * need->count + GAP_PX;
}

static int columns_within(const struct heat *h, int slot, int width) {
    int columns = width / slot;
    if (columns >= h->together)
        columns -= columns % h->together;
    columns = columns < h->panels ? columns : h->panels;
    return columns < 1 ? 1 : columns;
}

/* A screen has room. */
static int least_cell(const struct figure_options *o) {
    return o->width == WIDTH_SCREEN ? 36 : 26;
}

int heat_columns(const struct heat *h, const struct figure_options *o) {
    struct needs need = find_needs(h, least_cell(o));
    int width = page_width(o);
    return columns_within(h, slot_px(h, &need), width ? width : SCREEN_PX);
}

struct layout {
    int columns, slot, width, height, first, end;
    int left; /* of a plot in its slot */
    bool values, counts;
    struct page_box *box; /* [end - first] */
};

/* Names below a panel lie flat where they have room, else they slope, or stand where they are long. */
static int name_angle(const struct layout *at, const struct heat_panel *p) {
    int longest = longest_name(p->column, p->columns);
    int cell = (at->slot - at->left - GAP_PX) / larger(p->columns, 1);
    return label_px(longest) + 4 <= cell ? 0 : longest <= 10 ? -40 : -90;
}

static int below_px(const struct layout *at, const struct heat *h, const struct heat_panel *p) {
    int angle = name_angle(at, p), length = label_px(longest_name(p->column, p->columns));
    int names = angle == 0 ? 22 : angle == -40 ? 18 + length * 2 / 3 : 14 + length;
    return names + (*h->x_label ? 22 : 0);
}

/* Rows of panels have the height of their tallest. */
static int row_height(const struct heat *h, const struct layout *at, int first) {
    int rows = 2, below = 0;
    for (int i = first; i < first + at->columns && i < h->panels; i++) {
        rows = larger(rows, h->panel[i].rows);
        below = larger(below, below_px(at, h, &h->panel[i]));
    }
    return TITLE_ROOM_PX + CELL_PX * rows + below;
}

static void place_boxes(struct layout *at, const struct heat *h, int top) {
    at->box = xcalloc((size_t)(at->end - at->first), sizeof *at->box);
    at->height = top;
    for (int i = at->first; i < at->end; i += at->columns) {
        int height = row_height(h, at, i), rows = 2;
        for (int k = i; k < i + at->columns && k < at->end; k++)
            rows = larger(rows, h->panel[k].rows);
        for (int k = i; k < i + at->columns && k < at->end; k++) {
            int left = (k - i) * at->slot, y = at->height + TITLE_ROOM_PX;
            at->box[k - at->first] =
                (struct page_box){left + at->left, left + at->slot - GAP_PX, y, y + CELL_PX * rows};
        }
        at->height += height;
    }
}

/* Columns and widths, which do not depend on the page. */
static struct layout measure(const struct heat *h, const struct figure_options *o) {
    enum { LEAST_SLOT = 220, LEAST_WIDTH = 420 };
    struct needs need = find_needs(h, least_cell(o));
    int slot = larger(slot_px(h, &need), LEAST_SLOT), width = page_width(o);
    struct layout at = {
        .columns = columns_within(h, slot, width ? width : SCREEN_PX), .left = left_px(h, &need)};
    at.slot = width ? width / at.columns : larger(slot, LEAST_WIDTH / at.columns);
    at.width = width ? width : at.slot * at.columns;
    int cell = (at.slot - at.left - GAP_PX) / larger(need.columns, 1);
    struct needs text = find_needs(h, 0);
    at.counts = cell >= text.count;
    at.values = cell >= text.value;
    return at;
}

static bool lay_out(struct layout *at, struct figure *f, const struct heat *h,
    const struct figure_options *o, const char *title, struct err *e) {
    int top = page_title_px(o, title, at->width), total = 0, tallest = 0;
    for (int i = 0; i < h->panels; i += at->columns) {
        total += row_height(h, at, i);
        tallest = larger(tallest, row_height(h, at, i));
    }
    int room = page_height(o) - top, rows = total <= room ? h->panels : larger(room / tallest, 1);
    int each = rows * at->columns;
    if (each > h->together)
        each -= each % h->together;
    if (!page_panels(f, o, h->panels, each, &at->first, &at->end, e))
        return false;
    place_boxes(at, h, top);
    return true;
}

/* ---- script ---- */

static void add_data(struct figure *f, const struct heat *h, const struct layout *at) {
    str_add(&f->script, "$data << END_OF_DATA\n");
    str_addf(&f->csv, "panel,measure,%s,%s,value,n,small\r\n", h->row_head, h->column_head);
    for (int i = at->first; i < at->end; i++) {
        const struct heat_panel *p = &h->panel[i];
        for (size_t c = 0; c < p->n; c++) {
            const struct heat_cell *cell = &p->cell[c];
            str_addf(&f->script, "%d %d %.6g \"%s\" ", cell->column, cell->row, cell->shade,
                at->values && *cell->text ? cell->text : " ");
            if (at->counts && cell->n)
                str_addf(&f->script, "%ld\n", cell->n);
            else
                str_add(&f->script, "\" \"\n");
            figure_csv(&f->csv, "ssssgdd", p->title, p->measure, p->row[cell->row],
                p->column[cell->column], cell->value, cell->n, (long)cell->small);
        }
        if (!p->n)
            str_add(&f->script, "-9 -9 -1 \" \" \" \"\n");
        str_add(&f->script, "\n\n");
    }
    str_add(&f->script, "END_OF_DATA\n");
}

/* Triangles in the upper left corner of cells; an empty one first, for a block needs a point. */
static void add_marks(struct str *script, const struct heat *h, const struct layout *at) {
    enum { MARK_PX = 6 }; /* larger ones touch a number of four letters */
    str_add(script, "$marks << END_OF_DATA\n");
    for (int i = at->first; i < at->end; i++) {
        const struct heat_panel *p = &h->panel[i];
        const struct page_box *box = &at->box[i - at->first];
        double wide = (double)MARK_PX * p->columns / (box->right - box->left);
        double high = (double)MARK_PX * p->rows / (box->bottom - box->top);
        str_add(script, "-9 -9\n-9 -9\n-9 -9\n\n");
        for (size_t c = 0; c < p->n; c++) {
            double x = p->cell[c].column - 0.5, y = p->cell[c].row - 0.5;
            if (p->cell[c].small)
                str_addf(
                    script, "%.4g %.4g\n%.4g %.4g\n%.4g %.4g\n\n", x, y, x + wide, y, x, y + high);
        }
        str_add(script, "\n\n");
    }
    str_add(script, "END_OF_DATA\n");
}

static void add_names(struct str *script, const struct heat *h, const struct layout *at) {
    int panels = at->end - at->first, names = 0;
    for (int i = at->first; i < at->end; i++)
        names += h->panel[i].columns + h->panel[i].rows;
    str_addf(script, "panels = %d\narray panel_title[%d]\narray columns_of[%d]\narray angle[%d]\n",
        panels, panels, panels, panels);
    str_addf(
        script, "array rows_of[%d]\narray offset[%d]\narray tic_name[%d]\n", panels, panels, names);
    for (int i = at->first, name = 0; i < at->end; i++) {
        const struct heat_panel *p = &h->panel[i];
        int panel = i - at->first + 1;
        text_set(script, "panel_title", panel, p->title, at->slot / LABEL_PX);
        str_addf(script, "angle[%d] = %d\n", panel, name_angle(at, p));
        str_addf(script, "columns_of[%d] = %d\nrows_of[%d] = %d\noffset[%d] = %d\n", panel,
            p->columns, panel, p->rows, panel, name + 1);
        for (int k = 0; k < p->columns + p->rows; k++) {
            str_addf(script, "tic_name[%d] = ", ++name);
            text_fit_tic(
                script, k < p->columns ? p->column[k] : p->row[k - p->columns], NAME_LETTERS);
            str_addc(script, '\n');
        }
    }
}

static void note_narrow(struct figure *f, const struct layout *at) {
    if (!at->values || !at->counts)
        str_addf(&f->notes,
            "cells are too narrow for %s at this width: --width page or screen, or fewer classes by "
            "--bins; --keep-script leaves the numbers as CSV\n",
            at->values ? "their counts" : "numbers");
}

bool heat_figure(struct figure *f, const struct heat *h, const struct figure_options *o,
    const char *head, const char *tail, struct err *e) {
    struct str *script = &f->script;
    if (!h->panels)
        return true;
    struct layout at = measure(h, o);
    char *whole = xasprintf("%s%s%s", head, at.counts ? " (images below)" : "", tail);
    bool ok = lay_out(&at, f, h, o, whole, e);
    if (ok) {
        page_terminal(script, o, at.width, at.height);
        page_title(script, o, whole, at.width);
        add_data(f, h, &at);
        add_marks(script, h, &at);
        page_boxes(script, at.box, at.end - at.first, at.width, at.height);
        add_names(script, h, &at);
        str_addf(script, "value_at = %g\n", at.counts ? 0.5 : 0.0);
        str_addf(script, "x_label = '%s'\ny_label = '%s'\n", h->x_label, h->y_label);
        str_addf(script, "%s%s", common_gp, heat_gp);
        note_narrow(f, &at);
    }
    free(at.box);
    free(whole);
    return ok;
}
