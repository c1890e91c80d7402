/* Which of a grid's cells, and of the candidates of their open keys, a run is about: by variant and by shard.
 * Cells are named by their places in the grid, which the store has too. */
#ifndef GRID_CHOSEN_H
#define GRID_CHOSEN_H

#include "grid/grid.h"

/* Part `part` of 1 ... `parts` of a grid, for runs that have a database each (`dmtl merge` joins them). Cells
 * that share one choice of open keys go together; what goes together is dealt out in turn. parts 0: all of it. */
struct shard {
    int part, parts;
};
enum { MAX_SHARDS = 100000 };
bool shard_parse(struct shard *s, const char *text, struct err *e); /* "3/8"; ERR_USAGE */

/* The unit of each cell, from 0 to *n - 1: the cells of one go together, into part unit % parts + 1. The caller frees;
 * NULL on failure. */
size_t *shard_units(const struct grid *g, size_t *n, struct err *e);

struct chosen {
    bool *cells, *candidates;
    size_t n_cells, n_candidates; /* of the grid */
};
/* Those of the variants `only` (n_only 0: all) in the shard. chosen_free. */
bool chosen_make(struct chosen *c, const struct grid *g, const char *const *only, size_t n_only,
    const struct shard *s, struct err *e);
void chosen_free(struct chosen *c);

/* Places as text, from 0: "0-4,7", or "none"; the caller frees. And back: places up to the largest that the text
 * names; the caller frees; NULL: it is no such text. */
char *places_text(const bool *places, size_t n);
bool *places_parse(const char *text, size_t *n);

#endif
