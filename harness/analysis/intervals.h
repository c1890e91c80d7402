/* Intervals for one number, each from its own source of variance. `confidence`: within (0, 1), such as .95. */
#ifndef ANALYSIS_INTERVALS_H
#define ANALYSIS_INTERVALS_H

#include <stddef.h>

struct interval {
    double low, high; /* NaN: there is none */
};

/* A share of n > 0 independent samples: Wilson 1927's score interval. `share` times `n` need be no whole
 * number, as where n is an effective size. */
struct interval interval_wilson(double share, double n, double confidence);

/* The same, exact (Clopper & Pearson 1934): covers at least as often as it says; for small n. */
struct interval interval_exact(double share, double n, double confidence);

/* The mean of n values from seeds: Student's t with n - 1 degrees, variance s^2 / n. Over folds or split seeds,
 * whose training parts overlap, that is too narrow: the corrected resampled t of Nadeau & Bengio 2003 takes
 * s^2 (1 / n + test / train) with the sizes of the two parts. `overlap`: that quotient; 0 for seeds alone.
 * No interval for fewer than two values. */
struct interval interval_of_mean(const double *values, size_t n, double overlap, double confidence);

/* The bounds of the share `confidence` in the middle of `sorted` replicates (ascending, n > 0) of a statistic
 * of `units` independent units. Replicates vary too little by sqrt((units - 1) / units) and are taken as normal
 * where they are t: both are made up for by the share that is cut off (Hesterberg 2015, "What teachers should know
 * about the bootstrap", expanded percentile). None for fewer than two units. */
struct interval interval_percentile(
    const double *sorted, size_t n, double units, double confidence);

#endif
