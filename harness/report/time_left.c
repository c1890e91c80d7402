#include "report/time_left.h"

#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

double share_done(const struct cell_record *c) {
    double epochs = c->epochs ? (double)c->epochs_done / c->epochs : 0;
    return c->state == CELL_DONE || c->diverged               ? 1
           : c->state == CELL_RUNNING && c->fraction > epochs ? c->fraction
                                                              : epochs;
}

/* Seconds an epoch took in those of the cells that are done; -1: none is. */
static double epoch_s(const struct cell_record *const *cells, size_t n) {
    double wall_s = 0, epochs = 0;
    for (size_t i = 0; i < n; i++)
        if (cells[i]->state == CELL_DONE) {
            wall_s += cells[i]->wall_s;
            epochs += cells[i]->epochs;
        }
    return epochs > 0 ? wall_s / epochs : -1;
}

static int by_variant(const void *a, const void *b) {
    const struct cell_record *x = *(const struct cell_record *const *)a;
    const struct cell_record *y = *(const struct cell_record *const *)b;
    int order = strcmp(x->variant, y->variant);
    return order ? order : (x > y) - (x < y);
}

void left_each(const struct cell_record *cells, size_t n, const double *probed_s, double *left) {
    const struct cell_record **list = xcalloc(n + 1, sizeof *list);
    for (size_t i = 0; i < n; i++)
        list[i] = &cells[i];
    qsort(list, n, sizeof *list, by_variant);
    double of_all = epoch_s(list, n);
    for (size_t begin = 0, end; begin < n; begin = end) {
        for (end = begin + 1; end < n; end++)
            if (strcmp(list[end]->variant, list[begin]->variant) != 0)
                break;
        double own = epoch_s(list + begin, end - begin);
        for (size_t k = begin; k < end; k++) {
            size_t i = (size_t)(list[k] - cells);
            double probed = probed_s ? probed_s[i] : -1;
            double pace = own >= 0 ? own : probed >= 0 ? probed : of_all;
            left[i] = pace < 0 ? -1 : pace * cells[i].epochs * (1 - share_done(&cells[i]));
        }
    }
    free(list);
}

double left_s(const struct cell_record *cells, size_t n) {
    double *left = xcalloc(n + 1, sizeof *left), sum = 0;
    left_each(cells, n, NULL, left);
    for (size_t i = 0; i < n && sum >= 0; i++)
        sum = left[i] < 0 ? -1 : sum + left[i];
    free(left);
    return sum;
}
