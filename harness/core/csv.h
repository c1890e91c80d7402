/* Comma-separated values as RFC 4180 has them: quoted fields, quotes in them doubled, line ends within quotes; lines
 * end in CR LF or LF, a byte-order mark at the front is skipped, the last line need not end. Text must be UTF-8.
 * Memory is that of one row. */
#ifndef CORE_CSV_H
#define CORE_CSV_H

#include "core/err.h"
#include "core/str.h"

#include <stddef.h>

enum { CSV_MAX_COLUMNS = 4096 };

struct csv {
    const char *path; /* for messages; the caller's */
    const char *at, *end;
    long line;         /* of the file, from 1: where the reader is */
    long row_line;     /* where the row began */
    struct str *field; /* [columns]: the row's texts, NUL-terminated */
    int columns;
    char **name; /* [columns]: the first line's fields */
};

/* Reads the first line as the columns' names, each once and none empty. False (ERR_USAGE) with a message that names
 * file, line and column. `bytes` must outlive the reader. csv_close on success and failure alike. */
bool csv_open(struct csv *c, const char *path, const char *bytes, size_t n, struct err *e);
/* The next row: 1, 0 where there are no more, -1 for an error. An empty line is no row. */
int csv_next(struct csv *c, struct err *e);
void csv_close(struct csv *c);

/* "FILE: line 7, column 3 (predicted): " before a message about a field, then the value in quotes, then the message:
 * false. */
bool csv_wrong(const struct csv *c, int column, struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
