/* Which program this is: provenance of every run. The commit is compiled into version.c alone, so a
 * commit rebuilds one file. */
#ifndef CORE_VERSION_H
#define CORE_VERSION_H

#include <stdbool.h>

#define DMTL_VERSION "0.1.0"

const char *version_commit(void); /* 40 hexadecimal digits; "unknown" where built outside git */
bool version_dirty(void);         /* built from a tree with changes that are not committed */

#endif
