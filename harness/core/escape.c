#include "core/escape.h"

#include "core/mem.h"

#include <stdint.h>
#include <string.h>

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

/* The length of the valid UTF-8 character at s, or 0. */
static size_t utf8_length(const unsigned char *s) {
    return str_utf8((const char *)s, strnlen((const char *)s, 4));
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

/* What is markup in elements and in attributes in double quotes. */
static const char *markup_special(char c) {
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    }
    return NULL;
}

static const char *markdown_special(char c) {
    switch (c) {
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
    }
    return markup_special(c);
}

void escape_markdown(struct str *out, const char *text) {
    walk(out, text, false, markdown_special);
}

static const char *html_special(char c) {
    return c == '\'' ? "&#39;" : markup_special(c);
}

void escape_html(struct str *out, const char *text) {
    walk(out, text, false, html_special);
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

/* ---- LaTeX ---- */

static const char *latex_special(char c) {
    switch (c) {
    case '\\':
        return "\\textbackslash{}";
    case '^':
        return "\\textasciicircum{}";
    case '~':
        return "\\textasciitilde{}";
    case '|':
        return "\\textbar{}";
    case '<':
        return "\\textless{}";
    case '>':
        return "\\textgreater{}";
    case '{':
        return "\\{";
    case '}':
        return "\\}";
    case '$':
        return "\\$";
    case '&':
        return "\\&";
    case '#':
        return "\\#";
    case '%':
        return "\\%";
    case '_':
        return "\\_";
    case '"':
        return "{\\char34}"; /* babel may have made the character a command */
    case '[':                /* behind a line's end it would begin an argument, as * would */
        return "{[}";
    case ']':
        return "{]}";
    case '*':
        return "{*}";
    case '`': /* behind ? and ! it would turn these over */
        return "{`}";
    }
    return NULL;
}

struct latex_symbol {
    uint32_t code;
    const char *text;
};
static const struct latex_symbol latex_symbols[] = {{0xA0, "~"}, {0xA3, "\\pounds{}"},
    {0xA7, "\\S{}"}, {0xA9, "\\copyright{}"}, {0xB0, "$^\\circ$"}, {0xB1, "$\\pm$"}, {0xB2, "$^2$"},
    {0xB3, "$^3$"}, {0xB5, "$\\mu$"}, {0xB6, "\\P{}"}, {0xB7, "$\\cdot$"}, {0xB9, "$^1$"},
    {0xD7, "$\\times$"}, {0xF7, "$\\div$"}, {0x393, "$\\Gamma$"}, {0x394, "$\\Delta$"},
    {0x398, "$\\Theta$"}, {0x39B, "$\\Lambda$"}, {0x3A0, "$\\Pi$"}, {0x3A3, "$\\Sigma$"},
    {0x3A6, "$\\Phi$"}, {0x3A8, "$\\Psi$"}, {0x3A9, "$\\Omega$"}, {0x3B1, "$\\alpha$"},
    {0x3B2, "$\\beta$"}, {0x3B3, "$\\gamma$"}, {0x3B4, "$\\delta$"}, {0x3B5, "$\\varepsilon$"},
    {0x3B6, "$\\zeta$"}, {0x3B7, "$\\eta$"}, {0x3B8, "$\\theta$"}, {0x3BA, "$\\kappa$"},
    {0x3BB, "$\\lambda$"}, {0x3BC, "$\\mu$"}, {0x3BD, "$\\nu$"}, {0x3BE, "$\\xi$"},
    {0x3C0, "$\\pi$"}, {0x3C1, "$\\rho$"}, {0x3C3, "$\\sigma$"}, {0x3C4, "$\\tau$"},
    {0x3C6, "$\\varphi$"}, {0x3C7, "$\\chi$"}, {0x3C8, "$\\psi$"}, {0x3C9, "$\\omega$"},
    {0x2010, "{-}"}, {0x2011, "{-}"}, {0x2013, "\\textendash{}"}, {0x2014, "\\textemdash{}"},
    {0x2018, "\\textquoteleft{}"}, {0x2019, "\\textquoteright{}"}, {0x201C, "\\textquotedblleft{}"},
    {0x201D, "\\textquotedblright{}"}, {0x2020, "\\dag{}"}, {0x2021, "\\ddag{}"},
    {0x2022, "$\\bullet$"}, {0x2026, "\\dots{}"}, {0x2190, "$\\leftarrow$"},
    {0x2192, "$\\rightarrow$"}, {0x2212, "$-$"}, {0x221E, "$\\infty$"}, {0x2248, "$\\approx$"},
    {0x2260, "$\\neq$"}, {0x2264, "$\\leq$"}, {0x2265, "$\\geq$"}};

/* The letters of the T1 encoding and what it makes of them, by LaTeX's own table (t1enc.dfu). */
static const uint32_t latex_letters[][2] = {{0xA1, 0xA1}, {0xAB, 0xAB}, {0xBB, 0xBB}, {0xBF, 0xD6},
    {0xD8, 0xF6}, {0xF8, 0x125}, {0x128, 0x137}, {0x139, 0x13E}, {0x141, 0x148}, {0x14A, 0x165},
    {0x168, 0x17E}, {0x218, 0x21B}};

/* One character; how many it is shown as. */
static int latex_character(struct str *out, const unsigned char *s, size_t n) {
    uint32_t code = n ? str_code((const char *)s, n) : 0xFFFD;
    if (n && is_control(s, n)) {
        str_addc(out, ' ');
        return 1;
    }
    if (n == 1) {
        const char *instead = latex_special((char)*s);
        str_addn(out, instead ? instead : (const char *)s, instead ? strlen(instead) : 1);
        if (strchr("-',", *s) && (s[1] == *s || !s[1]))
            str_add(out, "{}"); /* two of them would be a dash, or one quote */
        return 1;
    }
    for (size_t i = 0; i < ARRAY_LEN(latex_symbols); i++)
        if (latex_symbols[i].code == code) {
            str_add(out, latex_symbols[i].text);
            return 1;
        }
    for (size_t i = 0; i < ARRAY_LEN(latex_letters); i++)
        if (code >= latex_letters[i][0] && code <= latex_letters[i][1]) {
            str_addn(out, (const char *)s, n);
            return 1;
        }
    str_addf(out, "{[}U+%04X{]}", (unsigned)code);
    return 8;
}

/* No word of text has more bytes. One that has may be broken behind punctuation, and after so many letters without. */
enum { LONG_WORD = 20, BREAK_AFTER = 10, BREAK_BEHIND_POINT = 3 };

static bool may_break(const char *text, const char *at, size_t word, int shown, int last) {
    bool point = at > text && strchr("._=/:;-+", at[-1]) && shown >= BREAK_BEHIND_POINT;
    return last > 1 ||
           (word > LONG_WORD && (point || shown >= BREAK_AFTER)); /* last > 1: [U+05D0] */
}

void escape_latex(struct str *out, const char *text) {
    const char *s = text;
    size_t word = strcspn(text, " ");
    for (int shown = 0, last = 1; *s;) {
        size_t n = utf8_length((const unsigned char *)s);
        if (*s == ' ') {
            word = strcspn(s + 1, " ");
            shown = 0;
        } else if (may_break(text, s, word, shown, last)) {
            str_add(out, "\\allowbreak{}");
            shown = 0;
        }
        last = latex_character(out, (const unsigned char *)s, n);
        shown += last;
        s += n ? n : 1;
    }
}

/* ---- gnuplot ---- */

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
