#include "core/escape.h"

#include <string.h>

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

/* The length of the valid UTF-8 character at s, or 0 (RFC 3629: no overlong forms, no surrogates). */
static size_t utf8_length(const unsigned char *s) {
    if (s[0] < 0x80)
        return 1;
    size_t n = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
    if (s[0] < 0xC2 || s[0] > 0xF4)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) ||
        (s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F))
        return 0;
    return n;
}

/* C0 and C1 controls, and the characters that reorder or hide text (bidirectional overrides, U+2028). */
static bool is_control(const unsigned char *s, size_t n) {
    if (n == 1)
        return s[0] < 0x20 || s[0] == 0x7F;
    if (n == 2)
        return s[0] == 0xC2 && s[1] < 0xA0;
    return n == 3 && s[0] == 0xE2 &&
           ((s[1] == 0x80 && s[2] >= 0xA8 && s[2] <= 0xAE) ||
               (s[1] == 0x81 && s[2] >= 0xA6 && s[2] <= 0xA9));
}

/* Walks `text` a character at a time; `keep_breaks` leaves CR, LF and tab in place. `special` gives the
 * replacement of an ASCII character, or NULL. */
static void walk(
    struct str *out, const char *text, bool keep_breaks, const char *(*special)(char)) {
    const unsigned char *s = (const unsigned char *)text;
    while (*s) {
        size_t n = utf8_length(s);
        const char *instead = n == 1 && special ? special((char)*s) : NULL;
        if (n == 0)
            str_add(out, REPLACEMENT);
        else if (is_control(s, n) && !(keep_breaks && strchr("\r\n\t", *s)))
            str_addc(out, ' ');
        else if (instead)
            str_add(out, instead);
        else
            str_addn(out, (const char *)s, n);
        s += n ? n : 1;
    }
}

void escape_line(struct str *out, const char *text) {
    walk(out, text, false, NULL);
}

static const char *markdown_special(char c) {
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '|':
        return "&#124;";
    case '`':
        return "&#96;";
    case '*':
        return "&#42;";
    case '_':
        return "&#95;";
    case '[':
        return "&#91;";
    case ']':
        return "&#93;";
    case '\\':
        return "&#92;";
    case '~':
        return "&#126;";
    case '$':
        return "&#36;";
    case '#':
        return "&#35;";
    case '"':
        return "&quot;";
    }
    return NULL;
}

void escape_markdown(struct str *out, const char *text) {
    walk(out, text, false, markdown_special);
}

static const char *csv_special(char c) {
    return c == '"' ? "\"\"" : NULL;
}

void escape_csv(struct str *out, const char *text) {
    bool formula = *text && strchr("=+-@\t\r", *text);
    bool quoted = strpbrk(text, ",\"\r\n") != NULL;
    if (quoted)
        str_addc(out, '"');
    if (formula)
        str_addc(out, '\'');
    walk(out, text, true, csv_special);
    if (quoted)
        str_addc(out, '"');
}

/* Whether a terminal shows all of the text as it is. */
static bool is_shown(const char *text) {
    const unsigned char *s = (const unsigned char *)text;
    size_t n = 1;
    for (; *s && n; s += n)
        n = is_control(s, utf8_length(s)) ? 0 : utf8_length(s);
    return n > 0;
}

static void shell_word(struct str *out, const char *prefix, const char *text) {
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
    if (*text && !text[strspn(text, plain)]) {
        str_addf(out, "%s%s", prefix, text);
        return;
    }
    bool shown = is_shown(text);
    str_addf(out, "%s%s", shown ? "'" : "$'", prefix);
    for (const unsigned char *s = (const unsigned char *)text; *s; s++) {
        if (shown)
            str_add(out, *s == '\'' ? "'\\''" : (char[]){(char)*s, 0});
        else if (*s == '\'' || *s == '\\')
            str_addf(out, "\\%c", *s);
        else if (*s < 0x20 || *s > 0x7E)
            str_addf(out, "\\%03o", *s);
        else
            str_addc(out, (char)*s);
    }
    str_addc(out, '\'');
}

void escape_shell(struct str *out, const char *text) {
    shell_word(out, *text == '-' ? "./" : "", text);
}

void escape_shell_word(struct str *out, const char *text) {
    shell_word(out, "", text);
}

static const char *gnuplot_special(char c) {
    return c == '\'' ? "''" : NULL;
}

void escape_gnuplot(struct str *out, const char *text) {
    str_addc(out, '\'');
    walk(out, text, false, gnuplot_special);
    str_addc(out, '\'');
}

static const char *roff_special(char c) {
    switch (c) {
    case '\\':
        return "\\(rs";
    case '-':
        return "\\-";
    case '\'':
        return "\\(aq";
    case '"':
        return "\\(dq";
    case '`':
        return "\\(ga";
    case '^':
        return "\\(ha";
    case '~':
        return "\\(ti";
    }
    return NULL;
}

void escape_roff(struct str *out, const char *text) {
    if (*text == '.')
        str_add(out, "\\&");
    walk(out, text, false, roff_special);
}
