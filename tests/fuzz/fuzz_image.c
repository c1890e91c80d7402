/* Any bytes as an image: decoded, turned and resized, or refused with a message. */
#include "data/image.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n) {
    enum { PX = 24 };
    static uint8_t rgb[3 * PX * PX];
    struct image im;
    struct err e = {0};
    if (!image_decode(&im, "fuzz", bytes, n, &e))
        return e.kind == ERR_NONE ? abort(), 0 : 0;
    struct resizer *r = resizer_new(PX, PX);
    resizer_run(r, &im, rgb);
    resizer_free(r);
    image_free(&im);
    return 0;
}
