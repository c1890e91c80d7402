/* UTKFace's layout: one folder of images named AGE_GENDER_RACE_TIME.jpg. Names in the wild have
 * spaces, missing dots and odd times, so only the first three fields count. */
#ifndef DATA_UTKFACE_H
#define DATA_UTKFACE_H

#include "data/manifest.h"

#define UTKFACE_MAX_AGE 116 /* the set's own statement: ages 0 to 116 */

/* The largest number that a field of a name may have; each begins at 0. */
extern const int utkface_field_max[ATTR_COUNT];

/* Fills label[] (enum attribute) from a file's name. NULL, or why the name does not serve: one line for
 * people, the caller frees. */
char *utkface_parse_name(const char *name, int16_t label[ATTR_COUNT]);

/* Lists m->root into m->samples and m->aside, sorted, by m->reading, without contents. Errors (ERR_USAGE): no folder,
 * nothing in it, no usable name; they say what the folder should hold. A file whose name lacks
 * fields serves where the reading's corrections give it every label; a correction of no file is an error. */
bool utkface_list(struct manifest *m, struct err *e);

#endif
