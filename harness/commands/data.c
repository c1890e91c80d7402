/* dmtl data: what a set holds, a drawn set, the pixel cache. */
#include "commands/command.h"

#include "commands/data_verb.h"
#include "core/cores.h"
#include "core/mem.h"
#include "core/str.h"
#include "data/synth.h"
#include "grid/catalogue.h"
#include "grid/keys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEY_DATA = 256,
    KEY_LISTS,
    KEY_ONLY,
    KEY_CACHE,
    KEY_OUT,
    KEY_LAYOUT,
    KEY_FOLDS,
    KEY_SHARE,
    KEY_RECIPE,
    KEY_PX,
    KEY_SEED,
    KEY_THREADS,
    KEY_JSON,
    KEY_SET
};

static const struct argp_option options[] = {
    {"data", KEY_DATA, DATA_OPTION_ARG, 0, DATA_OPTION_HELP, 0},
    {"lists", KEY_LISTS, "DIR", 0, LISTS_OPTION_HELP, 0},
    {"cache", KEY_CACHE, "DIR", 0, "where hashes and pixels are kept (default: results/cache)", 0},
    {"set", KEY_SET, "/POINTER=VALUE", 0,
        "all but synth: a key of /data, such as /data/age_labels=nested; of a grid, any key", 0},
    {"only", KEY_ONLY, "VARIANT", 0,
        "info, check, export of a grid: this variant alone; may be given more than once", 0},
    {"json", KEY_JSON, NULL, 0, "info, duplicates, check: print JSON", 0},
    {"out", KEY_OUT, "PATH", 0,
        "synth: the folder to draw into; export: the file (default: standard output)", 0},
    {"layout", KEY_LAYOUT, "NAME", 0, "synth: utkface (default) or adience", 0},
    {"number", 'n', "N", 0, "synth: how many faces, in UTKFace's layout (default: 4000)", 0},
    {"folds", KEY_FOLDS, "DIR", 0,
        "synth: where the fold files are whose rows are drawn, for adience", 0},
    {"share", KEY_SHARE, "S", 0, "synth: of Adience's persons, above 0 to 1 (default: 1)", 0},
    {"recipe", KEY_RECIPE, "FILE", 0,
        "synth: plant the bias that this file describes (datasets/recipes), in UTKFace's layout",
        0},
    {"px", KEY_PX, "PX", 0, "synth, cache: side of the square images (synth's default: 96)", 0},
    {"seed", KEY_SEED, "S", 0, "synth: another number draws other faces (default: 1)", 0},
    {"threads", KEY_THREADS, "N", 0, "threads to use (default: one a processor)", 0},
    {0},
};

enum action { INFO, DUPLICATES, CHECK, EXPORT, SYNTH, CACHE, ACTIONS };
static const struct {
    const char *name;
    bool (*run)(const struct data_verb *v, struct err *e);
} actions[ACTIONS] = {[INFO] = {"info", data_info},
    [DUPLICATES] = {"duplicates", data_duplicates},
    [CHECK] = {"check", data_check},
    [EXPORT] = {"export", data_export},
    [SYNTH] = {"synth", data_synth},
    [CACHE] = {"cache", data_cache}};

#define FOR(action) (1u << (action))
#define OF_SETS (FOR(ACTIONS) - 1 - FOR(SYNTH))

/* Which actions an option counts for. */
static const struct {
    int key;
    unsigned actions;
} uses[] = {{KEY_DATA, OF_SETS}, {KEY_LISTS, FOR(INFO) | FOR(CHECK) | FOR(EXPORT)},
    {KEY_CACHE, OF_SETS}, {KEY_SET, OF_SETS}, {KEY_ONLY, FOR(INFO) | FOR(CHECK) | FOR(EXPORT)},
    {KEY_JSON, FOR(INFO) | FOR(DUPLICATES) | FOR(CHECK)}, {KEY_OUT, FOR(SYNTH) | FOR(EXPORT)},
    {KEY_LAYOUT, FOR(SYNTH)}, {'n', FOR(SYNTH)}, {KEY_FOLDS, FOR(SYNTH)}, {KEY_SHARE, FOR(SYNTH)},
    {KEY_RECIPE, FOR(SYNTH)}, {KEY_PX, FOR(SYNTH) | FOR(CACHE)}, {KEY_SEED, FOR(SYNTH)},
    {KEY_THREADS, OF_SETS | FOR(SYNTH)}};
