/* Passes over rows of a map, [rows, channels]: batch norm, activation and gate forward, and what the backward
 * pass needs of them. CHUNK rows at a time and, of them, a vector of channels after the other: a channel's
 * numbers and sums stay in registers for some rows, and memory is read as that many rows in their order,
 * which the processor's prefetching follows. */
#include "kernels/simd/entries.h"

enum { CHUNK = 8 };

/* Row `row` is the first of a chunk of `count`; c is the first channel of a vector, `some` how many of it are there
 * (0: all). */
#define EACH_CHUNK(row, count, rows)                                                               \
    for (size_t row = 0, count; row < (rows) && (count = (rows)-row < CHUNK ? (rows)-row : CHUNK); \
         row += CHUNK)
#define EACH_VECTOR(c, some, channels)                                                             \
    for (int c = 0, some = (channels) < LANES ? (channels) : 0; c < (channels);                    \
         c += LANES, some = (channels)-c < LANES ? ((channels)-c) : 0)

/* Of n values, how many of the vector from `at` on are there; 0: all. */
INLINE int some_from(size_t at, size_t n) {
    return n - at < LANES ? (int)(n - at) : 0;
}

/* A vector of channels of a chunk, and of its norm. */
struct column {
    const stored *x; /* of the chunk's first row */
    size_t step;
    int some;
    vec scale, shift, mean;
};

INLINE struct column column_at(const struct map *m, size_t row, int c, int some) {
    return (struct column){.x = (const stored *)m->x + row * (size_t)m->channels + c,
        .step = (size_t)m->channels,
        .some = some,
        .scale = m->scale ? get(m->scale + c, some) : all(1),
        .shift = m->shift ? get(m->shift + c, some) : all(0),
        .mean = m->mean ? get(m->mean + c, some) : all(0)};
}

INLINE vec row_of(const struct column *k, const stored *rows, size_t at, int i) {
    return get_stored(rows + (at + (size_t)i) * k->step, k->some);
}

/* Rows at.. of the column: x, its activation and the slope there. */
INLINE void activated(
    enum activation act, int n, const struct column *k, size_t at, vec *x, vec *a, vec *slope) {
    vec z[ABREAST];
    EACH(i, n) x[i] = row_of(k, k->x, at, i);
    EACH(i, n) z[i] = x[i] * k->scale + k->shift;
    activate(act, n, z, a, slope);
}

INLINE void put_row(const struct column *k, operand *rows, size_t at, int i, vec v) {
    put_operands(rows + (at + (size_t)i) * k->step, v, k->some);
}
INLINE void put_stored_row(const struct column *k, stored *rows, size_t at, int i, vec v) {
    put_stored(rows + (at + (size_t)i) * k->step, v, k->some);
}
INLINE void add_to(float *sum, vec v, int some) {
    put(sum, get(sum, some) + v, some);
}

/* ---- forward ---- */

/* To a map or to operands, whichever is known when this is compiled. */
INLINE void activate_some(enum activation act, bool to_map, int n, const struct column *k,
    size_t at, vec factor, void *to) {
    vec x[ABREAST], a[ABREAST], slope[ABREAST];
    activated(act, n, k, at, x, a, slope);
    EACH(i, n) {
        if (to_map)
            put_stored_row(k, to, at, i, a[i]);
        else
            put_row(k, to, at, i, a[i] * factor);
    }
}

INLINE void activate_all(
    enum activation act, bool to_map, const struct map *m, const float *gate, void *out) {
    EACH_CHUNK(row, count, m->rows)
    EACH_VECTOR(c, some, m->channels) {
        struct column k = column_at(m, row, c, some);
        vec factor = gate ? get(gate + c, some) : all(1);
        size_t from = row * k.step + (size_t)c;
        void *to = to_map ? (void *)((stored *)out + from) : (void *)((operand *)out + from);
#define SOME(n) activate_some(act, to_map, n, &k, at, factor, to)
        ABREAST_OF(count, at, SOME);
#undef SOME
    }
}

