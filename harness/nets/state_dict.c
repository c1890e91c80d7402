#include "nets/state_dict.h"

#include "core/mem.h"
#include "nets/tensor_file_parts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Strides let a small file describe large tensors: copies may be some times the file, no more. */
#define COPIES_PER_FILE 4
#define COPIES_ALWAYS ((size_t)1 << 20)

/* Far beyond any network's; a pickle may name one text again and again at two bytes a time. */
#define MAX_ENTRIES 65536
#define MAX_NAME 512

static const struct pickle_value *value(const struct state_dict *s, pickle_id id) {
    return &s->pickle->values[id];
}

/* ---- storages ---- */

static int compare_texts(const struct pickle_value *a, const struct pickle_value *b) {
    size_t n = a->length < b->length ? a->length : b->length;
    int order = memcmp(a->text, b->text, n);
    return order ? order : (a->length > b->length) - (a->length < b->length);
}

static int by_key(const void *a, const void *b) {
    return compare_texts(
        ((const struct storage *)a)->declared, ((const struct storage *)b)->declared);
}

struct storage *state_dict_storage(const struct state_dict *s, const struct pickle_value *key) {
    struct storage wanted = {.declared = key};
    return s->n_storages ? bsearch(&wanted, s->storages, s->n_storages, sizeof *s->storages, by_key)
                         : NULL;
}

bool storage_bytes(const struct storage *storage, size_t *bytes) {
    return storage->declared->number >= 0 &&
           !__builtin_mul_overflow((size_t)storage->declared->number,
               tensor_type_bytes[storage->declared->type], bytes);
}

/* Every tensor refers to its storage anew: all that name one key must mean the same. */
bool state_dict_open(struct state_dict *s, const char *path, size_t file_bytes,
    struct pickle *pickle, struct err *e) {
    *s = (struct state_dict){.path = path, .file_bytes = file_bytes, .pickle = pickle};
    size_t n = 0, kept = 0;
    for (size_t i = 0; i < pickle->n; i++)
        n += pickle->values[i].kind == PICKLE_STORAGE;
    s->storages = xcalloc(n, sizeof *s->storages);
    for (size_t i = 0; i < pickle->n; i++)
        if (pickle->values[i].kind == PICKLE_STORAGE)
            s->storages[s->n_storages++].declared = &pickle->values[i];
    qsort(s->storages, n, sizeof *s->storages, by_key);
    for (size_t i = 0; i < n; i++) {
        const struct pickle_value *last = kept ? s->storages[kept - 1].declared : NULL,
                                  *next = s->storages[i].declared;
        if (!last || compare_texts(last, next) != 0)
            s->storages[kept++].declared = next;
        else if (last->type != next->type || last->number != next->number)
            return err_usage(
                e, "%s: two of its tensors disagree about the storage they share", path);
    }
    s->n_storages = kept;
    return true;
}

void state_dict_close(struct state_dict *s) {
    free(s->storages);
    *s = (struct state_dict){0};
}

/* ---- tensors ---- */

static bool read_numbers(const struct state_dict *s, pickle_id id, int64_t *numbers, int *n) {
    const struct pickle_value *list = value(s, id);
    if (list->n > TENSOR_MAX_DIMS)
        return false;
    *n = (int)list->n;
    for (size_t i = 0; i < list->n; i++) {
        if (value(s, list->items[i])->kind != PICKLE_INT || value(s, list->items[i])->number < 0)
            return false;
        numbers[i] = value(s, list->items[i])->number;
    }
    return true;
}

/* Copies elements by their strides into row-major order; the place of each is inside the storage. */
static void copy_strided(
    struct tensor_entry *entry, const unsigned char *from, const int64_t *stride) {
    size_t element = tensor_type_bytes[entry->type], n = entry->bytes / element;
    int64_t index[TENSOR_MAX_DIMS] = {0};
    unsigned char *to = entry->owned = xmalloc(entry->bytes);
    for (size_t i = 0; i < n; i++) {
        int64_t place = 0;
        for (int d = 0; d < entry->n_dims; d++)
            place += index[d] * stride[d];
        memcpy(to + i * element, from + (size_t)place * element, element);
        for (int d = entry->n_dims - 1; d >= 0 && ++index[d] == entry->shape[d]; d--)
            index[d] = 0;
    }
    entry->data = entry->owned;
}

/* Whether offset and strides stay inside the storage; *contiguous: row-major already. */
static bool inside(const struct tensor_entry *entry, const int64_t *stride, int64_t offset,
    const struct storage *storage, bool *contiguous) {
    int64_t last = offset, expected = 1, reach;
    *contiguous = true;
    if (entry->bytes == 0)
        return offset >= 0 && offset <= storage->declared->number;
    for (int d = entry->n_dims - 1; d >= 0; d--) {
        if (entry->shape[d] > 1 && stride[d] != expected)
            *contiguous = false;
        if (__builtin_mul_overflow(entry->shape[d] - 1, stride[d], &reach) ||
            __builtin_add_overflow(last, reach, &last) ||
            __builtin_mul_overflow(expected, entry->shape[d], &expected))
            return false;
    }
    return offset >= 0 && last < storage->declared->number;
}

