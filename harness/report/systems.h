/* What is audited and compared: the systems of a grid. A system is a row of the grid's table in one setting of the
 * axes that are no repetition, or one variant: cells that differ by seed, split seed and fold alone. An imported
 * system is a variant of the grid `import`. */
#ifndef REPORT_SYSTEMS_H
#define REPORT_SYSTEMS_H

#include "core/err.h"
#include "grid/grid.h"
#include "report/results.h"
#include "store/store.h"

struct system {
    char *title;     /* the row's, or the variant's name; with ", SETTING" where there is one */
    char *setting;   /* "" none */
    char **variants; /* the grid's texts; the cells of a task are those of the first that has it */
    int n_variants;
    bool baseline;
    int row; /* its place among the rows of the grid's table, -1: none of them */
};

struct kept_predictions;
struct systems {
    struct store *store; /* the caller's */
    struct grid grid;
    struct store_member *members;
    size_t n_members;
    char **setting;               /* [n_members] */
    bool (*has_task)[ATTR_COUNT]; /* likewise */
    struct system *list;
    size_t n, capacity;
    struct kept_predictions *kept; /* what read_predictions has read of them */
    bool borrowed;                 /* kept is another's */
};

/* Reads a grid of the store; its rows' systems come first, in the table's order. systems_free on success and failure
 * alike. */
bool systems_read(struct systems *s, struct store *store, const char *grid, struct err *e);
void systems_free(struct systems *s);

/* The place in the list of the system called `name`: a row's title or a variant, with ":SETTING" behind it where the
 * grid has several settings; NULL: the baseline. ERR_USAGE with what there is, and -1, where none or several fit. */
int systems_find(struct systems *s, const char *name, struct err *e);

/* Whether the system is the row of a table of the same grid. */
bool system_is_row(const struct system *s, const struct results *r, const struct result_row *row);

/* The members behind a system's task, each cell once: those done first, in the grid's order. *members is the
 * caller's to free; none where it has no such task. */
void system_members(const struct systems *s, size_t system, enum attribute task,
    const struct store_member ***members, size_t *done, size_t *planned);

#endif
