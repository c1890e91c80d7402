/* Adience's fold files: fold_0_data.txt ... fold_4_data.txt, one line a face, fields between tabs, a
 * first line with the columns' names (Eidinger, Enbar & Hassner 2014; the files of its owners). */
#ifndef DATA_ADIENCE_ROWS_H
#define DATA_ADIENCE_ROWS_H

#include "core/err.h"

#include <stddef.h>

enum { ADIENCE_FOLDS = 5 };
#define ADIENCE_MAX_FOLD_BYTES ((size_t)64 << 20) /* the real ones have 0.4 MB at most */

struct adience_row {
    char *user;              /* the Flickr album */
    char *image;             /* its name there */
    int face_id;             /* a person of this album */
    int first_age, last_age; /* as written: "35" is both; "(25, 23)" is 25 and 23; -1: "None" */
    int gender;              /* 0 m, 1 f, LABEL_MISSING: u or empty */
    int fold;                /* 0-4 */
    int repeat;              /* how many rows before it have its user, image and face */
};
struct adience_rows {
    struct adience_row *list;
    size_t n, capacity;
    struct adience_text {
        char *bytes;
        size_t n;
    } text[ADIENCE_FOLDS]; /* the files as they were read */
};

/* Appends the rows of one file's text (it may begin with a byte order mark and have CRLF). A line that has
 * not the header's fields, or a field that cannot be read, is ERR_USAGE: "PATH: line 3: age "x": ...". */
bool adience_rows_parse(struct adience_rows *rows, const char *text, size_t bytes, const char *path,
    int fold, struct err *e);

/* Reads the five files of a folder and counts repeats; a file that is not there and a person in two
 * folds are ERR_USAGE. adience_rows_free on success and failure alike. */
bool adience_rows_read(struct adience_rows *rows, const char *root, struct err *e);
void adience_rows_drop_texts(struct adience_rows *rows);
void adience_rows_free(struct adience_rows *rows);

#endif
