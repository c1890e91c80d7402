#include "report/html.h"

#include "core/escape.h"
#include "core/json.h"
#include "core/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void html_name(struct str *out, const char *text) {
    str_add(out, "<bdi>");
    escape_html(out, text);
    str_add(out, "</bdi>");
}

void html_name_cell(struct str *out, const char *text) {
    str_add(out, "<td>");
    html_name(out, text);
    str_add(out, "</td>");
}

void html_number_cell(struct str *out, const char *text, double value) {
    str_add(out, "<td class=\"number\" data-value=\"");
    if (isfinite(value))
        json_add_number(out, value);
    str_add(out, "\">");
    escape_html(out, text);
    str_add(out, "</td>");
}

void html_table_begin(struct str *out, const char *caption, bool filters) {
    str_add(out, "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"");
    escape_html(out, caption);
    str_addf(out, "\"><table class=\"sortable%s\"><caption>", filters ? " filterable" : "");
    escape_html(out, caption);
    str_add(out, "</caption><thead><tr>");
}

void html_table_head_end(struct str *out) {
    str_add(out, "</tr></thead><tbody>\n");
}

void html_table(struct str *out, const char *caption, bool filters, const char *const *headings) {
    html_table_begin(out, caption, filters);
    for (; *headings; headings++) {
        bool number = **headings == '#';
        str_add(out, number ? "<th scope=\"col\" class=\"number\">" : "<th scope=\"col\">");
        escape_html(out, *headings + number);
        str_add(out, "</th>");
    }
    html_table_head_end(out);
}

void html_table_end(struct str *out) {
    str_add(out, "</tbody></table></div>\n");
}

void html_data_address(struct str *out, const char *type, const char *bytes, size_t n) {
    str_addf(out, "data:%s,", type);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c < ' ' || c > '~' || strchr("\"#%&:<>?\\", c) || (c == ' ' && i + 1 == n))
            str_addf(out, "%%%02X", c);
        else
            str_addc(out, (char)c);
    }
}

void html_json(struct str *out, const char *id, const struct str *json) {
    str_addf(out, "<script type=\"application/json\" id=\"%s\">", id);
    for (const char *at = json->text, *end = at + json->len; at < end; at++)
        if (*at == '<')
            str_add(out, "\\u003c");
        else
            str_addc(out, *at);
    str_add(out, "</script>\n");
}
