#include "report/figure_forest.h"

#include "core/mem.h"

#include <math.h>
#include <stdlib.h>

static const char common_gp[] =
#include "plots/common.gp.inc"
    ;
static const char forest_gp[] =
#include "plots/forest.gp.inc"
    ;

/* ---- what is drawn ---- */

struct forest_panel *forest_start(
    struct forest *f, const char *title, const char *measure, double reference) {
    f->panel = xgrow(f->panel, &f->capacity, (size_t)f->panels + 1, sizeof *f->panel);
    struct forest_panel *p = &f->panel[f->panels++];
    *p = (struct forest_panel){.title = xstrdup(title),
        .measure = xstrdup(measure),
        .reference = reference,
        .least = -INFINITY,
        .most = INFINITY};
    return p;
}

void forest_row(struct forest_panel *p, struct forest_row row) {
    p->row = xgrow(p->row, &p->capacity, p->n + 1, sizeof *p->row);
    row.name = xstrdup(row.name ? row.name : row.label);
    row.label = xstrdup(row.label);
    p->row[p->n++] = row;
}

void forest_heading(struct forest_panel *p, const char *label) {
    forest_row(p, (struct forest_row){
                      .label = (char *)label, .value = NAN, .low = NAN, .high = NAN, .p = NAN});
}

void forest_free(struct forest *f) {
    for (int i = 0; i < f->panels; i++) {
        for (size_t k = 0; k < f->panel[i].n; k++) {
            free(f->panel[i].row[k].label);
            free(f->panel[i].row[k].name);
        }
        free(f->panel[i].title);
        free(f->panel[i].measure);
        free(f->panel[i].row);
    }
    free(f->panel);
}

/* ---- layout ---- */

enum {
    ROW_PX = 18,
    HEAD_PX = 30,
    FOOT_PX = 56,
    PLOT_PX = 190,
    SCREEN_PLOT_PX = 270,
    LABEL_GAP_PX = 10,
    GAP_PX = 20
};

struct layout {
    int columns, slot, left, letters, width, height;
    int first, end; /* panels; whole stacks */
    struct page_box *box;
};

/* Letters of labels that leave the plots the larger half of a slot. */
static int label_letters(const struct forest *f, int width) {
    int longest = 4, most = width ? width * 9 / 20 / LABEL_PX : 60;
    for (int i = 0; i < f->panels; i++)
        for (size_t k = 0; k < f->panel[i].n; k++) {
            int length = text_length(f->panel[i].row[k].label);
            longest = length > longest ? length : longest;
        }
    return longest < most ? longest : most;
}

static int panel_height(const struct forest_panel *p) {
    return HEAD_PX + ROW_PX * (int)p->n + FOOT_PX;
}

static void drop_row(struct forest_panel *p) {
    p->n--;
    free(p->row[p->n].label);
    free(p->row[p->n].name);
}

/* In print a stack of panels that is taller than a page loses its longest panel's last rows, which is said. */
static void cut_rows(
    struct figure *f, struct forest *forest, const struct figure_options *o, int top) {
    for (int first = 0; o->width != WIDTH_SCREEN && first < forest->panels;
         first += forest->together) {
        int over = top - page_height(o), dropped = 0;
        struct forest_panel *longest = &forest->panel[first];
        for (int i = first; i < first + forest->together && i < forest->panels; i++) {
            over += panel_height(&forest->panel[i]);
            longest = forest->panel[i].n > longest->n ? &forest->panel[i] : longest;
        }
        for (; over > 0 && longest->n > 1; over -= ROW_PX, dropped++)
            drop_row(longest);
        if (dropped)
            str_addf(&f->notes,
                "%s: the last %d rows do not fit on a page: --width screen has them\n",
                longest->title, dropped);
    }
}

/* The panels of a stack, and of the stacks beside it, at their tallest. */
static int stack_height(const struct forest *f, int first, int columns) {
    int tallest = 0;
    for (int c = 0; c < columns; c++) {
        int height = 0;
        for (int i = 0; i < f->together; i++) {
            int at = first + c * f->together + i;
            height += at < f->panels ? panel_height(&f->panel[at]) : 0;
        }
        tallest = height > tallest ? height : tallest;
    }
    return tallest;
}

static void place_boxes(struct layout *at, const struct forest *f, int top) {
    int step = f->together * at->columns;
    at->box = xcalloc((size_t)(at->end - at->first), sizeof *at->box);
    at->height = top;
    for (int row = at->first; row < at->end; row += step) {
        for (int i = row, y = 0; i < row + step && i < at->end; i++) {
            int column = (i - row) / f->together;
            y = (i - row) % f->together ? y : at->height;
            int height = panel_height(&f->panel[i]);
            at->box[i - at->first] = (struct page_box){column * at->slot + at->left,
                (column + 1) * at->slot - GAP_PX, y + HEAD_PX, y + height - FOOT_PX};
            y += height;
        }
        at->height += stack_height(f, row, at->columns);
    }
}

/* Columns and widths, which do not depend on the page: as few columns as rows of stacks allow. */
static struct layout measure(const struct forest *f, const struct figure_options *o) {
    int width = page_width(o), plot = width ? PLOT_PX : SCREEN_PLOT_PX;
    int stacks = (f->panels + f->together - 1) / f->together;
    struct layout at = {.letters = label_letters(f, width)};
    at.left = LABEL_GAP_PX + label_px(at.letters);
    int slot = at.left + plot + GAP_PX, columns = (width ? width : SCREEN_PX) / slot;
    columns = columns < 1 ? 1 : columns < stacks ? columns : stacks;
    int rows = (stacks + columns - 1) / columns;
    at.columns = (stacks + rows - 1) / rows;
    at.slot = width ? width / at.columns : slot + (at.columns == 1 ? PLOT_PX : 0);
    at.width = width ? width : at.slot * at.columns;
    return at;
}

