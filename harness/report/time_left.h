/* How long a grid takes yet, from those of its cells that are done. */
#ifndef REPORT_TIME_LEFT_H
#define REPORT_TIME_LEFT_H

#include "store/store.h"

/* How much of a cell is done, from 0 to 1; of one that diverged all, for nothing more comes of it. */
double share_done(const struct cell_record *c);

/* Seconds of work that are left of each cell, for one worker: at the pace of the variant's done cells; where it has
 * none at probed_s[i] an epoch (probed_s NULL, or below 0: not probed); else at that of all done cells. -1 each: of
 * that cell nothing is known. */
void left_each(const struct cell_record *cells, size_t n, const double *probed_s, double *left);

/* Their sum, without a probe. -1: no cell is done, so nothing is known. Each cell counts as often as it stands in
 * the list. */
double left_s(const struct cell_record *cells, size_t n);

#endif
