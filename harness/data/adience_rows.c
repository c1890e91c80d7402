#include "data/adience_rows.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/str.h"
#include "core/words.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define MAX_AGE 150

enum column { USER, IMAGE, FACE, AGE, GENDER, COLUMN_COUNT };
static const char *const column_names[COLUMN_COUNT] = {
    "user_id", "original_image", "face_id", "age", "gender"};

struct field {
    const char *at;
    size_t n;
};

struct reader {
    const char *path, *rest, *end;
    long line;                /* of the file, from 1 */
    int column[COLUMN_COUNT]; /* its place in a line */
    int columns;              /* of the header */
    struct field field[COLUMN_COUNT];
};

/* ---- lines and fields ---- */

/* The next line without its end, LF or CRLF. */
static bool next_line(struct reader *r, struct field *line) {
    if (r->rest == r->end)
        return false;
    const char *end = memchr(r->rest, '\n', (size_t)(r->end - r->rest));
    if (!end)
        end = r->end;
    *line = (struct field){r->rest, (size_t)(end - r->rest)};
    r->rest = end == r->end ? end : end + 1;
    if (line->n && line->at[line->n - 1] == '\r')
        line->n--;
    r->line++;
    return true;
}

/* Cuts a field off the line's front; the last leaves line->at NULL. */
static struct field cut_field(struct field *line) {
    const char *tab = memchr(line->at, '\t', line->n);
    struct field f = {line->at, tab ? (size_t)(tab - line->at) : line->n};
    *line = tab ? (struct field){tab + 1, line->n - f.n - 1} : (struct field){0};
    return f;
}

static bool is(struct field f, const char *text) {
    return f.n == strlen(text) && memcmp(f.at, text, f.n) == 0;
}

/* The field's text for a message; the caller frees. */
static char *quoted(struct field f) {
    char *text = xstrndup(f.at, f.n < 80 ? f.n : 80), *shown = str_quoted(text);
    free(text);
    return shown;
}

static bool refuse(const struct reader *r, enum column c, const char *expected, struct err *e) {
    char *shown = quoted(r->field[c]);
    err_usage(
        e, "%s: line %ld: %s %s: expected %s", r->path, r->line, column_names[c], shown, expected);
    free(shown);
    return false;
}

static bool read_header(struct reader *r, struct err *e) {
    struct field line;
    for (int c = 0; c < COLUMN_COUNT; c++)
        r->column[c] = -1;
    if (r->end - r->rest >= 3 && memcmp(r->rest, "\xEF\xBB\xBF", 3) == 0)
        r->rest += 3;
    if (!next_line(r, &line))
        return err_usage(
            e, "%s: is empty; expected a line of columns' names, then a line a face", r->path);
    for (r->columns = 0; line.at && r->columns < INT_MAX; r->columns++) {
        struct field name = cut_field(&line);
        for (int c = 0; c < COLUMN_COUNT; c++)
            if (is(name, column_names[c])) {
                if (r->column[c] >= 0)
                    return err_usage(
                        e, "%s: has two columns %s in its first line", r->path, column_names[c]);
                r->column[c] = r->columns;
            }
    }
    for (int c = 0; c < COLUMN_COUNT; c++)
        if (r->column[c] < 0)
            return err_usage(e,
                "%s: has no column %s in its first line; expected Adience's fold file, whose fields "
                "stand between tabs",
                r->path, column_names[c]);
    return true;
}

static bool read_fields(struct reader *r, struct field line, struct err *e) {
    int n = 0;
    for (; line.at && n <= r->columns; n++) {
        struct field f = cut_field(&line);
        for (int c = 0; c < COLUMN_COUNT; c++)
            if (r->column[c] == n)
                r->field[c] = f;
    }
    return n == r->columns ||
           err_usage(e, "%s: line %ld: has %s%d fields, expected the %d of the first line", r->path,
               r->line, n > r->columns ? "more than " : "", n > r->columns ? r->columns : n,
               r->columns);
}

/* ---- values ---- */

/* Digits at *at, at most `most`; -1: none, or more. */
static int read_digits(const char **at, const char *end, int most) {
    const char *from = *at;
    long value = 0;
    while (*at < end && **at >= '0' && **at <= '9' && value <= most)
        value = 10 * value + *(*at)++ - '0';
    return *at == from || value > most ? -1 : (int)value;
}

static bool skip(const char **at, const char *end, const char *text) {
    size_t n = strlen(text);
    if ((size_t)(end - *at) < n || memcmp(*at, text, n) != 0)
        return false;
    *at += n;
    return true;
}

/* "35", "(25, 32)" or "None". */
static bool read_age(const struct reader *r, struct adience_row *row, struct err *e) {
    const char *at = r->field[AGE].at, *end = at + r->field[AGE].n;
    row->first_age = row->last_age = -1;
    if (is(r->field[AGE], "None"))
        return true;
    bool range = skip(&at, end, "(");
    row->first_age = row->last_age = read_digits(&at, end, MAX_AGE);
    bool ok = row->first_age >= 0;
    if (ok && range) {
        ok = skip(&at, end, ", ");
        row->last_age = ok ? read_digits(&at, end, MAX_AGE) : -1;
        ok = row->last_age >= 0 && skip(&at, end, ")");
    }
    return (ok && at == end) ||
           refuse(r, AGE, "a number up to 150, two as in \"(25, 32)\", or \"None\"", e);
}

