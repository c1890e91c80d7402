/* Paints a look, from the back to the front. */
#include "data/synth.h"

#include "data/synth_canvas.h"
#include "data/synth_look.h"

#include <assert.h>
#include <math.h>

#define NO_CUT -9, 9

static const struct colour white = {.95f, .94f, .92f}, black = {.05f, .04f, .04f};

static struct paint solid(struct colour c) {
    return (struct paint){c, 1, 0};
}

static void oval(struct canvas *c, float x, float y, float rx, float ry, struct paint p) {
    paint_ellipse(c, &(struct ellipse){x, y, rx, ry, 2, NO_CUT}, &p);
}

static void line(struct canvas *c, struct stroke s, struct colour colour, float alpha, float soft) {
    paint_stroke(c, &s, &(struct paint){colour, alpha, soft});
}

static void paint_background(struct canvas *c, const struct look *l, struct rng *r) {
    for (int j = 0; j < c->side; j++)
        for (int i = 0; i < c->side; i++)
            c->pixels[(size_t)j * c->side + i] =
                mix(l->back[0], l->back[1], (float)j / (float)c->side);
    for (int i = 0; i < 4; i++) { /* blurred things behind */
        float x = (float)rng_uniform(r) * 3 - 1.5f, y = (float)rng_uniform(r) * 3 - 1.5f;
        float size = .2f + .5f * (float)rng_uniform(r);
        oval(c, x, y, size, size, (struct paint){l->back[i & 1], .5f, .3f});
    }
}

static void paint_body(struct canvas *c, const struct look *l) {
    float neck = l->jaw * .72f;
    oval(c, 0, 2.05f, 1.35f, .75f, solid(l->cloth));
    paint_ellipse(c, &(struct ellipse){0, 1.0f, neck, .62f, 4, NO_CUT},
        &(struct paint){shade(l->skin, .84f), 1, .05f});
}

/* Curls are small round knots along the outline of the hair. */
static void paint_curls(struct canvas *c, const struct look *l, float rx, float ry, float y,
    float from, float to, struct rng *r) {
    int n = (int)(l->curl * 26);
    for (int i = 0; i < n; i++) {
        float angle = from + (to - from) * ((float)i + (float)rng_uniform(r)) / (float)n;
        float size = .07f + .07f * (float)rng_uniform(r), tone = .75f + .5f * (float)rng_uniform(r);
        oval(c, rx * cosf(angle), y + ry * sinf(angle), size, size,
            (struct paint){shade(l->hair, tone), .9f, .05f});
    }
}

static void paint_hair_behind(struct canvas *c, const struct look *l, struct rng *r) {
    if (l->style < HAIR_RING)
        return;
    float rx = l->width + .10f + .08f * l->curl, down = l->style == HAIR_LONG ? 1.25f : .05f;
    if (l->style == HAIR_RING) { /* at the sides only */
        paint_ellipse(c, &(struct ellipse){0, -.1f, l->width + .09f, .62f, 2, -.45f, .3f},
            &(struct paint){shade(l->hair, .9f), 1, .06f});
        return;
    }
    paint_ellipse(c, &(struct ellipse){0, -.25f, rx, l->height - .12f, 2.3f, -9, down},
        &(struct paint){shade(l->hair, .8f), 1, .05f});
    if (l->style == HAIR_LONG)
        for (int side = -1; side <= 1; side += 2)
            oval(c, (float)side * (rx - .16f), .45f, .24f, .95f,
                (struct paint){shade(l->hair, .8f), 1, .05f});
    paint_curls(c, l, rx, l->height - .12f, -.25f, 3.3f, 6.1f, r);
}

