#include "kernels/tower_parts.h"

#include "core/mem.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* ---- building ---- */

static struct layer layer_new(struct tower *t, int kernel, int stride, int in, int out) {
    struct layer l = {
        .kernel = kernel, .stride = stride, .in = in, .out = out, .first_tensor = t->n_tensors};
    t->n_tensors += 5;
    t->widest = out > t->widest ? out : t->widest;
    return l;
}

static struct block block_new(struct tower *t, const struct stage *s, int index) {
    int in = index ? s->out : s->in, stride = index ? 1 : s->stride, wide = in * s->expand;
    struct block b = {.expands = s->expand != 1,
        .gated = t->table->squeeze_excite,
        .residual = stride == 1 && in == s->out,
        .in = in};
    if (b.expands)
        b.expand = layer_new(t, 1, 1, in, wide);
    b.depthwise = layer_new(t, s->kernel, stride, 1, wide);
    if (b.gated) {
        b.gate = (struct gate){
            .channels = wide, .squeezed = in / 4 > 1 ? in / 4 : 1, .first_tensor = t->n_tensors};
        t->n_tensors += 4;
    }
    b.project = layer_new(t, 1, 1, wide, s->out);
    return b;
}

struct tower *tower_new(const struct trunk_table *table, int first, int end, enum simd_id simd,
    enum simd_maps maps, struct team *team) {
    struct tower *t = xcalloc(1, sizeof *t);
    const struct stage *stages = table->stages;
    t->table = table;
    t->simd = simd_of(simd, maps);
    t->simd_f32 = simd_of(simd, SIMD_F32);
    t->team = team;
    t->has_stem = first == 0;
    t->has_head = end == table->n_stages + 2;
    t->blocks = xcalloc((size_t)trunk_blocks(table) + 1, sizeof *t->blocks);
    t->desks = xcalloc((size_t)team_threads(team), sizeof *t->desks);
    if (t->has_stem)
        t->stem = layer_new(t, 3, 2, 3, table->stem_channels);
    for (int s = first > 1 ? first : 1; s < end && s <= table->n_stages; s++)
        for (int i = 0; i < stages[s - 1].repeat; i++)
            t->blocks[t->n_blocks++] = block_new(t, &stages[s - 1], i);
    if (t->has_head)
        t->head = layer_new(t, 1, 1, stages[table->n_stages - 1].out, table->head_channels);
    t->stem_kept =
        t->has_stem && (t->n_blocks == 0 || t->blocks[0].expands || t->blocks[0].residual);
    return t;
}

void tower_free(struct tower *t) {
    if (!t)
        return;
    free(t->memory);
    free(t->folded);
    free(t->inference);
    free(t->blocks);
    free(t->desks);
    free(t);
}

int tower_tensor_count(const struct tower *t) {
    return t->n_tensors;
}

int tower_block_count(const struct tower *t) {
    return t->n_blocks;
}

bool tower_pools(const struct tower *t) {
    return t->has_head;
}

/* ---- sizes ---- */

int size_after(enum padding padding, int kernel, int stride, int size) {
    return padding == PAD_TF_SAME ? (size + stride - 1) / stride
                                  : (size + 2 * (kernel / 2) - kernel) / stride + 1;
}

int same_begin(enum padding padding, int kernel, int stride, int size) {
    if (padding == PAD_SYMMETRIC)
        return kernel / 2;
    int total = ((size + stride - 1) / stride - 1) * stride + kernel - size;
    return total > 0 ? total / 2 : 0;
}

static void size_layer(const struct tower *t, struct layer *l, int *height, int *width) {
    *height = l->height = size_after(t->table->padding, l->kernel, l->stride, *height);
    *width = l->width = size_after(t->table->padding, l->kernel, l->stride, *width);
}

static void size_layers(struct tower *t, int height, int width) {
    if (t->has_stem)
        size_layer(t, &t->stem, &height, &width);
    for (int i = 0; i < t->n_blocks; i++) {
        struct block *b = &t->blocks[i];
        b->height = height;
        b->width = width;
        if (b->expands)
            size_layer(t, &b->expand, &height, &width);
        size_layer(t, &b->depthwise, &height, &width);
        size_layer(t, &b->project, &height, &width);
    }
    if (t->has_head)
        size_layer(t, &t->head, &height, &width);
}

struct tower_shape tower_shape(const struct tower *t, int height, int width) {
    const struct trunk_table *table = t->table;
    struct tower_shape s = {.height = height, .width = width};
    s.channels = t->has_stem ? 3 : t->n_blocks ? t->blocks[0].in : t->head.in;
    if (t->has_stem) {
        height = size_after(table->padding, 3, 2, height);
        width = size_after(table->padding, 3, 2, width);
    }
    for (int i = 0; i < t->n_blocks; i++) {
        const struct layer *l = &t->blocks[i].depthwise;
        height = size_after(table->padding, l->kernel, l->stride, height);
        width = size_after(table->padding, l->kernel, l->stride, width);
    }
    s.out_height = t->has_head ? 1 : height;
    s.out_width = t->has_head ? 1 : width;
    s.out_channels = t->has_head   ? table->head_channels
                     : t->n_blocks ? t->blocks[t->n_blocks - 1].project.out
                                   : table->stem_channels;
    return s;
}

