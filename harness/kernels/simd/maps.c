/* Passes over rows of a map, [rows, channels]: batch norm, activation and gate forward, and what the backward
 * pass needs of them. CHUNK rows at a time and, of them, a vector of channels after the other: a channel's
 * numbers and sums stay in registers for some rows, and memory is read as that many rows in their order,
 * which the processor's prefetching follows. */
#include "kernels/simd/entries.h"

enum { CHUNK = 8 };

/* Row `row` is the first of a chunk of `count`; c is the first channel of a vector, `some` how many of it are there
 * (0: all). */
#define EACH_CHUNK(row, count, rows)                                                               \
    for (size_t row = 0, count; row < (rows) && (count = (rows)-row < CHUNK ? (rows)-row : CHUNK);   \
         row += CHUNK)
#define EACH_VECTOR(c, some, channels)                                                             \
    for (int c = 0, some = (channels) < LANES ? (channels) : 0; c < (channels);                    \
         c += LANES, some = (channels)-c < LANES ? ((channels)-c) : 0)

/* ---- forward ---- */

INLINE void activate_map(enum activation act, const struct map *m, const float *gate, float *out) {
    EACH_CHUNK(row, count, m->rows)
    EACH_VECTOR(c, some, m->channels) {
        vec scale = get(m->scale + c, some), shift = get(m->shift + c, some);
        vec factor = gate ? get(gate + c, some) : all(1);
        for (size_t r = 0, at = row * (size_t)m->channels + (size_t)c; r < count;
             r++, at += (size_t)m->channels) {
            vec a, slope;
            activate(act, get(m->x + at, some) * scale + shift, &a, &slope);
            put(out + at, a * factor, some);
        }
    }
}

void ISA(activate_rows)(const struct map *m, const float *gate, float *out) {
    if (m->activation == ACT_SILU)
        activate_map(ACT_SILU, m, gate, out);
    else
        activate_map(ACT_RELU6, m, gate, out);
}

void ISA(activate_values)(enum activation activation, size_t n, const float *x, float *out) {
    for (size_t i = 0; i < n; i += LANES) {
        int some = n - i < LANES ? (int)(n - i) : 0;
        vec a, slope;
        if (activation == ACT_SILU)
            activate(ACT_SILU, get(x + i, some), &a, &slope);
        else
            activate(ACT_RELU6, get(x + i, some), &a, &slope);
        put(out + i, a, some);
    }
}

void ISA(slope_values)(enum activation activation, size_t n, const float *x, float *grad) {
    for (size_t i = 0; i < n; i += LANES) {
        int some = n - i < LANES ? (int)(n - i) : 0;
        vec a, slope;
        if (activation == ACT_SILU)
            activate(ACT_SILU, get(x + i, some), &a, &slope);
        else
            activate(ACT_RELU6, get(x + i, some), &a, &slope);
        put(grad + i, get(grad + i, some) * slope, some);
    }
}

void ISA(sigmoid_values)(size_t n, const float *x, float *out) {
    for (size_t i = 0; i < n; i += LANES) {
        int some = n - i < LANES ? (int)(n - i) : 0;
        put(out + i, sigmoid(get(x + i, some)), some);
    }
}

INLINE void activate_total(enum activation act, const struct map *m, float *sums) {
    EACH_CHUNK(row, count, m->rows)
    EACH_VECTOR(c, some, m->channels) {
        vec scale = get(m->scale + c, some), shift = get(m->shift + c, some), sum = {0};
        for (size_t r = 0, at = row * (size_t)m->channels + (size_t)c; r < count;
             r++, at += (size_t)m->channels) {
            vec a, slope;
            activate(act, get(m->x + at, some) * scale + shift, &a, &slope);
            sum += a;
        }
        put(sums + c, get(sums + c, some) + sum, some);
    }
}

void ISA(activate_sums)(const struct map *m, float *sums) {
    if (m->activation == ACT_SILU)
        activate_total(ACT_SILU, m, sums);
    else
        activate_total(ACT_RELU6, m, sums);
}

void ISA(norm_rows)(const struct map *m, float factor, const float *plus, float *out) {
    EACH_CHUNK(row, count, m->rows)
    EACH_VECTOR(c, some, m->channels) {
        vec scale = get(m->scale + c, some) * factor, shift = get(m->shift + c, some) * factor;
        for (size_t r = 0, at = row * (size_t)m->channels + (size_t)c; r < count;
             r++, at += (size_t)m->channels) {
            vec y = get(m->x + at, some) * scale + shift;
            put(out + at, plus ? y + get(plus + at, some) : y, some);
        }
    }
}

/* ---- backward: a norm without activation ---- */

void ISA(grad_sums)(
    const struct map *m, const float *grad, float factor, float *sums, float *products) {
    EACH_CHUNK(row, count, m->rows)
    EACH_VECTOR(c, some, m->channels) {
        vec mean = get(m->mean + c, some), sum = {0}, product = {0};
        for (size_t r = 0, at = row * (size_t)m->channels + (size_t)c; r < count;
             r++, at += (size_t)m->channels) {
            vec g = get(grad + at, some);
            sum += g;
            product += g * (get(m->x + at, some) - mean);
        }
        put(sums + c, get(sums + c, some) + sum * factor, some);
        put(products + c, get(products + c, some) + product * factor, some);
    }
}

