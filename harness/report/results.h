/* What a grid's tables show, read from the store: rows of the grid's `report` (times every setting of
 * the axes that are no repetition), and for each the numbers with the cells behind them.
 *
 * Seeds, split seeds and folds are repetitions: a number is their mean and sample standard deviation.
 * Every other axis makes rows of its own. A number of fewer cells than planned says so. */
#ifndef REPORT_RESULTS_H
#define REPORT_RESULTS_H

#include "analysis/intervals.h"
#include "core/err.h"
#include "grid/grid.h"
#include "report/choices.h"
#include "report/warnings.h"
#include "store/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct result_cell { /* one a member of the grid: a cell may stand in it more than once */
    char *id, *variant;
    char *setting; /* the axes that are no repetition: "lr=0.1 epochs=3"; "" none */
    enum cell_state state;
    int64_t seed, split_seed;
    int fold;                                       /* -1: none */
    bool has_task[ATTR_COUNT], ordinal[ATTR_COUNT]; /* by its configuration */
    /* its ages are groups, by number, and so are their errors; false before it began */
    bool age_groups;
    bool leaky;                      /* grid/leaky.h: so are the numbers, and they say so */
    size_t values_begin, values_end; /* of results.values */
};

/* One value of one cell on the part asked for, over all its samples. */
struct result_value {
    enum attribute task;
    enum readout readout;
    char *bins;   /* "": none */
    char *metric; /* a metric's name, or "cs_lt_5", "cs_le_5" */
    double value;
    long n; /* samples */
};

struct result_row {
    const char *title, *setting; /* the grid's, a cell's */
    const struct report_row *source;
    bool baseline;
};

struct results {
    struct grid grid;
    enum part part;
    struct result_cell *cells;
    size_t n_cells, cells_done;
    struct result_value *values;
    size_t n_values;
    struct result_row *rows;
    size_t n_rows;
    char **bins; /* the named age bins that occur, in the alphabet's order */
    size_t n_bins;
    struct choices choices;   /* of open keys */
    struct warnings warnings; /* of the gates */
    /* "mixed" where cells differ, "" unknown */
    char *dataset, *device, *threads, *libtorch, *commit;
    bool drawn;                 /* the set's images are drawn */
    bool age_groups, age_years; /* whether any cell with age that has begun has groups, years */
    long images, undecodable; /* of the sets' folders; of them left out of every part, -1 unknown */
    long samples[PART_COUNT]; /* largest count of labelled samples, 0 unknown */
    double wall_s;            /* of all cells done, summed */
};

#define RESULT_CONFIDENCE 0.95

/* A number of a table. cells[] are the done cells with a value, in the grid's order. */
struct result_number {
    double mean, sd; /* NaN where no cell has it; sd NaN for fewer than two */
    size_t n, planned;
    size_t *cells;  /* [n] of results.cells */
    double *values; /* [n] */
    long samples;   /* the largest count behind one value */
    /* For the mean, at RESULT_CONFIDENCE, over what its cells differ by, which `variance_of` names: "seeds", "folds", "splits" (split
     * seeds), or two of them joined by " and "; "" for one cell. Over folds and splits, whose training parts overlap,
     * it is corrected for that (analysis/intervals.h). None while cells are missing, or where the sizes of the
     * parts are not known. The variance of the test samples is not in it: `audit` and `compare` have that. */
    struct interval interval;
    const char *variance_of;
};

/* `grid`: its name in the store. results_free on success and failure alike. */
bool results_read(
    struct results *r, struct store *s, const char *grid, enum part part, struct err *e);
void results_free(struct results *r);

/* The number of one row. Its cells are those of the first variant of the row that has the task in the
 * row's setting; readout READOUT_COUNT means their read-out of record. False where no variant of the
 * row has the task, and for bins where its ages are groups already. */
bool results_number(const struct results *r, const struct result_row *row, enum attribute task,
    enum readout readout, const char *bins, const char *metric, struct result_number *number);
void result_number_free(struct result_number *number);

/* The read-out of record of the row's cells for a task; READOUT_COUNT where none has it. */
enum readout results_readout(
    const struct results *r, const struct result_row *row, enum attribute task);

/* Whether cells[cell] is behind the row's numbers of a task, by the rule of results_number. */
bool results_in_row(
    const struct results *r, const struct result_row *row, enum attribute task, size_t cell);

/* Whether the row's numbers of age count groups; false where no cell of it has age. */
bool results_row_age_groups(const struct results *r, const struct result_row *row);
/* " (ages in groups)" where that is so and other rows count years, else "". */
const char *results_row_mark(const struct results *r, const struct result_row *row);

/* Whether a cell of the row has a leaky split. */
bool results_row_leaky(const struct results *r, const struct result_row *row);

/* Cells of the row, all its variants: done and planned. */
void results_row_cells(
    const struct results *r, const struct result_row *row, size_t *done, size_t *planned);

#endif
