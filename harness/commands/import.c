/* dmtl import: another system's predictions into the store. */
#include "commands/command.h"
#include "commands/data_verb.h"
#include "core/cores.h"
#include "core/file.h"
#include "core/json.h"
#include "core/mem.h"
#include "data/duplicates.h"
#include "grid/catalogue.h"
#include "grid/import.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_NAME = 256, KEY_DATA, KEY_DB, KEY_REPLACE, KEY_JSON, KEY_SET, KEY_CACHE };
#define MAX_BYTES ((size_t)4 << 30)

static const struct argp_option options[] = {
    {"name", KEY_NAME, "SYSTEM", 0, "what it is called from now on: import:SYSTEM", 0},
    {"data", KEY_DATA, DATA_OPTION_ARG, 0, "the set that was predicted, and its folder", 0},
    {"db", KEY_DB, "FILE", 0, "the results database (default: results/import.db)", 0},
    {"replace", KEY_REPLACE, NULL, 0, "in place of what SYSTEM is there already", 0},
    {"set", KEY_SET, "/data/KEY=VALUE", 0,
        "how the set is read, such as /data/corrections=published; may be given more than once", 0},
    {"cache", KEY_CACHE, "DIR", 0, "where hashes are kept (default: results/cache)", 0},
    {"json", KEY_JSON, NULL, 0, "say what was stored as JSON", 0},
    {0},
};

struct import_command {
    struct data_verb data; /* of it the set, its folder and reading */
    const char *file, *name, *db;
    bool replace, json;
};

static error_t parse(int key, char *value, struct argp_state *state) {
    struct import_command *c = state->input;
    switch (key) {
    case KEY_NAME:
        c->name = value;
        break;
    case KEY_DATA:
        return data_options_add(&c->data.data, value, c->data.e) ? 0 : EINVAL;
    case KEY_DB:
        c->db = value;
        break;
    case KEY_REPLACE:
        c->replace = true;
        break;
    case KEY_SET:
        option_texts_add(&c->data.set, value);
        break;
    case KEY_CACHE:
        c->data.cache_dir = value;
        break;
    case KEY_JSON:
        c->json = true;
        break;
    case ARGP_KEY_ARG:
        if (c->file)
            return ARGP_ERR_UNKNOWN;
        c->file = value;
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp argp = {options, parse, "FILE.csv --name SYSTEM --data SET=DIR",
    "Stores predictions of another system, so that it has every table, figure, comparison and audit.\v"
    "Long form, a line a prediction: sample,task,predicted. Wide form, a line a sample: sample,age,gender,race. Both "
    "may have truth, seed, fold, part and probabilities (experiments/README.md). Nothing is stored unless all of it "
    "is right.",
    NULL, NULL, NULL};

static bool check(const struct import_command *c, struct err *e) {
    if (!c->file)
        return err_usage(e, "import: which file? expected FILE.csv");
    if (!c->name)
        return err_usage(e, "import: --name: expected what the system is to be called");
    return import_check_name(c->name, e);
}

static bool open_set(struct import_command *c, struct manifest *m, struct err *e) {
    enum dataset_id set;
    struct config config = {0};
    const char *dir = NULL;
    bool ok = data_verb_set(&c->data, NULL, &set, e) &&
              data_verb_reading(&c->data, set, &config, e) &&
              (dir = data_options_dir(&c->data.data, set, e)) &&
              manifest_open(m, set, config.data.reading, dir, c->data.cache_dir, cores_usable(), e);
    config_free(&config);
    return ok;
}

static void say(const struct import_command *c, const struct manifest *m, const struct imported *im,
    enum import_outcome outcome, const char *db) {
    if (c->json) {
        struct str text = {0};
        str_add(&text, "{\"system\": ");
        json_add_string(&text, c->name);
        str_addf(&text,
            ", \"dataset\": \"%s\", \"predictions\": %zu, \"cells\": %zu, \"unlabelled\": %zu, \"stored\": %s}\n",
            dataset_names[m->set].name, im->n, im->n_runs, im->unlabelled,
            outcome == IMPORT_STORED ? "true" : "false");
        fputs(text.text, stdout);
        str_free(&text);
        return;
    }
    if (command_quiet())
        return;
    if (outcome == IMPORT_THERE_ALREADY) {
        printf("%s: the same predictions are there already as import:%s\n", db, c->name);
        return;
    }
    printf("%zu predictions of %s stored in %s as import:%s, %zu cell%s (seeds and folds)\n", im->n,
        dataset_names[m->set].name, db, c->name, im->n_runs, im->n_runs == 1 ? "" : "s");
    if (im->unlabelled)
        printf("%zu more are of samples without that label and were passed over\n", im->unlabelled);
}

static bool store_them(const struct import_command *c, const struct manifest *m,
    const struct imported *im, struct err *e) {
    const char *db = c->db ? c->db : "results/" IMPORT_GRID ".db";
    enum import_outcome outcome;
    struct store *s = store_open(db, STORE_WRITE, e);
    bool ok = s && import_store(s, m, im, c->name, c->replace, &outcome, e);
    store_close(s);
    if (ok)
        say(c, m, im, outcome, db);
    return ok;
}

static bool run(struct import_command *c, struct err *e) {
    struct manifest m = {0};
    struct imported im = {0};
    size_t n = 0;
    if (!check(c, e))
        return false;
    char *bytes = file_read(c->file, MAX_BYTES, &n, e);
    if (!bytes)
        e->kind = ERR_USAGE; /* a file that the user named */
    bool opened = bytes && open_set(c, &m, e);
    bool ok = opened && imported_parse(&im, &m, c->file, bytes, n, e);
    free(bytes);
    ok = ok && duplicates_mark(&m, c->data.cache_dir, cores_usable(), e) &&
         store_them(c, &m, &im, e);
    imported_free(&im);
    if (opened)
        manifest_close(&m);
    return ok;
}

bool command_import(int argc, char **argv, struct err *e) {
    struct import_command c = {.data = {.action = "import", .cache_dir = "results/cache", .e = e}};
    bool done;
    if (command_parse(&argp, argc, argv, &c, NULL, &done, e) && !done)
        run(&c, e);
    data_options_free(&c.data.data);
    free(c.data.set.text);
    return e->kind == ERR_NONE;
}
