/* Figures: a gnuplot script with its data inside, made from the store, and the numbers that it draws as CSV. The same
 * store gives the same script, and the script the same picture. Scripts stand in plots/ and are compiled in. */
#ifndef REPORT_FIGURE_H
#define REPORT_FIGURE_H

#include "analysis/audit.h"
#include "analysis/metrics.h"
#include "core/str.h"
#include "report/results.h"

struct audits;
struct comparisons;
struct systems;

enum figure_kind {
    FIGURE_CS,
    FIGURE_ERROR,
    FIGURE_CONFUSION,
    FIGURE_SUBGROUPS,
    FIGURE_GAPS,
    FIGURE_DIFFERENCES,
    FIGURE_CALIBRATION,
    FIGURE_WEIGHTS,
    FIGURE_LOSS,
    FIGURE_COUNT
};

enum picture_format { PICTURE_SVG, PICTURE_PDF, PICTURE_PNG, PICTURE_COUNT };
extern const char *const picture_name[PICTURE_COUNT]; /* svg pdf png */

/* One column of a page (85 mm), two columns (178 mm), or as wide as the figure needs on a screen. */
enum figure_width { WIDTH_SCREEN, WIDTH_COLUMN, WIDTH_PAGE, WIDTH_COUNT };
extern const char *const figure_width_name[WIDTH_COUNT]; /* screen column page */

/* What may be chosen of a figure, beside format and width. */
enum figure_choice {
    CHOICE_TASK = 1,
    CHOICE_BINS = 2,
    CHOICE_CONVENTION = 4,
    CHOICE_PART = 8,
    CHOICE_METRIC = 16,
    CHOICE_BY = 32,
    CHOICE_MIN_N = 64,
    CHOICE_PAGE = 128
};

struct figure_options {
    const char *const *variants; /* rows that hold one of these; n_variants 0: all */
    size_t n_variants;
    int task;         /* enum attribute, or -1: all */
    const char *bins; /* age groups; NULL: the first age column's, else decades */
    enum cs_convention convention;
    const char *metric;    /* of outcomes.h; NULL: mae of age, accuracy of the others */
    const char *const *by; /* crossings such as "age_group,gender"; n_by 0: the figure's own */
    size_t n_by;
    struct audit_options statistics;
    /* What a caller has made already with these statistics, so that it is not made again: the baseline's audit by single
     * attributes at least, with the bins that the figure would take, and the grid's comparisons with all intervals. NULL:
     * the figure makes its own, as it does under a choice of task, metric or groups. */
    const struct audits *audit;
    const struct comparisons *comparisons;
    const struct systems *systems; /* of the results' grid and store; NULL: the figure reads them */
    enum picture_format format;
    enum figure_width width;
    int page; /* of a figure that takes several; 0 or 1: the first */
};

struct figure {
    /* whole; it draws to standard output; empty where there is nothing to draw */
    struct str script;
    /* RFC 4180 with a head: a line a number that is drawn, in the unit of its axis, in full precision */
    struct str csv;
    struct str notes;  /* lines for people: what is not drawn, and how to see it */
    struct str paging; /* the same of other pages; empty where there are none */
    char *missing;     /* why there is nothing to draw, else NULL */
    int pages;         /* that it takes, 1 at least */
};

/* Rows and cells are those of `r`, which was read from `store`. Where nothing is stored that could be drawn it succeeds
 * with `missing`. figure_free on success and failure alike. */
bool figure_make(struct figure *f, enum figure_kind kind, const struct results *r,
    struct store *store, const struct figure_options *o, struct err *e);
void figure_free(struct figure *f);
/* Appends the picture, through gnuplot. `format` is that of the options. */
bool figure_draw(
    const struct figure *f, enum picture_format format, struct str *picture, struct err *e);

typedef bool figure_fn(struct figure *f, const struct results *r, struct store *store,
    const struct figure_options *o, struct err *e);
struct figure_row {
    const char *name;
    figure_fn *make;
    unsigned takes;   /* bits of enum figure_choice: the others make no difference */
    bool one;         /* of one approach: the baseline's where none is named */
    const char *help; /* for people, "cumulative scores of age" */
    const char *missing;
};
extern const struct figure_row figure_rows[FIGURE_COUNT];

/* Whether a row is drawn under these options. */
bool figure_has_row(const struct figure_options *o, const struct result_row *row);
/* Title and setting, and how many cells of how many where some are not done; the caller frees. */
char *figure_row_name(const struct results *r, const struct result_row *row);

/* ---- for the figures' own files ---- */

/* The row of a figure of one approach: that asked for, else the baseline's; NULL where there is none. */
const struct result_row *figure_one_row(const struct results *r, const struct figure_options *o);
/* `what`, with the mark of drawn images; the caller frees. */
char *figure_title(const struct results *r, const char *what);

figure_fn figure_cs, figure_error, figure_confusion, figure_subgroups, figure_gaps,
    figure_differences, figure_calibration, figure_weights, figure_loss;

#endif
