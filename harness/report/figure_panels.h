/* Figures of lines: a panel a measure, a line an approach, mean and range of its runs; one legend. */
#ifndef REPORT_FIGURE_PANELS_H
#define REPORT_FIGURE_PANELS_H

#include "report/figure_page.h"
#include "store/sql.h"

/* One stored value on the way to a curve. */
struct curve_value {
    size_t cell; /* of results.cells */
    int task;
    double x, y;
};
struct curve_values {
    struct curve_value *v;
    size_t n, capacity;
};
/* Reads distinct rows (cell, variant, task, x, y), ordered by x, for every place of a cell in the grid.
 * Only cells that are done. */
bool curves_read(struct curve_values *c, const struct results *r, sqlite3 *db, struct err *e,
    const char *sql, const char *types, const char *a, const char *b, const char *d, const char *f);

struct panel_point {
    double x, y, low, high;
    long n; /* runs */
};
struct panel_line {
    int panel, look;
    char *name;
    struct panel_point *points;
    size_t n;
};
struct panel {
    char *title, *x_label, *y_label;
    bool bars; /* drawn as bars from 0, without a range */
};

enum { PANEL_LOOKS = 28 }; /* line styles of plots/common.gp */

/* Text is drawn as it is. */
struct panels {
    struct panel *panel;
    struct panel_line *line;
    int panels, lines, columns; /* panels side by side at most */
    size_t panel_capacity, line_capacity;
    char *const *x_name; /* names of the places 0, 1, ... on the x axis; NULL: numbers */
    int x_names;
    /* a single panel of 0 to 100 whose legend may stand right of this x; 0: below */
    double corner_x;
    int row_of[PANEL_LOOKS]; /* whose look it is, counted from 1; 0: nobody's yet */
    bool crowded;            /* rows were left out, for there were no more looks */
};
/* Sets looks aside for the baseline's rows, so that they are drawn where there are more rows than looks; `task` -1: of any.
 * Before the first line. */
void panels_keep_baseline(
    struct panels *p, const struct results *r, const struct figure_options *o, int task);
void panels_start(struct panels *p, const char *title, const char *x_label, const char *y_label);
/* The line of a row and task: per x the mean, lowest and highest over its cells, times `scale`. No points: no line. `number` is the
 * row's, or the task's, which has a look to itself, the same in all figures of up to PANEL_LOOKS rows. */
void panels_line(struct panels *p, const struct results *r, const struct curve_values *c,
    const struct result_row *row, int task, const char *name, int number, double scale);
/* Drops the last panel where it got no line. */
void panels_end(struct panels *p);
/* Script and CSV of the page that is asked for; `figure`: a script of plots/, put in front of panels.gp. */
bool panels_figure(struct figure *f, struct panels *p, const struct figure_options *o,
    const char *title, const char *figure, struct err *e);
void panels_free(struct panels *p);

#endif
