/* Verbs of dmtl: one file each; main.c holds their table. A verb parses its options (glibc's argp, one
 * option table a verb), does its work and returns; results go to stdout, talk to stderr. */
#ifndef COMMANDS_COMMAND_H
#define COMMANDS_COMMAND_H

#include "core/err.h"

#include <argp.h>

struct command {
    const char *name;
    const char *help;                                  /* one line */
    bool (*run)(int argc, char **argv, struct err *e); /* argv[0] is the verb */
};
extern const struct command commands[]; /* ends with a NULL name */

#define DMTL_VERSION "0.1.0"

/* Parses with argp; a wrong option is ERR_USAGE in our words; --help prints and ends the verb with
 * *done = true. Options every verb has (--quiet) are added here. */
bool command_parse(
    const struct argp *argp, int argc, char **argv, void *input, bool *done, struct err *e);

bool command_plan(int argc, char **argv, struct err *e);
bool command_run(int argc, char **argv, struct err *e);
bool command_status(int argc, char **argv, struct err *e);
bool command_report(int argc, char **argv, struct err *e);
bool command_plot(int argc, char **argv, struct err *e);
bool command_data(int argc, char **argv, struct err *e);

#endif
