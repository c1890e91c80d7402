#include "data/name_list.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/str.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const column_names[] = {"file", "filename", "image"};

struct text_line {
    const char *at;
    size_t n;
};

struct reader {
    const char *path, *rest, *end;
    long line;  /* of the file, from 1 */
    int column; /* of a CSV, where names stand; -1: no CSV, a line is a name */
    int fields; /* of the CSV's first line */
};

/* ---- lines ---- */

static bool next_line(struct reader *r, struct text_line *line) {
    if (r->rest == r->end)
        return false;
    const char *end = memchr(r->rest, '\n', (size_t)(r->end - r->rest));
    if (!end)
        end = r->end;
    *line = (struct text_line){r->rest, (size_t)(end - r->rest)};
    r->rest = end == r->end ? end : end + 1;
    if (line->n && line->at[line->n - 1] == '\r')
        line->n--;
    r->line++;
    return true;
}

static bool check_bytes(const struct reader *r, struct text_line line, struct err *e) {
    for (size_t i = 0, n; i < line.n; i += n) {
        n = str_utf8(line.at + i, line.n - i);
        if (n == 0 || line.at[i] == '\0')
            return err_usage(e,
                "%s: line %ld: byte %zu is no text in UTF-8: expected a list of names, saved as UTF-8",
                r->path, r->line, i + 1);
    }
    return true;
}

/* ---- fields of a CSV (RFC 4180, but for line ends within quotes, which no name has) ---- */

/* Cuts a field off the line's front into `out`; the last leaves line->at NULL. False: a quote that is not
 * closed, or that stands within a field. */
static bool cut_field(struct text_line *line, struct str *out) {
    const char *at = line->at, *end = at + line->n;
    str_clear(out);
    str_add(out, "");
    if (at < end && *at == '"') {
        for (at++; at < end && (*at != '"' || (at + 1 < end && at[1] == '"')); at++) {
            str_addc(out, *at);
            at += *at == '"';
        }
        if (at == end || (++at < end && *at != ','))
            return false;
    } else {
        for (; at < end && *at != ','; at++) {
            if (*at == '"')
                return false;
            str_addc(out, *at);
        }
    }
    *line = at < end ? (struct text_line){at + 1, (size_t)(end - at - 1)} : (struct text_line){0};
    return true;
}

static bool wrong_quote(const struct reader *r, struct err *e) {
    return err_usage(e,
        "%s: line %ld: a quote is not closed, or stands within a field: expected CSV (RFC 4180), a quote "
        "within a quoted field doubled",
        r->path, r->line);
}

/* Whether the first line is a CSV's: then the reader knows the column and the number of fields. */
static bool read_header(
    struct reader *r, struct text_line line, bool *header, struct str *field, struct err *e) {
    bool commas = memchr(line.at, ',', line.n) != NULL;
    int column = -1, fields = 0;
    for (; line.at; fields++) {
        if (!cut_field(&line, field))
            return !commas || wrong_quote(r, e);
        for (size_t i = 0; i < ARRAY_LEN(column_names); i++) {
            if (strcmp(field->text, column_names[i]) != 0)
                continue;
            if (column >= 0)
                return err_usage(e,
                    "%s: has two columns of names in its first line, %d and %d: expected one of file, "
                    "filename, image",
                    r->path, column + 1, fields + 1);
            column = fields;
        }
    }
    if (column < 0 && commas)
        return err_usage(e,
            "%s: its first line has commas, but no column file, filename or image: expected CSV with one of "
            "these, or a plain list with a name a line",
            r->path);
    *header = column >= 0;
    r->column = column;
    r->fields = fields;
    return true;
}

/* The name in a line of a CSV goes to `name`. */
static bool read_row(
    const struct reader *r, struct text_line line, struct str *field, char **name, struct err *e) {
    int n = 0;
    for (; line.at; n++) {
        if (!cut_field(&line, field))
            return wrong_quote(r, e);
        if (n == r->column)
            *name = xstrdup(field->text);
    }
    if (n != r->fields)
        return err_usage(e, "%s: line %ld: has %d field%s, expected the %d of the first line",
            r->path, r->line, n, n == 1 ? "" : "s", r->fields);
    return **name != '\0' || err_usage(e, "%s: line %ld: the name is empty", r->path, r->line);
}

