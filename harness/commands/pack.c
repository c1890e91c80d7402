/* dmtl pack: a trained network as one file, which `dmtl predict` asks. */
#include "commands/command.h"
#include "commands/stored_grid.h"
#include "core/mem.h"
#include "core/str.h"
#include "predict/model_file.h"
#include "store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_CELL = 256, KEY_WEIGHTS };

static const struct argp_option options[] = {
    {"cell", KEY_CELL, "ID", 0,
        "the cell whose id begins so, where the grid has several that are done", 0},
    {"weights", KEY_WEIGHTS, "DIR", 0, "where trunks' weights are (default: datasets/weights)", 0},
    {"output", 'o', "FILE", 0, "the file to write", 0},
    {0},
};

struct pack_command {
    struct grid_options grid;
    const char *cell, *weights, *output;
};

static error_t parse(int key, char *value, struct argp_state *state) {
    struct pack_command *c = state->input;
    switch (key) {
    case KEY_CELL:
        c->cell = value;
        return 0;
    case KEY_WEIGHTS:
        c->weights = value;
        return 0;
    case 'o':
        c->output = value;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {options, parse, "GRID",
    "Writes the network of a cell that is done as one file: weights of trunk and heads (safetensors) with the "
    "configuration in its metadata.\v"
    "`dmtl predict` asks it about images, without libtorch. The cell's folder has to stand beside the database yet; "
    "weights of frozen steps come from the file that the cell began with.",
    NULL, NULL, NULL};

static bool chosen(const struct pack_command *c, const struct cell_record *r) {
    return r->state == CELL_DONE && grid_options_choose(&c->grid, r->variant) &&
           (!c->cell || strncmp(r->id, c->cell, strlen(c->cell)) == 0);
}

/* The one cell that is meant, or NULL with a message that lists those that may be. */
static const struct cell_record *choose(const struct pack_command *c, const char *grid,
    const struct cell_record *cells, size_t n, struct err *e) {
    const struct cell_record *found = NULL;
    struct str list = {0};
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (!chosen(c, &cells[i]))
            continue;
        found = &cells[i];
        char *shown = str_quoted(cells[i].variant);
        if (count++ < 8)
            str_addf(&list, "%s%.12s (%.60s %.60s)", count > 1 ? ", " : "", cells[i].id, shown,
                cells[i].axes);
        free(shown);
    }
    if (count == 0)
        err_usage(e,
            "pack: the grid %s has no such cell that is done (`dmtl status %s` lists them)", grid,
            grid);
    else if (count > 1)
        err_usage(e,
            "pack: which cell? %zu are done: %s%s; name one by --cell or its variant by --only",
            count, list.text, count > 8 ? ", ..." : "");
    str_free(&list);
    return count == 1 ? found : NULL;
}

static bool pack(const struct pack_command *c, const struct stored_grid *g, struct err *e) {
    struct cell_record *cells = NULL;
    size_t n = 0;
    bool ok = store_cells(g->store, g->name, &cells, &n, e);
    size_t once = ok ? store_cells_once(cells, n) : 0;
    const struct cell_record *cell = ok ? choose(c, g->name, cells, once, e) : NULL;
    ok = cell && model_file_write(
                     c->output, cell, g->store, c->weights ? c->weights : "datasets/weights", e);
    if (ok && !command_quiet())
        fprintf(stderr, "pack: cell %.12s, %s\n", cell->id, c->output);
    store_cells_free(cells, n);
    return ok;
}

bool command_pack(int argc, char **argv, struct err *e) {
    struct pack_command c = {.grid = {.takes = TAKES_ONLY}};
    struct stored_grid grid = {0};
    bool done,
        ok =
            command_parse(&argp, argc, argv, &c, &c.grid, &done, e) && !done &&
            grid_options_stored(&c.grid, "pack", e) &&
            (c.output ||
                err_usage(e, "pack: which file? expected -o FILE, such as -o model.safetensors")) &&
            stored_grid_open(&grid, &c.grid, e) && pack(&c, &grid, e);
    stored_grid_close(&grid);
    grid_options_free(&c.grid);
    return ok || (done && e->kind == ERR_NONE);
}
