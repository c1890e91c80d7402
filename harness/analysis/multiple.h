/* Many tests at once: p-values adjusted so that one may read each against the level itself. p[i] NaN: no test
 * was made, it counts for nothing and stays NaN. Adjusted values do not depend on the order of the tests. */
#ifndef ANALYSIS_MULTIPLE_H
#define ANALYSIS_MULTIPLE_H

#include <stddef.h>

/* Holm 1979: the chance of any false claim among all is at most the level. */
void holm_adjust(const double *p, size_t n, double *adjusted);

/* Benjamini & Hochberg 1995: the expected share of false claims among those made is at most the level, for tests
 * that are independent or depend positively on each other. */
void false_discovery_adjust(const double *p, size_t n, double *adjusted);

#endif
