/* dmtl manual: the manual pages, made of the tables that the program itself goes by and of written words. */
#include "commands/command.h"
#include "commands/roff.h"

#include "core/file.h"
#include "core/mem.h"
#include "grid/catalogue.h"
#include "grid/keys.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of each page, behind a line "= VERB": words for its description and then sections of its own. */
static const char written[] =
#include "harness/commands/manual.txt.inc"
    ;

static const struct {
    const char *code, *meaning;
} exits[] = {{"0", "done"}, {"1", "failed; the message says why"},
    {"2", "wrong usage, or a wrong file of the user's; nothing was changed"},
    {"75", "interrupted: the same command goes on from there"}};

/* ---- parts of a page ---- */

/* What is written for a page, or "". The caller frees. */
static char *written_for(const char *verb) {
    char *mark = xasprintf("= %s\n", verb);
    const char *at = strstr(written, mark);
    while (at && at != written && at[-1] != '\n')
        at = strstr(at + 1, mark);
    at = at ? at + strlen(mark) : "";
    const char *end = strstr(at, "\n= ");
    free(mark);
    return xstrndup(at, end ? (size_t)(end - at) : strlen(at));
}

/* Cuts a page's words where its sections begin; "" where there are none. */
static char *cut_sections(char *words) {
    char *sections = strstr(words, "\n# ");
    if (!sections)
        return words + strlen(words);
    *sections = '\0';
    return sections + 1;
}

/* Each line of `args` is a form of the command; its capitals are what is put in their place. */
static void add_synopsis(struct str *out, const char *command, const char *args) {
    roff_heading(out, "SYNOPSIS");
    for (const char *at = args; at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL) {
        struct str form = {0};
        str_addf(&form, "`%s`", command);
        for (const char *word = at; *word && *word != '\n'; word += strspn(word, " ")) {
            size_t n = strcspn(word, " \n");
            bool typed = islower((unsigned char)*word) || *word == '-';
            str_addf(&form, typed ? " `%.*s`" : " %.*s", (int)n, word);
            word += n;
        }
        str_add(&form, " [OPTION...]");
        roff_paragraph(out, form.text);
        str_free(&form);
    }
}

static void add_option(struct str *out, const struct argp_option *o) {
    struct str tag = {0};
    if (o->key > 0 && o->key < 256 && isprint(o->key))
        str_addf(&tag, "-%c%s", o->key, o->name ? ", " : "");
    if (o->name)
        str_addf(&tag, "--%s", o->name);
    const char *equals = o->name ? "=" : " ";
    bool may = o->flags & OPTION_ARG_OPTIONAL;
    char *value = o->arg ? xasprintf("%s%s%s%s", may ? "[" : "", equals, o->arg, may ? "]" : "")
                         : xstrdup("");
    roff_item(out, tag.text, value, o->doc ? o->doc : "");
    free(value);
    str_free(&tag);
}

static void add_ending(struct str *out, const char *see) {
    roff_heading(out, "EXIT STATUS");
    for (size_t i = 0; i < ARRAY_LEN(exits); i++)
        roff_item(out, exits[i].code, "", exits[i].meaning);
    roff_heading(out, "SEE ALSO");
    roff_paragraph(out, see);
}

/* ---- pages ---- */

struct page {
    const struct command *command;
    struct str text;
};

static void verb_page(const struct command_face *face, void *context) {
    struct page *p = context;
    char *name = xasprintf("dmtl-%s", face->verb), *typed = xasprintf("dmtl %s", face->verb);
    char *words = written_for(face->verb), *sections = cut_sections(words);
    const char *doc = face->argp->doc, *more = strchr(doc, '\v');
    char *first = xstrndup(doc, more ? (size_t)(more - doc) : strlen(doc));
    const struct argp_option *o;
    roff_begin(&p->text, name, 1, p->command->help);
    add_synopsis(&p->text, typed, face->argp->args_doc);
    roff_heading(&p->text, "DESCRIPTION");
    roff_paragraph(&p->text, first);
    if (more)
        roff_paragraph(&p->text, more + 1);
    roff_prose(&p->text, words);
    roff_heading(&p->text, "OPTIONS");
    for (size_t i = 0; (o = command_option(face, i)); i++)
        add_option(&p->text, o);
    roff_prose(&p->text, sections);
    add_ending(&p->text, "`dmtl`(1), `dmtl-grid`(5)");
    free(first);
    free(words);
    free(typed);
    free(name);
}

