/* Training end to end as a cell of `dmtl run`, for `dmtl bench`. */
#include "commands/bench_verb.h"

#include "core/file.h"
#include "core/mem.h"
#include "data/synth.h"
#include "store/sql.h"
#include "store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of all images, those that a split leaves to train. */
#define TEST_SHARE 0.2
#define VALIDATION_SHARE 0.2
#define TRAINED_SHARE ((1 - TEST_SHARE) * (1 - VALIDATION_SHARE))

#define SHIFT_PX 8

/* ---- images ---- */

/* So that training takes whole batches, as many as steps are timed. */
static size_t images_wanted(const struct bench_options *o) {
    return (size_t)((double)o->steps * o->config.batch / TRAINED_SHARE + 0.5);
}

static bool link_image(const char *from_dir, const char *to_dir, const char *name, struct err *e) {
    char *from = path_join(from_dir, name), *to = path_join(to_dir, name);
    bool ok = symlink(from, to) == 0 || err_sys(e, errno, "%s: cannot be made", to);
    free(from);
    free(to);
    return ok;
}

/* Links to as many of the set's images as are wanted, evenly over its list. */
static bool link_images(const char *images, enum dataset_id set, const char *dir, size_t wanted,
    int threads, struct err *e) {
    struct manifest m = {0};
    char *root = realpath(dir, NULL);
    if (!root)
        return err_usage(e, "--data %s=%s: there is no such folder", dataset_names[set].name, dir);
    bool ok =
        manifest_open(&m, set, (struct reading){0}, root, NULL, threads, e) && dir_make(images, e);
    if (ok && m.n < wanted)
        ok = err_usage(e,
            "--data %s=%s: has %zu usable images, and --steps and --batch want %zu: lower one of them",
            dataset_names[set].name, dir, m.n, wanted);
    for (size_t i = 0; ok && i < wanted; i++)
        ok = link_image(root, images, m.samples[i * m.n / wanted].file, e);
    if (ok && m.drawn)
        ok = link_image(root, images, SYNTH_MARK, e);
    manifest_close(&m);
    free(root);
    return ok;
}

static bool make_images(struct bench_cell *c, const struct bench_options *o, struct err *e) {
    enum dataset_id set = DATASET_SYNTHETIC;
    const char *dir = NULL;
    for (int s = 0; s < DATASET_COUNT; s++)
        if (o->data.dir[s]) {
            set = (enum dataset_id)s;
            dir = o->data.dir[s];
        }
    if (attribute_classes(set, (struct reading){0}, ATTR_RACE) == 0)
        return err_usage(e,
            "--data %s=%s: the cell that is timed has tasks on age, gender and race: give the images of "
            "utkface or synthetic",
            dataset_names[set].name, dir);
    c->set = dataset_names[set].name;
    char *images = path_join(c->folder, "images");
    size_t wanted = images_wanted(o);
    bool ok = dir ? link_images(images, set, dir, wanted, o->threads, e)
                  : synth_write(images, wanted, o->config.data.image_px, 1, o->threads, e);
    free(images);
    return ok;
}

/* ---- the folder ---- */

bool bench_cell_open(struct bench_cell *c, const struct bench_options *o, struct err *e) {
    const char *temporary = getenv("TMPDIR");
    *c = (struct bench_cell){
        .folder = xasprintf("%s/dmtl-bench-XXXXXX", temporary && *temporary ? temporary : "/tmp")};
    if (!mkdtemp(c->folder)) {
        err_sys(e, errno, "%s: a temporary folder", c->folder);
        free(c->folder);
        c->folder = NULL;
        return false;
    }
    return make_images(c, o, e);
}

void bench_cell_close(struct bench_cell *c) {
    if (c->folder)
        dir_remove(c->folder);
    free(c->folder);
    c->folder = NULL;
}

/* ---- a round ---- */

/* A grid of as many cells as rounds so far: those before are done. */
static bool write_grid(const struct bench_cell *c, const struct bench_options *o, const char *path,
    int round, struct err *e) {
    static const char more[] =
        "{\"data\": {\"set\": \"%s\"}, \"split\": {\"test_share\": %g, \"validation_share\": %g}, "
        "\"augment\": {\"flip\": true, \"shift_px\": %d}, \"epochs\": 1}";
    int px = o->config.data.image_px;
    char *patch_text = xasprintf(
        more, c->set, TEST_SHARE, VALIDATION_SHARE, SHIFT_PX < px / 2 ? SHIFT_PX : px / 2);
    cJSON *patch = json_parse("bench", patch_text, strlen(patch_text), e);
    cJSON *grid = cJSON_CreateObject(), *seeds = cJSON_CreateArray();
    struct str text = {0};
    cJSON_AddItemToObject(
        grid, "base", json_merge_patch(cJSON_Duplicate(o->settings, true), patch));
    cJSON_AddItemToObject(cJSON_AddObjectToObject(grid, "variants"), "cell", cJSON_CreateObject());
    for (int seed = 1; seed <= round; seed++)
        cJSON_AddItemToArray(seeds, cJSON_CreateNumber(seed));
    cJSON_AddItemToObject(cJSON_AddObjectToObject(grid, "axes"), "/seed", seeds);
    json_pretty(&text, grid);
    bool ok = file_write(path, text.text, text.len, e);
    str_free(&text);
    cJSON_Delete(grid);
    cJSON_Delete(patch);
    free(patch_text);
    return ok;
}

static bool read_rate(
    const char *db, int round, double *images_per_s, int64_t *peak_rss_bytes, struct err *e) {
    struct store *s = store_open(db, STORE_READ, e);
    sqlite3_stmt *row = s ? sql_prepare(store_db(s), e,
                                "SELECT images_per_s, peak_rss_bytes FROM v_runs JOIN v_cells "
                                "USING (cell) WHERE seed = ? AND images_per_s > 0",
                                "i", round)
                          : NULL;
    int got = row ? sql_step(row, e) : -1;
    if (got == 1) {
        *images_per_s = sqlite3_column_double(row, 0);
        *peak_rss_bytes = sqlite3_column_int64(row, 1);
    } else if (got == 0) {
        err_set(e, "bench: end to end: the cell left no rate");
    }
    sqlite3_finalize(row);
    store_close(s);
    return got == 1;
}

bool bench_cell_run(const struct bench_cell *c, const struct bench_options *o, int round,
    double *images_per_s, int64_t *peak_rss_bytes, struct err *e) {
    char *grid = path_join(c->folder, "bench.json"), *db = path_join(c->folder, "bench.db");
    char self[] = "/proc/self/exe", verb[] = "run", quiet[] = "--quiet";
    char *of_db = xasprintf("--db=%s", db), *device = xasprintf("--device=%s", o->device);
    char *data = xasprintf("--data=%s=%s/images", c->set, c->folder);
    char *threads = xasprintf("--threads=%d", o->threads);
    char *argv[] = {self, verb, grid, quiet, of_db, data, device, threads, NULL};
    bool ok = write_grid(c, o, grid, round, e) && bench_process("end to end", true, argv, e) &&
              read_rate(db, round, images_per_s, peak_rss_bytes, e);
    free(grid);
    free(db);
    free(of_db);
    free(device);
    free(data);
    free(threads);
    return ok;
}
