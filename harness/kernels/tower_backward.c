/* The tower's backward pass, from the last step to the first. Of a block: out of its output's gradient, through
 * the projection to that of the gated activation (project), through gate, batch norm and depthwise
 * convolution to that of the normalised expansion (depthwise), through the expansion to its input's
 * (product). The sums that a batch norm's gradient needs are made by the pass before. */
#include "kernels/tower_parts.h"

#include <assert.h>
#include <string.h>

struct pass {
    struct tower *t;
    const struct tower_tensor *tensors;
    struct block *b;
    struct layer *l;
    const void *x;    /* map: the input of a product */
    const void *grad; /* map: of the block's output; of what follows a product's norm */
    void *x_grad;     /* map; NULL: not wanted */
    bool add;         /* to what x_grad holds */
    /* [n, out]: the product is the trunk's last, and this its mean's gradient */
    const float *pooled_grad;
    struct layer *before;     /* whose norm made x, or NULL; its sums are wanted */
    const float *before_mask; /* [n]: that block's, or NULL */
    int m, n;                 /* of the weight gradient in the desks */
    size_t step_m, step_n;    /* of the tensor that it becomes */
    float *weight_grad;
};

static float mask_of(const float *mask, int image) {
    return mask ? mask[image] : 1;
}

/* ---- weight gradients ---- */

/* d's += a' b, of a panel's rows. */
static void gather_weights(
    const struct pass *p, struct desk *d, size_t rows, const void *a, const void *b) {
    p->t->simd->multiply_outer(&(struct outer){.rows = (int)rows,
        .m = p->m,
        .n = p->n,
        .a = a,
        .lda = (size_t)p->m,
        .b = b,
        .ldb = (size_t)p->n,
        .c = d->weight_grad,
        .ldc = (size_t)p->n,
        .add = d->gathered,
        .room = d->pairs});
    d->gathered = true;
}

enum { SQUARE = 16 };

/* Of the desks' sum rows x columns from entry i, j on: read by rows, written as the tensor lies. */
static inline __attribute__((always_inline)) void join_some(
    const struct pass *p, int i, int j, int rows, int columns) {
    float square[SQUARE][SQUARE] = {{0}};
    for (int k = 0; k < team_threads(p->t->team); k++) {
        const struct desk *d = &p->t->desks[k];
        const float *from = d->weight_grad + (size_t)i * (size_t)p->n + j;
        for (int y = 0; d->gathered && y < rows; y++, from += p->n)
            for (int x = 0; x < columns; x++)
                square[y][x] += from[x];
    }
    float *to = p->weight_grad + (size_t)i * p->step_m + (size_t)j * p->step_n;
    for (int y = 0; p->step_n == 1 && y < rows; y++)
        memcpy(to + (size_t)y * p->step_m, square[y], (size_t)columns * sizeof *to);
    for (int x = 0; p->step_n != 1 && x < columns; x++)
        for (int y = 0; y < rows; y++)
            to[(size_t)y * p->step_m + (size_t)x * p->step_n] = square[y][x];
}

static void join_square(const struct pass *p, int i, int j) {
    int rows = p->m - i < SQUARE ? p->m - i : SQUARE;
    int columns = p->n - j < SQUARE ? p->n - j : SQUARE;
    if (rows == SQUARE && columns == SQUARE)
        join_some(p, i, j, SQUARE, SQUARE);
    else
        join_some(p, i, j, rows, columns);
}

/* Squares of one row of them lie in memory behind each other, and so do those that a thread takes. */
static void join_weights(void *context, int thread) {
    struct pass *p = context;
    int across = (p->n + SQUARE - 1) / SQUARE, down = (p->m + SQUARE - 1) / SQUARE, from, end;
    team_share(p->t->team, thread, across * down, &from, &end);
    for (int at = from; at < end; at++)
        join_square(p, at / across * SQUARE, at % across * SQUARE);
}

