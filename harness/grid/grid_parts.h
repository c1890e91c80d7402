/* The steps of reading a grid file, private to grid/. */
#ifndef GRID_GRID_PARTS_H
#define GRID_GRID_PARTS_H

#include "grid/grid.h"

/* The file's parts, each checked for its type; NULL where the file does not have it. */
struct grid_file {
    const char *where; /* the file, for messages */
    cJSON *base;       /* --set applied; owned */
    const cJSON *variants, *axes, *exclude, *report;
};

/* The cells of all variants, from checked variants; fills g->cells. */
bool grid_make_cells(struct grid *g, const struct grid_file *f, struct err *e);

/* Rows and columns of the table, as the file says or by default; needs the cells. */
bool grid_make_report(struct grid *g, const struct grid_file *f, struct err *e);

/* The variant of this name, or -1 with "WHERE: AT: unknown variant ..." set. */
int grid_find_variant(const struct grid *g, const struct grid_file *f, const char *at,
    const cJSON *name, struct err *e);

/* Refuses a member of `object` that is not one of the `n` names; `at` is the object's pointer. */
bool grid_known_members(const struct grid_file *f, const char *at, const cJSON *object,
    const char *const *names, size_t n, struct err *e);

#endif
