/* PyTorch's format before the zip archives: five pickles (magic, protocol, system, the object, the list
 * of storage keys), then each storage: a 64-bit count of elements and the elements, little-endian. */
#include "nets/state_dict.h"
#include "nets/tensor_file_parts.h"

#include <string.h>

/* A pickled protocol 2 number of 10 bytes: 0x1950a86a20f9469cfc6c. */
static const unsigned char magic[] = {
    0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, '.'};

bool legacy_pytorch_recognise(const struct file_map *map) {
    return map->size >= sizeof magic && memcmp(map->bytes, magic, sizeof magic) == 0;
}

/* One storage's count and elements at *at, which moves behind them. */
static bool read_storage(const struct file_map *map, struct storage *storage, size_t *at) {
    uint64_t elements = 0;
    size_t bytes;
    if (map->size - *at < 8)
        return false;
    for (int b = 7; b >= 0; b--)
        elements = elements << 8 | map->bytes[*at + (size_t)b];
    *at += 8;
    if (!storage_bytes(storage, &bytes) || bytes > map->size - *at ||
        elements != (uint64_t)storage->declared->number)
        return false;
    storage->data = map->bytes + *at;
    *at += bytes;
    return true;
}

static bool read_storages(const struct state_dict *s, const struct file_map *map, pickle_id list,
    size_t at, struct err *e) {
    const struct pickle_value *keys = &s->pickle->values[list];
    if (keys->kind != PICKLE_LIST)
        return err_usage(e, "%s: has no list of its storages", s->path);
    for (size_t i = 0; i < keys->n; i++) {
        const struct pickle_value *key = &s->pickle->values[keys->items[i]];
        struct storage *storage = key->kind == PICKLE_TEXT ? state_dict_storage(s, key) : NULL;
        if (!storage || storage->data)
            return err_usage(
                e, "%s: lists a storage %s", s->path, storage ? "twice" : "that no tensor uses");
        if (!read_storage(map, storage, &at))
            return err_usage(e,
                "%s: its storage %zu of %zu has another size than its tensors say, or is cut short",
                s->path, i + 1, keys->n);
    }
    return at == map->size ||
           err_usage(e, "%s: %zu bytes stand behind its last storage", s->path, map->size - at);
}

bool legacy_pytorch_read(struct tensor_file *f, const char *path, struct err *e) {
    enum { PROTOCOL = 0, OBJECT = 2, KEYS = 3, PICKLES = 4 };
    struct pickle p = {0};
    struct state_dict s = {0};
    pickle_id top[PICKLES];
    size_t at = sizeof magic;
    bool ok = true;
    for (int i = PROTOCOL; ok && i < PICKLES; i++)
        ok = pickle_run(&p, f->map.bytes, f->map.size, &at, &top[i], e) || err_add(e, "%s", path);
    if (ok &&
        (p.values[top[PROTOCOL]].kind != PICKLE_INT || p.values[top[PROTOCOL]].number != 1001))
        ok = err_usage(e, "%s: is of another protocol of torch.save than 1001", path);
    ok = ok && state_dict_open(&s, path, f->map.size, &p, e) &&
         read_storages(&s, &f->map, top[KEYS], at, e) && state_dict_read(&s, top[OBJECT], f, e);
    state_dict_close(&s);
    pickle_free(&p);
    return ok;
}