void ISA(activate_rows)(const struct map *m, const float *gate, void *out) {
    if (m->activation == ACT_SILU)
        activate_all(ACT_SILU, false, m, gate, out);
    else
        activate_all(ACT_RELU6, false, m, gate, out);
}

void ISA(activate_map)(const struct map *m, void *out) {
    if (m->activation == ACT_SILU)
        activate_all(ACT_SILU, true, m, NULL, out);
    else
        activate_all(ACT_RELU6, true, m, NULL, out);
}

INLINE void total_some(enum activation act, int n, const struct column *k, size_t at, vec *sum) {
    vec x[ABREAST], a[ABREAST], slope[ABREAST];
    activated(act, n, k, at, x, a, slope);
    EACH(i, n) *sum += a[i];
}

INLINE void activate_total(enum activation act, const struct map *m, float *sums) {
    EACH_CHUNK(row, count, m->rows)
    EACH_VECTOR(c, some, m->channels) {
        struct column k = column_at(m, row, c, some);
        vec sum = {0};
#define SOME(n) total_some(act, n, &k, at, &sum)
        ABREAST_OF(count, at, SOME);
#undef SOME
        add_to(sums + c, sum, some);
    }
}

void ISA(activate_sums)(const struct map *m, float *sums) {
    if (m->activation == ACT_SILU)
        activate_total(ACT_SILU, m, sums);
    else
        activate_total(ACT_RELU6, m, sums);
}

void ISA(norm_rows)(const struct map *m, float factor, const void *plus, void *out) {
    EACH_CHUNK(row, count, m->rows)
    EACH_VECTOR(c, some, m->channels) {
        struct column k = column_at(m, row, c, some);
        size_t from = row * k.step + (size_t)c;
        const stored *more = plus ? (const stored *)plus + from : NULL;
        vec scale = k.scale * factor, shift = k.shift * factor;
        for (size_t at = 0; at < count; at++) {
            vec y = row_of(&k, k.x, at, 0) * scale + shift;
            put_stored_row(&k, (stored *)out + from, at, 0, more ? y + row_of(&k, more, at, 0) : y);
        }
    }
}

/* Values in no columns: one at a time, for they are few. */
void ISA(activate_values)(enum activation activation, size_t n, const float *x, float *out) {
    for (size_t i = 0; i < n; i += LANES) {
        int some = some_from(i, n);
        vec z = get(x + i, some), a, slope;
        if (activation == ACT_SILU)
            activate(ACT_SILU, 1, &z, &a, &slope);
        else
            activate(ACT_RELU6, 1, &z, &a, &slope);
        put(out + i, a, some);
    }
}

void ISA(slope_values)(enum activation activation, size_t n, const float *x, float *grad) {
    for (size_t i = 0; i < n; i += LANES) {
        int some = some_from(i, n);
        vec z = get(x + i, some), a, slope;
        if (activation == ACT_SILU)
            activate(ACT_SILU, 1, &z, &a, &slope);
        else
            activate(ACT_RELU6, 1, &z, &a, &slope);
        put(grad + i, get(grad + i, some) * slope, some);
    }
}

void ISA(sigmoid_values)(size_t n, const float *x, float *out) {
    for (size_t i = 0; i < n; i += LANES) {
        int some = some_from(i, n);
        put(out + i, sigmoid(get(x + i, some)), some);
    }
}

/* ---- backward: a norm without activation ---- */

void ISA(grad_sums)(
    const struct map *m, const void *grad, float factor, float *sums, float *products) {
    EACH_CHUNK(row, count, m->rows)
    EACH_VECTOR(c, some, m->channels) {
        struct column k = column_at(m, row, c, some);
        const stored *grads = (const stored *)grad + row * k.step + (size_t)c;
        vec sum = {0}, product = {0};
        for (size_t at = 0; at < count; at++) {
            vec g = row_of(&k, grads, at, 0);
            sum += g;
            product += g * (row_of(&k, k.x, at, 0) - k.mean);
        }
        add_to(sums + c, sum * factor, some);
        add_to(products + c, product * factor, some);
    }
}

