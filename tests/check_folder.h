/* A temporary folder for a test: made empty, filled, removed with all that is in it. Failures of the
 * test's own surroundings end the test. */
#ifndef CHECK_FOLDER_H
#define CHECK_FOLDER_H

#include <stddef.h>

char *folder_new(void);              /* the caller gives it to folder_remove, which frees it */
char *folder_copy(const char *from); /* a new one with all that is in `from` */
void folder_remove(char *dir);       /* NULL is fine */
char *folder_sub(const char *dir, const char *name); /* makes dir/name; the caller frees the path */
void folder_put(const char *dir, const char *name, const void *bytes, size_t n);
void folder_put_text(const char *dir, const char *name, const char *text);

#endif
