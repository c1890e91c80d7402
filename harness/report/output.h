/* Where a result goes: stdout, or a file that is there whole or not at all. */
#ifndef REPORT_OUTPUT_H
#define REPORT_OUTPUT_H

#include "core/err.h"

#include <stddef.h>

/* Writes the bytes to `path`, or to stdout where it is NULL. A regular file appears under its name only
 * when it is whole; a device or pipe is written in place. */
bool output_write(const char *path, const char *bytes, size_t n, struct err *e);

#endif
