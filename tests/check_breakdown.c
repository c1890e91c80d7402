#include "check_suites.h"

#include "analysis/breakdown.h"
#include "core/mem.h"
#include "core/rng.h"
#include "core/str.h"

#include <stdlib.h>
#include <string.h>

static struct age_bin_sets bins;

static void load(void) {
    struct err e = {0};
    ck_assert_msg(age_bins_load(&bins, NULL, &e), "%s", e.msg);
}

static void unload(void) {
    age_bins_free(&bins);
}

static const char *class_name(const void *context, enum attribute a, int label) {
    static const char *const name[ATTR_COUNT][5] = {{"0-2", "4-6", "8-12"}, {"male", "female"},
        {"White", "a=b,c%d", "Asian", "Indian", "Other"}};
    (void)context;
    return name[a][label];
}

static const struct metric_value_row *find(const struct breakdown *b, enum attribute task,
    enum readout readout, const char *bin_set, const char *grouping, enum metric_id metric) {
    const struct metric_value_row *found = NULL;
    for (size_t i = 0; i < b->n_metrics; i++) {
        const struct metric_value_row *r = &b->metrics[i];
        if (r->task != task || r->readout != readout || r->metric != metric ||
            strcmp(r->bins, bin_set) != 0 || strcmp(r->grouping, grouping) != 0)
            continue;
        ck_assert_msg(!found, "two rows for %s", grouping);
        found = r;
    }
    return found;
}

/* ---- by hand ---- */

/* Sample 4 has no race, sample 5 no age. */
static const int age[] = {25, 34, 8, 61, 29, LABEL_MISSING};
static const int gender[] = {0, 1, 1, 0, 1, 1};
static const int race[] = {0, 1, 1, 0, LABEL_MISSING, 0};
static const double age_said[] = {28.5, 38, 9, 70, 31, 1e9};
static const double gender_said[] = {0, 1, 0, 1, 1, 1};

static const struct breakdown_task by_hand_tasks[] = {
    {ATTR_AGE, true, 1, 116, READOUT_COUNT_RANKS, true, age_said},
    {ATTR_AGE, true, 1, 116, READOUT_MEDIAN, false, age_said},
    {ATTR_GENDER, false, 0, 2, READOUT_ARGMAX, true, gender_said},
};

static struct breakdown_input by_hand_input(void) {
    return (struct breakdown_input){.n = 6,
        .label = {age, gender, race},
        .class_name = class_name,
        .bins = &bins,
        .tasks = by_hand_tasks,
        .n_tasks = (int)ARRAY_LEN(by_hand_tasks)};
}

/* Age errors 3.5, 4, 1, 9, 2. Decades of truth 20s 30s 0s 60s 20s, said (29, 38, 9, 70, 31 once rounded)
 * 20s 30s 0s 70s 30s: three right, all within one. */
static const struct {
    enum attribute task;
    const char *bins, *grouping;
    enum metric_id metric;
    double value;
    long n;
} by_hand[] = {
    {ATTR_AGE, "", "all", METRIC_MAE, 3.9, 5},    /* 19.5 / 5 */
    {ATTR_AGE, "", "all", METRIC_MSE, 22.85, 5},  /* (12.25 + 16 + 1 + 81 + 4) / 5 = 114.25 / 5 */
    {ATTR_AGE, "", "all", METRIC_BIAS, 3.9, 5},   /* all too old */
    {ATTR_AGE, "", "all", METRIC_ACCURACY, 0, 5}, /* in years */
    {ATTR_AGE, "", "all", METRIC_ACCURACY_WITHIN_1, 0.2, 5}, /* 9 for 8 */
    {ATTR_AGE, "decades", "all", METRIC_ACCURACY, 0.6, 5},
    {ATTR_AGE, "decades", "all", METRIC_ACCURACY_WITHIN_1, 1, 5},
    {ATTR_AGE, "", "gender=female", METRIC_MAE, 7.0 / 3, 3},       /* 4, 1, 2 */
    {ATTR_AGE, "", "gender=male,race=White", METRIC_MAE, 6.25, 2}, /* 3.5, 9 */
    {ATTR_AGE, "", "race=a%3Db%2Cc%25d", METRIC_MAE, 2.5, 2},      /* 4, 1 */
    {ATTR_AGE, "decades", "gender=female", METRIC_ACCURACY, 2.0 / 3, 3},
    {ATTR_AGE, "decades", "age_group=20-29", METRIC_MAE, 2.75, 2},     /* 3.5, 2 */
    {ATTR_AGE, "decades", "age_group=20-29", METRIC_ACCURACY, 0.5, 2}, /* 29 yes, 31 no */
    {ATTR_AGE, "decades", "age_group=20-29,gender=female", METRIC_ACCURACY, 0, 1},
    {ATTR_AGE, "fairface-9", "age_group=60-69,gender=male,race=White", METRIC_MAE, 9, 1},
    {ATTR_GENDER, "", "all", METRIC_ACCURACY, 4.0 / 6, 6},
    {ATTR_GENDER, "", "gender=female", METRIC_ACCURACY, 0.75, 4},
    {ATTR_GENDER, "", "race=White", METRIC_ACCURACY, 2.0 / 3, 3},
    {ATTR_GENDER, "decades", "age_group=60-69", METRIC_ACCURACY, 0, 1},
    {ATTR_GENDER, "decades", "age_group=20-29", METRIC_ACCURACY, 1, 2},
};

