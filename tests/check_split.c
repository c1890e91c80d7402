#include "check_suites.h"

#include "core/mem.h"
#include "data/split.h"

#include <stdio.h>
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

/* ---- folds ---- */

/* 40 samples of 20 subjects, two each, of which four are in each fold; the manifest's order mixes them. */
enum { N = 40, SUBJECTS = 20 };
static struct sample samples[N];
static char subject_names[SUBJECTS][8];

static struct manifest with_subjects(void) {
    for (int i = 0; i < N; i++) {
        int subject = (7 * i) % SUBJECTS;
        snprintf(subject_names[subject], sizeof subject_names[0], "s%02d", subject);
        samples[i] = (struct sample){
            .subject = subject_names[subject], .fold = (int16_t)(subject % SPLIT_FOLDS)};
    }
    return (struct manifest){.n = N, .samples = samples, .root = (char *)"faces"};
}

static struct manifest without_subjects(void) {
    for (int i = 0; i < N; i++)
        samples[i] = (struct sample){.fold = -1};
    return (struct manifest){.n = N, .samples = samples, .root = (char *)"faces"};
}

static struct split folded(const struct manifest *m, int fold, uint64_t seed, double share) {
    struct split s;
    struct err e = {0};
    ck_assert_msg(split_folds(&s, m, fold, seed, share, &e), "%s", e.msg);
    return s;
}

/* Four subjects of two images are tested on; of the other 16 a quarter, four, are validated on. */
START_TEST(shipped_folds_keep_persons_together) {
    struct manifest m = with_subjects();
    for (int fold = 0; fold < SPLIT_FOLDS; fold++) {
        struct split s = folded(&m, fold, 1, 0.25);
        ck_assert_uint_eq(s.n[PART_TEST], 8);
        ck_assert_uint_eq(s.n[PART_VALIDATION], 8);
        ck_assert_uint_eq(s.n[PART_TRAIN], 24);
        for (size_t i = 0; i < s.n[PART_TEST]; i++)
            ck_assert_int_eq(samples[s.rows[PART_TEST][i]].fold, fold);
        ck_assert_uint_eq(split_shared_subjects(&s, &m), 0);
        split_free(&s);
    }
}
END_TEST

/* The test part is the set's; who is validated on is the seed's. 16 x 0.01 rounds to none: one it is. */
START_TEST(the_seed_draws_who_is_validated_on) {
    struct manifest m = with_subjects();
    struct split a = folded(&m, 2, 1, 0.25), b = folded(&m, 2, 1, 0.25), c = folded(&m, 2, 2, 0.25),
                 d = folded(&m, 2, 1, 0.01);
    size_t bytes = 8 * sizeof(uint32_t);
    ck_assert_int_eq(memcmp(a.rows[PART_TEST], c.rows[PART_TEST], bytes), 0);
    ck_assert_int_eq(memcmp(a.rows[PART_VALIDATION], b.rows[PART_VALIDATION], bytes), 0);
    ck_assert_int_ne(memcmp(a.rows[PART_VALIDATION], c.rows[PART_VALIDATION], bytes), 0);
    ck_assert_uint_eq(d.n[PART_VALIDATION], 2);
    split_free(&a);
    split_free(&b);
    split_free(&c);
    split_free(&d);
}
END_TEST

START_TEST(dealt_folds_cover_all_once) {
    struct manifest m = without_subjects();
    int tested[N] = {0};
    for (int fold = 0; fold < SPLIT_FOLDS; fold++) {
        struct split s = folded(&m, fold, 1, 0.25);
        ck_assert_uint_eq(s.n[PART_TEST], N / SPLIT_FOLDS);
        ck_assert_uint_eq(s.n[PART_VALIDATION], 8); /* a quarter of 32 */
        for (size_t i = 0; i < s.n[PART_TEST]; i++)
            tested[s.rows[PART_TEST][i]]++;
        ck_assert_uint_eq(split_shared_subjects(&s, &m), 0);
        split_free(&s);
    }
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(tested[i], 1);
}
END_TEST

/* Two images of each person: most persons are torn apart, and each is counted once. */
START_TEST(a_random_split_shares_persons) {
    struct manifest m = with_subjects();
    struct split s;
    struct err e = {0};
    int parts[SUBJECTS] = {0};
    size_t shared = 0;
    ck_assert(split_random(&s, &m, 1, 0.2, 0.1, &e));
    for (int part = 0; part < PART_COUNT; part++)
        for (size_t i = 0; i < s.n[part]; i++)
            parts[atoi(samples[s.rows[part][i]].subject + 1)] |= 1 << part;
    for (int i = 0; i < SUBJECTS; i++)
        shared += (parts[i] & (parts[i] - 1)) != 0;
    ck_assert_uint_gt(shared, 0);
    ck_assert_uint_eq(split_shared_subjects(&s, &m), shared);
    split_free(&s);
}
END_TEST

START_TEST(a_fold_without_images) {
    struct manifest m = with_subjects();
    struct split s;
    struct err e = {0};
    for (int i = 0; i < N; i++)
        samples[i].fold = 3;
    ck_assert(!split_folds(&s, &m, 1, 1, 0.1, &e));
    ck_assert_str_eq(
        e.msg, "faces: 40 usable images cannot be tested on fold 1: none of them is in it");
    split_free(&s);
    e = (struct err){0};
    ck_assert(!split_folds(&s, &m, 3, 1, 0.1, &e));
    ck_assert_ptr_nonnull(strstr(e.msg, "fold 3: the other folds leave none for training"));
    split_free(&s);
}
END_TEST

/* Stored results hang on these rows too. Expected: tests/reference/split_rows.py. */
START_TEST(the_rows_of_folds_of_seed_1) {
    struct manifest m = without_subjects();
    m.n = 10;
    struct split s = folded(&m, 1, 1, 0.25);
    static const uint32_t test[] = {0, 1}, validation[] = {4, 9};
    ck_assert_uint_eq(s.n[PART_TEST], 2);
    ck_assert_uint_eq(s.n[PART_VALIDATION], 2);
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
    tcase_add_test(c, shipped_folds_keep_persons_together);
    tcase_add_test(c, the_seed_draws_who_is_validated_on);
    tcase_add_test(c, dealt_folds_cover_all_once);
    tcase_add_test(c, a_random_split_shares_persons);
    tcase_add_test(c, a_fold_without_images);
    tcase_add_test(c, the_rows_of_folds_of_seed_1);
    suite_add_tcase(s, c);
    return s;
}
