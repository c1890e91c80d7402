#include "data/labels_csv.h"

#include "core/csv.h"
#include "core/file.h"
#include "core/mem.h"
#include "data/adience_labels.h"
#include "data/split.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define MAX_FILE_BYTES ((size_t)1 << 30)
enum { MAX_PATH = 1000, MAX_SUBJECT = 200 };

enum column { FILE_PATH, AGE, GENDER, RACE, SUBJECT, FOLD, COLUMN_COUNT };
static const char *const column_names[COLUMN_COUNT] = {
    "file", "age", "gender", "race", "subject", "fold"};
static const enum column label_column[ATTR_COUNT] = {
    [ATTR_AGE] = AGE, [ATTR_GENDER] = GENDER, [ATTR_RACE] = RACE};

struct reader {
    struct csv csv;
    int column[COLUMN_COUNT]; /* its place in a line, -1: not there */
    struct manifest *m;
    size_t samples_capacity, aside_capacity;
    struct row {
        struct sample sample; /* whose texts are the row's own until it is taken */
        long line;
    } * rows;
    size_t n, capacity;
};

/* ---- columns ---- */

static bool find_columns(struct reader *r, struct err *e) {
    for (int k = 0; k < COLUMN_COUNT; k++)
        r->column[k] = word_find((const char *const *)r->csv.name, r->csv.columns, column_names[k]);
    for (int i = 0; i < r->csv.columns; i++)
        if (word_find(column_names, COLUMN_COUNT, r->csv.name[i]) < 0) {
            char *shown = str_quoted(r->csv.name[i]);
            err_usage(e,
                "%s: line 1: column %s: expected file, age, gender, race, subject or fold; rename or remove it",
                r->csv.path, shown);
            err_hint(e, r->csv.name[i], column_names, COLUMN_COUNT, sizeof *column_names);
            free(shown);
            return false;
        }
    return r->column[FILE_PATH] >= 0 ||
           err_usage(e,
               "%s: line 1: no column file: expected one, with each image's path in the folder",
               r->csv.path);
}

/* A field's text, "" where the column is not there. */
static const char *text_of(const struct reader *r, enum column k) {
    return r->column[k] >= 0 ? r->csv.field[r->column[k]].text : "";
}

static bool wrong(const struct reader *r, enum column k, struct err *e, const char *expected) {
    return csv_wrong(&r->csv, r->column[k], e, "expected %s", expected);
}

/* ---- fields ---- */

/* Digits alone; -1: none, or above `most`. */
static int whole_number(const char *text, int most) {
    size_t n = strspn(text, "0123456789");
    long value = n && n <= 9 && !text[n] ? strtol(text, NULL, 10) : -1;
    return value > most ? -1 : (int)value;
}

static bool has_control(const char *text) {
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7F)
            return true;
    return false;
}

/* Whether a path stays within the folder, and is the one way to write it: no empty, "." or ".." between slashes. */
static bool is_inside(const char *path) {
    for (const char *at = path; at; at = strchr(at, '/') ? strchr(at, '/') + 1 : NULL) {
        size_t n = strcspn(at, "/");
        if (n == 0 || (n == 1 && at[0] == '.') || (n == 2 && at[0] == '.' && at[1] == '.'))
            return false;
    }
    return strlen(path) <= MAX_PATH && !has_control(path);
}

/* A class by its number or its name, in whatever letters. */
static int class_of(const struct manifest *m, enum attribute a, const char *text) {
    int classes = attribute_classes(m->set, m->reading, a);
    for (int k = 0; k < classes; k++)
        if (strcasecmp(attribute_class_name(m->set, m->reading, a, k), text) == 0)
            return k;
    return whole_number(text, classes - 1);
}

static bool wrong_class(const struct reader *r, enum attribute a, struct err *e) {
    struct str known = {0};
    int classes = attribute_classes(r->m->set, r->m->reading, a);
    for (int k = 0; k < classes; k++)
        str_addf(&known, "%s%s",
            k == 0            ? ""
            : k + 1 < classes ? ", "
                              : " or ",
            attribute_class_name(r->m->set, r->m->reading, a, k));
    str_addf(&known, ", a number from 0 to %d, or nothing", classes - 1);
    wrong(r, label_column[a], e, known.text);
    str_free(&known);
    return false;
}

