/* Pieces of the HTML report. Each appends to the page; texts are escaped here. */
#ifndef REPORT_HTML_H
#define REPORT_HTML_H

#include "core/str.h"

#include <stdbool.h>
#include <stddef.h>

/* A text, inert, in an element that keeps the direction of its letters to itself. */
void html_name(struct str *out, const char *text);

/* "<td>" of a name, and of a number: `text` as it is shown, `value` what the page sorts by (NaN: none, sorted last). */
void html_name_cell(struct str *out, const char *text);
void html_number_cell(struct str *out, const char *text, double value);

/* A table that sorts, and with `filters` filters. html_table: its heading is of these texts, NULL ends; one that begins
 * with '#' is over numbers. Or html_table_begin, headings ("<th scope...") of the caller's, html_table_head_end. Then
 * rows, and html_table_end. */
void html_table(struct str *out, const char *caption, bool filters, const char *const *headings);
void html_table_begin(struct str *out, const char *caption, bool filters);
void html_table_head_end(struct str *out);
void html_table_end(struct str *out);

/* A file of text in the page, "data:TYPE,...": as an address for a link or a picture, in double quotes. What would end the
 * address or be taken for markup is written by its number, and colons, so that a search for addresses finds none; base64
 * would take a third more. */
void html_data_address(struct str *out, const char *type, const char *bytes, size_t n);

/* JSON for the page's script: `<` is written as an escape, so that no text ends the element. */
void html_json(struct str *out, const char *id, const struct str *json);

#endif
