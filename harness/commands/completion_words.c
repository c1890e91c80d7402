#include "commands/completion_words.h"

#include "analysis/age_groups.h"
#include "analysis/crossing.h"
#include "analysis/outcomes.h"
#include "commands/command.h"
#include "core/escape.h"
#include "core/mem.h"
#include "grid/grid.h"
#include "report/clusters.h"
#include "report/figure.h"

#include <ctype.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

struct completing {
    struct str *out;
    const char *const *word; /* behind the verb; the last one is being typed */
    size_t n;
    const char *typed;
    const struct command_face *face;
    const char **
        argument; /* of the words before the last: those that are no options and no values of any */
    size_t n_arguments;
};

/* ---- answers ---- */

static bool is_plain(const char *text) {
    for (const char *s = text; *s; s++)
        if (iscntrl((unsigned char)*s))
            return false;
    return *text != '\0';
}

static void add_line(struct completing *c, const char *line) {
    char *whole = xasprintf("%s\n", line);
    const char *at = c->out->text ? strstr(c->out->text, whole) : NULL;
    while (at && at != c->out->text && at[-1] != '\n')
        at = strstr(at + 1, whole);
    if (!at)
        str_add(c->out, whole);
    free(whole);
}

/* `before` is what of the typed word stays as it is: "--db=", or "accuracy," of a list. */
static void offer(struct completing *c, const char *before, const char *word, const char *help) {
    struct str line = {0};
    str_addf(&line, "%s%s", before, word);
    if (is_plain(word) && str_starts(line.text, c->typed)) {
        str_addc(&line, '\t');
        escape_line(&line, help);
        add_line(c, line.text);
    }
    str_free(&line);
}

static void offer_paths(
    struct completing *c, const char *kind, const char *glob, const char *before) {
    char *line = xasprintf(":%s %s %s", kind, glob, before);
    add_line(c, line);
    free(line);
}

static void offer_words(
    struct completing *c, const char *before, const void *rows, size_t n, size_t stride) {
    for (size_t i = 0; i < n; i++)
        offer(c, before, *(const char *const *)(const void *)((const char *)rows + i * stride), "");
}

static void offer_names(
    struct completing *c, const char *before, const struct name_row *names, size_t n) {
    for (size_t i = 0; i < n; i++)
        offer(c, before, names[i].name, names[i].help);
}

/* ---- what a placeholder of the usage texts stands for ---- */

typedef void offer_fn(struct completing *c, const char *before);

static void offer_files(struct completing *c, const char *before) {
    offer_paths(c, "files", "*", before);
}

static void offer_csv(struct completing *c, const char *before) {
    offer_paths(c, "files", "*.csv", before);
}

static void offer_databases(struct completing *c, const char *before) {
    offer_paths(c, "files", "*.db", before);
}

static void offer_folders(struct completing *c, const char *before) {
    offer_paths(c, "folders", "*", before);
}

