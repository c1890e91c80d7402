#include "commands/grid_option.h"

#include "core/mem.h"
#include "core/str.h"
#include "grid/choice.h"
#include "grid/import.h"
#include "grid/leaky.h"

#include <stdlib.h>
#include <string.h>

enum { KEY_DB = 512, KEY_ONLY, KEY_SET }; /* behind the keys of any verb's own */

/* From the option that the fewest verbs take to the one that all do, so that each takes the end of it. */
static const struct argp_option options[] = {
    {"set", KEY_SET, "/POINTER=VALUE", 0, "set a key of the grid's base", 0},
    {"only", KEY_ONLY, "VARIANT", 0, "this variant alone; may be given more than once", 0},
    {"db", KEY_DB, "FILE", 0, "the results database (default: results/GRID's name.db)", 0},
    {0},
};

void option_texts_add(struct option_texts *texts, const char *text) {
    texts->text = xgrow(texts->text, &texts->capacity, texts->n + 1, sizeof *texts->text);
    texts->text[texts->n++] = text;
}

static error_t parse(int key, char *value, struct argp_state *state) {
    struct grid_options *o = state->input;
    switch (key) {
    case KEY_DB:
        o->db = value;
        break;
    case KEY_ONLY:
        option_texts_add(&o->only, value);
        break;
    case KEY_SET:
        option_texts_add(&o->set, value);
        break;
    case ARGP_KEY_ARG:
        if (o->grid)
            return ARGP_ERR_UNKNOWN;
        o->grid = value;
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

const struct argp *grid_options_argp(enum grid_options_taken takes) {
    static const struct argp table[] = {
        [TAKES_DB] = {.options = &options[2], .parser = parse},
        [TAKES_ONLY] = {.options = &options[1], .parser = parse},
        [TAKES_SET] = {.options = &options[0], .parser = parse},
    };
    return &table[takes];
}

void grid_options_free(struct grid_options *o) {
    free(o->only.text);
    free(o->set.text);
    *o = (struct grid_options){.takes = o->takes};
}

bool grid_options_file(const struct grid_options *o, const char *verb, struct err *e) {
    if (!o->grid)
        return err_usage(e, "%s: which grid? expected a file, like experiments/demo.json", verb);
    if (str_starts(o->grid, IMPORT_GRID ":"))
        return err_usage(e,
            "%s: %.200s: expected a grid's file; an import is a system without one: `dmtl report " IMPORT_GRID
            "` shows those that there are",
            verb, o->grid);
    return true;
}

bool grid_options_stored(const struct grid_options *o, const char *verb, struct err *e) {
    if (!o->grid)
        return err_usage(e, "%s: which grid? expected its file or its name, like demo", verb);
    if (str_starts(o->grid, IMPORT_GRID ":"))
        return err_usage(e,
            "%s: %.200s: expected a grid, and imports are the systems of one: `dmtl %s " IMPORT_GRID
            "`; "
            "`dmtl audit` and `dmtl compare` take one alone",
            verb, o->grid, verb);
    return true;
}

bool grid_options_read(const struct grid_options *o, struct grid *g, struct err *e) {
    return grid_read(g, o->grid, o->set.text, (int)o->set.n, e) &&
           grid_check_names(g, "--only", o->only.text, (int)o->only.n, e);
}

bool grid_options_choose(const struct grid_options *o, const char *variant) {
    return o->only.n == 0 || word_find(o->only.text, (int)o->only.n, variant) >= 0;
}

char *grid_options_database(const struct grid_options *o, const char *name) {
    size_t n = choice_name_length(name);
    return o->db ? xstrdup(o->db) : xasprintf("results/%.*s.db", (int)n, name);
}

char *grid_options_leaky(const struct grid_options *o, const struct grid *g) {
    size_t n = 0, leaky = 0;
    for (size_t i = 0; i < g->n_cells; i++)
        if (grid_options_choose(o, g->cells[i].variant)) {
            n++;
            leaky += config_leaky(&g->cells[i].config);
        }
    if (leaky == 0)
        return xstrdup("");
    return xasprintf(
        "leaky split in %zu of %zu cells: it puts images of one person into several parts (/split/kind "
        "\"folds\" keeps them together)\n",
        leaky, n);
}
