/* Metrics, rates and gaps equal scikit-learn's and fairlearn's, tests and intervals SciPy's and statsmodels', on the
 * random cases of tests/fixtures/oracle.json (made by tests/oracle/make_oracle.py, which names the versions). */
#include "check_suites.h"
#include "fixture_predictions.h"

#include "analysis/audit.h"
#include "analysis/bayes.h"
#include "analysis/calibration.h"
#include "analysis/distributions.h"
#include "analysis/multiple.h"
#include "analysis/paired.h"
#include "analysis/readout.h"
#include "core/file.h"
#include "core/json.h"
#include "core/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EXACT 1e-12 /* of metrics, rates and gaps */
#define CLOSE 1e-9  /* of tests and intervals */

static cJSON *root;

static void set_up(void) {
    struct err e = {0};
    size_t n;
    char *text = file_read("tests/fixtures/oracle.json", 16 << 20, &n, &e);
    ck_assert_msg(text, "%s", e.msg);
    root = json_parse("oracle.json", text, n, &e);
    ck_assert_msg(root, "%s", e.msg);
    free(text);
}

static void tear_down(void) {
    cJSON_Delete(root);
}

static double number(const cJSON *x) {
    return cJSON_IsNumber(x) ? x->valuedouble : NAN;
}

static double at(const cJSON *list, int i) {
    return number(cJSON_GetArrayItem(list, i));
}

static const char *text(const cJSON *object, const char *name) {
    return json_get(object, name)->valuestring;
}

static double *numbers(const cJSON *list, size_t *n) {
    double *x = xcalloc((size_t)cJSON_GetArraySize(list), sizeof *x);
    const cJSON *one;
    *n = 0;
    cJSON_ArrayForEach(one, list) x[(*n)++] = number(one);
    return x;
}

/* Equal but for the bound, relative above 1; NaN equals NaN. */
static void check(
    double got, double want, double bound, const char *what, const char *where, int i) {
    ck_assert_msg(isnan(got) == isnan(want) && !(fabs(got - want) > bound * fmax(1, fabs(want))),
        "case %d, %s of %s: %.17g, expected %.17g", i, what, where, got, want);
}

/* ---- audits ---- */

static void fill(int *into, const cJSON *list) {
    const cJSON *one;
    cJSON_ArrayForEach(one, list) *into++ = one->valueint;
}

static void predictions_of(struct predictions *p, const cJSON *c) {
    size_t n = (size_t)cJSON_GetArraySize(json_get(c, "truth"));
    enum attribute task = (enum attribute)word_find(attribute_name, ATTR_COUNT, text(c, "task"));
    fixture_predictions(p, task, n, 1);
    for (int a = 0; a < ATTR_COUNT; a++)
        fill(p->label[a], json_get(c, attribute_name[a]));
    fill(p->truth, json_get(c, "truth"));
    p->clusters = 0;
    for (size_t i = 0; i < n; i++) {
        p->predicted[i] = at(json_get(c, "predicted"), (int)i);
        p->cluster[i] = (uint32_t)at(json_get(c, "cluster"), (int)i);
        p->clusters = p->cluster[i] + 1 > p->clusters ? p->cluster[i] + 1 : p->clusters;
    }
}

struct audited {
    struct predictions p;
    struct age_bin_sets sets;
    const struct age_bins *bins, *of_task;
    struct crossing crossing;
    struct classes classes;
};

static void audited_open(struct audited *a, const cJSON *c) {
    struct err e = {0};
    struct str by = {0};
    bool uses[ATTR_COUNT];
    const cJSON *one;
    ck_assert(age_bins_load(&a->sets, NULL, &e));
    a->bins = age_bins_find(&a->sets, "fairface-9");
    predictions_of(&a->p, c);
    cJSON_ArrayForEach(one, json_get(c, "by"))
        str_addf(&by, "%s%s", by.len ? "," : "", one->valuestring);
    ck_assert(crossing_parse(uses, by.text, "by", &e));
    crossing_make(&a->crossing, &a->p, uses, a->bins, fixture_class_name, NULL);
    a->of_task = a->p.task == ATTR_AGE ? a->bins : NULL;
    a->classes = (struct classes){a->p.task, a->of_task,
        a->of_task ? a->bins->n : fixture_classes(a->p.task), fixture_class_name, NULL};
    str_free(&by);
}

