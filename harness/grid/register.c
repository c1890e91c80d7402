#include "grid/register.h"

#include "core/mem.h"
#include "grid/catalogue.h"
#include "grid/choice.h"
#include "store/sql.h"

#include <stdlib.h>
#include <string.h>

bool grid_put_config(
    const struct config *c, const char *id, struct store *s, int64_t *cell, struct err *e) {
    struct str config = {0};
    cJSON *resolved = config_resolved(c);
    json_canonical(&config, resolved);
    cJSON_Delete(resolved);
    bool ok = store_put_cell(s,
        &(struct store_cell){.id = id,
            .config = config.text,
            .dataset = dataset_names[c->data.set].name,
            .split = split_kind_names[c->split.kind].name,
            .split_seed = c->split.seed,
            .seed = c->seed,
            .fold = c->split.kind == SPLIT_IN_FOLDS ? c->split.fold : -1,
            .epochs = c->epochs},
        cell, e);
    str_free(&config);
    return ok;
}

static bool put_all(const char *name, const char *source, const struct cell *cells, size_t n,
    struct store *s, struct err *e) {
    int64_t grid, cell;
    if (!store_put_grid(s, name, source, &grid, e) || !store_clear_members(s, grid, e))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!grid_put_config(&cells[i].config, cells[i].id, s, &cell, e) ||
            !store_put_member(s, grid, cell, cells[i].variant, cells[i].axes, (int)i, e))
            return false;
    return true;
}

/* The same file under a title that says what its cells are for. */
static char *candidates_source(const struct grid *g) {
    struct err none = {0};
    struct str text = {0};
    char *title = xasprintf("%s: values tried on the validation part", g->title);
    cJSON *root = json_parse("grid", g->source, strlen(g->source), &none);
    json_object_set(root, "title", cJSON_CreateString(title));
    json_pretty(&text, root);
    cJSON_Delete(root);
    free(title);
    return str_detach(&text);
}

static bool put_candidates(const struct grid *g, struct store *s, struct err *e) {
    char *name = choice_grid(g->name), *source = candidates_source(g);
    bool ok = put_all(name, source, g->candidates, g->n_candidates, s, e);
    free(source);
    free(name);
    return ok;
}

/* A grid that has stopped choosing keeps its candidates' cells, but none of them is planned any more. */
static bool had_candidates(const struct grid *g, struct store *s, struct err *e) {
    char *name = choice_grid(g->name);
    long long n =
        sql_long(store_db(s), e, 0, "SELECT count(*) FROM grid WHERE name = ?1", "s", name);
    free(name);
    return n > 0;
}

bool grid_register(const struct grid *g, struct store *s, struct err *e) {
    if (!store_begin(s, e))
        return false;
    if (put_all(g->name, g->source, g->cells, g->n_cells, s, e) &&
        (!(g->n_candidates || had_candidates(g, s, e)) || put_candidates(g, s, e)) &&
        e->kind == ERR_NONE && store_commit(s, e))
        return true;
    store_rollback(s);
    return err_add(e, "registering the grid %s", g->name);
}
