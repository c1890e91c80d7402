/* The log of a cell, "log" in its folder: who took it up, what was said, every epoch, how it ended. Lines are added,
 * never taken back: after a kill an epoch may stand there twice, once for each time it was trained. What cannot be
 * logged fails no training. */
#ifndef WORKER_CELL_LOG_H
#define WORKER_CELL_LOG_H

#include <stdio.h>

struct cell_log {
    FILE *file; /* NULL: it could not be opened */
};
void cell_log_open(struct cell_log *l, const char *cell_folder);
void cell_log_line(struct cell_log *l,
    const char *text); /* behind the time; its own newline at the end is dropped */
void cell_log_close(struct cell_log *l);

#endif
