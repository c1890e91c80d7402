/* What came out of a cell's rerun against what is stored of it. */
#ifndef REPORT_VERIFICATION_H
#define REPORT_VERIFICATION_H

#include "core/json.h"
#include "core/str.h"
#include "store/merge.h"

enum agreement {
    AGREES_TO_THE_BIT, /* every stored row of training and results, and the final weights, to the bit */
    AGREES_WITHIN,     /* within the tolerance, under other circumstances, which are named */
    DISAGREES,
    AGREEMENT_COUNT
};
extern const char
    *const agreement_name[AGREEMENT_COUNT]; /* bit-identical, within tolerance, different */

struct verification {
    enum agreement agreement;
    struct str circumstances; /* those that differ, "threads 1 now, 2 then; ..."; empty: none */
    struct str first; /* where a loss departs first, "step 12 (epoch 1), age: 4.1 then, 4.2 now" */
    struct str differences; /* the tables that differ, with the first row of each */
    double loss,
        metric; /* the largest departures: of a loss relative to the larger, of a metric of all
                                 samples relative to the larger of it and 1; infinite: rows or numbers are missing */
    bool weights_there,
        weights_same; /* both have the checkpoint of their end yet; they are the same to the bit */
};

/* Compares the cell `id`, done in both. Within the tolerance are losses and metrics whose departures are at most
 * that; sums in another order reach the predictions of single samples at once, so these are not asked to be equal.
 * verification_free on success and failure alike. */
bool verification_make(struct verification *v, struct store *then, struct store *now,
    const char *id, double tolerance, struct err *e);
void verification_free(struct verification *v);

/* For people, one line without its end, behind what names the cell; and for programs, into `cell`. */
void verification_add_text(struct str *out, const struct verification *v, double tolerance);
void verification_add_json(cJSON *cell, const struct verification *v);

#endif
