/* How one drawn face looks: what follows from its labels, and what is its own. Private to synth*.c. */
#ifndef DATA_SYNTH_LOOK_H
#define DATA_SYNTH_LOOK_H

#include "core/rng.h"
#include "data/synth_canvas.h"

#include <stdbool.h>

enum hair { HAIR_NONE, HAIR_THIN, HAIR_RING, HAIR_SHORT, HAIR_LONG };

struct look {
    struct colour skin, hair, lips, iris, cloth, back[2];
    float width, jaw;             /* half widths of the face at the cheeks and at the chin */
    float height;                 /* half height */
    float eye_y, eye_x;           /* of the right eye; the left mirrors it */
    float eye_w, eye_h, eye_tilt; /* half sizes; outer corner raised by tilt */
    float brow_w;                 /* thickness */
    float nose_w, nose_len;
    float mouth_w, lip_h, smile; /* smile: bend of the mouth, negative for a frown */
    float wrinkles;              /* 0 none to 1 */
    float beard;                 /* 0 none to 1 */
    enum hair style;
    float curl;   /* 0 straight to 1 */
    float fringe; /* how far hair comes down the forehead */
    bool glasses;
    float lashes;
    /* The picture's own. */
    float size, x, y, turn, gaze; /* size and place in shares of the side; turn in radians */
    float light, light_angle, noise, contrast;
};

/* Draws come from r in a fixed order whatever the labels are. */
void look_make(struct look *l, int age_years, int gender, int race, struct rng *r);

/* A person's look, the same for all their images, by a stream of their own. first_age -1: not known; gender
 * LABEL_MISSING: not known. */
void look_of_person(struct look *l, int first_age, int last_age, int gender, struct rng *person);
/* What differs from image to image: pose, light, noise, smile. */
void look_again(struct look *l, struct rng *r);

#endif