void ISA(grad_rows)(const struct map *m, const void *grad, float factor, void *out) {
    EACH_CHUNK(row, count, m->rows)
    EACH_VECTOR(c, some, m->channels) {
        size_t from = row * (size_t)m->channels + (size_t)c, step = (size_t)m->channels;
        vec of_grad = get(m->of_grad + c, some) * factor;
        vec of_x = get(m->of_x + c, some), of_one = get(m->of_one + c, some);
        for (size_t at = 0; at < count; at++, from += step)
            put_operands((operand *)out + from,
                get_stored((const stored *)grad + from, some) * of_grad +
                    (get_stored((const stored *)m->x + from, some) * of_x + of_one),
                some);
    }
}

/* ---- backward: a norm and its activation ---- */

/* The sums of struct gate_sums, of a vector of channels. */
struct gate_totals {
    vec of_gate, grads, slopes, grad_products, slope_products;
};

INLINE void gate_some(enum activation act, int n, const struct column *k, size_t at,
    const stored *grad, vec factor, operand *to, struct gate_totals *t) {
    vec x[ABREAST], a[ABREAST], slope[ABREAST];
    activated(act, n, k, at, x, a, slope);
    EACH(i, n) {
        vec g = row_of(k, grad, at, i), dz = g * slope[i], centred = x[i] - k->mean;
        put_row(k, to, at, i, a[i] * factor);
        t->of_gate += g * a[i];
        t->grads += dz;
        t->grad_products += dz * centred;
        t->slopes += slope[i];
        t->slope_products += slope[i] * centred;
    }
}

INLINE void gate_map(enum activation act, const struct map *m, const struct gate_sums *s,
    const stored *grad, const float *gate, operand *out) {
    EACH_CHUNK(row, count, m->rows)
    EACH_VECTOR(c, some, m->channels) {
        struct column k = column_at(m, row, c, some);
        size_t from = row * k.step + (size_t)c;
        vec factor = gate ? get(gate + c, some) : all(1);
        struct gate_totals t = {{0}, {0}, {0}, {0}, {0}};
#define SOME(n) gate_some(act, n, &k, at, grad + from, factor, out + from, &t)
        ABREAST_OF(count, at, SOME);
#undef SOME
        add_to(s->grads + c, t.grads, some);
        add_to(s->grad_products + c, t.grad_products, some);
        if (gate) {
            add_to(s->of_gate + c, t.of_gate, some);
            add_to(s->slopes + c, t.slopes, some);
            add_to(s->slope_products + c, t.slope_products, some);
        }
    }
}

void ISA(gate_rows)(const struct map *m, const struct gate_sums *s, const void *grad,
    const float *gate, void *out) {
    if (m->activation == ACT_SILU)
        gate_map(ACT_SILU, m, s, grad, gate, out);
    else
        gate_map(ACT_RELU6, m, s, grad, gate, out);
}

INLINE void pooled_total_some(
    enum activation act, int n, const struct column *k, size_t at, vec *sum, vec *product) {
    vec x[ABREAST], a[ABREAST], slope[ABREAST];
    activated(act, n, k, at, x, a, slope);
    EACH(i, n) {
        *sum += slope[i];
        *product += slope[i] * (x[i] - k->mean);
    }
}

INLINE void pooled_total(
    enum activation act, const struct map *m, const float *grad, float *sums, float *products) {
    EACH_CHUNK(row, count, m->rows)
    EACH_VECTOR(c, some, m->channels) {
        struct column k = column_at(m, row, c, some);
        vec g = get(grad + c, some), sum = {0}, product = {0};
#define SOME(n) pooled_total_some(act, n, &k, at, &sum, &product)
        ABREAST_OF(count, at, SOME);
#undef SOME
        add_to(sums + c, sum * g, some);
        add_to(products + c, product * g, some);
    }
}

