#include "data/duplicates.h"

#include "core/mem.h"
#include "data/joined.h"
#include "data/near.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Numbers the sets of two or more in the order of their first samples; all others get -1. */
static void number(int32_t *group, uint32_t *parent, size_t n) {
    uint32_t *size = xcalloc(n, sizeof *size);
    int32_t groups = 0;
    for (size_t i = 0; i < n; i++)
        size[joined_root(parent, (uint32_t)i)]++;
    for (size_t i = 0; i < n; i++) {
        uint32_t root = joined_root(parent, (uint32_t)i);
        group[i] = size[root] < 2 ? -1 : root == i ? groups++ : group[root];
    }
    free(size);
}

/* ---- contents ---- */

struct row {
    const char *content;
    uint32_t row;
};

static int by_content(const void *a, const void *b) {
    const struct row *x = a, *y = b;
    int order = strcmp(x->content, y->content);
    return order ? order : (x->row > y->row) - (x->row < y->row);
}

static struct row *rows_by_content(const struct manifest *m) {
    struct row *rows = xcalloc(m->n, sizeof *rows);
    for (size_t i = 0; i < m->n; i++)
        rows[i] = (struct row){m->samples[i].content, (uint32_t)i};
    qsort(rows, m->n, sizeof *rows, by_content);
    return rows;
}

/* Each sample joined with those of its content; `first`, [m->n] where not NULL: the first row of each of the
 * contents, in their order, whose number is returned. */
static size_t join_identical(uint32_t *parent, const struct manifest *m, uint32_t *first) {
    struct row *rows = rows_by_content(m);
    size_t contents = 0;
    for (size_t i = 0; i < m->n; i++) {
        parent[rows[i].row] = rows[i].row;
        if (i && strcmp(rows[i].content, rows[i - 1].content) == 0) {
            joined_join(parent, rows[i - 1].row, rows[i].row);
            continue;
        }
        if (first)
            first[contents] = rows[i].row;
        contents++;
    }
    free(rows);
    return contents;
}

/* ---- near ones ---- */

static bool join_near(uint32_t *parent, const struct manifest *m, const uint32_t *first, size_t n,
    const char *cache_dir, int threads, struct err *e) {
    struct print_item *items = xcalloc(n, sizeof *items);
    uint8_t *prints = xcalloc(n, PRINT_VALUES), *decoded = xcalloc(n, 1);
    uint32_t *near = xcalloc(n, sizeof *near);
    for (size_t i = 0; i < n; i++) {
        items[i] = (struct print_item){m->samples[first[i]].file, m->samples[first[i]].content};
        near[i] = (uint32_t)i;
    }
    bool ok = prints_fill(prints, decoded, items, n, m->root, cache_dir, threads, e) &&
              near_join(near, prints, decoded, n, threads, e);
    for (uint32_t i = 0; ok && i < n; i++)
        joined_join(parent, first[i], first[joined_root(near, i)]);
    free(near);
    free(decoded);
    free(prints);
    free(items);
    return ok;
}

bool duplicates_mark(struct manifest *m, const char *cache_dir, int threads, struct err *e) {
    if (m->duplicates_known)
        return true;
    uint32_t *parent = xcalloc(m->n, sizeof *parent), *first = xcalloc(m->n, sizeof *first);
    int32_t *group = xcalloc(m->n, sizeof *group);
    size_t contents = join_identical(parent, m, first);
    bool ok = join_near(parent, m, first, contents, cache_dir, threads, e);
    if (ok)
        number(group, parent, m->n);
    for (size_t i = 0; ok && i < m->n; i++)
        m->samples[i].duplicate_group = group[i];
    m->duplicates_known = ok;
    free(group);
    free(first);
    free(parent);
    return ok || err_add(e, "looking for duplicates in %s", m->root);
}

int32_t *duplicate_groups(const struct manifest *m, enum split_duplicates kind) {
    int32_t *group = xcalloc(m->n, sizeof *group);
    assert(kind != DUPLICATES_NEAR || m->duplicates_known);
    if (kind == DUPLICATES_IDENTICAL) {
        uint32_t *parent = xcalloc(m->n, sizeof *parent);
        join_identical(parent, m, NULL);
        number(group, parent, m->n);
        free(parent);
        return group;
    }
    for (size_t i = 0; i < m->n; i++)
        group[i] = kind == DUPLICATES_NEAR ? m->samples[i].duplicate_group : -1;
    return group;
}
