#include "data/adience.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/str.h"
#include "data/adience_labels.h"
#include "data/split.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

_Static_assert((int)ADIENCE_FOLDS == (int)SPLIT_FOLDS, "a sample's fold is one of a split's");

char *adience_file(const struct adience_row *row, enum crop crop) {
    static const char *const prefix[CROP_COUNT][2] = {
        [CROP_ALIGNED] = {"aligned", "landmark_aligned_face"},
        [CROP_FACES] = {"faces", "coarse_tilt_aligned_face"},
    };
    return xasprintf(
        "%s/%s/%s.%d.%s", prefix[crop][0], row->user, prefix[crop][1], row->face_id, row->image);
}

char *adience_subject(const struct adience_row *row) {
    return xasprintf("%s/%d", row->user, row->face_id);
}

static char *id_of(const struct adience_row *row) {
    return row->repeat ? xasprintf("%s/%d.%s#%d", row->user, row->face_id, row->image, row->repeat)
                       : xasprintf("%s/%d.%s", row->user, row->face_id, row->image);
}

/* NULL: an image may be there. Links are followed; opening a pipe would wait for ever. */
static const char *why_no_image(const char *root, const char *file) {
    struct stat st;
    char *path = path_join(root, file);
    const char *why = stat(path, &st) != 0   ? "a fold file names it, but it is not there"
                      : S_ISDIR(st.st_mode)  ? "is a folder in an image's place"
                      : !S_ISREG(st.st_mode) ? "is no regular file"
                                             : NULL;
    free(path);
    return why;
}

static const char *why_not(
    const struct manifest *m, const struct adience_row *row, int group, const char *file) {
    if (row->repeat && m->reading.repeated_rows == REPEATED_DROP)
        return "a row names it again";
    if (group == LABEL_MISSING && row->gender == LABEL_MISSING)
        return "has neither an age group nor a gender";
    return why_no_image(m->root, file);
}

static void add_row(struct manifest *m, const struct adience_row *row) {
    int group = adience_group(row, m->reading.age_labels);
    char *file = adience_file(row, m->reading.crop);
    const char *reason = why_not(m, row, group, file);
    if (reason)
        m->aside[m->n_aside++] = (struct set_aside){.file = file, .reason = xstrdup(reason)};
    else
        m->samples[m->n++] = (struct sample){.id = id_of(row),
            .file = file,
            .label = {[ATTR_AGE] = (int16_t)group,
                [ATTR_GENDER] = (int16_t)row->gender,
                [ATTR_RACE] = LABEL_MISSING},
            .subject = adience_subject(row),
            .album = xstrdup(row->user),
            .duplicate_group = -1,
            .fold = (int16_t)row->fold};
}

static int by_id(const void *a, const void *b) {
    return strcmp(((const struct sample *)a)->id, ((const struct sample *)b)->id);
}

static int by_file(const void *a, const void *b) {
    return strcmp(((const struct set_aside *)a)->file, ((const struct set_aside *)b)->file);
}

/* A hostile list may name an image "a.jpg#1" beside a repeated "a.jpg". */
static bool check_ids(const struct manifest *m, struct err *e) {
    for (size_t i = 1; i < m->n; i++)
        if (strcmp(m->samples[i - 1].id, m->samples[i].id) == 0) {
            char *shown = str_quoted(m->samples[i].id);
            err_usage(e,
                "%s: two rows of its fold files would be called %s; rename one of the images",
                m->root, shown);
            free(shown);
            return false;
        }
    return true;
}

bool adience_list(struct manifest *m, struct err *e) {
    struct adience_rows *rows = m->rows = xcalloc(1, sizeof *rows);
    if (!adience_rows_read(rows, m->root, e))
        return false;
    adience_rows_drop_texts(rows);
    m->samples = xcalloc(rows->n, sizeof *m->samples);
    m->aside = xcalloc(rows->n, sizeof *m->aside);
    for (size_t i = 0; i < rows->n; i++)
        add_row(m, &rows->list[i]);
    qsort(m->samples, m->n, sizeof *m->samples, by_id);
    qsort(m->aside, m->n_aside, sizeof *m->aside, by_file);
    return check_ids(m, e);
}
