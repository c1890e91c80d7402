/* The file that marks a folder as drawn and holds the recipe of what is in it. Private to synth*.c, but for
 * synth_state_of (synth.h). */
#ifndef DATA_SYNTH_MARK_H
#define DATA_SYNTH_MARK_H

#include "core/err.h"
#include "core/sha256.h"
#include "data/synth.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SYNTH_FOLDS_HEX = 16 };

/* Images of one recipe and version are the same everywhere. */
struct recipe {
    enum synth_layout layout;
    int side_px;
    uint64_t seed;
    size_t n;                        /* of UTKFace's layout: images */
    double share;                    /* of Adience's: of the persons */
    char folds[SYNTH_FOLDS_HEX + 1]; /* of Adience's: the beginning of the fold files' SHA-256 */
    char bias[SHA256_HEX];           /* of the recipe of a planted bias; "": none */
    bool finished;
};

/* *marked: whether there is a mark. One that cannot be understood is ERR_USAGE. */
bool mark_read(struct recipe *r, const char *dir, bool *marked, struct err *e);
bool mark_write(const struct recipe *r, const char *dir, struct err *e);

/* Whether two recipes draw the same, finished or not. */
bool recipe_equal(const struct recipe *a, const struct recipe *b);

#endif
