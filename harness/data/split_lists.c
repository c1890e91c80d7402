#include "data/split_lists.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/str.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { NAMED = 5 }; /* unusable names that a message shows */

bool part_lists_read(
    struct part_lists *l, const char *dir, const char *const file[PART_COUNT], struct err *e) {
    struct sha256 *sum = sha256_new();
    bool ok = true;
    *l = (struct part_lists){0};
    for (int p = 0; ok && p < PART_COUNT; p++) {
        if (!file[p])
            continue;
        char *path = path_join(dir, file[p]);
        l->given[p] = true;
        ok = name_list_read(&l->of[p], path, e);
        for (int q = 0; ok && q < p; q++)
            ok = name_lists_apart(&l->of[q], &l->of[p], e);
        sha256_add(sum, part_name[p], strlen(part_name[p]) + 1);
        sha256_add(sum, l->of[p].content, strlen(l->of[p].content) + 1);
        free(path);
    }
    sha256_end(sum, l->content);
    return ok;
}

void part_lists_free(struct part_lists *l) {
    for (int p = 0; p < PART_COUNT; p++)
        name_list_free(&l->of[p]);
    *l = (struct part_lists){0};
}

static int against_sample(const void *key, const void *row) {
    return strcmp(key, ((const struct sample *)row)->id);
}

static int by_line(const void *a, const void *b) {
    long x = (*(const struct listed_name *const *)a)->line,
         y = (*(const struct listed_name *const *)b)->line;
    return (x > y) - (x < y);
}

/* Why the set does not have it: the reason of a file that is set aside, or that there is none. */
static const char *why_unusable(const struct manifest *m, const char *name) {
    for (size_t i = 0; i < m->n_aside; i++)
        if (strcmp(m->aside[i].file, name) == 0)
            return m->aside[i].reason;
    return "there is none of this name";
}

/* Takes `names` over. */
static bool refuse(const struct manifest *m, const struct name_list *l,
    const struct listed_name **names, size_t n, struct err *e) {
    struct str shown = {0};
    qsort(names, n, sizeof *names, by_line);
    for (size_t i = 0; i < n && i < NAMED; i++) {
        char *name = str_quoted(names[i]->name);
        str_addf(&shown, "%sline %ld: %s (%s)", i ? "; " : "", names[i]->line, name,
            why_unusable(m, names[i]->name));
        free(name);
    }
    if (n > NAMED)
        str_addf(&shown, "; and %zu more", n - NAMED);
    err_usage(e,
        "%s: %zu of %zu names are no usable image of %s: %s: correct the list, or say \"pass\" in "
        "/split/unusable_names to leave them out",
        l->path, n, l->n, m->root, shown.text);
    str_free(&shown);
    free(names);
    return false;
}

/* Marks the samples of a list; names without one go to s->unusable, or are refused. */
static bool mark_list(struct split *s, const struct manifest *m, const struct name_list *l,
    bool pass, enum part part, int *marks, struct err *e) {
    const struct listed_name **unusable = xcalloc(l->n, sizeof *unusable);
    size_t n = 0;
    for (size_t i = 0; i < l->n; i++) {
        const struct sample *found =
            bsearch(l->names[i].name, m->samples, m->n, sizeof *m->samples, against_sample);
        if (found)
            marks[found - m->samples] = part;
        else
            unusable[n++] = &l->names[i];
    }
    if (n && !pass)
        return refuse(m, l, unusable, n, e);
    free(unusable);
    s->unusable += n;
    return n < l->n || err_usage(e, "%s: none of its %zu names is a usable image of %s", l->path,
                           l->n, m->root);
}

bool split_lists(struct split *s, const struct manifest *m, const struct part_lists *l, bool pass,
    uint64_t seed, double validation_share, enum split_duplicates duplicates, struct err *e) {
    assert(l->given[PART_TRAIN] && l->given[PART_TEST]);
    *s = (struct split){0};
    int *marks = xcalloc(m->n, sizeof *marks);
    bool ok = true;
    for (size_t i = 0; i < m->n; i++)
        marks[i] = PART_COUNT;
    for (int p = 0; ok && p < PART_COUNT; p++)
        ok = !l->given[p] || mark_list(s, m, &l->of[p], pass, (enum part)p, marks, e);
    if (ok)
        split_take_marked(s, m, marks, l->given[PART_VALIDATION] ? 0 : validation_share,
            SPLIT_FOLDS, seed, duplicates);
    free(marks);
    return ok && (s->n[PART_TRAIN] ||
                     err_usage(e, "%s: its names leave none for training beside a validation part",
                         l->of[PART_TRAIN].path));
}