static bool read_label(const struct reader *r, enum attribute a, int16_t *label, struct err *e) {
    const char *text = text_of(r, label_column[a]);
    int value = !*text          ? LABEL_MISSING
                : a == ATTR_AGE ? whole_number(text, LABELS_CSV_MAX_AGE)
                                : class_of(r->m, a, text);
    if (value < 0 && *text)
        return a == ATTR_AGE ? wrong(r, AGE, e, "whole years from 0 to 120, or nothing")
                             : wrong_class(r, a, e);
    *label = (int16_t)value;
    if (a == ATTR_AGE && value >= 0 && r->m->reading.ages == AGES_ADIENCE_8)
        *label = (int16_t)adience_group_of_years(value, r->m->reading.age_labels);
    return true;
}

static bool read_row(struct reader *r, struct sample *s, struct err *e) {
    const char *file = text_of(r, FILE_PATH), *subject = text_of(r, SUBJECT),
               *fold = text_of(r, FOLD);
    if (!is_inside(file))
        return wrong(r, FILE_PATH, e,
            "an image's path within the folder, without \"..\", such as faces/one.jpg");
    for (enum attribute a = 0; a < ATTR_COUNT; a++)
        if (!read_label(r, a, &s->label[a], e))
            return false;
    if (has_control(subject) || strlen(subject) > MAX_SUBJECT)
        return wrong(r, SUBJECT, e, "a name of at most 200 bytes, or nothing");
    s->fold = (int16_t)whole_number(fold, SPLIT_FOLDS - 1);
    if (s->fold < 0 && r->column[FOLD] >= 0)
        return wrong(r, FOLD, e, "a number from 0 to 4, in every line, or no such column");
    s->id = xstrdup(file);
    s->file = xstrdup(file);
    s->subject = *subject ? xstrdup(subject) : NULL;
    return true;
}

/* ---- rows ---- */

static bool read_rows(struct reader *r, struct err *e) {
    int more;
    while ((more = csv_next(&r->csv, e)) > 0) {
        struct row row = {.sample = {.duplicate_group = -1}, .line = r->csv.row_line};
        if (!read_row(r, &row.sample, e))
            return false;
        r->rows = xgrow(r->rows, &r->capacity, r->n + 1, sizeof *r->rows);
        r->rows[r->n++] = row;
    }
    return more == 0 &&
           (r->n || err_usage(e, "%s: names no image: expected a line an image behind the first",
                        r->csv.path));
}

static int by_id(const void *a, const void *b) {
    const struct row *x = a, *y = b;
    int order = strcmp(x->sample.id, y->sample.id);
    return order ? order : (x->line > y->line) - (x->line < y->line);
}

static bool check_once(const struct reader *r, struct err *e) {
    for (size_t i = 1; i < r->n; i++)
        if (strcmp(r->rows[i - 1].sample.id, r->rows[i].sample.id) == 0) {
            char *shown = str_quoted(r->rows[i].sample.id);
            err_usage(e, "%s: line %ld: %s: stands in line %ld already: expected each image once",
                r->csv.path, r->rows[i].line, shown, r->rows[i - 1].line);
            free(shown);
            return false;
        }
    return true;
}

static int by_subject(const void *a, const void *b) {
    const struct row *x = *(struct row *const *)a, *y = *(struct row *const *)b;
    int order = strcmp(x->sample.subject, y->sample.subject);
    return order ? order : (x->line > y->line) - (x->line < y->line);
}

