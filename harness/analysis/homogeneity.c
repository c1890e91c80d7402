#include "analysis/homogeneity.h"

#include "analysis/distributions.h"
#include "core/mem.h"

#include <math.h>
#include <stdlib.h>

struct column {
    double count[2];
};

/* The classes taken together; the caller's array has room for all. Returns how many columns. */
static int merge(
    struct column *columns, const size_t *const row[2], int classes, const double total[2]) {
    double smaller = fmin(total[0], total[1]) / (total[0] + total[1]);
    struct column open = {{0, 0}};
    int n = 0;
    for (int k = 0; k < classes; k++) {
        for (int r = 0; r < 2; r++)
            open.count[r] += (double)row[r][k];
        if (smaller * (open.count[0] + open.count[1]) < HOMOGENEITY_MIN_EXPECTED)
            continue;
        columns[n++] = open;
        open = (struct column){{0, 0}};
    }
    for (int r = 0; n > 0 && r < 2; r++)
        columns[n - 1].count[r] += open.count[r];
    return n;
}

struct homogeneity homogeneity_test(const size_t *const row[2], int classes) {
    double total[2] = {0, 0};
    for (int r = 0; r < 2; r++)
        for (int k = 0; k < classes; k++)
            total[r] += (double)row[r][k];
    double n = total[0] + total[1];
    struct homogeneity h = {.statistic = NAN, .p = NAN, .v = NAN, .n = (size_t)n};
    if (total[0] == 0 || total[1] == 0)
        return h;
    struct column *columns = xcalloc((size_t)classes, sizeof *columns);
    h.columns = merge(columns, row, classes, total);
    if (h.columns >= 2) {
        h.statistic = 0;
        for (int k = 0; k < h.columns; k++)
            for (int r = 0; r < 2; r++) {
                double expected = total[r] * (columns[k].count[0] + columns[k].count[1]) / n;
                double off = columns[k].count[r] - expected;
                h.statistic += off * off / expected;
            }
        h.p = chi_squared_tail(h.statistic, h.columns - 1);
        h.v = sqrt(h.statistic / n);
    }
    free(columns);
    return h;
}
