#include "report/terminal.h"

#include "core/mem.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool terminal_rewrites(int fd) {
    const char *term = getenv("TERM");
    return term && *term && strcmp(term, "dumb") != 0 && isatty(fd) == 1;
}

struct terminal_size terminal_size(int fd) {
    struct winsize w;
    struct terminal_size s = {80, 24};
    if (ioctl(fd, TIOCGWINSZ, &w) == 0) {
        s.columns = w.ws_col ? w.ws_col : s.columns;
        s.rows = w.ws_row ? w.ws_row : s.rows;
    }
    return s;
}

bool terminal_foreground(int fd) {
    pid_t group = tcgetpgrp(fd);
    return group < 0 || group == getpgrp(); /* below 0: it is not the one that controls us */
}

/* ---- columns ---- */

struct range {
    uint32_t first, last;
};
/* Of Unicode's East Asian Width W and F, and of emoji: blocks, not single characters. */
static const struct range wide[] = {{0x1100, 0x115F}, {0x2E80, 0x303E}, {0x3041, 0xA4CF},
    {0xA960, 0xA97F}, {0xAC00, 0xD7A3}, {0xF900, 0xFAFF}, {0xFE30, 0xFE6F}, {0xFF00, 0xFF60},
    {0xFFE0, 0xFFE6}, {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF},
    {0x20000, 0x3FFFD}};
static const struct range combining[] = {{0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD},
    {0x064B, 0x065F}, {0x0E34, 0x0E3A}, {0x0E47, 0x0E4E}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF},
    {0x200B, 0x200F}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xE0100, 0xE01EF}};

static bool is_in(const struct range *ranges, size_t n, uint32_t character) {
    for (size_t i = 0; i < n; i++)
        if (character >= ranges[i].first && character <= ranges[i].last)
            return true;
    return false;
}

/* Of the character of `n` bytes. */
static int columns_of(const char *s, size_t n) {
    static const unsigned char first_bits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t character = (unsigned char)s[0] & first_bits[n];
    for (size_t i = 1; i < n; i++)
        character = character << 6 | ((unsigned char)s[i] & 0x3F);
    if (is_in(combining, ARRAY_LEN(combining), character))
        return 0;
    return is_in(wide, ARRAY_LEN(wide), character) ? 2 : 1;
}

/* Bytes at the front that take at most `columns`, which become those that they take. */
static size_t prefix(const char *text, int *columns) {
    size_t at = 0, rest = strlen(text);
    int taken = 0;
    while (rest) {
        size_t n = str_utf8(text + at, rest);
        int more = n ? columns_of(text + at, n) : 1;
        if (taken + more > *columns)
            break;
        taken += more;
        at += n ? n : 1;
        rest -= n ? n : 1;
    }
    *columns = taken;
    return at;
}

int text_columns(const char *text) {
    int columns = 1 << 30;
    prefix(text, &columns);
    return columns;
}

void text_add_fitting(struct str *out, const char *text, int columns) {
    static const char dots[] = "...";
    int all = columns, room = columns - (int)strlen(dots);
    size_t whole = columns > 0 ? prefix(text, &all) : 0;
    if (!text[whole])
        str_add(out, text);
    else if (room > 0) {
        str_addn(out, text, prefix(text, &room));
        str_add(out, dots);
    } else {
        str_addn(out, text, whole);
    }
}

/* ---- writing ---- */

void terminal_write(int fd, const char *bytes, size_t n) {
    while (n) {
        ssize_t written = write(fd, bytes, n);
        if (written > 0) {
            bytes += written;
            n -= (size_t)written;
        } else if (written < 0 && errno == EAGAIN) { /* somebody else made it so */
            poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, 1000);
        } else if (written >= 0 || errno != EINTR) {
            return;
        }
    }
}