static void audited_close(struct audited *a) {
    crossing_free(&a->crossing);
    predictions_free(&a->p);
    age_bins_free(&a->sets);
}

static void compute(
    struct audit_table *t, const struct audited *a, const char *metric, bool fairlearn) {
    struct outcome *o = NULL;
    size_t n = 0, capacity = 0;
    struct err e = {0};
    ck_assert_msg(outcomes_add(&o, &n, &capacity, metric, &a->classes, false, "", &e), "%s", e.msg);
    ck_assert_uint_eq(n, 1);
    const struct audit_options options = {
        .confidence = 0.95, .min_clusters = 1, .threads = 1, .fairlearn = fairlearn};
    audit_compute(t, o, &a->p, a->of_task, &a->crossing, &options);
    outcomes_free(o, n);
}

static void check_values(const struct audit_table *t, const struct audited *a, const cJSON *groups,
    const char *metric, int i) {
    int defined = 0;
    for (size_t g = 0; g < t->n; g++) {
        const cJSON *want = json_get(groups, a->crossing.name[g]);
        check(t->cells[g].value, number(want), EXACT, metric, a->crossing.name[g], i);
        defined += !isnan(t->cells[g].value);
    }
    ck_assert_int_eq(defined, cJSON_GetArraySize(groups));
}

static void check_gaps(const struct audit_table *t, const cJSON *gaps, const char *metric, int i) {
    for (int k = 0; k < GAP_COUNT; k++)
        if (gaps && gaps->child)
            check(t->gap[k].gap.value, number(json_get(gaps, gap_name[k])), EXACT, metric,
                gap_name[k], i);
}

/* fairlearn ranks what has a sample; our rule what has two clusters, which is two samples where each is its own. */
static void check_metric(const struct audited *a, const cJSON *want, bool alone, int i) {
    struct audit_table t;
    compute(&t, a, want->string, false);
    check(t.all.value, number(json_get(want, "overall")), EXACT, want->string, "all", i);
    check_values(&t, a, json_get(want, "groups"), want->string, i);
    if (alone)
        check_gaps(&t, json_get(want, "gaps"), want->string, i);
    audit_free(&t);
    compute(&t, a, want->string, true);
    const cJSON *theirs = json_get(want, "fairlearn_groups");
    check_values(&t, a, theirs ? theirs : json_get(want, "groups"), want->string, i);
    check_gaps(&t, json_get(want, "fairlearn"), want->string, i);
    audit_free(&t);
}

static void check_odds(const struct audited *a, const cJSON *c, int i) {
    char *tpr = xasprintf("tpr:%s", text(c, "class")), *fpr = xasprintf("fpr:%s", text(c, "class"));
    struct audit_table t, f;
    struct audit_gap gap[GAP_COUNT];
    bool of_tpr[GAP_COUNT];
    const cJSON *want = json_get(c, "equalised_odds");
    compute(&t, a, tpr, true);
    compute(&f, a, fpr, true);
    audit_equalised_odds(&t, &f, gap, of_tpr);
    if (t.ranked >= 2) {
        check(gap[GAP_DIFFERENCE].gap.value, number(json_get(want, "difference")), EXACT, "odds",
            "difference", i);
        /* Where a rate is 0 in every group fairlearn's ratio is NaN or not by the order of its arguments. */
        if (cJSON_IsNumber(json_get(want, "ratio")))
            check(gap[GAP_RATIO].gap.value, number(json_get(want, "ratio")), EXACT, "odds", "ratio",
                i);
    }
    audit_free(&t);
    audit_free(&f);
    free(tpr);
    free(fpr);
}

START_TEST(audits) {
    const cJSON *c, *metric;
    int i = 0;
    cJSON_ArrayForEach(c, json_get(root, "audits")) {
        struct audited a = {0};
        audited_open(&a, c);
        bool alone = a.p.clusters == a.p.n;
        cJSON_ArrayForEach(metric, json_get(c, "metrics")) check_metric(&a, metric, alone, i);
        check_odds(&a, c, i);
        const cJSON *clustered = json_get(c, "clustered");
        struct audit_table t;
        compute(&t, &a, text(clustered, "metric"), false);
        if (cJSON_IsNumber(json_get(clustered, "error")) && a.p.task == ATTR_AGE)
            check(t.all.error, number(json_get(clustered, "error")), CLOSE, "error", "all", i);
        audit_free(&t);
        audited_close(&a);
        i++;
    }
    ck_assert_int_ge(i, 200);
}
END_TEST

