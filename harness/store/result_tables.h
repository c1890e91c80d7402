/* The tables of a cell's results as rows of a table: their keys behind `cell`, their values, and which numbers
 * differ from file to file. Merging copies by it, and two files' results of one cell are compared by it. */
#ifndef STORE_RESULT_TABLES_H
#define STORE_RESULT_TABLES_H

#include <stddef.h>

enum column_kind { /* what a column's number stands for; those from IN_FILE on are the file's own */
    COLUMN_VALUE,
    COLUMN_PART,
    COLUMN_TASK,
    COLUMN_READOUT,
    COLUMN_CONVENTION,
    COLUMN_IN_FILE,
    COLUMN_SAMPLE = COLUMN_IN_FILE,
    COLUMN_SLICE,
    COLUMN_METRIC
};
struct result_column {
    const char *name;
    enum column_kind kind;
};
enum { RESULT_COLUMNS = 10 };
struct result_table {
    const char *name;
    const char *what;      /* its rows, for people */
    int n_keys, n_columns; /* keys first; a table's file-own numbers are all keys */
    struct result_column columns[RESULT_COLUMNS];
};
enum { RESULT_TABLES = 7 };
extern const struct result_table
    result_tables[RESULT_TABLES]; /* training first, as it came about */

/* SQL over a table; the caller frees. Cell is ?1. Select: keys and values by rising keys; find: the values at the
 * keys ?2, ?3, ...; insert: keys and values at ?2, ?3, ... */
char *result_select(const struct result_table *t);
char *result_find(const struct result_table *t);
char *result_insert(const struct result_table *t);

#endif
