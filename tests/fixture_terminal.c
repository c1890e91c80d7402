/* Pseudo-terminals are of the X/Open part of POSIX. */
#define _XOPEN_SOURCE 700
#include "fixture_terminal.h"

#include "check_run.h"

#include "core/mem.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/* ---- the screen: rows of a line are `columns` of its characters each ---- */

static size_t rows_of(const struct terminal *t, size_t line) {
    size_t n = t->lines[line].n;
    if (line == t->line && t->offset > n)
        n = t->offset;
    return n == 0 ? 1 : (n + (size_t)t->columns - 1) / (size_t)t->columns;
}

/* A cursor behind the last column waits there until the next character. */
static size_t row_in_line(const struct terminal *t) {
    size_t columns = (size_t)t->columns;
    bool waits = t->offset && t->offset % columns == 0 && t->offset == t->lines[t->line].n;
    return (waits ? t->offset - 1 : t->offset) / columns;
}

static void go_to_row(struct terminal *t, size_t row) {
    t->line = 0;
    t->offset = t->written = 0;
    while (t->line + 1 < t->n_lines && row >= rows_of(t, t->line)) {
        row -= rows_of(t, t->line);
        t->line++;
    }
    t->offset = row * (size_t)t->columns;
}

static size_t row_of_cursor(const struct terminal *t) {
    size_t row = row_in_line(t);
    for (size_t i = 0; i < t->line; i++)
        row += rows_of(t, i);
    return row;
}

static size_t first_row(const struct terminal *t) {
    size_t rows = 0;
    for (size_t i = 0; i < t->n_lines; i++)
        rows += rows_of(t, i);
    return rows > (size_t)t->rows ? rows - (size_t)t->rows : 0;
}

static void line_feed(struct terminal *t) {
    t->written = 0;
    if (row_in_line(t) + 1 < rows_of(t, t->line)) {
        go_to_row(t, row_of_cursor(t) + 1);
        return;
    }
    if (++t->line == t->n_lines) {
        t->lines = xgrow(t->lines, &t->capacity, t->n_lines + 1, sizeof *t->lines);
        t->lines[t->n_lines++] = (struct terminal_line){0};
    }
    t->offset = 0;
}

static void put(struct terminal *t, uint32_t character) {
    struct terminal_line *l = &t->lines[t->line];
    l->at = xgrow(l->at, &l->capacity, t->offset + 1, sizeof *l->at);
    while (l->n < t->offset + 1)
        l->at[l->n++] = ' ';
    l->at[t->offset++] = character;
    t->written++;
}

static void clear_line(struct terminal *t) {
    struct terminal_line *l = &t->lines[t->line];
    size_t columns = (size_t)t->columns;
    t->overflowed = t->overflowed || t->written >= columns;
    if (row_in_line(t) + 1 == rows_of(t, t->line) && t->offset < l->n)
        l->n = t->offset;
    for (size_t i = t->offset; i < l->n && i < (row_in_line(t) + 1) * columns; i++)
        l->at[i] = ' ';
}

static void clear_below(struct terminal *t) {
    if (t->offset < t->lines[t->line].n)
        t->lines[t->line].n = t->offset;
    for (size_t i = t->line + 1; i < t->n_lines; i++)
        free(t->lines[i].at);
    t->n_lines = t->line + 1;
}

static void escape(struct terminal *t) {
    const char *s = t->escape.text;
    int n = 1;
    size_t top = first_row(t), row = row_of_cursor(t);
    if (strcmp(s, "\033[K") == 0)
        clear_line(t);
    else if (strcmp(s, "\033[J") == 0)
        clear_below(t);
    else if (strcmp(s, "\033[H") == 0)
        go_to_row(t, top);
    else if (sscanf(s, "\033[%dA", &n) == 1 && s[t->escape.len - 1] == 'A')
        go_to_row(t, row >= top + (size_t)n ? row - (size_t)n : top);
    else
        ck_abort_msg("an escape sequence that we do not write: %s", s + 1);
    str_clear(&t->escape);
}

/* Of more bytes than two are the tests' wide characters alone. */
static void show(struct terminal *t, const char *s, size_t n) {
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (t->escape.len) {
            str_addc(&t->escape, (char)c);
            if (c >= '@' && c != '[')
                escape(t);
        } else if (c == '\033') {
            str_addc(&t->escape, (char)c);
        } else if (c == '\r') {
            t->offset = row_in_line(t) * (size_t)t->columns;
            t->written = 0;
        } else if (c == '\n') {
            line_feed(t);
        } else if ((c & 0xC0) != 0x80) {
            put(t, c < 0x80 ? c : '?');
            if (c >= 0xE3)
                put(t, '?');
        }
    }
}

