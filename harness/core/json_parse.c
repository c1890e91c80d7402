/* A strict reader (RFC 8259) that builds cJSON's trees. cJSON's own parser takes trailing text,
 * duplicate keys, control characters in strings, "01" and "\u0000", and cuts numbers at 63 characters.
 */
#include "core/json.h"

#include "core/file.h"
#include "core/mem.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 64, MAX_FILE = 16 << 20 };

struct parser {
    const char *name, *text, *at, *end;
    int depth;
    struct err *e;
};

/* Trees that do not fit in memory end the process like everything else (mem.h). */
__attribute__((constructor)) static void use_our_memory(void) {
    cJSON_InitHooks(&(cJSON_Hooks){.malloc_fn = xmalloc, .free_fn = free});
}

__attribute__((format(printf, 3, 4))) static cJSON *fail(
    struct parser *p, const char *where, const char *fmt, ...) {
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    size_t line = 1, column = 1;
    for (const char *c = p->text; c < where; c++) {
        if (*c == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)*c & 0xC0) != 0x80) { /* a character's first byte */
            column++;
        }
    }
    err_usage(p->e, "%s: line %zu, column %zu: %s", p->name, line, column, text);
    return NULL;
}

static cJSON *expected(struct parser *p, const char *what) {
    if (p->at == p->end)
        return fail(p, p->at, "expected %s, found the end of the text", what);
    unsigned char c = (unsigned char)*p->at;
    if (c < 0x20 || c == 0x7F)
        return fail(p, p->at, "expected %s, found the control character 0x%02x", what, c);
    if (c == '/' || c == '#')
        return fail(p, p->at, "expected %s, found '%c' (JSON has no comments)", what, c);
    size_t n = str_utf8(p->at, (size_t)(p->end - p->at));
    return fail(p, p->at, "expected %s, found '%.*s'", what, (int)n, p->at);
}

static void skip_space(struct parser *p) {
    while (p->at < p->end && strchr(" \t\r\n", *p->at) && *p->at)
        p->at++;
}

static bool take(struct parser *p, char c) {
    skip_space(p);
    if (p->at == p->end || *p->at != c)
        return false;
    p->at++;
    return true;
}

static bool take_digits(struct parser *p) {
    const char *start = p->at;
    while (p->at < p->end && *p->at >= '0' && *p->at <= '9')
        p->at++;
    return p->at > start;
}

static bool at_any(const struct parser *p, const char *chars) {
    return p->at < p->end && *p->at && strchr(chars, *p->at);
}

static cJSON *parse_number(struct parser *p) {
    const char *start = p->at;
    if (*p->at == '-')
        p->at++;
    const char *integer = p->at;
    if (!take_digits(p))
        return expected(p, "a digit");
    if (*integer == '0' && p->at > integer + 1)
        return fail(p, integer, "a number has no leading zeros");
    if (at_any(p, ".")) {
        p->at++;
        if (!take_digits(p))
            return expected(p, "a digit behind the decimal point");
    }
    if (at_any(p, "eE")) {
        p->at++;
        if (at_any(p, "+-"))
            p->at++;
        if (!take_digits(p))
            return expected(p, "a digit in the exponent");
    }
    char *digits = xstrndup(start, (size_t)(p->at - start));
    double value = strtod(digits, NULL);
    free(digits);
    if (!isfinite(value))
        return fail(p, start, "this number is too large (the limit is about 1.8e308)");
    return cJSON_CreateNumber(value);
}

