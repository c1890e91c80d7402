/* `dmtl-torch work`: one worker of a grid. It goes through the grid's cells in order and runs each that
 * is not done and that no other worker holds, until none is left. */
#ifndef WORKER_WORK_H
#define WORKER_WORK_H

#include "core/err.h"

#include <stdbool.h>

bool worker_work(int argc, char **argv, struct err *e);

#endif
