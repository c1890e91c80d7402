/* Whether two groups of samples have the same shares of each class: Pearson's chi-squared test of a table of
 * two rows. It takes samples to be independent of each other; where several show one person they are not, and
 * p is then too small. */
#ifndef ANALYSIS_HOMOGENEITY_H
#define ANALYSIS_HOMOGENEITY_H

#include <stddef.h>

#define HOMOGENEITY_MIN_EXPECTED 5 /* a column's count in either row if shares were the same */

struct homogeneity {
    double statistic, p;
    double v;    /* Cramer's: sqrt(statistic / n); 0: the same shares, 1: no class in common */
    int columns; /* that were compared; fewer than 2: nothing to compare, and the rest is NaN */
    size_t n;    /* of both rows */
};

/* `row`: counts of `classes` classes in their order. Neighbouring classes are taken together, from the first
 * on, until HOMOGENEITY_MIN_EXPECTED are expected of them; what remains goes to the last. */
struct homogeneity homogeneity_test(const size_t *const row[2], int classes);

#endif
