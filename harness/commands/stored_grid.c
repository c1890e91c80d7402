#include "commands/stored_grid.h"

#include "commands/command.h"
#include "core/file.h"
#include "core/mem.h"
#include "core/str.h"

#include <stdlib.h>
#include <string.h>

static char *grid_name(const char *grid) {
    const char *slash = strrchr(grid, '/');
    const char *name = slash ? slash + 1 : grid;
    size_t n = strlen(name);
    return xstrndup(name, str_ends(name, ".json") ? n - strlen(".json") : n);
}

bool stored_grid_open(struct stored_grid *g, const char *grid, const char *db, struct err *e) {
    char *name = grid_name(grid);
    *g = (struct stored_grid){.name = name, .db = command_database(db, name)};
    if (!file_exists(g->db))
        return err_usage(e,
            "%s: there is no such results database; `dmtl run GRID.json` makes it, --db FILE names "
            "another",
            g->db);
    g->store = store_open(g->db, STORE_READ, e);
    char *source = g->store ? store_grid_source(g->store, name, e) : NULL;
    bool ok = source != NULL;
    free(source);
    return ok;
}

void stored_grid_close(struct stored_grid *g) {
    store_close(g->store);
    free(g->name);
    free(g->db);
    *g = (struct stored_grid){0};
}