void ISA(grad_rows)(const struct map *m, const float *grad, float factor, float *out) {
    EACH_CHUNK(row, count, m->rows)
    EACH_VECTOR(c, some, m->channels) {
        vec k1 = get(m->of_grad + c, some) * factor;
        vec k2 = get(m->of_x + c, some), k3 = get(m->of_one + c, some);
        for (size_t r = 0, at = row * (size_t)m->channels + (size_t)c; r < count;
             r++, at += (size_t)m->channels)
            put(out + at, get(grad + at, some) * k1 + (get(m->x + at, some) * k2 + k3), some);
    }
}

/* ---- backward: a norm and its activation ---- */

INLINE void gate_map(enum activation act, const struct map *m, const struct gate_sums *s,
    const float *grad, const float *gate, float *out) {
    EACH_CHUNK(row, count, m->rows)
    EACH_VECTOR(c, some, m->channels) {
        vec scale = get(m->scale + c, some), shift = get(m->shift + c, some);
        vec mean = get(m->mean + c, some), factor = gate ? get(gate + c, some) : all(1);
        vec of_gate = {0}, grads = {0}, slopes = {0}, grad_products = {0}, slope_products = {0};
        for (size_t r = 0, at = row * (size_t)m->channels + (size_t)c; r < count;
             r++, at += (size_t)m->channels) {
            vec x = get(m->x + at, some), g = get(grad + at, some), a, slope;
            activate(act, x * scale + shift, &a, &slope);
            put(out + at, a * factor, some);
            vec dz = g * slope, centred = x - mean;
            of_gate += g * a;
            grads += dz;
            grad_products += dz * centred;
            slopes += slope;
            slope_products += slope * centred;
        }
        put(s->grads + c, get(s->grads + c, some) + grads, some);
        put(s->grad_products + c, get(s->grad_products + c, some) + grad_products, some);
        if (gate) {
            put(s->of_gate + c, get(s->of_gate + c, some) + of_gate, some);
            put(s->slopes + c, get(s->slopes + c, some) + slopes, some);
            put(s->slope_products + c, get(s->slope_products + c, some) + slope_products, some);
        }
    }
}

void ISA(gate_rows)(const struct map *m, const struct gate_sums *s, const float *grad,
    const float *gate, float *out) {
    if (m->activation == ACT_SILU)
        gate_map(ACT_SILU, m, s, grad, gate, out);
    else
        gate_map(ACT_RELU6, m, s, grad, gate, out);
}

INLINE void pooled_total(enum activation act, const struct map *m, const float *grad, float *sums,
    float *products) {
    EACH_CHUNK(row, count, m->rows)
    EACH_VECTOR(c, some, m->channels) {
        vec scale = get(m->scale + c, some), shift = get(m->shift + c, some);
        vec mean = get(m->mean + c, some), g = get(grad + c, some), sum = {0}, product = {0};
        for (size_t r = 0, at = row * (size_t)m->channels + (size_t)c; r < count;
             r++, at += (size_t)m->channels) {
            vec x = get(m->x + at, some), a, slope;
            activate(act, x * scale + shift, &a, &slope);
            sum += slope;
            product += slope * (x - mean);
        }
        put(sums + c, get(sums + c, some) + sum * g, some);
        put(products + c, get(products + c, some) + product * g, some);
    }
}

void ISA(pooled_sums)(const struct map *m, const float *grad, float *sums, float *products) {
    if (m->activation == ACT_SILU)
        pooled_total(ACT_SILU, m, grad, sums, products);
    else
        pooled_total(ACT_RELU6, m, grad, sums, products);
}

INLINE void pooled_map(enum activation act, const struct map *m, const float *grad, float *out) {
    EACH_CHUNK(row, count, m->rows)
    EACH_VECTOR(c, some, m->channels) {
        vec scale = get(m->scale + c, some), shift = get(m->shift + c, some);
        vec k1 = get(m->of_grad + c, some) * get(grad + c, some);
        vec k2 = get(m->of_x + c, some), k3 = get(m->of_one + c, some);
        for (size_t r = 0, at = row * (size_t)m->channels + (size_t)c; r < count;
             r++, at += (size_t)m->channels) {
            vec x = get(m->x + at, some), a, slope;
            activate(act, x * scale + shift, &a, &slope);
            put(out + at, slope * k1 + (x * k2 + k3), some);
        }
    }
}

void ISA(pooled_grad_rows)(const struct map *m, const float *grad, float *out) {
    if (m->activation == ACT_SILU)
        pooled_map(ACT_SILU, m, grad, out);
    else
        pooled_map(ACT_RELU6, m, grad, out);
}

INLINE void slope_map(enum activation act, const struct map *m, float *grad, float *sums,
    float *products) {
    EACH_CHUNK(row, count, m->rows)
    EACH_VECTOR(c, some, m->channels) {
        vec scale = get(m->scale + c, some), shift = get(m->shift + c, some);
        vec mean = get(m->mean + c, some), sum = {0}, product = {0};
        for (size_t r = 0, at = row * (size_t)m->channels + (size_t)c; r < count;
             r++, at += (size_t)m->channels) {
            vec x = get(m->x + at, some), a, slope;
            activate(act, x * scale + shift, &a, &slope);
            vec dz = get(grad + at, some) * slope;
            put(grad + at, dz, some);
            sum += dz;
            product += dz * (x - mean);
        }
        put(sums + c, get(sums + c, some) + sum, some);
        put(products + c, get(products + c, some) + product, some);
    }
}

void ISA(slope_rows)(const struct map *m, float *grad, float *sums, float *products) {
    if (m->activation == ACT_SILU)
        slope_map(ACT_SILU, m, grad, sums, products);
    else
        slope_map(ACT_RELU6, m, grad, sums, products);
}
