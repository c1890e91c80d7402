/* safetensors: 8 bytes of little-endian header length, a JSON header
 * {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [from, to]}, ...,
 *  "__metadata__": {"key": "value"}}, and the tensors' bytes behind it, without gaps, in row order. */
#include "nets/tensor_file_parts.h"

#include "core/json.h"
#include "core/mem.h"
#include "core/str.h"
#include "core/words.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH_BYTES 8
/* Room for tens of thousands of tensors; the format's own bound is 100 MB, of which a JSON tree would
 * make gigabytes. */
#define MAX_HEADER_BYTES ((uint64_t)4 << 20)
#define MAX_EXACT 9007199254740992.0 /* 2^53: whole numbers that a double holds */

/* ---- reading ---- */

struct reading {
    const char *path;
    size_t data_bytes, data_from; /* the part behind the header */
    size_t taken;                 /* of it, by the entries so far */
};

static bool whole_number(const cJSON *json, double limit, double *value) {
    *value = cJSON_IsNumber(json) ? json->valuedouble : -1;
    return *value >= 0 && *value <= limit && *value == floor(*value);
}

static bool read_shape(struct tensor_entry *entry, const cJSON *shape) {
    const cJSON *size;
    if (!cJSON_IsArray(shape) || cJSON_GetArraySize(shape) > TENSOR_MAX_DIMS)
        return false;
    cJSON_ArrayForEach(size, shape) {
        double value;
        if (!whole_number(size, MAX_EXACT, &value))
            return false;
        entry->shape[entry->n_dims++] = (int64_t)value;
    }
    return true;
}

static bool read_entry(struct tensor_entry *entry, const cJSON *json, const struct reading *r,
    const unsigned char *data, struct err *e) {
    const cJSON *type = json_get(json, "dtype"), *offsets = json_get(json, "data_offsets");
    double from, to;
    int found = cJSON_IsString(type)
                    ? word_find(tensor_type_names, TENSOR_TYPE_COUNT, type->valuestring)
                    : -1;
    if (found < 0)
        return err_usage(e,
            "%s: tensor %s: dtype %s is not read; expected one of F32, F16, BF16, F64, I64, I32, I16, I8, U8, BOOL",
            r->path, json->string, cJSON_IsString(type) ? type->valuestring : "(none)");
    entry->type = (enum tensor_type)found;
    if (!read_shape(entry, json_get(json, "shape")))
        return err_usage(e, "%s: tensor %s: its shape is no list of at most %d whole numbers",
            r->path, json->string, TENSOR_MAX_DIMS);
    if (!cJSON_IsArray(offsets) || cJSON_GetArraySize(offsets) != 2 ||
        !whole_number(cJSON_GetArrayItem(offsets, 0), (double)r->data_bytes, &from) ||
        !whole_number(cJSON_GetArrayItem(offsets, 1), (double)r->data_bytes, &to) || from > to)
        return err_usage(e,
            "%s: tensor %s: its data_offsets are no two ascending places among the %zu bytes of "
            "data; the file is cut short or broken",
            r->path, json->string, r->data_bytes);
    entry->bytes = (size_t)(to - from);
    entry->data = data + (size_t)from;
    size_t bytes;
    if (!tensor_bytes(entry, &bytes) || bytes != entry->bytes)
        return err_usage(e,
            "%s: tensor %s: its data_offsets hold %zu bytes, its shape and dtype do not", r->path,
            json->string, entry->bytes);
    entry->name = xstrdup(json->string);
    return true;
}

static bool read_metadata(
    struct tensor_file *f, const cJSON *metadata, const char *path, struct err *e) {
    if (!cJSON_IsObject(metadata))
        return err_usage(e, "%s: __metadata__ is no object", path);
    size_t n = 0;
    const cJSON *text;
    f->metadata = xcalloc(2 * (size_t)cJSON_GetArraySize(metadata) + 1, sizeof *f->metadata);
    cJSON_ArrayForEach(text, metadata) {
        if (!cJSON_IsString(text))
            return err_usage(e, "%s: __metadata__: %s is no text", path, text->string);
        f->metadata[n++] = xstrdup(text->string);
        f->metadata[n++] = xstrdup(text->valuestring);
    }
    return true;
}

/* A file's order is that of its data; a header may list the names in another. */
static int by_place(const void *a, const void *b) {
    const struct tensor_entry *x = a, *y = b;
    if (x->data != y->data)
        return (const char *)x->data < (const char *)y->data ? -1 : 1;
    return x->bytes != y->bytes ? (x->bytes < y->bytes ? -1 : 1) : strcmp(x->name, y->name);
}

