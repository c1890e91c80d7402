/* Verbs of dmtl: one file each; main.c holds their table. A verb parses its options (glibc's argp, one
 * option table a verb), does its work and returns; results go to stdout, talk to stderr. */
#ifndef COMMANDS_COMMAND_H
#define COMMANDS_COMMAND_H

#include "commands/grid_option.h"
#include "core/err.h"
#include "core/version.h"

#include <argp.h>

struct command {
    const char *name;
    const char *help;                                  /* one line */
    bool (*run)(int argc, char **argv, struct err *e); /* argv[0] is the verb */
};
extern const struct command commands[]; /* ends with a NULL name */

/* Parses with argp. Unknown options, missing values and arguments left over are ERR_USAGE in our words;
 * abbreviations are refused, for scripts outlive them. `argp` has no children. Its parser finds in
 * `input` where to report: it sets an error by err_usage and returns EINVAL; what it does not know, or an
 * argument too many, it answers with ARGP_ERR_UNKNOWN. `grid`: of a verb on a grid, whose options and
 * argument GRID are taken there (an argument that `argp` takes comes before it); NULL for other verbs.
 * --help prints and ends the verb with *done = true. Options every verb has (--help, --quiet) are added
 * here: their letters h and q are taken. */
bool command_parse(const struct argp *argp, int argc, char **argv, void *input,
    struct grid_options *grid, bool *done, struct err *e);

/* Takes an option's value, a whole number from `least` to `most`; ERR_USAGE names verb and option. */
bool command_number(const char *verb, const char *option, const char *text, int least, int most,
    int *value, struct err *e);

bool command_quiet(void); /* --quiet was given: no talk on stderr */

bool command_plan(int argc, char **argv, struct err *e);
bool command_run(int argc, char **argv, struct err *e);
bool command_slurm(int argc, char **argv, struct err *e);
bool command_status(int argc, char **argv, struct err *e);
bool command_report(int argc, char **argv, struct err *e);
bool command_plot(int argc, char **argv, struct err *e);
bool command_audit(int argc, char **argv, struct err *e);
bool command_compare(int argc, char **argv, struct err *e);
bool command_import(int argc, char **argv, struct err *e);
bool command_export(int argc, char **argv, struct err *e);
bool command_verify(int argc, char **argv, struct err *e);
bool command_merge(int argc, char **argv, struct err *e);
bool command_bench(int argc, char **argv, struct err *e);
bool command_data(int argc, char **argv, struct err *e);

#endif