/* Cheeks and chin are two ovals; light from the front leaves the borders darker. */
static void paint_head(struct canvas *c, const struct look *l) {
    struct colour edge = shade(l->skin, .80f);
    for (int side = -1; side <= 1 && l->style != HAIR_LONG; side += 2) /* ears */
        oval(c, (float)side * (l->width + .02f), l->eye_y + .14f, .10f, .19f,
            solid(shade(l->skin, .85f)));
    oval(c, 0, -.12f, l->width, l->height - .12f, solid(edge));
    paint_ellipse(c, &(struct ellipse){0, .38f, l->jaw, l->height - .38f, 2.4f, NO_CUT},
        &(struct paint){edge, 1, .02f});
    paint_ellipse(c, &(struct ellipse){0, .15f, (l->width + l->jaw) / 2, .55f, 2.2f, NO_CUT},
        &(struct paint){edge, 1, .05f});
    oval(c, 0, -.12f, l->width * .82f, l->height * .78f, (struct paint){l->skin, 1, .30f});
    oval(c, 0, .40f, l->jaw * .78f, l->height * .45f, (struct paint){l->skin, .9f, .25f});
    for (int side = -1; side <= 1; side += 2)
        oval(c, (float)side * .38f, l->eye_y + .40f, .17f, .13f,
            (struct paint){mix(l->skin, (struct colour){.85f, .35f, .35f}, .25f), .5f, .18f});
}

static void paint_eye(struct canvas *c, const struct look *l, float side) {
    float x = side * l->eye_x, y = l->eye_y, w = l->eye_w, h = l->eye_h, tilt = l->eye_tilt;
    oval(c, x, y, w * 1.3f, h * 1.8f, (struct paint){shade(l->skin, .86f), .6f, .10f});
    paint_ellipse(c, &(struct ellipse){x, y, w, h, 1.7f, NO_CUT}, &(struct paint){white, 1, .01f});
    float iris = fminf(.075f, h * 1.05f);
    paint_ellipse(c, &(struct ellipse){x + l->gaze, y, iris, iris, 2, y - h, y + h},
        &(struct paint){l->iris, 1, 0});
    oval(c, x + l->gaze, y, iris * .5f, iris * .5f, solid(black));
    oval(c, x + l->gaze - .02f, y - .02f, .014f, .014f, solid(white));
    /* Lids from the inner to the outer corner. */
    struct stroke lid = {x - side * w, y + tilt * .5f, x + side * w, y - tilt, -h * 1.15f,
        .018f + .022f * l->lashes};
    line(c, lid, shade(l->skin, .25f), .95f, 0);
    line(c, (struct stroke){x - side * w, y + tilt * .5f, x + side * w, y - tilt, h, .012f},
        shade(l->skin, .5f), .7f, 0);
    struct colour brow = mix(l->hair, shade(l->skin, .4f), .35f);
    float by = y - h - .12f - .5f * l->brow_w;
    line(c,
        (struct stroke){x - side * w * 1.1f, by + .02f, x + side * w * 1.35f, by + .01f - tilt,
            -.05f, l->brow_w},
        brow, .9f, .02f);
}

static void paint_nose_and_mouth(struct canvas *c, const struct look *l) {
    float tip = l->eye_y + l->nose_len, w = l->nose_w;
    struct colour dark = shade(l->skin, .68f);
    line(c, (struct stroke){.35f * w, l->eye_y + .05f, .8f * w, tip - .05f, 0, .03f}, dark, .35f,
        .05f);
    oval(c, 0, tip, w * .7f, .06f, (struct paint){shade(l->skin, 1.08f), .6f, .06f});
    line(c, (struct stroke){-w, tip + .02f, w, tip + .02f, .05f, .024f}, dark, .8f, .015f);
    for (int side = -1; side <= 1; side += 2)
        oval(c, (float)side * w * .5f, tip + .045f, .026f, .016f, solid(shade(l->skin, .35f)));
    float y = tip + (l->height - tip) * .40f, m = l->mouth_w;
    line(c,
        (struct stroke){
            -m * .9f, y - l->lip_h * .5f, m * .9f, y - l->lip_h * .5f, l->smile * .6f, l->lip_h},
        shade(l->lips, .92f), 1, .012f);
    line(c,
        (struct stroke){-m * .75f, y + l->lip_h * .7f, m * .75f, y + l->lip_h * .7f,
            l->smile * 1.4f, l->lip_h * 1.25f},
        l->lips, 1, .012f);
    line(c, (struct stroke){-m, y, m, y, l->smile, .016f}, shade(l->lips, .45f), 1, 0);
}

