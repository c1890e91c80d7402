#include "predict/model_file.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/version.h"
#include "grid/catalogue.h"
#include "grid/cell_folder.h"
#include "grid/keys.h"
#include "grid/limbs.h"
#include "nets/weight_match.h"

#include <stdlib.h>
#include <string.h>

#define FORMAT "dmtl-model-1"

/* ---- names ---- */

char *limb_tensor_name(const char *name, const char *suffix) {
    size_t step = strcspn(name, ".");
    return xasprintf("%.*s%s%s", (int)step, name, suffix, name + step);
}

char *head_tensor_name(const struct task_config *t, int layer, const char *part) {
    const char *attribute = attribute_name[t->attribute];
    return layer < t->n_hidden ? xasprintf("heads.%s.hidden%d.%s", attribute, layer + 1, part)
                               : xasprintf("heads.%s.out.%s", attribute, part);
}

/* ---- what a configuration's network consists of ---- */

/* A tensor, and its number in the trunk's order; -1: a head's. */
typedef bool each_tensor(void *context, const struct trunk_tensor *t, int number, struct err *e);

static bool each_of_limb(const struct trunk_table *table, const struct limb_plan *limb,
    each_tensor *each, void *context, struct err *e) {
    struct trunk_tensors all = trunk_tensors(table, DIALECT_DMTL);
    bool ok = true;
    for (size_t i = 0; ok && i < all.n; i++) {
        struct trunk_tensor t = all.list[i];
        char step[64];
        snprintf(step, sizeof step, "%.*s", (int)strcspn(t.name, "."), t.name);
        int at = trunk_step(table, step);
        if (at < limb->first || at >= limb->end)
            continue;
        t.name = limb_tensor_name(t.name, limb->suffix);
        ok = each(context, &t, (int)i, e);
        free(t.name);
    }
    trunk_tensors_free(&all);
    return ok;
}

static bool each_of_head(const struct trunk_table *table, const struct task_config *task,
    each_tensor *each, void *context, struct err *e) {
    int in = table->head_channels, classes = task->ranks[1] - task->ranks[0] + 1;
    bool ok = true;
    for (int i = 0; ok && i <= task->n_hidden; i++) {
        int out = i < task->n_hidden ? task->hidden[i] : classes - (task->kind == TASK_ORDINAL);
        struct trunk_tensor weight = {head_tensor_name(task, i, "weight"), 2, {out, in}};
        struct trunk_tensor bias = {head_tensor_name(task, i, "bias"), 1, {out}};
        ok = each(context, &weight, -1, e) && each(context, &bias, -1, e);
        free(weight.name);
        free(bias.name);
        in = out;
    }
    return ok;
}

static bool each_of_network(
    const struct config *c, each_tensor *each, void *context, struct err *e) {
    const struct trunk_table *table = &trunk_tables[c->trunk.name];
    struct limb_plans plans = limb_plans(c);
    bool ok = true;
    for (int l = 0; ok && l < plans.n; l++)
        ok = each_of_limb(table, &plans.limbs[l], each, context, e);
    for (int k = 0; ok && k < c->n_tasks; k++)
        ok = each_of_head(table, &c->tasks[k], each, context, e);
    return ok;
}

/* ---- writing ---- */

struct packing {
    const struct tensor_file *checkpoint;
    const struct weight_match *weights; /* NULL: the trunk began from drawn weights */
    const char *cell;
    struct tensor_entry *entries;
    size_t n, capacity;
};

/* From the cell's checkpoint, or where the step was frozen from the file that it began with. */
static bool pack_tensor(void *context, const struct trunk_tensor *t, int number, struct err *e) {
    struct packing *p = context;
    const struct tensor_entry *from = tensor_file_find(p->checkpoint, t->name);
    if (!from && number >= 0 && p->weights)
        from = p->weights->entries[number];
    if (!from)
        return err_usage(e,
            "cell %.12s: its %s is in no file: it was drawn and never trained (/trunk/train_from)",
            p->cell, t->name);
    p->entries = xgrow(p->entries, &p->capacity, p->n + 1, sizeof *p->entries);
    struct tensor_entry *entry = &p->entries[p->n++];
    *entry =
        (struct tensor_entry){.name = xstrdup(t->name), .type = TENSOR_F32, .n_dims = t->n_dims};
    memcpy(entry->shape, t->shape, sizeof t->shape);
    entry->bytes = sizeof(float);
    for (int d = 0; d < t->n_dims; d++)
        entry->bytes *= (size_t)t->shape[d];
    entry->owned = xmalloc(entry->bytes);
    entry->data = entry->owned;
    if (tensor_elements(from) != tensor_elements(entry) || !tensor_as_f32(from, entry->owned))
        return err_set(e, "cell %.12s: its %s has another shape than its configuration says",
            p->cell, t->name);
    return true;
}

