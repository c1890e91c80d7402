/* An overview as a terminal shows it: no line wider and no more of them than it has, running and failed cells first. */
#ifndef COMMANDS_STATUS_SCREEN_H
#define COMMANDS_STATUS_SCREEN_H

#include "commands/status_overview.h"
#include "core/str.h"
#include "report/terminal.h"

/* Appends lines that end with a newline: less than size.rows, each less than size.columns wide. */
void status_add_screen(struct str *out, const struct overview *o, struct terminal_size size);

#endif
