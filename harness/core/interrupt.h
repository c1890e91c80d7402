/* Requests to stop: SIGINT, SIGTERM, SIGHUP and SIGUSR1 (batch systems send it ahead of the end) set a flag that long
 * work asks for between steps, so that it can put its things in order and end with ERR_INTERRUPTED (exit 75). A second
 * SIGINT ends the process at once. A write past the limit on
 * the size of files (SIGXFSZ) fails with EFBIG instead of ending the process. */
#ifndef CORE_INTERRUPT_H
#define CORE_INTERRUPT_H

#include <stdbool.h>

void interrupt_catch(void); /* once, before the work; a wait or a sleep is cut short by a signal */
bool interrupt_requested(void); /* since then */

#endif
