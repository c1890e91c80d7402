/* The names of classes that a row's numbers go by. */
#ifndef REPORT_FIGURE_CLASSES_H
#define REPORT_FIGURE_CLASSES_H

#include "report/figure.h"
#include "store/sql.h"

struct class_names {
    char **name;
    int n;
    size_t capacity;
};

/* Age groups of a row: as asked for, else those of the table's first column of ages, else decades; "" where its ages are
 * groups already. */
const char *figure_bins(
    const struct results *r, const struct result_row *row, const struct figure_options *o);

/* The classes of a task, or the groups of an attribute: of ages those of `bins`, or for "" the set's. None where the set
 * has no such label. Bins that are unknown, or that the row's ages cannot have, are ERR_USAGE. class_names_free on
 * success and failure alike. */
bool class_names_read(struct class_names *c, const struct results *r, sqlite3 *db,
    const struct result_row *row, int attribute, const char *bins, struct err *e);
void class_names_free(struct class_names *c);

/* The store's name (`grouping` of views.sql) of the group with these values, of the attributes that have classes; "all"
 * where none has. The caller frees. */
char *class_names_grouping(
    const struct class_names groups[ATTR_COUNT], const int value[ATTR_COUNT]);

#endif
