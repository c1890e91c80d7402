/* Errors are values. A function that can fail because the world is wrong (a file, a key, a disk)
 * returns bool, or a pointer that may be NULL, and takes a `struct err *` last. The deepest level
 * says what is wrong; each level above may put in front where it was. Our own bugs are asserts;
 * running out of memory ends the process in mem.h. Only the two main.c turn a kind into an exit code.
 */
#ifndef CORE_ERR_H
#define CORE_ERR_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus /* the shim's */
extern "C" {
#endif

enum err_kind {
    ERR_NONE,        /* zero-initialised: no error */
    ERR_FAILED,      /* exit 1: the work failed */
    ERR_USAGE,       /* exit 2: wrong command line or a wrong file of the user's */
    ERR_INTERRUPTED, /* exit 75: stopped on request, the same command goes on from here */
    ERR_DIVERGED,    /* exit 1: a loss is no number any more, and would be so again */
    ERR_NO_SPACE, /* exit 1: a disk, a quota or a limit is full; the next writer meets the same */
    ERR_KIND_COUNT
};

struct err {
    enum err_kind kind;
    char msg[2048]; /* one message, no trailing newline; cut with "..." where it would not fit */
};

/* Each sets the message unless one is there already (the first message wins) and returns false, so
 * that `return err_set(e, ...)` reads well. Say: file, key or line, value, what was expected, remedy. */
bool err_set(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool err_usage(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool err_interrupted(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool err_diverged(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool err_no_space(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Puts "prefix: " before the message that is there (nothing where there is none); returns false. */
bool err_add(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Puts "; did you mean NAME?" behind the message, where one of the names (as str_nearest takes them) is near what
 * was written; returns false. */
bool err_hint(struct err *e, const char *word, const void *names, size_t count, size_t stride);

/* What to do about an errno that says there is no room to write: ENOSPC, EDQUOT, EFBIG; NULL: another. */
const char *err_space_remedy(int errno_value);

/* The same as err_set with ": " and strerror(errno_value) behind the message; where there is no room to
 * write, the same as err_no_space, with "; " and the remedy behind that. */
bool err_sys(struct err *e, int errno_value, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Prints "PROGRAM: message" and a newline to stderr, nothing where there is no error. Control characters
 * that a name from a file may have brought in stand as \xNN. */
void err_print(const struct err *e, const char *program);

/* The process's exit code for an error of this kind: 0, 1, 2 or 75. */
int err_exit_code(const struct err *e);

/* What a worker exits with for ERR_NO_SPACE, so that `dmtl run` ends the others; run itself exits 1. */
enum { WORKER_EXIT_NO_SPACE = 74 };

#ifdef __cplusplus
}
#endif

#endif
