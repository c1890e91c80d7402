/* PyTorch's format since 1.6: a zip archive of stored members under one folder: data.pkl, a pickle of
 * the object; data/KEY, the elements of a storage; byteorder, where it is told; others that hold no
 * tensors (version, .data/serialization_id). */
#include "nets/state_dict.h"
#include "nets/tensor_file_parts.h"
#include "nets/zip_archive.h"

#include "core/mem.h"
#include "core/str.h"

#include <stdlib.h>
#include <string.h>

#define PICKLE "/data.pkl"
static const size_t pickle_length = sizeof PICKLE - 1;

/* The member FOLDER/data.pkl, the only one of its kind. */
static const struct zip_member *find_pickle(
    const struct zip_archive *a, const char *path, struct err *e) {
    const struct zip_member *found = NULL;
    for (size_t i = 0; i < a->n; i++) {
        const struct zip_member *m = &a->members[i];
        if (m->name_length < pickle_length ||
            memchr(m->name, '/', m->name_length) != m->name + m->name_length - pickle_length ||
            memcmp(m->name + m->name_length - pickle_length, PICKLE, pickle_length) != 0)
            continue;
        if (found) {
            err_usage(e, "%s: has two members FOLDER" PICKLE, path);
            return NULL;
        }
        found = m;
    }
    if (!found)
        err_usage(e, "%s: is a zip archive, but none of torch.save: it has no FOLDER" PICKLE, path);
    return found;
}

/* The member of this name in the pickle's folder, or NULL. */
static const struct zip_member *find_beside(
    const struct zip_archive *a, const struct zip_member *pickle, const char *name, size_t length) {
    size_t folder = pickle->name_length - pickle_length + 1;
    char *path = xmalloc(folder + length);
    memcpy(path, pickle->name, folder);
    memcpy(path + folder, name, length);
    const struct zip_member *m = zip_archive_find(a, path, folder + length);
    free(path);
    return m;
}

static bool check_byte_order(
    const struct zip_archive *a, const struct zip_member *pickle, const char *path, struct err *e) {
    static const char little[] = "little";
    const struct zip_member *m = find_beside(a, pickle, "byteorder", sizeof "byteorder" - 1);
    return !m || (m->size == sizeof little - 1 && memcmp(m->data, little, m->size) == 0) ||
           err_usage(e,
               "%s: its byteorder is \"%.*s\", expected \"little\"; save it anew on such a machine",
               path, (int)(m->size < 20 ? m->size : 20), (const char *)m->data);
}

static bool find_storages(struct state_dict *s, const struct zip_archive *a,
    const struct zip_member *pickle, struct err *e) {
    for (size_t i = 0; i < s->n_storages; i++) {
        const struct pickle_value *key = s->storages[i].declared;
        struct str name = {0};
        size_t bytes;
        str_add(&name, "data/");
        str_addn(&name, key->text, key->length);
        const struct zip_member *m = find_beside(a, pickle, name.text, name.len);
        bool ok = m && storage_bytes(&s->storages[i], &bytes) && bytes == m->size;
        if (ok)
            s->storages[i].data = m->data;
        else
            err_usage(e, "%s: its storage %.200s %s", s->path, name.text,
                m ? "has another size than its tensors say" : "is not in the archive");
        str_free(&name);
        if (!ok)
            return false;
    }
    return true;
}

bool zip_pytorch_read(struct tensor_file *f, const char *path, struct err *e) {
    struct zip_archive a;
    struct pickle p = {0};
    struct state_dict s = {0};
    pickle_id top = 0;
    size_t at = 0;
    const struct zip_member *pickle = NULL;
    bool ok = zip_archive_open(&a, &f->map, path, e) && (pickle = find_pickle(&a, path, e)) &&
              check_byte_order(&a, pickle, path, e);
    ok = ok && (pickle_run(&p, pickle->data, pickle->size, &at, &top, e) ||
                   err_add(e, "%s: data.pkl", path));
    if (ok && at != pickle->size)
        ok = err_usage(e, "%s: data.pkl: %zu bytes stand behind its end", path, pickle->size - at);
    ok = ok && state_dict_open(&s, path, f->map.size, &p, e) && find_storages(&s, &a, pickle, e) &&
         state_dict_read(&s, top, f, e);
    state_dict_close(&s);
    pickle_free(&p);
    zip_archive_free(&a);
    return ok;
}