START_TEST(values_by_hand) {
    struct breakdown b;
    struct breakdown_input in = by_hand_input();
    breakdown_compute(&b, &in);
    enum readout readout = by_hand[_i].task == ATTR_AGE ? READOUT_COUNT_RANKS : READOUT_ARGMAX;
    const struct metric_value_row *r = find(
        &b, by_hand[_i].task, readout, by_hand[_i].bins, by_hand[_i].grouping, by_hand[_i].metric);
    ck_assert_msg(r != NULL, "no row for %s", by_hand[_i].grouping);
    ck_assert_int_eq(r->n, by_hand[_i].n);
    ck_assert_double_eq_tol(r->value, by_hand[_i].value, 1e-12);
    breakdown_free(&b);
}
END_TEST

/* What would say nothing new, or nothing at all, has no row. */
START_TEST(rows_that_must_not_be) {
    struct breakdown b;
    struct breakdown_input in = by_hand_input();
    breakdown_compute(&b, &in);
    const enum readout count = READOUT_COUNT_RANKS;
    ck_assert_ptr_null(find(&b, ATTR_AGE, count, "decades", "all", METRIC_MAE));
    ck_assert_ptr_null(find(&b, ATTR_GENDER, READOUT_ARGMAX, "decades", "all", METRIC_ACCURACY));
    ck_assert_ptr_null(find(&b, ATTR_GENDER, READOUT_ARGMAX, "", "all", METRIC_MAE));
    ck_assert_ptr_null(find(&b, ATTR_AGE, count, "decades", "age_group=10-19", METRIC_MAE));
    ck_assert_ptr_null(find(&b, ATTR_AGE, count, "", "age_group=20-29", METRIC_MAE));
    ck_assert_ptr_null(find(&b, ATTR_AGE, READOUT_MEDIAN, "", "gender=male", METRIC_MAE));
    ck_assert_ptr_nonnull(find(&b, ATTR_AGE, READOUT_MEDIAN, "", "all", METRIC_MAE));
    ck_assert_ptr_nonnull(find(&b, ATTR_AGE, READOUT_MEDIAN, "decades", "all", METRIC_ACCURACY));
    for (size_t i = 0; i < b.n_confusion; i++) {
        const struct confusion_row *r = &b.confusion[i];
        ck_assert_int_ne(r->readout, READOUT_MEDIAN);
        ck_assert_int_gt(r->n, 0);
        if (r->task == ATTR_AGE && !*r->bins)
            ck_assert_str_eq(r->grouping, "all");
    }
    breakdown_free(&b);
}
END_TEST

static long confused(const struct breakdown *b, enum attribute task, const char *bin_set,
    const char *grouping, int truth, int said) {
    long n = 0;
    for (size_t i = 0; i < b->n_confusion; i++) {
        const struct confusion_row *r = &b->confusion[i];
        if (r->task == task && strcmp(r->bins, bin_set) == 0 &&
            strcmp(r->grouping, grouping) == 0 && r->truth == truth && r->predicted == said)
            n += r->n;
    }
    return n;
}

