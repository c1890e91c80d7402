/* The member "gates" of a grid file, and how its rules judge. */
#include "check_suites.h"

#include "core/mem.h"
#include "grid/grid.h"
#include "grid/split_gates.h"

#include <stdlib.h>
#include <string.h>

static struct gate_rules read_rules(const char *text, struct err *e) {
    struct gate_rules r = gate_rules_default;
    cJSON *object = json_parse("g.json", text, strlen(text), e);
    if (object)
        gate_rules_read(&r, object, "g.json", "/gates", e);
    cJSON_Delete(object);
    return r;
}

START_TEST(rules_are_read) {
    struct err e = {0};
    struct gate_rules r =
        read_rules("{\"albums\": \"pass\", \"shift\": {\"action\": \"refuse\", \"v\": 0.05}, "
                   "\"size\": {\"width\": 0.1}, \"groups\": {\"samples\": 3}}",
            &e);
    ck_assert_msg(e.kind == ERR_NONE, "%s", e.msg);
    ck_assert_int_eq(r.action[GATE_ALBUMS], ACTION_PASS);
    ck_assert_int_eq(r.action[GATE_SHIFT], ACTION_REFUSE);
    ck_assert_int_eq(r.action[GATE_SIZE], ACTION_WARN);
    ck_assert_int_eq(r.action[GATE_CONTENTS], ACTION_UNLESS_LEAKY);
    ck_assert_double_eq(r.bounds.shift_v, 0.05);
    ck_assert_double_eq(r.bounds.shift_p, 0.001);
    ck_assert_double_eq(r.bounds.size_width, 0.1);
    ck_assert_double_eq(r.bounds.groups_n, 3);
}
END_TEST

/* What a worker is told is what the file said. */
START_TEST(rules_are_handed_on) {
    struct err e = {0};
    struct gate_rules r = read_rules("{\"subjects\": \"refuse\", \"shift\": {\"p\": 0.02}}", &e);
    char *text = gate_rules_text(&r);
    struct gate_rules back = read_rules(text, &e);
    ck_assert_msg(e.kind == ERR_NONE, "%s", e.msg);
    for (int g = 0; g < GATE_COUNT; g++)
        ck_assert_int_eq(back.action[g], r.action[g]);
    ck_assert_double_eq(back.bounds.shift_p, 0.02);
    ck_assert_double_eq(back.bounds.size_width, 0.2);
    free(text);
}
END_TEST

static const struct {
    const char *rules, *message;
} refused[] = {
    {"[]", "g.json: /gates: expected an object, gate to action"},
    {"{\"subject\": \"warn\"}",
        "g.json: /gates/subject: unknown key: expected one of files, contents, duplicates, subjects, "
        "albums, shift, classes, groups, size; did you mean subjects?"},
    {"{\"size\": \"ignore\"}",
        "g.json: /gates/size: \"ignore\": expected pass, warn, unless-leaky or refuse"},
    {"{\"size\": true}", "g.json: /gates/size: true: expected pass, warn, unless-leaky or refuse"},
    {"{\"subjects\": \"pass\"}",
        "g.json: /gates/subjects: \"pass\": what parts share here is a leak, which is never silent: "
        "expected warn, unless-leaky or refuse"},
    {"{\"contents\": {\"action\": \"pass\"}}",
        "g.json: /gates/contents/action: \"pass\": what parts share here is a leak, which is never "
        "silent: expected warn, unless-leaky or refuse"},
    {"{\"shift\": {\"q\": 1}}",
        "g.json: /gates/shift/q: unknown key: expected one of action, p, v"},
    {"{\"files\": {\"width\": 1}}",
        "g.json: /gates/files/width: unknown key: expected one of action"},
    {"{\"shift\": {\"p\": 1.5}}", "g.json: /gates/shift/p: 1.5: expected a number from 0 to 1"},
    {"{\"size\": {\"width\": \"wide\"}}",
        "g.json: /gates/size/width: \"wide\": expected a number from 0 to 2"},
    {"{\"classes\": {\"samples\": 0}}",
        "g.json: /gates/classes/samples: 0: expected a number from 1 to 1e+09"},
};

START_TEST(bad_rules_are_refused_with_a_message) {
    struct err e = {0};
    read_rules(refused[_i].rules, &e);
    ck_assert_str_eq(e.msg, refused[_i].message);
    ck_assert_int_eq(e.kind, ERR_USAGE);
}
END_TEST

/* ---- judging ---- */

/* Two persons of three images each; a random split tears both apart. */
enum { N = 6 };
static struct sample samples[N];
static uint32_t rows[PART_COUNT][2];
static bool same_bytes;

