#include "core/err.h"

#include <stdarg.h>
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

bool err_sys(struct err *e, int errno_value, const char *fmt, ...) {
    char text[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
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
    static const int code[ERR_KIND_COUNT] = {
        [ERR_NONE] = 0, [ERR_FAILED] = 1, [ERR_USAGE] = 2, [ERR_INTERRUPTED] = 75};
    return code[e->kind];
}
