/* How long a grid takes yet, from those of its cells that are done. */
#ifndef REPORT_TIME_LEFT_H
#define REPORT_TIME_LEFT_H

#include "store/store.h"

/* How much of a cell is done, from 0 to 1; of one that diverged all, for nothing more comes of it. */
double share_done(const struct cell_record *c);

/* Seconds an epoch took in those of the cells that are done; -1: none is. */
double epoch_s(const struct cell_record *const *cells, size_t n);

/* Seconds of work that are left, for one worker: at the pace of the variant's done cells, or of all where it
 * has none. -1: no cell is done, so nothing is known. Each cell counts as often as it stands in the list. */
double left_s(const struct cell_record *cells, size_t n);

#endif
