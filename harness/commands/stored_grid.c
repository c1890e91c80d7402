#include "commands/stored_grid.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/str.h"
#include "grid/choice.h"
#include "grid/import.h"

#include <stdlib.h>
#include <string.h>

static char *grid_name(const char *grid) {
    const char *slash = strrchr(grid, '/');
    const char *name = slash ? slash + 1 : grid;
    size_t n = strlen(name);
    return xstrndup(name, str_ends(name, ".json") ? n - strlen(".json") : n);
}

bool stored_grid_open(struct stored_grid *g, const struct grid_options *o, struct err *e) {
    char *name = grid_name(o->grid);
    *g = (struct stored_grid){.name = name, .db = grid_options_database(o, name)};
    if (file_absent(g->db))
        return err_usage(e,
            "%s: there is no such results database; `dmtl %s` makes it, --db FILE names "
            "another",
            g->db, strcmp(name, IMPORT_GRID) == 0 ? "import FILE.csv" : "run GRID.json");
    g->store = store_open(g->db, STORE_READ, e);
    char *source = g->store ? store_grid_source(g->store, name, e) : NULL;
    bool ok = source != NULL;
    free(source);
    return ok;
}

enum part stored_grid_part(const struct stored_grid *g) {
    return choice_name_length(g->name) < strlen(g->name) ? PART_VALIDATION : PART_TEST;
}

void stored_grid_close(struct stored_grid *g) {
    store_close(g->store);
    free(g->name);
    free(g->db);
    *g = (struct stored_grid){0};
}
