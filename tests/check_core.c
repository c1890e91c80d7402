#include "check_suites.h"

#include "core/err.h"
#include "core/rng.h"
#include "core/sha256.h"
#include "core/str.h"

#include <string.h>

START_TEST(first_error_wins_and_gets_its_place) {
    struct err e = {0};
    ck_assert(!err_set(&e, "value %d", 7));
    err_usage(&e, "second");
    err_add(&e, "grid.json");
    ck_assert_str_eq(e.msg, "grid.json: value 7");
    ck_assert_int_eq(err_exit_code(&e), 1);
}
END_TEST

/* Known answer of Salmon et al.'s Random123, kat_vectors: philox4x32-10, counter and key all zero. */
START_TEST(philox_known_answer) {
    struct rng r = {.used = 4};
    ck_assert_uint_eq(rng_u32(&r), 0x6627e8d5);
    ck_assert_uint_eq(rng_u32(&r), 0xe169c58d);
    ck_assert_uint_eq(rng_u32(&r), 0xbc57ac4c);
    ck_assert_uint_eq(rng_u32(&r), 0x9b00dbd8);
}
END_TEST

/* FIPS 180-2, appendix B.1: "abc". */
START_TEST(sha256_known_answer) {
    char hex[SHA256_HEX];
    sha256_bytes("abc", 3, hex);
    ck_assert_str_eq(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
END_TEST

START_TEST(nearest_name) {
    static const char *const names[] = {"momentum", "milestones", "lr"};
    ck_assert_str_eq(str_nearest("momentun", names, 3, sizeof names[0]), "momentum");
    ck_assert_ptr_null(str_nearest("zebra", names, 3, sizeof names[0]));
}
END_TEST

Suite *core_suite(void) {
    Suite *s = suite_create("core");
    TCase *c = tcase_create("core");
    tcase_add_test(c, first_error_wins_and_gets_its_place);
    tcase_add_test(c, philox_known_answer);
    tcase_add_test(c, sha256_known_answer);
    tcase_add_test(c, nearest_name);
    suite_add_tcase(s, c);
    return s;
}
