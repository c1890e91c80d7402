#include "report/figure_letters.h"

#include "core/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct letters {
    uint32_t *code;
    size_t n, capacity;
};

static bool has(const struct letters *l, uint32_t code) {
    for (size_t i = 0; i < l->n; i++)
        if (l->code[i] == code)
            return true;
    return false;
}

static void add(struct letters *l, uint32_t code) {
    if (has(l, code))
        return;
    l->code = xgrow(l->code, &l->capacity, l->n + 1, sizeof *l->code);
    l->code[l->n++] = code;
}

static size_t letter_bytes(const char *at) {
    size_t n = str_utf8(at, strlen(at));
    return n ? n : 1;
}

/* Whether one font has all of these; -1: nobody knows. */
static int one_font_has(const uint32_t *code, size_t n) {
    struct str command = {0};
    str_add(&command, "fc-list ':charset=");
    for (size_t i = 0; i < n; i++)
        str_addf(&command, "%s%x", i ? " " : "", (unsigned)code[i]);
    str_add(&command, "' family 2>&-");
    FILE *fonts = popen(command.text, "re");
    str_free(&command);
    if (!fonts)
        return -1;
    bool any = fgetc(fonts) != EOF;
    while (fgetc(fonts) != EOF)
        continue;
    return pclose(fonts) == 0 ? any : -1;
}

static void find_missing(struct letters *missing, const uint32_t *code, size_t n) {
    int known = n ? one_font_has(code, n) : 1;
    if (known != 0)
        return;
    if (n == 1)
        add(missing, code[0]);
    else {
        find_missing(missing, code, n / 2);
        find_missing(missing, code + n / 2, n - n / 2);
    }
}

static void replace(struct str *script, const struct letters *missing) {
    struct str out = {0};
    for (const char *at = script->text; *at;) {
        size_t n = letter_bytes(at);
        if (n > 1 && has(missing, str_code(at, n)))
            str_addc(&out, '?');
        else
            str_addn(&out, at, n);
        at += n;
    }
    str_free(script);
    *script = out;
}

void letters_drawable(struct str *script, struct str *notes) {
    static const uint32_t latin[] = {'a'};
    struct letters used = {0}, missing = {0};
    for (const char *at = script->text; at && *at; at += letter_bytes(at))
        if (letter_bytes(at) > 1)
            add(&used, str_code(at, letter_bytes(at)));
    if (used.n && one_font_has(latin, 1) == 1)
        find_missing(&missing, used.code, used.n);
    if (missing.n) {
        replace(script, &missing);
        str_add(notes, "a ? stands for a letter that no font of this machine has; SVG keeps it\n");
    }
    free(used.code);
    free(missing.code);
}
