/* What passes of the tower share: batch norms' numbers, sums of threads put together, the stem's patches, maps that are
 * of floats outside. */
#include "kernels/tower_parts.h"

#include <math.h>
#include <string.h>

/* ---- sums ---- */

void desk_clear(struct desk *d, int channels) {
    memset(d->sums, 0, 2 * (size_t)channels * sizeof *d->sums);
}

void desk_add(struct desk *d, int channels) {
    for (int c = 0; c < 2 * channels; c++)
        d->tally[c] += (double)d->sums[c];
}

void desks_zero(struct tower *t) {
    for (int i = 0; i < team_threads(t->team); i++)
        memset(t->desks[i].tally, 0, 2 * (size_t)t->widest * sizeof(double));
}

/* Of entry `at` of the tallies, over threads in their order. */
static double total(const struct tower *t, int at) {
    double sum = 0;
    for (int i = 0; i < team_threads(t->team); i++)
        sum += t->desks[i].tally[at];
    return sum;
}

/* ---- batch norm ---- */

struct map layer_map(const struct tower *t, const struct layer *l, size_t row, size_t rows) {
    return (struct map){.x = map_from(t, l->raw, row * (size_t)l->out),
        .rows = rows,
        .channels = l->out,
        .activation = t->table->activation,
        .scale = l->scale,
        .shift = l->shift,
        .mean = l->mean,
        .of_grad = l->of_grad,
        .of_x = l->of_x,
        .of_one = l->of_one};
}

/* The running variance takes the unbiased one, as PyTorch's does; one value alone has none, and leaves it. Squares that
 * overflowed are said by what is no number, which reaches the loss: an infinite variance would hide them. */
void layer_statistics(
    struct tower *t, struct layer *l, const struct tower_tensor *tensors, size_t rows) {
    const struct tower_tensor *own = tensors + l->first_tensor;
    const float *gamma = own[1].value, *beta = own[2].value;
    float *running_mean = own[3].value, *running_variance = own[4].value;
    double n = (double)rows, momentum = t->table->norm_momentum;
    for (int c = 0; c < l->out; c++) {
        double mean = total(t, c) / n, variance = total(t, l->out + c) / n - mean * mean;
        variance = !isfinite(variance) ? NAN : variance > 0 ? variance : 0;
        double inverse = 1 / sqrt(variance + t->table->norm_eps);
        l->mean[c] = (float)mean;
        l->inverse[c] = (float)inverse;
        l->scale[c] = (float)(gamma[c] * inverse);
        l->shift[c] = (float)(beta[c] - mean * gamma[c] * inverse);
        running_mean[c] = (float)((1 - momentum) * running_mean[c] + momentum * mean);
        if (rows > 1)
            running_variance[c] =
                (float)((1 - momentum) * running_variance[c] + momentum * variance * n / (n - 1));
    }
}

/* With x' = (x - mean) inverse and z = gamma x' + beta, the gradient of x is
 * gamma inverse (dz - sum(dz) / n - x' sum(dz x') / n) (Ioffe & Szegedy 2015). */
void layer_coefficients(
    struct tower *t, struct layer *l, const struct tower_tensor *tensors, size_t rows) {
    const struct tower_tensor *own = tensors + l->first_tensor;
    double n = (double)rows;
    for (int c = 0; c < l->out; c++) {
        double sum = total(t, c), inverse = l->inverse[c],
               of_normed = total(t, l->out + c) * inverse;
        double scale = own[1].value[c] * inverse, of_x = -scale * inverse * of_normed / n;
        own[1].grad[c] = (float)of_normed;
        own[2].grad[c] = (float)sum;
        l->of_grad[c] = (float)scale;
        l->of_x[c] = (float)of_x;
        l->of_one[c] = (float)(-scale * sum / n - of_x * l->mean[c]);
    }
}

/* ---- convolutions ---- */

struct depthwise depthwise_of(const struct tower *t, const struct layer *l, int height, int width) {
    return (struct depthwise){.kernel = l->kernel,
        .stride = l->stride,
        .top = same_begin(t->table->padding, l->kernel, l->stride, height),
        .left = same_begin(t->table->padding, l->kernel, l->stride, width),
        .height = height,
        .width = width,
        .out_height = l->height,
        .out_width = l->width,
        .channels = l->out};
}

/* Three pixels of a row from x on; outside the row they are zeros. */
static void three_pixels(const float *row, int width, int x, float *to) {
    if (x >= 0 && x + 3 <= width) {
        memcpy(to, row + (ptrdiff_t)x * 3, 9 * sizeof *to);
        return;
    }
    for (int j = 0; j < 3; j++)
        for (int c = 0; c < 3; c++)
            to[j * 3 + c] = x + j >= 0 && x + j < width ? row[(x + j) * 3 + c] : 0;
}

void stem_patches(enum padding padding, int height, int width, const float *image, size_t row,
    size_t rows, float *patches) {
    int top = same_begin(padding, 3, 2, height), left = same_begin(padding, 3, 2, width);
    int out_width = size_after(padding, 3, 2, width);
    int y = (int)(row / (size_t)out_width), x = (int)(row % (size_t)out_width);
    for (size_t r = 0; r < rows; r++, patches += PATCH) {
        for (int i = 0; i < 3; i++) {
            int at = y * 2 - top + i;
            if (at >= 0 && at < height)
                three_pixels(
                    image + (size_t)at * (size_t)width * 3, width, x * 2 - left, patches + 9 * i);
            else
                memset(patches + 9 * i, 0, 9 * sizeof *patches);
        }
        if (++x == out_width) {
            x = 0;
            y++;
        }
    }
}

/* ---- maps that are of floats outside ---- */

struct crossing {
    struct tower *t;
    size_t values; /* an image */
    const float *from;
    float *to;
    const void *source;
    void *target;
};

static void take_some(void *context, int thread) {
    const struct crossing *c = context;
    int first, end;
    own_images(c->t, thread, &first, &end);
    size_t at = (size_t)first * c->values;
    c->t->simd->write_map(
        (size_t)(end - first) * c->values, c->from + at, map_at(c->t, c->target, at));
}

static void give_some(void *context, int thread) {
    const struct crossing *c = context;
    int first, end;
    own_images(c->t, thread, &first, &end);
    size_t at = (size_t)first * c->values;
    c->t->simd->read_map(
        (size_t)(end - first) * c->values, map_from(c->t, c->source, at), c->to + at);
}

void maps_take(struct tower *t, size_t values, const float *from, void *maps) {
    struct crossing c = {.t = t, .values = values, .from = from, .target = maps};
    team_run(t->team, take_some, &c);
}

void maps_give(struct tower *t, size_t values, const void *maps, float *to) {
    struct crossing c = {.t = t, .values = values, .source = maps, .to = to};
    team_run(t->team, give_some, &c);
}

size_t values_in(const struct tower *t) {
    struct tower_shape s = tower_shape(t, t->height, t->width);
    return (size_t)s.height * (size_t)s.width * (size_t)s.channels;
}

size_t values_out(const struct tower *t) {
    struct tower_shape s = tower_shape(t, t->height, t->width);
    return (size_t)s.out_height * (size_t)s.out_width * (size_t)s.out_channels;
}
