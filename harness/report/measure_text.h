/* Numbers of audits and comparisons as people read them. */
#ifndef REPORT_MEASURE_TEXT_H
#define REPORT_MEASURE_TEXT_H

#include "core/str.h"

#include <stdbool.h>

/* A share in percent with two digits, any other measure with three; `none` where it is NaN. */
void add_measure(struct str *out, bool share, double x, const char *none);

/* A chance: three digits, one significant below .001; "–" where it is NaN. */
void add_chance(struct str *out, double p);

#endif
