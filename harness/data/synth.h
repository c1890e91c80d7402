/* A set of drawn faces in UTKFace's layout: looks depend on age, gender and race, so that a network
 * can learn them; nobody real is in it. The demo's and the tests' input. */
#ifndef DATA_SYNTH_H
#define DATA_SYNTH_H

#include "core/err.h"
#include "data/image.h"

#include <stddef.h>
#include <stdint.h>

/* Draws one face: `item` keys its own variation (pose, light, noise, hair) with `seed`. */
void synth_face(struct image *im, int side_px, int age_years, int gender, int race, uint64_t seed,
    uint32_t item);

/* Writes n images, named as UTKFace names its files, into `dir` (made where absent; refused where it
 * holds anything not drawn by this command), and a file that marks the folder as drawn and holds the
 * recipe. The mark says "unfinished" until the last image is there; the same command then goes over
 * it again. */
#define SYNTH_MAX_IMAGES ((size_t)10000000)
bool synth_write(const char *dir, size_t n, int side_px, uint64_t seed, int threads, struct err *e);

#define SYNTH_MARK "drawn-by-dmtl.txt"
enum synth_state { SYNTH_NO_MARK, SYNTH_UNFINISHED, SYNTH_DRAWN };
enum synth_state synth_state_of(const char *dir);

#endif
