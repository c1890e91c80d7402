#include "core/csv.h"

#include "core/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool broken(const struct csv *c, int column, struct err *e, const char *what) {
    return err_usage(e, "%s: line %ld, column %d: %s", c->path, c->line, column + 1, what);
}

/* ---- one field ---- */

enum stop { STOP_COMMA, STOP_LINE, STOP_END, STOP_ERROR };

static enum stop after_field(struct csv *c) {
    if (c->at == c->end)
        return STOP_END;
    if (*c->at == ',') {
        c->at++;
        return STOP_COMMA;
    }
    c->at += *c->at == '\r';
    c->at++;
    return STOP_LINE;
}

static bool at_stop(const struct csv *c) {
    return c->at == c->end || *c->at == ',' || *c->at == '\n' ||
           (*c->at == '\r' && c->at + 1 < c->end && c->at[1] == '\n');
}

static bool copy_text(struct csv *c, struct str *out, const char *to, int column, struct err *e) {
    for (size_t n; c->at < to; c->at += n) {
        n = str_utf8(c->at, (size_t)(to - c->at));
        if (n == 0 || *c->at == '\0')
            return broken(
                c, column, e, "a byte that is no text in UTF-8: expected CSV, saved as UTF-8");
        str_addn(out, c->at, n);
        c->line += *c->at == '\n';
    }
    return true;
}

static enum stop read_quoted(struct csv *c, struct str *out, int column, struct err *e) {
    long begun = c->line;
    for (c->at++;; c->at++) {
        const char *quote = memchr(c->at, '"', (size_t)(c->end - c->at));
        if (!quote) {
            c->line = begun;
            broken(c, column, e, "a quote is not closed");
            return STOP_ERROR;
        }
        if (!copy_text(c, out, quote, column, e))
            return STOP_ERROR;
        c->at++;
        if (c->at == c->end || *c->at != '"')
            break;
        str_addc(out, '"');
    }
    if (!at_stop(c)) {
        broken(c, column, e,
            "text behind a closing quote: expected a comma or the line's end, a quote within a "
            "quoted field doubled");
        return STOP_ERROR;
    }
    return after_field(c);
}

static enum stop read_field(struct csv *c, struct str *out, int column, struct err *e) {
    str_clear(out);
    str_add(out, "");
    if (c->at < c->end && *c->at == '"')
        return read_quoted(c, out, column, e);
    const char *from = c->at;
    while (!at_stop(c) && *c->at != '"')
        c->at++;
    if (!at_stop(c)) {
        broken(c, column, e, "a quote within a field that has none around it");
        return STOP_ERROR;
    }
    const char *to = c->at;
    c->at = from;
    return copy_text(c, out, to, column, e) ? after_field(c) : STOP_ERROR;
}

/* ---- rows ---- */

static bool check_name(struct csv *c, const char *name, struct err *e) {
    if (!*name)
        return broken(c, c->columns, e, "a column without a name");
    for (int i = 0; i < c->columns; i++)
        if (strcmp(c->name[i], name) == 0)
            return broken(c, c->columns, e, "a column's name for the second time");
    return true;
}

bool csv_open(struct csv *c, const char *path, const char *bytes, size_t n, struct err *e) {
    *c = (struct csv){.path = path, .at = bytes, .end = bytes + n, .line = 1, .row_line = 1};
    struct str field = {0};
    size_t capacity = 0;
    if (n >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0)
        c->at += 3;
    if (c->at == c->end)
        return err_usage(
            e, "%s: is empty: expected CSV with the columns' names in its first line", path);
    enum stop stop = STOP_COMMA;
    while (stop == STOP_COMMA) {
        stop = read_field(c, &field, c->columns, e);
        if (stop == STOP_ERROR)
            break;
        if (c->columns == CSV_MAX_COLUMNS) {
            broken(c, c->columns, e, "too many columns: expected at most 4096");
            stop = STOP_ERROR;
        } else if (!check_name(c, field.text, e)) {
            stop = STOP_ERROR;
        } else {
            c->name = xgrow(c->name, &capacity, (size_t)c->columns + 1, sizeof *c->name);
            c->name[c->columns++] = xstrdup(field.text);
        }
    }
    str_free(&field);
    if (stop == STOP_ERROR)
        return false;
    c->line++;
    c->field = xcalloc((size_t)c->columns, sizeof *c->field);
    return true;
}

static bool wrong_count(const struct csv *c, int n, bool more, struct err *e) {
    err_usage(e, "%s: line %ld: has %s%d field%s, expected the %d of the first line", c->path,
        c->row_line, more ? "more than " : "", n, n == 1 ? "" : "s", c->columns);
    return false;
}

int csv_next(struct csv *c, struct err *e) {
    while (c->at < c->end &&
           (*c->at == '\n' || (*c->at == '\r' && c->at + 1 < c->end && c->at[1] == '\n'))) {
        after_field(c);
        c->line++;
    }
    if (c->at == c->end)
        return 0;
    c->row_line = c->line;
    int n = 0;
    for (enum stop stop = STOP_COMMA; stop == STOP_COMMA; n++) {
        if (n == c->columns)
            return wrong_count(c, n, true, e) ? 1 : -1;
        stop = read_field(c, &c->field[n], n, e);
        if (stop == STOP_ERROR)
            return -1;
        c->line += stop == STOP_LINE;
    }
    return n == c->columns || wrong_count(c, n, false, e) ? 1 : -1;
}

void csv_close(struct csv *c) {
    for (int i = 0; i < c->columns; i++) {
        free(c->name[i]);
        if (c->field)
            str_free(&c->field[i]);
    }
    free(c->name);
    free(c->field);
    *c = (struct csv){0};
}

bool csv_wrong(const struct csv *c, int column, struct err *e, const char *fmt, ...) {
    char message[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    char *value = str_quoted(c->field[column].text), *name = str_quoted(c->name[column]);
    err_usage(e, "%s: line %ld, column %d (%.100s): %.200s: %s", c->path, c->row_line, column + 1,
        name, value, message);
    free(value);
    free(name);
    return false;
}
