/* Private to data*.c: what the options of `dmtl data` say, and its actions. */
#ifndef COMMANDS_DATA_VERB_H
#define COMMANDS_DATA_VERB_H

#include "core/err.h"
#include "commands/grid_option.h"
#include "grid/data_option.h"

#include <stddef.h>
#include <stdint.h>

struct data_verb {
    const char *action, *argument; /* info SET, cache GRID; argument NULL where there is none */
    struct data_options data;
    const char *cache_dir, *out, *folds; /* folds NULL: not given */
    const char *layout;                  /* of synth: "utkface" or "adience" */
    const char *recipe; /* of synth in UTKFace's layout; NULL: nothing is planted */
    double share;       /* of synth in Adience's layout; 0: not given */
    int px, threads;
    size_t n; /* of synth in UTKFace's layout; 0: not given */
    uint64_t seed;
    bool json;
    struct option_texts set; /* of info: "/data/KEY=VALUE" */
    struct err *e;           /* the parser's */
};

bool data_info(const struct data_verb *v, struct err *e);
bool data_cache(const struct data_verb *v, struct err *e);

/* How --set says the set is read, in a configuration of it; config_free on success and failure alike. */
bool data_verb_reading(
    const struct data_verb *v, enum dataset_id set, struct config *c, struct err *e);

/* The set called `name` (ERR_USAGE where there is none), or with NULL the only one that --data gives. */
bool data_verb_set(
    const struct data_verb *v, const char *name, enum dataset_id *set, struct err *e);

#endif
