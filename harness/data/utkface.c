#include "data/utkface.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/str.h"
#include "data/adience_labels.h"
#include "data/corrections.h"
#include "data/synth.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define EXPECTED                                                                                   \
    "expected a folder of images named AGE_GENDER_RACE_TIME.jpg, such as "                         \
    "25_0_1_20170116174525125.jpg.chip.jpg (datasets/README.md says how to get UTKFace; "          \
    "`dmtl data synth` draws a set)"

const int utkface_field_max[ATTR_COUNT] = {
    [ATTR_AGE] = UTKFACE_MAX_AGE, [ATTR_GENDER] = 1, [ATTR_RACE] = 4};

static bool is_image_name(const char *name) {
    static const char *const endings[] = {".jpg", ".jpeg", ".png"};
    size_t n = strlen(name);
    for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
        size_t m = strlen(endings[i]);
        if (n > m && strcasecmp(name + n - m, endings[i]) == 0)
            return true;
    }
    return false;
}

/* Three fields, each ended by '_' (the last also by '.'). A field of more than three digits is the
 * time that follows them: the field itself is missing. */
char *utkface_parse_name(const char *name, int16_t label[ATTR_COUNT]) {
    if (!is_image_name(name))
        return xstrdup("name does not end in .jpg, .jpeg or .png");
    const char *p = name;
    for (int a = 0; a < ATTR_COUNT; a++) {
        size_t digits = strspn(p, "0123456789");
        char end = p[digits];
        bool ended = end == '_' || (a == ATTR_COUNT - 1 && end == '.');
        if (digits > 3 || (digits == 0 && (ended || end == '.')))
            return xasprintf("name has no %s field", attribute_name[a]);
        if (digits == 0 || !ended)
            return xasprintf("name's %s field is no whole number", attribute_name[a]);
        int value = atoi(p);
        if (value > utkface_field_max[a])
            return xasprintf("name's %s field is %d, expected 0 to %d", attribute_name[a], value,
                utkface_field_max[a]);
        label[a] = (int16_t)value;
        p += digits + 1;
    }
    return NULL;
}

/* What a folder holds; `reason` says why an entry cannot be an image, NULL where it may be one. */
struct entry {
    char *name;
    const char *reason;
};