START_TEST(confusions) {
    const cJSON *c;
    cJSON_ArrayForEach(c, json_get(root, "audits")) {
        struct audited a = {0};
        audited_open(&a, c);
        int k = a.classes.n;
        double *truth = xcalloc(a.p.n, sizeof *truth), *said = xcalloc(a.p.n, sizeof *said);
        long *counts = xcalloc((size_t)(k * k), sizeof *counts);
        for (size_t i = 0; i < a.p.n; i++) {
            truth[i] = a.of_task ? age_bin(a.bins, a.p.truth[i]) : a.p.truth[i];
            said[i] = a.of_task ? age_bin(a.bins, a.p.predicted[i]) : a.p.predicted[i];
        }
        confusion_matrix(truth, said, a.p.n, 0, k, counts);
        for (int i = 0; i < k * k; i++)
            ck_assert_int_eq(
                counts[i], (long)at(cJSON_GetArrayItem(json_get(c, "confusion"), i / k), i % k));
        free(truth);
        free(said);
        free(counts);
        audited_close(&a);
    }
}
END_TEST

/* ---- probabilities ---- */

struct told {
    double brier, log_loss;
    double *confidence;
    bool *correct;
};

static void tell(struct told *t, const cJSON *c, int i, const float *p, bool ordinal, int classes,
    int number_of) {
    double full[16];
    int truth = (int)at(json_get(c, "truth"), i);
    readout_classes(ordinal, p, classes, full);
    int said = (int)readout_value(READOUT_ARGMAX, ordinal, p, classes, 0);
    check(said, at(json_get(c, "argmax"), i), EXACT, "argmax", "probabilities", number_of);
    check(readout_value(READOUT_EXPECTATION, ordinal, p, classes, 0),
        at(json_get(c, "expectation"), i), EXACT, "expectation", "probabilities", number_of);
    check(readout_value(READOUT_MEDIAN, ordinal, p, classes, 0), at(json_get(c, "median"), i),
        EXACT, "median", "probabilities", number_of);
    for (int k = 0; k < classes; k++)
        t->brier += (full[k] - (k == truth)) * (full[k] - (k == truth));
    t->log_loss -= log(fmax(1e-15, full[truth]));
    t->confidence[i] = full[said];
    t->correct[i] = said == truth;
}

START_TEST(probabilities) {
    const cJSON *c;
    int number_of = 0;
    cJSON_ArrayForEach(c, json_get(root, "probabilities")) {
        int n = cJSON_GetArraySize(json_get(c, "truth")),
            classes = json_get(c, "classes")->valueint;
        bool ordinal = cJSON_IsTrue(json_get(c, "ordinal"));
        struct told t = {.confidence = xcalloc((size_t)n, sizeof *t.confidence),
            .correct = xcalloc((size_t)n, sizeof *t.correct)};
        for (int i = 0; i < n; i++) {
            float p[16];
            for (int k = 0; k < classes - ordinal; k++)
                p[k] = (float)at(cJSON_GetArrayItem(json_get(c, "probabilities"), i), k);
            tell(&t, c, i, p, ordinal, classes, number_of);
        }
        check(
            t.brier / n, number(json_get(c, "brier")), EXACT, "brier", "probabilities", number_of);
        if (ordinal) /* scikit-learn makes probabilities sum to 1 first, which float32 ones do not quite */
            check(t.log_loss / n, number(json_get(c, "log_loss")), EXACT, "log loss",
                "probabilities", number_of);
        else
            check(t.log_loss / n, number(json_get(c, "log_loss")), 1e-6, "log loss",
                "probabilities", number_of);
        struct calibration calibration;
        calibration_make(&calibration, t.confidence, t.correct, (size_t)n);
        check(calibration.error, number(json_get(c, "calibration_error")), EXACT, "ECE",
            "probabilities", number_of);
        free(t.confidence);
        free(t.correct);
        number_of++;
    }
}
END_TEST

/* ---- intervals and tests ---- */

