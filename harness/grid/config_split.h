/* The split that a configuration describes, of the manifest of its set. */
#ifndef GRID_CONFIG_SPLIT_H
#define GRID_CONFIG_SPLIT_H

#include "core/str.h"
#include "data/split_lists.h"
#include "grid/config.h"

/* `lists_dir`: where the files of /split/lists are. split_free on success and failure alike. */
bool config_split(struct split *s, const struct manifest *m, const struct config *c,
    const char *lists_dir, struct err *e);

/* Whether each part has a sample with the labels that the cell's tasks and /split/require ask for; else ERR_USAGE
 * with the part, and the fold where there are folds. Whether images decode is not known here. */
bool config_split_serves(
    const struct split *s, const struct manifest *m, const struct config *c, struct err *e);

/* Leaves out of each part the samples that cannot be trained on or counted: those without the labels of `tasks`
 * that /split/require asks for. */
void config_split_keep_labelled(struct split *s, const struct manifest *m, const struct config *c,
    const bool tasks[ATTR_COUNT]);

/* The files of /split/lists by part, NULL where a part has none; the caller frees each. */
void config_lists(const struct config *c, char *file[PART_COUNT]);
/* Whether they read, and what they hold (part_lists.content); "" where the split is not made of lists. */
bool config_lists_content(
    const struct config *c, const char *lists_dir, char content[SHA256_HEX], struct err *e);

/* Appends a text that two configurations share if their splits have the same samples in the same parts: their
 * keys of /data, those of pixels aside, and of /split, and their tasks where each sample must have labels for all.
 * `split` false: whether they share a manifest. */
void config_split_key(struct str *out, const struct config *c, bool split);

#endif
