/* Sets of drawn faces: looks depend on age, gender and race, so that a network can learn them; nobody real is
 * in them. In UTKFace's layout, the demo's and the tests' input, and in Adience's, where images of one person
 * share an identity. */
#ifndef DATA_SYNTH_H
#define DATA_SYNTH_H

#include "core/err.h"
#include "data/image.h"

#include <stddef.h>
#include <stdint.h>

/* Draws one face: `item` keys its own variation (pose, light, noise, hair) with `seed`. */
void synth_face(struct image *im, int side_px, int age_years, int gender, int race, uint64_t seed,
    uint32_t item);

/* Where the face is in the picture that synth_face draws of it: about an ellipse, turned. In pixels, radians. */
struct face_place {
    double x, y, half_width, half_height, turn;
};
struct face_place synth_face_place(
    int side_px, int age_years, int gender, int race, uint64_t seed, uint32_t item);

/* Draws an image of a person, keyed by `person` with `seed`. All images of one person share a face, hair,
 * clothes and background, none of which depends on the labels; how old a person is within first_age to
 * last_age (-1: not known), how much older or younger than that they look, and whether they look like their
 * gender (LABEL_MISSING: not known), are the person's own too. `item` keys pose, light, smile and noise. So a
 * network that has met a person knows more of another image than one that has not: what a leaky split gives. */
void synth_person(struct image *im, int side_px, int first_age, int last_age, int gender,
    uint64_t person, uint64_t seed, uint32_t item);

enum synth_layout { SYNTH_UTKFACE, SYNTH_ADIENCE };

/* Writes n images, named as UTKFace names its files, into `dir` (made where absent; refused where it
 * holds anything not drawn by this command), and a file that marks the folder as drawn and holds the
 * recipe. The mark says "unfinished" until the last image is there; the same command then goes over
 * it again. */
#define SYNTH_MAX_IMAGES ((size_t)10000000)
bool synth_write(const char *dir, size_t n, int side_px, uint64_t seed, int threads, struct err *e);

/* The same with a bias planted by the recipe in the file `bias` (datasets/README.md), which is copied into
 * the folder beside a table of the true labels and of what was planted. *written: images, which are fewer
 * than n where some subgroup is kept scarce. Refused are recipes that plant nothing in these n faces. */
bool synth_write_biased(const char *dir, const char *bias, size_t n, int side_px, uint64_t seed,
    int threads, size_t *written, struct err *e);

/* Writes into `dir` Adience's fold files, as they are in `folds`, and an image in aligned/ for the rows of about
 * `share` of the persons (above 0 to 1; who, is drawn by seed, and a greater share has those of a smaller),
 * and the mark. A folder without the mark that holds anything is refused, and one that was drawn by another
 * recipe; one that this recipe finished is left as it is. *n: images that the recipe draws. */
bool synth_adience_write(const char *dir, const char *folds, double share, int side_px,
    uint64_t seed, int threads, size_t *n, struct err *e);

#define SYNTH_MARK "drawn-by-dmtl.txt"
#define SYNTH_TRUTH "truth.csv"    /* beside the images of a planted bias */
#define SYNTH_RECIPE "recipe.json" /* likewise */
enum synth_state { SYNTH_NO_MARK, SYNTH_UNFINISHED, SYNTH_DRAWN };
enum synth_state synth_state_of(const char *dir);

#endif
