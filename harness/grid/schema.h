/* The JSON Schema of grid files, made from the key table: for editors and for whoever writes grids by program. What
 * spans keys (a stage's name by the trunk, labels of the set) it does not know: grid_read does. */
#ifndef GRID_SCHEMA_H
#define GRID_SCHEMA_H

#include "core/str.h"

/* Appends the schema (draft 2020-12) as text, one line a member, ending in a newline. */
void schema_print(struct str *out);

#endif
