#include "check_suites.h"

#include "core/json.h"
#include "core/mem.h"
#include "core/rng.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static cJSON *parse(const char *text) {
    struct err e = {0};
    cJSON *value = json_parse("t.json", text, strlen(text), &e);
    ck_assert_msg(value != NULL, "%s", e.msg);
    return value;
}

static char *canonical(const char *text) {
    cJSON *value = parse(text);
    struct str out = {0};
    json_canonical(&out, value);
    cJSON_Delete(value);
    return str_detach(&out);
}

static const struct {
    const char *text;
    size_t n; /* 0: strlen */
    const char *message;
} refused[] = {
    {"", 0,
        "t.json: line 1, column 1: expected a value (an object, array, number, \"text\", true, "
        "false or null), found the end of the text"},
    {"{\"a\": 1} x", 0,
        "t.json: line 1, column 10: expected the end of the text behind the first value, found 'x'"},
    {"{\"a\": 1,\n \"b\": 2,\n \"a\": 3}", 0,
        "t.json: line 3, column 2: the key \"a\" stands twice in this object"},
    {"{\"a\": {\"\\u0062\": 1, \"b\": 2}}", 0,
        "t.json: line 1, column 21: the key \"b\" stands twice in this object"},
    {"{\"a\": 1,}", 0,
        "t.json: line 1, column 9: expected another key in double quotes behind the comma, found '}'"},
    {"{a: 1}", 0, "t.json: line 1, column 2: expected a key in double quotes or '}', found 'a'"},
    {"{\"a\" 1}", 0, "t.json: line 1, column 6: expected ':' behind the key, found '1'"},
    {"{\"a\": 1 \"b\": 2}", 0, "t.json: line 1, column 9: expected ',' or '}', found '\"'"},
    {"[1 2]", 0, "t.json: line 1, column 4: expected ',' or ']', found '2'"},
    {"[1,]", 0,
        "t.json: line 1, column 4: expected a value (an object, array, number, \"text\", true, false or null), found ']'"},
    {"[1, // one\n2]", 0,
        "t.json: line 1, column 5: expected a value (an object, array, number, \"text\", true, "
        "false or null), found '/' (JSON has no comments)"},
    {"[01]", 0, "t.json: line 1, column 2: a number has no leading zeros"},
    {"[-]", 0, "t.json: line 1, column 3: expected a digit, found ']'"},
    {"[1.]", 0, "t.json: line 1, column 4: expected a digit behind the decimal point, found ']'"},
    {"[1e+]", 0, "t.json: line 1, column 5: expected a digit in the exponent, found ']'"},
    {"[+1]", 0,
        "t.json: line 1, column 2: expected a value (an object, array, number, \"text\", true, false or null), found '+'"},
    {"[NaN]", 0,
        "t.json: line 1, column 2: expected a value (an object, array, number, \"text\", true, false or null), found 'N'"},
    {"[1e999]", 0,
        "t.json: line 1, column 2: this number is too large (the limit is about 1.8e308)"},
    {"\"a", 0, "t.json: line 1, column 3: expected a closing quote, found the end of the text"},
    {"\"a\nb\"", 0,
        "t.json: line 1, column 3: control character 0x0a in a text: write it as an escape (\\n, \\t, \\u00XX); is a closing quote missing?"},
    {"\"\\x41\"", 0,
        "t.json: line 1, column 3: expected one of \" \\ / b f n r t u behind a backslash, found 'x'"},
    {"\"\\u12g4\"", 0,
        "t.json: line 1, column 6: expected four hexadecimal digits behind \\u, found 'g'"},
    {"\"\\ud800\"", 0, "t.json: line 1, column 2: half of a surrogate pair"},
    {"\"\\ud800\\u0041\"", 0, "t.json: line 1, column 2: half of a surrogate pair"},
    {"\"\\udc00\"", 0, "t.json: line 1, column 2: half of a surrogate pair"},
    {"\"a\\u0000\"", 0, "t.json: line 1, column 3: a text cannot hold the character NUL"},
    {"[1,\0 2]", 7, "t.json: line 1, column 4: a NUL byte"},
    {"\"\xC3\xA9\xFF\"", 0, "t.json: line 1, column 3: byte 0xff is not valid UTF-8"},
    {"\"\xC0\xAF\"", 0, "t.json: line 1, column 2: byte 0xc0 is not valid UTF-8"},
    {"\"\xED\xA0\x80\"", 0, "t.json: line 1, column 2: byte 0xed is not valid UTF-8"},
    {"\"\xF4\x90\x80\x80\"", 0, "t.json: line 1, column 2: byte 0xf4 is not valid UTF-8"},
    {"\"\xE2\x82", 0, "t.json: line 1, column 2: byte 0xe2 is not valid UTF-8"},
    {"\xEF\xBB\xBF{}", 0,
        "t.json: line 1, column 1: begins with a byte order mark; save it as plain UTF-8"},
    {"tru", 0,
        "t.json: line 1, column 1: expected a value (an object, array, number, \"text\", true, false or null), found 't'"},
    {"truest", 0,
        "t.json: line 1, column 5: expected the end of the text behind the first value, found 's'"},
    {"{\"\xC3\xA9\xE2\x82\xAC\": \x01}", 0,
        "t.json: line 1, column 8: expected a value (an object, array, number, \"text\", true, false or null), found the control character 0x01"},
};

