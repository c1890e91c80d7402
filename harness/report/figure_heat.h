/* Figures of heat maps: panels of rows and columns of cells with a value and a count in each. */
#ifndef REPORT_FIGURE_HEAT_H
#define REPORT_FIGURE_HEAT_H

#include "report/figure_page.h"

struct heat_cell {
    int row, column;
    double shade; /* 0 white to 1 dark; below 0: no colour */
    double value; /* of the CSV */
    long n;
    bool small;    /* marked: too few to be relied on */
    char text[16]; /* the value as it is drawn */
};
struct heat_panel {
    char *title, *measure;
    char **row, **column; /* names */
    int rows, columns;
    struct heat_cell *cell; /* those without samples are left out */
    size_t n, capacity;
};
struct heat {
    struct heat_panel *panel;
    int panels;
    size_t capacity;
    const char *x_label, *y_label;      /* "" none */
    const char *row_head, *column_head; /* names of the CSV's columns */
    int together; /* panels that belong together: a row of panels holds a multiple of them, or 1 */
};

/* Adds a panel with copies of the names; valid until the next. */
struct heat_panel *heat_start(struct heat *h, const char *title, const char *measure,
    char *const *row, int rows, char *const *column, int columns);
void heat_cell(struct heat_panel *p, struct heat_cell cell);
/* Panels side by side at most, at this width, were each as large as its cells' text needs. */
int heat_columns(const struct heat *h, const struct figure_options *o);
/* Script and CSV of the page that is asked for. The title says between its head and tail that counts stand below values,
 * where there is room for them. */
bool heat_figure(struct figure *f, const struct heat *h, const struct figure_options *o,
    const char *head, const char *tail, struct err *e);
void heat_free(struct heat *h);

#endif
