/* A scope for the tests of the shim over libtorch, tensors written out in them, and what they ought to be. */
#ifndef FIXTURE_TENSORS_H
#define FIXTURE_TENSORS_H

#include "torch/th.h"

extern const struct th_device cpu;
extern th_scope *s; /* of the running test */

void scope_open(void); /* a checked fixture, with scope_close */
void scope_close(void);

#define SHAPE(...)                                                                                 \
    (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[]) {                       \
        __VA_ARGS__                                                                                \
    }

th_tensor *vector(int n, const double *values); /* [n] f64 */
#define VECTOR(...)                                                                                \
    vector((int)(sizeof((double[]){__VA_ARGS__}) / sizeof(double)), (double[]){__VA_ARGS__})

th_tensor *matrix(int rows, int columns, const double *values); /* [rows,columns] f64 */

/* The elements of t in row-major order are `wanted`, at most 64, and nothing failed. */
void expect(th_tensor *t, int n, const double *wanted, double tolerance);
#define EXPECT(t, ...)                                                                             \
    expect((t), (int)(sizeof((double[]){__VA_ARGS__}) / sizeof(double)), (double[]){__VA_ARGS__}, 0)
#define EXPECT_NEAR(t, ...)                                                                        \
    expect((t), (int)(sizeof((double[]){__VA_ARGS__}) / sizeof(double)), (double[]){__VA_ARGS__},  \
        1e-6)

void expect_shape(const th_tensor *t, int n_dims, const int64_t *shape);

/* The scope failed with this in its one-line message; afterwards it is fit for use. */
void expect_failure(const char *part);

#endif
