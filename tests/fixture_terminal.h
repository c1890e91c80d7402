/* A program on a real pseudo-terminal, and the screen that a person would see: text that wraps, carriage return, line
 * feed, and the escape sequences "cursor up", "home", "clear to the end of the line" and "of the screen". Any other one
 * fails the test. A resize wraps lines anew, as most terminals do. */
#ifndef FIXTURE_TERMINAL_H
#define FIXTURE_TERMINAL_H

#include "core/str.h"

#include <stdint.h>
#include <sys/types.h>

struct
    terminal_line { /* as the program wrote it, however often it is wrapped; a character a column */
    uint32_t *at;
    size_t n, capacity;
};

struct terminal {
    int fd;
    pid_t pid;
    int columns, rows;
    struct terminal_line *lines;
    size_t n_lines, capacity;
    size_t line, offset; /* the cursor */
    size_t written;      /* columns since it was moved */
    bool overflowed;     /* the rest of a line was cleared behind more than fits into one */
    struct str bytes;    /* all that came */
    struct str escape;   /* a sequence, until it is whole */
};

/* Runs a shell line in the folder `dir`; $DMTL is the program. TERM is `term`. */
void terminal_start(struct terminal *t, const char *dir, const char *command, const char *term,
    int columns, int rows);
/* Shows what comes until the program has closed the terminal; its exit code, 128 and the signal that ended it. */
int terminal_end(struct terminal *t);
/* Until `text` stands in a line; fails the test after some seconds. */
void terminal_until(struct terminal *t, const char *text);
void terminal_type(struct terminal *t, const char *keys);
void terminal_resize(struct terminal *t, int columns, int rows); /* the program gets SIGWINCH */
char *terminal_line(
    const struct terminal *t, size_t i);       /* "?" for what is not ASCII; the caller frees */
char *terminal_text(const struct terminal *t); /* all lines; the caller frees */
void terminal_free(struct terminal *t);

#endif
