/* Allocation that cannot fail: where memory runs out the process ends with a message (nothing that
 * we hold in memory is worth more than the store, which survives), so callers stay straight. */
#ifndef CORE_MEM_H
#define CORE_MEM_H

#include <stddef.h>

void *xmalloc(size_t bytes);               /* xmalloc(0) is a valid pointer to free */
void *xcalloc(size_t count, size_t bytes); /* zeroed; an overflowing product ends the process too */
void *xrealloc(void *p, size_t count, size_t bytes);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Grows `array` (of *capacity elements of `bytes` each) by doubling until it holds `count`; returns
 * the array's new place. */
void *xgrow(void *array, size_t *capacity, size_t count, size_t bytes);

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
