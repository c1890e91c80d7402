/* The team of threads, and whole towers: what must not depend on threads or on how images come together. Their values
 * against libtorch's are in check_native.c. */
#include "check_suites.h"

#include "core/mem.h"
#include "fixture_kernels.h"
#include "kernels/team.h"
#include "kernels/tower_parts.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* ---- the team ---- */

enum { RUNS = 600, MOST_THREADS = 5 };

struct count {
    int runs[MOST_THREADS]; /* without atomics: a run's end must order them */
};

static struct team *new_team(int threads) {
    struct err e = {0};
    struct team *team = team_new(threads, &e);
    ck_assert_msg(team != NULL, "%s", e.msg);
    return team;
}

static void count_run(void *context, int thread) {
    ((struct count *)context)->runs[thread]++;
}

START_TEST(a_run_is_one_call_a_thread) {
    struct team *team = new_team(_i);
    struct count count = {{0}};
    ck_assert_int_eq(team_threads(team), _i);
    for (int run = 1; run <= RUNS; run++) {
        team_run(team, count_run, &count);
        for (int thread = 0; thread < _i; thread++)
            if (count.runs[thread] != run)
                ck_abort_msg("thread %d: %d calls in %d runs", thread, count.runs[thread], run);
    }
    team_free(team);
}
END_TEST

START_TEST(shares_are_all_in_order_and_even) {
    struct team *team = new_team(_i);
    for (int n = 0; n < 40; n++) {
        int next = 0;
        for (int thread = 0; thread < _i; thread++) {
            int from, end;
            team_share(team, thread, n, &from, &end);
            ck_assert_int_eq(from, next);
            ck_assert(end - from == n / _i || end - from == (n + _i - 1) / _i);
            next = end;
        }
        ck_assert_int_eq(next, n);
    }
    team_free(team);
}
END_TEST

START_TEST(a_team_that_never_ran_ends) {
    team_free(new_team(MOST_THREADS));
    team_free(NULL);
}
END_TEST

/* Address space for the stacks of a few. */
START_TEST(threads_that_the_system_refuses_are_said) {
#ifndef __SANITIZE_ADDRESS__ /* whose own address space is larger than any limit */
    enum { WANTED = 64, STACKS = 4 };
    struct err e = {0};
    struct rlimit before, limit;
    size_t stack;
    pthread_attr_t attributes;
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    ck_assert(f && fscanf(f, "%ld", &pages) == 1);
    fclose(f);
    ck_assert_int_eq(pthread_attr_init(&attributes), 0);
    ck_assert_int_eq(pthread_attr_getstacksize(&attributes, &stack), 0);
    ck_assert_int_eq(getrlimit(RLIMIT_AS, &before), 0);
    limit = before;
    limit.rlim_cur = (rlim_t)(pages * sysconf(_SC_PAGESIZE)) + STACKS * stack;
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
    struct team *team = team_new(WANTED, &e);
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &before), 0);
    ck_assert_ptr_null(team);
    ck_assert_msg(strstr(e.msg, " of 64 threads could be started (") != NULL, "%s", e.msg);
    ck_assert_ptr_nonnull(strstr(e.msg, "ask for fewer by --threads, or raise the limits"));
#endif
}
END_TEST

/* ---- towers ---- */

/* A tower with drawn weights. */
struct trunk {
    struct team *team;
    struct tower *tower;
    struct tower_tensor *tensors;
    size_t *floats; /* of each tensor */
    size_t n;
};

static void draw_tensor(struct trunk *t, int at, size_t floats, double mean, double spread) {
    struct rng r = rng_open(5, RNG_TEST, 0, (uint32_t)at);
    t->floats[at] = floats;
    t->tensors[at] =
        (struct tower_tensor){xmalloc(floats * sizeof(float)), xmalloc(floats * sizeof(float))};
    for (size_t i = 0; i < floats; i++)
        t->tensors[at].value[i] = (float)(mean + spread * (2 * rng_uniform(&r) - 1));
}