/* Runs a pass whose desks gather [m, n] of a weight's gradient, which is at i step_m + j step_n of the tensor. */
static void run_with_weights(struct pass *p, void (*images)(void *, int), int m, int n,
    size_t step_m, size_t step_n, float *weight_grad) {
    p->m = m;
    p->n = n;
    p->step_m = step_m;
    p->step_n = step_n;
    p->weight_grad = weight_grad;
    for (int i = 0; i < team_threads(p->t->team); i++)
        p->t->desks[i].gathered = false;
    desks_zero(p->t);
    team_run(p->t->team, images, p);
    team_run(p->t->team, join_weights, p);
}

/* ---- sums for the norm before ---- */

/* Rows of x_grad are made: what the norm that made x needs of them. */
static void sum_before(
    const struct pass *p, struct desk *d, const struct panel *at, size_t all, const void *rows) {
    const struct layer *l = p->before;
    for (size_t done = 0; l && done < at->rows;) {
        struct piece piece = panel_piece(at, done, all);
        struct map m = layer_map(p->t, l, piece.row, piece.rows);
        desk_clear(d, l->out);
        p->t->simd->grad_sums(&m, map_from(p->t, rows, done * (size_t)l->out),
            mask_of(p->before_mask, piece.image), d->sums, d->sums + l->out);
        desk_add(d, l->out);
        done += piece.rows;
    }
}

/* The same for a whole map that is there already. */
static void sum_before_images(void *context, int thread) {
    struct pass *p = context;
    size_t all = places(p->before);
    int from, end;
    own_images(p->t, thread, &from, &end);
    for (struct panel at = {.image = from}; panel_next(&at, all, panel_rows(p->before->out), end);)
        sum_before(p, &p->t->desks[thread], &at, all,
            map_from(p->t, p->grad, at.row * (size_t)p->before->out));
}

/* ---- projection ---- */

static struct gate_sums gate_sums_of(const struct gate *g, int image) {
    size_t channels = (size_t)g->channels;
    float *sums = g->sums + (size_t)image * 5 * channels;
    return (struct gate_sums){
        sums, sums + channels, sums + 2 * channels, sums + 3 * channels, sums + 4 * channels};
}

/* One image's rows of a panel: the projection's input again, and the sums of its gradient. */
static void project_piece(
    const struct pass *p, struct desk *d, const struct piece *piece, void *input) {
    const struct layer *l = &p->b->depthwise;
    struct map m = layer_map(p->t, l, piece->row, piece->rows);
    const void *grad = map_from(p->t, p->t->wide_grads[0], piece->row * (size_t)l->out);
    if (p->b->gated) {
        struct gate_sums sums = gate_sums_of(&p->b->gate, piece->image);
        p->t->simd->gate_rows(
            &m, &sums, grad, p->b->gate.factor + (size_t)piece->image * (size_t)l->out, input);
        return;
    }
    struct gate_sums sums = {.grads = d->sums, .grad_products = d->sums + l->out};
    desk_clear(d, l->out);
    p->t->simd->gate_rows(&m, &sums, grad, NULL, input);
    desk_add(d, l->out);
}

static void project_panel(const struct pass *p, struct desk *d, const struct panel *at) {
    const struct layer *l = p->l;
    size_t all = places(l), wide = (size_t)l->in, out = (size_t)l->out;
    for (size_t done = 0; done < at->rows;) {
        struct piece piece = panel_piece(at, done, all);
        struct map m = layer_map(p->t, l, piece.row, piece.rows);
        p->t->simd->grad_rows(&m, map_from(p->t, p->grad, piece.row * out),
            mask_of(p->b->mask, piece.image), operand_at(p->t, d->panel_2, done * out));
        done += piece.rows;
    }
    p->t->simd->multiply_rows(&(struct product){.m = (int)at->rows,
        .n = l->in,
        .k = l->out,
        .a = d->panel_2,
        .lda = out,
        .packed = l->packed_back,
        .map = map_at(p->t, p->t->wide_grads[0], at->row * wide),
        .ldc = wide});
    for (size_t done = 0; done < at->rows;) {
        struct piece piece = panel_piece(at, done, all);
        project_piece(p, d, &piece, operand_at(p->t, d->panel, done * wide));
        done += piece.rows;
    }
    gather_weights(p, d, at->rows, d->panel_2, d->panel);
}

