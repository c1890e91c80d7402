#include "data/noise_floor.h"

#include "core/mem.h"

#include <math.h>
#include <stdlib.h>

struct member {
    int32_t group;
    uint32_t row;
};

static int by_group(const void *a, const void *b) {
    const struct member *x = a, *y = b;
    return x->group != y->group ? (x->group > y->group) - (x->group < y->group)
                                : (x->row > y->row) - (x->row < y->row);
}

/* Members first ... end - 1 are one group. Each pair counts in the means of both its files. */
static void add_group(struct label_noise *noise, const struct manifest *m,
    const struct member *members, size_t first, size_t end, int a) {
    size_t labelled = 0;
    double apart = 0, differing = 0;
    for (size_t i = first; i < end; i++) {
        int x = m->samples[members[i].row].label[a];
        labelled += x != LABEL_MISSING;
        for (size_t j = first; j < i && x != LABEL_MISSING; j++) {
            int y = m->samples[members[j].row].label[a];
            apart += y == LABEL_MISSING ? 0 : 2 * abs(x - y);
            differing += y == LABEL_MISSING || x == y ? 0 : 2;
        }
    }
    if (labelled < 2)
        return;
    noise->groups++;
    noise->files += labelled;
    noise->conflicts += differing > 0;
    noise->mae += apart / (double)(labelled - 1);
    noise->differing += differing / (double)(labelled - 1);
}

void noise_floor_of(struct noise_floor *f, const struct manifest *m, const int32_t *group) {
    struct member *members = xcalloc(m->n, sizeof *members);
    size_t n = 0;
    *f = (struct noise_floor){0};
    for (size_t i = 0; i < m->n; i++)
        if (group[i] >= 0)
            members[n++] = (struct member){group[i], (uint32_t)i};
    if (n)
        qsort(members, n, sizeof *members, by_group);
    f->files = n;
    for (size_t first = 0, end; first < n; first = end, f->groups++) {
        for (end = first + 1; end < n && members[end].group == members[first].group;)
            end++;
        for (int a = 0; a < ATTR_COUNT; a++)
            add_group(&f->of[a], m, members, first, end, a);
    }
    for (int a = 0; a < ATTR_COUNT; a++) {
        double files = f->of[a].files ? (double)f->of[a].files : NAN;
        f->of[a].mae /= files;
        f->of[a].differing /= files;
    }
    free(members);
}