static void draw_layer(struct trunk *t, const struct layer *l) {
    size_t taps = (size_t)(l->kernel * l->kernel * l->in), out = (size_t)l->out;
    draw_tensor(t, l->first_tensor, out * taps, 0, sqrt(6.0 / (double)taps));
    draw_tensor(t, l->first_tensor + 1, out, 1, 0.2);
    draw_tensor(t, l->first_tensor + 2, out, 0, 0.2);
    draw_tensor(t, l->first_tensor + 3, out, 0, 0.2);
    draw_tensor(t, l->first_tensor + 4, out, 1, 0.5);
}

static void draw_gate(struct trunk *t, const struct gate *g) {
    size_t channels = (size_t)g->channels, squeezed = (size_t)g->squeezed;
    draw_tensor(t, g->first_tensor, squeezed * channels, 0, 1 / sqrt((double)channels));
    draw_tensor(t, g->first_tensor + 1, squeezed, 0, 0.2);
    draw_tensor(t, g->first_tensor + 2, channels * squeezed, 0, 1);
    draw_tensor(t, g->first_tensor + 3, channels, 0, 0.2);
}

/* What no trunk of ours has: a second block without expansion, behind one with a residual. */
static const struct stage plain_stages[] = {
    {"stage1", .expand = 1, .kernel = 5, .stride = 1, .in = 16, .out = 16, .repeat = 3},
    {"stage2", .expand = 1, .kernel = 3, .stride = 2, .in = 16, .out = 24, .repeat = 2},
};
static const struct trunk_table plain_table = {.stages = plain_stages,
    .n_stages = (int)ARRAY_LEN(plain_stages),
    .stem_channels = 16,
    .head_channels = 64,
    .activation = ACT_SILU,
    .padding = PAD_SYMMETRIC,
    .squeeze_excite = true,
    .norm_eps = 1e-5,
    .norm_momentum = 0.1};
enum { PLAIN = TRUNK_COUNT };

static struct trunk trunk_new(int id, int first, int end, int kernels, int threads) {
    struct trunk t = {.team = new_team(threads)};
    const struct trunk_table *table = id == PLAIN ? &plain_table : &trunk_tables[id];
    t.tower = tower_new(table, first, end ? end : table->n_stages + 2,
        (enum simd_id)(kernels % SIMD_COUNT), (enum simd_maps)(kernels / SIMD_COUNT), t.team);
    t.n = (size_t)tower_tensor_count(t.tower);
    t.tensors = xcalloc(t.n, sizeof *t.tensors);
    t.floats = xcalloc(t.n, sizeof *t.floats);
    if (t.tower->has_stem)
        draw_layer(&t, &t.tower->stem);
    for (int i = 0; i < t.tower->n_blocks; i++) {
        const struct block *b = &t.tower->blocks[i];
        if (b->expands)
            draw_layer(&t, &b->expand);
        draw_layer(&t, &b->depthwise);
        if (b->gated)
            draw_gate(&t, &b->gate);
        draw_layer(&t, &b->project);
    }
    if (t.tower->has_head)
        draw_layer(&t, &t.tower->head);
    return t;
}

static void trunk_free(struct trunk *t) {
    for (size_t i = 0; i < t->n; i++) {
        free(t->tensors[i].value);
        free(t->tensors[i].grad);
    }
    free(t->tensors);
    free(t->floats);
    tower_free(t->tower);
    team_free(t->team);
}

static float *drawn(size_t n, uint32_t item) {
    struct rng r = rng_open(6, RNG_TEST, 0, item);
    float *values = xmalloc(n * sizeof *values);
    for (size_t i = 0; i < n; i++)
        values[i] = (float)rng_normal(&r);
    return values;
}

/* Floats in and out of n images. */
static size_t in_floats(const struct tower_shape *s, int n) {
    return (size_t)n * (size_t)s->height * (size_t)s->width * (size_t)s->channels;
}

static size_t out_floats(const struct tower_shape *s, int n) {
    return (size_t)n * (size_t)s->out_height * (size_t)s->out_width * (size_t)s->out_channels;
}

/* ---- training ---- */

/* What a step gives, one after the other: the output, the input's gradient, every weight's, every statistic. */
struct step {
    float *values;
    size_t n;
};