/* ---- squeeze-excite ---- */

/* Through sigmoid, excitation, activation and squeeze to the gradient of each channel's mean. */
static void gate_grads(const struct pass *p, struct gate *g, int from, int end, size_t all) {
    const struct simd *simd = p->t->simd_f32;
    int n = end - from, channels = g->channels, squeezed = g->squeezed;
    float *factor_grad = g->factor_grad + from * channels, *plus = g->plus + from * channels;
    float *squeezed_grad = g->squeezed_grad + from * squeezed;
    for (int i = from; i < end; i++) {
        const float *of_gate = gate_sums_of(g, i).of_gate, *factor = g->factor + i * channels;
        for (int c = 0; c < channels; c++)
            g->factor_grad[i * channels + c] = of_gate[c] * factor[c] * (1 - factor[c]);
    }
    multiply_dense(simd, n, squeezed, channels, factor_grad, g->packed[2], squeezed_grad, NULL);
    simd->slope_values(p->t->table->activation, (size_t)(n * squeezed),
        g->squeezed_raw + from * squeezed, squeezed_grad);
    multiply_dense(simd, n, channels, squeezed, squeezed_grad, g->packed[3], plus, NULL);
    for (int i = 0; i < n * channels; i++)
        plus[i] /= (float)all;
}

/* dz = (dh gate + plus) slope, so its sums are those of the images' two parts. */
static void add_gate_sums(const struct gate *g, int image, double *tally) {
    struct gate_sums s = gate_sums_of(g, image);
    const float *factor = g->factor + image * g->channels, *plus = g->plus + image * g->channels;
    for (int c = 0; c < g->channels; c++) {
        tally[c] += (double)factor[c] * s.grads[c] + (double)plus[c] * s.slopes[c];
        tally[g->channels + c] +=
            (double)factor[c] * s.grad_products[c] + (double)plus[c] * s.slope_products[c];
    }
}

/* Rows of the gate's weight gradients, over all images: nothing of it depends on the number of threads. */
static void gate_weights(void *context, int thread) {
    struct pass *p = context;
    struct gate *g = &p->b->gate;
    const struct tower_tensor *own = p->tensors + g->first_tensor;
    int n = p->t->n, channels = g->channels, squeezed = g->squeezed, from, end;
    team_share(p->t->team, thread, squeezed, &from, &end);
    p->t->simd_f32->multiply_outer(&(struct outer){.rows = n,
        .m = end - from,
        .n = channels,
        .a = g->squeezed_grad + from,
        .lda = (size_t)squeezed,
        .b = g->pooled,
        .ldb = (size_t)channels,
        .c = own[0].grad + from * channels,
        .ldc = (size_t)channels});
    for (int j = from; j < end; j++) {
        own[1].grad[j] = 0;
        for (int i = 0; i < n; i++)
            own[1].grad[j] += g->squeezed_grad[i * squeezed + j];
    }
    team_share(p->t->team, thread, channels, &from, &end);
    p->t->simd_f32->multiply_outer(&(struct outer){.rows = n,
        .m = end - from,
        .n = squeezed,
        .a = g->factor_grad + from,
        .lda = (size_t)channels,
        .b = g->squeezed_out,
        .ldb = (size_t)squeezed,
        .c = own[2].grad + from * squeezed,
        .ldc = (size_t)squeezed});
    for (int c = from; c < end; c++) {
        own[3].grad[c] = 0;
        for (int i = 0; i < n; i++)
            own[3].grad[c] += g->factor_grad[i * channels + c];
    }
}

static void project_images(void *context, int thread) {
    struct pass *p = context;
    struct desk *d = &p->t->desks[thread];
    struct gate *g = p->b->gated ? &p->b->gate : NULL;
    size_t all = places(p->l);
    int from, end;
    own_images(p->t, thread, &from, &end);
    if (g)
        memset(g->sums + (size_t)from * 5 * (size_t)g->channels, 0,
            (size_t)(end - from) * 5 * (size_t)g->channels * sizeof *g->sums);
    for (struct panel at = {.image = from}; panel_next(&at, all, panel_rows(p->l->in), end);)
        project_panel(p, d, &at);
    if (!g)
        return;
    gate_grads(p, g, from, end, all);
    for (int i = from; i < end; i++)
        add_gate_sums(g, i, d->tally);
}