/* Grids by the databases in results/; which grids one holds would take opening it. */
static void offer_stored(struct completing *c, const char *before) {
    glob_t found;
    if (glob("results/*.db", 0, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc; i++) {
            const char *name = strrchr(found.gl_pathv[i], '/') + 1;
            char *stem = xstrndup(name, strlen(name) - strlen(".db"));
            offer(c, before, stem, "");
            free(stem);
        }
    globfree(&found);
}

/* A verb that can set a grid's keys reads the file; the others look into its database too. */
static void offer_grids(struct completing *c, const char *before) {
    if (!command_option_find(c->face, "set", 0))
        offer_stored(c, before);
    offer_paths(c, "files", "*.json", before);
}

static void offer_sets(struct completing *c, const char *before) {
    offer_names(c, before, dataset_names, DATASET_COUNT);
}

static void offer_set_folders(struct completing *c, const char *before) {
    const char *equals = strchr(c->typed + strlen(before), '=');
    if (equals) {
        char *longer = xstrndup(c->typed, (size_t)(equals + 1 - c->typed));
        offer_folders(c, longer);
        free(longer);
        return;
    }
    for (int s = 0; s < DATASET_COUNT; s++) {
        char *word = xasprintf("%s=", dataset_names[s].name);
        offer(c, before, word, dataset_names[s].help);
        free(word);
    }
}

static void offer_figures(struct completing *c, const char *before) {
    offer_words(c, before, figure_rows, FIGURE_COUNT, sizeof *figure_rows);
    offer(c, before, "all", "");
}

/* Of the grid whose file stands in the line already. */
static void offer_variants(struct completing *c, const char *before) {
    for (size_t i = 0; i < c->n_arguments; i++) {
        struct grid g = {0};
        struct err e = {0};
        if (str_ends(c->argument[i], ".json") && grid_read(&g, c->argument[i], NULL, 0, &e))
            for (int v = 0; v < g.n_variants; v++)
                offer(c, before, g.variants[v], g.descriptions[v]);
        if (str_ends(c->argument[i], ".json"))
            grid_free(&g);
    }
}

struct offering { /* keys, or the values of one */
    struct completing *c;
    const char *before;
};

static void offer_key(const struct key_description *k, void *context) {
    struct offering *o = context;
    for (int t = 0; t < (strstr(k->pointer, "/NAME/") ? ATTR_COUNT : 1); t++) {
        const char *name = strstr(k->pointer, "/NAME/");
        char *pointer = name ? xasprintf("%.*s/%s%s", (int)(name - k->pointer), k->pointer,
                                   attribute_name[t], name + strlen("/NAME"))
                             : xstrdup(k->pointer);
        char *word = xasprintf("%s=", pointer), *longer = xasprintf("%s%s", o->before, word);
        if (!str_starts(o->c->typed, longer)) {
            offer(o->c, o->before, word, k->help);
        } else {
            offer_names(o->c, longer, k->names, (size_t)k->n_names);
            if (k->boolean)
                offer_words(
                    o->c, longer, (const char *const[]){"true", "false"}, 2, sizeof(char *));
            if (k->or_path)
                offer_files(o->c, longer);
        }
        free(longer);
        free(word);
        free(pointer);
    }
}

static void offer_keys(struct completing *c, const char *before) {
    struct offering o = {c, before};
    keys_describe(offer_key, &o);
}

static const struct {
    const char *name;
    offer_fn *offer;
} placeholders[] = {{"FILE", offer_files}, {"PATH", offer_files}, {"FILE.csv", offer_csv},
    {"OUT.db", offer_databases}, {"SHARD.db", offer_databases}, {"DIR", offer_folders},
    {"GRID", offer_grids}, {"SYSTEM", offer_stored}, {"SET", offer_sets},
    {"SET=DIR", offer_set_folders}, {"KIND", offer_figures}, {"VARIANT", offer_variants},
    {"/POINTER=VALUE", offer_keys}, {"/data/KEY=VALUE", offer_keys}};

static void offer_placeholder(struct completing *c, const char *before, const char *name) {
    for (size_t i = 0; i < ARRAY_LEN(placeholders); i++)
        if (strcmp(placeholders[i].name, name) == 0)
            placeholders[i].offer(c, before);
}

/* ---- values of options ---- */

/* Values of a list stand behind its last comma. */
static char *before_list(const struct completing *c, const char *before) {
    const char *comma = strrchr(c->typed + strlen(before), ',');
    return comma ? xstrndup(c->typed, (size_t)(comma + 1 - c->typed)) : xstrdup(before);
}

static void offer_metrics(struct completing *c, const char *before) {
    char *longer = before_list(c, before);
    for (size_t i = 0; outcome_names(i); i++)
        offer(c, longer, outcome_names(i), "");
    free(longer);
}

static void offer_axes(struct completing *c, const char *before) {
    char *longer = before_list(c, before);
    offer_words(c, longer, crossing_axes, ATTR_COUNT, sizeof *crossing_axes);
    free(longer);
}

static void offer_bins(struct completing *c, const char *before) {
    struct age_bin_sets bins;
    struct err e = {0};
    if (age_bins_load(&bins, NULL, &e))
        for (int i = 0; i < bins.n; i++)
            offer(c, before, bins.sets[i].name, "");
    age_bins_free(&bins);
}

#define WORDS(table)                                                                               \
    &(const struct command_words) {                                                                \
        table, ARRAY_LEN(table), sizeof *(table)                                                   \
    }
static const char *const devices[] = {"cpu", "cuda"};
static const struct command_words parts = {
    &part_name[PART_VALIDATION], PART_COUNT - PART_VALIDATION, sizeof *part_name};

/* Options whose values are words; those of a verb alone come first. */
static const struct {
    const char *verb, *option; /* verb NULL: whichever */
    const struct command_words *words;
    offer_fn *offer; /* in place of words */
} values[] = {
    {"plot", "format", WORDS(picture_name), NULL},
    {"report", "format", &report_formats, NULL},
    {NULL, "format", &statistics_formats, NULL},
    {NULL, "task", WORDS(attribute_name), NULL},
    {NULL, "part", &parts, NULL},
    {NULL, "readout", &statistics_readouts, NULL},
    {NULL, "cluster", WORDS(cluster_by_name), NULL},
    {NULL, "convention", WORDS(cs_convention_name), NULL},
    {NULL, "layout", &synth_layouts, NULL},
    {NULL, "device", WORDS(devices), NULL},
    {NULL, "trunk", WORDS(trunk_names), NULL},
    {NULL, "precision", WORDS(precision_names), NULL},
    {NULL, "backend", WORDS(backend_names), NULL},
    {NULL, "metric", NULL, offer_metrics},
    {NULL, "bins", NULL, offer_bins},
    {NULL, "by", NULL, offer_axes},
    {NULL, "within", NULL, offer_axes},
};

static void offer_value(struct completing *c, const char *before, const struct argp_option *o) {
    for (size_t i = 0; o->name && i < ARRAY_LEN(values); i++) {
        if (strcmp(values[i].option, o->name) != 0 ||
            (values[i].verb && strcmp(values[i].verb, c->face->verb) != 0))
            continue;
        const struct command_words *w = values[i].words;
        if (w)
            offer_words(c, before, w->rows, w->n, w->stride);
        else
            values[i].offer(c, before);
        return;
    }
    offer_placeholder(c, before, o->arg);
}

/* ---- options and arguments ---- */

/* The option that takes the next word as its value, if this word ends in such a one. */
static const struct argp_option *waits(const struct command_face *face, const char *word) {
    const struct argp_option *o = NULL;
    const char *at =
        word + 1; /* of single letters: behind the first that takes a value, the rest is it */
    if (str_starts(word, "--"))
        o = command_option_find(face, word + 2, 0);
    while (!str_starts(word, "--") && *at && !(o && o->arg))
        o = command_option_find(face, NULL, *at++);
    return o && command_option_needs_value(o) && (str_starts(word, "--") || !*at) ? o : NULL;
}

/* Sorts the words before the last; *only_arguments: "--" was among them. NULL, or whose value the last is. */
static const struct argp_option *read_line(struct completing *c, bool *only_arguments) {
    *only_arguments = false;
    for (size_t i = 0; i + 1 < c->n; i++) {
        const char *word = c->word[i];
        if (*only_arguments || word[0] != '-' || !word[1]) {
            c->argument[c->n_arguments++] = word;
        } else if (strcmp(word, "--") == 0) {
            *only_arguments = true;
        } else {
            const struct argp_option *o = waits(c->face, word);
            if (o && i + 2 == c->n)
                return o;
            i += o != NULL;
        }
    }
    return NULL;
}

static void offer_options(struct completing *c) {
    const struct argp_option *o;
    for (size_t i = 0; (o = command_option(c->face, i)); i++)
        if (o->name) {
            char *word = xasprintf("--%s", o->name);
            offer(c, "", word, o->doc ? o->doc : "");
            free(word);
        }
}

/* A word of a form of the arguments: "info", "[train|infer|both]", "KIND", "[CELL...]". */
struct form_word {
    char *text; /* without brackets and dots; alternatives with | between */
    bool repeats;
};

/* Takes the next word off the form's front; options of it, with their values, are none. */
static bool next_form_word(const char **form, struct form_word *w) {
    for (;;) {
        *form += strspn(*form, " ");
        size_t n = strcspn(*form, " \n");
        const char *word = *form;
        *form += n;
        if (n == 0)
            return false;
        if (str_starts(word, "--")) {
            *form += strspn(*form, " ");
            *form += strcspn(*form, " \n");
            continue;
        }
        bool optional = *word == '[';
        word += optional;
        n -= optional;
        n -= n && word[n - 1] == ']';
        w->repeats = n > 3 && strncmp(word + n - 3, "...", 3) == 0;
        w->text = xstrndup(word, w->repeats ? n - 3 : n);
        return true;
    }
}

/* Whether an argument is as a form's word has it: what is written small must stand so. */
static bool fits(const char *text, const char *argument) {
    for (const char *at = text; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL) {
        size_t n = strcspn(at, "|");
        if (!islower((unsigned char)*at) || (strlen(argument) == n && !strncmp(at, argument, n)))
            return true;
    }
    return false;
}

static void offer_form_word(struct completing *c, const char *text) {
    for (const char *at = text; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL) {
        char *word = xstrndup(at, strcspn(at, "|"));
        if (islower((unsigned char)*word))
            offer(c, "", word, "");
        else
            offer_placeholder(c, "", word);
        free(word);
    }
}

static void offer_by_form(struct completing *c, const char *form) {
    struct form_word w = {0};
    bool ok = true;
    for (size_t i = 0; ok && i <= c->n_arguments; i++) {
        if (!w.repeats) {
            free(w.text);
            w.text = NULL;
            ok = next_form_word(&form, &w);
        }
        if (ok && i == c->n_arguments)
            offer_form_word(c, w.text);
        ok = ok && i < c->n_arguments && fits(w.text, c->argument[i]);
    }
    free(w.text);
}

static void complete(const struct command_face *face, void *context) {
    struct completing *c = context;
    bool only_arguments;
    c->face = face;
    c->argument = xcalloc(c->n, sizeof *c->argument);
    const struct argp_option *o = read_line(c, &only_arguments);
    const char *equals = strchr(c->typed, '=');
    if (o) {
        offer_value(c, "", o);
    } else if (!only_arguments && str_starts(c->typed, "--") && equals) {
        char *name = xstrndup(c->typed + 2, (size_t)(equals - c->typed) - 2);
        char *before = xstrndup(c->typed, (size_t)(equals + 1 - c->typed));
        if ((o = command_option_find(face, name, 0)) && o->arg)
            offer_value(c, before, o);
        free(before);
        free(name);
    } else if (!only_arguments && c->typed[0] == '-') {
        offer_options(c);
    } else {
        for (const char *form = face->argp->args_doc; form;
             form = strchr(form, '\n') ? strchr(form, '\n') + 1 : NULL)
            offer_by_form(c, form);
    }
    free(c->argument);
}

void completion_words(struct str *out, const char *const *words, size_t n) {
    struct completing c = {.out = out, .typed = words[n - 1]};
    if (n == 1) {
        for (const struct command *v = commands; v->name; v++)
            offer(&c, "", v->name, v->help);
        offer(&c, "", "--help", "");
        offer(&c, "", "--version", "");
        return;
    }
    c.word = words + 1;
    c.n = n - 1;
    for (const struct command *v = commands; v->name; v++)
        if (strcmp(v->name, words[0]) == 0)
            command_show(v, complete, &c);
}
