/* The audit behind a figure of one approach. */
#ifndef REPORT_FIGURE_AUDIT_H
#define REPORT_FIGURE_AUDIT_H

#include "report/audits.h"
#include "report/figure.h"

struct figure_audit {
    struct systems own;
    struct audit_request request;
    struct audits audits;
    const char *metric[1];
};

/* Audits the row as `dmtl audit` would with these options: its tasks by `by`, or where n_by is 0 by the audit's own
 * crossings. figure_audit_free on success and failure alike. */
bool figure_audit_make(struct figure_audit *a, const struct results *r, struct store *store,
    const struct result_row *row, const struct figure_options *o, const char *const *by,
    size_t n_by, bool calibration, struct err *e);
void figure_audit_free(struct figure_audit *a);

/* The grid's systems: those of the options, else read into `own`, which is the caller's to free in any case; NULL
 * where that fails. */
const struct systems *figure_systems(struct systems *own, const struct results *r,
    struct store *store, const struct figure_options *o, struct err *e);

/* The system that is this row; a grid that changed meanwhile is an error, and -1. */
int figure_system(
    const struct systems *s, const struct results *r, const struct result_row *row, struct err *e);

/* Whether a cell with a task that is drawn is done. */
bool figure_row_done(
    const struct results *r, const struct result_row *row, const struct figure_options *o);

/* Whether a section is drawn: the bias, of which an audit tells by itself, is left to be asked for. */
bool figure_audit_draws(const struct figure_options *o, const struct audit_section *s);

/* "Gender: accuracy (%)" and "accuracy (%)"; the caller frees. */
char *outcome_title(enum attribute task, const struct outcome *o);
char *outcome_measure(const struct outcome *o);

#endif
