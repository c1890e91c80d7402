/* The steps of reading a grid file, private to grid/. */
#ifndef GRID_GRID_PARTS_H
#define GRID_GRID_PARTS_H

#include "grid/grid.h"

/* The file's parts, each checked for its type; NULL where the file does not have it. */
struct grid_axis {
    char **pointers; /* of the keys that go together; owned */
    int n;
    const cJSON *values; /* of more than one key: lists of n values */
};
struct grid_file {
    const char *where;  /* the file, for messages */
    bool no_candidates; /* are made */
    cJSON *base;        /* --set applied; owned */
    const cJSON *variants, *exclude, *report;
    struct grid_axis *axes; /* owned */
    size_t n_axes;
};

/* The member "axes", an object or NULL, checked; grid_axes_free on success and failure alike. */
bool grid_axes_read(struct grid_file *f, const cJSON *axes, struct err *e);
void grid_axes_free(struct grid_file *f);
/* The first value of the axis that sets this key; NULL: none does. */
const cJSON *grid_axes_first(const struct grid_file *f, const char *pointer);
size_t grid_axes_combinations(const struct grid_file *f);
/* Sets combination `k` of the axes' values in `config`, the last axis fastest, and as pointer -> value in `axes`. */
bool grid_axes_apply(const struct grid_file *f, size_t k, const char *variant, cJSON *config,
    cJSON *axes, struct err *e);

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
