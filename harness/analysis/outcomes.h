/* What is measured of predictions, each a quotient of two sums over samples, so that groups, resamples and
 * differences of all of them are made alike: errors and shares (denominator: the samples), rates of one class
 * against the rest (denominator: the samples that truly are, or are not, of the class), and calibration. */
#ifndef ANALYSIS_OUTCOMES_H
#define ANALYSIS_OUTCOMES_H

#include "analysis/age_groups.h"
#include "analysis/groups.h"
#include "analysis/metrics.h"
#include "analysis/predictions.h"
#include "core/err.h"

#include <stdbool.h>

enum outcome_kind {
    OUTCOME_METRIC, /* of analysis/metrics.h */
    OUTCOME_CS_LT,  /* share with |error| < limit */
    OUTCOME_CS_LE,  /* share with |error| <= limit */
    OUTCOME_SELECTION,
    OUTCOME_TPR,
    OUTCOME_FPR,
    OUTCOME_TNR,
    OUTCOME_FNR,
    OUTCOME_PRECISION,
    OUTCOME_CONFIDENCE,
    OUTCOME_OVERCONFIDENCE, /* confidence less accuracy: 0 is calibrated in the large */
    OUTCOME_BRIER,
    OUTCOME_LOG_LOSS,
    OUTCOME_KIND_COUNT
};

struct outcome {
    enum outcome_kind kind;
    enum metric_id metric; /* of OUTCOME_METRIC */
    int class;             /* of a rate: a label, or the place of an age group in its bins */
    double limit;          /* of a cumulative score */
    char *name;            /* "mae", "cs_le_5", "tpr:female" */
};

struct outcome_traits {
    bool share;   /* 0 to 1 */
    bool count;   /* a share of samples that are in or out: Wilson's interval holds */
    int better;   /* +1 higher, -1 lower, 0 nearer to zero; 2: neither, as a rate of selection */
    bool classes; /* made of classes, which age groups are */
    bool paired;  /* the denominator does not depend on the predictions: systems can be compared */
};
struct outcome_traits outcome_traits(const struct outcome *o);

/* The classes that a task's predictions and truths fall into: an age task's are the groups of `bins`, or where that
 * is NULL its labels. */
struct classes {
    enum attribute task;
    const struct age_bins *bins; /* of the age task alone, else NULL */
    int n;                       /* 0 to n - 1; 0: ages in years without bins, no rates then */
    class_name_fn name;          /* of labels; age groups have their own */
    const void *context;
};
const char *classes_name(const struct classes *c, int class);

/* The outcomes that `text` names, appended to the array: one, or for a rate without a class one a class. Known
 * names: outcome_names. False with an error that begins with `where`. */
bool outcomes_add(struct outcome **outcomes, size_t *n, size_t *capacity, const char *text,
    const struct classes *classes, bool has_probabilities, const char *where, struct err *e);
/* The i-th known name, without a class, and "cs_le_" without its number; NULL behind the last. */
const char *outcome_names(size_t i);
/* Whether `text` names an outcome that is made of probabilities. */
bool outcome_needs_probabilities(const char *text);
/* Whether systems can be compared by what `text` names (outcome_traits); true for what is no outcome. */
bool outcome_is_paired(const char *text);
void outcomes_free(struct outcome *outcomes, size_t n);

/* Numerators and denominators: terms[n][2 * runs], run r's at 2r and 2r + 1; both 0 where the run has no
 * prediction of the sample, or the sample is not of the denominator. */
void outcome_terms(const struct outcome *o, const struct predictions *p,
    const struct age_bins *bins, double *terms);

/* The mean over runs of the quotients, of those runs whose denominator is not 0; NaN where there is none. `sums`:
 * 2 * runs, as above; `weight`: how often each run counts, NULL: once. */
double outcome_value(const double *sums, int runs, const double *weight);

#endif
