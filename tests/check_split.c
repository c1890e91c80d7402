#include "check_suites.h"

#include "core/mem.h"
#include "data/split.h"

#include <stdlib.h>
#include <string.h>

static struct split split_of(size_t n, uint64_t seed, double test, double validation) {
    struct manifest m = {.n = n, .root = (char *)"faces"};
    struct split s;
    struct err e = {0};
    ck_assert_msg(split_random(&s, &m, seed, test, validation, &e), "%s", e.msg);
    return s;
}

/* 23,704 x 0.2 = 4,740.8, so 4,741; of the other 18,963 a tenth is 1,896.3, so 1,896. */
START_TEST(parts_have_their_shares_and_cover_all_once) {
    struct split s = split_of(23704, 1, 0.2, 0.1);
    ck_assert_uint_eq(s.n[PART_TEST], 4741);
    ck_assert_uint_eq(s.n[PART_VALIDATION], 1896);
    ck_assert_uint_eq(s.n[PART_TRAIN], 17067);
    char *seen = xcalloc(23704, 1);
    for (int part = 0; part < PART_COUNT; part++)
        for (size_t i = 0; i < s.n[part]; i++) {
            ck_assert(i == 0 || s.rows[part][i] > s.rows[part][i - 1]);
            ck_assert_int_eq(seen[s.rows[part][i]]++, 0);
        }
    free(seen);
    split_free(&s);
}
END_TEST

START_TEST(the_seed_alone_decides) {
    struct split a = split_of(100, 1, 0.2, 0.1), b = split_of(100, 1, 0.2, 0.1),
                 c = split_of(100, 2, 0.2, 0.1);
    size_t bytes = a.n[PART_TEST] * sizeof(uint32_t);
    ck_assert_int_eq(memcmp(a.rows[PART_TEST], b.rows[PART_TEST], bytes), 0);
    ck_assert_int_ne(memcmp(a.rows[PART_TEST], c.rows[PART_TEST], bytes), 0);
    split_free(&a);
    split_free(&b);
    split_free(&c);
}
END_TEST

/* The test part must not move when only the validation share does. */
START_TEST(validation_comes_out_of_training) {
    struct split a = split_of(50, 3, 0.2, 0.1), b = split_of(50, 3, 0.2, 0);
    ck_assert_uint_eq(b.n[PART_VALIDATION], 0);
    ck_assert_uint_eq(b.n[PART_TRAIN], 40);
    ck_assert_int_eq(
        memcmp(a.rows[PART_TEST], b.rows[PART_TEST], a.n[PART_TEST] * sizeof(uint32_t)), 0);
    split_free(&a);
    split_free(&b);
}
END_TEST

/* 3 x 0.1 rounds to none, yet each part gets one; two samples cannot make three parts. */
START_TEST(small_sets) {
    struct split s = split_of(3, 1, 0.1, 0.1);
    for (int part = 0; part < PART_COUNT; part++)
        ck_assert_uint_eq(s.n[part], 1);
    split_free(&s);
    struct manifest m = {.n = 2, .root = (char *)"faces"};
    struct err e = {0};
    ck_assert(!split_random(&s, &m, 1, 0.1, 0.1, &e));
    ck_assert_ptr_nonnull(strstr(e.msg, "faces: 2 usable images are too few to split"));
}
END_TEST

/* Stored results hang on these rows. Expected: tests/reference/split_rows.py. */
START_TEST(the_rows_of_seed_1) {
    struct split s = split_of(10, 1, 0.2, 0.25);
    ck_assert_uint_eq(s.n[PART_TEST], 2);
    ck_assert_uint_eq(s.n[PART_VALIDATION], 2);
    static const uint32_t test[] = {4, 5}, validation[] = {7, 8};
    for (int i = 0; i < 2; i++) {
        ck_assert_uint_eq(s.rows[PART_TEST][i], test[i]);
        ck_assert_uint_eq(s.rows[PART_VALIDATION][i], validation[i]);
    }
    split_free(&s);
}
END_TEST

Suite *split_suite(void) {
    Suite *s = suite_create("split");
    TCase *c = tcase_create("split");
    tcase_add_test(c, parts_have_their_shares_and_cover_all_once);
    tcase_add_test(c, the_seed_alone_decides);
    tcase_add_test(c, validation_comes_out_of_training);
    tcase_add_test(c, small_sets);
    tcase_add_test(c, the_rows_of_seed_1);
    suite_add_tcase(s, c);
    return s;
}
