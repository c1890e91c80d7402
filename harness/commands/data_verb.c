/* What the actions of `dmtl data` share: the set or the splits that the command line names. */
#include "commands/data_verb.h"

#include "core/file.h"
#include "core/json.h"
#include "core/mem.h"
#include "core/str.h"
#include "grid/catalogue.h"
#include "grid/keys.h"

#include <stdlib.h>
#include <string.h>

bool data_verb_on_grid(const struct data_verb *v) {
    return v->argument && (strchr(v->argument, '/') || str_ends(v->argument, ".json"));
}

bool data_verb_open(const struct data_verb *v, struct manifest *m, struct err *e) {
    enum dataset_id set;
    struct config c = {0};
    const char *dir = NULL;
    if (v->only.n)
        return err_usage(e, "data %s: --only counts for nothing without a grid", v->action);
    if (v->data.lists)
        return err_usage(e, "data %s: --lists counts for nothing without a grid", v->action);
    bool ok = data_verb_set(v, v->argument, &set, e) && data_verb_reading(v, set, &c, e) &&
              (dir = data_options_dir(&v->data, set, e)) &&
              manifest_open_any(m, set, c.data.reading, dir, v->cache_dir, v->threads, e);
    config_free(&c);
    return ok;
}

/* ---- the splits of a grid ---- */

struct walking {
    const struct option_texts *only;
    bool (*fn)(void *context, const struct data_split *d, struct err *e);
    void *context;
};

static bool chosen(void *context, const struct cell *cell) {
    const struct walking *w = context;
    return w->only->n == 0 || word_find(w->only->text, (int)w->only->n, cell->variant) >= 0;
}

static bool hand_on(void *context, const struct data_split *d, struct err *e) {
    const struct walking *w = context;
    return w->fn(w->context, d, e);
}

bool data_verb_walk(const struct data_verb *v, struct grid *grid,
    bool (*fn)(void *context, const struct data_split *d, struct err *e), void *context,
    struct err *e) {
    struct walking w = {.only = &v->only, .fn = fn, .context = context};
    return grid_read(grid, v->argument, v->set.text, (int)v->set.n, e) &&
           grid_check_names(grid, "--only", v->only.text, (int)v->only.n, e) &&
           data_splits_walk(&(struct data_splits){.grid = grid,
                                .data = &v->data,
                                .cache_dir = v->cache_dir,
                                .threads = v->threads,
                                .chosen = chosen,
                                .fn = hand_on,
                                .context = &w},
               e);
}