START_TEST(strict_reading_refuses) {
    struct err e = {0};
    size_t n = refused[_i].n ? refused[_i].n : strlen(refused[_i].text);
    ck_assert_ptr_null(json_parse("t.json", refused[_i].text, n, &e));
    ck_assert_str_eq(e.msg, refused[_i].message);
    ck_assert_int_eq(e.kind, ERR_USAGE);
}
END_TEST

START_TEST(depth_is_limited) {
    char text[131];
    memset(text, '[', 65);
    memset(text + 65, ']', 65);
    text[130] = '\0';
    struct err e = {0};
    ck_assert_ptr_null(json_parse("t.json", text, 130, &e));
    ck_assert_str_eq(e.msg, "t.json: line 1, column 65: nested more than 64 levels deep");
    struct err none = {0};
    cJSON *deepest = json_parse("t.json", text + 1, 128, &none);
    ck_assert_ptr_nonnull(deepest);
    cJSON_Delete(deepest);
}
END_TEST

START_TEST(a_missing_file_is_wrong_usage) {
    struct err e = {0};
    ck_assert_ptr_null(json_read("/nonexistent/grid.json", &e));
    ck_assert_str_eq(e.msg, "/nonexistent/grid.json: cannot be read: No such file or directory");
    ck_assert_int_eq(err_exit_code(&e), 2);
}
END_TEST

