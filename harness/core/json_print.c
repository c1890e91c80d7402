#include "core/json.h"

#include "core/mem.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void json_add_string(struct str *out, const char *text) {
    static const char meaning[] = "\"\\\b\f\n\r\t", escape[] = "\"\\bfnrt";
    str_addc(out, '"');
    for (const char *c = text, *end = text + strlen(text); c < end;) {
        size_t n = str_utf8(c, (size_t)(end - c));
        const char *special = strchr(meaning, *c);
        if (n == 0)
            str_add(out, "\xEF\xBF\xBD"); /* U+FFFD, the replacement character */
        else if (special)
            str_addf(out, "\\%c", escape[special - meaning]);
        else if ((unsigned char)*c < 0x20)
            str_addf(out, "\\u%04x", (unsigned)(unsigned char)*c);
        else
            str_addn(out, c, n);
        c += n ? n : 1;
    }
    str_addc(out, '"');
}

/* The decimal digits of d.ddd x 10^exponent. */
struct decimal {
    char digits[20];
    int exponent;
};

static double decimal_value(const struct decimal *d) {
    char text[40];
    snprintf(text, sizeof text, "%c.%se%d", d->digits[0], d->digits[1] ? d->digits + 1 : "0",
        d->exponent);
    return strtod(text, NULL);
}

static struct decimal rounded(double x, int precision) {
    char text[40];
    struct decimal d = {{0}, 0};
    snprintf(text, sizeof text, "%.*e", precision - 1, x);
    char *e = strchr(text, 'e');
    d.exponent = atoi(e + 1);
    d.digits[0] = text[0];
    if (precision > 1)
        memcpy(d.digits + 1, text + 2, (size_t)precision - 1);
    return d;
}

/* The next larger number of as many digits. */
static struct decimal next_up(struct decimal d) {
    size_t i = strlen(d.digits);
    while (i > 0 && d.digits[i - 1] == '9')
        d.digits[--i] = '0';
    if (i > 0) {
        d.digits[i - 1]++;
    } else {
        d.digits[0] = '1';
        d.exponent++;
    }
    return d;
}

/* The fewest digits that read back as x > 0, and of those the nearest to x. Rounding to nearest finds
 * them except at a power of two, where the gap above is twice the gap below: there the nearest decimal
 * may lie below and read back as another number while the one above it is x's. */
static struct decimal shortest(double x) {
    struct decimal d = {{0}, 0};
    for (int precision = 1; precision <= 17; precision++) {
        d = rounded(x, precision);
        if (decimal_value(&d) == x)
            return d;
        struct decimal up = next_up(d);
        if (decimal_value(&up) == x)
            return up;
    }
    return d;
}

/* ECMA-262, Number::toString: n digits before the point where that is 1 to 21, zeros in front of at
 * most six decimals, else an exponent. */
void json_add_number(struct str *out, double x) {
    if (!isfinite(x)) {
        str_add(out, "null");
        return;
    }
    if (x == 0) { /* minus zero too */
        str_addc(out, '0');
        return;
    }
    if (x < 0)
        str_addc(out, '-');
    struct decimal d = shortest(fabs(x));
    int k = (int)strlen(d.digits), n = d.exponent + 1;
    if (n > 21 || n < -5) {
        str_addf(out, "%c%s%se%+d", d.digits[0], k > 1 ? "." : "", d.digits + 1, n - 1);
    } else if (n <= 0) {
        str_addf(out, "0.%.*s%s", -n, "00000", d.digits);
    } else if (n < k) {
        str_addf(out, "%.*s.%s", n, d.digits, d.digits + n);
    } else {
        str_add(out, d.digits);
        for (int i = k; i < n; i++)
            str_addc(out, '0');
    }
}

/* The UTF-16 code units of a valid UTF-8 text, one a call; 0 at the end. */
struct utf16 {
    const unsigned char *at;
    uint32_t low; /* the pending half of a pair, or 0 */
};

