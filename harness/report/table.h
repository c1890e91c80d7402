/* A grid's tables as data: what is bold, marked or missing, and to how many digits a column is shown, is decided here
 * once; renderers (Markdown, LaTeX, HTML) only say it. */
#ifndef REPORT_TABLE_H
#define REPORT_TABLE_H

#include "core/str.h"
#include "report/results.h"
#include "report/row_tests.h"

struct table_column {
    enum attribute task;
    const char *metric, *bins; /* bins "": none */
    const char *title;         /* of the metric, UTF-8, as it is */
    bool share; /* 0 to 1, shown as percent; else years or groups, or their squares */
    /* of what is shown: "%", "years", "groups", "years or groups", and these squared, "years²" */
    const char *unit;
    int better;   /* +1 higher, -1 lower, 0 nearer to zero */
    int decimals; /* of what is shown (table_value) */
};

struct table_cell {
    bool has; /* false: no variant of the row has the task, or the source no value */
    struct result_number number; /* of a published row the mean alone */
    bool best;                   /* the best mean of its column, of at least two that compete */
    bool tested;                 /* against the baseline's number of the column, by `test` */
    struct row_test test;
};

struct table_row {
    const struct report_row *of;
    const struct result_row *run; /* NULL: published, with of->published as its source */
    const char *title, *setting;  /* setting "": none */
    const char *mark;             /* results_row_mark */
    bool baseline, leaky;
    int source;           /* of a published row: the place in `sources`, from 1 */
    size_t done, planned; /* cells of the row, all its variants */
    enum readout readout; /* of record for the table's task; READOUT_COUNT in a table of several */
    struct table_cell *cells; /* [n_columns] */
};

struct table_note {
    const char *lead; /* shown bold; "": none */
    char *text;
    bool caution; /* speaks against all numbers, not of this table's marks */
};

struct table {
    const char *title; /* the grid's, or its name */
    /* cells[].number.cells are of results->cells, whose ids trace a number */
    const struct results *results;
    struct table_column *columns;
    size_t n_columns;
    struct table_row *rows;
    size_t n_rows;
    const char **sources; /* of the published rows, each once */
    size_t n_sources;
    /* of the grid's table: what its marks and digits mean, UTF-8, as it is */
    struct table_note *notes;
    size_t n_notes;
    bool intervals; /* whether any number has one */
};

/* Best is the best mean among complete rows that were run here and whose split does not leak, ages in years and in groups
 * apart. Digits of what was run here: the narrowest interval of a column has a half-width of two significant ones, within 0 to 4 decimals;
 * where there is no interval, 2 decimals of a percentage or a squared error, else 3. Each is to be freed. `tests`
 * may be NULL. */
void table_of_grid(struct table *t, const struct results *r, const struct row_tests *tests);
void table_of_task(struct table *t, const struct results *r, enum attribute task,
    const struct row_tests *tests); /* every metric that occurs; a row that has the task */
void table_of_bins(struct table *t, const struct results *r,
    const struct row_tests *tests); /* accuracy by the named bins; a row whose ages are years */
void table_free(struct table *t);
/* Makes the notes, once columns and cells are there; table_of_grid does. */
void table_notes(struct table *t, const struct row_tests *tests);

/* What was run, of the grid's table: "Set utkface; train 16632; ...; 21 of 21 cells done", and on
 * what: "device cpu; threads 1; ...; work of all cells 48 s". UTF-8, as it is. */
void table_data_text(struct str *out, const struct results *r);
void table_machine_text(struct str *out, const struct results *r);

/* "Full, batch=32 (leaky split) (baseline)"; title and setting are written by `text`, which escapes them. */
void table_row_name(
    struct str *out, const struct table_row *row, void (*text)(struct str *out, const char *text));

/* A number of a column as it is shown, percent for shares: "64.7"; never "-0.0". */
void table_value(struct str *out, const struct table_column *c, double x);

/* The same of a published number, with the decimals that it has, 4 at most: "87.4". */
void table_published(struct str *out, const struct table_column *c, double x);

/* "Age", "Gender", "Race" */
const char *table_task(enum attribute task);

#endif
