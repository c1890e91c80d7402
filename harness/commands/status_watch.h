/* dmtl status --watch: the overview again and again, until no cell is open or somebody has seen enough. */
#ifndef COMMANDS_STATUS_WATCH_H
#define COMMANDS_STATUS_WATCH_H

#include "commands/grid_option.h"
#include "core/err.h"

/* Looks every `every_s` seconds. On a terminal the picture is redrawn in place; elsewhere, and as JSON, it is printed
 * anew whenever a cell has come on. A database that is not there yet is waited for. */
bool status_watch(const struct grid_options *of, bool json, double every_s, struct err *e);

#endif