static void step_add(struct step *s, const float *values, size_t n) {
    s->values = xrealloc(s->values, s->n + n, sizeof *values);
    memcpy(s->values + s->n, values, n * sizeof *values);
    s->n += n;
}

/* Which tensors of a tower are running statistics: 3 and 4 of each layer's. */
static void mark_layer(const struct layer *l, bool *running) {
    running[l->first_tensor + 3] = running[l->first_tensor + 4] = true;
}

static bool *statistics_of(const struct trunk *t) {
    bool *running = xcalloc(t->n, sizeof *running);
    if (t->tower->has_stem)
        mark_layer(&t->tower->stem, running);
    for (int i = 0; i < t->tower->n_blocks; i++) {
        const struct block *b = &t->tower->blocks[i];
        if (b->expands)
            mark_layer(&b->expand, running);
        mark_layer(&b->depthwise, running);
        mark_layer(&b->project, running);
    }
    if (t->tower->has_head)
        mark_layer(&t->tower->head, running);
    return running;
}

static struct step train_on(struct trunk *t, int n, int px, const float *const *masks) {
    struct err e = {0};
    struct step s = {0};
    struct tower_shape shape = tower_shape(t->tower, px, px);
    float *x = drawn(in_floats(&shape, n), 0), *grad = drawn(out_floats(&shape, n), 1),
          *x_grad = xmalloc(in_floats(&shape, n) * sizeof *x_grad);
    bool *running = statistics_of(t);
    ck_assert_msg(tower_room(t->tower, n, px, px, &e), "%s", e.msg);
    step_add(&s, tower_forward(t->tower, t->tensors, x, n, px, px, masks), out_floats(&shape, n));
    tower_backward(t->tower, t->tensors, grad, t->tower->has_stem ? NULL : x_grad);
    if (!t->tower->has_stem)
        step_add(&s, x_grad, in_floats(&shape, n));
    for (size_t i = 0; i < t->n; i++)
        step_add(&s, running[i] ? t->tensors[i].value : t->tensors[i].grad, t->floats[i]);
    free(running);
    free(x);
    free(grad);
    free(x_grad);
    return s;
}

static const struct part {
    int trunk;      /* trunk_id, or PLAIN */
    int first, end; /* steps; end 0: all */
    int n, px;
} parts[] = {
    {TRUNK_SMALL, 0, 0, 5, 33},
    {TRUNK_SMALL, 0, 1, 2, 32},
    {TRUNK_SMALL, 1, 3, 3, 15},
    {TRUNK_SMALL, 3, 0, 4, 9},
    {TRUNK_SMALL, 4, 0, 7, 5},
    {TRUNK_LITE0, 0, 3, 3, 37},
    {TRUNK_B0, 0, 3, 2, 40},
    {TRUNK_B0, 5, 6, 3, 7},
    {TRUNK_B0, 2, 3, 2, 72},    /* expanded rows come in bands */
    {TRUNK_LITE0, 3, 4, 1, 70}, /* with a kernel of 5 */
    {TRUNK_B0, 7, 0, 2, 11},    /* more places than a panel has rows, and fewer than channels */
    {PLAIN, 0, 0, 3, 21},
    {PLAIN, 1, 2, 2, 9},
};
enum { PARTS = (int)ARRAY_LEN(parts) };

/* One step of a fresh tower; the second block's body is dropped for some images. */
static struct step train_part(const struct part *p, int kernels, int threads) {
    static const float mask[] = {0, 1.25f, 1.25f, 0, 1.25f, 1.25f, 1.25f};
    const float *masks[16] = {NULL};
    struct trunk t = trunk_new(p->trunk, p->first, p->end, kernels, threads);
    for (int i = 1; i < t.tower->n_blocks && i < 16; i++)
        masks[i] = t.tower->blocks[i].residual ? mask : NULL;
    struct step s = train_on(&t, p->n, p->px, masks);
    trunk_free(&t);
    return s;
}

