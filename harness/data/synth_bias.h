/* A planted bias: which subgroups of a drawn set get blur, occlusion, wrong labels or few images, and how
 * much, so that an audit has a known truth to find. Read from a recipe (datasets/README.md has its keys);
 * what becomes of a face is a function of the recipe, the seed and the face's number. Private to synth*.c. */
#ifndef DATA_SYNTH_BIAS_H
#define DATA_SYNTH_BIAS_H

#include "core/err.h"
#include "core/sha256.h"
#include "core/words.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Drawn ages; a replaced one is any other of them. */
enum { SYNTH_FIRST_AGE = 1, SYNTH_LAST_AGE = 100 };

enum effect {
    EFFECT_BLUR,      /* standard deviation of a Gaussian, in pixels of the drawn image */
    EFFECT_OCCLUSION, /* share of the face that is covered */
    EFFECT_KEEP,      /* share of the subgroup's images that are there */
    EFFECT_NOISE,     /* and the attributes that follow: share of the labels that are replaced */
    EFFECT_COUNT = EFFECT_NOISE + ATTR_COUNT
};

struct plant {
    int16_t first[ATTR_COUNT],
        last[ATTR_COUNT];        /* the subgroup: true labels within these, inclusive */
    double amount[EFFECT_COUNT]; /* below 0: not stated */
};

struct bias {
    /* an effect of a face is that of the last that has the face and the effect */
    struct plant *plants;
    size_t n;
    char *text; /* the file's bytes */
    size_t bytes;
    char sha256[SHA256_HEX]; /* of these */
    char *path;              /* for messages */
};

/* Errors (ERR_USAGE) name the file, the place, what stands there and what was expected. */
bool bias_read(struct bias *b, const char *path, struct err *e);
void bias_free(struct bias *b);

struct fate {
    int16_t label[ATTR_COUNT];   /* as the file's name has them: some replaced */
    double amount[EFFECT_COUNT]; /* of the face's subgroup; below 0: nothing planted */
    bool kept;
};
/* A greater share has the faces of a smaller one. A bias without plants leaves each face as it is. */
struct fate bias_fate(
    const struct bias *b, const int16_t truth[ATTR_COUNT], uint64_t seed, uint32_t item);
bool plant_has(const struct plant *p, const int16_t truth[ATTR_COUNT]);

#endif