static bool lay_out(struct layout *at, struct figure *figure, const struct forest *f,
    const struct figure_options *o, const char *title, struct err *e) {
    int top = page_title_px(o, title, at->width), total = 0, tallest = 0;
    int step = f->together * at->columns;
    for (int i = 0; i < f->panels; i += step) {
        int height = stack_height(f, i, at->columns);
        total += height;
        tallest = height > tallest ? height : tallest;
    }
    int room = page_height(o) - top, rows = total <= room ? f->panels : room / tallest;
    if (!page_panels(figure, o, f->panels, (rows < 1 ? 1 : rows) * step, &at->first, &at->end, e))
        return false;
    place_boxes(at, f, top);
    return true;
}

/* ---- axis ---- */

struct span {
    double from, to;
};

static void widen(struct span *a, double x) {
    if (!isfinite(x))
        return;
    a->from = fmin(a->from, x);
    a->to = fmax(a->to, x);
}

static struct span find_axis(const struct forest_panel *p) {
    struct span a = {INFINITY, -INFINITY};
    widen(&a, p->reference);
    for (size_t i = 0; i < p->n; i++) {
        widen(&a, p->row[i].value);
        widen(&a, p->row[i].low);
        widen(&a, p->row[i].high);
    }
    if (a.from > a.to)
        return (struct span){0, 1};
    double pad = a.to > a.from ? 0.05 * (a.to - a.from) : fmax(1, 0.05 * fabs(a.to));
    a.from = fmax(a.from - pad, fmin(p->least, a.from));
    a.to = fmin(a.to + pad, fmax(p->most, a.to));
    return a;
}

/* ---- script ---- */

static void add_row(struct figure *f, const struct forest_panel *p, size_t at) {
    const struct forest_row *row = &p->row[at];
    if (isnan(row->value))
        return;
    str_addf(&f->script, "%zu %.10g %.10g %.10g %d\n", at, row->value,
        isnan(row->low) ? row->value : row->low, isnan(row->high) ? row->value : row->high,
        row->filled);
    figure_csv(&f->csv, "sssgggdgd", p->title, p->measure, row->name, row->value, row->low,
        row->high, row->n, row->p, (long)row->filled);
}

static void add_data(struct figure *f, const struct forest *forest, const struct layout *at) {
    str_add(&f->csv, "panel,measure,row,x,low,high,n,p,filled\r\n");
    str_add(&f->script, "$data << END_OF_DATA\n");
    for (int i = at->first; i < at->end; i++) {
        size_t before = f->script.len;
        for (size_t k = 0; k < forest->panel[i].n; k++)
            add_row(f, &forest->panel[i], k);
        str_add(&f->script, f->script.len == before ? "-9 0 0 0 1\n\n\n" : "\n\n");
    }
    str_add(&f->script, "END_OF_DATA\n");
}

static void add_panels(struct str *script, const struct forest *f, const struct layout *at) {
    static const char *const arrays[] = {
        "panel_title", "measure", "from", "to", "has_reference", "reference", "rows_of", "offset"};
    int n = at->end - at->first, labels = 0;
    for (size_t i = 0; i < ARRAY_LEN(arrays); i++)
        str_addf(script, "array %s[%d]\n", arrays[i], n);
    for (int i = 1; i <= n; i++) {
        const struct forest_panel *p = &f->panel[at->first + i - 1];
        struct span axis = find_axis(p);
        bool has = isfinite(p->reference);
        text_set(script, "panel_title", i, p->title, (at->slot - at->left + GAP_PX) / LABEL_PX);
        text_set(script, "measure", i, p->measure, (at->slot - at->left) / LABEL_PX);
        str_addf(script, "from[%d] = %.10g\nto[%d] = %.10g\nhas_reference[%d] = %d\n", i, axis.from,
            i, axis.to, i, has);
        str_addf(script, "reference[%d] = %.10g\nrows_of[%d] = %zu\noffset[%d] = %d\n", i,
            has ? p->reference : 0, i, p->n, i, labels + 1);
        labels += (int)p->n;
    }
    str_addf(script, "array row_label[%d]\n", labels + 1);
    for (int i = at->first, k = 0; i < at->end; i++)
        for (size_t row = 0; row < f->panel[i].n; row++) {
            str_addf(script, "row_label[%d] = ", ++k);
            text_fit_tic(script, f->panel[i].row[row].label, at->letters);
            str_addc(script, '\n');
        }
}

bool forest_figure(struct figure *f, struct forest *forest, const struct figure_options *o,
    const char *title, struct err *e) {
    struct str *script = &f->script;
    if (!forest->panels)
        return true;
    struct layout at = measure(forest, o);
    cut_rows(f, forest, o, page_title_px(o, title, at.width));
    if (!lay_out(&at, f, forest, o, title, e))
        return false;
    page_terminal(script, o, at.width, at.height);
    page_title(script, o, title, at.width);
    add_data(f, forest, &at);
    str_addf(script, "panels = %d\n", at.end - at.first);
    page_boxes(script, at.box, at.end - at.first, at.width, at.height);
    add_panels(script, forest, &at);
    str_addf(script, "%s%s", common_gp, forest_gp);
    free(at.box);
    return true;
}
