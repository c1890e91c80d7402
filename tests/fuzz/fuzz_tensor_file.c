/* Any bytes as a file of tensors, in each of the formats: entries that lie within what was read, or a
 * message; the same for their names as a trunk's. `make fuzz` begins with a file of each format. */
#define _GNU_SOURCE /* memfd_create */
#include "nets/tensor_file.h"
#include "nets/weight_match.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void must(bool ok) {
    if (!ok)
        abort();
}

static void read_all(const struct tensor_file *f) {
    for (size_t i = 0; i < f->n; i++) {
        const struct tensor_entry *t = &f->entries[i];
        size_t count = 1;
        must((unsigned)t->type < TENSOR_TYPE_COUNT && t->n_dims >= 0 &&
             t->n_dims <= TENSOR_MAX_DIMS);
        for (int d = 0; d < t->n_dims; d++)
            count *= (size_t)t->shape[d];
        must(tensor_elements(t) == count);
        unsigned char *copy = malloc(t->bytes + 1); /* every byte is read, with ASan watching */
        must(copy != NULL);
        if (t->bytes)
            memcpy(copy, t->data, t->bytes);
        free(copy);
        float *values = malloc((count + 1) * sizeof *values);
        must(values != NULL);
        tensor_as_f32(t, values);
        free(values);
        must(tensor_file_find(f, t->name) == t); /* names differ */
        if (i == 100)
            break; /* finding is linear */
    }
    tensor_file_metadata(f, "");
}

static void match(const struct tensor_file *f, bool partial) {
    struct weight_match m;
    struct err e = {0};
    bool ok = weight_match_find(&m, f, "f", &trunk_tables[TRUNK_SMALL], partial, &e);
    must(ok == (e.kind == ERR_NONE) && (!ok || (m.found > 0 && m.found <= m.n)));
    weight_match_free(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    static int fd = -1;
    static char path[64];
    if (fd < 0) {
        fd = memfd_create("tensors", 0);
        must(fd >= 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    must(ftruncate(fd, (off_t)n) == 0 && pwrite(fd, bytes, n, 0) == (ssize_t)n);
    struct tensor_file f;
    struct err e = {0};
    bool ok = tensor_file_open(&f, path, &e);
    must(ok == (e.kind == ERR_NONE));
    if (ok) {
        read_all(&f);
        match(&f, false);
        match(&f, true);
        tensor_file_close(&f);
    }
    return 0;
}
