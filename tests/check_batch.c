#include "check_suites.h"

#include "core/mem.h"
#include "data/batch.h"
#include "core/parallel.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { PX = 5, N = 23, BYTES = PX * PX * 3 };

/* Every byte says where it is from: row, place and channel, modulo 251. */
static uint8_t *numbered_pixels(void) {
    uint8_t *rgb = xmalloc((size_t)N * BYTES);
    for (size_t i = 0; i < (size_t)N * BYTES; i++)
        rgb[i] = (uint8_t)(i * 7 % 251);
    return rgb;
}

static uint32_t *rows_of_epoch(uint64_t seed, int epoch) {
    uint32_t *rows = xcalloc(N, sizeof *rows);
    for (uint32_t i = 0; i < N; i++)
        rows[i] = i;
    epoch_order(seed, epoch, rows, N);
    return rows;
}

START_TEST(the_order_is_a_permutation_of_its_epoch) {
    uint32_t *a = rows_of_epoch(1, 0), *again = rows_of_epoch(1, 0), *next = rows_of_epoch(1, 1),
             *other = rows_of_epoch(2, 0);
    ck_assert_int_eq(memcmp(a, again, N * sizeof *a), 0);
    ck_assert_int_ne(memcmp(a, next, N * sizeof *a), 0);
    ck_assert_int_ne(memcmp(a, other, N * sizeof *a), 0);
    int seen[N] = {0};
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(seen[next[i]]++, 0);
    free(a);
    free(again);
    free(next);
    free(other);
}
END_TEST

/* What augment_sample may give, told from its result: flips and shifts tried one by one, slowly. */
static bool is_shifted(const uint8_t *out, const uint8_t *in, bool mirror, int dy, int dx) {
    for (int y = 0; y < PX; y++)
        for (int x = 0; x < PX; x++) {
            int sx = (mirror ? PX - 1 - x : x) - dx, sy = y - dy;
            sx = sx < 0 ? 0 : sx >= PX ? PX - 1 : sx;
            sy = sy < 0 ? 0 : sy >= PX ? PX - 1 : sy;
            if (memcmp(out + 3 * (y * PX + x), in + 3 * (sy * PX + sx), 3) != 0)
                return false;
        }
    return true;
}

/* 2,000 draws over 2 x 5 x 5 = 50 outcomes, 40 each on average; at least 15 is 4 standard deviations
 * below. */
START_TEST(every_flip_and_shift_comes_as_often) {
    struct augment a = {.flip = true, .shift_px = 2};
    uint8_t *in = numbered_pixels(), out[BYTES];
    int count[2][5][5] = {{{0}}};
    for (uint32_t row = 0; row < 2000; row++) {
        augment_sample(out, in, PX, &a, 9, 3, row);
        int found = 0;
        for (int k = 0; k < 50; k++)
            if (is_shifted(out, in, k / 25, k / 5 % 5 - 2, k % 5 - 2)) {
                count[k / 25][k / 5 % 5][k % 5]++;
                found++;
            }
        ck_assert_int_eq(found, 1);
    }
    for (int k = 0; k < 50; k++)
        ck_assert_int_ge(count[k / 25][k / 5 % 5][k % 5], 15);
    free(in);
}
END_TEST

/* A shift beyond the picture leaves its edge, never bytes from outside it (the sanitizers' build sees). */
START_TEST(a_shift_wider_than_the_picture) {
    struct augment a = {.flip = true, .shift_px = 4 * PX};
    uint8_t *in = numbered_pixels(), out[BYTES];
    for (uint32_t row = 0; row < 200; row++) {
        augment_sample(out, in, PX, &a, 9, 3, row);
        bool found = false;
        for (int dy = -4 * PX; dy <= 4 * PX && !found; dy++)
            for (int dx = -4 * PX; dx <= 4 * PX && !found; dx++)
                found = is_shifted(out, in, false, dy, dx) || is_shifted(out, in, true, dy, dx);
        ck_assert(found);
    }
    free(in);
}
END_TEST

/* Pixel by pixel, through the places, what augment_sample copies in runs; shifts beyond the picture too. */
START_TEST(places_give_the_same_bytes) {
    static const struct augment all[] = {{true, 2}, {false, 3}, {true, 0}, {true, 4 * PX}};
    uint8_t *in = numbered_pixels(), wanted[BYTES], got[BYTES];
    for (size_t k = 0; k < ARRAY_LEN(all); k++)
        for (uint32_t row = 0; row < 200; row++) {
            int64_t down[PX], right[PX];
            augment_sample(wanted, in, PX, &all[k], 9, 3, row);
            augment_places(down, right, PX, &all[k], 9, 3, row);
            for (int y = 0; y < PX; y++)
                for (int x = 0; x < PX; x++)
                    memcpy(got + 3 * (y * PX + x), in + 3 * (down[y] * PX + right[x]), 3);
            ck_assert_int_eq(memcmp(got, wanted, BYTES), 0);
        }
    free(in);
}
END_TEST

START_TEST(no_augmentation_is_a_copy) {
    struct augment none = {false, 0};
    uint8_t *in = numbered_pixels(), out[BYTES];
    augment_sample(out, in, PX, NULL, 1, 1, 1);
    ck_assert_int_eq(memcmp(out, in, BYTES), 0);
    for (uint32_t row = 0; row < 20; row++) {
        augment_sample(out, in, PX, &none, 1, 1, row);
        ck_assert_int_eq(memcmp(out, in, BYTES), 0);
    }
    free(in);
}
END_TEST