static void paint_wrinkles(struct canvas *c, const struct look *l, struct rng *r) {
    struct colour dark = shade(l->skin, .58f);
    float a = l->wrinkles, tip = l->eye_y + l->nose_len;
    for (int i = 0; i < 4; i++) { /* forehead */
        float y = l->eye_y - .30f - .095f * (float)i + .02f * (float)rng_normal(r);
        float w = .38f - .04f * (float)i;
        line(c, (struct stroke){-w, y, w, y, -.02f, .018f}, dark, a * .75f, .012f);
    }
    for (int side = -1; side <= 1; side += 2) {
        float s = (float)side, x = s * l->eye_x, out = x + s * l->eye_w * 1.15f;
        line(c,
            (struct stroke){
                s * (l->nose_w + .03f), tip, s * (l->mouth_w + .05f), tip + .30f, .04f, .026f},
            dark, a * .9f, .02f);
        line(c,
            (struct stroke){
                x - s * .13f, l->eye_y + .12f, x + s * .13f, l->eye_y + .11f, .06f, .024f},
            dark, a * .8f, .02f);
        for (int i = -1; i <= 1; i++) /* crow's feet */
            line(c,
                (struct stroke){out, l->eye_y + .03f * (float)i, out + s * .13f,
                    l->eye_y + .08f * (float)i, 0, .012f},
                dark, a * .85f, .008f);
        line(c, (struct stroke){s * l->jaw * .62f, .45f, s * l->jaw * .55f, .78f, 0, .05f}, dark,
            a * .4f, .05f);
    }
    for (int i = 0; i < 7; i++) { /* spots of age */
        float x = ((float)rng_uniform(r) - .5f), y = (float)rng_uniform(r) * 1.2f - .7f;
        oval(c, x, y, .022f, .018f, (struct paint){dark, fmaxf(0, a - .5f), .02f});
    }
}

static void paint_beard(struct canvas *c, const struct look *l) {
    float tip = l->eye_y + l->nose_len, y = tip + (l->height - tip) * .40f;
    struct paint p = {mix(l->hair, l->skin, .15f), l->beard * .85f, .12f};
    if (l->beard <= 0)
        return;
    paint_ellipse(
        c, &(struct ellipse){0, .55f, l->jaw * .93f, l->height - .53f, 2.4f, y + .06f, 9}, &p);
    line(c, (struct stroke){-l->mouth_w, y - .03f, l->mouth_w, y - .03f, -.07f, .06f}, p.colour,
        p.alpha, .04f);
}

static void paint_hair_front(struct canvas *c, const struct look *l, struct rng *r) {
    float rx = l->width + .03f, line_y = -l->height + .22f + l->fringe;
    if (l->style == HAIR_THIN)
        paint_ellipse(c, &(struct ellipse){0, -.2f, l->width, l->height - .05f, 2, -9, -.55f},
            &(struct paint){l->hair, .45f, .2f});
    if (l->style < HAIR_SHORT)
        return;
    paint_ellipse(c, &(struct ellipse){0, -.2f, rx, l->height - .1f, 2.2f, -9, line_y},
        &(struct paint){l->hair, 1, .06f});
    for (int side = -1; side <= 1; side += 2)
        line(c,
            (struct stroke){(float)side * (rx - .08f), line_y - .05f, (float)side * (rx + .01f),
                l->eye_y + (l->style == HAIR_LONG ? .6f : .05f), 0, .13f},
            l->hair, 1, .05f);
    for (int i = 0; i < 10; i++) { /* strands */
        float x = ((float)rng_uniform(r) * 2 - 1) * rx * .8f,
              tone = .8f + .5f * (float)rng_uniform(r);
        line(c, (struct stroke){x * .6f, -l->height - .05f, x, line_y - .03f, 0, .02f},
            shade(l->hair, tone), .5f * (1 - l->curl), .02f);
    }
    paint_curls(c, l, rx * .75f, .10f, line_y - .08f, 0, 6.28f, r);
}

