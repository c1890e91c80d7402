/* A square picture to paint on in a face's own coordinates: the face's middle is (0, 0), its half
 * height about 1, y grows downwards; the canvas turns, scales and moves them. Private to synth*.c. */
#ifndef DATA_SYNTH_CANVAS_H
#define DATA_SYNTH_CANVAS_H

#include "data/image.h"

struct colour {
    float r, g, b; /* 0 to 1, above and below while it is mixed */
};
struct canvas {
    int side;
    struct colour *pixels; /* [side][side] */
    float scale;           /* pixels a unit */
    float x, y;            /* pixel of (0, 0) */
    float cosine, sine;    /* of the turn */
};
struct paint {
    struct colour colour;
    float alpha; /* 0 to 1 */
    float soft;  /* width of the border in units; at least a pixel is taken */
};

void canvas_init(struct canvas *c, int side);
void canvas_release(struct canvas *c);
void canvas_pose(struct canvas *c, float scale, float x, float y, float turn);

/* An ellipse with radii rx, ry and exponent `power` (2: an ellipse; more: squarer), kept between the
 * heights top and bottom. */
struct ellipse {
    float x, y, rx, ry, power, top, bottom;
};
void paint_ellipse(struct canvas *c, const struct ellipse *e, const struct paint *p);

/* A line of the given width from (x0, y0) to (x1, y1) whose middle is moved by `bend` downwards. */
struct stroke {
    float x0, y0, x1, y1, bend, width;
};
void paint_stroke(struct canvas *c, const struct stroke *s, const struct paint *p);

struct colour mix(struct colour a, struct colour b, float share_of_b);
struct colour shade(struct colour c, float factor);

/* Copies to 8 bits; values are clamped. */
void canvas_to_image(const struct canvas *c, struct image *im);

#endif
