#include "commands/worker_lines.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* A line that gets longer is passed on in pieces. */
enum { LONGEST = 1 << 16 };

bool worker_lines_open(struct worker_lines *l, int *write_end) {
    int ends[2];
    *l = (struct worker_lines){.fd = -1};
    if (pipe(ends) != 0)
        return false;
    for (int i = 0; i < 2; i++) {
        fcntl(ends[i], F_SETFD, FD_CLOEXEC); /* other workers hold none of them */
        fcntl(ends[i], F_SETFL, O_NONBLOCK);
    }
    l->fd = ends[0];
    *write_end = ends[1];
    return true;
}

static void flush_part(struct worker_lines *l, const struct listener *to) {
    if (l->part.len)
        to->line(to->context, l->part.text);
    str_clear(&l->part);
}

static void take(
    struct worker_lines *l, const struct listener *to, const char *bytes, const char *end) {
    while (bytes < end) {
        const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
        const char *stop = newline ? newline : end;
        str_addn(&l->part, bytes, (size_t)(stop - bytes));
        if (newline || l->part.len > LONGEST)
            flush_part(l, to);
        bytes = stop + (newline != NULL);
    }
}

static void close_end(struct worker_lines *l) {
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
}

void worker_lines_read(struct worker_lines *l, const struct listener *to) {
    char bytes[4096];
    while (l->fd >= 0) {
        ssize_t n = read(l->fd, bytes, sizeof bytes);
        if (n > 0)
            take(l, to, bytes, bytes + n);
        else if (n == 0 || (errno != EAGAIN && errno != EINTR))
            close_end(l);
        else if (errno == EAGAIN)
            return;
    }
}

void worker_lines_end(struct worker_lines *l, const struct listener *to) {
    worker_lines_read(l, to);
    flush_part(l, to);
    close_end(l);
    str_free(&l->part);
}
