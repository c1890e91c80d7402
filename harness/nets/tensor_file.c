#include "nets/tensor_file_parts.h"

#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

const size_t tensor_type_bytes[TENSOR_TYPE_COUNT] = {
    [TENSOR_F32] = 4, [TENSOR_F64] = 8, [TENSOR_I64] = 8, [TENSOR_U8] = 1};

bool tensor_bytes(const struct tensor_entry *entry, size_t *bytes) {
    *bytes = tensor_type_bytes[entry->type];
    for (int i = 0; i < entry->n_dims; i++)
        if (entry->shape[i] < 0 || __builtin_mul_overflow(*bytes, (size_t)entry->shape[i], bytes))
            return false;
    return true;
}

static bool is_zip(const struct file_map *map) {
    return map->size >= 4 && memcmp(map->bytes, "PK\3\4", 4) == 0;
}

bool tensor_file_open(struct tensor_file *f, const char *path, struct err *e) {
    *f = (struct tensor_file){0};
    if (!file_map_open(&f->map, path, e))
        return false;
    bool ok;
    if (is_zip(&f->map))
        ok = err_usage(e,
            "%s: is a zip archive, PyTorch's newer format, which is not read yet; in Python: "
            "safetensors.torch.save_file(torch.load(FILE), OUT)",
            path);
    else if (legacy_pytorch_recognise(&f->map))
        ok = legacy_pytorch_read(f, path, e);
    else
        ok = safetensors_read(f, path, e);
    if (!ok)
        tensor_file_close(f);
    return ok;
}

void tensor_file_close(struct tensor_file *f) {
    for (size_t i = 0; i < f->n; i++) {
        free(f->entries[i].name);
        free(f->entries[i].owned);
    }
    free(f->entries);
    for (char **text = f->metadata; text && *text; text++)
        free(*text);
    free(f->metadata);
    file_map_close(&f->map);
    *f = (struct tensor_file){0};
}

const struct tensor_entry *tensor_file_find(const struct tensor_file *f, const char *name) {
    for (size_t i = 0; i < f->n; i++)
        if (strcmp(f->entries[i].name, name) == 0)
            return &f->entries[i];
    return NULL;
}

const char *tensor_file_metadata(const struct tensor_file *f, const char *key) {
    for (char **text = f->metadata; text && *text; text += 2)
        if (strcmp(text[0], key) == 0)
            return text[1];
    return NULL;
}
