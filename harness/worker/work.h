/* `dmtl-torch work`: one worker of a grid. It goes through the grid's cells in order and runs each that
 * is neither done nor failed and that no other worker holds, until none is left. Failed cells are tried
 * again where `dmtl run` has made them pending: once a command, however many workers it has. */
#ifndef WORKER_WORK_H
#define WORKER_WORK_H

#include "core/err.h"

#include <stdbool.h>

bool worker_work(int argc, char **argv, struct err *e);

#endif
