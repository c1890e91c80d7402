#include "data/manifest.h"

#include "core/mem.h"
#include "core/str.h"
#include "data/adience.h"
#include "data/hashes.h"
#include "data/labels_csv.h"
#include "data/synth.h"
#include "data/utkface.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is read before the folder is listed: is it drawn, and may it be read as this set? */
static bool check_mark(struct manifest *m, struct err *e) {
    enum synth_state state = synth_state_of(m->root);
    m->drawn = state != SYNTH_NO_MARK;
    if (state == SYNTH_UNFINISHED)
        return err_usage(e,
            "%s: its drawing was interrupted (%s says unfinished); run the same `dmtl data synth` "
            "again",
            m->root, SYNTH_MARK);
    return true;
}

/* Asked after the listing, so that a folder that is missing or empty is told as such. */
static bool check_drawn(const struct manifest *m, struct err *e) {
    if (m->set != DATASET_SYNTHETIC || m->drawn)
        return true;
    return err_usage(e,
        "%s: was not drawn by dmtl (no %s in it); give a folder that `dmtl data synth --out DIR` "
        "made, or --data utkface=%s for real faces",
        m->root, SYNTH_MARK, m->root);
}

static const struct {
    bool (*list)(struct manifest *m, struct err *e);
} readers[] = {
    [DATASET_UTKFACE] = {utkface_list},
    [DATASET_SYNTHETIC] = {utkface_list},
    [DATASET_ADIENCE] = {adience_list},
    [DATASET_FOLDER] = {labels_csv_list},
};
_Static_assert(ARRAY_LEN(readers) == DATASET_COUNT, "one reader a set");

static int by_file(const void *a, const void *b) {
    const struct sample *x = *(struct sample *const *)a, *y = *(struct sample *const *)b;
    return strcmp(x->file, y->file);
}

/* Several samples may be of one file (Adience's repeated rows): it is hashed once. */
static bool hash_samples(struct manifest *m, const char *cache_dir, int threads, struct err *e) {
    struct sample **sorted = xcalloc(m->n, sizeof(struct sample *));
    struct hash_item *items = xcalloc(m->n, sizeof *items);
    size_t n = 0;
    for (size_t i = 0; i < m->n; i++)
        sorted[i] = &m->samples[i];
    qsort(sorted, m->n, sizeof(struct sample *), by_file);
    for (size_t i = 0; i < m->n; i++)
        if (n == 0 || strcmp(items[n - 1].file, sorted[i]->file) != 0)
            items[n++] = (struct hash_item){sorted[i]->file, sorted[i]->content};
    bool ok = hashes_fill(items, n, m->root, cache_dir, threads, e);
    for (size_t i = 1; ok && i < m->n; i++)
        if (strcmp(sorted[i - 1]->file, sorted[i]->file) == 0)
            memcpy(sorted[i]->content, sorted[i - 1]->content, SHA256_HEX);
    free(items);
    free(sorted);
    return ok;
}

/* One record a sample: id NUL content " age gender race" newline; of a folder of one's own, whose labels.csv may change,
 * then subject NUL and " fold" newline. At the end the names of races that are not UTKFace's, which may share numbers. */
static void fingerprint(struct manifest *m) {
    struct sha256 *sum = sha256_new();
    for (size_t i = 0; i < m->n; i++) {
        const struct sample *s = &m->samples[i];
        char record[SHA256_HEX + 64];
        int n = snprintf(record, sizeof record, "%s %d %d %d\n", s->content, s->label[ATTR_AGE],
            s->label[ATTR_GENDER], s->label[ATTR_RACE]);
        sha256_add(sum, s->id, strlen(s->id) + 1);
        sha256_add(sum, record, (size_t)n);
        if (m->set != DATASET_FOLDER)
            continue;
        const char *subject = s->subject ? s->subject : "";
        n = snprintf(record, sizeof record, " %d\n", s->fold);
        sha256_add(sum, subject, strlen(subject) + 1);
        sha256_add(sum, record, (size_t)n);
    }
    for (int k = 0; m->reading.races != RACES_UTKFACE_5 &&
                    k < attribute_classes(m->set, m->reading, ATTR_RACE);
         k++) {
        const char *name = attribute_class_name(m->set, m->reading, ATTR_RACE, k);
        sha256_add(sum, name, strlen(name) + 1);
    }
    sha256_end(sum, m->fingerprint);
}

bool manifest_open_any(struct manifest *m, enum dataset_id set, struct reading reading,
    const char *root, const char *cache_dir, int threads, struct err *e) {
    *m = (struct manifest){.set = set, .reading = reading, .root = xstrdup(root)};
    if (reading.corrections)
        m->reading.corrections = xstrdup(reading.corrections);
    bool ok = check_mark(m, e) && readers[set].list(m, e) && check_drawn(m, e) &&
              hash_samples(m, cache_dir, threads, e);
    if (ok)
        fingerprint(m);
    else
        manifest_close(m);
    return ok;
}

bool manifest_open(struct manifest *m, enum dataset_id set, struct reading reading,
    const char *root, const char *cache_dir, int threads, struct err *e) {
    if (!manifest_open_any(m, set, reading, root, cache_dir, threads, e))
        return false;
    if (m->n)
        return true;
    char *first = str_quoted(m->aside[0].file);
    err_usage(e,
        "%s: none of the %zu images that its lists name is usable (%s: %s); `dmtl data info` counts them, "
        "datasets/README.md says what the folder holds",
        m->root, m->n_aside, first, m->aside[0].reason);
    free(first);
    manifest_close(m);
    return false;
}

void manifest_close(struct manifest *m) {
    for (size_t i = 0; i < m->n; i++) {
        free(m->samples[i].id);
        free(m->samples[i].file);
        free(m->samples[i].subject);
        free(m->samples[i].album);
    }
    for (size_t i = 0; i < m->n_aside; i++) {
        free(m->aside[i].file);
        free(m->aside[i].reason);
    }
    if (m->rows)
        adience_rows_free(m->rows);
    free(m->rows);
    free(m->samples);
    free(m->aside);
    free(m->root);
    free(m->reading.corrections);
    *m = (struct manifest){0};
}