static void program_page(struct str *out) {
    char *words = written_for("dmtl"), *sections = cut_sections(words);
    struct str see = {0};
    roff_begin(out, "dmtl", 1, "experiment grids over face attributes, and audits of them");
    add_synopsis(out, "dmtl", "VERB");
    roff_heading(out, "DESCRIPTION");
    roff_prose(out, words);
    roff_heading(out, "VERBS");
    for (const struct command *c = commands; c->name; c++) {
        roff_item(out, c->name, "", c->help);
        str_addf(&see, "`dmtl-%s`(1), ", c->name);
    }
    str_add(&see, "`dmtl-grid`(5)");
    roff_prose(out, sections);
    add_ending(out, see.text);
    str_free(&see);
    free(words);
}

static void add_key(const struct key_description *k, void *context) {
    struct str *out = context, help = {0};
    str_addf(&help, "%s: %s; default %s.%s", k->help, k->expected, k->standard,
        k->no_result ? " Changes no result." : "");
    roff_item(out, k->pointer, "", help.text);
    if (k->n_names) {
        str_add(out, ".RS\n");
        for (int i = 0; i < k->n_names; i++)
            roff_item(out, k->names[i].name, "", k->names[i].help);
        str_add(out, ".RE\n");
    }
    str_free(&help);
}

static void grid_page(struct str *out) {
    char *words = written_for("grid"), *sections = cut_sections(words);
    roff_begin(out, "dmtl-grid", 5, "the format of grid files");
    roff_heading(out, "DESCRIPTION");
    roff_prose(out, words);
    roff_prose(out, sections);
    roff_heading(out, "KEYS OF A CONFIGURATION");
    keys_describe(add_key, out);
    roff_heading(out, "SEE ALSO");
    roff_paragraph(out, "`dmtl-plan`(1), `dmtl-run`(1)");
    free(words);
}

/* ---- writing them ---- */

static bool write_page(
    const char *dir, int section, const char *name, const struct str *text, struct err *e) {
    char *path = xasprintf("%s/man%d/%s.%d", dir, section, name, section);
    bool ok = file_write(path, text->text, text->len, e);
    free(path);
    return ok;
}

static bool write_verb(const char *dir, const struct command *c, struct err *e) {
    struct page p = {.command = c};
    command_show(c, verb_page, &p);
    char *name = xasprintf("dmtl-%s", c->name);
    bool ok = write_page(dir, 1, name, &p.text, e);
    free(name);
    str_free(&p.text);
    return ok;
}

static bool write_pages(const char *dir, struct err *e) {
    struct str program = {0}, grid = {0};
    char *man1 = path_join(dir, "man1"), *man5 = path_join(dir, "man5");
    program_page(&program);
    grid_page(&grid);
    bool ok = dir_make(man1, e) && dir_make(man5, e) && write_page(dir, 1, "dmtl", &program, e) &&
              write_page(dir, 5, "dmtl-grid", &grid, e);
    for (const struct command *c = commands; ok && c->name; c++)
        ok = write_verb(dir, c, e);
    free(man5);
    free(man1);
    str_free(&grid);
    str_free(&program);
    return ok;
}

static error_t parse(int key, char *value, struct argp_state *state) {
    const char **dir = state->input;
    if (key != ARGP_KEY_ARG || *dir)
        return ARGP_ERR_UNKNOWN;
    *dir = value;
    return 0;
}

static const struct argp argp = {NULL, parse, "DIR",
    "Writes the manual pages into a folder: dmtl(1), a page for each verb, and dmtl-grid(5) on grid files.",
    NULL, NULL, NULL};

bool command_manual(int argc, char **argv, struct err *e) {
    const char *dir = NULL;
    bool done;
    if (!command_parse(&argp, argc, argv, &dir, NULL, &done, e) || done)
        return e->kind == ERR_NONE;
    if (!dir)
        return err_usage(e, "manual: where to? expected a folder, like share/man");
    if (!write_pages(dir, e))
        return false;
    if (!command_quiet())
        fprintf(stderr, "dmtl: wrote the pages; `man -M %s dmtl` shows the first\n", dir);
    return true;
}