/* ---- memory ---- */

float *take(struct place *p, size_t floats) {
    size_t at = p->at;
    p->at += (floats * sizeof(float) + 63) / 64 * 64;
    return p->memory ? (float *)(void *)(p->memory + at) : NULL;
}

static void *take_map(const struct tower *t, struct place *p, size_t values) {
    return take(p, (values * t->simd->map_bytes + sizeof(float) - 1) / sizeof(float));
}

void *map_at(const struct tower *t, void *map, size_t at) {
    return (char *)map + at * t->simd->map_bytes;
}

const void *map_from(const struct tower *t, const void *map, size_t at) {
    return (const char *)map + at * t->simd->map_bytes;
}

void *operand_at(const struct tower *t, void *operands, size_t at) {
    return (char *)operands + at * t->simd->operand_bytes;
}

const void *map_operands(const struct tower *t, const void *map, size_t at, size_t n, void *room) {
    const void *from = map_from(t, map, at);
    if (t->simd->operand_bytes == t->simd->map_bytes)
        return from;
    t->simd->read_map(n, from, room);
    return room;
}

const void *float_operands(const struct tower *t, const float *values, size_t n, void *room) {
    if (t->simd->operand_bytes == sizeof *values)
        return values;
    t->simd->to_operands(n, values, room);
    return room;
}

static size_t map_values(const struct layer *l, int n) {
    return (size_t)n * (size_t)l->height * (size_t)l->width * (size_t)l->out;
}

static void take_layer(struct tower *t, struct layer *l, int n, struct place *p) {
    l->raw = take_map(t, p, map_values(l, n));
    l->packed = take(p, is_depthwise(l) ? (size_t)(layer_taps(l) * l->out)
                                        : t->simd->packed_floats(layer_taps(l), l->out));
    if (l->kernel == 1)
        l->packed_back = take(p, t->simd->packed_floats(l->out, l->in));
    float **numbers[] = {
        &l->scale, &l->shift, &l->mean, &l->inverse, &l->of_grad, &l->of_x, &l->of_one};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        *numbers[i] = take(p, (size_t)l->out);
}

static void take_gate(struct tower *t, struct gate *g, int n, struct place *p) {
    size_t channels = (size_t)n * (size_t)g->channels, squeezed = (size_t)n * (size_t)g->squeezed;
    for (int i = 0; i < 4; i++)
        g->packed[i] = take(p, i % 2 == 0 ? t->simd_f32->packed_floats(g->channels, g->squeezed)
                                          : t->simd_f32->packed_floats(g->squeezed, g->channels));
    g->pooled = take(p, channels);
    g->factor = take(p, channels);
    g->plus = take(p, channels);
    g->factor_grad = take(p, channels);
    g->sums = take(p, 5 * channels);
    g->squeezed_raw = take(p, squeezed);
    g->squeezed_out = take(p, squeezed);
    g->squeezed_grad = take(p, squeezed);
}

/* The largest map of each kind and the most weights of a layer, for what is shared by all layers. */
struct largest {
    size_t wide, narrow, weights, pairs, width;
};

static void look_at(struct largest *most, const struct layer *l, bool wide, int n) {
    size_t *map = wide ? &most->wide : &most->narrow;
    *map = larger(*map, map_values(l, n));
    most->weights = larger(most->weights, (size_t)layer_taps(l) * (size_t)l->out);
    if (!is_depthwise(
            l)) /* passes take as many rows as a panel holds of its input or of its output */
        most->pairs = larger(most->pairs,
            outer_room(panel_rows(l->in < l->out ? l->in : l->out), layer_taps(l), l->out));
    most->width = larger(most->width, (size_t)(l->width * l->stride));
}

static struct largest largest_of(const struct tower *t, int n) {
    struct largest most = {.width = (size_t)t->width};
    if (t->has_stem)
        look_at(&most, &t->stem, t->n_blocks > 0, n); /* alone it is what is handed on */
    for (int i = 0; i < t->n_blocks; i++) {
        const struct block *b = &t->blocks[i];
        if (b->expands)
            look_at(&most, &b->expand, true, n);
        look_at(&most, &b->depthwise, true, n);
        look_at(&most, &b->project, false, n);
        most.narrow =
            larger(most.narrow, (size_t)n * (size_t)b->height * (size_t)b->width * (size_t)b->in);
    }
    if (t->has_head) {
        look_at(&most, &t->head, true, 0);
        most.narrow =
            larger(most.narrow, map_values(&t->head, n) / (size_t)t->head.out * (size_t)t->head.in);
    }
    return most;
}