/* ---- depthwise ---- */

static void depthwise_images(void *context, int thread) {
    struct pass *p = context;
    const struct block *b = p->b;
    const struct layer *l = p->l, *in = activated_on_loading(p->t, b);
    struct desk *d = &p->t->desks[thread];
    struct depthwise shape = depthwise_of(p->t, l, b->height, b->width);
    size_t channels = (size_t)l->out, out_floats = places(l) * channels;
    size_t in_floats = (size_t)b->height * (size_t)b->width * channels;
    int from, end;
    own_images(p->t, thread, &from, &end);
    memset(d->weight_grad, 0, (size_t)p->m * (size_t)p->n * sizeof *d->weight_grad);
    d->gathered = true;
    for (int i = from; i < end; i++) {
        struct depthwise_grad g = {.activation = p->t->table->activation,
            .out_grad = map_from(p->t, p->t->wide_grads[0], (size_t)i * out_floats),
            .out = map_from(p->t, l->raw, (size_t)i * out_floats),
            .out_scale = l->scale,
            .out_shift = l->shift,
            .gate = b->gated ? b->gate.factor + (size_t)i * channels : NULL,
            .plus = b->gated ? b->gate.plus + (size_t)i * channels : NULL,
            .of_grad = l->of_grad,
            .of_out = l->of_x,
            .of_one = l->of_one,
            .in = map_from(p->t, in ? in->raw : b->x, (size_t)i * in_floats),
            .scale = in ? in->scale : NULL,
            .shift = in ? in->shift : NULL,
            .mean = in ? in->mean : NULL,
            .weights = l->packed,
            .in_grad = map_at(p->t, p->x_grad, (size_t)i * in_floats),
            .sums = d->sums,
            .products = d->sums + channels,
            .weight_grad = d->weight_grad};
        desk_clear(d, l->out);
        p->t->simd->depthwise_grad(&shape, &g, d->scratch);
        desk_add(d, l->out);
    }
}

/* x_grad += grad, of a block whose depthwise convolution reads its input as it is. */
static void residual_images(void *context, int thread) {
    struct pass *p = context;
    size_t floats = (size_t)p->b->height * (size_t)p->b->width * (size_t)p->b->in;
    int from, end;
    own_images(p->t, thread, &from, &end);
    p->t->simd->add_map((size_t)(end - from) * floats,
        map_from(p->t, p->grad, (size_t)from * floats),
        map_at(p->t, p->x_grad, (size_t)from * floats));
}

/* ---- products: expansion, the trunk's last convolution ---- */

/* The gradient of the layer's raw output for a panel's rows. */
static void raw_grad(const struct pass *p, const struct panel *at, void *rows) {
    size_t out = (size_t)p->l->out;
    if (!p->pooled_grad) {
        struct map m = layer_map(p->t, p->l, at->row, at->rows);
        p->t->simd->grad_rows(&m, map_from(p->t, p->grad, at->row * out), 1, rows);
        return;
    }
    for (size_t done = 0; done < at->rows;) {
        struct piece piece = panel_piece(at, done, places(p->l));
        struct map m = layer_map(p->t, p->l, piece.row, piece.rows);
        p->t->simd->pooled_grad_rows(
            &m, p->pooled_grad + (size_t)piece.image * out, operand_at(p->t, rows, done * out));
        done += piece.rows;
    }
}

static void product_images(void *context, int thread) {
    struct pass *p = context;
    struct desk *d = &p->t->desks[thread];
    const struct layer *l = p->l;
    size_t in = (size_t)l->in, out = (size_t)l->out;
    int from, end;
    own_images(p->t, thread, &from, &end);
    for (struct panel at = {.image = from}; panel_next(&at, places(l), product_rows(l), end);) {
        raw_grad(p, &at, d->panel);
        gather_weights(p, d, at.rows,
            map_operands(p->t, p->x, at.row * in, at.rows * in, d->panel_2), d->panel);
        if (!p->x_grad)
            continue;
        p->t->simd->multiply_rows(&(struct product){.m = (int)at.rows,
            .n = l->in,
            .k = l->out,
            .a = d->panel,
            .lda = out,
            .packed = l->packed_back,
            .map = map_at(p->t, p->x_grad, at.row * in),
            .ldc = in,
            .add = p->add});
        sum_before(p, d, &at, places(l), map_from(p->t, p->x_grad, at.row * in));
    }
}

