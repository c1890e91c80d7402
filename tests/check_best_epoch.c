/* Which epoch is the best, and when to stop: hand-worked numbers, and the same read back from a store. */
#include "check_suites.h"
#include "fixture_bed.h"

#include "grid/keys.h"
#include "learn/best_epoch.h"

#include <stdio.h>
#include <string.h>

static struct config config(const char *more) {
    struct err e = {0};
    struct config c;
    char text[512];
    snprintf(text, sizeof text,
        "{\"tasks\": {\"age\": {}, \"gender\": {}}, \"report_epoch\": \"best\"%s}", more);
    cJSON *object = json_parse("test", text, strlen(text), &e);
    ck_assert_msg(object && config_parse(&c, object, "test", &e), "%s", e.msg);
    cJSON_Delete(object);
    return c;
}

/* Against mae 8, accuracy .80 of epoch 1: epoch 2 gains (2/8 - .04/.80) / 2 = .10, epoch 3 loses, epoch 4
 * gains as much as epoch 2, epoch 5 gains (2/8 + .04/.80) / 2 = .15. */
static const double epochs[][2] = {{8, .80}, {6, .76}, {9, .70}, {6, .76}, {6, .84}};

static bool one_epoch(struct best_epoch *b, int epoch) {
    const struct epoch_row rows[] = {
        {epoch, PART_VALIDATION, ATTR_AGE, "mae", epochs[epoch - 1][0], 9},
        {epoch, PART_VALIDATION, ATTR_AGE, "mse", 1e6, 9},
        {epoch, PART_TRAIN, ATTR_GENDER, "accuracy", 0, 9},
        {epoch, PART_VALIDATION, ATTR_GENDER, "accuracy", epochs[epoch - 1][1], 9},
        {epoch, PART_VALIDATION, -1, "loss", 5, 9},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        best_epoch_see(b, &rows[i]);
    return best_epoch_end(b, epoch);
}

START_TEST(the_first_of_the_best_is_kept) {
    static const bool better[] = {true, true, false, false, true};
    struct config c = config("");
    struct best_epoch b;
    best_epoch_open(&b, &c);
    for (int epoch = 1; epoch <= 5; epoch++)
        ck_assert_int_eq(one_epoch(&b, epoch), better[epoch - 1]);
    ck_assert_int_eq(b.epoch, 5);
    ck_assert_double_eq_tol(b.gain, .15, 1e-15);
    ck_assert(!best_epoch_stops(&b));
    config_free(&c);
}
END_TEST

START_TEST(other_metrics_make_another_best) {
    struct config c = config(", \"report_metrics\": {\"age\": \"none\"}");
    struct best_epoch b;
    best_epoch_open(&b, &c);
    for (int epoch = 1; epoch <= 4; epoch++)
        one_epoch(&b, epoch);
    ck_assert_int_eq(b.epoch, 1); /* the highest accuracy of gender so far */
    config_free(&c);
}
END_TEST

START_TEST(patience_ends) {
    struct config c = config(", \"early_stop_epochs\": 2");
    struct best_epoch b;
    best_epoch_open(&b, &c);
    for (int epoch = 1; epoch <= 4; epoch++) {
        ck_assert(!best_epoch_stops(&b));
        one_epoch(&b, epoch);
    }
    ck_assert(best_epoch_stops(&b)); /* 2 was the best */
    config_free(&c);
}
END_TEST

START_TEST(a_resume_reads_it_back) {
    struct err e = {0};
    struct config c = config("");
    struct best_epoch b;
    bed_open();
    for (int epoch = 1; epoch <= 5; epoch++) {
        const struct epoch_row rows[] = {
            {epoch, PART_VALIDATION, ATTR_AGE, "mae", epochs[epoch - 1][0], 9},
            {epoch, PART_VALIDATION, ATTR_GENDER, "accuracy", epochs[epoch - 1][1], 9},
            {epoch, PART_TRAIN, ATTR_AGE, "loss", 1, 9}};
        ck_assert_msg(store_begin(bed.s, &e) && store_put_epochs(bed.s, bed.cell, rows, 3, &e) &&
                          store_commit(bed.s, &e),
            "%s", e.msg);
    }
    best_epoch_open(&b, &c);
    ck_assert_msg(best_epoch_restore(&b, bed.s, bed.cell, 4, &e), "%s", e.msg);
    ck_assert_int_eq(b.epoch, 2);
    ck_assert_int_eq(b.last, 4);
    ck_assert(one_epoch(&b, 5));
    best_epoch_open(&b, &c);
    ck_assert(best_epoch_restore(&b, bed.s, bed.cell, 0, &e));
    ck_assert_int_eq(b.epoch, 0);
    bed_close();
    config_free(&c);
}
END_TEST

Suite *best_epoch_suite(void) {
    Suite *s = suite_create("best_epoch");
    TCase *t = tcase_create("best_epoch");
    tcase_add_test(t, the_first_of_the_best_is_kept);
    tcase_add_test(t, other_metrics_make_another_best);
    tcase_add_test(t, patience_ends);
    tcase_add_test(t, a_resume_reads_it_back);
    suite_add_tcase(s, t);
    return s;
}