/* ---- the list ---- */

static int by_name(const void *a, const void *b) {
    const struct listed_name *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : (x->line > y->line) - (x->line < y->line);
}

static bool read_names(struct name_list *l, struct reader *r, struct str *field, struct err *e) {
    struct text_line line;
    bool ok = true, first = true;
    while (ok && next_line(r, &line)) {
        bool header = false;
        if (!(ok = check_bytes(r, line, e)) || line.n == 0)
            continue;
        if (first && !(ok = read_header(r, line, &header, field, e)))
            continue;
        first = false;
        if (header)
            continue;
        l->names = xgrow(l->names, &l->capacity, l->n + 1, sizeof *l->names);
        struct listed_name *next = &l->names[l->n++];
        *next = (struct listed_name){.line = r->line};
        if (r->column >= 0)
            ok = read_row(r, line, field, &next->name, e);
        else
            next->name = xstrndup(line.at, line.n);
    }
    return ok;
}

static bool check_once(const struct name_list *l, struct err *e) {
    for (size_t i = 1; i < l->n; i++) {
        const struct listed_name *before = &l->names[i - 1], *now = &l->names[i];
        if (strcmp(before->name, now->name) != 0)
            continue;
        char *shown = str_quoted(now->name);
        err_usage(e, "%s: line %ld: %s stands in line %ld already: expected each name once",
            l->path, now->line, shown, before->line);
        free(shown);
        return false;
    }
    return true;
}

bool name_list_parse(
    struct name_list *l, const char *text, size_t bytes, const char *path, struct err *e) {
    *l = (struct name_list){.path = xstrdup(path)};
    struct reader r = {.path = path, .rest = text, .end = text + bytes, .column = -1};
    struct str field = {0};
    sha256_bytes(text, bytes, l->content);
    if (bytes >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        r.rest += 3;
    bool ok = read_names(l, &r, &field, e);
    str_free(&field);
    if (!ok)
        return false;
    if (l->n == 0)
        return err_usage(e, "%s: has no name in it: expected a name a line", path);
    qsort(l->names, l->n, sizeof *l->names, by_name);
    return check_once(l, e);
}

bool name_list_read(struct name_list *l, const char *path, struct err *e) {
    size_t bytes;
    *l = (struct name_list){0};
    if (access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR))
        return err_usage(e,
            "%s: there is no such list: say with --lists DIR in which folder the lists of /split/lists "
            "are (datasets/README.md)",
            path);
    char *text = file_read(path, NAME_LIST_MAX_BYTES, &bytes, e);
    if (!text)
        e->kind = ERR_USAGE; /* a file that the user named */
    bool ok = text && name_list_parse(l, text, bytes, path, e);
    free(text);
    return ok;
}

void name_list_free(struct name_list *l) {
    for (size_t i = 0; i < l->n; i++)
        free(l->names[i].name);
    free(l->names);
    free(l->path);
    *l = (struct name_list){0};
}

const struct listed_name *name_list_find(const struct name_list *l, const char *name) {
    size_t low = 0, high = l->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, l->names[middle].name);
        if (order == 0)
            return &l->names[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

bool name_lists_apart(const struct name_list *a, const struct name_list *b, struct err *e) {
    for (size_t i = 0; i < a->n; i++) {
        const struct listed_name *other = name_list_find(b, a->names[i].name);
        if (!other)
            continue;
        char *shown = str_quoted(other->name);
        err_usage(e,
            "%s stands in two lists, in line %ld of %s and in line %ld of %s: a split's parts share "
            "no image",
            shown, a->names[i].line, a->path, other->line, b->path);
        free(shown);
        return false;
    }
    return true;
}