void ISA(pooled_sums)(const struct map *m, const float *grad, float *sums, float *products) {
    if (m->activation == ACT_SILU)
        pooled_total(ACT_SILU, m, grad, sums, products);
    else
        pooled_total(ACT_RELU6, m, grad, sums, products);
}

INLINE void pooled_some(enum activation act, int n, const struct column *k, size_t at, vec of_grad,
    vec of_x, vec of_one, operand *to) {
    vec x[ABREAST], a[ABREAST], slope[ABREAST];
    activated(act, n, k, at, x, a, slope);
    EACH(i, n) put_row(k, to, at, i, slope[i] * of_grad + (x[i] * of_x + of_one));
}

INLINE void pooled_map(enum activation act, const struct map *m, const float *grad, operand *out) {
    EACH_CHUNK(row, count, m->rows)
    EACH_VECTOR(c, some, m->channels) {
        struct column k = column_at(m, row, c, some);
        vec of_grad = get(m->of_grad + c, some) * get(grad + c, some);
        vec of_x = get(m->of_x + c, some), of_one = get(m->of_one + c, some);
        operand *to = out + row * k.step + (size_t)c;
#define SOME(n) pooled_some(act, n, &k, at, of_grad, of_x, of_one, to)
        ABREAST_OF(count, at, SOME);
#undef SOME
    }
}

void ISA(pooled_grad_rows)(const struct map *m, const float *grad, void *out) {
    if (m->activation == ACT_SILU)
        pooled_map(ACT_SILU, m, grad, out);
    else
        pooled_map(ACT_RELU6, m, grad, out);
}

INLINE void slope_some(enum activation act, int n, const struct column *k, size_t at, stored *grad,
    vec *sum, vec *product) {
    vec x[ABREAST], a[ABREAST], slope[ABREAST];
    activated(act, n, k, at, x, a, slope);
    EACH(i, n) {
        vec dz = row_of(k, grad, at, i) * slope[i];
        put_stored_row(k, grad, at, i, dz);
        *sum += dz;
        *product += dz * (x[i] - k->mean);
    }
}

INLINE void slope_map(
    enum activation act, const struct map *m, stored *grad, float *sums, float *products) {
    EACH_CHUNK(row, count, m->rows)
    EACH_VECTOR(c, some, m->channels) {
        struct column k = column_at(m, row, c, some);
        stored *grads = grad + row * k.step + (size_t)c;
        vec sum = {0}, product = {0};
#define SOME(n) slope_some(act, n, &k, at, grads, &sum, &product)
        ABREAST_OF(count, at, SOME);
#undef SOME
        add_to(sums + c, sum, some);
        add_to(products + c, product, some);
    }
}

void ISA(slope_rows)(const struct map *m, void *grad, float *sums, float *products) {
    if (m->activation == ACT_SILU)
        slope_map(ACT_SILU, m, grad, sums, products);
    else
        slope_map(ACT_RELU6, m, grad, sums, products);
}

/* ---- maps as they are ---- */

void ISA(read_map)(size_t n, const void *map, float *values) {
    for (size_t i = 0; i < n; i += LANES) {
        int some = some_from(i, n);
        put(values + i, get_stored((const stored *)map + i, some), some);
    }
}

void ISA(write_map)(size_t n, const float *values, void *map) {
    for (size_t i = 0; i < n; i += LANES) {
        int some = some_from(i, n);
        put_stored((stored *)map + i, get(values + i, some), some);
    }
}

void ISA(to_operands)(size_t n, const float *values, void *operands) {
    for (size_t i = 0; i < n; i += LANES) {
        int some = some_from(i, n);
        put_operands((operand *)operands + i, get(values + i, some), some);
    }
}

void ISA(add_map)(size_t n, const void *map, void *to) {
    const stored *more = map;
    stored *sum = to;
    for (size_t i = 0; i < n; i += LANES) {
        int some = some_from(i, n);
        put_stored(sum + i, get_stored(sum + i, some) + get_stored(more + i, some), some);
    }
}