START_TEST(texts_are_read_exactly) {
    cJSON *v = parse("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u20AC\\ud83d\\ude00\"");
    ck_assert_str_eq(v->valuestring, "\"\\/\b\f\n\r\t\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
    cJSON_Delete(v);
}
END_TEST

/* cJSON's own look-up ignores case. */
START_TEST(members_have_exact_names) {
    cJSON *v = parse("{\"Seed\": 1, \"seed\": 2}");
    ck_assert_double_eq(json_get(v, "seed")->valuedouble, 2);
    ck_assert_ptr_null(json_get(v, "SEED"));
    ck_assert_ptr_null(json_get(NULL, "x"));
    ck_assert_ptr_null(json_get(json_get(v, "seed"), "x"));
    cJSON_Delete(v);
}
END_TEST

/* RFC 6901, section 5. */
START_TEST(pointers_of_rfc_6901) {
    cJSON *v = parse("{\"foo\": [\"bar\", \"baz\"], \"\": 0, \"a/b\": 1, \"c%d\": 2, \"e^f\": 3, "
                     "\"g|h\": 4, \"i\\\\j\": 5, \"k\\\"l\": 6, \" \": 7, \"m~n\": 8}");
    static const char *const pointer[] = {
        "/", "/a~1b", "/c%d", "/e^f", "/g|h", "/i\\j", "/k\"l", "/ ", "/m~0n"};
    ck_assert_ptr_eq(json_pointer_get(v, ""), v);
    ck_assert_int_eq(cJSON_GetArraySize(json_pointer_get(v, "/foo")), 2);
    ck_assert_str_eq(json_pointer_get(v, "/foo/0")->valuestring, "bar");
    for (int i = 0; i < 9; i++)
        ck_assert_double_eq(json_pointer_get(v, pointer[i])->valuedouble, i);
    static const char *const nothing[] = {"foo", "/foo/2", "/foo/00", "/foo/-", "/foo/-1", "/foo/",
        "/foo/99999999999", "/nope", "/m~n", "/m~2n", "/foo/0/x"};
    for (size_t i = 0; i < ARRAY_LEN(nothing); i++)
        ck_assert_msg(json_pointer_get(v, nothing[i]) == NULL, "%s", nothing[i]);
    cJSON_Delete(v);
}
END_TEST

START_TEST(pointers_set) {
    cJSON *v = parse("{\"a\": {\"b\": 1}, \"n\": 5}");
    struct err e = {0};
    ck_assert(json_pointer_set(v, "/a/b", cJSON_CreateNumber(2), &e));
    ck_assert(json_pointer_set(v, "/new/deep~1er", cJSON_CreateTrue(), &e));
    struct str out = {0};
    json_canonical(&out, v);
    ck_assert_str_eq(out.text, "{\"a\":{\"b\":2},\"n\":5,\"new\":{\"deep/er\":true}}");
    str_free(&out);
    ck_assert(!json_pointer_set(v, "/n/x", cJSON_CreateTrue(), &e));
    ck_assert_str_eq(e.msg, "/n/x: cannot be set, for what it stands in is no object");
    e = (struct err){0};
    ck_assert(!json_pointer_set(v, "a", cJSON_CreateTrue(), &e));
    ck_assert(strstr(e.msg, "\"a\" is no JSON pointer to a key") != NULL);
    e = (struct err){0};
    ck_assert(!json_pointer_set(v, "/a/x~y", cJSON_CreateTrue(), &e));
    ck_assert_str_eq(
        e.msg, "\"/a/x~y\" is no JSON pointer: ~ behind /a is followed by neither 0 nor 1");
    cJSON_Delete(v);
}
END_TEST

/* RFC 7396, appendix A. */
static const struct {
    const char *target, *patch, *result;
} merges[] = {
    {"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
    {"{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"},
    {"{\"a\":\"b\"}", "{\"a\":null}", "{}"},
    {"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"},
    {"{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
    {"{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}"},
    {"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}"},
    {"{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"},
    {"[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]"}, {"{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]"},
    {"{\"a\":\"foo\"}", "null", "null"}, {"{\"a\":\"foo\"}", "\"bar\"", "\"bar\""},
    {"{\"e\":null}", "{\"a\":1}", "{\"a\":1,\"e\":null}"},
    {"[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}"},
    {"{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}"},
    {"{\"A\":1}", "{\"a\":2}", "{\"A\":1,\"a\":2}"}, /* ours: case counts */
};

START_TEST(merge_patches_of_rfc_7396) {
    cJSON *patch = parse(merges[_i].patch), *v = json_merge_patch(parse(merges[_i].target), patch);
    struct str out = {0};
    json_canonical(&out, v);
    ck_assert_str_eq(out.text, merges[_i].result);
    str_free(&out);
    cJSON_Delete(v);
    cJSON_Delete(patch);
}
END_TEST

/* RFC 8785, appendix B, and numbers around a power of two where rounding to nearest takes a digit too
 * many (2^-44; CPython 3.11's repr gives the same digits). */
static const struct {
    uint64_t bits;
    const char *text;
} numbers[] = {
    {0x0000000000000000, "0"},
    {0x8000000000000000, "0"},
    {0x0000000000000001, "5e-324"},
    {0x8000000000000001, "-5e-324"},
    {0x7fefffffffffffff, "1.7976931348623157e+308"},
    {0xffefffffffffffff, "-1.7976931348623157e+308"},
    {0x4340000000000000, "9007199254740992"},
    {0xc340000000000000, "-9007199254740992"},
    {0x4430000000000000, "295147905179352830000"},
    {0x7fffffffffffffff, "null"},
    {0x7ff0000000000000, "null"},
    {0x44b52d02c7e14af5, "9.999999999999997e+22"},
    {0x44b52d02c7e14af6, "1e+23"},
    {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
    {0x444b1ae4d6e2ef4e, "999999999999999700000"},
    {0x444b1ae4d6e2ef4f, "999999999999999900000"},
    {0x444b1ae4d6e2ef50, "1e+21"},
    {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
    {0x3eb0c6f7a0b5ed8d, "0.000001"},
    {0x41b3de4355555553, "333333333.3333332"},
    {0x41b3de4355555554, "333333333.33333325"},
    {0x41b3de4355555555, "333333333.3333333"},
    {0x41b3de4355555556, "333333333.3333334"},
    {0x41b3de4355555557, "333333333.33333343"},
    {0xbecbf647612f3696, "-0.0000033333333333333333"},
    {0x43143ff3c1cb0959, "1424953923781206.2"},
    {0x3d30000000000000, "5.684341886080802e-14"},
    {0x3ff8000000000000, "1.5"},
    {0x3fb999999999999a, "0.1"},
};

START_TEST(numbers_as_ecmascript_prints_them) {
    double x;
    memcpy(&x, &numbers[_i].bits, sizeof x);
    struct str out = {0};
    json_add_number(&out, x);
    ck_assert_str_eq(out.text, numbers[_i].text);
    str_free(&out);
}
END_TEST

START_TEST(numbers_read_back_to_the_same_bits) {
    struct rng r = rng_open(1, RNG_TEST, 0, 0);
    struct str out = {0};
    for (int i = 0; i < 50000; i++) {
        uint64_t bits = (uint64_t)rng_u32(&r) << 32 | rng_u32(&r);
        double x, back;
        memcpy(&x, &bits, sizeof x);
        if (i % 2)
            x = rng_uniform(&r); /* the commonest kind */
        if (!isfinite(x))
            continue;
        str_clear(&out);
        json_add_number(&out, x);
        cJSON *v = parse(out.text);
        back = v->valuedouble;
        ck_assert_msg(memcmp(&x, &back, sizeof x) == 0, "%a printed as %s", x, out.text);
        cJSON_Delete(v);
    }
    str_free(&out);
}
END_TEST

/* RFC 8785, section 3.2.2 and 3.2.3: the sample input and its order by UTF-16 code units. */
START_TEST(canonical_form_of_rfc_8785) {
    char *a = canonical("{\n  \"numbers\": [333333333.33333329, 1E30, 4.50, 2e-3, "
                        "0.000000000000000000000000001],\n  \"string\": "
                        "\"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\",\n"
                        "  \"literals\": [null, true, false]\n}");
    ck_assert_str_eq(a, "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,"
                        "0.002,1e-27],\"string\":\"\xE2\x82\xAC$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
    free(a);
    char *b = canonical("{\"\\u20ac\": \"Euro Sign\", \"\\r\": \"Carriage Return\", \"\\ufb33\": "
                        "\"Hebrew Letter Dalet With Dagesh\", \"1\": \"One\", \"\\ud83d\\ude00\": "
                        "\"Emoji: Grinning Face\", \"\\u0080\": \"Control\", \"\\u00f6\": "
                        "\"Latin Small Letter O With Diaeresis\"}");
    static const char *const order[] = {
        "Carriage", "One", "Control", "Latin", "Euro", "Emoji", "Hebrew"};
    for (size_t i = 1; i < ARRAY_LEN(order); i++)
        ck_assert_msg(strstr(b, order[i - 1]) < strstr(b, order[i]), "%s", order[i]);
    free(b);
}
END_TEST

START_TEST(canonical_form_does_not_depend_on_how_it_was_written) {
    char *a = canonical("{\"b\": 1.0, \"a\": [ 1e0, \"\\u0041\" ], \"ab\": {}}");
    char *b = canonical("{\"ab\":{},\"a\":[1,\"A\"],\"b\":1}");
    ck_assert_str_eq(a, "{\"a\":[1,\"A\"],\"ab\":{},\"b\":1}");
    ck_assert_str_eq(a, b);
    free(a);
    free(b);
}
END_TEST

START_TEST(readable_form) {
    cJSON *v = parse("{\"b\":[1,2,[]],\"a\":{},\"c\":{\"d\":[{\"x\":null}]},\"e\":[]}");
    struct str out = {0};
    json_pretty(&out, v);
    ck_assert_str_eq(out.text,
        "{\n  \"b\": [1, 2, []],\n  \"a\": {},\n  \"c\": {\n    \"d\": [\n"
        "      {\n        \"x\": null\n      }\n    ]\n  },\n  \"e\": []\n}");
    cJSON *again = parse(out.text);
    ck_assert(cJSON_Compare(v, again, true));
    cJSON_Delete(again);
    cJSON_Delete(v);
    str_free(&out);
}
END_TEST

START_TEST(texts_are_escaped) {
    struct str out = {0};
    json_add_string(&out, "a\"b\\c\n\x01\x7F\xC3\xA9\xFF\xE2\x82`<b>");
    ck_assert_str_eq(
        out.text, "\"a\\\"b\\\\c\\n\\u0001\x7F\xC3\xA9\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD`<b>\"");
    str_free(&out);
}
END_TEST

Suite *json_suite(void) {
    Suite *s = suite_create("json");
    TCase *c = tcase_create("json");
    tcase_set_timeout(c, 30);
    tcase_add_loop_test(c, strict_reading_refuses, 0, (int)ARRAY_LEN(refused));
    tcase_add_test(c, depth_is_limited);
    tcase_add_test(c, a_missing_file_is_wrong_usage);
    tcase_add_test(c, texts_are_read_exactly);
    tcase_add_test(c, members_have_exact_names);
    tcase_add_test(c, pointers_of_rfc_6901);
    tcase_add_test(c, pointers_set);
    tcase_add_loop_test(c, merge_patches_of_rfc_7396, 0, (int)ARRAY_LEN(merges));
    tcase_add_loop_test(c, numbers_as_ecmascript_prints_them, 0, (int)ARRAY_LEN(numbers));
    tcase_add_test(c, numbers_read_back_to_the_same_bits);
    tcase_add_test(c, canonical_form_of_rfc_8785);
    tcase_add_test(c, canonical_form_does_not_depend_on_how_it_was_written);
    tcase_add_test(c, readable_form);
    tcase_add_test(c, texts_are_escaped);
    suite_add_tcase(s, c);
    return s;
}
