#include "data/synth_canvas.h"

#include "core/mem.h"

#include <math.h>
#include <stdlib.h>

void canvas_init(struct canvas *c, int side) {
    *c = (struct canvas){.side = side,
        .scale = 1,
        .cosine = 1,
        .pixels = xcalloc((size_t)side * side, sizeof(struct colour))};
}

void canvas_release(struct canvas *c) {
    free(c->pixels);
    *c = (struct canvas){0};
}

void canvas_pose(struct canvas *c, float scale, float x, float y, float turn) {
    c->scale = scale;
    c->x = x;
    c->y = y;
    c->cosine = cosf(turn);
    c->sine = sinf(turn);
}

struct colour mix(struct colour a, struct colour b, float t) {
    return (struct colour){a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t};
}

struct colour shade(struct colour c, float factor) {
    return (struct colour){c.r * factor, c.g * factor, c.b * factor};
}

static float clamp01(float x) {
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

struct point {
    float x, y;
};

/* Paints where distance(shape, point), in units and negative inside, says so, within `reach` units of
 * (x, y). */
static void paint_shape(struct canvas *c, float x, float y, float reach, const struct paint *p,
    float (*distance)(const void *shape, struct point at), const void *shape) {
    float px = c->x + c->scale * (x * c->cosine - y * c->sine),
          py = c->y + c->scale * (x * c->sine + y * c->cosine);
    float soft = p->soft > 1 / c->scale ? p->soft : 1 / c->scale, r = (reach + soft) * c->scale + 1;
    int left = (int)fmaxf(0, px - r), right = (int)fminf((float)c->side - 1, px + r);
    int top = (int)fmaxf(0, py - r), bottom = (int)fminf((float)c->side - 1, py + r);
    for (int j = top; j <= bottom; j++)
        for (int i = left; i <= right; i++) {
            float dx = ((float)i + 0.5f - c->x) / c->scale,
                  dy = ((float)j + 0.5f - c->y) / c->scale;
            struct point at = {dx * c->cosine + dy * c->sine, dy * c->cosine - dx * c->sine};
            float cover = clamp01(0.5f - distance(shape, at) / soft);
            if (cover > 0) {
                struct colour *to = &c->pixels[(size_t)j * c->side + i];
                *to = mix(*to, p->colour, cover * p->alpha);
            }
        }
}

/* Not the true distance, but right at the border and of the right size near it. */
static float ellipse_distance(const void *shape, struct point at) {
    const struct ellipse *e = shape;
    float u = fabsf(at.x - e->x) / e->rx, v = fabsf(at.y - e->y) / e->ry;
    float norm = e->power == 2 ? sqrtf(u * u + v * v)
                               : powf(powf(u, e->power) + powf(v, e->power), 1 / e->power);
    float d = (norm - 1) * fminf(e->rx, e->ry);
    return fmaxf(d, fmaxf(e->top - at.y, at.y - e->bottom));
}

void paint_ellipse(struct canvas *c, const struct ellipse *e, const struct paint *p) {
    paint_shape(c, e->x, e->y, 1.45f * fmaxf(e->rx, e->ry), p, ellipse_distance, e);
}

enum { SEGMENTS = 6 };
struct curve {
    struct point points[SEGMENTS + 1];
    float half_width;
};

static float curve_distance(const void *shape, struct point at) {
    const struct curve *s = shape;
    float best = 1e9f;
    for (int i = 0; i < SEGMENTS; i++) {
        struct point a = s->points[i], b = s->points[i + 1];
        float ux = b.x - a.x, uy = b.y - a.y, vx = at.x - a.x, vy = at.y - a.y;
        float t = clamp01((ux * vx + uy * vy) / (ux * ux + uy * uy + 1e-12f));
        float dx = vx - t * ux, dy = vy - t * uy;
        best = fminf(best, dx * dx + dy * dy);
    }
    return sqrtf(best) - s->half_width;
}

void paint_stroke(struct canvas *c, const struct stroke *s, const struct paint *p) {
    struct curve curve = {.half_width = s->width / 2};
    for (int i = 0; i <= SEGMENTS; i++) {
        float t = (float)i / SEGMENTS;
        curve.points[i] = (struct point){
            s->x0 + (s->x1 - s->x0) * t, s->y0 + (s->y1 - s->y0) * t + 4 * t * (1 - t) * s->bend};
    }
    float reach = hypotf(s->x1 - s->x0, s->y1 - s->y0) / 2 + fabsf(s->bend) + s->width;
    paint_shape(c, (s->x0 + s->x1) / 2, (s->y0 + s->y1) / 2, reach, p, curve_distance, &curve);
}

static uint8_t to_byte(float x) {
    return (uint8_t)(clamp01(x) * 255 + 0.5f);
}

void canvas_to_image(const struct canvas *c, struct image *im) {
    size_t n = (size_t)c->side * c->side;
    *im = (struct image){c->side, c->side, xmalloc(3 * n)};
    for (size_t i = 0; i < n; i++) {
        im->rgb[3 * i] = to_byte(c->pixels[i].r);
        im->rgb[3 * i + 1] = to_byte(c->pixels[i].g);
        im->rgb[3 * i + 2] = to_byte(c->pixels[i].b);
    }
}
