/* Sizes for people. */
#ifndef REPORT_SIZE_H
#define REPORT_SIZE_H

#include "core/str.h"

/* Appends "812 bytes", "1.3 kB", "45.0 MB" or "1.2 GB", of 1000 and not 1024 each. */
void size_add(struct str *out, double bytes);

#endif
