#include "fixture_tensors.h"

#include <check.h>
#include <math.h>
#include <string.h>

const struct th_device cpu = {0, 0};
th_scope *s;

void scope_open(void) {
    s = th_scope_new(cpu);
}

void scope_close(void) {
    th_scope_free(s);
}

th_tensor *vector(int n, const double *values) {
    return th_from(s, TH_F64, 1, (int64_t[]){n}, values);
}

th_tensor *matrix(int rows, int columns, const double *values) {
    return th_from(s, TH_F64, 2, (int64_t[]){rows, columns}, values);
}

void expect(th_tensor *t, int n, const double *wanted, double tolerance) {
    struct err e = {0};
    double got[64];
    ck_assert_int_le(n, 64);
    ck_assert_msg(th_take_error(s, &e), "%s", e.msg);
    ck_assert_int_eq(th_count(t), n);
    ck_assert_msg(th_read(s, t, TH_F64, got, (size_t)n * sizeof *got), "unreadable");
    for (int i = 0; i < n; i++)
        ck_assert_msg(fabs(got[i] - wanted[i]) <= tolerance, "element %d: %.9g, expected %.9g", i,
            got[i], wanted[i]);
}

void expect_shape(const th_tensor *t, int n_dims, const int64_t *shape) {
    ck_assert_int_eq(th_dims(t), n_dims);
    for (int i = 0; i < n_dims; i++)
        ck_assert_int_eq(th_size(t, i), shape[i]);
}

void expect_failure(const char *part) {
    struct err e = {0};
    ck_assert(!th_ok(s));
    ck_assert(!th_take_error(s, &e));
    ck_assert_msg(strstr(e.msg, part) != NULL, "\"%s\" is not in: %s", part, e.msg);
    ck_assert_msg(strchr(e.msg, '\n') == NULL, "more than one line: %s", e.msg);
    ck_assert(th_ok(s));
}
