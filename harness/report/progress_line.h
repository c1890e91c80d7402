/* What a line of progress says, in as many columns as there are. */
#ifndef REPORT_PROGRESS_LINE_H
#define REPORT_PROGRESS_LINE_H

#include "core/str.h"

struct progress_totals {
    size_t cells, done, failed, running;
    double work, work_done; /* in epochs */
    double work_failed;     /* of `work`, what failed cells did not do */
    double images_per_s;
    double left_s; /* -1: not known yet */
};

/* Appends "3 of 8 cells done, 2 running, 14 of 40 epochs, 36%, 1 failed, 640 images/s, about 40 s left". Where that is
 * wider than `columns` it says it in fewer words, then leaves out what matters least; a number is there whole or not at
 * all. */
void progress_line(struct str *out, const struct progress_totals *t, int columns);

#endif
