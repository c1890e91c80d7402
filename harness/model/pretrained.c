#include "model/pretrained.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/str.h"
#include "nets/tensor_file.h"

#include <stdlib.h>
#include <string.h>

static const char *last_part(const char *name) {
    const char *dot = strrchr(name, '.');
    return dot ? dot + 1 : name;
}

static bool fits(const struct tensor_entry *entry, const struct parameter *p) {
    bool same = entry->type == TENSOR_F32 && entry->n_dims == th_dims(p->tensor) &&
                strcmp(last_part(entry->name), last_part(p->name)) == 0;
    for (int i = 0; same && i < entry->n_dims; i++)
        same = entry->shape[i] == th_size(p->tensor, i);
    return same;
}

static bool assign(
    th_scope *s, const struct parameter *p, const struct tensor_entry *entry, struct err *e) {
    float *values = xmalloc(entry->bytes); /* the file's bytes need not be aligned */
    memcpy(values, entry->data, entry->bytes);
    size_t mark = th_mark(s);
    th_assign(s, p->tensor, th_from(s, TH_F32, entry->n_dims, entry->shape, values));
    th_pop(s, mark, NULL);
    free(values);
    return th_take_error(s, e);
}

/* The entries that are parameters or running statistics of the trunk, in the file's order. */
static const struct tensor_entry **trunk_entries(const struct tensor_file *f, uint32_t *n) {
    const struct tensor_entry **list = xmalloc(f->n * sizeof *list);
    *n = 0;
    for (size_t i = 0; i < f->n; i++)
        if (strcmp(last_part(f->entries[i].name), "num_batches_tracked") != 0)
            list[(*n)++] = &f->entries[i];
    *n = *n >= 2 ? *n - 2 : 0; /* the classifier's weight and bias come last */
    return list;
}

static bool assign_all(struct parameters *p, uint32_t trunk_items, const struct tensor_file *f,
    const char *path, struct err *e) {
    uint32_t n;
    const struct tensor_entry **entries = trunk_entries(f, &n);
    bool ok = n == trunk_items ||
              err_usage(e, "%s: holds %zu tensors, %u of them a trunk's; this trunk has %u", path,
                  f->n, n, trunk_items);
    for (size_t i = 0; ok && i < p->n; i++) {
        if (p->list[i].head)
            continue;
        const struct tensor_entry *entry = entries[p->item[i]];
        ok = fits(entry, &p->list[i]) ||
             err_usage(e,
                 "%s: its tensor %s does not have the name's ending, the shape and the type "
                 "(float32) of %s",
                 path, entry->name, p->list[i].name);
        ok = ok && assign(p->life, &p->list[i], entry, e);
    }
    free(entries);
    return ok;
}

static bool check_sum(
    const char *path, const char *expected, char sha256[SHA256_HEX], struct err *e) {
    if (!sha256_file(path, sha256, e))
        return false;
    return str_starts(sha256, expected) ||
           err_usage(e, "%s: its SHA-256 is %s, expected %s%s; fetch it again", path, sha256,
               expected, strlen(expected) < SHA256_HEX - 1 ? "..." : "");
}

bool pretrained_load(struct parameters *p, uint32_t trunk_items, const struct trunk_table *table,
    const char *weights_dir, char sha256[SHA256_HEX], struct err *e) {
    if (!table->imagenet_file)
        return err_usage(e, "/trunk/weights: \"imagenet\": this trunk has no published weights; "
                            "use \"none\"");
    char *path = path_join(weights_dir, table->imagenet_file);
    struct tensor_file f = {0};
    bool ok = file_exists(path) || err_usage(e, "%s: the ImageNet weights are not there; %s", path,
                                       table->imagenet_help);
    ok = ok && check_sum(path, table->imagenet_sha256, sha256, e) &&
         tensor_file_open(&f, path, e) && assign_all(p, trunk_items, &f, path, e);
    tensor_file_close(&f);
    free(path);
    return ok;
}
