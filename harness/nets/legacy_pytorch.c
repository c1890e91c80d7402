/* PyTorch's format before the zip archives: five pickles (magic, protocol, system, the object, the list
 * of storage keys), then each storage: a 64-bit count of elements and the elements, little-endian. */
#include "nets/tensor_file_parts.h"

#include "core/mem.h"
#include "nets/pickle.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* A pickled protocol 2 number of 10 bytes: 0x1950a86a20f9469cfc6c. */
static const unsigned char magic[] = {
    0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, '.'};

bool legacy_pytorch_recognise(const struct file_map *map) {
    return map->size >= sizeof magic && memcmp(map->bytes, magic, sizeof magic) == 0;
}

/* A storage as the tensors refer to it, and its bytes once the file's list of storages is read. */
struct storage {
    const struct pickle_value *declared;
    const unsigned char *data; /* NULL: not in the list */
    uint64_t elements;
};

struct reading {
    const char *path;
    const struct file_map *map;
    struct pickle pickle;
    struct storage *storages; /* in the order of their keys, each key once */
    size_t n_storages;
    size_t copied; /* bytes of tensors that the file does not hold in row-major order */
};

/* Strides let a small file describe large tensors: copies may be some times the file, no more. */
#define COPIES_PER_FILE 4
#define COPIES_ALWAYS ((size_t)1 << 20)

static const struct pickle_value *value(const struct reading *r, pickle_id id) {
    return &r->pickle.values[id];
}

static int compare_texts(const struct pickle_value *a, const struct pickle_value *b) {
    size_t n = a->length < b->length ? a->length : b->length;
    int order = memcmp(a->text, b->text, n);
    return order ? order : (a->length > b->length) - (a->length < b->length);
}

/* ---- storages ---- */

static int by_key(const void *a, const void *b) {
    return compare_texts(
        ((const struct storage *)a)->declared, ((const struct storage *)b)->declared);
}

static struct storage *find_storage(const struct reading *r, const struct pickle_value *key) {
    struct storage wanted = {.declared = key};
    return r->n_storages ? bsearch(&wanted, r->storages, r->n_storages, sizeof *r->storages, by_key)
                         : NULL;
}

/* Every tensor refers to its storage anew: all that name one key must mean the same. */
static bool gather_storages(struct reading *r, struct err *e) {
    size_t n = 0, kept = 0;
    for (size_t i = 0; i < r->pickle.n; i++)
        n += r->pickle.values[i].kind == PICKLE_STORAGE;
    r->storages = xcalloc(n, sizeof *r->storages);
    for (size_t i = 0; i < r->pickle.n; i++)
        if (r->pickle.values[i].kind == PICKLE_STORAGE)
            r->storages[r->n_storages++].declared = &r->pickle.values[i];
    qsort(r->storages, n, sizeof *r->storages, by_key);
    for (size_t i = 0; i < n; i++) {
        const struct pickle_value *last = kept ? r->storages[kept - 1].declared : NULL,
                                  *next = r->storages[i].declared;
        if (!last || compare_texts(last, next) != 0)
            r->storages[kept++].declared = next;
        else if (last->type != next->type || last->number != next->number)
            return err_usage(
                e, "%s: two of its tensors disagree about the storage they share", r->path);
    }
    r->n_storages = kept;
    return true;
}

/* One storage's count and elements at *at, which moves behind them. */
static bool read_storage(const struct reading *r, struct storage *storage, size_t *at) {
    uint64_t elements = 0, bytes;
    if (r->map->size - *at < 8)
        return false;
    for (int b = 7; b >= 0; b--)
        elements = elements << 8 | r->map->bytes[*at + (size_t)b];
    *at += 8;
    if (__builtin_mul_overflow(elements, tensor_type_bytes[storage->declared->type], &bytes) ||
        bytes > r->map->size - *at || elements != (uint64_t)storage->declared->number)
        return false;
    storage->data = r->map->bytes + *at;
    storage->elements = elements;
    *at += bytes;
    return true;
}

static bool read_storages(
    struct reading *r, const struct pickle_value *keys, size_t at, struct err *e) {
    if (keys->kind != PICKLE_LIST)
        return err_usage(e, "%s: has no list of its storages", r->path);
    for (size_t i = 0; i < keys->n; i++) {
        const struct pickle_value *key = value(r, keys->items[i]);
        struct storage *storage = key->kind == PICKLE_TEXT ? find_storage(r, key) : NULL;
        if (!storage || storage->data)
            return err_usage(
                e, "%s: lists a storage %s", r->path, storage ? "twice" : "that no tensor uses");
        if (!read_storage(r, storage, &at))
            return err_usage(e,
                "%s: its storage %zu of %zu has another size than its tensors say, or is cut short",
                r->path, i + 1, keys->n);
    }
    return at == r->map->size ||
           err_usage(e, "%s: %zu bytes stand behind its last storage", r->path, r->map->size - at);
}

