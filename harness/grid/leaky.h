/* Which splits are known to leak before any image is read: those that put images of one person into several
 * parts, so that a network may know a face of the test part from training. Marked wherever they are shown. */
#ifndef GRID_LEAKY_H
#define GRID_LEAKY_H

#include "grid/config.h"

#include <stdbool.h>

bool config_leaky(const struct config *c);
/* The same by the names that the store has. */
bool split_leaky(const char *dataset, const char *split_kind);

#endif
