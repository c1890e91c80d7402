/* Decodes and resizes images of a folder on one thread: our side of decode.py's race.
 * decode PX ROUNDS FILE...: prints seconds of the fastest round and the SHA-256 of all pixels. */
#include "core/file.h"
#include "core/mem.h"
#include "core/sha256.h"
#include "data/image.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* One file into rgb; a file that fails ends the program: the race is about whole images. */
static void one(struct resizer *r, const char *path, uint8_t *rgb) {
    struct err e = {0};
    struct image im;
    size_t n;
    char *bytes = file_read(path, (size_t)64 << 20, &n, &e);
    if (!bytes || !image_decode(&im, path, (const uint8_t *)bytes, n, &e)) {
        fprintf(stderr, "%s\n", e.msg);
        exit(1);
    }
    resizer_run(r, &im, rgb);
    image_free(&im);
    free(bytes);
}

int main(int argc, char **argv) {
    if (argc < 4) {
        fprintf(stderr, "usage: %s PX ROUNDS FILE...\n", argv[0]);
        return 2;
    }
    int px = atoi(argv[1]), rounds = atoi(argv[2]);
    size_t bytes = (size_t)3 * px * px;
    uint8_t *rgb = xmalloc(bytes);
    struct resizer *r = resizer_new(px, px);
    struct sha256 *sum = sha256_new();
    for (int i = 3; i < argc; i++) {
        one(r, argv[i], rgb);
        sha256_add(sum, rgb, bytes);
    }
    char hex[SHA256_HEX];
    sha256_end(sum, hex);
    double best = 1e9;
    for (int round = 0; round < rounds; round++) {
        double start = now_s();
        for (int i = 3; i < argc; i++)
            one(r, argv[i], rgb);
        double took = now_s() - start;
        best = took < best ? took : best;
    }
    printf("%.6f %s\n", best, hex);
    resizer_free(r);
    free(rgb);
    return 0;
}
