/* dmtl status: how far a grid is, from its results database alone. */
#include "commands/command.h"

#include "commands/status_overview.h"
#include "commands/status_print.h"
#include "commands/status_watch.h"
#include "report/output.h"

#include <errno.h>
#include <stdlib.h>

enum { KEY_JSON = 256, KEY_WATCH };

static const struct argp_option options[] = {
    {"json", KEY_JSON, NULL, 0, "print JSON; with --watch an object a line", 0},
    {"watch", KEY_WATCH, "SECONDS", OPTION_ARG_OPTIONAL,
        "look again every so often (default: 2) until no cell is open or Ctrl-C; on a terminal in place, elsewhere "
        "printed at each change",
        0},
    {0},
};

struct status_options {
    struct grid_options grid;
    bool json;
    double every_s; /* 0: once */
    struct err *e;
};

static bool parse_seconds(const char *text, double *seconds, struct err *e) {
    char *end;
    *seconds = text ? strtod(text, &end) : 2;
    return !text || (end > text && !*end && *seconds >= 0.1 && *seconds <= 86400) ||
           err_usage(e, "status: --watch: %.100s: expected seconds from 0.1 to 86400", text);
}

static error_t parse(int key, char *value, struct argp_state *state) {
    struct status_options *o = state->input;
    if (key == KEY_WATCH)
        return parse_seconds(value, &o->every_s, o->e) ? 0 : EINVAL;
    if (key != KEY_JSON)
        return ARGP_ERR_UNKNOWN;
    o->json = true;
    return 0;
}

static const struct argp argp = {options, parse, "GRID",
    "Shows how far a grid is: cells by state, those that run, those that failed and why, time left.\v"
    "GRID is the grid's file or its name in the database. With --watch a database that is not there yet is waited "
    "for.",
    NULL, NULL, NULL};

static bool show(const struct status_options *given, struct err *e) {
    struct overview o;
    struct str text = {0};
    bool ok = overview_read(&o, &given->grid, e);
    if (ok) {
        (given->json ? status_add_json : status_add_text)(&text, &o);
        ok = output_write(NULL, text.text, text.len, e);
    }
    str_free(&text);
    overview_free(&o);
    return ok;
}

bool command_status(int argc, char **argv, struct err *e) {
    struct status_options o = {.grid.takes = TAKES_DB, .e = e};
    bool done, ok = command_parse(&argp, argc, argv, &o, &o.grid, &done, e);
    if (!ok || done)
        return ok;
    return grid_options_stored(&o.grid, "status", e) &&
           (o.every_s > 0 ? status_watch(&o.grid, o.json, o.every_s, e) : show(&o, e));
}