static bool parse_hex4(struct parser *p, uint32_t *unit) {
    *unit = 0;
    for (int i = 0; i < 4; i++, p->at++) {
        if (!at_any(p, "0123456789abcdefABCDEF"))
            return expected(p, "four hexadecimal digits behind \\u");
        char c = *p->at;
        *unit = *unit * 16 + (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return true;
}

static void add_code_point(struct str *out, uint32_t c) {
    if (c < 0x80) {
        str_addc(out, (char)c);
        return;
    }
    int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3; /* continuation bytes */
    static const unsigned char lead[] = {0, 0xC0, 0xE0, 0xF0};
    str_addc(out, (char)(lead[more] | c >> 6 * more));
    while (more-- > 0)
        str_addc(out, (char)(0x80 | (c >> 6 * more & 0x3F)));
}

/* Behind "\u": one unit, or a surrogate pair. */
static bool parse_unicode_escape(struct parser *p, struct str *out) {
    const char *start = p->at - 2;
    uint32_t c, low;
    if (!parse_hex4(p, &c))
        return false;
    if (c == 0)
        return fail(p, start, "a text cannot hold the character NUL");
    if (c >= 0xD800 && c < 0xE000) {
        bool pair = c < 0xDC00 && p->end - p->at >= 2 && p->at[0] == '\\' && p->at[1] == 'u';
        if (!pair)
            return fail(p, start, "half of a surrogate pair");
        p->at += 2;
        if (!parse_hex4(p, &low))
            return false;
        if (low < 0xDC00 || low > 0xDFFF)
            return fail(p, start, "half of a surrogate pair");
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
    }
    add_code_point(out, c);
    return true;
}

/* From the opening quote; NULL on failure, else the caller frees. */
static char *parse_text(struct parser *p) {
    static const char escape[] = "\"\\/bfnrt", meaning[] = "\"\\/\b\f\n\r\t";
    struct str out = {0};
    p->at++;
    while (p->at < p->end && *p->at != '"') {
        if ((unsigned char)*p->at < 0x20) {
            fail(p, p->at,
                "control character 0x%02x in a text: write it as an escape (\\n, \\t, "
                "\\u00XX); is a closing quote missing?",
                (unsigned char)*p->at);
            goto failed;
        }
        if (*p->at != '\\') {
            str_addc(&out, *p->at++);
            continue;
        }
        p->at++;
        if (at_any(p, "u")) {
            p->at++;
            if (!parse_unicode_escape(p, &out))
                goto failed;
        } else if (at_any(p, escape)) {
            str_addc(&out, meaning[strchr(escape, *p->at) - escape]);
            p->at++;
        } else {
            expected(p, "one of \" \\ / b f n r t u behind a backslash");
            goto failed;
        }
    }
    if (p->at == p->end) {
        expected(p, "a closing quote");
        goto failed;
    }
    p->at++;
    return str_detach(&out);
failed:
    str_free(&out);
    return NULL;
}

static cJSON *parse_value(struct parser *p);

static cJSON *parse_array(struct parser *p) {
    cJSON *array = cJSON_CreateArray();
    p->at++;
    if (take(p, ']'))
        return array;
    do {
        cJSON *item = parse_value(p);
        if (!item)
            goto failed;
        cJSON_AddItemToArray(array, item);
    } while (take(p, ','));
    if (take(p, ']'))
        return array;
    expected(p, "',' or ']'");
failed:
    cJSON_Delete(array);
    return NULL;
}

struct member {
    const char *name, *where;
};

static int compare_members(const void *a, const void *b) {
    const struct member *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : (x->where > y->where) - (x->where < y->where);
}

static bool names_differ(struct parser *p, struct member *members, size_t n) {
    const struct member *first = NULL;
    if (n > 1)
        qsort(members, n, sizeof *members, compare_members);
    for (size_t i = 1; i < n; i++)
        if (strcmp(members[i - 1].name, members[i].name) == 0 &&
            (!first || members[i].where < first->where))
            first = &members[i];
    if (first)
        fail(p, first->where, "the key \"%.200s\" stands twice in this object", first->name);
    return !first;
}

static cJSON *parse_object(struct parser *p) {
    cJSON *object = cJSON_CreateObject();
    struct member *members = NULL;
    size_t n = 0, capacity = 0;
    bool ok = false;
    p->at++;
    if (take(p, '}'))
        return object;
    do {
        skip_space(p);
        const char *where = p->at;
        if (!at_any(p, "\"")) {
            expected(p, n ? "another key in double quotes behind the comma"
                          : "a key in double quotes or '}'");
            goto done;
        }
        char *name = parse_text(p);
        if (!name)
            goto done;
        cJSON *item = NULL;
        if (!take(p, ':'))
            expected(p, "':' behind the key");
        else
            item = parse_value(p);
        if (item)
            cJSON_AddItemToObject(object, name, item);
        free(name);
        if (!item)
            goto done;
        members = xgrow(members, &capacity, n + 1, sizeof *members);
        members[n++] = (struct member){item->string, where};
    } while (take(p, ','));
    if (!take(p, '}'))
        expected(p, "',' or '}'");
    else
        ok = names_differ(p, members, n);
done:
    free(members);
    if (ok)
        return object;
    cJSON_Delete(object);
    return NULL;
}

static cJSON *parse_word(struct parser *p) {
    static const struct {
        const char *word;
        int type;
    } words[] = {{"true", cJSON_True}, {"false", cJSON_False}, {"null", cJSON_NULL}};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        size_t n = strlen(words[i].word);
        if ((size_t)(p->end - p->at) >= n && memcmp(p->at, words[i].word, n) == 0) {
            p->at += n;
            cJSON *item = cJSON_CreateNull();
            item->type = words[i].type;
            return item;
        }
    }
    return expected(p, "a value (an object, array, number, \"text\", true, false or null)");
}

static cJSON *parse_value(struct parser *p) {
    skip_space(p);
    if (at_any(p, "[{")) {
        if (p->depth == MAX_DEPTH)
            return fail(p, p->at, "nested more than %d levels deep", MAX_DEPTH);
        p->depth++;
        cJSON *item = *p->at == '[' ? parse_array(p) : parse_object(p);
        p->depth--;
        return item;
    }
    if (at_any(p, "\"")) {
        char *text = parse_text(p);
        cJSON *item = text ? cJSON_CreateString(text) : NULL;
        free(text);
        return item;
    }
    return at_any(p, "-0123456789") ? parse_number(p) : parse_word(p);
}

/* Checked for the whole text first, so that the rest may take a character as it finds it. */
static bool check_characters(struct parser *p) {
    if (p->end - p->text >= 3 && memcmp(p->text, "\xEF\xBB\xBF", 3) == 0)
        return fail(p, p->text, "begins with a byte order mark; save it as plain UTF-8");
    for (const char *c = p->text; c < p->end;) {
        size_t n = str_utf8(c, (size_t)(p->end - c));
        if (n == 0)
            return fail(p, c, "byte 0x%02x is not valid UTF-8", (unsigned char)*c);
        if (*c == '\0')
            return fail(p, c, "a NUL byte");
        c += n;
    }
    return true;
}

cJSON *json_parse(const char *name, const char *text, size_t n, struct err *e) {
    struct parser p = {.name = name, .text = text, .at = text, .end = text + n, .e = e};
    if (!check_characters(&p))
        return NULL;
    cJSON *value = parse_value(&p);
    skip_space(&p);
    if (value && p.at < p.end) {
        expected(&p, "the end of the text behind the first value");
        cJSON_Delete(value);
        return NULL;
    }
    return value;
}

cJSON *json_read(const char *path, struct err *e) {
    size_t n;
    char *text = file_read(path, MAX_FILE, &n, e);
    cJSON *value = text ? json_parse(path, text, n, e) : NULL;
    if (!text)
        e->kind = ERR_USAGE; /* a file that the user named */
    free(text);
    return value;
}
