#include "learn/checkpoint.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/sha256.h"
#include "grid/cell_folder.h"
#include "nets/tensor_file.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEPT = 2 };
#define FORMAT "dmtl-checkpoint-1"

static const enum tensor_type file_type[] = {
    [TH_F32] = TENSOR_F32,
    [TH_F64] = TENSOR_F64,
    [TH_I64] = TENSOR_I64,
    [TH_U8] = TENSOR_U8,
};
static const size_t type_bytes[] = {[TH_F32] = 4, [TH_F64] = 8, [TH_I64] = 8, [TH_U8] = 1};

void checkpoint_add(struct checkpoint *c, th_tensor *tensor, const char *fmt, ...) {
    char name[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(name, sizeof name, fmt, args);
    va_end(args);
    c->items = xrealloc(c->items, c->n + 1, sizeof *c->items);
    c->items[c->n++] = (struct checkpoint_item){xstrdup(name), tensor};
}

void checkpoint_free(struct checkpoint *c) {
    for (size_t i = 0; i < c->n; i++)
        free(c->items[i].name);
    free(c->items);
    c->items = NULL;
    c->n = 0;
}

/* ---- the folder ---- */

void checkpoint_drop_old(const struct checkpoint *c, const char *folder) {
    size_t n;
    int64_t *steps = cell_steps(folder, &n);
    for (size_t i = KEPT; i < n; i++)
        if (steps[i] != c->kept[0] && steps[i] != c->kept[1])
            cell_step_drop(folder, steps[i]);
    free(steps);
}

bool checkpoint_there(const char *folder, int64_t step) {
    char *path = cell_step_path(folder, step);
    bool there = file_exists(path);
    free(path);
    return there;
}

/* ---- saving ---- */

static bool read_item(struct tensor_entry *out, const struct checkpoint_item *item, struct err *e) {
    enum th_type type = th_type_of(item->tensor);
    *out = (struct tensor_entry){
        .name = item->name, .type = file_type[type], .n_dims = th_dims(item->tensor)};
    for (int d = 0; d < out->n_dims; d++)
        out->shape[d] = th_size(item->tensor, d);
    out->bytes = (size_t)th_count(item->tensor) * type_bytes[type];
    out->data = out->owned = xmalloc(out->bytes);
    th_scope *s = th_scope_new((struct th_device){0, 0});
    th_read(s, item->tensor, type, out->owned, out->bytes);
    bool ok = th_take_error(s, e);
    th_scope_free(s);
    return ok || err_add(e, "reading %s", item->name);
}

static void hash_entry(struct sha256 *sum, const struct tensor_entry *t) {
    sha256_add(sum, t->name, strlen(t->name) + 1);
    sha256_add(sum, t->data, t->bytes);
}

bool checkpoint_save(const struct checkpoint *c, const char *folder, struct err *e) {
    char *path = cell_step_path(folder, c->step);
    struct tensor_entry *entries = xcalloc(c->n, sizeof *entries);
    bool ok = true;
    for (size_t i = 0; ok && i < c->n; i++)
        ok = read_item(&entries[i], &c->items[i], e);
    char step[32], threads[32], tensors[SHA256_HEX];
    struct sha256 *sum = sha256_new();
    for (size_t i = 0; ok && i < c->n; i++)
        hash_entry(sum, &entries[i]);
    sha256_end(sum, tensors);
    snprintf(step, sizeof step, "%" PRId64, c->step);
    snprintf(threads, sizeof threads, "%d", c->threads);
    const char *metadata[] = {"format", FORMAT, "cell", c->cell, "step", step, "threads", threads,
        "weights_sha256", c->weights_sha256 ? c->weights_sha256 : "", "libtorch", th_version(),
        "tensors_sha256", tensors, NULL};
    ok = ok && tensor_file_write(path, entries, c->n, metadata, e);
    for (size_t i = 0; i < c->n; i++)
        free(entries[i].owned);
    free(entries);
    free(path);
    return ok;
}

/* ---- loading ---- */

static bool expect(const struct tensor_file *f, const char *key, const char *want, struct err *e) {
    const char *have = tensor_file_metadata(f, key);
    if (have && strcmp(have, want) == 0)
        return true;
    return err_set(e, "its %s is %s, expected %s", key, have ? have : "missing", want);
}

static bool number(
    const struct tensor_file *f, const char *key, int64_t max, int64_t *value, struct err *e) {
    const char *text = tensor_file_metadata(f, key);
    char *end = NULL;
    errno = 0;
    *value = text ? strtoll(text, &end, 10) : 0;
    if (!text || end == text || *end || errno || *value < 1 || *value > max)
        return err_set(e, "its %s is %s", key, text ? text : "missing");
    return true;
}

static bool fits(const struct tensor_entry *t, const struct checkpoint_item *item, struct err *e) {
    if (!t)
        return err_set(e, "it has no tensor %s", item->name);
    bool same = t->type == file_type[th_type_of(item->tensor)] &&
                t->n_dims == th_dims(item->tensor) &&
                t->bytes == (size_t)th_count(item->tensor) * type_bytes[th_type_of(item->tensor)];
    for (int d = 0; same && d < t->n_dims; d++)
        same = t->shape[d] == th_size(item->tensor, d);
    return same || err_set(e, "its tensor %s has another type or shape", item->name);
}

/* Everything that can be wrong with the file is found here, before any tensor is touched. */
static bool check(const struct tensor_file *f, const struct checkpoint *c, struct err *e) {
    if (!expect(f, "format", FORMAT, e) || !expect(f, "cell", c->cell, e) ||
        !expect(f, "weights_sha256", c->weights_sha256 ? c->weights_sha256 : "", e))
        return false;
    for (size_t i = 0; i < c->n; i++)
        if (!fits(tensor_file_find(f, c->items[i].name), &c->items[i], e))
            return false;
    char tensors[SHA256_HEX];
    struct sha256 *sum = sha256_new();
    for (size_t i = 0; i < c->n; i++)
        hash_entry(sum, tensor_file_find(f, c->items[i].name));
    sha256_end(sum, tensors);
    return expect(f, "tensors_sha256", tensors, e);
}

static bool assign(const struct tensor_entry *t, th_tensor *to, struct err *e) {
    void *aligned = xmalloc(t->bytes);
    memcpy(aligned, t->data, t->bytes);
    th_scope *s = th_scope_new((struct th_device){0, 0});
    th_assign(s, to, th_from(s, th_type_of(to), t->n_dims, t->shape, aligned));
    bool ok = th_take_error(s, e);
    th_scope_free(s);
    free(aligned);
    return ok;
}

/* Another libtorch goes on with it, for an upgrade is no reason to lose a training, but not in silence. */
static void note_libtorch(const struct tensor_file *f, const char *path, struct str *notes) {
    const char *made_by = tensor_file_metadata(f, "libtorch");
    if (notes && made_by && strcmp(made_by, th_version()) != 0)
        str_addf(notes,
            "%s was made with libtorch %s; this is %s: the same within rounding, not to the bit\n",
            path, made_by, th_version());
}

/* false with *bad set: passed over; false with e set: the world is wrong beyond this file. */
static bool load_one(
    struct checkpoint *c, const char *path, struct str *notes, struct err *bad, struct err *e) {
    struct tensor_file f = {0};
    int64_t step = 0, threads = 0;
    bool ok = tensor_file_open(&f, path, bad) && check(&f, c, bad) &&
              number(&f, "step", INT64_MAX, &step, bad) &&
              number(&f, "threads", 4096, &threads, bad);
    for (size_t i = 0; ok && i < c->n; i++)
        ok = assign(tensor_file_find(&f, c->items[i].name), c->items[i].tensor, e);
    if (ok) {
        c->step = step;
        c->threads = (int)threads;
        note_libtorch(&f, path, notes);
    }
    tensor_file_close(&f);
    return ok;
}

bool checkpoint_load(struct checkpoint *c, const char *folder, int64_t known_step,
    struct str *notes, struct err *e) {
    size_t n;
    int64_t *steps = cell_steps(folder, &n);
    bool ok = true, found = false;
    c->step = 0;
    for (size_t i = 0; ok && !found && i < n; i++) {
        if (steps[i] > known_step) {
            cell_step_drop(folder, steps[i]);
            continue;
        }
        struct err bad = {0};
        char *path = cell_step_path(folder, steps[i]);
        found = load_one(c, path, notes, &bad, e);
        ok = found || bad.kind != ERR_NONE;
        if (!found && ok)
            str_addf(notes, "left out: %s%s%s\n", str_starts(bad.msg, path) ? "" : path,
                str_starts(bad.msg, path) ? "" : ": ", bad.msg);
        free(path);
    }
    free(steps);
    return ok;
}

bool checkpoint_load_step(struct checkpoint *c, const char *folder, int64_t step, struct err *e) {
    struct err bad = {0};
    char *path = cell_step_path(folder, step);
    bool ok = load_one(c, path, NULL, &bad, e);
    if (!ok && e->kind == ERR_NONE)
        err_set(e, "%s: %s; delete the folder to train the cell anew", path, bad.msg);
    free(path);
    return ok;
}

int checkpoint_threads(const char *folder, int64_t known_step) {
    size_t n;
    int64_t *steps = cell_steps(folder, &n), threads = 0;
    for (size_t i = 0; threads == 0 && i < n; i++) {
        struct tensor_file f = {0};
        struct err bad = {0};
        char *path = cell_step_path(folder, steps[i]);
        if (steps[i] <= known_step && tensor_file_open(&f, path, &bad) &&
            !number(&f, "threads", 4096, &threads, &bad))
            threads = 0;
        tensor_file_close(&f);
        free(path);
    }
    free(steps);
    return (int)threads;
}
