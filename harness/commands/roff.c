#include "commands/roff.h"

#include "core/escape.h"
#include "core/mem.h"
#include "core/version.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 76 };  /* bytes of a source line, more or less: mandoc complains of those above 80 */
enum { INDENT = 4 }; /* blanks before a line of code */

void roff_heading(struct str *out, const char *title) {
    str_add(out, ".SH ");
    escape_roff(out, title);
    str_addc(out, '\n');
}

/* A word; backquotes in it switch bold on and off. */
static void add_word(struct str *out, const char *word, size_t n, bool *bold) {
    if (*word == '`')
        str_add(out, "\\%"); /* what is typed is not hyphenated */
    for (size_t from = 0, to; from <= n; from = to + 1) {
        const char *quote = memchr(word + from, '`', n - from);
        to = quote ? (size_t)(quote - word) : n;
        char *piece = xstrndup(word + from, to - from);
        escape_roff(out, piece);
        free(piece);
        if (quote) {
            *bold = !*bold;
            str_add(out, *bold ? "\\fB" : "\\fP");
        }
    }
}

static void fill(struct str *out, const char *text) {
    bool bold = false;
    size_t column = 0;
    struct str word = {0};
    for (const char *at = text + strspn(text, " \n"); *at; at += strspn(at, " \n")) {
        size_t n = strcspn(at, " \n");
        str_clear(&word);
        add_word(&word, at, n, &bold);
        bool fits = column + 1 + word.len <= LINE;
        if (column)
            str_addc(out, fits ? ' ' : '\n');
        str_add(out, word.text);
        column = column && fits ? column + 1 + word.len : word.len;
        at += n;
    }
    str_addc(out, '\n');
    str_free(&word);
}

void roff_begin(struct str *out, const char *name, int section, const char *what) {
    char *title = xstrdup(name), *line = xasprintf("%s - %s", name, what);
    for (char *s = title; *s; s++)
        *s = (char)toupper((unsigned char)*s);
    str_add(out, ".TH ");
    escape_roff(out, title);
    str_addf(out, " %d \"\" \"dmtl %s\" \"dmtl\"\n.SH NAME\n", section, DMTL_VERSION);
    fill(out, line);
    free(line);
    free(title);
}

/* mandoc complains of a paragraph that begins behind a heading. */
static void begin_paragraph(struct str *out) {
    size_t line = out->len ? out->len - 1 : 0;
    while (line && out->text[line - 1] != '\n')
        line--;
    if (!out->len || !str_starts(out->text + line, ".SH "))
        str_add(out, ".PP\n");
}

void roff_paragraph(struct str *out, const char *text) {
    begin_paragraph(out);
    fill(out, text);
}

void roff_item(struct str *out, const char *bold, const char *italic, const char *text) {
    str_add(out, ".TP\n\\fB");
    escape_roff(out, bold);
    str_add(out, "\\fP");
    if (*italic) {
        str_add(out, "\\fI");
        escape_roff(out, italic);
        str_add(out, "\\fP");
    }
    str_addc(out, '\n');
    fill(out, text);
}

void roff_code_begin(struct str *out) {
    begin_paragraph(out);
    str_add(out, ".RS 4\n.nf\n");
}

void roff_code(struct str *out, const char *line) {
    escape_roff(out, line);
    str_addc(out, '\n');
}

void roff_code_end(struct str *out) {
    str_add(out, ".fi\n.RE\n");
}

/* ---- prose ---- */

/* One block, without the empty line behind it. */
static void add_block(struct str *out, const char *block) {
    if (!str_starts(block, "    ")) {
        roff_paragraph(out, block);
        return;
    }
    roff_code_begin(out);
    for (const char *at = block; at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL) {
        at += strspn(at, " ") < INDENT ? strspn(at, " ") : INDENT;
        char *line = xstrndup(at, strcspn(at, "\n"));
        roff_code(out, line);
        free(line);
    }
    roff_code_end(out);
}

void roff_prose(struct str *out, const char *text) {
    for (const char *at = text + strspn(text, "\n"); *at;) {
        const char *end = str_starts(at, "# ") ? strchr(at, '\n') : strstr(at, "\n\n");
        size_t n = end ? (size_t)(end - at) : strlen(at);
        while (n && at[n - 1] == '\n')
            n--;
        char *block = xstrndup(at, n);
        if (str_starts(block, "# "))
            roff_heading(out, block + 2);
        else
            add_block(out, block);
        free(block);
        at += n;
        at += strspn(at, "\n");
    }
}
