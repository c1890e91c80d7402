/* Order statistics of timings and rates. */
#ifndef ANALYSIS_PERCENTILE_H
#define ANALYSIS_PERCENTILE_H

#include <stddef.h>

void sort_ascending(double *values, size_t n); /* none is NaN */

/* The value below which a share of 0 to 1 of `sorted` (ascending, n > 0) lies, linear between the two
 * nearest: at place share (n - 1), counted from 0 (Hyndman & Fan 1996, definition 7; NumPy's default). */
double percentile(const double *sorted, size_t n, double share);

double median(const double *values, size_t n); /* of n > 0 in any order */

#endif