static double distance(const struct step *a, const struct step *b) {
    double different = 0, all = 0;
    ck_assert_uint_eq(a->n, b->n);
    for (size_t i = 0; i < a->n; i++) {
        double d = (double)a->values[i] - (double)b->values[i];
        different += d * d;
        all += (double)b->values[i] * (double)b->values[i];
    }
    return sqrt(different / all);
}

static bool same_bits(const struct step *a, const struct step *b) {
    return a->n == b->n && memcmp(a->values, b->values, a->n * sizeof *a->values) == 0;
}

/* Loops of (kernels, part). */
#define SET(i) ((i) / PARTS)
#define PART(i) (&parts[(i) % PARTS])
/* Sums in another order round to another bfloat16 now and then, and whatever follows from it. */
#define NEAR(kernels) ((kernels) < SIMD_COUNT ? 1e-5 : 1e-2)

START_TEST(training_repeats_and_keeps_near_with_other_threads) {
    if (!kernels_tested(SET(_i)))
        return;
    struct step one = train_part(PART(_i), SET(_i), 1);
    for (int threads = 1; threads <= 3; threads++) {
        struct step a = train_part(PART(_i), SET(_i), threads),
                    b = train_part(PART(_i), SET(_i), threads);
        double far = distance(&a, &one);
        ck_assert_msg(same_bits(&a, &b), "%d threads: not the same bits twice", threads);
        ck_assert_msg(far < NEAR(SET(_i)), "%d threads: %g from one", threads, far);
        free(a.values);
        free(b.values);
    }
    free(one.values);
}
END_TEST

/* ---- gradients ---- */

/* x and all weights go `step` along a drawn direction. What was made of them so far is the same with its gradients: the
 * slope along that direction is returned. */
static double move(struct trunk *t, float *x, const float *x_grad, size_t n, double step) {
    bool *running = statistics_of(t);
    double slope = 0;
    for (size_t k = 0; k <= t->n; k++) {
        bool is_x = k == t->n;
        size_t count = is_x ? n : running[k] ? 0 : t->floats[k];
        float *values = is_x ? x : t->tensors[k].value, *way = drawn(count, 100 + (uint32_t)k);
        const float *grad = is_x ? x_grad : t->tensors[k].grad;
        double scale = is_x ? 1 : 0.1; /* weights are smaller than images */
        for (size_t i = 0; i < count; i++) {
            slope += scale * (double)way[i] * (double)grad[i];
            values[i] += (float)(step * scale) * way[i];
        }
        free(way);
    }
    free(running);
    return slope;
}

static const struct part differentiated[] = {
    {PLAIN, 1, 2, 6, 9}, {PLAIN, 1, 0, 6, 9}, {TRUNK_SMALL, 1, 3, 6, 9}, {TRUNK_LITE0, 1, 3, 6, 9}};

/* Gradients are the slope of what is made of the output (weighed by drawn numbers) along a drawn direction, as its values
 * a little to both sides give it. */
START_TEST(gradients_are_slopes) {
    const struct part *p = &differentiated[_i];
    const double step = 2e-3;
    struct err e = {0};
    struct trunk t = trunk_new(p->trunk, p->first, p->end, simd_best(SIMD_F32), 2);
    struct tower_shape shape = tower_shape(t.tower, p->px, p->px);
    size_t in = in_floats(&shape, p->n), out = out_floats(&shape, p->n);
    float *x = drawn(in, 0), *grad = drawn(out, 1), *x_grad = xcalloc(in, sizeof *x_grad);
    double value[3], slope = 0;
    ck_assert_msg(tower_room(t.tower, p->n, p->px, p->px, &e), "%s", e.msg);
    for (int k = 0; k < 3; k++) { /* here, ahead, behind */
        const float *y = tower_forward(t.tower, t.tensors, x, p->n, p->px, p->px, NULL);
        value[k] = 0;
        for (size_t i = 0; i < out; i++)
            value[k] += (double)y[i] * (double)grad[i];
        if (k == 0)
            tower_backward(t.tower, t.tensors, grad, x_grad);
        double along = move(&t, x, x_grad, in, k == 0 ? step : -2 * step);
        slope = k == 0 ? along : slope;
    }
    double seen = (value[1] - value[2]) / (2 * step);
    ck_assert_msg(fabs(seen - slope) < 0.01 * fabs(slope), "%g, and its slope is %g", slope, seen);
    free(x);
    free(grad);
    free(x_grad);
    trunk_free(&t);
}
END_TEST

