/* Verbs of dmtl: one file each; main.c holds their table. A verb parses its options (glibc's argp, one
 * option table a verb), does its work and returns; results go to stdout, talk to stderr. */
#ifndef COMMANDS_COMMAND_H
#define COMMANDS_COMMAND_H

#include "commands/grid_option.h"
#include "core/err.h"
#include "core/version.h"

#include <argp.h>
#include <stddef.h>

struct command {
    const char *name;
    const char *help;                                  /* one line */
    bool (*run)(int argc, char **argv, struct err *e); /* argv[0] is the verb */
};
extern const struct command commands[]; /* ends with a NULL name; main.c has it */

/* What a verb takes, as its own tables say: what --help, the manual pages and the shells' completion show. */
enum { COMMAND_OWN, COMMAND_GRID, COMMAND_COMMON, COMMAND_TABLES };
struct command_face {
    const char *verb;
    /* args_doc: a line a form; doc: what stands behind \v goes behind the options */
    const struct argp *argp;
    const struct argp_option
        *table[COMMAND_TABLES]; /* its own, a grid's, every verb's; NULL: none */
};
/* Hands the face of a verb to `look`, during the call alone. Nothing else of the verb is done. */
typedef void command_look(const struct command_face *face, void *context);
void command_show(const struct command *c, command_look *look, void *context);
/* The i-th option over all tables, headings left out; NULL behind the last. */
const struct argp_option *command_option(const struct command_face *face, size_t i);
/* The row of a long name or, where that is NULL, of a letter; NULL: none. */
const struct argp_option *command_option_find(
    const struct command_face *face, const char *name, int letter);
/* Whether a value has to follow; one that may is given behind "=". */
bool command_option_needs_value(const struct argp_option *o);

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

/* The words that an option may be given: n rows, `stride` bytes apart, that begin with a name. */
struct command_words {
    const void *rows;
    size_t n, stride;
};
/* Takes one of them: its place goes to *at; ERR_USAGE names verb and option and lists them. */
bool command_word(const char *verb, const char *option, const char *text,
    struct command_words words, int *at, struct err *e);
extern const struct command_words command_parts, command_tasks; /* parts from PART_VALIDATION on */
extern const struct command_words report_formats, statistics_formats, statistics_readouts,
    synth_layouts; /* those that only one verb's file knows */

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
bool command_pack(int argc, char **argv, struct err *e);
bool command_predict(int argc, char **argv, struct err *e);
bool command_verify(int argc, char **argv, struct err *e);
bool command_merge(int argc, char **argv, struct err *e);
bool command_bench(int argc, char **argv, struct err *e);
bool command_data(int argc, char **argv, struct err *e);
bool command_manual(int argc, char **argv, struct err *e);
bool command_completion(int argc, char **argv, struct err *e);

#endif
