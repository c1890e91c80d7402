#include "data/decode.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/str.h"

#include <stdlib.h>
#include <string.h>

#define FILE_LIMIT ((size_t)64 << 20)
#define SHOWN 3 /* bad files that a message names */

char *decode_sample(struct resizer *r, const struct manifest *m, size_t row, int px, uint8_t *rgb) {
    struct err e = {0};
    struct image im = {0};
    size_t n = 0;
    char *path = path_join(m->root, m->samples[row].file), *message = NULL;
    char *name = str_quoted(m->samples[row].file);
    char *bytes = file_read(path, FILE_LIMIT, &n, &e);
    if (bytes && image_decode(&im, name, (const uint8_t *)bytes, n, &e)) {
        resizer_run(r, &im, rgb);
    } else {
        memset(rgb, 0, (size_t)3 * px * px);
        message = xstrdup(e.msg);
    }
    image_free(&im);
    free(bytes);
    free(name);
    free(path);
    return message;
}

void bad_list_add(struct bad_list *l, size_t row, char *message) {
    l->items = xgrow(l->items, &l->capacity, l->n + 1, sizeof *l->items);
    l->items[l->n++] = (struct bad_image){(uint32_t)row, message};
}

bool bad_share_ok(const struct bad_image *bad, size_t n_bad, size_t n, double max_share,
    const struct manifest *m, struct err *e) {
    if ((double)n_bad <= max_share * (double)n)
        return true;
    struct str first = {0};
    for (size_t i = 0; i < n_bad && i < SHOWN; i++)
        str_addf(&first, "%s%s", i ? "; " : "", bad[i].message);
    err_usage(e,
        "%s: %zu of %zu images do not decode, more than the share of %g that /data/max_bad_share "
        "allows: get them again, remove them, or raise that key; %s%s",
        m->root, n_bad, n, max_share, first.text, n_bad > SHOWN ? "; ..." : "");
    str_free(&first);
    return false;
}

void bad_images_free(struct bad_image *b, size_t n) {
    for (size_t i = 0; i < n; i++)
        free(b[i].message);
    free(b);
}
