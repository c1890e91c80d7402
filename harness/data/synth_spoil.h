/* What makes a drawn face hard to read. Private to synth*.c. */
#ifndef DATA_SYNTH_SPOIL_H
#define DATA_SYNTH_SPOIL_H

#include "core/rng.h"
#include "data/image.h"
#include "data/synth.h"

/* A Gaussian of this standard deviation, cut at three of them; beyond its border a picture goes on as its
 * outermost pixels. */
void spoil_blur(struct image *im, double sigma_px);

/* A band of one tone across the face, turned with it, that covers this share of the ellipse that is the
 * face (to the grid of pixels); where on the face, and the tone, come from r. */
void spoil_cover(struct image *im, const struct face_place *p, double share, struct rng *r);

#endif
