/* Names come from files and may hold anything: quotes, backquotes, newlines, markup. Each function
 * appends `text` so that it is inert in one kind of output. Bytes that are no valid UTF-8 become
 * U+FFFD, control characters a space. */
#ifndef CORE_ESCAPE_H
#define CORE_ESCAPE_H

#include "core/str.h"

/* One line of plain text: for terminals and logs (no escape sequence survives). */
void escape_line(struct str *out, const char *text);

/* A table cell or heading in Markdown: markup characters as HTML entities, so that neither Markdown nor
 * HTML inside it acts, and a `|` does not end the cell. */
void escape_markdown(struct str *out, const char *text);

/* Text in HTML, within elements and in attributes in double quotes. */
void escape_html(struct str *out, const char *text);

/* A field of RFC 4180, quoted where it must be; newlines stay, in quotes. A text that a spreadsheet would
 * run as a formula (first character = + - @, tab or return) gets a leading apostrophe. For text only:
 * numbers are written as they are. */
void escape_csv(struct str *out, const char *text);

/* A word of a shell command that a message shows, to be typed or copied: as it is where it is plain, else in
 * single quotes; with control characters or bytes that are no UTF-8, these in $'...' as octal numbers. One
 * that would read as an option gets "./" in front: for names of files and of grids. */
void escape_shell(struct str *out, const char *text);
/* The same of a word that is no name of a file: "-x" and "--only=-x" stay as they are. */
void escape_shell_word(struct str *out, const char *text);

/* Text of LaTeX, in a cell, a caption or a paragraph, set as it reads: no ligatures, and long words may be broken. What
 * pdflatex cannot set with UTF-8 input and the T1 encoding (scripts that are not Latin, emoji) becomes its number in
 * brackets, [U+05D0]. */
void escape_latex(struct str *out, const char *text);

/* A single-quoted gnuplot string with its quotes: gnuplot runs no backquotes and reads no escapes inside;
 * a quote is doubled. Text must be drawn `noenhanced`. */
void escape_gnuplot(struct str *out, const char *text);

/* Text of a manual page, for troff and mandoc: no escape, no request and no macro of it acts, wherever in a line
 * it stands, and hyphens and quotes stay those of ASCII, to be copied. No newline survives. */
void escape_roff(struct str *out, const char *text);

#endif
