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
    ck_assert_msg(split_random(&s, &m, seed, test, validation, DUPLICATES_APART, &e), "%s", e.msg);
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
    ck_assert(!split_random(&s, &m, 1, 0.1, 0.1, DUPLICATES_APART, &e));
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
    ck_assert_msg(split_folds(&s, m, fold, seed, share, DUPLICATES_APART, &e), "%s", e.msg);
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
    ck_assert(split_random(&s, &m, 1, 0.2, 0.1, DUPLICATES_APART, &e));
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
    ck_assert(!split_folds(&s, &m, 1, 1, 0.1, DUPLICATES_APART, &e));
    ck_assert_str_eq(
        e.msg, "faces: 40 usable images cannot be tested on fold 1: none of them is in it");
    split_free(&s);
    e = (struct err){0};
    ck_assert(!split_folds(&s, &m, 3, 1, 0.1, DUPLICATES_APART, &e));
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

/* ---- duplicates ---- */

/* Samples in groups of the given sizes, one after the other; of one sample: it has no duplicate. */
static struct manifest in_groups(const int *sizes, int n_groups) {
    struct manifest m = {.samples = samples, .root = (char *)"faces", .duplicates_known = true};
    for (int g = 0; g < n_groups; g++)
        for (int i = 0; i < sizes[g]; i++) {
            ck_assert_uint_lt(m.n, N);
            samples[m.n] = (struct sample){.fold = -1, .duplicate_group = sizes[g] > 1 ? g : -1};
            snprintf(samples[m.n++].content, SHA256_HEX, "%d", g);
        }
    return m;
}

/* The samples of each group are in one part. */
static void none_is_torn(const struct split *s, const struct manifest *m) {
    int part[N] = {0};
    size_t n = 0;
    for (int p = 0; p < PART_COUNT; p++)
        for (size_t i = 0; i < s->n[p]; i++, n++)
            part[s->rows[p][i]] = p;
    ck_assert_uint_eq(n, m->n);
    for (size_t i = 1; i < m->n; i++)
        if (strcmp(samples[i].content, samples[i - 1].content) == 0)
            ck_assert_int_eq(part[i], part[i - 1]);
}

/* Four groups of three. 12 x 0.3 = 3.6, wanted are 4: one group fits, a second would be 2 too many where 1 is
 * missing. 12 x 0.4 = 4.8, wanted are 5: a second is 1 too many where 2 are missing. 12 x 0.1 = 1.2, wanted is 1:
 * a part has at least a group. Of the other 9 or 6 a half, 5 or 3, are validated on: 6 or 3. */
START_TEST(shares_are_as_near_as_groups_allow) {
    static const int sizes[] = {3, 3, 3, 3};
    static const struct {
        double test;
        size_t tested, validated;
    } rows[] = {{0.3, 3, 6}, {0.4, 6, 3}, {0.1, 3, 6}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        for (int kind = DUPLICATES_NEAR; kind <= DUPLICATES_IDENTICAL; kind++) {
            struct manifest m = in_groups(sizes, 4);
            struct split s;
            struct err e = {0};
            ck_assert_msg(
                split_random(&s, &m, 1, rows[i].test, 0.5, (enum split_duplicates)kind, &e), "%s",
                e.msg);
            ck_assert_uint_eq(s.n[PART_TEST], rows[i].tested);
            ck_assert_uint_eq(s.n[PART_VALIDATION], rows[i].validated);
            none_is_torn(&s, &m);
            split_free(&s);
        }
}
END_TEST

/* Four groups in 30 samples: whatever the seed, 30 x 0.2 = 6 are tested on and of the other 24 a quarter, 6, are
 * validated on, for there are single ones enough to fill up. */
START_TEST(no_group_is_torn) {
    int sizes[20] = {5, 4, 3, 2};
    for (int i = 4; i < 20; i++)
        sizes[i] = 1;
    struct manifest m = in_groups(sizes, 20);
    ck_assert_uint_eq(m.n, 30);
    bool differ = false;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct split s, first;
        struct err e = {0};
        ck_assert(split_random(&s, &m, seed, 0.2, 0.25, DUPLICATES_NEAR, &e) &&
                  split_random(&first, &m, 1, 0.2, 0.25, DUPLICATES_NEAR, &e));
        ck_assert_uint_eq(s.n[PART_TEST], 6);
        ck_assert_uint_eq(s.n[PART_VALIDATION], 6);
        none_is_torn(&s, &m);
        differ = differ || memcmp(s.rows[PART_TEST], first.rows[PART_TEST], 6 * sizeof(uint32_t));
        split_free(&s);
        split_free(&first);
    }
    ck_assert(differ);
}
END_TEST