/* Folds that share a person would be no folds by person, which is said of them. */
static bool check_folds(const struct reader *r, struct err *e) {
    struct row **sorted = xcalloc(r->n, sizeof(struct row *));
    size_t n = 0;
    bool ok = true;
    for (size_t i = 0; i < r->n; i++)
        if (r->rows[i].sample.subject && r->column[FOLD] >= 0)
            sorted[n++] = &r->rows[i];
    qsort(sorted, n, sizeof(struct row *), by_subject);
    for (size_t i = 1; ok && i < n; i++) {
        const struct sample *before = &sorted[i - 1]->sample, *s = &sorted[i]->sample;
        if (strcmp(before->subject, s->subject) != 0 || before->fold == s->fold)
            continue;
        char *shown = str_quoted(s->subject);
        ok = err_usage(e,
            "%s: line %ld: %s is in fold %d, and in fold %d by line %ld: expected a subject in one fold",
            r->csv.path, sorted[i]->line, shown, s->fold, before->fold, sorted[i - 1]->line);
        free(shown);
    }
    free(sorted);
    return ok;
}

static void free_texts(struct sample *s) {
    free(s->id);
    free(s->file);
    free(s->subject);
}

/* Rows become samples, or are set aside. */
static void take_rows(struct reader *r) {
    struct manifest *m = r->m;
    m->samples = xcalloc(r->n, sizeof *m->samples);
    m->aside = xcalloc(r->n, sizeof *m->aside);
    for (size_t i = 0; i < r->n; i++) {
        struct sample *s = &r->rows[i].sample;
        bool labelled = false;
        for (int a = 0; a < ATTR_COUNT; a++)
            labelled = labelled || s->label[a] != LABEL_MISSING;
        if (labelled) {
            m->samples[m->n++] = *s;
            continue;
        }
        m->aside[m->n_aside++] =
            (struct set_aside){xstrdup(s->file), xstrdup("has no label in " LABELS_CSV)};
        free_texts(s);
    }
    r->n = 0;
}

bool labels_csv_parse(
    struct manifest *m, const char *text, size_t bytes, const char *path, struct err *e) {
    struct reader r = {.m = m};
    bool ok = csv_open(&r.csv, path, text, bytes, e) && find_columns(&r, e) && read_rows(&r, e);
    if (ok)
        qsort(r.rows, r.n, sizeof *r.rows, by_id);
    ok = ok && check_once(&r, e) && check_folds(&r, e);
    if (ok)
        take_rows(&r);
    for (size_t i = 0; i < r.n; i++)
        free_texts(&r.rows[i].sample);
    free(r.rows);
    csv_close(&r.csv);
    return ok;
}

/* ---- the folder ---- */

/* NULL: an image may be there. Links are followed; opening a pipe would wait for ever. */
static const char *why_no_image(const char *root, const char *file) {
    struct stat st;
    char *path = path_join(root, file);
    const char *why = stat(path, &st) != 0   ? LABELS_CSV " names it, but it is not there"
                      : !S_ISREG(st.st_mode) ? "is no regular file"
                                             : NULL;
    free(path);
    return why;
}

static int by_file(const void *a, const void *b) {
    return strcmp(((const struct set_aside *)a)->file, ((const struct set_aside *)b)->file);
}

static void set_absent_aside(struct manifest *m) {
    size_t kept = 0;
    for (size_t i = 0; i < m->n; i++) {
        const char *why = why_no_image(m->root, m->samples[i].file);
        if (!why) {
            m->samples[kept++] = m->samples[i];
            continue;
        }
        m->aside[m->n_aside++] = (struct set_aside){xstrdup(m->samples[i].file), xstrdup(why)};
        free_texts(&m->samples[i]);
    }
    m->n = kept;
    qsort(m->aside, m->n_aside, sizeof *m->aside, by_file);
}

bool labels_csv_list(struct manifest *m, struct err *e) {
    size_t n = 0;
    char *path = path_join(m->root, LABELS_CSV);
    if (!file_exists(path)) {
        err_usage(e,
            "%s: there is no " LABELS_CSV
            " in it; expected a folder of images and a file of this name, whose first "
            "line is file,age,gender,race, and then a line an image (datasets/README.md)",
            m->root);
        free(path);
        return false;
    }
    char *text = file_read(path, MAX_FILE_BYTES, &n, e);
    bool ok = text && labels_csv_parse(m, text, n, path, e);
    free(text);
    free(path);
    if (ok)
        set_absent_aside(m);
    return ok;
}
