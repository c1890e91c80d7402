/* Writes manual pages: text of ours in, man(7) macros out, for groff and mandoc alike. Words in `backquotes` become
 * bold, as they are typed. */
#ifndef COMMANDS_ROFF_H
#define COMMANDS_ROFF_H

#include "core/str.h"

/* ".TH" and NAME: `name` is "dmtl-run", `section` 1 or 5, `what` one line. No date: the version says which it is. */
void roff_begin(struct str *out, const char *name, int section, const char *what);
void roff_heading(struct str *out, const char *title);
/* One paragraph, filled; `text` has no line breaks. */
void roff_paragraph(struct str *out, const char *text);
/* An entry of a list: a tag that is `bold`, what is put in its place (may be ""), and words on it. */
void roff_item(struct str *out, const char *bold, const char *italic, const char *text);
/* A line that is not filled, between roff_code_begin and roff_code_end. */
void roff_code_begin(struct str *out);
void roff_code(struct str *out, const char *line);
void roff_code_end(struct str *out);

/* Paragraphs with empty lines between; a block of lines with four blanks in front is code; a line "# TITLE" is a
 * heading. */
void roff_prose(struct str *out, const char *text);

#endif