/* ---- what is no number ---- */

static bool has_none(const struct step *s) {
    for (size_t i = 0; i < s->n; i++)
        if (!isfinite(s->values[i]))
            return true;
    return false;
}

/* A weight that is no number, and weights whose maps' squares overflow, are seen in what comes out. */
START_TEST(what_is_no_number_comes_out) {
    static const float wrong[] = {NAN, INFINITY, 1e25f};
    if (!kernels_tested(_i / 3))
        return;
    struct err e = {0};
    struct trunk t = trunk_new(TRUNK_SMALL, 0, 0, _i / 3, 2);
    struct tower_shape shape = tower_shape(t.tower, 17, 17);
    const struct layer *l = &t.tower->blocks[1].expand;
    float *x = drawn(in_floats(&shape, 3), 0);
    struct step s = {0};
    for (size_t i = 0; i < (size_t)l->in; i++) /* all of one channel's */
        t.tensors[l->first_tensor].value[i] = wrong[_i % 3];
    ck_assert_msg(tower_room(t.tower, 3, 17, 17, &e), "%s", e.msg);
    step_add(&s, tower_forward(t.tower, t.tensors, x, 3, 17, 17, NULL), out_floats(&shape, 3));
    ck_assert(has_none(&s));
    free(s.values);
    free(x);
    trunk_free(&t);
}
END_TEST

/* One image of 8 px ends as one place: no channel has a variance there, and no statistic takes one. */
START_TEST(one_value_has_no_variance) {
    if (!kernels_tested(_i))
        return;
    struct trunk t = trunk_new(TRUNK_SMALL, 0, 0, _i, 2);
    const struct layer *head = &t.tower->head;
    float variance = t.tensors[head->first_tensor + 4].value[0];
    struct step s = train_on(&t, 1, 8, NULL);
    ck_assert_int_eq(head->height * head->width, 1);
    ck_assert(!has_none(&s));
    ck_assert(t.tensors[head->first_tensor + 4].value[0] == variance);
    free(s.values);
    trunk_free(&t);
}
END_TEST

/* A tower that has seen another size, more images and fewer goes on as a fresh one. */
START_TEST(a_used_tower_trains_as_a_fresh_one) {
    static const int sizes[][2] = {{6, 40}, {2, 21}, {6, 21}, {3, 21}};
    struct trunk used = trunk_new(TRUNK_SMALL, 0, 0, simd_best(SIMD_F32), 2);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        int n = sizes[i][0], px = sizes[i][1];
        struct trunk fresh = trunk_new(TRUNK_SMALL, 0, 0, simd_best(SIMD_F32), 2);
        for (size_t k = 0; k < fresh.n; k++)
            memcpy(fresh.tensors[k].value, used.tensors[k].value, used.floats[k] * sizeof(float));
        struct step a = train_on(&used, n, px, NULL), b = train_on(&fresh, n, px, NULL);
        ck_assert_msg(same_bits(&a, &b), "%d images of %d px", n, px);
        free(a.values);
        free(b.values);
        trunk_free(&fresh);
    }
    trunk_free(&used);
}
END_TEST

/* ---- inference ---- */

static float *infer(struct trunk *t, const float *x, int n, int px) {
    struct err e = {0};
    struct tower_shape shape = tower_shape(t->tower, px, px);
    float *out = xmalloc(out_floats(&shape, n) * sizeof *out);
    ck_assert_msg(tower_infer(t->tower, x, n, px, px, out, &e), "%s", e.msg);
    return out;
}

