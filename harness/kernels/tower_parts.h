/* The tower's inside, shared by its forward and its backward. */
#ifndef KERNELS_TOWER_PARTS_H
#define KERNELS_TOWER_PARTS_H

#include "kernels/tower.h"

#include <stdint.h>

/* A convolution and its batch norm. Arrays of numbers of a norm are [out]. */
struct layer {
    int kernel, stride, in, out; /* kernel 1: a product; groups: a depthwise one has in 1 */
    int first_tensor;            /* its weight; gamma, beta, running mean and variance follow */
    int height, width;           /* of its output */
    void *raw;                   /* map [n, height, width, out]: before the norm */
    float *packed, *packed_back; /* its weights as the two passes take them; back: products alone */
    /* z = raw scale + shift; inverse: 1 / sqrt(variance + eps) */
    float *scale, *shift, *mean, *inverse;
    float *of_grad, *of_x, *of_one; /* struct map */
    /* of inference: weights packed with the running norm in them, and what is added */
    float *folded, *bias;
};

/* Squeeze-excite: [n, channels] and [n, squeezed] each. */
struct gate {
    int channels, squeezed;
    int first_tensor; /* weight and bias of the squeeze, then of the excitation */
    float *packed[4]; /* squeeze, excite; the same backward; of float32 always */
    float *pooled, *squeezed_raw, *squeezed_out, *factor;
    float *sums;                        /* [n, 5, channels]: struct gate_sums in its order */
    float *plus;                        /* [n, channels]: each place's gradient through the mean */
    float *factor_grad, *squeezed_grad; /* before the sigmoid and before the activation */
    float *folded[2], *bias[2];         /* of inference: squeeze, excitation */
};

struct block {
    bool expands, gated, residual;
    struct layer expand, depthwise, project;
    struct gate gate;
    int in, height, width; /* of its input */
    const void *x;         /* its input map; NULL: the stem's raw output is activated on loading */
    void *out;             /* its output map */
    float *drops;          /* [n]: room for a mask */
    const float *mask;     /* that of this pass; NULL: none */
};

/* What a thread has of its own. */
struct desk {
    float *panel, *panel_2; /* [PANEL_FLOATS] each: rows of wide maps, mostly as operands */
    float *pairs;           /* of outer products, where operands are not floats */
    float *scratch;         /* of depthwise kernels */
    float *sums;            /* [2, widest]: of one kernel's call */
    double *tally;          /* [2, widest]: of a pass */
    float *weight_grad;     /* of the pass's weights; */
    bool gathered;          /* it has been written in this pass */
};

struct tower {
    const struct trunk_table *table;
    const struct simd *simd; /* of training's type of maps */
    const struct simd *simd_f32;
    struct team *team;
    bool has_stem, has_head,
        stem_kept; /* stem_kept: its activated map is a block's input as it is */
    struct layer stem, head;
    struct block *blocks;
    int n_blocks, n_tensors, widest;
    /* of the last forward's size */
    char *memory;
    int capacity; /* images there is room for */
    int n, height, width;
    const float *x;
    void *x_map;    /* x as a map, where the tower has no stem and maps are not of floats */
    float *out_map; /* the output as floats, likewise */
    float *features, *features_grad;
    void *stem_out, *wide_grads[2], *grads[2]; /* maps */
    struct desk *desks;
    char *folded;    /* memory of inference's weights */
    char *inference; /* memory of inference's maps */
    size_t inference_bytes;
};

/* Of a layer's output map. */
static inline size_t places(const struct layer *l) {
    return (size_t)l->height * (size_t)l->width;
}

/* Values of the input that one of the output is made of. */
static inline int layer_taps(const struct layer *l) {
    return l->kernel * l->kernel * l->in;
}

/* Its weights are [taps, channels] then, not a product's. */
static inline bool is_depthwise(const struct layer *l) {
    return l->kernel > 1 && l->in == 1;
}

/* The layer whose raw output a block's depthwise convolution activates on loading; NULL: it reads the block's input as
 * it is. */
static inline const struct layer *activated_on_loading(
    const struct tower *t, const struct block *b) {
    return b->expands ? &b->expand : b->x ? NULL : &t->stem;
}

/* This thread's images of the batch. */
static inline void own_images(const struct tower *t, int thread, int *from, int *end) {
    team_share(t->team, thread, t->n, from, end);
}

/* Handed out from one block; without it only counted. */
struct place {
    char *memory;
    size_t at;
};
float *take(struct place *p, size_t floats);
char *large_pages(size_t bytes); /* to free; NULL: there is no memory */

static inline size_t larger(size_t a, size_t b) {
    return a > b ? a : b;
}

/* Value `at` of a map. */
void *map_at(const struct tower *t, void *map, size_t at);
const void *map_from(const struct tower *t, const void *map, size_t at);
/* Operand `at` of a panel. */
void *operand_at(const struct tower *t, void *operands, size_t at);
/* n values of a map from `at` on, or of floats, as operands: where they lie, or in `room`. */
const void *map_operands(const struct tower *t, const void *map, size_t at, size_t n, void *room);
const void *float_operands(const struct tower *t, const float *values, size_t n, void *room);

/* The size that a convolution of the trunk leaves of `size`. */
int size_after(enum padding padding, int kernel, int stride, int size);

/* Rows of a panel, and the most floats that one takes: they stay in the second cache with what is beside them. */
enum { PANEL_ROWS = 200, PANEL_FLOATS = 200 * 672 };
int panel_rows(int channels);
int product_rows(const struct layer *l); /* of either side of a product */

/* The rows of images *image.. up to `end` in panels: whole images, or parts of one. Begins with rows 0. */
struct panel {
    int image;
    size_t row, rows; /* of the whole batch's map */
};
bool panel_next(struct panel *p, size_t rows_per_image, int most, int end);

/* The part of panel p's rows from its row `at` on that lies in one image. */
struct piece {
    int image;
    size_t row, rows;
};
struct piece panel_piece(const struct panel *p, size_t at, size_t rows_per_image);

struct map layer_map(const struct tower *t, const struct layer *l, size_t row, size_t rows);
struct depthwise depthwise_of(const struct tower *t, const struct layer *l, int height, int width);
int same_begin(enum padding padding, int kernel, int stride, int size); /* zeros before the input */

/* The batch's maps of `values` an image, out of floats and back, by all threads. */
void maps_take(struct tower *t, size_t values, const float *from, void *maps);
void maps_give(struct tower *t, size_t values, const void *maps, float *to);
size_t values_in(
    const struct tower *t); /* of an image's input and output, at the size there is room for */
size_t values_out(const struct tower *t);

/* A thread's sums of a kernel's call, zeroed / added to its tally. */
void desk_clear(struct desk *d, int channels);
void desk_add(struct desk *d, int channels);
void desks_zero(struct tower *t); /* all tallies */

/* Out of the tallies: statistics of a layer's raw output (`rows` of it); coefficients of its gradient, with
 * gamma's and beta's. */
void layer_statistics(
    struct tower *t, struct layer *l, const struct tower_tensor *tensors, size_t rows);
void layer_coefficients(
    struct tower *t, struct layer *l, const struct tower_tensor *tensors, size_t rows);

/* 3 x 3 patches of an image at stride 2, rows row.. of its map: [rows, 27]. */
enum { PATCH = 27 };
void stem_patches(enum padding padding, int height, int width, const float *image, size_t row,
    size_t rows, float *patches);

#endif
