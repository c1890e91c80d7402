#include "commands/command.h"

#include "core/mem.h"
#include "core/str.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
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

bool command_number(const char *verb, const char *option, const char *text, int least, int most,
    int *value, struct err *e) {
    char *end;
    errno = 0;
    long n = strtol(text, &end, 10);
    if (end == text || *end || errno || n < least || n > most)
        return err_usage(e, "%s: %s: %.100s: expected a whole number from %d to %d", verb, option,
            text, least, most);
    *value = (int)n;
    return true;
}

const struct command_words command_tasks = {attribute_name, ATTR_COUNT, sizeof *attribute_name};
const struct command_words command_parts = {
    &part_name[PART_VALIDATION], PART_COUNT - PART_VALIDATION, sizeof *part_name};

static const char *word_at(struct command_words w, size_t i) {
    return *(const char *const *)((const char *)w.rows + i * w.stride);
}

bool command_word(const char *verb, const char *option, const char *text,
    struct command_words words, int *at, struct err *e) {
    struct str known = {0};
    for (size_t i = 0; i < words.n; i++) {
        if (strcmp(word_at(words, i), text) == 0) {
            *at = (int)i;
            str_free(&known);
            return true;
        }
        str_addf(&known, "%s%s", i == 0 ? "" : i + 1 < words.n ? ", " : " or ", word_at(words, i));
    }
    char *shown = str_quoted(text);
    err_usage(e, "%s: %s: %.200s: expected %s", verb, option, shown, known.text);
    err_hint(e, text, words.rows, words.n, words.stride);
    free(shown);
    str_free(&known);
    return false;
}

/* ---- checking the options ourselves, for messages in our words ---- */

static bool is_end(const struct argp_option *o) {
    return !o->name && !o->key && !o->doc && !o->group;
}

const struct argp_option *command_option(const struct command_face *face, size_t i) {
    for (int t = 0; t < COMMAND_TABLES; t++)
        for (const struct argp_option *o = face->table[t]; o && !is_end(o); o++)
            if ((o->name || o->key) && i-- == 0)
                return o;
    return NULL;
}

const struct argp_option *command_option_find(
    const struct command_face *face, const char *name, int letter) {
    const struct argp_option *o;
    for (size_t i = 0; (o = command_option(face, i)); i++)
        if (name ? o->name && strcmp(o->name, name) == 0 : o->key == letter)
            return o;
    return NULL;
}

bool command_option_needs_value(const struct argp_option *o) {
    return o->arg && !(o->flags & OPTION_ARG_OPTIONAL);
}

struct option_check {
    const struct command_face *face;
    const char *verb;
    struct err *e;
};

static bool unknown_option(const struct option_check *c, const char *name) {
    const char *near = NULL;
    for (int t = 0; t < COMMAND_TABLES && !near; t++) {
        const struct argp_option *table = c->face->table[t];
        size_t n = 0;
        while (table && !is_end(&table[n]))
            n++;
        near = n ? str_nearest(name, table, n, sizeof *table) : NULL;
    }
    return err_usage(c->e, "%s: --%.200s: unknown option%s%s%s (`dmtl %s --help` lists them)",
        c->verb, name, near ? "; did you mean --" : "", near ? near : "", near ? "?" : "", c->verb);
}

/* Checks "--name" or "--name=value"; *skip: whether the value is the next argument. */
static bool check_long(const struct option_check *c, const char *text, bool last, bool *skip) {
    size_t n = strcspn(text, "=");
    char *name = xstrndup(text, n);
    const struct argp_option *o = command_option_find(c->face, name, 0);
    bool ok = true;
    if (!o)
        ok = unknown_option(c, name);
    else if (text[n] == '=' && !o->arg)
        ok = err_usage(c->e, "%s: --%s: takes no value", c->verb, name);
    else if (text[n] != '=' && command_option_needs_value(o) && last)
        ok = err_usage(c->e, "%s: --%s: needs a value, %s", c->verb, name, o->arg);
    else
        *skip = text[n] != '=' && command_option_needs_value(o);
    free(name);
    return ok;
}

/* Checks "-x", "-xy" or "-xVALUE". */
static bool check_letters(const struct option_check *c, const char *text, bool last, bool *skip) {
    for (; *text; text++) {
        const struct argp_option *o =
            isprint((unsigned char)*text) ? command_option_find(c->face, NULL, *text) : NULL;
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

/* ---- parsing ---- */

/* The parser above a verb's own and the shared ones hands each its input. */
static error_t parse_root(int key, char *value, struct argp_state *state) {
    (void)value;
    void *const *inputs = state->input;
    if (key != ARGP_KEY_INIT)
        return ARGP_ERR_UNKNOWN;
    for (int t = 0; t < COMMAND_TABLES && state->root_argp->children[t].argp; t++)
        state->child_inputs[t] = inputs[t];
    return 0;
}

/* Who looks at a verb's face in place of its help. */
static command_look *looking;
static void *looking_context;

void command_show(const struct command *c, command_look *look, void *context) {
    struct err e = {0};
    char *argv[] = {xstrdup(c->name), xstrdup("--help"), NULL};
    bool was_quiet = quiet;
    looking = look;
    looking_context = context;
    bool ok = c->run(2, argv, &e);
    quiet = was_quiet; /* the verb that looks has its own */
    assert(ok && "a verb shows its help whatever else");
    (void)ok;
    looking = NULL;
    free(argv[0]);
    free(argv[1]);
}

static void print_help(const struct argp *root, const char *verb) {
    char *name = xasprintf("dmtl %s", verb);
    argp_help(root, stdout,
        ARGP_HELP_USAGE | ARGP_HELP_PRE_DOC | ARGP_HELP_LONG | ARGP_HELP_POST_DOC, name);
    free(name);
}

bool command_parse(const struct argp *argp, int argc, char **argv, void *input,
    struct grid_options *grid, bool *done, struct err *e) {
    static const struct argp common = {.options = common_options, .parser = parse_common};
    const struct argp *of_grid = grid ? grid_options_argp(grid->takes) : NULL;
    struct argp own = {.options = argp->options, .parser = argp->parser};
    struct argp_child children[COMMAND_TABLES + 1] = {{&own, 0, NULL, 0}, {&common, 0, NULL, 0}};
    void *inputs[COMMAND_TABLES] = {input};
    struct argp root = {
        .parser = parse_root, .args_doc = argp->args_doc, .doc = argp->doc, .children = children};
    assert(!argp->children);
    if (grid) {
        children[2].argp = of_grid;
        inputs[2] = grid;
    }
    const struct command_face face = {.verb = argv[0],
        .argp = argp,
        .table = {[COMMAND_OWN] = argp->options,
            [COMMAND_GRID] = of_grid ? of_grid->options : NULL,
            [COMMAND_COMMON] = common_options}};
    const struct option_check check = {&face, argv[0], e};
    quiet = help = *done = false;
    if (!check_options(&check, argc, argv))
        return false;
    /* Help does not depend on what else is there or missing. */
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        help = help || strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0;
    if (help) {
        if (looking)
            looking(&face, looking_context);
        else
            print_help(&root, argv[0]);
        *done = true;
        return true;
    }
    int rest = argc;
    error_t code =
        argp_parse(&root, argc, argv, ARGP_NO_ERRS | ARGP_NO_EXIT | ARGP_NO_HELP, &rest, inputs);
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