START_TEST(confusion_by_hand) {
    struct breakdown b;
    struct breakdown_input in = by_hand_input();
    breakdown_compute(&b, &in);
    ck_assert_int_eq(confused(&b, ATTR_AGE, "", "all", 25, 29), 1);
    ck_assert_int_eq(confused(&b, ATTR_AGE, "decades", "all", 2, 2), 1);
    ck_assert_int_eq(confused(&b, ATTR_AGE, "decades", "all", 2, 3), 1);
    ck_assert_int_eq(confused(&b, ATTR_AGE, "decades", "all", 6, 7), 1);
    ck_assert_int_eq(confused(&b, ATTR_AGE, "decades", "gender=female", 2, 3), 1);
    ck_assert_int_eq(confused(&b, ATTR_AGE, "decades", "gender=male", 2, 3), 0);
    ck_assert_int_eq(confused(&b, ATTR_GENDER, "", "all", 1, 1), 3);
    ck_assert_int_eq(confused(&b, ATTR_GENDER, "", "race=White", 0, 1), 1);
    ck_assert_int_eq(confused(&b, ATTR_GENDER, "decades", "age_group=0-9", 1, 0), 1);
    breakdown_free(&b);
}
END_TEST

/* |errors| 3.5, 4, 1, 9, 2. */
START_TEST(cumulative_scores_by_hand) {
    struct breakdown b;
    struct breakdown_input in = by_hand_input();
    breakdown_compute(&b, &in);
    ck_assert_uint_eq(b.n_cs, 2 * 2 * 26); /* read-outs, conventions, i = 0 ... 25 */
    double at[CS_CONVENTION_COUNT][26];
    for (size_t i = 0; i < b.n_cs; i++)
        if (b.cs[i].readout == READOUT_MEDIAN)
            at[b.cs[i].convention][b.cs[i].i] = b.cs[i].value;
    ck_assert_double_eq(at[CS_LT][0], 0);
    ck_assert_double_eq(at[CS_LT][4], 0.6);
    ck_assert_double_eq(at[CS_LE][4], 0.8);
    ck_assert_double_eq(at[CS_LE][25], 1);
    breakdown_free(&b);
}
END_TEST

/* ---- sets of other kinds ---- */

/* Age labels are groups: they are grouped by their names, and there are no bins. */
START_TEST(age_labels_that_are_groups) {
    static const int group[] = {0, 1, 1, 2}, sex[] = {0, 0, 1, LABEL_MISSING};
    static const double said[] = {0, 2, 1, 0};
    static const struct breakdown_task task = {
        ATTR_AGE, true, 0, 3, READOUT_COUNT_RANKS, true, said};
    struct breakdown b;
    struct breakdown_input in = {.n = 4,
        .label = {group, sex, NULL},
        .class_name = class_name,
        .tasks = &task,
        .n_tasks = 1};
    breakdown_compute(&b, &in);
    const struct metric_value_row *r =
        find(&b, ATTR_AGE, READOUT_COUNT_RANKS, "", "age_group=4-6", METRIC_MAE);
    ck_assert_double_eq(r->value, 0.5);
    r = find(&b, ATTR_AGE, READOUT_COUNT_RANKS, "", "age_group=4-6,gender=male", METRIC_ACCURACY);
    ck_assert_double_eq(r->value, 0);
    ck_assert_int_eq(r->n, 1);
    ck_assert_int_eq(confused(&b, ATTR_AGE, "", "age_group=8-12", 2, 0), 1);
    for (size_t i = 0; i < b.n_metrics; i++) {
        ck_assert_str_eq(b.metrics[i].bins, "");
        ck_assert_ptr_null(strstr(b.metrics[i].grouping, "race"));
    }
    breakdown_free(&b);
}
END_TEST