static uint32_t next_unit(struct utf16 *u) {
    uint32_t c = u->low;
    if (c) {
        u->low = 0;
        return c;
    }
    c = *u->at;
    if (c == 0)
        return 0;
    u->at++;
    int more = c < 0xC0 ? 0 : c < 0xE0 ? 1 : c < 0xF0 ? 2 : 3;
    if (more)
        c &= 0x3Fu >> more;
    for (; more > 0 && *u->at; more--)
        c = c << 6 | (*u->at++ & 0x3Fu);
    if (c < 0x10000)
        return c;
    u->low = 0xDC00 | ((c - 0x10000) & 0x3FF);
    return 0xD800 | (c - 0x10000) >> 10;
}

static int compare_names(const void *a, const void *b) {
    struct utf16 x = {(const unsigned char *)(*(cJSON *const *)a)->string, 0};
    struct utf16 y = {(const unsigned char *)(*(cJSON *const *)b)->string, 0};
    for (;;) {
        uint32_t p = next_unit(&x), q = next_unit(&y);
        if (p != q)
            return p < q ? -1 : 1;
        if (p == 0)
            return 0;
    }
}

static void add_scalar(struct str *out, const cJSON *value) {
    if (cJSON_IsString(value))
        json_add_string(out, value->valuestring);
    else if (cJSON_IsNumber(value))
        json_add_number(out, value->valuedouble);
    else
        str_add(out, cJSON_IsTrue(value) ? "true" : cJSON_IsFalse(value) ? "false" : "null");
}

void json_canonical(struct str *out, const cJSON *value) {
    const cJSON *child;
    if (cJSON_IsArray(value)) {
        str_addc(out, '[');
        cJSON_ArrayForEach(child, value) {
            json_canonical(out, child);
            if (child->next)
                str_addc(out, ',');
        }
        str_addc(out, ']');
    } else if (cJSON_IsObject(value)) {
        size_t n = (size_t)cJSON_GetArraySize(value), i = 0;
        const cJSON **members = xcalloc(n, sizeof *members);
        cJSON_ArrayForEach(child, value) members[i++] = child;
        if (n > 1)
            qsort(members, n, sizeof *members, compare_names);
        str_addc(out, '{');
        for (i = 0; i < n; i++) {
            if (i)
                str_addc(out, ',');
            json_add_string(out, members[i]->string);
            str_addc(out, ':');
            json_canonical(out, members[i]);
        }
        str_addc(out, '}');
        free(members);
    } else {
        assert(!cJSON_IsNumber(value) || isfinite(value->valuedouble));
        add_scalar(out, value);
    }
}

/* Appends "[1, 2, 3]" where the array holds scalars alone and that is short; else nothing. */
static bool add_short_array(struct str *out, const cJSON *array) {
    enum { SHORT = 80 };
    size_t start = out->len;
    const cJSON *child;
    str_addc(out, '[');
    cJSON_ArrayForEach(child, array) {
        bool fits = !child->child && !cJSON_IsObject(child) && out->len - start < SHORT;
        if (!fits) {
            out->len = start;
            out->text[start] = '\0';
            return false;
        }
        if (cJSON_IsArray(child))
            str_add(out, "[]");
        else
            add_scalar(out, child);
        if (child->next)
            str_add(out, ", ");
    }
    str_addc(out, ']');
    return true;
}

static void pretty(struct str *out, const cJSON *value, int level) {
    bool array = cJSON_IsArray(value), object = cJSON_IsObject(value);
    if (!array && !object) {
        add_scalar(out, value);
        return;
    }
    if (array && add_short_array(out, value))
        return;
    if (!value->child) {
        str_add(out, "{}");
        return;
    }
    str_addc(out, array ? '[' : '{');
    const cJSON *child;
    cJSON_ArrayForEach(child, value) {
        str_addf(out, "\n%*s", 2 * (level + 1), "");
        if (object) {
            json_add_string(out, child->string);
            str_add(out, ": ");
        }
        pretty(out, child, level + 1);
        if (child->next)
            str_addc(out, ',');
    }
    str_addf(out, "\n%*s%c", 2 * level, "", array ? ']' : '}');
}

void json_pretty(struct str *out, const cJSON *value) {
    pretty(out, value, 0);
}
