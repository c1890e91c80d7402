/* Figures: a gnuplot script with its data inside, made from the store. The same store gives the same
 * script, and the script the same picture. Scripts stand in plots/ and are compiled in. */
#ifndef REPORT_FIGURE_H
#define REPORT_FIGURE_H

#include "analysis/metrics.h"
#include "core/str.h"
#include "report/results.h"

enum figure_kind { FIGURE_CS, FIGURE_WEIGHTS, FIGURE_CONFUSION, FIGURE_LOSS, FIGURE_COUNT };
extern const char *const figure_name[FIGURE_COUNT]; /* cs weights confusion loss */

enum picture_format { PICTURE_SVG, PICTURE_PDF, PICTURE_PNG, PICTURE_COUNT };
extern const char *const picture_name[PICTURE_COUNT]; /* svg pdf png */

struct figure_options {
    const char *const *variants; /* rows that hold one of these; n_variants 0: all */
    size_t n_variants;
    int task; /* enum attribute, or -1: all */
    const char
        *bins; /* age groups of a confusion matrix; NULL: the first age column's, else decades */
    enum cs_convention convention;
    enum picture_format format;
};

/* Appends the whole script; it draws to standard output. Part, rows and cells are those of `r`. Where
 * nothing is stored that could be drawn it succeeds and appends nothing: figure_missing says why. */
bool figure_script(struct str *script, enum figure_kind kind, const struct results *r, sqlite3 *db,
    const struct figure_options *o, struct err *e);

const char *figure_missing(enum figure_kind kind);
/* Whether a row is drawn under these options. */
bool figure_has_row(const struct figure_options *o, const struct result_row *row);
/* Title and setting, and how many cells of how many where some are not done; the caller frees. */
char *figure_row_name(const struct results *r, const struct result_row *row);

/* ---- for the figures' own files ---- */

/* One stored value on the way to a curve. */
struct curve_value {
    size_t cell; /* of results.cells */
    int task;
    double x, y;
};
struct curve_values {
    struct curve_value *v;
    size_t n, capacity;
};
/* Reads distinct rows (cell, variant, task, x, y), ordered by x, for every place of a cell in the grid.
 * Only cells that are done. */
bool curves_read(struct curve_values *c, const struct results *r, sqlite3 *db, struct err *e,
    const char *sql, const char *types, const char *a, const char *b, const char *d);

/* The panels of a figure of lines; text is drawn as it is. */
struct panels {
    struct str data, texts;     /* blocks of $data; assignments of names and labels */
    int panels, lines, columns; /* panels side by side at most */
    int *legend, legends;       /* the looks that have an entry in the legend */
    size_t legend_capacity, legend_longest;
    size_t longest;    /* points of the longest line */
    bool line_started; /* a panel has a line already */
    double
        corner_x; /* a single panel of 0 to 100 whose legend may stand right of this x; 0: below */
    double corner_room; /* least share of the height below all lines there; begins as 1 */
};
void panels_start(struct panels *p, const char *title, const char *x_label, const char *y_label);
/* The line of a row and task: per x the mean, lowest and highest over its cells. No points: no line. */
void panels_line(struct panels *p, const struct results *r, const struct curve_values *c,
    const struct result_row *row, int task, const char *name, int look, double scale);
/* Drops the last panel where it got no line. */
void panels_end(struct panels *p);
/* Terminal, data, names, plots/common.gp and `figure` (a script of plots/). */
void panels_script(struct str *script, struct panels *p, enum picture_format format,
    const char *title, const char *figure);
void panels_free(struct panels *p);

char *figure_title(const struct results *r, const char *what); /* with the mark of drawn images */
void figure_terminal(struct str *script, enum picture_format format, int width_px, int height_px);

bool figure_cs(
    struct str *, const struct results *, sqlite3 *, const struct figure_options *, struct err *);
bool figure_weights(
    struct str *, const struct results *, sqlite3 *, const struct figure_options *, struct err *);
bool figure_confusion(
    struct str *, const struct results *, sqlite3 *, const struct figure_options *, struct err *);
bool figure_loss(
    struct str *, const struct results *, sqlite3 *, const struct figure_options *, struct err *);

extern const char figure_common_gp[]; /* plots/common.gp */

#endif