START_TEST(no_labels_no_rows) {
    static const int none[] = {LABEL_MISSING, LABEL_MISSING};
    struct breakdown b;
    struct breakdown_input in = by_hand_input();
    in.n = 2;
    in.label[ATTR_AGE] = none;
    in.label[ATTR_GENDER] = NULL;
    breakdown_compute(&b, &in);
    ck_assert_uint_eq(b.n_metrics + b.n_confusion + b.n_cs, 0);
    breakdown_free(&b);
    in.n = 0;
    breakdown_compute(&b, &in);
    ck_assert_uint_eq(b.n_metrics + b.n_confusion + b.n_cs, 0);
    breakdown_free(&b);
}
END_TEST

/* ---- against a slow way ---- */

enum { N = 600 };
struct drawn {
    int label[ATTR_COUNT][N];
    double said[ATTR_COUNT][N];
    struct breakdown_task task[ATTR_COUNT];
    struct breakdown_input in;
};

static void draw(struct drawn *d, bool with_gaps) {
    static const uint32_t classes[ATTR_COUNT] = {116, 2, 5};
    *d = (struct drawn){
        .in = {.n = N, .class_name = class_name, .bins = &bins, .tasks = d->task, .n_tasks = 3}};
    for (int a = 0; a < ATTR_COUNT; a++) {
        bool ordered = a == ATTR_AGE;
        for (uint32_t i = 0; i < N; i++) {
            struct rng r = rng_open(9, RNG_TEST, (uint32_t)a, i);
            d->label[a][i] = (int)rng_below(&r, classes[a]) + ordered;
            d->said[a][i] = rng_below(&r, classes[a]) + ordered + (ordered ? rng_uniform(&r) : 0);
            if (with_gaps && rng_below(&r, 4) == 0)
                d->label[a][i] = LABEL_MISSING;
        }
        d->in.label[a] = d->label[a];
        d->task[a] = (struct breakdown_task){(enum attribute)a, ordered, ordered, (int)classes[a],
            ordered ? READOUT_EXPECTATION : READOUT_ARGMAX, true, d->said[a]};
    }
}

/* Whether sample i is in the group, decided by comparing texts. */
static bool in_group(const struct drawn *d, int i, const struct age_bins *b, const char *grouping) {
    static const char *const key[ATTR_COUNT] = {"age_group=", "gender=", "race="};
    static const char *const race_name[] = {"White", "a%3Db%2Cc%25d", "Asian", "Indian", "Other"};
    for (int a = 0; a < ATTR_COUNT; a++) {
        const char *wanted = strstr(grouping, key[a]);
        if (!wanted)
            continue;
        wanted += strlen(key[a]);
        int label = d->label[a][i];
        if (label == LABEL_MISSING)
            return false;
        const char *name = a == ATTR_AGE      ? b->groups[age_bin(b, label)].name
                           : a == ATTR_GENDER ? class_name(NULL, a, label)
                                              : race_name[label];
        if (strcspn(wanted, ",") != strlen(name) || strncmp(wanted, name, strlen(name)) != 0)
            return false;
    }
    return true;
}

static double slowly(const struct drawn *d, const struct metric_value_row *r, size_t *n) {
    const struct age_bins *b = *r->bins ? age_bins_find(&bins, r->bins) : NULL;
    bool binned = b && r->task == ATTR_AGE && metric_rows[r->metric].share;
    double truth[N], said[N];
    *n = 0;
    for (int i = 0; i < N; i++) {
        int label = d->label[r->task][i];
        if (label == LABEL_MISSING || !in_group(d, i, b, r->grouping))
            continue;
        truth[*n] = binned ? age_bin(b, label) : label;
        said[(*n)++] = binned ? age_bin(b, d->said[r->task][i]) : d->said[r->task][i];
    }
    return metric_value(r->metric, truth, said, *n);
}

START_TEST(every_row_is_what_a_filter_gives) {
    struct drawn d;
    draw(&d, true);
    struct breakdown b;
    breakdown_compute(&b, &d.in);
    ck_assert_uint_gt(b.n_metrics, 3000);
    for (size_t i = 0; i < b.n_metrics; i++) {
        size_t n;
        double value = slowly(&d, &b.metrics[i], &n);
        ck_assert_int_eq(b.metrics[i].n, n);
        ck_assert_msg(
            b.metrics[i].value == value, "%s %s", b.metrics[i].bins, b.metrics[i].grouping);
    }
    breakdown_free(&b);
}
END_TEST

