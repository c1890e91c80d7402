/* A string that grows. `struct str s = {0};` is the empty string; `s.text` is NUL-terminated as soon
 * as anything was added and is owned by `s` until str_free or str_detach. Bytes, not characters. */
#ifndef CORE_STR_H
#define CORE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
    char *text; /* NULL while empty and never added to */
    size_t len; /* without the NUL */
    size_t capacity;
};

void str_add(struct str *s, const char *text);
void str_addn(struct str *s, const char *bytes, size_t n);
void str_addc(struct str *s, char c);
void str_addf(struct str *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void str_clear(struct str *s);   /* empty again, memory kept */
void str_free(struct str *s);    /* memory released, `s` usable again */
char *str_detach(struct str *s); /* the text, never NULL, now the caller's to free; `s` is empty */

/* The row of `names` (stride bytes apart, each beginning with a `const char *`) that is closest to
 * `word` by edit distance, or NULL where none is within a third of its length (at least 2,
 * but never all of the word): for "did you mean". */
const char *str_nearest(const char *word, const void *names, size_t count, size_t stride);

/* Bytes of the UTF-8 character at s[0..n), 1 to 4; 0 where there is none (over-long forms, surrogates,
 * numbers above U+10FFFF and cut sequences are none, NUL is one). */
size_t str_utf8(const char *s, size_t n);
/* The number of the character that these n bytes are. */
uint32_t str_code(const char *s, size_t n);

/* `text` in double quotes for a message: control characters, quotes and backslashes as C escapes them,
 * so that a hostile file name stays on one line. The caller frees. */
char *str_quoted(const char *text);

bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);

#endif