static int by_name(const void *a, const void *b) {
    return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

/* Links are followed. Opening a pipe would wait for a writer for ever, so only regular files pass. An
 * entry that is gone by now passes too: reading it then tells. */
static struct entry entry_of(const char *root, const struct dirent *d) {
    struct entry entry = {.name = xstrdup(d->d_name)};
    struct stat st;
    if (d->d_type == DT_REG)
        return entry;
    char *path = path_join(root, d->d_name);
    if (stat(path, &st) != 0) {
        if (d->d_type == DT_LNK)
            entry.reason = "is a link that leads to no file";
    } else if (S_ISDIR(st.st_mode)) {
        entry.reason = "is a folder, images are looked for beside it";
        free(entry.name);
        entry.name = xasprintf("%s/", d->d_name);
    } else if (!S_ISREG(st.st_mode)) {
        entry.reason = "is no regular file";
    }
    free(path);
    return entry;
}

/* What stands beside the images: hidden files, and in a drawn folder what is written with them. */
static bool is_no_image(const char *name, bool drawn) {
    return name[0] == '.' || strcmp(name, SYNTH_MARK) == 0 ||
           (drawn && (strcmp(name, SYNTH_TRUTH) == 0 || strcmp(name, SYNTH_RECIPE) == 0));
}

static bool list_folder(struct entry **entries, size_t *n, const char *root, struct err *e) {
    DIR *dir = opendir(root);
    if (!dir)
        return errno == ENOENT || errno == ENOTDIR
                   ? err_usage(e, "%s: there is no such folder; " EXPECTED, root)
                   : err_sys(e, errno, "%s: cannot be read", root);
    size_t capacity = 0;
    bool drawn = synth_state_of(root) != SYNTH_NO_MARK;
    errno = 0;
    for (struct dirent *d; (d = readdir(dir)); errno = 0) {
        if (is_no_image(d->d_name, drawn))
            continue;
        *entries = xgrow(*entries, &capacity, *n + 1, sizeof **entries);
        (*entries)[(*n)++] = entry_of(root, d);
    }
    int problem = errno;
    closedir(dir);
    if (problem)
        return err_sys(e, problem, "%s: cannot be read", root);
    if (*n)
        qsort(*entries, *n, sizeof **entries, by_name);
    return true;
}

/* Years become groups where the reading says so; an age of none of them is no label then. */
static void group_age(int16_t label[ATTR_COUNT], struct reading r) {
    if (r.ages == AGES_ADIENCE_8)
        label[ATTR_AGE] = (int16_t)adience_group_of_years(label[ATTR_AGE], r.age_labels);
}

/* The labels of an entry by its name and the corrections; why it does not serve (the caller frees), or NULL.
 * Labels that a name lacks count only together: which of its fields is missing is a guess. */
static char *labels_of(struct manifest *m, const struct entry *entry, struct corrections *c,
    int16_t label[ATTR_COUNT], struct err *e) {
    char *reason = entry->reason ? xstrdup(entry->reason) : utkface_parse_name(entry->name, label);
    int corrected = corrections_apply(c, entry->name, label);
    m->corrected += (size_t)corrected;
    if (!reason || corrected == 0)
        return reason;
    if (entry->reason)
        err_usage(e, "%s: corrects %s, which %s", c->name, entry->name, reason);
    else if (corrected < ATTR_COUNT)
        err_usage(e,
            "%s: corrects %d labels of %s, but its %s: expected its age, gender and race, all three",
            c->name, corrected, entry->name, reason);
    free(reason);
    return NULL;
}

/* Takes the entry's name over. */
static bool add_entry(
    struct manifest *m, struct entry *entry, struct corrections *c, struct err *e) {
    struct sample s = {.id = entry->name, .duplicate_group = -1, .fold = -1};
    char *reason = labels_of(m, entry, c, s.label, e);
    if (reason) {
        m->aside[m->n_aside++] = (struct set_aside){.file = entry->name, .reason = reason};
    } else {
        s.file = xstrdup(entry->name);
        group_age(s.label, m->reading);
        m->samples[m->n++] = s;
    }
    entry->name = NULL;
    return e->kind == ERR_NONE;
}

/* Every file of the folder, each a sample or set aside. */
static bool add_entries(struct manifest *m, struct entry *entries, size_t n, struct err *e) {
    struct corrections c;
    bool ok = corrections_load(&c, m->reading.corrections, e);
    for (size_t i = 0; ok && i < n; i++)
        ok = add_entry(m, &entries[i], &c, e);
    ok = ok && corrections_all_met(&c, m->root, e);
    m->disputed = c.n_disputed;
    corrections_free(&c);
    return ok;
}

bool utkface_list(struct manifest *m, struct err *e) {
    struct entry *entries = NULL;
    size_t n = 0;
    bool ok = list_folder(&entries, &n, m->root, e);
    if (!ok)
        goto done;
    m->samples = xcalloc(n, sizeof *m->samples);
    m->aside = xcalloc(n, sizeof *m->aside);
    ok = n == 0 || add_entries(m, entries, n, e);
    if (!ok)
        goto done;
    if (n == 0) {
        ok = err_usage(e, "%s: the folder is empty; " EXPECTED, m->root);
    } else if (m->n == 0) {
        char *first = str_quoted(m->aside[0].file);
        ok = err_usage(e, "%s: none of its %zu files has a usable name (%s: %s); " EXPECTED,
            m->root, n, first, m->aside[0].reason);
        free(first);
    }
done:
    for (size_t i = 0; i < n; i++)
        free(entries[i].name);
    free(entries);
    return ok;
}