static enum verdict judged(
    const char *config, const char *rules, enum gate gate, struct err *e, const char *name) {
    struct manifest m = {.set = DATASET_ADIENCE, .samples = samples, .n = N};
    struct split s = {.n = {2, 2, 2}};
    struct config c;
    struct findings f = {0};
    const struct gate_rules r = read_rules(rules, e);
    for (int i = 0; i < N; i++) {
        static char *const persons[] = {(char *)"anna", (char *)"ben"};
        static char *const ids[N] = {
            (char *)"a0", (char *)"b0", (char *)"a1", (char *)"b1", (char *)"a2", (char *)"b2"};
        samples[i] = (struct sample){.id = ids[i],
            .file = ids[i],
            .subject = persons[i % 2],
            .label = {LABEL_MISSING, (int16_t)(i % 2), LABEL_MISSING},
            .duplicate_group = -1};
        if (same_bytes)
            memset(samples[i].content, 'f', SHA256_HEX - 1);
        rows[i / 2][i % 2] = (uint32_t)i;
    }
    for (int part = 0; part < PART_COUNT; part++)
        s.rows[part] = rows[part];
    cJSON *object = cJSON_Parse(config);
    ck_assert_msg(config_parse(&c, object, "test", e), "%s", e->msg);
    cJSON_Delete(object);
    split_gates(&f, &c, &m, &s, (const bool[ATTR_COUNT]){[ATTR_GENDER] = true}, &r);
    enum verdict verdict = findings_worst(&f, gate)->verdict;
    split_gates_allow(&f, &c, e);
    ck_assert_int_eq(e->kind == ERR_NONE, verdict != VERDICT_REFUSED);
    ck_assert(!name || strstr(e->msg, name));
    findings_free(&f);
    config_free(&c);
    return verdict;
}

#define CONFIG(kind)                                                                               \
    "{\"data\": {\"set\": \"adience\"}, \"tasks\": {\"gender\": {}}, \"split\": {\"kind\": "       \
    "\"" kind "\"}}"

/* A split that keeps persons apart by its kind is refused where it does not; one that is known to mix them is
 * warned of, and refused where the grid says so. */
START_TEST(leaks_are_judged_by_what_a_split_claims) {
    struct err e = {0};
    ck_assert_int_eq(judged(CONFIG("random"), "{}", GATE_SUBJECTS, &e, NULL), VERDICT_WARNED);
    ck_assert_int_eq(judged(CONFIG("folds"), "{\"subjects\": \"warn\"}", GATE_SUBJECTS, &e, NULL),
        VERDICT_WARNED);
    ck_assert_int_eq(
        judged(CONFIG("folds"), "{}", GATE_SUBJECTS, &e,
            "the gate \"subjects\" refuses the split (adience, folds): 2 of the 2 images of "
            "validation show a person of train, such as \"a1\" that of \"a0\"; /split/kind "
            "\"folds\" keeps persons in one part, or have the grid's file say \"gates\": {\"subjects\": \"warn\"}"),
        VERDICT_REFUSED);
    ck_assert_int_eq(e.kind, ERR_USAGE);
    e = (struct err){0};
    ck_assert_int_eq(
        judged(CONFIG("random"), "{\"subjects\": \"refuse\"}", GATE_SUBJECTS, &e, NULL),
        VERDICT_REFUSED);
}
END_TEST

/* Bytes that two parts share are refused unless the split says that it keeps no duplicates together. */
START_TEST(duplicates_apart_are_openly_so) {
    struct err e = {0};
    same_bytes = true;
    ck_assert_int_eq(judged(CONFIG("folds\", \"duplicates\": \"apart"), "{\"subjects\": \"warn\"}",
                         GATE_CONTENTS, &e, NULL),
        VERDICT_WARNED);
    ck_assert_int_eq(
        judged(CONFIG("folds"), "{\"subjects\": \"warn\"}", GATE_CONTENTS, &e,
            "; /split/duplicates \"near\" keeps them in one part wherever a part is drawn, or "),
        VERDICT_REFUSED);
    same_bytes = false;
}
END_TEST

START_TEST(a_gate_may_pass) {
    struct err e = {0};
    ck_assert_int_eq(judged(CONFIG("random"), "{}", GATE_SIZE, &e, NULL), VERDICT_WARNED);
    ck_assert_int_eq(
        judged(CONFIG("random"), "{\"size\": \"pass\"}", GATE_SIZE, &e, NULL), VERDICT_PASSED);
    ck_assert_int_eq(judged(CONFIG("random"), "{\"size\": \"refuse\"}", GATE_SIZE, &e,
                         "the gate \"size\" refuses the split (adience, random): 2 samples of "),
        VERDICT_REFUSED);
}
END_TEST

Suite *gate_rules_suite(void) {
    Suite *s = suite_create("gate_rules");
    TCase *c = tcase_create("gate_rules");
    tcase_add_test(c, rules_are_read);
    tcase_add_test(c, rules_are_handed_on);
    tcase_add_loop_test(c, bad_rules_are_refused_with_a_message, 0, (int)ARRAY_LEN(refused));
    tcase_add_test(c, leaks_are_judged_by_what_a_split_claims);
    tcase_add_test(c, duplicates_apart_are_openly_so);
    tcase_add_test(c, a_gate_may_pass);
    suite_add_tcase(s, c);
    return s;
}
