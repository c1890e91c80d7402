/* Which words fit where a shell's user presses Tab, by the verbs' own tables: verbs, options, the values of
 * options, forms of arguments, keys of a grid file, grids. */
#ifndef COMMANDS_COMPLETION_WORDS_H
#define COMMANDS_COMPLETION_WORDS_H

#include "core/str.h"

#include <stddef.h>

/* Appends a line for each word that may stand in place of the last of the n words behind "dmtl" (n > 0), which is
 * being typed: the word, a tab, and its help in one line. A word that ends in "=" or ":" wants more behind it. Where files fit there is
 * a line ":files GLOB PREFIX" too, for folders ":folders * PREFIX": the last word without PREFIX, which may be
 * empty, is a path's beginning. */
void completion_words(struct str *out, const char *const *words, size_t n);

#endif
