/* A small results database as two variants, trained with two seeds each, would leave it, made through the
 * store's own functions: drawn set of 240 samples (two of the
 * training part undecodable), tasks age (ordinal, ranks 1-116), gender, race; 3
 * epochs of 10 steps; predictions with probabilities on validation (40) and test (80); everything random
 * from fixed seeds, so the file's contents are always the same, times apart.
 *
 * Grid "fixture": variants x seeds 1, 2, all done. Grid "subset": its first cell again. */
#ifndef FIXTURE_STORE_H
#define FIXTURE_STORE_H

#include "core/err.h"

#include <stdbool.h>

struct fixture_names {
    const char *variant[2], *gender[2], *race[5];
};
extern const struct fixture_names fixture_plain; /* full, equal-weights; male, female; White, ... */
extern const struct fixture_names fixture_hostile; /* quotes, backquotes, newlines, markup, , = % */

/* SQL that makes a database of schema version 1 of one as it is written now. */
extern const char fixture_version_1[];
extern const char fixture_version_3[], fixture_version_2[]; /* likewise */

bool fixture_store(const char *path, struct err *e); /* with the plain names */
bool fixture_store_named(const char *path, const struct fixture_names *names, struct err *e);

#endif
