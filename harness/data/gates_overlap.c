/* What two parts of a split have in common. */
#include "data/gates.h"

#include "core/json.h"
#include "core/mem.h"
#include "core/str.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a sample may share with another: a text that is the same, NULL where it has none. */
static const char *file_of(const struct sample *s, char *buffer) {
    (void)buffer;
    return s->file;
}

static const char *content_of(const struct sample *s, char *buffer) {
    (void)buffer;
    return s->content[0] ? s->content : NULL;
}

static const char *duplicate_of(const struct sample *s, char *buffer) {
    snprintf(buffer, 16, "%d", (int)s->duplicate_group);
    return s->duplicate_group >= 0 ? buffer : NULL;
}

static const char *subject_of(const struct sample *s, char *buffer) {
    (void)buffer;
    return s->subject;
}

static const char *album_of(const struct sample *s, char *buffer) {
    (void)buffer;
    return s->album;
}

static const struct kind {
    enum gate gate;
    const char *(*key)(const struct sample *s, char *buffer);
    const char *shared;  /* "N of the M images of PART ... PART" */
    const char *unknown; /* where no sample has it; NULL: then nothing can be shared */
} kinds[] = {
    {GATE_FILES, file_of, "are the very files of images of", NULL},
    {GATE_CONTENTS, content_of, "have the bytes of an image of", NULL},
    {GATE_DUPLICATES, duplicate_of, "are nearly the same as an image of",
        "near-identical images were not looked for: whether parts share any is not known"},
    {GATE_SUBJECTS, subject_of, "show a person of",
        "the set does not say who is in an image: whether parts share persons is not known"},
    {GATE_ALBUMS, album_of, "are of an album of",
        "the set does not say which album an image is of: whether parts share albums is not known"},
};

struct member {
    char *key;
    uint32_t row;
    int part;
};

static int by_key(const void *a, const void *b) {
    const struct member *x = a, *y = b;
    int order = strcmp(x->key, y->key);
    return order ? order : (x->row > y->row) - (x->row < y->row);
}

struct members { /* of all parts, sorted, so that those who share stand together */
    struct member *list;
    size_t n;
};

static void collect(
    struct members *all, const struct manifest *m, const struct split *s, const struct kind *k) {
    size_t n = 0;
    char buffer[16];
    for (int part = 0; part < PART_COUNT; part++)
        n += s->n[part];
    *all = (struct members){.list = xcalloc(n, sizeof *all->list)};
    for (int part = 0; part < PART_COUNT; part++)
        for (size_t i = 0; i < s->n[part]; i++) {
            uint32_t row = s->rows[part][i];
            const char *key = k->key(&m->samples[row], buffer);
            if (key)
                all->list[all->n++] = (struct member){xstrdup(key), row, part};
        }
    qsort(all->list, all->n, sizeof *all->list, by_key);
}

static void release(struct members *all) {
    for (size_t i = 0; i < all->n; i++)
        free(all->list[i].key);
    free(all->list);
}

struct shared {    /* by one pair of parts */
    size_t images; /* of `part`, which something of `against` is shared by */
    struct {
        uint32_t against, part;
    } example[GATE_EXAMPLES];
    size_t examples;
};

/* Those of one key: list[first] to list[end - 1]. */
static void count_run(
    struct shared *c, const struct members *all, size_t first, size_t end, int part, int against) {
    size_t mine = 0, mate = end, one = end;
    for (size_t i = end; i-- > first;) {
        mine += all->list[i].part == part;
        if (all->list[i].part == part)
            one = i;
        if (all->list[i].part == against)
            mate = i;
    }
    if (mine == 0 || mate == end)
        return;
    c->images += mine;
    if (c->examples < GATE_EXAMPLES) {
        c->example[c->examples].against = all->list[mate].row;
        c->example[c->examples++].part = all->list[one].row;
    }
}

static struct shared count_shared(const struct members *all, int part, int against) {
    struct shared c = {0};
    for (size_t first = 0, end; first < all->n; first = end) {
        for (end = first + 1;
             end < all->n && strcmp(all->list[end].key, all->list[first].key) == 0;)
            end++;
        count_run(&c, all, first, end, part, against);
    }
    return c;
}

static char *example_ids(const struct manifest *m, const struct shared *c) {
    struct str out = {0};
    str_addc(&out, '[');
    for (size_t i = 0; i < c->examples; i++) {
        str_add(&out, i ? ", [" : "[");
        json_add_string(&out, m->samples[c->example[i].part].id);
        str_add(&out, ", ");
        json_add_string(&out, m->samples[c->example[i].against].id);
        str_addc(&out, ']');
    }
    str_addc(&out, ']');
    return str_detach(&out);
}

static char *text_of(const struct manifest *m, const struct kind *k, const struct shared *c,
    size_t n, int part, int against) {
    struct str out = {0};
    str_addf(&out, "%zu of the %zu images of %s %s %s", c->images, n, part_name[part], k->shared,
        part_name[against]);
    if (c->examples) {
        char *a = str_quoted(m->samples[c->example[0].part].id),
             *b = str_quoted(m->samples[c->example[0].against].id);
        str_addf(&out, ", such as %s that of %s", a, b);
        free(a);
        free(b);
    }
    return str_detach(&out);
}

static void compare(struct findings *f, const struct manifest *m, const struct split *s,
    const struct kind *k, const struct members *all, int part, int against) {
    if (s->n[part] == 0 || s->n[against] == 0)
        return;
    struct shared c = count_shared(all, part, against);
    findings_add(f, (struct finding){.gate = k->gate,
                        .verdict = c.images ? VERDICT_WARNED : VERDICT_PASSED,
                        .attribute = -1,
                        .part = part,
                        .against = against,
                        .value = (double)c.images,
                        .bound = 0,
                        .n = s->n[part],
                        .examples = example_ids(m, &c),
                        .text = text_of(m, k, &c, s->n[part], part, against)});
}

static void look(
    struct findings *f, const struct manifest *m, const struct split *s, const struct kind *k) {
    struct members all;
    collect(&all, m, s, k);
    bool known = k->gate == GATE_DUPLICATES ? m->duplicates_known : all.n > 0 || !k->unknown;
    if (!known)
        findings_add(f, (struct finding){.gate = k->gate,
                            .verdict = VERDICT_UNKNOWN,
                            .attribute = -1,
                            .part = -1,
                            .against = -1,
                            .value = NAN,
                            .bound = 0,
                            .examples = xstrdup("[]"),
                            .text = xstrdup(k->unknown)});
    else
        for (int part = PART_TRAIN + 1; part < PART_COUNT; part++)
            for (int against = PART_TRAIN; against < part; against++)
                compare(f, m, s, k, &all, part, against);
    release(&all);
}

void gates_overlap(struct findings *f, const struct manifest *m, const struct split *s) {
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        look(f, m, s, &kinds[i]);
}
