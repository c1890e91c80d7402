/* How fast the loader makes augmented batches: batches [PX] [BATCH] [THREADS] [EPOCHS]. Pixels are in
 * memory, as a cache that was read before is. Prints images a second and the time of one batch. */
#include "core/mem.h"
#include "data/batch.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int argument(int argc, char **argv, int i, int otherwise) {
    return argc > i ? atoi(argv[i]) : otherwise;
}

int main(int argc, char **argv) {
    enum { N = 2000 };
    int px = argument(argc, argv, 1, 224), batch_size = argument(argc, argv, 2, 32);
    int threads = argument(argc, argv, 3, 1), epochs = argument(argc, argv, 4, 5);
    size_t bytes = (size_t)3 * px * px;
    uint8_t *rgb = xmalloc(N * bytes);
    uint32_t rows[N];
    for (size_t i = 0; i < N * bytes; i++)
        rgb[i] = (uint8_t)(i * 2654435761u >> 13);
    for (uint32_t i = 0; i < N; i++)
        rows[i] = i;
    struct pixels p = {.image_px = px, .n = N, .rgb = rgb};
    struct augment a = {.flip = true, .shift_px = px / 20};
    double start = now_s();
    size_t images = 0, batches = 0;
    for (int epoch = 0; epoch < epochs; epoch++) {
        epoch_order(1, epoch, rows, N);
        struct batches *b =
            batches_open(&p, rows, N, (size_t)batch_size, 0, &a, 1, epoch, threads, 4);
        for (struct batch batch; batches_next(b, &batch); batches++)
            images += batch.n;
        batches_close(b);
    }
    double took = now_s() - start;
    printf("%d px, batches of %d, %d thread(s): %.0f images/s, %.2f ms a batch\n", px, batch_size,
        threads, (double)images / took, 1000 * took / (double)batches);
    free(rgb);
    return 0;
}
