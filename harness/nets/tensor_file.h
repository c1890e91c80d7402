/* Files of named tensors, plain C. Reads safetensors and both formats of `torch.save` (zip archives
 * since PyTorch 1.6, and the legacy format before) by a reader that knows only tensors: anything else in
 * the pickle is an error, never a call. Writes safetensors. Nothing is trusted: sizes are checked
 * against the file before use.
 */
#ifndef NETS_TENSOR_FILE_H
#define NETS_TENSOR_FILE_H

#include "core/err.h"
#include "core/file.h"

#include <stddef.h>
#include <stdint.h>

#define TENSOR_MAX_DIMS 8

enum tensor_type {
    TENSOR_F32,
    TENSOR_F64,
    TENSOR_I64,
    TENSOR_U8,
    TENSOR_F16,
    TENSOR_BF16,
    TENSOR_I32,
    TENSOR_I16,
    TENSOR_I8,
    TENSOR_BOOL,
    TENSOR_TYPE_COUNT
};

struct tensor_entry {
    char *name;
    enum tensor_type type;
    int n_dims;
    int64_t shape[TENSOR_MAX_DIMS];
    const void *data; /* contiguous, in the mapping or in `owned`; not aligned: memcpy */
    size_t bytes;
    void *owned; /* a copy made because the file's strides are not contiguous, or NULL */
};

struct tensor_file {
    struct tensor_entry *entries; /* in the file's order */
    size_t n;
    char **metadata; /* key, value, key, value ..., NULL at the end; safetensors' __metadata__ */
    struct file_map map;
};

bool tensor_file_open(struct tensor_file *f, const char *path, struct err *e);
void tensor_file_close(struct tensor_file *f);
const struct tensor_entry *tensor_file_find(const struct tensor_file *f, const char *name);
const char *tensor_file_metadata(const struct tensor_file *f, const char *key); /* or NULL */

size_t tensor_elements(const struct tensor_entry *entry); /* a tensor without dimensions has 1 */
/* The elements of an F32, F16 or BF16 entry as float32, which holds each of them exactly; `values` has
 * room for them all. False for another type. */
bool tensor_as_f32(const struct tensor_entry *entry, float *values);
/* How many elements of such an entry are finite numbers, up to the first that is none. */
size_t tensor_finite(const struct tensor_entry *entry);
extern const char *const tensor_type_names[TENSOR_TYPE_COUNT]; /* as safetensors has them */

/* Writes safetensors atomically: entries' name, type, shape, data and bytes count; `metadata` as
 * above (NULL: none). The same input gives the same bytes. */
bool tensor_file_write(const char *path, const struct tensor_entry *entries, size_t n,
    const char *const *metadata, struct err *e);

#endif
