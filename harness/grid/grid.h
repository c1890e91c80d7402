/* A grid file read whole: its cells in their order, and how they become rows of a table.
 *
 *   { "title": "...", "base": {configuration}, "variants": {"full": {}, "no-ordinal": {merge patch}},
 *     "descriptions": {"full": "what it is, for people"}, "axes": {"/seed": [1, 2, 3]},
 *     "exclude": [{"variant": "x", "/seed": 3}], "baseline": "full",
 *     "report": {"rows": [{"title": "Single task", "variants": ["single-age", "single-gender"]},
 *                         {"title": "ResNet", "published": "its source", "values": [5.31, null]}],
 *                "columns": [{"task": "age", "metric": "mae"},
 *                            {"task": "age", "metric": "accuracy", "bins": "fairface-9"}],
 *                "family": [{"task": "age", "metric": "mae"}]},
 *     "gates": {"shift": "refuse"} }
 *
 * Variants are RFC 7396 merge patches on base; axes are applied after the patch, each to one key. Cells
 * run variant by variant in the file's order, the last axis fastest; two of one configuration are the
 * same cell and have one id. With keys to choose (/select of the configuration) a cell's id is that of
 * the question: its configuration without values for these keys, which are at their defaults. The grid's name is the file's without ".json". Names of variants may hold
 * any characters (1 to 200 bytes): whoever prints one escapes it.
 */
#ifndef GRID_GRID_H
#define GRID_GRID_H

#include "core/json.h"
#include "core/words.h"
#include "grid/config.h"
#include "grid/gate_rules.h"
#include "grid/keys.h"

enum { MAX_CELLS = 100000 }; /* of a grid; candidates too */

struct cell {
    char id[SHA256_HEX];
    const char *variant; /* the grid's */
    char *axes;          /* JSON object, pointer -> value */
    char *changes;       /* the variant's differences from base and the axes, for people:
                            "tasks.age.kind=nominal tasks.race=off seed=2"; open keys as
                            "optimiser.lr=one of [0.1,0.03]" */
    struct config config;
};
struct report_row {
    char *title;
    char **variants; /* names; the cell of a column comes from the first that has its task */
    int n_variants;  /* 0: published */
    /* where the values of a row that is not run here are from; NULL: it is run here */
    char *published;
    double *values; /* [n_columns], shares 0 to 1, NaN where the source has none; NULL: run here */
};
struct report_column {
    enum attribute task;
    char *metric; /* a name of analysis/metrics.h */
    char *bins;   /* "": none */
};
struct grid {
    char *name, *title;
    char *source; /* the file's text */
    char **variants;
    char **descriptions; /* one a variant, "" where the file has none */
    int n_variants;
    char *baseline; /* the first variant unless the file says */
    struct cell *cells;
    size_t n_cells;
    /* what cells with keys to choose try (select.h), each once a variant */
    struct cell *candidates;
    size_t n_candidates, candidates_capacity;
    struct report_row *rows; /* one per variant unless the file says */
    int n_rows;
    struct report_column *columns; /* a default per task unless the file says */
    int n_columns;
    /* what `compare` tests together; the columns unless the file says */
    struct report_column *family;
    int n_family;
    struct gate_rules gates;
};

/* Reads a file, or a text whose name in messages is `where` and whose grid is called `name`. Errors are
 * ERR_USAGE with file and pointer. grid_free on success and failure alike. `set`: n_set texts
 * "/pointer=value" (value: JSON, or else taken as a string), applied to base before the variants; a
 * pointer that an axis sets is refused. */
bool grid_read(struct grid *g, const char *path, const char *const *set, int n_set, struct err *e);
bool grid_parse(struct grid *g, const char *name, const char *where, const char *text,
    const char *const *set, int n_set, struct err *e);
/* The text that a store has of a grid, as a report needs it: without candidates, which take most of the time. */
bool grid_parse_stored(struct grid *g, const char *name, const char *text, struct err *e);
/* Whether all names are variants; else ERR_USAGE with `option`, that gave them, and the nearest one. */
bool grid_check_names(
    const struct grid *g, const char *option, const char *const *names, int n, struct err *e);
void grid_free(struct grid *g);

#endif