_Static_assert(ARRAY_LEN(uses) == ARRAY_LEN(options) - 1, "each option says what it counts for");
_Static_assert(ARRAY_LEN(uses) <= 32, "data_verb.given has a bit an option");

static void note_given(struct data_verb *v, int key) {
    for (size_t i = 0; i < ARRAY_LEN(uses); i++)
        v->given |= (uint32_t)(uses[i].key == key) << i;
}

/* An option that the action does not look at is a mistake of whoever typed it. */
static bool check_given(const struct data_verb *v, enum action action, struct err *e) {
    for (size_t i = 0; i < ARRAY_LEN(uses); i++) {
        if (!(v->given >> i & 1) || uses[i].actions & FOR(action))
            continue;
        struct str known = {0};
        for (int a = 0; a < ACTIONS; a++)
            if (uses[i].actions & FOR(a))
                str_addf(&known, "%s%s", known.len ? ", " : "", actions[a].name);
        for (size_t k = 0; options[k].key; k++)
            if (options[k].key == uses[i].key)
                err_usage(e, "data %s: --%s counts for nothing here: it is an option of %s",
                    v->action, options[k].name, known.text);
        str_free(&known);
        return false;
    }
    return true;
}

/* A whole number in bounds, all of it digits. */
static bool whole_number(const char *option, const char *text, uint64_t low, uint64_t high,
    uint64_t *out, struct err *e) {
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno || value < low || value > high)
        return err_usage(e, "data: --%s: %.100s: expected a whole number from %ju to %ju", option,
            text, (uintmax_t)low, (uintmax_t)high);
    *out = value;
    return true;
}

static bool parse_number(struct data_verb *v, int key, const char *text) {
    uint64_t value = 0;
    bool ok = true;
    switch (key) {
    case 'n':
        ok = whole_number("number", text, 1, SYNTH_MAX_IMAGES, &value, v->e);
        v->n = value;
        break;
    case KEY_PX:
        ok = whole_number("px", text, 8, 4096, &value, v->e);
        v->px = (int)value;
        break;
    case KEY_SEED:
        ok = whole_number("seed", text, 0, UINT64_MAX, &value, v->e);
        v->seed = value;
        break;
    default:
        ok = whole_number("threads", text, 1, 1024, &value, v->e);
        v->threads = (int)value;
    }
    return ok;
}

static bool parse_share(struct data_verb *v, const char *text) {
    char *end;
    v->share = strtod(text, &end);
    return (end != text && !*end && v->share > 0 && v->share <= 1) ||
           err_usage(v->e, "data: --share: %.100s: expected a number above 0, at most 1", text);
}

