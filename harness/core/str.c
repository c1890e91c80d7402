#include "core/str.h"

#include "core/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void str_addn(struct str *s, const char *bytes, size_t n) {
    s->text = xgrow(s->text, &s->capacity, s->len + n + 1, 1);
    memcpy(s->text + s->len, bytes, n);
    s->len += n;
    s->text[s->len] = '\0';
}

void str_add(struct str *s, const char *text) {
    str_addn(s, text, strlen(text));
}

void str_addc(struct str *s, char c) {
    str_addn(s, &c, 1);
}

void str_addf(struct str *s, const char *fmt, ...) {
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    s->text = xgrow(s->text, &s->capacity, s->len + (size_t)n + 1, 1);
    vsnprintf(s->text + s->len, (size_t)n + 1, fmt, again);
    va_end(again);
    s->len += (size_t)n;
}

void str_clear(struct str *s) {
    s->len = 0;
    if (s->text)
        s->text[0] = '\0';
}

void str_free(struct str *s) {
    free(s->text);
    *s = (struct str){0};
}

char *str_detach(struct str *s) {
    char *text = s->text ? s->text : xstrdup("");
    *s = (struct str){0};
    return text;
}

/* Levenshtein distance with one row of memory; words longer than the row are never near. */
static size_t edit_distance(const char *a, const char *b) {
    enum { MAX = 128 };
    size_t row[MAX + 1], la = strlen(a), lb = strlen(b);
    if (la > MAX || lb > MAX)
        return MAX;
    for (size_t j = 0; j <= lb; j++)
        row[j] = j;
    for (size_t i = 1; i <= la; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[lb];
}

const char *str_nearest(const char *word, const void *names, size_t count, size_t stride) {
    size_t length = strlen(word), limit = length / 3;
    if (limit < 2)
        limit = length > 2 ? 2 : length / 2; /* of two letters one must stay */
    const char *nearest = NULL;
    for (size_t i = 0; i < count; i++) {
        const char *name = *(const char *const *)((const char *)names + i * stride);
        size_t distance = name ? edit_distance(word, name) : limit + 1;
        if (distance <= limit) {
            nearest = name;
            limit = distance ? distance - 1 : 0;
        }
    }
    return nearest;
}

size_t str_utf8(const char *s, size_t n) {
    const unsigned char *b = (const unsigned char *)s;
    if (n == 0)
        return 0;
    if (b[0] < 0x80)
        return 1;
    if (b[0] < 0xC2 ||
        b[0] > 0xF4) /* a continuation byte, or a lead that only over-long forms have */
        return 0;
    size_t bytes = b[0] < 0xE0 ? 2 : b[0] < 0xF0 ? 3 : 4;
    if (n < bytes)
        return 0;
    /* The second byte's range excludes over-long forms, surrogates, and what is above U+10FFFF. */
    unsigned low = b[0] == 0xE0 ? 0xA0 : b[0] == 0xF0 ? 0x90 : 0x80;
    unsigned high = b[0] == 0xED ? 0x9F : b[0] == 0xF4 ? 0x8F : 0xBF;
    if (b[1] < low || b[1] > high)
        return 0;
    for (size_t i = 2; i < bytes; i++)
        if ((b[i] & 0xC0) != 0x80)
            return 0;
    return bytes;
}

uint32_t str_code(const char *s, size_t n) {
    const unsigned char *b = (const unsigned char *)s;
    uint32_t code = n == 1 ? b[0] : b[0] & (0x7Fu >> n);
    for (size_t i = 1; i < n; i++)
        code = code << 6 | (b[i] & 0x3F);
    return code;
}

char *str_quoted(const char *text) {
    struct str s = {0};
    str_addc(&s, '"');
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p == '\n')
            str_add(&s, "\\n");
        else if (*p == '"' || *p == '\\')
            str_addf(&s, "\\%c", *p);
        else if (*p < 0x20 || *p == 0x7f)
            str_addf(&s, "\\x%02x", *p);
        else
            str_addc(&s, (char)*p);
    }
    str_addc(&s, '"');
    return str_detach(&s);
}

bool str_starts(const char *s, const char *prefix) {
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix) {
    size_t n = strlen(s), m = strlen(suffix);
    return n >= m && strcmp(s + n - m, suffix) == 0;
}