/* 23 images: groups of 8 and what is left of them, whole ones and shares of threads. */
START_TEST(an_image_gets_the_same_bits_in_any_company) {
    enum { N = 23 };
    if (!kernels_tested(SET(_i)))
        return;
    const struct part *p = PART(_i);
    struct trunk one = trunk_new(p->trunk, p->first, p->end, SET(_i), 1);
    struct tower_shape shape = tower_shape(one.tower, p->px, p->px);
    size_t in = in_floats(&shape, 1), out = out_floats(&shape, 1);
    float *x = drawn(N * in, 2);
    tower_fold(one.tower, one.tensors);
    float *all = infer(&one, x, N, p->px);
    for (int i = 0; i < N; i++) {
        float *alone = infer(&one, x + (size_t)i * in, 1, p->px);
        ck_assert_msg(memcmp(alone, all + (size_t)i * out, out * sizeof *all) == 0, "image %d", i);
        free(alone);
    }
    for (int threads = 2; threads <= 3; threads++) {
        struct trunk t = trunk_new(p->trunk, p->first, p->end, SET(_i), threads);
        tower_fold(t.tower, t.tensors);
        float *shared = infer(&t, x, N, p->px);
        ck_assert_msg(memcmp(shared, all, N * out * sizeof *all) == 0, "%d threads", threads);
        free(shared);
        float *alone = infer(&t, x, 1, p->px), *two = infer(&t, x, 2, p->px);
        ck_assert_msg(memcmp(alone, all, out * sizeof *all) == 0, "one of %d threads", threads);
        ck_assert_msg(memcmp(two, all, 2 * out * sizeof *all) == 0, "two of %d threads", threads);
        free(alone);
        free(two);
        trunk_free(&t);
    }
    free(all);
    free(x);
    trunk_free(&one);
}
END_TEST

/* More threads than images, and more images than a group. */
START_TEST(groups_are_shared_by_many_threads) {
    enum { N = 9, THREADS = 10 };
    if (!kernels_tested(_i))
        return;
    struct trunk one = trunk_new(TRUNK_SMALL, 0, 0, _i, 1),
                 ten = trunk_new(TRUNK_SMALL, 0, 0, _i, THREADS);
    struct tower_shape shape = tower_shape(one.tower, 33, 33);
    float *x = drawn(in_floats(&shape, N), 2);
    tower_fold(one.tower, one.tensors);
    tower_fold(ten.tower, ten.tensors);
    float *a = infer(&one, x, N, 33), *b = infer(&ten, x, N, 33);
    ck_assert(memcmp(a, b, out_floats(&shape, N) * sizeof *a) == 0);
    free(a);
    free(b);
    free(x);
    trunk_free(&one);
    trunk_free(&ten);
}
END_TEST

/* The running statistics become those of the batch that was trained on last. */
static void keep_statistics(struct trunk *t, const struct layer *l) {
    for (int c = 0; c < l->out; c++) {
        double inverse = (double)l->inverse[c];
        t->tensors[l->first_tensor + 3].value[c] = l->mean[c];
        t->tensors[l->first_tensor + 4].value[c] =
            (float)(1 / (inverse * inverse) - t->tower->table->norm_eps);
    }
}

static void keep_all_statistics(struct trunk *t) {
    if (t->tower->has_stem)
        keep_statistics(t, &t->tower->stem);
    for (int i = 0; i < t->tower->n_blocks; i++) {
        const struct block *b = &t->tower->blocks[i];
        if (b->expands)
            keep_statistics(t, &b->expand);
        keep_statistics(t, &b->depthwise);
        keep_statistics(t, &b->project);
    }
    if (t->tower->has_head)
        keep_statistics(t, &t->tower->head);
}

/* Folded weights, blocks of channels and bands of rows give what training's passes over whole maps give, where the
 * statistics are the batch's. */
START_TEST(inference_gives_what_training_does) {
    if (!kernels_tested(SET(_i)))
        return;
    const struct part *p = PART(_i);
    struct err e = {0};
    struct trunk t = trunk_new(p->trunk, p->first, p->end, SET(_i), 2);
    struct tower_shape shape = tower_shape(t.tower, p->px, p->px);
    float *x = drawn(in_floats(&shape, p->n), 3);
    const float *masks[16] = {NULL};
    struct step trained = {0}, asked = {0};
    ck_assert_msg(tower_room(t.tower, p->n, p->px, p->px, &e), "%s", e.msg);
    step_add(&trained, tower_forward(t.tower, t.tensors, x, p->n, p->px, p->px, masks),
        out_floats(&shape, p->n));
    keep_all_statistics(&t);
    tower_fold(t.tower, t.tensors);
    asked.values = infer(&t, x, p->n, p->px);
    asked.n = trained.n;
    double far = distance(&asked, &trained);
    ck_assert_msg(far < 2 * NEAR(SET(_i)), "%g", far);
    free(trained.values);
    free(asked.values);
    free(x);
    trunk_free(&t);
}
END_TEST