static void check_interval(struct interval got, const cJSON *want, const char *what, int i) {
    check(got.low, at(want, 0), CLOSE, what, "low", i);
    check(got.high, at(want, 1), CLOSE, what, "high", i);
}

START_TEST(intervals) {
    const cJSON *c;
    int i = 0;
    cJSON_ArrayForEach(c, json_get(root, "shares")) {
        double n = number(json_get(c, "n")), share = number(json_get(c, "k")) / n;
        double confidence = number(json_get(c, "confidence"));
        check_interval(interval_wilson(share, n, confidence), json_get(c, "wilson"), "Wilson", i);
        check_interval(interval_exact(share, n, confidence), json_get(c, "exact"), "exact", i++);
    }
    cJSON_ArrayForEach(c, json_get(root, "means")) {
        size_t n;
        double *x = numbers(json_get(c, "values"), &n);
        check_interval(interval_of_mean(x, n, number(json_get(c, "overlap")), .95),
            json_get(c, "interval"), "mean", i++);
        free(x);
    }
}
END_TEST

START_TEST(families_of_tests) {
    const cJSON *c;
    int i = 0;
    cJSON_ArrayForEach(c, json_get(root, "families")) {
        size_t n;
        double *p = numbers(json_get(c, "p"), &n), *adjusted = xcalloc(n, sizeof *adjusted);
        holm_adjust(p, n, adjusted);
        for (size_t k = 0; k < n; k++)
            check(adjusted[k], at(json_get(c, "holm"), (int)k), CLOSE, "Holm", "family", i);
        false_discovery_adjust(p, n, adjusted);
        for (size_t k = 0; k < n; k++)
            check(adjusted[k], at(json_get(c, "bh"), (int)k), CLOSE, "BH", "family", i);
        free(p);
        free(adjusted);
        i++;
    }
}
END_TEST

START_TEST(paired_tests) {
    const cJSON *c;
    int i = 0;
    cJSON_ArrayForEach(c, json_get(root, "mcnemar")) check(
        mcnemar_exact((size_t)number(json_get(c, "only_a")), (size_t)number(json_get(c, "only_b"))),
        number(json_get(c, "p")), CLOSE, "McNemar", "p", i++);
    cJSON_ArrayForEach(c, json_get(root, "flips")) {
        size_t n;
        double *d = numbers(json_get(c, "difference"), &n);
        check(sign_flip_test(d, n, 100, 1, 1), number(json_get(c, "p")), CLOSE, "sign flips", "p",
            i++);
        free(d);
    }
}
END_TEST

static double distribution(const char *name, const cJSON *x) {
    if (strcmp(name, "normal_quantile") == 0)
        return normal_quantile(at(x, 0));
    if (strcmp(name, "normal_cdf") == 0)
        return normal_cdf(at(x, 0));
    if (strcmp(name, "student_t_quantile") == 0)
        return student_t_quantile(at(x, 0), at(x, 1));
    if (strcmp(name, "student_t_two_sided") == 0)
        return student_t_two_sided(at(x, 0), at(x, 1));
    if (strcmp(name, "beta_quantile") == 0)
        return beta_quantile(at(x, 0), at(x, 1), at(x, 2));
    if (strcmp(name, "binomial_cdf") == 0)
        return binomial_cdf(at(x, 0), at(x, 1), at(x, 2));
    ck_abort_msg("%s: unknown", name);
    return NAN;
}

START_TEST(distributions) {
    const cJSON *c;
    int i = 0;
    cJSON_ArrayForEach(c, json_get(root, "distributions")) {
        const char *name = cJSON_GetArrayItem(c, 0)->valuestring;
        check(distribution(name, cJSON_GetArrayItem(c, 1)), at(c, 2), CLOSE, name, "distribution",
            i++);
    }
    ck_assert_int_ge(i, 40);
}
END_TEST

Suite *oracle_suite(void) {
    Suite *s = suite_create("oracle");
    TCase *c = tcase_create("oracle");
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, audits);
    tcase_add_test(c, confusions);
    tcase_add_test(c, probabilities);
    tcase_add_test(c, intervals);
    tcase_add_test(c, families_of_tests);
    tcase_add_test(c, paired_tests);
    tcase_add_test(c, distributions);
    suite_add_tcase(s, c);
    return s;
}
