/* Adience in the layout in which its owners ship it: fold_0_data.txt ... fold_4_data.txt beside
 * aligned/USER/landmark_aligned_face.FACE.IMAGE and faces/USER/coarse_tilt_aligned_face.FACE.IMAGE. */
#ifndef DATA_ADIENCE_H
#define DATA_ADIENCE_H

#include "data/adience_rows.h"
#include "data/manifest.h"

/* Where a row's image is, relative to the folder; the caller frees. */
char *adience_file(const struct adience_row *row, enum crop crop);
char *adience_subject(const struct adience_row *row); /* "USER/FACE"; the caller frees */

/* Reads m->root's rows into m->rows and lists them into m->samples (sorted by id) and m->aside (by file), by m->reading, without
 * contents. A kept repeat's id ends in "#1", "#2", ... A row is set aside where it repeats another and such
 * are dropped, where it has neither an age group nor a gender, and where its image is no regular file. No
 * image need be there. Errors (ERR_USAGE): a fold file that is not there or does not read; two rows of one
 * id. */
bool adience_list(struct manifest *m, struct err *e);

#endif
