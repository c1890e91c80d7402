/* Runs a command and records, through ptrace, every operation of its processes that changes what is below a folder. */
#ifndef FIXTURE_TRACE_H
#define FIXTURE_TRACE_H

#include "fixture_disk.h"

/* A shell line, run in `dir`; `root` is an empty folder in there. True with the operations in the order in which they
 * ended and the line's exit code (-1: a signal ended it); false with the reason in *why where this
 * machine does not let itself be traced. A call that could change a file and is not in the model fails the test. Files
 * "...-shm" are left out: SQLite makes them anew after a power cut. */
bool trace_run(const char *dir, const char *root, const char *command, struct disk_log *log,
    int *code, const char **why);

#endif