static bool read_gender(const struct reader *r, struct adience_row *row, struct err *e) {
    struct field f = r->field[GENDER];
    row->gender = is(f, "m") ? 0 : is(f, "f") ? 1 : LABEL_MISSING;
    return row->gender != LABEL_MISSING || f.n == 0 || is(f, "u") ||
           refuse(r, GENDER, "m, f, u or nothing", e);
}

/* It becomes part of a path: a name that leads elsewhere is none. */
static bool read_name(const struct reader *r, enum column c, char **name, struct err *e) {
    struct field f = r->field[c];
    if (f.n == 0 || f.n > 200 || f.at[0] == '.' || memchr(f.at, '/', f.n) || memchr(f.at, 0, f.n))
        return refuse(
            r, c, "a file's name of at most 200 bytes without / and not beginning with a dot", e);
    *name = xstrndup(f.at, f.n);
    return true;
}

static bool read_face(const struct reader *r, struct adience_row *row, struct err *e) {
    const char *at = r->field[FACE].at, *end = at + r->field[FACE].n;
    row->face_id = read_digits(&at, end, INT_MAX / 10 - 1);
    return (row->face_id >= 0 && at == end) || refuse(r, FACE, "a whole number", e);
}

bool adience_rows_parse(struct adience_rows *rows, const char *text, size_t bytes, const char *path,
    int fold, struct err *e) {
    assert(fold >= 0 && fold < ADIENCE_FOLDS);
    struct reader r = {.path = path, .rest = text, .end = text + bytes};
    struct field line;
    size_t before = rows->n;
    bool ok = read_header(&r, e);
    while (ok && next_line(&r, &line)) {
        if (line.n == 0 && r.rest == r.end) /* what an editor leaves at the end */
            break;
        struct adience_row row = {.fold = fold};
        ok = read_fields(&r, line, e) && read_name(&r, USER, &row.user, e) &&
             read_name(&r, IMAGE, &row.image, e) && read_face(&r, &row, e) &&
             read_age(&r, &row, e) && read_gender(&r, &row, e);
        rows->list = xgrow(rows->list, &rows->capacity, rows->n + 1, sizeof *rows->list);
        rows->list[rows->n++] = row;
    }
    if (ok && rows->n == before)
        return err_usage(e, "%s: has no face behind its first line", path);
    return ok;
}

/* ---- the five files ---- */

static int by_key(const void *a, const void *b) {
    const struct adience_row *x = *(struct adience_row *const *)a,
                             *y = *(struct adience_row *const *)b;
    int order = strcmp(x->user, y->user);
    order = order ? order : (x->face_id > y->face_id) - (x->face_id < y->face_id);
    order = order ? order : strcmp(x->image, y->image);
    return order ? order : (x > y) - (x < y);
}

static bool same_person(const struct adience_row *x, const struct adience_row *y) {
    return x->face_id == y->face_id && strcmp(x->user, y->user) == 0;
}

/* Counts repeats. Folds that share a person are not the set's: what is said of its splits would be untrue. */
static bool compare_rows(struct adience_rows *rows, const char *root, struct err *e) {
    struct adience_row **sorted = xcalloc(rows->n, sizeof(struct adience_row *));
    bool ok = true;
    for (size_t i = 0; i < rows->n; i++)
        sorted[i] = &rows->list[i];
    qsort(sorted, rows->n, sizeof(struct adience_row *), by_key);
    for (size_t i = 1; ok && i < rows->n; i++) {
        const struct adience_row *before = sorted[i - 1];
        if (!same_person(before, sorted[i]))
            continue;
        if (strcmp(before->image, sorted[i]->image) == 0)
            sorted[i]->repeat = before->repeat + 1;
        if (before->fold != sorted[i]->fold) {
            char *shown = str_quoted(before->user);
            ok = err_usage(e,
                "%s: face %d of %s stands in folds %d and %d: expected a person in one fold alone, as in "
                "the owners' files",
                root, before->face_id, shown, before->fold, sorted[i]->fold);
            free(shown);
        }
    }
    free(sorted);
    return ok;
}

static bool read_fold(struct adience_rows *rows, const char *root, int fold, struct err *e) {
    struct adience_text *file = &rows->text[fold];
    char *name = xasprintf("fold_%d_data.txt", fold), *path = path_join(root, name);
    if (!file_exists(path)) {
        err_usage(e,
            "%s: there is no %s in it; expected a folder with Adience's five fold files and, beside them, "
            "aligned/ and faces/ (datasets/README.md says how to get them)",
            root, name);
        free(path);
        free(name);
        return false;
    }
    file->bytes = file_read(path, ADIENCE_MAX_FOLD_BYTES, &file->n, e);
    bool ok = file->bytes && adience_rows_parse(rows, file->bytes, file->n, path, fold, e);
    free(path);
    free(name);
    return ok;
}

bool adience_rows_read(struct adience_rows *rows, const char *root, struct err *e) {
    *rows = (struct adience_rows){0};
    for (int fold = 0; fold < ADIENCE_FOLDS; fold++)
        if (!read_fold(rows, root, fold, e))
            return false;
    return compare_rows(rows, root, e);
}

void adience_rows_drop_texts(struct adience_rows *rows) {
    for (int fold = 0; fold < ADIENCE_FOLDS; fold++) {
        free(rows->text[fold].bytes);
        rows->text[fold] = (struct adience_text){0};
    }
}

void adience_rows_free(struct adience_rows *rows) {
    adience_rows_drop_texts(rows);
    for (size_t i = 0; i < rows->n; i++) {
        free(rows->list[i].user);
        free(rows->list[i].image);
    }
    free(rows->list);
    *rows = (struct adience_rows){0};
}
