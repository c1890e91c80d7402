/* The kernels that are compiled once an instruction set and type of maps, as a table of each; what they compute is in
 * the headers of their files in simd/. Images and maps are NHWC: a map is rows of [channels] values. Maps are of void:
 * of float32 or of bfloat16, as the table says. Operands, what products multiply, are of void too: of float32, or
 * where the processor multiplies bfloat16 of that; so is what `pack` makes, and `room`. All other arrays are float32,
 * and so is what is computed. None allocates, starts a thread or keeps anything.
 */
#ifndef KERNELS_SIMD_H
#define KERNELS_SIMD_H

#include "core/err.h"
#include "nets/trunk_table.h"

#include <stdbool.h>
#include <stddef.h>

/* c [m,n] = a [m,k] b [k,n], or is increased by it; b as pack made it. */
struct product {
    int m, n, k;
    const void *a; /* operands */
    const float *packed;
    size_t lda;
    float *c;
    void *map; /* is c where c is NULL */
    size_t ldc;
    const int *places; /* row i of c is at places[i] ldc; NULL: at i ldc */
    bool add;
    /* [n]: increased by the sums of c's columns and of their squares; NULL: not wanted */
    float *sums, *squares;
    /* what becomes of c, which is neither a map nor added to nor summed; NULL: nothing */
    const struct finish *finish;
};

/* x + bias, activated or plus a residual. */
struct finish {
    const float *bias; /* [n] */
    bool activates;
    enum activation activation;
    const float *plus; /* [m, n], rows of ldc in their order; NULL: none */
};

/* c [m,n] = a' b, or is increased by it; a [rows,m], b [rows,n]. */
struct outer {
    int rows, m, n;
    const void *a, *b; /* operands */
    size_t lda, ldb;
    float *c;
    size_t ldc;
    bool add;
    float *room; /* [outer_room(rows, m, n)], where operands are not floats */
};
size_t outer_room(int rows, int m, int n);

/* Kernels of 3 or 5 at stride 1 or 2; top, left: zeros before the input, kernel / 2, or at stride 2 one less. */
struct depthwise {
    int kernel, stride, top, left;
    int height, width, out_height, out_width, channels;
};

struct depthwise_forward {
    const void *in; /* map [height, width, channels] */
    /* [channels]: the input is activation(in scale + shift); NULL: in */
    const float *scale, *shift;
    enum activation activation;
    const float *weights; /* [kernel, kernel, channels] */
    void *out;            /* map [out_height, out_width, channels] */
    float *sums,
        *squares; /* [channels]: increased by those of out; NULL: not wanted, squares with a bias never */
    /* [channels]: out becomes activation(out + bias), and sums are of that; NULL, as it must be where there is a scale:
     * it does not */
    const float *bias;
};

/* With d = out, z = d out_scale + out_shift and a the activation: */
struct depthwise_grad {
    enum activation activation;
    const void *out_grad, *out;         /* maps of dh and d: [out_height, out_width, channels] */
    const float *out_scale, *out_shift; /* [channels] */
    const float *gate, *plus;           /* [channels]: dz = (dh gate + plus) a'(z); NULL: 1 and 0 */
    const float *of_grad, *of_out, *of_one; /* [channels]: dd = of_grad dz + of_out d + of_one */
    const void *in;                         /* as in depthwise_forward, and so are: */
    const float *scale, *shift, *mean;      /* mean [channels] of `in` */
    const float *weights;                   /* [kernel, kernel, channels] */
    /* map [height, width, channels]: of in scale + shift, or of in where scale is NULL */
    void *in_grad;
    /* [channels]: increased by in_grad's sums, and those times (in - mean) */
    float *sums, *products;
    float *weight_grad; /* [kernel, kernel, channels]: increased */
};

/* Rows of a map before its batch norm, and the norm's numbers, [channels] each; z = x scale + shift. Those that
 * a kernel does not use may be NULL. */
struct map {
    const void *x; /* [rows, channels] */
    size_t rows;
    int channels;
    enum activation activation;
    const float *scale, *shift, *mean;
    const float *of_grad, *of_x, *of_one; /* the gradient of x is of_grad dz + of_x x + of_one */
};

/* Sums over rows, [channels] each, all increased. With g the gradient of the gated activation, a' its slope: */
struct gate_sums {
    float *grads, *grad_products; /* g a', and times (x - mean) */
    /* g a; a', and times (x - mean); where there is a gate */
    float *of_gate, *slopes, *slope_products;
};

/* Channels: whole vectors of every set; the trunks' widths are multiples of it. */
enum { DEPTHWISE_BLOCK = 48 };

/* What a kernel needs beside its operands, for any shape with this padded width and kernel. */
size_t depthwise_scratch(int width);