/* ---- tensors ---- */

static bool read_numbers(const struct reading *r, pickle_id id, int64_t *numbers, int *n) {
    const struct pickle_value *list = value(r, id);
    if (list->n > TENSOR_MAX_DIMS)
        return false;
    *n = (int)list->n;
    for (size_t i = 0; i < list->n; i++) {
        if (value(r, list->items[i])->kind != PICKLE_INT || value(r, list->items[i])->number < 0)
            return false;
        numbers[i] = value(r, list->items[i])->number;
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
        return offset >= 0 && (uint64_t)offset <= storage->elements;
    for (int d = entry->n_dims - 1; d >= 0; d--) {
        if (entry->shape[d] > 1 && stride[d] != expected)
            *contiguous = false;
        if (__builtin_mul_overflow(entry->shape[d] - 1, stride[d], &reach) ||
            __builtin_add_overflow(last, reach, &last) ||
            __builtin_mul_overflow(expected, entry->shape[d], &expected))
            return false;
    }
    return offset >= 0 && (uint64_t)last < storage->elements;
}

static bool may_copy(struct reading *r, size_t bytes) {
    size_t limit;
    if (__builtin_mul_overflow(r->map->size, (size_t)COPIES_PER_FILE, &limit))
        limit = SIZE_MAX;
    limit = limit > COPIES_ALWAYS ? limit : COPIES_ALWAYS;
    if (bytes > limit - r->copied)
        return false;
    r->copied += bytes;
    return true;
}

static bool read_tensor(
    struct reading *r, struct tensor_entry *entry, const struct pickle_value *t, struct err *e) {
    const struct storage *storage = find_storage(r, value(r, t->items[0]));
    int64_t stride[TENSOR_MAX_DIMS];
    int n_strides;
    bool contiguous;
    assert(storage); /* gather_storages has them all */
    entry->type = storage->declared->type;
    if (!storage->data || !read_numbers(r, t->items[1], entry->shape, &entry->n_dims) ||
        !read_numbers(r, t->items[2], stride, &n_strides) || n_strides != entry->n_dims ||
        !tensor_bytes(entry, &entry->bytes) ||
        !inside(entry, stride, t->number, storage, &contiguous))
        return err_usage(
            e, "%s: tensor %s: its sizes and strides do not fit its storage", r->path, entry->name);
    const unsigned char *from = storage->data + (size_t)t->number * tensor_type_bytes[entry->type];
    entry->data = from;
    if (contiguous)
        return true;
    if (!may_copy(r, entry->bytes))
        return err_usage(e,
            "%s: tensor %s: the file's strides blow its tensors up to over %d times its size; save "
            "them contiguous",
            r->path, entry->name, COPIES_PER_FILE);
    copy_strided(entry, from, stride);
    return true;
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

static bool read_tensors(
    struct tensor_file *f, struct reading *r, const struct pickle_value *dict, struct err *e) {
    if (dict->kind != PICKLE_DICT)
        return err_usage(e, "%s: holds no dictionary of tensors but something else", r->path);
    f->entries = xcalloc(dict->n / 2, sizeof *f->entries);
    for (size_t i = 0; i + 1 < dict->n; i += 2) {
        const struct pickle_value *key = value(r, dict->items[i]),
                                  *tensor = value(r, dict->items[i + 1]);
        if (key->kind != PICKLE_TEXT)
            return err_usage(e, "%s: its entry %zu has no name", r->path, i / 2);
        struct tensor_entry *entry = &f->entries[f->n++];
        entry->name = xstrndup(key->text, key->length);
        if (tensor->kind != PICKLE_TENSOR)
            return err_usage(e, "%s: its entry %s is no tensor", r->path, entry->name);
        if (!read_tensor(r, entry, tensor, e))
            return false;
    }
    return names_differ(f, r->path, e);
}

bool legacy_pytorch_read(struct tensor_file *f, const char *path, struct err *e) {
    struct reading r = {.path = path, .map = &f->map};
    enum { PROTOCOL = 0, OBJECT = 2, KEYS = 3, PICKLES = 4 };
    pickle_id top[PICKLES];
    size_t at = sizeof magic;
    bool ok = true;
    for (int i = PROTOCOL; ok && i < PICKLES; i++)
        ok = pickle_run(&r.pickle, f->map.bytes, f->map.size, &at, &top[i], e) ||
             err_add(e, "%s", path);
    if (ok &&
        (value(&r, top[PROTOCOL])->kind != PICKLE_INT || value(&r, top[PROTOCOL])->number != 1001))
        ok = err_usage(e, "%s: is of another protocol of torch.save than 1001", path);
    ok = ok && gather_storages(&r, e) && read_storages(&r, value(&r, top[KEYS]), at, e) &&
         read_tensors(f, &r, value(&r, top[OBJECT]), e);
    free(r.storages);
    pickle_free(&r.pickle);
    return ok;
}