static void paint_glasses(struct canvas *c, const struct look *l) {
    if (!l->glasses)
        return;
    struct colour frame = mix(black, l->cloth, .3f);
    for (int side = -1; side <= 1; side += 2) {
        float x = (float)side * l->eye_x, y = l->eye_y + .01f;
        line(c, (struct stroke){x - .19f, y, x + .19f, y, -.17f, .03f}, frame, 1, 0);
        line(c, (struct stroke){x - .19f, y, x + .19f, y, .17f, .03f}, frame, 1, 0);
        line(c,
            (struct stroke){x + (float)side * .19f, y, (float)side * l->width, y - .03f, 0, .03f},
            frame, 1, 0);
    }
    line(c, (struct stroke){-.13f, l->eye_y, .13f, l->eye_y, -.03f, .03f}, frame, 1, 0);
}

static void light_and_noise(struct canvas *c, const struct look *l, struct rng *r) {
    float lx = cosf(l->light_angle) * l->light, ly = sinf(l->light_angle) * l->light;
    for (int j = 0; j < c->side; j++)
        for (int i = 0; i < c->side; i++) {
            struct colour *p = &c->pixels[(size_t)j * c->side + i];
            float u = 2 * (float)i / (float)c->side - 1, v = 2 * (float)j / (float)c->side - 1;
            float factor = l->contrast * (1 + lx * u + ly * v);
            float grain = l->noise * 1.73f * (float)((rng_u32(r) >> 8) * 0x1p-23 - 1);
            *p = shade(*p, factor);
            p->r += grain;
            p->g += grain;
            p->b += grain;
        }
}

static void paint(struct image *im, int side_px, const struct look *l, struct rng detail) {
    struct canvas c;
    float side = (float)side_px;
    canvas_init(&c, side_px);
    canvas_pose(&c, l->size * side, l->x * side, l->y * side, l->turn);
    paint_background(&c, l, &detail);
    paint_hair_behind(&c, l, &detail);
    paint_body(&c, l);
    paint_head(&c, l);
    paint_beard(&c, l);
    for (int eye = -1; eye <= 1; eye += 2)
        paint_eye(&c, l, (float)eye);
    paint_nose_and_mouth(&c, l);
    paint_wrinkles(&c, l, &detail);
    paint_hair_front(&c, l, &detail);
    paint_glasses(&c, l);
    light_and_noise(&c, l, &detail);
    canvas_to_image(&c, im);
    canvas_release(&c);
}

enum {
    STREAM_LOOK = 1,
    STREAM_DETAIL = 2,
    STREAM_PERSON = 3
}; /* the step of RNG_SYNTH's streams */

void synth_face(struct image *im, int side_px, int age_years, int gender, int race, uint64_t seed,
    uint32_t item) {
    assert(side_px > 0 && gender >= 0 && gender <= 1 && race >= 0 && race <= 4);
    struct rng own = rng_open(seed, RNG_SYNTH, STREAM_LOOK, item);
    struct look l;
    look_make(&l, age_years, gender, race, &own);
    paint(im, side_px, &l, rng_open(seed, RNG_SYNTH, STREAM_DETAIL, item));
}

struct face_place synth_face_place(
    int side_px, int age_years, int gender, int race, uint64_t seed, uint32_t item) {
    struct rng own = rng_open(seed, RNG_SYNTH, STREAM_LOOK, item);
    struct look l;
    look_make(&l, age_years, gender, race, &own);
    double side = side_px, unit = l.size * side;
    return (struct face_place){
        l.x * side, l.y * side, l.width * unit, l.height * unit, (double)l.turn};
}

void synth_person(struct image *im, int side_px, int first_age, int last_age, int gender,
    uint64_t person, uint64_t seed, uint32_t item) {
    assert(side_px > 0);
    struct rng theirs = rng_open(seed ^ person, RNG_SYNTH, STREAM_PERSON, 0),
               own = rng_open(seed, RNG_SYNTH, STREAM_LOOK, item);
    struct look l;
    look_of_person(&l, first_age, last_age, gender, &theirs);
    look_again(&l, &own);
    paint(im, side_px, &l, rng_open(seed, RNG_SYNTH, STREAM_DETAIL, item));
}
