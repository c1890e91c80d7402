/* dmtl data check: what the gates find of each distinct split of a grid. */
#include "commands/data_splits.h"
#include "commands/data_verb.h"

#include "core/escape.h"
#include "core/json.h"
#include "grid/catalogue.h"
#include "grid/keys.h"
#include "grid/split_gates.h"
#include "grid/split_words.h"
#include "report/output.h"

#include <string.h>

struct check {
    struct str *text; /* one of the two */
    cJSON *splits;
    const struct grid *grid;
    size_t n, refused, warned;
};

/* ---- text ---- */

static void add_line(struct str *out, const char *gate, enum verdict verdict, const char *text) {
    str_addf(out, "  %-11s %-8s ", gate, verdict_name[verdict]);
    escape_line(out, text);
    str_addc(out, '\n');
}

/* Each finding that is warned of or refused; of a gate without one, the measure that comes closest. */
static void add_gate(struct str *out, const struct findings *f, enum gate gate) {
    const struct finding *worst = findings_worst(f, gate);
    if (!worst)
        return;
    if (worst->verdict <= VERDICT_UNKNOWN)
        add_line(out, gate_name[gate], worst->verdict, worst->text);
    for (size_t i = 0; i < f->n; i++)
        if (f->list[i].gate == gate && f->list[i].verdict > VERDICT_UNKNOWN)
            add_line(out, gate_name[gate], f->list[i].verdict, f->list[i].text);
}

static void add_text(struct str *out, const struct data_split *d, const struct findings *f) {
    struct str words = {0};
    split_words(&words, d->config);
    escape_line(out, words.text);
    str_free(&words);
    str_addf(out, ": %zu cell%s from ", d->n_cells, d->n_cells == 1 ? "" : "s");
    escape_line(out, d->variant);
    str_addf(out, " on%s\n ", d->manifest->drawn ? "; faces are drawn" : "");
    for (int part = 0; part < PART_COUNT; part++)
        str_addf(out, "%s %s %zu", part ? "," : "", part_name[part], d->split->n[part]);
    str_addc(out, '\n');
    for (int g = 0; g < GATE_COUNT; g++)
        add_gate(out, f, (enum gate)g);
    str_addc(out, '\n');
}

/* ---- JSON ---- */

static cJSON *number(double x) {
    return x == x ? cJSON_CreateNumber(x) : cJSON_CreateNull();
}

static cJSON *name_or_null(const char *const *names, int i) {
    return i < 0 ? cJSON_CreateNull() : cJSON_CreateString(names[i]);
}

static cJSON *finding_json(const struct finding *f) {
    struct err none = {0};
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "gate", gate_name[f->gate]);
    cJSON_AddStringToObject(object, "outcome", verdict_name[f->verdict]);
    cJSON_AddItemToObject(object, "attribute", name_or_null(attribute_name, f->attribute));
    cJSON_AddItemToObject(object, "part", name_or_null(part_name, f->part));
    cJSON_AddItemToObject(object, "against", name_or_null(part_name, f->against));
    cJSON_AddItemToObject(object, "value", number(f->value));
    cJSON_AddItemToObject(object, "bound", number(f->bound));
    cJSON_AddNumberToObject(object, "n", (double)f->n);
    cJSON_AddItemToObject(
        object, "examples", json_parse("examples", f->examples, strlen(f->examples), &none));
    cJSON_AddStringToObject(object, "text", f->text);
    return object;
}

static cJSON *split_json(const struct data_split *d, const struct findings *f) {
    cJSON *object = cJSON_CreateObject();
    struct str words = {0};
    split_words(&words, d->config);
    cJSON_AddStringToObject(object, "name", words.text);
    str_free(&words);
    cJSON_AddStringToObject(object, "set", dataset_names[d->config->data.set].name);
    cJSON_AddBoolToObject(object, "drawn", d->manifest->drawn);
    cJSON *config = config_resolved(d->config);
    cJSON_AddItemToObject(
        object, "split", cJSON_DetachItemFromObjectCaseSensitive(config, "split"));
    cJSON_Delete(config);
    cJSON_AddStringToObject(object, "variant", d->variant);
    cJSON_AddNumberToObject(object, "cells", (double)d->n_cells);
    cJSON *parts = cJSON_AddObjectToObject(object, "parts");
    for (int part = 0; part < PART_COUNT; part++)
        cJSON_AddNumberToObject(parts, part_name[part], (double)d->split->n[part]);
    cJSON *gates = cJSON_AddObjectToObject(object, "gates");
    for (int g = 0; g < GATE_COUNT; g++) {
        const struct finding *worst = findings_worst(f, (enum gate)g);
        if (worst)
            cJSON_AddStringToObject(gates, gate_name[g], verdict_name[worst->verdict]);
    }
    cJSON *list = cJSON_AddArrayToObject(object, "findings");
    for (size_t i = 0; i < f->n; i++)
        cJSON_AddItemToArray(list, finding_json(&f->list[i]));
    return object;
}

/* ---- both ---- */

static bool check_split(void *context, const struct data_split *d, struct err *e) {
    (void)e;
    struct check *c = context;
    struct findings f = {0};
    split_gates(&f, d->config, d->manifest, d->split, d->task, &c->grid->gates);
    enum verdict worst = VERDICT_PASSED;
    for (size_t i = 0; i < f.n; i++)
        worst = f.list[i].verdict > worst ? f.list[i].verdict : worst;
    c->n++;
    c->refused += worst == VERDICT_REFUSED;
    c->warned += worst == VERDICT_WARNED;
    if (c->splits)
        cJSON_AddItemToArray(c->splits, split_json(d, &f));
    else
        add_text(c->text, d, &f);
    findings_free(&f);
    return true;
}

static void finish(struct check *c, struct str *out, cJSON *root) {
    if (root) {
        cJSON_AddNumberToObject(root, "warned", (double)c->warned);
        cJSON_AddNumberToObject(root, "refused", (double)c->refused);
        json_pretty(out, root);
        str_addc(out, '\n');
    } else {
        str_addf(out, "%zu split%s: %zu refused, %zu with warnings, %zu passed\n", c->n,
            c->n == 1 ? "" : "s", c->refused, c->warned, c->n - c->refused - c->warned);
    }
}

bool data_check(const struct data_verb *v, struct err *e) {
    struct grid g = {0};
    struct str out = {0};
    if (!v->argument)
        return err_usage(e, "data check: of what? expected a grid file");
    if (!data_verb_on_grid(v))
        return err_usage(e,
            "data check: %.200s: expected a grid file, NAME.json or with a \"/\" in it: gates look at a split, "
            "which a set alone has not",
            v->argument);
    cJSON *root = v->json ? cJSON_CreateObject() : NULL;
    struct check c = {.text = &out, .grid = &g};
    if (root) {
        cJSON_AddStringToObject(root, "grid", v->argument);
        c.splits = cJSON_AddArrayToObject(root, "splits");
    }
    bool ok = data_verb_walk(v, &g, check_split, &c, e);
    if (ok) {
        finish(&c, &out, root);
        ok = output_write(NULL, out.text, out.len, e);
    }
    if (ok && c.refused)
        ok = err_set(e,
            "data check: %zu of %zu splits are refused: `dmtl run` would not train on them",
            c.refused, c.n);
    cJSON_Delete(root);
    str_free(&out);
    grid_free(&g);
    return ok;
}