static bool may_copy(struct state_dict *s, size_t bytes) {
    size_t limit;
    if (__builtin_mul_overflow(s->file_bytes, (size_t)COPIES_PER_FILE, &limit))
        limit = SIZE_MAX;
    limit = limit > COPIES_ALWAYS ? limit : COPIES_ALWAYS;
    if (bytes > limit - s->copied)
        return false;
    s->copied += bytes;
    return true;
}

static bool read_tensor(
    struct state_dict *s, struct tensor_entry *entry, const struct pickle_value *t, struct err *e) {
    const struct storage *storage = state_dict_storage(s, value(s, t->items[0]));
    int64_t stride[TENSOR_MAX_DIMS];
    int n_strides;
    bool contiguous;
    assert(storage); /* state_dict_open has them all */
    entry->type = storage->declared->type;
    if (!storage->data || !read_numbers(s, t->items[1], entry->shape, &entry->n_dims) ||
        !read_numbers(s, t->items[2], stride, &n_strides) || n_strides != entry->n_dims ||
        !tensor_bytes(entry, &entry->bytes) ||
        !inside(entry, stride, t->number, storage, &contiguous))
        return err_usage(
            e, "%s: tensor %s: its sizes and strides do not fit its storage", s->path, entry->name);
    const unsigned char *from = storage->data + (size_t)t->number * tensor_type_bytes[entry->type];
    entry->data = from;
    if (contiguous)
        return true;
    if (!may_copy(s, entry->bytes))
        return err_usage(e,
            "%s: tensor %s: the file's strides blow its tensors up to over %d times its size; save "
            "them contiguous",
            s->path, entry->name, COPIES_PER_FILE);
    copy_strided(entry, from, stride);
    return true;
}

/* ---- dictionaries ---- */

/* The dictionary's value under this name, NULL where it has none. */
static const struct pickle_value *member(
    const struct state_dict *s, const struct pickle_value *dict, const char *name) {
    for (size_t i = 0; i + 1 < dict->n; i += 2) {
        const struct pickle_value *key = value(s, dict->items[i]);
        if (key->kind == PICKLE_TEXT && key->length == strlen(name) &&
            memcmp(key->text, name, key->length) == 0)
            return value(s, dict->items[i + 1]);
    }
    return NULL;
}

#define WRAPPERS "state_dict_ema, model_ema, state_dict, model or model_state_dict"

/* The dictionary of tensors: what was saved, or what a training script wrapped it in (WRAPPERS). */
static const struct pickle_value *unwrap(
    const struct state_dict *s, const struct pickle_value *top) {
    static const char *const wrappers[] = {
        "state_dict_ema", "model_ema", "state_dict", "model", "model_state_dict"};
    for (size_t i = 0; i < ARRAY_LEN(wrappers); i++) {
        const struct pickle_value *inner = member(s, top, wrappers[i]);
        if (inner && inner->kind == PICKLE_DICT)
            return inner;
    }
    return top;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool names_differ(const struct tensor_file *f, const char *path, struct err *e) {
    char **names = xcalloc(f->n, sizeof *names);
    bool ok = true;
    for (size_t i = 0; i < f->n; i++)
        names[i] = f->entries[i].name;
    qsort(names, f->n, sizeof *names, by_name);
    for (size_t i = 1; ok && i < f->n; i++)
        ok = strcmp(names[i - 1], names[i]) != 0 ||
             err_usage(e, "%s: the name %s stands twice in it", path, names[i]);
    free(names);
    return ok;
}

bool state_dict_read(struct state_dict *s, pickle_id top, struct tensor_file *f, struct err *e) {
    if (value(s, top)->kind != PICKLE_DICT)
        return err_usage(e, "%s: holds no dictionary of tensors but something else", s->path);
    const struct pickle_value *dict = unwrap(s, value(s, top));
    if (dict->n / 2 > MAX_ENTRIES)
        return err_usage(
            e, "%s: has %zu entries; at most %d are read", s->path, dict->n / 2, MAX_ENTRIES);
    f->entries = xcalloc(dict->n / 2, sizeof *f->entries);
    for (size_t i = 0; i + 1 < dict->n; i += 2) {
        const struct pickle_value *key = value(s, dict->items[i]),
                                  *tensor = value(s, dict->items[i + 1]);
        if (key->kind != PICKLE_TEXT || key->length > MAX_NAME || memchr(key->text, 0, key->length))
            return err_usage(e, "%s: its entry %zu has no name of at most %d bytes, none a NUL",
                s->path, i / 2, MAX_NAME);
        struct tensor_entry *entry = &f->entries[f->n++];
        entry->name = xstrndup(key->text, key->length);
        if (tensor->kind != PICKLE_TENSOR)
            return err_usage(e,
                "%s: its entry %s is no tensor; expected a dictionary of tensors alone, by itself or "
                "as " WRAPPERS "; in Python: torch.save(model.state_dict(), FILE)",
                s->path, entry->name);
        if (!read_tensor(s, entry, tensor, e))
            return false;
    }
    return names_differ(f, s->path, e);
}