struct simd {
    size_t map_bytes, operand_bytes; /* of a value; either floats or what a map holds */
    size_t (*packed_floats)(int k, int n);
    /* b[i, j] is at i step_k + j step_n; one of the steps is 1. */
    void (*pack)(int k, int n, const float *b, size_t step_k, size_t step_n, float *packed);
    /* packed rows times factor [k]: b's rows. NULL where operands are not floats. */
    void (*scale_packed)(int k, int n, const float *packed, const float *factor, float *scaled);
    int (*padded_places)(const struct depthwise *d);
    int (*padded_step)(const struct depthwise *d, int channel);
    void (*multiply_rows)(const struct product *p);
    void (*multiply_outer)(const struct outer *p);
    /* scratch: depthwise_scratch floats. */
    void (*depthwise_forward)(
        const struct depthwise *d, const struct depthwise_forward *f, float *scratch);
    /* The same for one block of channels, from `channel` on, of an input whose rows lie padded: `rows` is the
     * first of shape.height rows of row_floats, shape.left zeros at its begin, zeros behind it as far as
     * padded_places says, places of padded_step floats. */
    void (*depthwise_padded)(const struct depthwise *d, const struct depthwise_forward *f,
        int channel, const float *rows, size_t row_floats, float *scratch);
    void (*depthwise_grad)(
        const struct depthwise *d, const struct depthwise_grad *g, float *scratch);

    /* out, operands, = activation(z) gate; gate [channels], NULL: 1. */
    void (*activate_rows)(const struct map *m, const float *gate, void *out);
    void (*activate_map)(const struct map *m, void *out); /* the same without a gate, to a map */
    void (*activate_values)(enum activation activation, size_t n, const float *x, float *out);
    void (*slope_values)(
        enum activation activation, size_t n, const float *x, float *grad); /* grad *= a'(x) */
    void (*sigmoid_values)(size_t n, const float *x, float *out);           /* out may be x */
    /* sums [channels] += activation(z) over rows. */
    void (*activate_sums)(const struct map *m, float *sums);
    /* out = z factor + plus; plus and out maps [rows, channels], plus NULL: 0. */
    void (*norm_rows)(const struct map *m, float factor, const void *plus, void *out);

    /* `grad` is a map. Of z's gradient, grad factor: the sums over rows, and those times (x - mean). */
    void (*grad_sums)(
        const struct map *m, const void *grad, float factor, float *sums, float *products);
    /* out, operands, = the gradient of x where grad factor is that of z. */
    void (*grad_rows)(const struct map *m, const void *grad, float factor, void *out);
    /* out as activate_rows makes it, and in the same pass the sums of its gradient. */
    void (*gate_rows)(const struct map *m, const struct gate_sums *s, const void *grad,
        const float *gate, void *out);
    /* Where every row's activation has the same gradient [channels], as behind a mean: grad_sums, and grad_rows. */
    void (*pooled_sums)(const struct map *m, const float *grad, float *sums, float *products);
    void (*pooled_grad_rows)(const struct map *m, const float *grad, void *out);
    /* grad of the activation becomes that of z, with grad_sums. */
    void (*slope_rows)(const struct map *m, void *grad, float *sums, float *products);

    /* n values of a map as floats, and back; of floats as operands; to += map. */
    void (*read_map)(size_t n, const void *map, float *values);
    void (*write_map)(size_t n, const float *values, void *map);
    void (*to_operands)(size_t n, const float *values, void *operands);
    void (*add_map)(size_t n, const void *map, void *to);
};

/* SIMD_AVX512_BF16: maps of bfloat16 are multiplied as they are; with maps of float32 it is SIMD_AVX512. */
enum simd_id { SIMD_PORTABLE, SIMD_AVX2, SIMD_AVX512, SIMD_AVX512_BF16, SIMD_COUNT };
extern const char *const simd_names[SIMD_COUNT];
enum simd_maps { SIMD_F32, SIMD_BF16, SIMD_MAPS };
/* NULL: this processor, or this program, has no such thing; the same for either type of maps. */
const struct simd *simd_of(enum simd_id id, enum simd_maps maps);
/* c [m,n] = a [m,k] b, whose rows have no gaps, by a table whose operands are floats; the rest as in struct product. */
void multiply_dense(const struct simd *simd, int m, int n, int k, const float *a,
    const float *packed, float *c, const struct finish *finish);
/* The best there is for maps of this type, or what the environment variable DMTL_SIMD names. */
enum simd_id simd_best(enum simd_maps maps);
/* ERR_USAGE where DMTL_SIMD names what is not there; simd_best passes over it. */
bool simd_check(struct err *e);

#endif