static void pooled_sum_images(void *context, int thread) {
    struct pass *p = context;
    struct desk *d = &p->t->desks[thread];
    size_t all = places(p->l);
    int from, end, channels = p->l->out;
    own_images(p->t, thread, &from, &end);
    for (int i = from; i < end; i++) {
        struct map m = layer_map(p->t, p->l, (size_t)i * all, all);
        desk_clear(d, channels);
        p->t->simd->pooled_sums(&m, p->pooled_grad + i * channels, d->sums, d->sums + channels);
        desk_add(d, channels);
    }
}

/* ---- stem ---- */

/* The gradient of the stem's activation, in x_grad, becomes that of its norm. */
static void stem_slope_images(void *context, int thread) {
    struct pass *p = context;
    struct desk *d = &p->t->desks[thread];
    size_t all = places(p->l);
    int from, end, channels = p->l->out;
    own_images(p->t, thread, &from, &end);
    for (int i = from; i < end; i++) {
        struct map m = layer_map(p->t, p->l, (size_t)i * all, all);
        desk_clear(d, channels);
        p->t->simd->slope_rows(&m, map_at(p->t, p->x_grad, (size_t)i * all * (size_t)channels),
            d->sums, d->sums + channels);
        desk_add(d, channels);
    }
}

static void stem_images(void *context, int thread) {
    struct pass *p = context;
    struct tower *t = p->t;
    struct desk *d = &t->desks[thread];
    size_t all = places(p->l);
    size_t image = (size_t)t->height * (size_t)t->width * 3;
    int from, end;
    own_images(p->t, thread, &from, &end);
    for (struct panel at = {.image = from}; panel_next(&at, all, panel_rows(p->l->out), end);) {
        float *patches = d->panel_2 + PANEL_FLOATS / 2;
        raw_grad(p, &at, d->panel);
        for (size_t done = 0; done < at.rows;) {
            struct piece piece = panel_piece(&at, done, all);
            stem_patches(t->table->padding, t->height, t->width, t->x + (size_t)piece.image * image,
                piece.row % all, piece.rows, patches + done * PATCH);
            done += piece.rows;
        }
        gather_weights(
            p, d, at.rows, float_operands(t, patches, at.rows * PATCH, d->panel_2), d->panel);
    }
}

static void run_stem(struct pass *p, const void *grad) {
    struct layer *l = p->l = &p->t->stem;
    p->grad = grad;
    p->pooled_grad = NULL;
    run_with_weights(p, stem_images, PATCH, l->out, 1, PATCH, p->tensors[l->first_tensor].grad);
}

/* ---- the whole ---- */

/* Where the gradient of block i's input (of the last convolution's where i is n_blocks) goes on to. */
static void look_before(struct pass *p, int i) {
    struct block *before = i > 0 ? &p->t->blocks[i - 1] : NULL;
    p->before = before ? &before->project : NULL;
    p->before_mask = before ? before->mask : NULL;
}

static void finish_before(struct pass *p) {
    if (p->before)
        layer_coefficients(p->t, p->before, p->tensors, (size_t)p->t->n * places(p->before));
}

static void run_product(struct pass *p, struct layer *l, const void *x, void *x_grad) {
    p->l = l;
    p->x = x;
    p->x_grad = x_grad;
    run_with_weights(
        p, product_images, l->in, l->out, 1, (size_t)l->in, p->tensors[l->first_tensor].grad);
    if (x_grad)
        finish_before(p);
}

