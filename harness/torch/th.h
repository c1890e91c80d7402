/* The shim over libtorch: C on this side, all C++ behind it; no exception crosses.
 *
 * A scope owns every handle made in it. Each operation takes its scope first and returns a borrowed
 * `th_tensor *` that lives until the scope is cleared, popped past it, or freed; nobody frees a tensor.
 * After the first failure the scope holds the message and every operation returns NULL; an operation
 * given NULL returns NULL. Where memory ran out the message says how much was asked for and what to do. So
 * forward code has no checks: ask th_take_error once a step.
 * New tensors are made on the scope's device. Letters: N batch, C channels, H W, K classes, T tasks,
 * D features. Shapes stand in brackets, [] is a scalar.
 */
#ifndef TORCH_TH_H
#define TORCH_TH_H

#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct th_scope th_scope;
typedef struct th_tensor th_tensor;

enum th_type { TH_F32, TH_F64, TH_I64, TH_U8, TH_BOOL, TH_BF16 };

/* ---- the process ---- */

/* Once, first: sees that the libtorch found is of the version that we were built for, raises the
 * allocator's thresholds (design: mmap and trim), sets intra-op threads (0: all cores), one inter-op
 * thread, and deterministic algorithms. Called again it changes the intra-op threads. */
bool th_setup(int threads, bool deterministic, struct err *e);
int th_threads(void);
/* "1.13.0", as libtorch's headers say it. A library knows its own since 2.8, which th_setup compares;
 * Debian's 1.13.1 has the headers of 1.13.0. */
const char *th_version(void);
const char *th_blas(void); /* "OpenBLAS 0.3.21 ..." or "reference", as found at run time */

/* "cpu", "cuda" or "cuda:1". The error says which devices there are. */
struct th_device {
    int kind; /* 0 CPU, 1 CUDA */
    int index;
};
bool th_device_parse(const char *text, struct th_device *d, struct err *e);
void th_device_name(struct th_device d, char name[128]); /* "cpu: AMD EPYC ..." */
int64_t th_device_peak_bytes(struct th_device d);        /* CUDA: peak allocated; CPU: 0 */
/* CUDA: bytes that nobody uses, what libtorch had kept for later given back; 0 where it is not told, and on
 * a CPU. */
int64_t th_device_free_bytes(struct th_device d);
void th_synchronize(struct th_device d); /* waits for queued work; for timings */

/* What th_conv2d and th_linear compute in, forward and backward. TH_IN_TF32: f32 whose products have
 * mantissas of 10 bits, on NVIDIA's GPUs from Ampere on. TH_IN_BF16: f32 operands are rounded to bf16 and
 * the result is bf16, on any device; an f32 weight's gradient is f32. Batch norm of bf16 gives bf16, with
 * f32 weights, inside and statistics; other operations on bf16 and f32 together give f32. */
enum th_precision { TH_IN_F32, TH_IN_TF32, TH_IN_BF16 };
/* ERR_USAGE where the device has no such thing. */
bool th_precision_there(enum th_precision p, struct th_device d, struct err *e);
/* Of the process from now on; TH_IN_F32 at first. */
void th_set_precision(enum th_precision p);

/* ---- scopes ---- */

