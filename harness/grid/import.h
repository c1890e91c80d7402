/* Predictions of another system in the store: one cell a seed and fold in the grid `import`, whose variants are the
 * systems. A cell's id is a SHA-256 over the system's name, the set's fingerprint, the file's content, seed and fold. */
#ifndef GRID_IMPORT_H
#define GRID_IMPORT_H

#include "core/err.h"
#include "data/predictions_csv.h"
#include "store/store.h"

#define IMPORT_GRID "import"
#define IMPORT_SPLIT "imported" /* of its cells: another's, and unknown */
enum { IMPORT_MAX_NAME = 200 };

/* What a system may be called: 1 to IMPORT_MAX_NAME bytes of UTF-8 without control characters, and without ':', which
 * parts a grid from its systems. */
bool import_check_name(const char *name, struct err *e);

enum import_outcome { IMPORT_STORED, IMPORT_THERE_ALREADY };

/* Stores all of it, or nothing, in one transaction, with every metric of every group as a cell of our own has them.
 * Other predictions under that name are refused (ERR_USAGE), or with `replace` deleted. */
bool import_store(struct store *s, const struct manifest *m, const struct imported *im,
    const char *name, bool replace, enum import_outcome *outcome, struct err *e);

#endif
