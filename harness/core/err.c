#include "core/err.h"

#include "core/str.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static void mark_cut(struct err *e, int needed) {
    if (needed >= (int)sizeof e->msg)
        memcpy(e->msg + sizeof e->msg - 4, "...", 4);
}

static bool set(struct err *e, enum err_kind kind, const char *fmt, va_list args) {
    if (e->kind != ERR_NONE)
        return false;
    e->kind = kind;
    mark_cut(e, vsnprintf(e->msg, sizeof e->msg, fmt, args));
    return false;
}

bool err_set(struct err *e, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    set(e, ERR_FAILED, fmt, args);
    va_end(args);
    return false;
}

bool err_usage(struct err *e, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    set(e, ERR_USAGE, fmt, args);
    va_end(args);
    return false;
}

bool err_interrupted(struct err *e, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    set(e, ERR_INTERRUPTED, fmt, args);
    va_end(args);
    return false;
}

bool err_diverged(struct err *e, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    set(e, ERR_DIVERGED, fmt, args);
    va_end(args);
    return false;
}

bool err_no_space(struct err *e, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    set(e, ERR_NO_SPACE, fmt, args);
    va_end(args);
    return false;
}

bool err_add(struct err *e, const char *fmt, ...) {
    if (e->kind == ERR_NONE)
        return false;
    char prefix[512], whole[sizeof e->msg];
    va_list args;
    va_start(args, fmt);
    vsnprintf(prefix, sizeof prefix, fmt, args);
    va_end(args);
    int needed = snprintf(whole, sizeof whole, "%s: %s", prefix, e->msg);
    memcpy(e->msg, whole, sizeof whole);
    mark_cut(e, needed);
    return false;
}

bool err_hint(struct err *e, const char *word, const void *names, size_t count, size_t stride) {
    const char *near = str_nearest(word, names, count, stride);
    size_t used = strlen(e->msg);
    if (near)
        mark_cut(e,
            (int)used + snprintf(e->msg + used, sizeof e->msg - used, "; did you mean %s?", near));
    return false;
}

const char *err_space_remedy(int errno_value) {
    static const struct {
        int code;
        const char *text;
    } remedies[] = {
        {ENOSPC, "free space on its disk and run the same command again"},
        {EDQUOT, "free space within your quota and run the same command again"},
        {EFBIG, "raise the limit on the size of files (ulimit -f) and run the same command again"},
    };
    for (size_t i = 0; i < sizeof remedies / sizeof remedies[0]; i++)
        if (remedies[i].code == errno_value)
            return remedies[i].text;
    return NULL;
}

bool err_sys(struct err *e, int errno_value, const char *fmt, ...) {
    char text[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    const char *remedy = err_space_remedy(errno_value);
    if (remedy)
        return err_no_space(e, "%s: %s; %s", text, strerror(errno_value), remedy);
    return err_set(e, "%s: %s", text, strerror(errno_value));
}

void err_print(const struct err *e, const char *program) {
    if (e->kind == ERR_NONE)
        return;
    fprintf(stderr, "%s: ", program);
    for (const char *c = e->msg; *c; c++)
        if (((unsigned char)*c < 0x20 && *c != '\n') || *c == 0x7F)
            fprintf(stderr, "\\x%02x", (unsigned char)*c);
        else
            fputc(*c, stderr);
    fputc('\n', stderr);
}

int err_exit_code(const struct err *e) {
    static const int code[ERR_KIND_COUNT] = {[ERR_NONE] = 0,
        [ERR_FAILED] = 1,
        [ERR_USAGE] = 2,
        [ERR_INTERRUPTED] = 75,
        [ERR_DIVERGED] = 1,
        [ERR_NO_SPACE] = 1};
    return code[e->kind];
}
