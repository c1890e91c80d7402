/* The choice of open keys (select.h) from what the store holds. */
#ifndef GRID_CHOICE_H
#define GRID_CHOICE_H

#include "grid/grid.h"
#include "store/store.h"

/* The grid that the candidates of `grid` are cells of: "GRID:select". The caller frees. */
char *choice_grid(const char *grid);

/* Bytes of the name without ":select" at its end. */
size_t choice_name_length(const char *grid);

/* The cells of a grid's candidates and, behind them, its own. store_cells_free. */
bool choice_cells(
    struct store *s, const char *grid, struct cell_record **cells, size_t *n, struct err *e);

/* store_cell in either of them. */
int choice_cell(
    struct store *s, const char *grid, int64_t cell, struct cell_record *r, struct err *e);

/* store_check_data for both of them, of the version of a set that a manifest has. */
bool choice_check_data(struct store *s, const char *grid, const struct manifest *m, struct err *e);

/* store_check_weights for both of them. */
bool choice_check_weights(struct store *s, const char *grid, const char *trunk, const char *weights,
    const char *sha256, struct err *e);

/* store_check_lists for both of them; nothing is asked of a configuration without lists. */
bool choice_check_lists(
    struct store *s, const char *grid, const struct config *c, const char *content, struct err *e);

/* Whether a cell of a grid, as it stands in the store, still has keys to choose. */
bool choice_open(const struct cell_record *cell);

enum choice {
    CHOICE_NONE,   /* the cell has nothing to choose */
    CHOICE_WAITS,  /* a candidate is neither done nor failed */
    CHOICE_MADE,   /* its members point to the answer from now on */
    CHOICE_FAILED, /* e says why: all candidates diverged, or one failed otherwise */
    CHOICE_ERROR   /* e says what is out of order, with the store or with what it holds */
};
/* Answers one cell of a grid, in a transaction of its own. *line: what was chosen, for people, ends with
 * a newline; the caller frees; NULL unless CHOICE_MADE. */
enum choice choice_make(
    struct store *s, const struct cell_record *cell, char **line, struct err *e);

#endif