/* Reads the epoch from batch `first` on into all[], as `threads` and `depth` have it. */
static size_t read_from(uint8_t *all, size_t first, int threads, int depth) {
    uint8_t *rgb = numbered_pixels();
    struct pixels p = {.image_px = PX, .n = N, .rgb = rgb};
    struct augment a = {true, 1};
    uint32_t *rows = rows_of_epoch(4, 2);
    struct batches *b = batches_open(&p, rows, N, 4, first, &a, 4, 2, threads, depth);
    struct batch batch;
    size_t at = first * 4, count = 0;
    while (batches_next(b, &batch)) {
        ck_assert_uint_eq(batch.n, at + 4 <= N ? 4 : N - at);
        ck_assert_int_eq(memcmp(batch.rows, rows + at, batch.n * sizeof *rows), 0);
        memcpy(all + at * BYTES, batch.rgb, batch.n * BYTES);
        at += batch.n;
        count++;
    }
    ck_assert(!batches_next(b, &batch));
    ck_assert(first * 4 >= N || at == N);
    batches_close(b);
    free(rows);
    free(rgb);
    return count;
}

START_TEST(an_epoch_is_the_same_from_any_batch_and_any_threads) {
    uint8_t *whole = xcalloc(N, BYTES), *part = xcalloc(N, BYTES);
    ck_assert_uint_eq(read_from(whole, 0, 1, 1), 6);
    for (size_t first = 0; first < 6; first++)
        for (int threads = 1; threads <= 3; threads++) {
            memset(part, 0, (size_t)N * BYTES);
            ck_assert_uint_eq(read_from(part, first, threads, 1 + threads), 6 - first);
            ck_assert_int_eq(memcmp(part + first * 4 * BYTES, whole + first * 4 * BYTES,
                                 (N - first * 4) * BYTES),
                0);
        }
    ck_assert_uint_eq(read_from(part, 6, 2, 2), 0);
    ck_assert_uint_eq(read_from(part, 99, 2, 2), 0);
    free(whole);
    free(part);
}
END_TEST

START_TEST(closing_early_leaves_nothing_behind) {
    uint8_t *rgb = numbered_pixels();
    struct pixels p = {.image_px = PX, .n = N, .rgb = rgb};
    uint32_t *rows = rows_of_epoch(1, 0);
    for (int taken = 0; taken < 4; taken++) {
        struct batches *b = batches_open(&p, rows, N, 2, 0, NULL, 1, 0, 3, 2);
        struct batch batch;
        for (int i = 0; i < taken; i++)
            ck_assert(batches_next(b, &batch));
        batches_close(b);
    }
    batches_close(NULL);
    free(rows);
    free(rgb);
}
END_TEST

static void count_item(void *context, int worker, size_t item) {
    ck_assert(worker >= 0 && worker < 4);
    atomic_fetch_add((atomic_int *)context + item, 1);
}

START_TEST(parallel_for_does_each_item_once) {
    static atomic_int seen[1000];
    parallel_for(ARRAY_LEN(seen), 4, count_item, seen);
    for (size_t i = 0; i < ARRAY_LEN(seen); i++)
        ck_assert_int_eq(seen[i], 1);
    parallel_for(0, 4, count_item, seen);
}
END_TEST

struct trial {
    size_t bad; /* this item and all behind it fail */
    atomic_int tried;
};

static bool try_item(void *context, int worker, size_t item, struct err *e) {
    struct trial *t = context;
    ck_assert(worker >= 0 && worker < 4);
    atomic_fetch_add(&t->tried, 1);
    return item < t->bad || err_no_space(e, "item %zu", item);
}

/* Of a thousand items those from 3 on fail; each thread may have one begun when the first does. */
START_TEST(parallel_try_stops_at_a_failure) {
    struct trial t = {.bad = 3}, none = {.bad = 1000};
    struct err e = {0};
    ck_assert(!parallel_try(1000, 4, try_item, &t, &e));
    ck_assert_int_eq(e.kind, ERR_NO_SPACE);
    ck_assert_ptr_nonnull(strstr(e.msg, "item "));
    ck_assert_int_le(t.tried, 3 + 4);
    e = (struct err){0};
    ck_assert(parallel_try(1000, 4, try_item, &none, &e));
    ck_assert_int_eq(e.kind, ERR_NONE);
    ck_assert_int_eq(none.tried, 1000);
}
END_TEST

Suite *batch_suite(void) {
    Suite *s = suite_create("batch");
    TCase *c = tcase_create("batch");
    tcase_set_timeout(c, 30);
    tcase_add_test(c, the_order_is_a_permutation_of_its_epoch);
    tcase_add_test(c, every_flip_and_shift_comes_as_often);
    tcase_add_test(c, a_shift_wider_than_the_picture);
    tcase_add_test(c, places_give_the_same_bytes);
    tcase_add_test(c, no_augmentation_is_a_copy);
    tcase_add_test(c, an_epoch_is_the_same_from_any_batch_and_any_threads);
    tcase_add_test(c, closing_early_leaves_nothing_behind);
    tcase_add_test(c, parallel_try_stops_at_a_failure);
    tcase_add_test(c, parallel_for_does_each_item_once);
    suite_add_tcase(s, c);
    return s;
}
