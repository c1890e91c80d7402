#include "grid/register.h"

#include "grid/catalogue.h"

#include <stdlib.h>

static bool put_cell(
    const struct cell *c, struct store *s, int64_t grid, int position, struct err *e) {
    struct str config = {0};
    cJSON *resolved = config_resolved(&c->config);
    json_canonical(&config, resolved);
    cJSON_Delete(resolved);
    int64_t cell;
    bool ok = store_put_cell(s,
                  &(struct store_cell){.id = c->id,
                      .config = config.text,
                      .dataset = dataset_names[c->config.data.set].name,
                      .split = split_kind_names[c->config.split.kind].name,
                      .split_seed = c->config.split.seed,
                      .seed = c->config.seed,
                      .fold = -1,
                      .epochs = c->config.epochs},
                  &cell, e) &&
              store_put_member(s, grid, cell, c->variant, c->axes, position, e);
    str_free(&config);
    return ok;
}

static bool put_all(const struct grid *g, struct store *s, struct err *e) {
    int64_t grid;
    if (!store_put_grid(s, g->name, g->source, &grid, e) || !store_clear_members(s, grid, e))
        return false;
    for (size_t i = 0; i < g->n_cells; i++)
        if (!put_cell(&g->cells[i], s, grid, (int)i, e))
            return false;
    return true;
}

bool grid_register(const struct grid *g, struct store *s, struct err *e) {
    if (!store_begin(s, e))
        return false;
    if (put_all(g, s, e) && store_commit(s, e))
        return true;
    store_rollback(s);
    return err_add(e, "registering the grid %s", g->name);
}
