/* Forest plots: panels of rows, each a value with its interval, around a line of reference. */
#ifndef REPORT_FIGURE_FOREST_H
#define REPORT_FIGURE_FOREST_H

#include "report/figure_page.h"

struct forest_row {
    char *label, *name;      /* as drawn, and in full for the CSV; both the panel's to free */
    double value, low, high; /* NaN: a heading, or no interval */
    bool filled;             /* the marker; hollow where not */
    long n;
    double p; /* NaN: not tested */
};
struct forest_panel {
    char *title, *measure;
    double reference;   /* where the line stands; NaN: none */
    double least, most; /* of the axis at most: a share has no more than 0 to 100 */
    struct forest_row *row;
    size_t n, capacity;
};
struct forest {
    struct forest_panel *panel;
    int panels;
    size_t capacity;
    int together; /* panels that stand below each other, 1 or more */
};

/* Valid until the next. */
struct forest_panel *forest_start(
    struct forest *f, const char *title, const char *measure, double reference);
/* Copies label and name; `name` NULL: the label. */
void forest_row(struct forest_panel *p, struct forest_row row);
void forest_heading(struct forest_panel *p, const char *label);
/* Script and CSV of the page that is asked for; rows that no page has room for are dropped from the end. */
bool forest_figure(struct figure *f, struct forest *forest, const struct figure_options *o,
    const char *title, struct err *e);
void forest_free(struct forest *f);

#endif