th_scope *th_scope_new(struct th_device d);
void th_scope_free(th_scope *s);  /* NULL is fine */
void th_scope_clear(th_scope *s); /* drops its tensors and its error */
bool th_ok(const th_scope *s);
bool th_take_error(th_scope *s, struct err *e); /* true: there was none; else moved into e */
void th_where(th_scope *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* place put in front of a later error: "stage3 block 1" */
void th_refuse(th_scope *s, const char *why); /* fails the scope as an operation does */
struct th_device th_scope_device(const th_scope *s);
size_t th_mark(const th_scope *s);
th_tensor *th_pop(
    th_scope *s, size_t mark, th_tensor *keep); /* drops what is after mark but keep */
th_tensor *th_keep(th_scope *to, th_tensor *t); /* the same storage in another scope */

/* Autograd records unless switched off. Pairs nest; the last end restores what was before the first begin. */
void th_no_grad_begin(void);
void th_no_grad_end(void);

/* ---- making, moving, reading ---- */

th_tensor *th_zeros(th_scope *s, enum th_type type, int n_dims, const int64_t *shape);
th_tensor *th_scalar(th_scope *s, double value); /* [] f32 */
th_tensor *th_from(th_scope *s, enum th_type type, int n_dims, const int64_t *shape,
    const void *data); /* copies; up to 64 MiB without waiting for the device */
th_tensor *th_borrow(th_scope *s, enum th_type type, int n_dims, const int64_t *shape,
    const void *data); /* CPU: shares what the caller keeps and nobody writes; else th_from */
bool th_read(th_scope *s, const th_tensor *t, enum th_type type, void *data, size_t bytes);
/* copies out, contiguous, converted; waits for the device */
double th_item(th_scope *s, const th_tensor *t); /* a scalar's value, NaN on failure; waits */
bool th_assign(th_scope *s, th_tensor *to, const th_tensor *from); /* in place, no gradient */

int th_dims(const th_tensor *t);
int64_t th_size(const th_tensor *t, int dim); /* dim < 0 counts from the end; no such dim: 0 */
int64_t th_count(const th_tensor *t);         /* elements */
enum th_type th_type_of(const th_tensor *t);

/* ---- shape ---- */

th_tensor *th_reshape(th_scope *s, th_tensor *t, int n_dims, const int64_t *shape);
th_tensor *th_permute(th_scope *s, th_tensor *t, int n_dims, const int *order);    /* a view */
th_tensor *th_channels_last(th_scope *s, th_tensor *t);                            /* [N,C,H,W] */
th_tensor *th_narrow(th_scope *s, th_tensor *t, int dim, int64_t from, int64_t n); /* a view */
th_tensor *th_rows(th_scope *s, th_tensor *t, th_tensor *index);   /* index [M] i64, dim 0 */
th_tensor *th_gather(th_scope *s, th_tensor *t, th_tensor *index); /* [N,K], [N] i64 -> [N] */
/* images [M,H,W,C], row [N], down [N,H'], right [N,W'] i64 -> [N,H',W',C]: its pixel (n,y,x) is that of
 * image row[n] at (down[n,y], right[n,x]). */
th_tensor *th_windows(
    th_scope *s, th_tensor *images, th_tensor *row, th_tensor *down, th_tensor *right);
th_tensor *th_cat(th_scope *s, int n, th_tensor *const *parts, int dim);
th_tensor *th_stack(th_scope *s, int n, th_tensor *const *scalars); /* n of [] -> [n] */
th_tensor *th_convert(th_scope *s, th_tensor *t, enum th_type type);
bool th_widen(
    th_scope *s, th_tensor *t); /* from now on it holds its values in f64; for references */
th_tensor *th_detach(th_scope *s, th_tensor *t);
th_tensor *th_clone(th_scope *s, th_tensor *t); /* new storage */

/* ---- arithmetic, broadcasting ---- */

th_tensor *th_add(th_scope *s, th_tensor *a, th_tensor *b);
th_tensor *th_sub(th_scope *s, th_tensor *a, th_tensor *b);
th_tensor *th_mul(th_scope *s, th_tensor *a, th_tensor *b);
th_tensor *th_div(th_scope *s, th_tensor *a, th_tensor *b);
th_tensor *th_affine(th_scope *s, th_tensor *t, double scale, double offset); /* scale t + offset */
th_tensor *th_exp(th_scope *s, th_tensor *t);
th_tensor *th_log(th_scope *s, th_tensor *t);
th_tensor *th_sum(th_scope *s, th_tensor *t); /* [] */
th_tensor *th_sum_dim(th_scope *s, th_tensor *t, int dim);
th_tensor *th_mean_hw(th_scope *s, th_tensor *t, bool keep); /* [N,C,H,W] -> [N,C] or [N,C,1,1] */
th_tensor *th_greater(th_scope *s, th_tensor *a, th_tensor *b); /* as bool */

/* ---- layers ---- */

th_tensor *th_conv2d(th_scope *s, th_tensor *x, th_tensor *weight, th_tensor *bias_or_null,
    int stride, int pad, int groups);
/* Zeros around: left, right, top, bottom. */
th_tensor *th_pad(th_scope *s, th_tensor *x, int left, int right, int top, int bottom);
th_tensor *th_batch_norm(th_scope *s, th_tensor *x, th_tensor *weight, th_tensor *bias,
    th_tensor *running_mean, th_tensor *running_var, bool train, double momentum, double eps);
th_tensor *th_linear(th_scope *s, th_tensor *x, th_tensor *weight, th_tensor *bias); /* x W' + b */
th_tensor *th_relu(th_scope *s, th_tensor *x);
th_tensor *th_relu6(th_scope *s, th_tensor *x);
th_tensor *th_silu(th_scope *s, th_tensor *x);
th_tensor *th_sigmoid(th_scope *s, th_tensor *x);
th_tensor *th_softplus(th_scope *s, th_tensor *x);    /* log(1 + e^x), exact for large |x| */
th_tensor *th_softmax(th_scope *s, th_tensor *x);     /* over the last dim */
th_tensor *th_log_softmax(th_scope *s, th_tensor *x); /* over the last dim */

/* ---- learning ---- */

bool th_require_grad(th_scope *s, th_tensor *t);  /* a leaf from now on */
bool th_backward(th_scope *s, th_tensor *loss);   /* adds to the leaves' gradients */
th_tensor *th_grad(th_scope *s, th_tensor *leaf); /* NULL, no error: none yet */

/* The values of contiguous f32 on the CPU, where they lie; of four dimensions channels_last, so that [N,C,H,W] is
 * [N,H,W,C]. */
float *th_values(th_scope *s, th_tensor *t);

int64_t th_changes(
    const th_tensor *t); /* how often it was changed in place, th_values' readers apart */

/* A node of autograd that is computed elsewhere: `values`, which outlive the backward pass, become a tensor
 * ([N,C,H,W]: they are [N,H,W,C]) that depends on `inputs`. In the backward pass `backward` is called with the
 * gradient of the values and fills those of the inputs, which lie as th_values has it; NULL: that one is not
 * wanted. On the CPU, in f32. */
typedef void (*th_node_backward)(void *context, const float *of_values, float *const *of_inputs);
th_tensor *th_node(th_scope *s, int n_inputs, th_tensor *const *inputs, int n_dims,
    const int64_t *shape, const float *values, th_node_backward backward, void *context);

struct team; /* kernels/team.h */

/* One step of SGD with momentum as PyTorch defines it (Sutskever et al. 2013, momentum not dampened):
 * g += decay w; v = momentum v + g; w -= lr v. velocity[i] like weight[i], zeros at first (then the
 * same as PyTorch's first step); in PyTorch's order, so to the same bits. Weights without a gradient are
 * left alone, and after the step none has one. `team` does it where all are dense floats of the CPU, a weight's three
 * lying alike, and the processor has FMA; else, or where it is NULL, libtorch does.
 * False where the scope has failed or a weight or velocity is NULL. */
bool th_sgd_step(th_scope *s, int n, th_tensor *const *weight, th_tensor *const *velocity,
    const double *decay, double lr, double momentum, struct team *team);

#ifdef __cplusplus
}
#endif

#endif
