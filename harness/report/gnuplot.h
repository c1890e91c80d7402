/* gnuplot as a child process: a script goes in through a pipe, the picture comes back through another. */
#ifndef REPORT_GNUPLOT_H
#define REPORT_GNUPLOT_H

#include "core/err.h"
#include "core/str.h"

/* Runs `script` and appends what it draws to `picture`. The user's own start-up files are not read. Fails
 * where gnuplot is not installed (the message says how to get it), where it exits with an error (its own
 * words are in the message) and where it draws nothing. A child that ends early raises no SIGPIPE.
 * Several threads may draw at once. */
bool gnuplot_draw(const struct str *script, struct str *picture, struct err *e);

#endif
