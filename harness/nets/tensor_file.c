#include "nets/tensor_file_parts.h"

#include "core/mem.h"
#include "nets/zip_archive.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const size_t tensor_type_bytes[TENSOR_TYPE_COUNT] = {
    [TENSOR_F32] = 4,
    [TENSOR_F64] = 8,
    [TENSOR_I64] = 8,
    [TENSOR_U8] = 1,
    [TENSOR_F16] = 2,
    [TENSOR_BF16] = 2,
    [TENSOR_I32] = 4,
    [TENSOR_I16] = 2,
    [TENSOR_I8] = 1,
    [TENSOR_BOOL] = 1,
};
const char *const tensor_type_names[TENSOR_TYPE_COUNT] = {
    [TENSOR_F32] = "F32",
    [TENSOR_F64] = "F64",
    [TENSOR_I64] = "I64",
    [TENSOR_U8] = "U8",
    [TENSOR_F16] = "F16",
    [TENSOR_BF16] = "BF16",
    [TENSOR_I32] = "I32",
    [TENSOR_I16] = "I16",
    [TENSOR_I8] = "I8",
    [TENSOR_BOOL] = "BOOL",
};

bool tensor_bytes(const struct tensor_entry *entry, size_t *bytes) {
    *bytes = tensor_type_bytes[entry->type];
    for (int i = 0; i < entry->n_dims; i++)
        if (entry->shape[i] < 0 || __builtin_mul_overflow(*bytes, (size_t)entry->shape[i], bytes))
            return false;
    return true;
}

bool tensor_file_open(struct tensor_file *f, const char *path, struct err *e) {
    *f = (struct tensor_file){0};
    if (!file_map_open(&f->map, path, e))
        return false;
    bool ok;
    if (zip_recognise(&f->map))
        ok = zip_pytorch_read(f, path, e);
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

size_t tensor_elements(const struct tensor_entry *entry) {
    return entry->bytes / tensor_type_bytes[entry->type];
}

/* IEEE 754 binary16: 1 bit sign, 5 exponent (bias 15), 10 fraction; binary32 has 8 (bias 127) and 23. */
static uint32_t f32_of_f16(uint16_t half) {
    uint32_t sign = (uint32_t)(half >> 15) << 31, exponent = half >> 10 & 31,
             fraction = (uint32_t)(half & 1023) << 13;
    if (exponent == 31) /* infinite, or no number */
        return sign | 0x7F800000u | fraction;
    if (exponent > 0)
        return sign | (exponent + 127 - 15) << 23 | fraction;
    float small = (float)(half & 1023) * 0x1p-24f;
    uint32_t bits;
    memcpy(&bits, &small, sizeof bits);
    return sign | bits;
}

/* Of an F32, F16 or BF16 entry, whose data may lie anywhere. */
static float element(const struct tensor_entry *entry, size_t i) {
    float value;
    uint16_t half;
    if (entry->type == TENSOR_F32) {
        memcpy(&value, (const char *)entry->data + i * sizeof value, sizeof value);
        return value;
    }
    memcpy(&half, (const char *)entry->data + i * sizeof half, sizeof half);
    /* bfloat16 is the upper half of a float32 */
    uint32_t bits = entry->type == TENSOR_F16 ? f32_of_f16(half) : (uint32_t)half << 16;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static bool holds_floats(const struct tensor_entry *entry) {
    return entry->type == TENSOR_F32 || entry->type == TENSOR_F16 || entry->type == TENSOR_BF16;
}

bool tensor_as_f32(const struct tensor_entry *entry, float *values) {
    if (!holds_floats(entry))
        return false;
    for (size_t i = 0, n = tensor_elements(entry); i < n; i++)
        values[i] = element(entry, i);
    return true;
}

size_t tensor_finite(const struct tensor_entry *entry) {
    size_t n = 0;
    assert(holds_floats(entry));
    while (n < tensor_elements(entry) && isfinite(element(entry, n)))
        n++;
    return n;
}