/* ---- the program ---- */

static void set_size(struct terminal *t, int columns, int rows) {
    struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = (unsigned short)rows};
    t->columns = columns;
    t->rows = rows;
    ck_assert_int_eq(ioctl(t->fd, TIOCSWINSZ, &size), 0);
}

static void child(const char *name, const char *dir, const char *command, const char *term) {
    char *dmtl = dmtl_path();
    setsid();
    int fd = open(name, O_RDWR);
    ioctl(fd, TIOCSCTTY, 0);
    for (int i = 0; i < 3; i++)
        dup2(fd, i);
    if (fd > 2)
        close(fd);
    setenv("TERM", term, 1);
    setenv("DMTL", dmtl, 1);
    if (chdir(dir) == 0)
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

void terminal_start(struct terminal *t, const char *dir, const char *command, const char *term,
    int columns, int rows) {
    *t = (struct terminal){.fd = posix_openpt(O_RDWR | O_NOCTTY)};
    ck_assert_int_ge(t->fd, 0);
    fcntl(t->fd, F_SETFD, FD_CLOEXEC);
    ck_assert(grantpt(t->fd) == 0 && unlockpt(t->fd) == 0);
    const char *name = ptsname(t->fd);
    int kept =
        open(name, O_RDWR | O_NOCTTY); /* a size needs the other end; nor may it be closed before */
    set_size(t, columns, rows);
    t->lines = xgrow(NULL, &t->capacity, 1, sizeof *t->lines);
    t->lines[t->n_lines++] = (struct terminal_line){0};
    t->pid = fork();
    if (t->pid == 0)
        child(name, dir, command, term);
    ck_assert_int_gt(t->pid, 0);
    struct timespec until_open = {.tv_nsec = 200 * 1000 * 1000};
    nanosleep(&until_open, NULL);
    close(kept);
}

/* false: the terminal is closed. */
static bool read_some(struct terminal *t, int ms) {
    char bytes[4096];
    struct pollfd p = {.fd = t->fd, .events = POLLIN};
    if (poll(&p, 1, ms) <= 0)
        return true;
    ssize_t n = read(t->fd, bytes, sizeof bytes);
    if (n <= 0)
        return n < 0 && errno == EINTR;
    str_addn(&t->bytes, bytes, (size_t)n);
    show(t, bytes, (size_t)n);
    return true;
}

int terminal_end(struct terminal *t) {
    int status;
    while (read_some(t, 1000))
        ;
    ck_assert_int_eq(waitpid(t->pid, &status, 0), t->pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void terminal_until(struct terminal *t, const char *text) {
    for (int i = 0; i < 600; i++) {
        char *now = terminal_text(t);
        bool there = strstr(now, text) != NULL, more = there || read_some(t, 100);
        ck_assert_msg(more, "no \"%s\" in:\n%s", text, now);
        free(now);
        if (there)
            return;
    }
    char *now = terminal_text(t);
    ck_abort_msg("no \"%s\" for a minute in:\n%s", text, now);
}

void terminal_type(struct terminal *t, const char *keys) {
    ck_assert_int_eq(write(t->fd, keys, strlen(keys)), (ssize_t)strlen(keys));
}

void terminal_resize(struct terminal *t, int columns, int rows) {
    while (poll(&(struct pollfd){.fd = t->fd, .events = POLLIN}, 1, 50) > 0 && read_some(t, 0))
        ; /* what was written for the old size comes in pieces */
    set_size(t, columns, rows);
}

char *terminal_line(const struct terminal *t, size_t i) {
    struct str text = {0};
    for (size_t k = 0; k < t->lines[i].n; k++)
        str_addc(&text, (char)t->lines[i].at[k]);
    return str_detach(&text);
}

char *terminal_text(const struct terminal *t) {
    struct str text = {0};
    for (size_t i = 0; i < t->n_lines; i++) {
        char *line = terminal_line(t, i);
        str_addf(&text, "%s\n", line);
        free(line);
    }
    return str_detach(&text);
}

void terminal_free(struct terminal *t) {
    close(t->fd);
    for (size_t i = 0; i < t->n_lines; i++)
        free(t->lines[i].at);
    free(t->lines);
    str_free(&t->bytes);
    str_free(&t->escape);
}