static bool check_no_gaps(struct tensor_file *f, struct reading *r, struct err *e) {
    qsort(f->entries, f->n, sizeof *f->entries, by_place);
    for (size_t i = 0; i < f->n; i++) {
        const unsigned char *expected = f->map.bytes + r->data_from + r->taken;
        if (f->entries[i].data != expected)
            return err_usage(e,
                "%s: tensor %s: its data overlap another's or leave a gap before them", r->path,
                f->entries[i].name);
        r->taken += f->entries[i].bytes;
    }
    if (r->taken != r->data_bytes)
        return err_usage(e,
            "%s: has %zu bytes of data, its tensors take %zu; it is cut short or broken", r->path,
            r->data_bytes, r->taken);
    return true;
}

static bool read_header(
    struct tensor_file *f, const cJSON *header, struct reading *r, struct err *e) {
    const cJSON *member;
    if (!cJSON_IsObject(header))
        return err_usage(e, "%s: its header is no JSON object", r->path);
    f->entries = xcalloc((size_t)cJSON_GetArraySize(header), sizeof *f->entries);
    cJSON_ArrayForEach(member, header) {
        if (strcmp(member->string, "__metadata__") == 0) {
            if (!read_metadata(f, member, r->path, e))
                return false;
        } else if (!read_entry(&f->entries[f->n++], member, r, f->map.bytes + r->data_from, e)) {
            return false;
        }
    }
    return check_no_gaps(f, r, e);
}

bool safetensors_read(struct tensor_file *f, const char *path, struct err *e) {
    uint64_t length = 0;
    if (f->map.size >= LENGTH_BYTES)
        for (int i = LENGTH_BYTES - 1; i >= 0; i--)
            length = length << 8 | f->map.bytes[i];
    if (f->map.size < LENGTH_BYTES || length > MAX_HEADER_BYTES ||
        length > f->map.size - LENGTH_BYTES || length == 0 || f->map.bytes[LENGTH_BYTES] != '{')
        return err_usage(e,
            "%s: is no file of tensors that is known here (safetensors, or what torch.save "
            "writes), or it is cut short",
            path);
    struct reading r = {.path = path, .data_from = LENGTH_BYTES + (size_t)length};
    r.data_bytes = f->map.size - r.data_from;
    cJSON *header = json_parse(path, (const char *)f->map.bytes + LENGTH_BYTES, (size_t)length, e);
    bool ok = header && read_header(f, header, &r, e);
    cJSON_Delete(header);
    return ok;
}

/* ---- writing ---- */

static void add_metadata(struct str *header, const char *const *metadata) {
    str_add(header, "\"__metadata__\":{");
    for (const char *const *text = metadata; *text; text += 2) {
        str_add(header, text == metadata ? "" : ",");
        json_add_string(header, text[0]);
        str_addc(header, ':');
        json_add_string(header, text[1]);
    }
    str_addc(header, '}');
}

static void add_entry(struct str *header, const struct tensor_entry *entry, size_t from) {
    json_add_string(header, entry->name);
    str_addf(header, ":{\"dtype\":\"%s\",\"shape\":[", tensor_type_names[entry->type]);
    for (int i = 0; i < entry->n_dims; i++)
        str_addf(header, "%s%" PRId64, i ? "," : "", entry->shape[i]);
    str_addf(header, "],\"data_offsets\":[%zu,%zu]}", from, from + entry->bytes);
}

bool tensor_file_write(const char *path, const struct tensor_entry *entries, size_t n,
    const char *const *metadata, struct err *e) {
    struct file_output out;
    if (!file_output_open(&out, path, e))
        return false;
    struct str header = {0};
    size_t from = 0;
    str_addc(&header, '{');
    if (metadata && *metadata)
        add_metadata(&header, metadata);
    for (size_t i = 0; i < n; i++) {
        str_add(&header, header.len > 1 ? "," : "");
        add_entry(&header, &entries[i], from);
        from += entries[i].bytes;
    }
    str_addc(&header, '}');
    while (header.len % 8) /* data begin aligned */
        str_addc(&header, ' ');
    unsigned char length[LENGTH_BYTES];
    for (int i = 0; i < LENGTH_BYTES; i++)
        length[i] = (unsigned char)((uint64_t)header.len >> (8 * i));
    fwrite(length, 1, sizeof length, out.stream);
    fwrite(header.text, 1, header.len, out.stream);
    for (size_t i = 0; i < n; i++)
        if (entries[i].bytes)
            fwrite(entries[i].data, 1, entries[i].bytes, out.stream);
    str_free(&header);
    return file_commit(&out, e);
}
