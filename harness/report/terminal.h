/* A terminal as output meets it: whether its lines can be rewritten, its size, how wide a text is on it. */
#ifndef REPORT_TERMINAL_H
#define REPORT_TERMINAL_H

#include "core/str.h"

/* Whether `fd` is a terminal that takes the few escape sequences of ECMA-48 that we write; one whose TERM is "dumb",
 * empty or not set does not. */
bool terminal_rewrites(int fd);

struct terminal_size {
    int columns, rows;
};
/* As it is now: ask each time, for people resize windows. 80 x 24 where it does not say. */
struct terminal_size terminal_size(int fd);

/* Whether we may write on its lines: not while a shell has put us in the background. */
bool terminal_foreground(int fd);

/* Columns that UTF-8 text without control characters takes: two for wide characters (Chinese, emoji), none for
 * combining ones. */
int text_columns(const char *text);

/* Appends as much of `text` as fits into `columns`; what is cut ends with "...". */
void text_add_fitting(struct str *out, const char *text, int columns);

/* Writes all, whatever signals come meanwhile; what cannot be written (the terminal is gone) is dropped. */
void terminal_write(int fd, const char *bytes, size_t n);

#endif