/* ---- memory ---- */

/* 65,536 images of 65,000 x 65,000: 10^15 floats of the stem's alone. Afterwards the tower is as good as before. */
START_TEST(an_absurd_size_is_refused) {
    struct trunk t = trunk_new(TRUNK_SMALL, 0, 0, simd_best(SIMD_F32), 1);
#ifndef __SANITIZE_ADDRESS__ /* which ends the process where malloc would refuse */
    struct err e = {0};
    ck_assert(!tower_room(t.tower, 1 << 16, 65000, 65000, &e));
    ck_assert_ptr_nonnull(strstr(e.msg, "no memory for a training step's "));
    ck_assert_ptr_nonnull(
        strstr(e.msg, "(65536 images of 65000 x 65000): lower /batch or /data/image_px"));
    e = (struct err){0};
    struct trunk inner = trunk_new(TRUNK_SMALL, 1, 3, SIMD_COUNT + (int)simd_best(SIMD_F32), 1);
    ck_assert(!tower_room(
        inner.tower, 1 << 16, 65000, 65000, &e)); /* of bfloat16, without stem and head */
    ck_assert_ptr_nonnull(strstr(e.msg, "no memory for a training step's "));
    trunk_free(&inner);
    e = (struct err){0};
    ck_assert(!tower_infer(t.tower, NULL, 1, 1 << 24, 1 << 24, NULL, &e));
    ck_assert_ptr_nonnull(strstr(e.msg, "no memory for inference's "));
#endif
    struct step s = train_on(&t, 2, 17, NULL);
    free(s.values);
    trunk_free(&t);
}
END_TEST

Suite *tower_suite(void) {
    Suite *s = suite_create("tower");
    TCase *team = tcase_create("team"), *c = tcase_create("tower");
    tcase_set_timeout(
        team, 300); /* threads that wait for each other on a machine that others share */
    tcase_add_loop_test(team, a_run_is_one_call_a_thread, 1, MOST_THREADS + 1);
    tcase_add_loop_test(team, shares_are_all_in_order_and_even, 1, MOST_THREADS + 1);
    tcase_add_test(team, a_team_that_never_ran_ends);
    suite_add_tcase(s, team);
    tcase_set_timeout(c, 300);
    tcase_add_unchecked_fixture(c, kernels_say_untested, NULL);
    tcase_add_loop_test(c, training_repeats_and_keeps_near_with_other_threads, 0, KERNELS * PARTS);
    tcase_add_loop_test(c, gradients_are_slopes, 0, (int)ARRAY_LEN(differentiated));
    tcase_add_loop_test(c, what_is_no_number_comes_out, 0, 3 * KERNELS);
    tcase_add_loop_test(c, one_value_has_no_variance, 0, KERNELS);
    tcase_add_test(c, a_used_tower_trains_as_a_fresh_one);
    tcase_add_loop_test(c, an_image_gets_the_same_bits_in_any_company, 0, SIMD_COUNT * PARTS);
    tcase_add_loop_test(c, groups_are_shared_by_many_threads, 0, SIMD_COUNT);
    tcase_add_loop_test(c, inference_gives_what_training_does, 0, KERNELS * PARTS);
    suite_add_tcase(s, c);
    c = tcase_create("refusals");
    tcase_set_tags(c, "refusals"); /* valgrind ends itself where the system refuses memory */
    tcase_add_test(c, threads_that_the_system_refuses_are_said);
    tcase_add_test(c, an_absurd_size_is_refused);
    suite_add_tcase(s, c);
    return s;
}
