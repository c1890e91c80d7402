#include "check_suites.h"

#include "learn/schedule.h"

static struct config schedule_of(enum schedule_id kind, double warmup_epochs, int epochs) {
    struct config c = {.epochs = epochs};
    c.schedule.kind = kind;
    c.schedule.warmup_epochs = warmup_epochs;
    c.optimiser.lr = 0.1;
    return c;
}

START_TEST(constant_is_the_rate_as_given) {
    struct config c = schedule_of(SCHEDULE_CONSTANT, 0, 3);
    for (int step = 0; step < 12; step++)
        ck_assert_double_eq(schedule_rate(&c, step, 4), 0.1);
}
END_TEST

/* 2 epochs of 4 steps: step t has .1 (1 + cos(pi t / 8)) / 2. t = 0: .1; t = 4: .1 / 2;
 * t = 2: .05 (1 + sqrt(1/2)) = .0853553; t = 7: .05 (1 + cos(7 pi / 8)) = .05 (1 - .9238795) = .0038060. */
START_TEST(cosine_falls_to_zero_behind_the_last_step) {
    struct config c = schedule_of(SCHEDULE_COSINE, 0, 2);
    ck_assert_double_eq_tol(schedule_rate(&c, 0, 4), 0.1, 1e-12);
    ck_assert_double_eq_tol(schedule_rate(&c, 2, 4), 0.0853553390593, 1e-12);
    ck_assert_double_eq_tol(schedule_rate(&c, 4, 4), 0.05, 1e-12);
    ck_assert_double_eq_tol(schedule_rate(&c, 7, 4), 0.0038060233744, 1e-12);
    ck_assert_double_eq_tol(schedule_rate(&c, 8, 4), 0, 1e-12);
}
END_TEST

/* Half an epoch of 4 steps is 2 steps of warm-up: .05, .1; then 6 steps of the cosine, from .1 on. */
START_TEST(warmup_rises_over_a_part_of_an_epoch) {
    struct config c = schedule_of(SCHEDULE_COSINE, 0.5, 2);
    ck_assert_double_eq_tol(schedule_rate(&c, 0, 4), 0.05, 1e-12);
    ck_assert_double_eq_tol(schedule_rate(&c, 1, 4), 0.1, 1e-12);
    ck_assert_double_eq_tol(schedule_rate(&c, 2, 4), 0.1, 1e-12);
    ck_assert_double_eq_tol(schedule_rate(&c, 5, 4), 0.05, 1e-12);
}
END_TEST

/* A warm-up longer than the training never ends: 3 epochs of 4 steps, 12 steps, in a training of 8. */
START_TEST(warmup_longer_than_the_training) {
    struct config c = schedule_of(SCHEDULE_COSINE, 3, 2);
    ck_assert_double_eq_tol(schedule_rate(&c, 7, 4), 0.1 * 8 / 12, 1e-12);
}
END_TEST

Suite *schedule_suite(void) {
    Suite *s = suite_create("schedule");
    TCase *c = tcase_create("schedule");
    tcase_add_test(c, constant_is_the_rate_as_given);
    tcase_add_test(c, cosine_falls_to_zero_behind_the_last_step);
    tcase_add_test(c, warmup_rises_over_a_part_of_an_epoch);
    tcase_add_test(c, warmup_longer_than_the_training);
    suite_add_tcase(s, c);
    return s;
}
