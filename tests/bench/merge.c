/* How fast shards are merged: merge [SHARDS] [PREDICTIONS] [FOLDER]. Each shard is a database with one cell and its
 * predictions of age, of one set of that many samples, without probabilities. Prints the seconds of merging all of
 * them, of merging them once more, and the size of what came out. */
#include "core/file.h"
#include "core/mem.h"
#include "grid/merge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static char *shard_path(const char *folder, int i) {
    return xasprintf("%s/shard-%d.db", folder, i);
}

static bool put_predictions(struct store *s, int64_t cell, size_t n, struct err *e) {
    static const char names[] = "{\"gender\": [\"male\", \"female\"]}";
    struct store_sample *samples = xcalloc(n, sizeof *samples);
    uint32_t *rows = xcalloc(n, sizeof *rows);
    int *truth = xcalloc(n, sizeof *truth);
    double *predicted = xcalloc(n, sizeof *predicted);
    for (size_t i = 0; i < n; i++) {
        truth[i] = (int)(i * 7 % 100);
        predicted[i] = (double)(i * 13 % 100);
        rows[i] = (uint32_t)i;
        samples[i] = (struct store_sample){
            xasprintf("%d_0_0_%zu.jpg", truth[i], i), {truth[i], 0, LABEL_MISSING}, NULL, -1, NULL};
    }
    int64_t dataset;
    bool ok =
        store_put_dataset(s, "utkface", "bench", false, true, names, samples, n, &dataset, e) &&
        store_put_predictions(
            s, cell, dataset, PART_TEST, ATTR_AGE, true, n, rows, truth, predicted, NULL, 0, e);
    for (size_t i = 0; i < n; i++)
        free((char *)(uintptr_t)samples[i].id);
    free(samples);
    free(rows);
    free(truth);
    free(predicted);
    return ok;
}

static bool make_shard(const char *folder, int i, size_t n, struct err *e) {
    char *path = shard_path(folder, i), *id = xasprintf("%064d", i),
         *config = xasprintf("{\"seed\":%d}", i);
    int64_t cell, grid, token;
    const struct provenance by = {.program_version = "bench", .data_fingerprint = "bench"};
    const struct store_cell c = {id, config, "utkface", "random", 1, (uint64_t)i, -1, 1};
    struct store *s = store_open(path, STORE_WRITE_SHARD, e);
    bool ok = s && store_begin(s, e) && store_put_grid(s, "bench", "{}", &grid, e) &&
              store_put_cell(s, &c, &cell, e) &&
              store_put_member(s, grid, cell, "full", "{}", i, e) &&
              store_claim(s, cell, &by, &token, e) && put_predictions(s, cell, n, e) &&
              store_finish(s, cell, 1, 0, 1, e) && store_commit(s, e);
    store_close(s);
    free(path);
    free(id);
    free(config);
    return ok;
}

static bool merge_all(const char *out, const char *folder, int shards, struct err *e) {
    double start = now_s();
    struct store *to = store_open(out, STORE_WRITE, e);
    struct merge_count count, all = {0};
    bool ok = to != NULL;
    for (int i = 0; ok && i < shards; i++) {
        char *path = shard_path(folder, i);
        ok = merge_shard(to, path, &count, e);
        all.taken += count.taken;
        all.same += count.same;
        free(path);
    }
    store_close(to);
    printf("%zu cells taken, %zu there already: %.1f s\n", all.taken, all.same, now_s() - start);
    return ok;
}

int main(int argc, char **argv) {
    int shards = argc > 1 ? atoi(argv[1]) : 200;
    size_t predictions = argc > 2 ? strtoul(argv[2], NULL, 10) : 25000;
    char made[] = "/tmp/bench-merge-XXXXXX";
    const char *folder = argc > 3 ? argv[3] : mkdtemp(made);
    struct err e = {0};
    struct stat st;
    char *out = xasprintf("%s/out.db", folder);
    bool ok = true;
    for (int i = 0; ok && i < shards; i++)
        ok = make_shard(folder, i, predictions, &e);
    ok = ok && merge_all(out, folder, shards, &e) && merge_all(out, folder, shards, &e);
    if (ok && stat(out, &st) == 0)
        printf("%d shards of %zu predictions: %.0f MB\n", shards, predictions,
            1e-6 * (double)st.st_size);
    for (int i = 0; i < shards; i++) {
        char *path = shard_path(folder, i);
        unlink(path);
        free(path);
    }
    unlink(out);
    rmdir(folder);
    free(out);
    err_print(&e, "bench-merge");
    return err_exit_code(&e);
}
