/* Time spans for people. */
#ifndef REPORT_DURATION_H
#define REPORT_DURATION_H

#include "core/str.h"

/* Appends "0.8 s", "48 s", "4 min 10 s", "1 h 05 min" or "2 d 03 h"; below zero counts as zero. */
void duration_add(struct str *out, double seconds);

#endif