static error_t parse(int key, char *value, struct argp_state *state) {
    struct data_verb *v = state->input;
    note_given(v, key);
    switch (key) {
    case KEY_DATA:
        return data_options_add(&v->data, value, v->e) ? 0 : EINVAL;
    case KEY_ONLY:
        option_texts_add(&v->only, value);
        return 0;
    case KEY_LISTS:
        v->data.lists = value;
        return 0;
    case KEY_CACHE:
        v->cache_dir = value;
        return 0;
    case KEY_OUT:
        v->out = value;
        return 0;
    case KEY_LAYOUT:
        v->layout = value;
        return 0;
    case KEY_FOLDS:
        v->folds = value;
        return 0;
    case KEY_RECIPE:
        v->recipe = value;
        return 0;
    case KEY_SHARE:
        return parse_share(v, value) ? 0 : EINVAL;
    case KEY_SET:
        option_texts_add(&v->set, value);
        return 0;
    case KEY_JSON:
        v->json = true;
        return 0;
    case 'n':
    case KEY_PX:
    case KEY_SEED:
    case KEY_THREADS:
        return parse_number(v, key, value) ? 0 : EINVAL;
    case ARGP_KEY_ARG:
        if (v->action && v->argument)
            return ARGP_ERR_UNKNOWN;
        *(v->action ? &v->argument : &v->action) = value;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp argp = {options, parse,
    "info [SET|GRID] --data SET=DIR\nduplicates [SET] --data SET=DIR\ncheck GRID --data SET=DIR\nexport [SET|GRID] --data SET=DIR\n"
    "cache GRID --data SET=DIR\ncache --px PX --data SET=DIR\n"
    "synth --out DIR\nsynth --recipe FILE --out DIR\n"
    "synth --layout adience --folds DIR --out DIR",
    "Looks at image sets and prepares them.\v"
    "info counts a set's labels and names each file that is set aside, with the reason; of a grid, it counts "
    "the labels of each part of each of its splits. duplicates finds identical files and near-identical images, "
    "and how far the labels of copies agree. check shows "
    "what the gates find of each split of a grid, and fails where one is refused. export writes the same as CSV, a line a sample. cache decodes "
    "and resizes a set once, for every cell that trains on its pixels; `dmtl run` does so by itself "
    "where it was not done. synth draws a set of faces in UTKFace's layout, or in Adience's one for each row "
    "of its fold files (aligned/ alone).",
    NULL, NULL, NULL};

bool data_verb_set(
    const struct data_verb *v, const char *name, enum dataset_id *set, struct err *e) {
    int given = 0;
    for (int s = 0; s < DATASET_COUNT; s++) {
        if (name ? strcmp(dataset_names[s].name, name) != 0 : !v->data.dir[s])
            continue;
        *set = (enum dataset_id)s;
        given++;
    }
    if (given == 1)
        return true;
    if (!name)
        return err_usage(e, "data %s: which set? expected one --data SET=DIR", v->action);
    char *shown = str_quoted(name);
    struct str known = {0};
    for (int s = 0; s < DATASET_COUNT; s++)
        str_addf(&known, "%s%s", s ? ", " : "", dataset_names[s].name);
    err_usage(e, "data %s: unknown set %s (known: %s)", v->action, shown, known.text);
    err_hint(e, name, dataset_names, ARRAY_LEN(dataset_names), sizeof *dataset_names);
    str_free(&known);
    free(shown);
    return false;
}

bool data_verb_reading(
    const struct data_verb *v, enum dataset_id set, struct config *c, struct err *e) {
    cJSON *root = cJSON_CreateObject(), *tasks = cJSON_AddObjectToObject(root, "tasks");
    cJSON_AddStringToObject(cJSON_AddObjectToObject(root, "data"), "set", dataset_names[set].name);
    cJSON_AddObjectToObject(tasks, attribute_name[ATTR_GENDER]); /* every set has it */
    bool ok = true;
    for (size_t i = 0; ok && i < v->set.n; i++) {
        const char *text = v->set.text[i];
        cJSON *patch = config_assignment(text, e);
        ok = patch && ((str_starts(text, "/data/") && !str_starts(text, "/data/set=")) ||
                          err_usage(e,
                              "--set %s: expected a key of how the set is read, such as "
                              "/data/age_labels=nested",
                              text));
        root = ok ? json_merge_patch(root, patch) : root;
        cJSON_Delete(patch);
    }
    *c = (struct config){0};
    ok = ok && config_parse(c, root, "data info", e);
    cJSON_Delete(root);
    return ok;
}

static bool act(const struct data_verb *v, struct err *e) {
    if (!v->action)
        return err_usage(e,
            "data: what to do? expected info, duplicates, check, export, synth or cache (`dmtl data --help`)");
    for (size_t i = 0; i < ARRAY_LEN(actions); i++)
        if (strcmp(actions[i].name, v->action) == 0)
            return check_given(v, (enum action)i, e) && actions[i].run(v, e);
    err_usage(
        e, "data: %.200s: expected info, duplicates, check, export, synth or cache", v->action);
    return err_hint(e, v->action, actions, ARRAY_LEN(actions), sizeof actions[0]);
}

bool command_data(int argc, char **argv, struct err *e) {
    struct data_verb v = {.cache_dir = "results/cache",
        .layout = "utkface",
        .seed = 1,
        .threads = cores_usable(),
        .e = e};
    bool done, ok = command_parse(&argp, argc, argv, &v, NULL, &done, e);
    if (ok && !done)
        ok = act(&v, e);
    data_options_free(&v.data);
    free(v.set.text);
    free(v.only.text);
    return ok;
}
