/* A set of one's own: a folder of images, in sub-folders too, and in it labels.csv (RFC 4180, UTF-8), whose first line
 * names its columns, in any order: `file` must be there, `age`, `gender`, `race`, `subject` and `fold` may. An empty
 * field is no label. */
#ifndef DATA_LABELS_CSV_H
#define DATA_LABELS_CSV_H

#include "data/manifest.h"

#define LABELS_CSV "labels.csv"
#define LABELS_CSV_MAX_AGE 120

/* Reads the text of such a file into m->samples (sorted by id, which is the file's path), labels by m->reading, and
 * rows without any label into m->aside. Whether images are there is not looked at. Errors (ERR_USAGE) name file, line and
 * column: another column, no row, a path that leads out of the folder or stands twice, a label that is none, folds
 * that some rows have not, a subject in two folds. manifest_close on success and failure alike. */
bool labels_csv_parse(
    struct manifest *m, const char *text, size_t bytes, const char *path, struct err *e);

/* The same of m->root's file, without contents; a sample whose image is no regular file is set aside. */
bool labels_csv_list(struct manifest *m, struct err *e);

#endif
