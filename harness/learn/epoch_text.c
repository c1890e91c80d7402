#include "learn/epoch_text.h"

#include "core/mem.h"

#include <string.h>

static const char *const shown[] = {"mae", "accuracy"};

static void add_losses(
    struct str *out, const struct epoch_row *rows, size_t n, int epoch, enum part part) {
    const char *between = " (";
    for (size_t i = 0; i < n; i++)
        if (rows[i].epoch == epoch && rows[i].part == part && rows[i].task < 0)
            str_addf(out, "%s loss %.4g", part_name[part], rows[i].value);
    for (size_t i = 0; i < n; i++)
        if (rows[i].epoch == epoch && rows[i].part == part && rows[i].task >= 0 &&
            strcmp(rows[i].metric, "loss") == 0) {
            str_addf(out, "%s%s %.4g", between, attribute_name[rows[i].task], rows[i].value);
            between = ", ";
        }
    str_add(out, *between == ',' ? ")" : "");
}

void epoch_text(struct str *out, const struct epoch_row *rows, size_t n, int epoch, int epochs) {
    str_addf(out, "epoch %d of %d: ", epoch, epochs);
    add_losses(out, rows, n, epoch, PART_TRAIN);
    str_add(out, "; ");
    add_losses(out, rows, n, epoch, PART_VALIDATION);
    for (size_t i = 0; i < n; i++)
        if (rows[i].epoch == epoch && rows[i].part == PART_VALIDATION && rows[i].task >= 0 &&
            word_find(shown, ARRAY_LEN(shown), rows[i].metric) >= 0)
            str_addf(
                out, ", %s %s %.4g", attribute_name[rows[i].task], rows[i].metric, rows[i].value);
}
