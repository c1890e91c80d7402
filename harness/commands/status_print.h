/* What `dmtl status` says of an overview: text for people, JSON for programs. Each appends. */
#ifndef COMMANDS_STATUS_PRINT_H
#define COMMANDS_STATUS_PRINT_H

#include "commands/status_overview.h"
#include "core/str.h"

enum { STATUS_ID_SHOWN = 12 };

void status_add_text(struct str *out, const struct overview *o); /* every running and failed cell */
void status_add_json(struct str *out, const struct overview *o);
void status_add_json_line(struct str *out, const struct overview *o); /* the same on one line */

/* Of the text: "t: 4 cells: 1 failed, 3 done", "work so far 12 s, left about 8 s for one worker", and " for 3 min"
 * where a running cell's worker has been silent for too long. */
void status_add_counts(struct str *out, const struct overview *o);
void status_add_work(struct str *out, const struct overview *o);
bool status_silent(const struct cell_record *c);

#endif