static bool same_group(const struct metric_value_row *a, const struct metric_value_row *b) {
    return a->task == b->task && a->metric == b->metric && strcmp(a->bins, b->bins) == 0;
}

/* Without missing labels the groups of one attribute share out the whole, and so do its counts. */
START_TEST(groups_sum_to_the_whole) {
    struct drawn d;
    draw(&d, false);
    struct breakdown b;
    breakdown_compute(&b, &d.in);
    static const char *const attribute[] = {"gender=", "race="};
    for (size_t i = 0; i < b.n_metrics; i++) {
        if (strcmp(b.metrics[i].grouping, "all") != 0)
            continue;
        for (size_t a = 0; a < ARRAY_LEN(attribute); a++) {
            double sum = 0;
            long n = 0;
            for (size_t j = 0; j < b.n_metrics; j++) {
                const struct metric_value_row *r = &b.metrics[j];
                if (same_group(r, &b.metrics[i]) && str_starts(r->grouping, attribute[a]) &&
                    !strchr(r->grouping, ',')) {
                    n += r->n;
                    sum += r->value * (double)r->n;
                }
            }
            ck_assert_int_eq(n, N);
            ck_assert_double_eq_tol(sum / N, b.metrics[i].value, 1e-9);
        }
    }
    for (size_t i = 0; i < b.n_confusion;) {
        const struct confusion_row *first = &b.confusion[i];
        long n = 0;
        for (; i < b.n_confusion && b.confusion[i].grouping == first->grouping &&
               b.confusion[i].task == first->task;
             i++)
            n += b.confusion[i].n;
        const struct metric_value_row *r =
            find(&b, first->task, first->readout, first->bins, first->grouping, METRIC_ACCURACY);
        ck_assert_int_eq(n, r->n);
    }
    breakdown_free(&b);
}
END_TEST

START_TEST(order_of_samples_changes_nothing_beyond_rounding) {
    struct drawn d, e;
    draw(&d, true);
    draw(&e, true);
    uint32_t order[N];
    for (uint32_t i = 0; i < N; i++)
        order[i] = i;
    struct rng r = rng_open(2, RNG_TEST, 0, 0);
    rng_shuffle(&r, order, N);
    for (int a = 0; a < ATTR_COUNT; a++)
        for (int i = 0; i < N; i++) {
            e.label[a][i] = d.label[a][order[i]];
            e.said[a][i] = d.said[a][order[i]];
        }
    struct breakdown x, y;
    breakdown_compute(&x, &d.in);
    breakdown_compute(&y, &e.in);
    ck_assert_uint_eq(x.n_metrics, y.n_metrics);
    for (size_t i = 0; i < x.n_metrics; i++) {
        ck_assert_str_eq(x.metrics[i].grouping, y.metrics[i].grouping);
        ck_assert_int_eq(x.metrics[i].n, y.metrics[i].n);
        ck_assert_double_eq_tol(x.metrics[i].value, y.metrics[i].value, 1e-9);
    }
    ck_assert_uint_eq(x.n_confusion, y.n_confusion);
    for (size_t i = 0; i < x.n_confusion; i++)
        ck_assert_int_eq(x.confusion[i].n, y.confusion[i].n);
    breakdown_free(&x);
    breakdown_free(&y);
}
END_TEST

Suite *breakdown_suite(void) {
    Suite *s = suite_create("breakdown");
    TCase *c = tcase_create("breakdown");
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, load, unload);
    tcase_add_loop_test(c, values_by_hand, 0, (int)ARRAY_LEN(by_hand));
    tcase_add_test(c, rows_that_must_not_be);
    tcase_add_test(c, confusion_by_hand);
    tcase_add_test(c, cumulative_scores_by_hand);
    tcase_add_test(c, age_labels_that_are_groups);
    tcase_add_test(c, no_labels_no_rows);
    tcase_add_test(c, every_row_is_what_a_filter_gives);
    tcase_add_test(c, groups_sum_to_the_whole);
    tcase_add_test(c, order_of_samples_changes_nothing_beyond_rounding);
    suite_add_tcase(s, c);
    return s;
}