static void take_desk(
    const struct tower *t, struct desk *d, const struct largest *most, struct place *p) {
    d->panel = take(p, PANEL_FLOATS);
    d->panel_2 = take(p, PANEL_FLOATS);
    if (t->simd->operand_bytes != sizeof(float))
        d->pairs = take(p, most->pairs);
    d->scratch = take(p, depthwise_scratch((int)most->width));
    d->sums = take(p, 2 * (size_t)t->widest);
    d->tally = (double *)(void *)take(p, 4 * (size_t)t->widest);
    d->weight_grad = take(p, most->weights);
}

/* Between our maps and those of floats outside. */
static void take_outside(struct tower *t, int n, struct place *p) {
    if (t->simd == t->simd_f32)
        return;
    if (!t->has_stem)
        t->x_map = take_map(t, p, (size_t)n * values_in(t));
    if (!t->has_head)
        t->out_map = take(p, (size_t)n * values_out(t));
}

static void take_all(struct tower *t, int n, struct place *p) {
    struct largest most = largest_of(t, n);
    take_outside(t, n, p);
    if (t->has_stem)
        take_layer(t, &t->stem, n, p);
    if (t->stem_kept)
        t->stem_out = take_map(t, p, map_values(&t->stem, n));
    for (int i = 0; i < t->n_blocks; i++) {
        struct block *b = &t->blocks[i];
        if (b->expands)
            take_layer(t, &b->expand, n, p);
        take_layer(t, &b->depthwise, n, p);
        if (b->gated)
            take_gate(t, &b->gate, n, p);
        take_layer(t, &b->project, n, p);
        b->out = take_map(t, p, map_values(&b->project, n));
        b->drops = take(p, (size_t)n);
    }
    if (t->has_head) {
        take_layer(t, &t->head, n, p);
        t->features = take(p, (size_t)n * (size_t)t->head.out);
        t->features_grad = take(p, (size_t)n * (size_t)t->head.out);
    }
    for (int i = 0; i < 2; i++) {
        t->wide_grads[i] = take_map(t, p, most.wide);
        t->grads[i] = take_map(t, p, most.narrow);
    }
    for (int i = 0; i < team_threads(t->team); i++)
        take_desk(t, &t->desks[i], &most, p);
}

/* Large pages, where the system gives them, for every map is walked through many times. */
char *large_pages(size_t bytes) {
    enum { LARGE_PAGE = 2 << 20 };
    size_t whole = (bytes + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
    char *memory = aligned_alloc(LARGE_PAGE, whole);
    if (memory)
        madvise(memory, whole, MADV_HUGEPAGE);
    return memory;
}

bool tower_room(struct tower *t, int n, int height, int width, struct err *e) {
    if (n <= t->capacity && height == t->height && width == t->width)
        return true;
    free(t->memory);
    t->memory = NULL;
    t->height = height;
    t->width = width;
    t->capacity = 0;
    size_layers(t, height, width);
    struct place counted = {0};
    take_all(t, n, &counted);
    t->memory = large_pages(counted.at);
    if (!t->memory)
        return err_set(e,
            "no memory for a training step's %.1f GB (%d images of %d x %d): lower /batch or /data/image_px",
            (double)counted.at / 1e9, n, width, height);
    take_all(t, n, &(struct place){.memory = t->memory});
    t->capacity = n;
    return true;
}

/* ---- panels ---- */

int panel_rows(int channels) {
    int rows = PANEL_FLOATS / channels;
    return rows < PANEL_ROWS ? rows : PANEL_ROWS;
}

int product_rows(const struct layer *l) {
    return panel_rows(l->in > l->out ? l->in : l->out);
}

bool panel_next(struct panel *p, size_t rows_per_image, int most, int end) {
    size_t all = (size_t)end * rows_per_image, group = (size_t)most / rows_per_image;
    if (p->rows == 0)
        p->row = (size_t)p->image * rows_per_image;
    else
        p->row += p->rows;
    if (p->row >= all)
        return false;
    size_t in_image = p->row % rows_per_image,
           parts = (rows_per_image + (size_t)most - 1) / (size_t)most;
    size_t part = ((rows_per_image + parts - 1) / parts + 7) / 8 * 8;
    if (part > (size_t)most)
        part = (size_t)most;
    p->rows = group ? group * rows_per_image : part;
    size_t left = group ? all - p->row : rows_per_image - in_image;
    if (p->rows > left)
        p->rows = left;
    p->image = (int)(p->row / rows_per_image);
    return true;
}

struct piece panel_piece(const struct panel *p, size_t at, size_t rows_per_image) {
    size_t row = p->row + at, image = row / rows_per_image;
    size_t end = (image + 1) * rows_per_image, panel_end = p->row + p->rows;
    return (struct piece){(int)image, row, (end < panel_end ? end : panel_end) - row};
}
