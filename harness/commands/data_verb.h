/* Private to data*.c: what the options of `dmtl data` say, and its actions. */
#ifndef COMMANDS_DATA_VERB_H
#define COMMANDS_DATA_VERB_H

#include "commands/data_splits.h"
#include "commands/grid_option.h"
#include "core/err.h"
#include "data/manifest.h"
#include "grid/data_option.h"

#include <stddef.h>
#include <stdint.h>

struct data_verb {
    const char *action, *argument; /* info SET, cache GRID; argument NULL where there is none */
    struct option_texts set, only; /* info, export: keys of /data or of the grid's base; variants */
    struct data_options data;
    const char *cache_dir, *out, *folds; /* folds NULL: not given */
    const char *layout;                  /* of synth: "utkface" or "adience" */
    const char *recipe; /* of synth in UTKFace's layout; NULL: nothing is planted */
    double share;       /* of synth in Adience's layout; 0: not given */
    int px, threads;
    size_t n; /* of synth in UTKFace's layout; 0: not given */
    uint64_t seed;
    bool json;
    uint32_t given; /* bit i: option i of data.c's table */
    struct err *e;  /* the parser's */
};

bool data_check(const struct data_verb *v, struct err *e);
bool data_info(const struct data_verb *v, struct err *e);
bool data_info_grid(const struct data_verb *v, struct err *e);
bool data_duplicates(const struct data_verb *v, struct err *e);
bool data_export(const struct data_verb *v, struct err *e);
bool data_synth(const struct data_verb *v, struct err *e);
bool data_cache(const struct data_verb *v, struct err *e);

/* How --set says the set is read, in a configuration of it; config_free on success and failure alike. */
bool data_verb_reading(
    const struct data_verb *v, enum dataset_id set, struct config *c, struct err *e);

/* The set called `name` (ERR_USAGE where there is none), or with NULL the only one that --data gives. */
bool data_verb_set(
    const struct data_verb *v, const char *name, enum dataset_id *set, struct err *e);

/* Whether the argument is a grid's file and no set: it ends in ".json" or has a "/" in it. */
bool data_verb_on_grid(const struct data_verb *v);

/* The manifest of the set of the argument, read as --set says in keys of /data; it may have no usable image. */
bool data_verb_open(const struct data_verb *v, struct manifest *m, struct err *e);

/* Reads the argument's grid under --set and walks the distinct splits of the variants of --only. `grid` is
 * grid_free'd by the caller on success and failure alike. */
bool data_verb_walk(const struct data_verb *v, struct grid *grid,
    bool (*fn)(void *context, const struct data_split *d, struct err *e), void *context,
    struct err *e);

#endif