static void *run_head(struct pass *p, const float *out_grad, bool wanted) {
    struct tower *t = p->t;
    struct layer *l = &t->head;
    size_t count = (size_t)t->n * (size_t)l->out;
    for (size_t i = 0; i < count; i++)
        t->features_grad[i] = out_grad[i] / (float)places(l);
    p->l = l;
    p->pooled_grad = t->features_grad;
    desks_zero(t);
    team_run(t->team, pooled_sum_images, p);
    layer_coefficients(t, l, p->tensors, (size_t)t->n * places(l));
    look_before(p, t->n_blocks);
    p->add = false;
    const void *x = t->n_blocks ? t->blocks[t->n_blocks - 1].out : t->x_map ? t->x_map : t->x;
    run_product(p, l, x, wanted ? t->grads[0] : NULL);
    p->pooled_grad = NULL;
    return t->grads[0];
}

/* A depthwise convolution that reads a map as it is, or the stem's raw output. */
static void *run_unexpanded(struct pass *p, const void *grad) {
    struct tower *t = p->t;
    if (!p->b->x) {
        layer_coefficients(t, &t->stem, p->tensors, (size_t)t->n * places(&t->stem));
        return t->wide_grads[1];
    }
    p->grad = grad;
    if (p->b->residual)
        team_run(t->team, residual_images, p);
    p->grad = p->x_grad;
    if (p->before) {
        desks_zero(t);
        team_run(t->team, sum_before_images, p);
        finish_before(p);
    }
    return p->x_grad;
}

/* Block i, from its output's gradient to its input's. */
static void *run_block(struct pass *p, int i, void *grad, bool wanted) {
    struct tower *t = p->t;
    struct block *b = p->b = &t->blocks[i];
    struct layer *l = p->l = &b->project;
    void *other = grad == t->grads[0] ? t->grads[1] : t->grads[0];
    p->grad = grad;
    run_with_weights(
        p, project_images, l->out, l->in, (size_t)l->in, 1, p->tensors[l->first_tensor].grad);
    l = p->l = &b->depthwise;
    layer_coefficients(t, l, p->tensors, (size_t)t->n * places(l));
    if (b->gated)
        team_run(t->team, gate_weights, p);
    look_before(p, i);
    p->x_grad = b->expands || !b->x ? t->wide_grads[1] : other;
    int taps = l->kernel * l->kernel;
    run_with_weights(
        p, depthwise_images, taps, l->out, 1, (size_t)taps, p->tensors[l->first_tensor].grad);
    if (!b->expands)
        return run_unexpanded(p, grad);
    layer_coefficients(t, &b->expand, p->tensors, (size_t)t->n * places(&b->expand));
    p->grad = t->wide_grads[1];
    p->add = b->residual;
    void *x_grad = b->residual ? grad : other;
    run_product(p, &b->expand, b->x, wanted ? x_grad : NULL);
    return x_grad;
}

/* A map's gradient is copied, for blocks add to it. */
static void *take_map_grad(struct pass *p, const float *out_grad) {
    struct tower *t = p->t;
    maps_take(t, values_out(t), out_grad, t->grads[0]);
    look_before(p, t->n_blocks);
    p->grad = t->grads[0];
    if (p->before) {
        desks_zero(t);
        team_run(t->team, sum_before_images, p);
        finish_before(p);
    }
    return t->grads[0];
}

void tower_backward(
    struct tower *t, const struct tower_tensor *tensors, const float *out_grad, float *x_grad) {
    struct pass p = {.t = t, .tensors = tensors};
    assert(!t->has_stem || !x_grad);
    bool wanted = t->has_stem || x_grad; /* of what comes before the first block */
    void *grad =
        t->has_head ? run_head(&p, out_grad, t->n_blocks || wanted) : take_map_grad(&p, out_grad);
    for (int i = t->n_blocks - 1; i >= 0; i--)
        grad = run_block(&p, i, grad, i > 0 || wanted);
    if (t->has_stem && t->stem_kept) {
        p.l = &t->stem;
        p.x_grad = grad;
        desks_zero(t);
        team_run(t->team, stem_slope_images, &p);
        layer_coefficients(t, &t->stem, tensors, (size_t)t->n * places(&t->stem));
    }
    if (t->has_stem)
        run_stem(&p, grad);
    else if (x_grad)
        maps_give(t, values_in(t), grad, x_grad);
}