/* A fold gets the next group while it has the fewest samples, so folds differ by no more than the largest group. */
START_TEST(dealt_folds_keep_groups_together) {
    int sizes[20] = {5, 4, 3, 2}, tested[N] = {0};
    for (int i = 4; i < 20; i++)
        sizes[i] = 1;
    struct manifest m = in_groups(sizes, 20);
    size_t least = N, most = 0;
    for (int fold = 0; fold < SPLIT_FOLDS; fold++) {
        struct split s;
        struct err e = {0};
        ck_assert(split_folds(&s, &m, fold, 7, 0.25, DUPLICATES_NEAR, &e));
        none_is_torn(&s, &m);
        for (size_t i = 0; i < s.n[PART_TEST]; i++)
            tested[s.rows[PART_TEST][i]]++;
        least = s.n[PART_TEST] < least ? s.n[PART_TEST] : least;
        most = s.n[PART_TEST] > most ? s.n[PART_TEST] : most;
        split_free(&s);
    }
    ck_assert_uint_le(most - least, 5);
    for (size_t i = 0; i < m.n; i++)
        ck_assert_int_eq(tested[i], 1);
}
END_TEST

/* Folds that are shipped stay, though a group has samples in two. Who is validated on is drawn with all who share
 * an image: s01, s06 and s11 of fold 1, four images of which are one group. */
START_TEST(persons_who_share_an_image_are_drawn_together) {
    struct manifest m = with_subjects();
    m.duplicates_known = true;
    int in_group = 0, part[N];
    for (int i = 0; i < N; i++) {
        const char *who = samples[i].subject;
        bool joined = strcmp(who, "s01") == 0 || strcmp(who, "s06") == 0 || strcmp(who, "s11") == 0;
        samples[i].duplicate_group = joined && i >= 3 ? 0 : -1;
        in_group += samples[i].duplicate_group == 0;
    }
    ck_assert_int_ge(in_group, 3);
    int together[PART_COUNT] = {0};
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct split s;
        struct err e = {0};
        ck_assert(split_folds(&s, &m, 2, seed, 0.25, DUPLICATES_NEAR, &e));
        ck_assert_uint_eq(s.n[PART_TEST], 8);
        ck_assert_uint_eq(
            s.n[PART_VALIDATION], 8); /* four persons of two images, three of them joined */
        ck_assert_uint_eq(split_shared_subjects(&s, &m), 0);
        int first = -1;
        for (int p = 0; p < PART_COUNT; p++)
            for (size_t i = 0; i < s.n[p]; i++)
                part[s.rows[p][i]] = p;
        for (int i = 0; i < N; i++)
            if (samples[i].duplicate_group == 0) {
                first = first < 0 ? part[i] : first;
                ck_assert_int_eq(part[i], first);
            }
        together[first]++;
        split_free(&s);
    }
    ck_assert_int_gt(together[PART_TRAIN], 0);
    ck_assert_int_gt(together[PART_VALIDATION], 0);
}
END_TEST

/* Two groups cannot make three parts. */
START_TEST(groups_too_few_to_split) {
    static const int sizes[] = {6, 6};
    struct manifest m = in_groups(sizes, 2);
    struct split s;
    struct err e = {0};
    ck_assert(!split_random(&s, &m, 1, 0.2, 0.1, DUPLICATES_NEAR, &e));
    ck_assert_ptr_nonnull(strstr(e.msg,
        "faces: 12 usable images, duplicates of which are kept together, are too few to split"));
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
    tcase_add_test(c, shares_are_as_near_as_groups_allow);
    tcase_add_test(c, no_group_is_torn);
    tcase_add_test(c, dealt_folds_keep_groups_together);
    tcase_add_test(c, persons_who_share_an_image_are_drawn_together);
    tcase_add_test(c, groups_too_few_to_split);
    suite_add_tcase(s, c);
    return s;
}