static bool pack_all(const char *path, const struct cell_record *cell, const struct config *c,
    struct packing *p, struct err *e) {
    const char *metadata[] = {"format", FORMAT, "cell", cell->id, "program", DMTL_VERSION,
        "configuration", cell->config, NULL};
    bool ok = each_of_network(c, pack_tensor, p, e) &&
              tensor_file_write(path, p->entries, p->n, metadata, e);
    for (size_t i = 0; i < p->n; i++) {
        free(p->entries[i].name);
        free(p->entries[i].owned);
    }
    free(p->entries);
    return ok;
}

static bool weights_open(struct tensor_file *f, struct weight_match *m, const struct config *c,
    const char *weights_dir, bool *there, struct err *e) {
    const struct trunk_table *table = &trunk_tables[c->trunk.name];
    bool published = strcmp(c->trunk.weights, weights_names[WEIGHTS_IMAGENET].name) == 0;
    *there = strcmp(c->trunk.weights, weights_names[WEIGHTS_NONE].name) != 0 &&
             strcmp(c->trunk.train_from, "all") != 0;
    if (!*there)
        return true;
    const char *name = published ? table->imagenet_file : c->trunk.weights;
    char *path = *name == '/' ? xstrdup(name) : path_join(weights_dir, name);
    bool ok =
        tensor_file_open(f, path, e) && weight_match_find(m, f, path, table, c->trunk.partial, e);
    free(path);
    return ok;
}

bool model_file_write(const char *path, const struct cell_record *cell, struct store *s,
    const char *weights_dir, struct err *e) {
    struct config c = {0};
    struct tensor_file checkpoint = {0}, weights = {0};
    struct weight_match match = {0};
    bool frozen = false;
    char *folder = cell_folder(store_path(s), cell->id), *from = cell_checkpoint(s, cell->id, e);
    bool ok =
        (from || (e->kind == ERR_NONE &&
                     err_usage(e,
                         "%s: cell %.12s has no checkpoint there: its folder stands beside the "
                         "database",
                         folder, cell->id))) &&
        config_parse_text(&c, cell->config, cell->id, e) &&
        tensor_file_open(&checkpoint, from, e) &&
        weights_open(&weights, &match, &c, weights_dir, &frozen, e);
    struct packing p = {
        .checkpoint = &checkpoint, .weights = frozen ? &match : NULL, .cell = cell->id};
    ok = ok && pack_all(path, cell, &c, &p, e);
    weight_match_free(&match);
    tensor_file_close(&weights);
    tensor_file_close(&checkpoint);
    config_free(&c);
    free(from);
    free(folder);
    return ok;
}

/* ---- reading ---- */

struct checking {
    const struct model_file *m;
    const char *path;
};

static bool check_tensor(void *context, const struct trunk_tensor *t, int number, struct err *e) {
    const struct checking *k = context;
    const struct tensor_entry *entry = tensor_file_find(&k->m->tensors, t->name);
    (void)number;
    if (!entry)
        return err_usage(
            e, "%s: its configuration needs the tensor %s, which is not there", k->path, t->name);
    if (entry->n_dims != t->n_dims || entry->type != TENSOR_F32 ||
        memcmp(entry->shape, t->shape, (size_t)t->n_dims * sizeof t->shape[0]) != 0)
        return err_usage(e,
            "%s: its tensor %s has another shape or type than its configuration says", k->path,
            t->name);
    size_t finite = tensor_finite(entry);
    return finite == tensor_elements(entry) ||
           err_usage(e,
               "%s: its tensor %s: element %zu is no finite number: every answer would be one of "
               "chance",
               k->path, t->name, finite);
}

bool model_file_open(struct model_file *m, const char *path, struct err *e) {
    *m = (struct model_file){0};
    if (!tensor_file_open(&m->tensors, path, e))
        return false;
    const char *format = tensor_file_metadata(&m->tensors, "format");
    const char *text = tensor_file_metadata(&m->tensors, "configuration");
    if (!format || strcmp(format, FORMAT) != 0 || !text)
        return err_usage(e,
            "%s: expected a file that `dmtl pack` wrote (its metadata say format %s)", path,
            FORMAT);
    struct checking k = {m, path};
    return config_parse_text(&m->config, text, path, e) &&
           each_of_network(&m->config, check_tensor, &k, e);
}

void model_file_close(struct model_file *m) {
    tensor_file_close(&m->tensors);
    config_free(&m->config);
}
