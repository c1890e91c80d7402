/* What a worker writes on its stderr, as whole lines: for whoever writes on the same terminal. The worker never waits
 * for its reader: a pipe that is full drops what it says, and one whose reader has died is an error that it ignores. */
#ifndef COMMANDS_WORKER_LINES_H
#define COMMANDS_WORKER_LINES_H

#include "core/str.h"

struct listener {
    void (*line)(void *context, const char *line); /* without its newline */
    void *context;
};

struct worker_lines {
    int fd;          /* the end to read; -1: closed */
    struct str part; /* of a line, until the rest comes */
};

/* *write_end is for the worker alone: the caller closes it. false: there is no pipe to be had, errno says why. */
bool worker_lines_open(struct worker_lines *l, int *write_end);
void worker_lines_read(
    struct worker_lines *l, const struct listener *to); /* what is there; does not wait */
/* The rest, of a worker that has ended: also a last line without a newline. */
void worker_lines_end(struct worker_lines *l, const struct listener *to);

#endif
