/* Which cells a run is about: by variant, by shard; places as text. */
#include "check_suites.h"

#include "core/mem.h"
#include "core/str.h"
#include "grid/chosen.h"

#include <stdlib.h>
#include <string.h>

/* 2 variants x 2 folds x 2 seeds = 8 cells; those of `open` choose a rate, once for both seeds of a fold. */
static const char text[] =
    "{\"base\": {\"data\": {\"set\": \"synthetic\", \"image_px\": 24}, \"tasks\": {\"gender\": {}},"
    " \"trunk\": {\"name\": \"small\", \"weights\": \"none\"}, \"split\": {\"kind\": \"folds\"}},"
    " \"variants\": {\"plain\": {}, \"open\": {\"select\": {\"keys\": {\"/optimiser/lr\": [0.1, 0.01]}}}},"
    " \"axes\": {\"/split/fold\": [0, 1], \"/seed\": [1, 2]}}";

static struct grid g;

static void set_up(void) {
    struct err e = {0};
    ck_assert_msg(grid_parse(&g, "g", "g.json", text, NULL, 0, &e), "%s", e.msg);
    ck_assert_int_eq(g.n_cells, 8);
    ck_assert_int_eq(g.n_candidates, 4); /* 2 rates x 2 folds */
}

static void tear_down(void) {
    grid_free(&g);
}

static struct chosen choose(const char *only, int part, int parts) {
    struct err e = {0};
    struct chosen c;
    ck_assert_msg(
        chosen_make(&c, &g, &only, only ? 1 : 0, &(struct shard){part, parts}, &e), "%s", e.msg);
    return c;
}

static void expect(const bool *places, size_t n, const char *want) {
    char *have = places_text(places, n);
    ck_assert_str_eq(have, want);
    free(have);
}

START_TEST(all_of_a_variant) {
    struct chosen c = choose(NULL, 0, 0);
    expect(c.cells, c.n_cells, "0-7");
    expect(c.candidates, c.n_candidates, "0-3");
    chosen_free(&c);
    c = choose("plain", 0, 0);
    expect(c.candidates, c.n_candidates, "none");
    size_t n = 0;
    for (size_t i = 0; i < 8; i++)
        n += c.cells[i];
    ck_assert_int_eq(n, 4);
    chosen_free(&c);
}
END_TEST

/* 4 cells of `plain` and 2 choices are 6 units. Every cell is in one shard, both seeds of a choice in the same,
 * with the candidates of their fold and no other. */
START_TEST(shards_part_the_grid) {
    for (int parts = 1; parts <= 8; parts++) {
        int times[8] = {0}, tried[4] = {0}, empty = 0;
        for (int part = 1; part <= parts; part++) {
            struct chosen c = choose(NULL, part, parts);
            size_t n = 0, open = 0, candidates = 0;
            for (size_t i = 0; i < 8; i++) {
                times[i] += c.cells[i];
                n += c.cells[i];
                open += c.cells[i] && strcmp(g.cells[i].variant, "open") == 0;
            }
            for (size_t k = 0; k < 4; k++) {
                tried[k] += c.candidates[k];
                candidates += c.candidates[k];
            }
            ck_assert_int_eq(open, candidates); /* 2 seeds, 2 rates */
            empty += n == 0;
            chosen_free(&c);
        }
        for (int i = 0; i < 8; i++)
            ck_assert_int_eq(times[i], 1);
        for (int k = 0; k < 4; k++)
            ck_assert_int_eq(tried[k], 1);
        ck_assert_int_eq(empty, parts > 6 ? parts - 6 : 0);
    }
}
END_TEST

START_TEST(shards_as_text) {
    static const char *const bad[] = {
        "", "3", "3/", "/8", "0/8", "9/8", "1/0", "1/8x", "x/8", "1/100001", "-1/8"};
    struct shard s;
    struct err e = {0};
    ck_assert(shard_parse(&s, "3/8", &e));
    ck_assert_int_eq(s.part, 3);
    ck_assert_int_eq(s.parts, 8);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        e = (struct err){0};
        ck_assert_msg(!shard_parse(&s, bad[i], &e), "%s", bad[i]);
        char *want = xasprintf("--shard %s: expected PART/PARTS, such as 3/8", bad[i]);
        ck_assert_msg(e.kind == ERR_USAGE && strstr(e.msg, want), "%s", e.msg);
        free(want);
    }
}
END_TEST

START_TEST(places_there_and_back) {
    static const char *const good[] = {"none", "0", "0-3", "1,3", "0-1,4-6,9"};
    static const char *const bad[] = {
        "", ",", "1,", "3-1", "-1", "1-", "a", "1;2", "100000", "1 2"};
    size_t n;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        bool *places = places_parse(good[i], &n);
        ck_assert_ptr_nonnull(places);
        expect(places, n, good[i]);
        free(places);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        ck_assert_msg(!places_parse(bad[i], &n), "%s", bad[i]);
}
END_TEST

Suite *chosen_suite(void) {
    Suite *s = suite_create("chosen");
    TCase *c = tcase_create("chosen");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, all_of_a_variant);
    tcase_add_test(c, shards_part_the_grid);
    tcase_add_test(c, shards_as_text);
    tcase_add_test(c, places_there_and_back);
    suite_add_tcase(s, c);
    return s;
}
