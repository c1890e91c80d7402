#include "data/synth_look.h"

#include "core/words.h"

#include <math.h>

/* The middle of each class; faces vary around it and overlap with the neighbours'. */
struct kind {
    struct colour skin, hair;
    float eye_open, eye_tilt, nose_w, lip_h, curl;
};
static const struct kind kinds[] = {
    /* White */ {{.93f, .76f, .66f}, {.42f, .28f, .16f}, 1.00f, .00f, .90f, .90f, .15f},
    /* Black */ {{.45f, .30f, .22f}, {.07f, .06f, .06f}, 1.00f, .00f, 1.25f, 1.45f, .90f},
    /* Asian */ {{.91f, .76f, .58f}, {.08f, .07f, .08f}, .66f, .035f, 1.02f, 1.00f, .03f},
    /* Indian */ {{.66f, .47f, .33f}, {.08f, .06f, .05f}, 1.08f, .00f, 1.02f, 1.12f, .25f},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static float between(struct rng *r, float low, float high) {
    return low + (high - low) * (float)rng_uniform(r);
}

static float around(struct rng *r, float mean, float deviation) {
    return mean + deviation * (float)rng_normal(r);
}

static float bounded(float x, float low, float high) {
    return x < low ? low : x > high ? high : x;
}

/* From 0 before `from` to 1 after `to`, smoothly. */
static float ramp(float x, float from, float to) {
    float t = bounded((x - from) / (to - from), 0, 1);
    return t * t * (3 - 2 * t);
}

static float lerp(float a, float b, float t) {
    return a + (b - a) * t;
}

/* Race 4, Other, is a mixture of two kinds, as it is a mixture of people. */
static struct kind kind_of(int race, struct rng *r) {
    int a = (int)rng_below(r, KINDS), b = (a + 1 + (int)rng_below(r, KINDS - 1)) % KINDS;
    float t = between(r, .35f, .65f);
    if (race < KINDS)
        return kinds[race];
    const struct kind *p = &kinds[a], *q = &kinds[b];
    return (struct kind){mix(p->skin, q->skin, t), mix(p->hair, q->hair, t),
        lerp(p->eye_open, q->eye_open, t), lerp(p->eye_tilt, q->eye_tilt, t),
        lerp(p->nose_w, q->nose_w, t), lerp(p->lip_h, q->lip_h, t), lerp(p->curl, q->curl, t)};
}

/* The skull grows until 18: a child's face is round, its eyes low and large, its nose and jaw small. */
static void shape(struct look *l, float age, bool female, const struct kind *k, struct rng *r) {
    float grown = ramp(age, 0, 19), old = ramp(age, 45, 95);
    l->height = around(r, lerp(.86f, 1.0f, grown), .03f);
    l->width = around(r, lerp(.82f, female ? .70f : .74f, grown), .03f);
    l->jaw = around(r, lerp(.60f, female ? .48f : .62f, grown) + .06f * old, .035f);
    l->eye_y = around(r, lerp(.16f, -.08f, grown), .02f);
    l->eye_x = around(r, lerp(.34f, .31f, grown), .015f);
    l->eye_w = around(r, lerp(.165f, .135f, grown) - .015f * old, .008f);
    l->eye_h =
        around(r, lerp(.125f, female ? .085f : .072f, grown) - .018f * old, .007f) * k->eye_open;
    l->eye_tilt = around(r, k->eye_tilt, .010f);
    l->nose_w = around(r, lerp(.085f, .125f, grown) + .02f * old, .010f) * k->nose_w;
    l->nose_len = around(r, lerp(.20f, .36f, grown) + .04f * old, .025f);
    l->mouth_w = around(r, lerp(.17f, .25f, grown), .025f);
    l->lip_h = around(r, (female ? .062f : .046f) * lerp(1, .55f, old), .006f) * k->lip_h;
    l->smile = around(r, .035f, .04f);
    float brow = lerp(.025f, female ? .034f : .062f, grown);
    l->brow_w = bounded(around(r, brow, .008f), .012f, .1f);
    l->lashes = female ? ramp(age, 8, 18) * between(r, .3f, 1) : between(r, 0, .25f);
}

static void hair(struct look *l, float age, bool female, struct rng *r) {
    float u = (float)rng_uniform(r), v = (float)rng_uniform(r);
    float bald_until = female ? -1 : .65f * ramp(age, 28, 80), long_from = female ? .2f : .93f;
    if (age < 2)
        l->style = u < .6f ? HAIR_THIN : HAIR_SHORT;
    else if (u < bald_until)
        l->style = v < .35f ? HAIR_NONE : HAIR_RING;
    else
        l->style =
            v > long_from - (female ? .15f * (1 - ramp(age, 55, 85)) : 0) ? HAIR_LONG : HAIR_SHORT;
    l->fringe = between(r, .05f, .30f) - .12f * ramp(age, 40, 80);
    float beard = (float)rng_uniform(r);
    l->beard = female || age < 17 ? 0 : beard < .45f ? 0 : beard * ramp(age, 16, 24);
    l->glasses = (float)rng_uniform(r) < lerp(.04f, .4f, ramp(age, 12, 75));
}

static void colours(struct look *l, float age, const struct kind *k, bool female, struct rng *r) {
    float tone = around(r, 1, .09f), warm = around(r, 0, .018f);
    l->skin = shade(k->skin, bounded(tone, .75f, 1.18f));
    l->skin.r += warm;
    l->skin.b -= warm;
    float grey = ramp(age + around(r, 0, 7), 36, 74),
          dye = female && rng_uniform(r) < .25 ? .3f : 1;
    struct colour base = shade(k->hair, bounded(around(r, 1, .35f), .4f, 2.1f));
    float silver = between(r, .66f, .88f);
    l->hair = mix(base, (struct colour){silver, silver, silver}, grey * dye);
    struct colour red = {.72f, .22f, .25f};
    float rouge = female ? ramp(age, 14, 22) * between(r, .1f, .75f) : between(r, .05f, .2f);
    l->lips = mix(shade(l->skin, .80f), red, bounded(rouge, 0, 1));
    float blue = (float)rng_uniform(r);
    bool light_eyes = k == &kinds[0];
    l->iris = light_eyes && blue < .5f ? (struct colour){.35f, .50f, .60f}
                                       : (struct colour){.20f, .12f, .07f};
    l->cloth = (struct colour){between(r, .1f, .9f), between(r, .1f, .9f), between(r, .1f, .9f)};
    for (int i = 0; i < 2; i++)
        l->back[i] =
            (struct colour){between(r, .1f, .95f), between(r, .1f, .95f), between(r, .1f, .95f)};
}

static void picture(struct look *l, struct rng *r) {
    l->size = bounded(around(r, .355f, .018f), .30f, .42f);
    l->x = around(r, .5f, .02f);
    l->y = around(r, .52f, .02f);
    l->turn = around(r, 0, .09f);
    l->gaze = around(r, 0, .05f);
    l->light = between(r, 0, .40f);
    l->light_angle = between(r, 0, 6.2831853f);
    l->noise = between(r, .01f, .045f);
    l->contrast = between(r, .75f, 1.12f);
}

void look_make(struct look *l, int age_years, int gender, int race, struct rng *r) {
    float age = (float)age_years;
    bool female = gender == 1;
    *l = (struct look){0};
    struct kind mixed = kind_of(race, r);
    /* Light eyes go with the first kind itself, so it is passed as it stands in the table. */
    const struct kind *k = race < KINDS ? &kinds[race] : &mixed;
    shape(l, age, female, k, r);
    hair(l, age, female, r);
    colours(l, age, k, female, r);
    l->curl = bounded(around(r, k->curl, .12f), 0, 1);
    l->wrinkles = bounded(ramp(age, 26, 88) * around(r, 1, .16f), 0, 1);
    picture(l, r);
}

/* Wide enough that an age group cannot be told from a stranger's looks alone, though it shows. */
#define LOOKS_OLDER_YEARS 8
#define LOOKS_OTHERWISE .15

void look_of_person(struct look *l, int first_age, int last_age, int gender, struct rng *person) {
    double place = rng_uniform(person), older = rng_normal(person), other = rng_uniform(person);
    bool coin = rng_uniform(person) < .5;
    int race = (int)rng_below(person, KINDS + 1);
    if (first_age < 0) {
        first_age = 1;
        last_age = 80;
    }
    float age = (float)(first_age + place * (last_age - first_age) + older * LOOKS_OLDER_YEARS);
    bool female = gender == LABEL_MISSING ? coin : (gender == 1) != (other < LOOKS_OTHERWISE);
    look_make(l, (int)bounded(age, 0, 100), female, race, person);
}

void look_again(struct look *l, struct rng *r) {
    l->smile = around(r, .035f, .04f);
    picture(l, r);
}
