/* Any bytes as CSV, and as predictions of a small set: rows of the header's width, sorted predictions each once, or a
 * message on one line. */
#include "core/csv.h"
#include "data/predictions_csv.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check_rows(const char *text, size_t n) {
    struct csv c;
    struct err e = {0};
    int row = csv_open(&c, "f", text, n, &e) ? 1 : -1;
    while (row > 0 && (row = csv_next(&c, &e)) > 0)
        for (int i = 0; i < c.columns; i++)
            if (strlen(c.field[i].text) != c.field[i].len)
                abort();
    if ((row < 0) != (e.kind != ERR_NONE) || strpbrk(e.msg, "\n\r\x1b"))
        abort();
    csv_close(&c);
}

static void check_predictions(const struct manifest *m, const char *text, size_t n) {
    struct imported im;
    struct err e = {0};
    bool ok = imported_parse(&im, m, "f", text, n, &e);
    if (ok != (e.kind == ERR_NONE) || (ok && im.n == 0) || strpbrk(e.msg, "\n\r\x1b"))
        abort();
    for (size_t i = 0; ok && i < im.n; i++) {
        const struct imported_row *r = &im.rows[i];
        int width = im.width[r->task];
        if (r->sample >= m->n || r->run >= im.n_runs || !isfinite(r->predicted) ||
            (width && r->probabilities + (size_t)width > im.pool_n))
            abort();
    }
    imported_free(&im);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    struct sample samples[] = {{.id = "a", .label = {30, 0, 1}},
        {.id = "b", .label = {LABEL_MISSING, 1, 4}}, {.id = "c d", .label = {1, LABEL_MISSING, 0}}};
    struct manifest m = {.set = DATASET_UTKFACE, .samples = samples, .n = 3};
    check_rows((const char *)bytes, n);
    check_predictions(&m, (const char *)bytes, n);
    return 0;
}
