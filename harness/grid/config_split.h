/* The split that a configuration describes, of the manifest of its set. */
#ifndef GRID_CONFIG_SPLIT_H
#define GRID_CONFIG_SPLIT_H

#include "core/str.h"
#include "data/split.h"
#include "grid/config.h"

/* split_free on success and failure alike. */
bool config_split(struct split *s, const struct manifest *m, const struct config *c, struct err *e);

/* Appends a text that two configurations share if their splits have the same samples in the same parts: their
 * keys of /data, those of pixels aside, and of /split. `split` false: whether they share a manifest. */
void config_split_key(struct str *out, const struct config *c, bool split);

#endif
