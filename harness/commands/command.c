#include "commands/command.h"

#include "core/mem.h"
#include "core/str.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_HELP = 'h', KEY_QUIET = 'q' };

static const struct argp_option common_options[] = {
    {"quiet", KEY_QUIET, NULL, 0, "say nothing but results and errors", -1},
    {"help", KEY_HELP, NULL, 0, "print this help", -1},
    {0},
};

static bool quiet, help;

static error_t parse_common(int key, char *value, struct argp_state *state) {
    (void)value;
    (void)state;
    if (key == KEY_QUIET)
        quiet = true;
    else if (key == KEY_HELP)
        help = true;
    else
        return ARGP_ERR_UNKNOWN;
    return 0;
}

bool command_quiet(void) {
    return quiet;
}

char *command_database(const char *given, const char *grid) {
    return given ? xstrdup(given) : xasprintf("results/%s.db", grid);
}

/* ---- checking the options ourselves, for messages in our words ---- */

static bool is_end(const struct argp_option *o) {
    return !o->name && !o->key && !o->doc && !o->group;
}

/* The row of a long name or, where that is NULL, of a letter. */
static const struct argp_option *find_option(
    const struct argp_option *table, const char *name, int letter) {
    for (const struct argp_option *o = table; o && !is_end(o); o++)
        if (name ? o->name && strcmp(o->name, name) == 0 : o->key == letter)
            return o;
    return NULL;
}

struct option_check {
    const struct argp_option *own;
    const char *verb;
    struct err *e;
};

static const struct argp_option *lookup(
    const struct option_check *c, const char *name, int letter) {
    const struct argp_option *o = find_option(c->own, name, letter);
    return o ? o : find_option(common_options, name, letter);
}

static bool unknown_option(const struct option_check *c, const char *name) {
    const struct argp_option *tables[] = {c->own, common_options};
    const char *near = NULL;
    for (size_t t = 0; t < ARRAY_LEN(tables) && !near; t++) {
        size_t n = 0;
        while (tables[t] && !is_end(&tables[t][n]))
            n++;
        near = n ? str_nearest(name, tables[t], n, sizeof tables[t][0]) : NULL;
    }
    return err_usage(c->e, "%s: --%.200s: unknown option%s%s%s (`dmtl %s --help` lists them)",
        c->verb, name, near ? "; did you mean --" : "", near ? near : "", near ? "?" : "", c->verb);
}

/* Checks "--name" or "--name=value"; *skip: whether the value is the next argument. */
static bool check_long(const struct option_check *c, const char *text, bool last, bool *skip) {
    size_t n = strcspn(text, "=");
    char *name = xstrndup(text, n);
    const struct argp_option *o = lookup(c, name, 0);
    bool ok = true;
    if (!o)
        ok = unknown_option(c, name);
    else if (text[n] == '=' && !o->arg)
        ok = err_usage(c->e, "%s: --%s: takes no value", c->verb, name);
    else if (text[n] != '=' && o->arg && last)
        ok = err_usage(c->e, "%s: --%s: needs a value, %s", c->verb, name, o->arg);
    else
        *skip = text[n] != '=' && o->arg;
    free(name);
    return ok;
}

/* Checks "-x", "-xy" or "-xVALUE". */
static bool check_letters(const struct option_check *c, const char *text, bool last, bool *skip) {
    for (; *text; text++) {
        const struct argp_option *o = isprint((unsigned char)*text) ? lookup(c, NULL, *text) : NULL;
        if (!o)
            return err_usage(c->e, "%s: -%c: unknown option (`dmtl %s --help` lists them)", c->verb,
                isprint((unsigned char)*text) ? *text : '?', c->verb);
        if (!o->arg)
            continue;
        if (!text[1] && last)
            return err_usage(c->e, "%s: -%c: needs a value, %s", c->verb, *text, o->arg);
        *skip = !text[1];
        return true;
    }
    return true;
}

static bool check_options(const struct option_check *c, int argc, char **argv) {
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        bool skip = false, last = i + 1 == argc;
        if (str_starts(argv[i], "--")
                ? !check_long(c, argv[i] + 2, last, &skip)
                : argv[i][0] == '-' && argv[i][1] && !check_letters(c, argv[i] + 1, last, &skip))
            return false;
        i += skip;
    }
    return true;
}

bool command_parse(
    const struct argp *argp, int argc, char **argv, void *input, bool *done, struct err *e) {
    static const struct argp common = {.options = common_options, .parser = parse_common};
    const struct argp_child children[] = {{&common, 0, NULL, 0}, {0}};
    struct argp whole = *argp;
    assert(!whole.children);
    whole.children = children;
    quiet = help = *done = false;
    if (!check_options(&(struct option_check){argp->options, argv[0], e}, argc, argv))
        return false;
    /* Help does not depend on what else is there or missing. */
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        help = help || strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0;
    if (help) {
        char *name = xasprintf("dmtl %s", argv[0]);
        argp_help(&whole, stdout,
            ARGP_HELP_USAGE | ARGP_HELP_PRE_DOC | ARGP_HELP_LONG | ARGP_HELP_POST_DOC, name);
        free(name);
        *done = true;
        return true;
    }
    int rest = argc;
    error_t code =
        argp_parse(&whole, argc, argv, ARGP_NO_ERRS | ARGP_NO_EXIT | ARGP_NO_HELP, &rest, input);
    if (e->kind != ERR_NONE)
        return false;
    if (code != 0)
        return err_usage(
            e, "%s: wrong usage: %s (`dmtl %s --help`)", argv[0], strerror(code), argv[0]);
    if (rest < argc)
        return err_usage(e, "%s: %.200s: one argument too many (`dmtl %s --help`)", argv[0],
            argv[rest], argv[0]);
    return true;
}
