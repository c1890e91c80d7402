/* A drawn set in UTKFace's layout on disk: names, what may be written over. */
#include "data/synth_mark.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/rng.h"
#include "core/str.h"
#include "data/parallel.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define JPEG_QUALITY 92

/* Ages come as in UTKFace: many infants, most between 20 and 40. Shares sum to 1. */
static const struct {
    int first, last;
    double share;
} ages[] = {{1, 2, .065}, {3, 9, .085}, {10, 17, .06}, {18, 25, .16}, {26, 29, .16}, {30, 39, .19},
    {40, 49, .095}, {50, 59, .095}, {60, 69, .05}, {70, 79, .025}, {80, 89, .012}, {90, 100, .003}};
static const double race_share[] = {.425, .191, .145, .168, .071};
#define MALE_SHARE .523

static int pick(const double *share, size_t stride, int count, double u) {
    int i = 0;
    while (i < count - 1 && u >= *share) {
        u -= *share;
        share += stride;
        i++;
    }
    return i;
}

struct face {
    int age, gender, race;
};

static struct face face_of(uint64_t seed, uint32_t item) {
    struct rng r = rng_open(seed, RNG_SYNTH, 0, item);
    int i = pick(
        &ages[0].share, sizeof ages[0] / sizeof(double), (int)ARRAY_LEN(ages), rng_uniform(&r));
    int age = ages[i].first + (int)rng_below(&r, (uint32_t)(ages[i].last - ages[i].first + 1));
    int gender = rng_uniform(&r) >= MALE_SHARE;
    return (struct face){
        age, gender, pick(race_share, 1, (int)ARRAY_LEN(race_share), rng_uniform(&r))};
}

static char *name_of(uint64_t seed, uint32_t item) {
    struct face f = face_of(seed, item);
    return xasprintf("%d_%d_%d_%017" PRIu32 ".jpg", f.age, f.gender, f.race, item);
}

/* Whether an entry of the folder is what the recipe wrote: its name says the item, the item its name. */
static bool is_ours(const struct recipe *r, const char *entry) {
    const char *time = strrchr(entry, '_');
    unsigned long long item = time ? strtoull(time + 1, NULL, 10) : 0;
    if (!time || item >= r->n)
        return false;
    char *name = name_of(r->seed, (uint32_t)item);
    bool ours = strcmp(name, entry) == 0;
    free(name);
    return ours;
}

/* Removes what an earlier recipe drew here; anything else in the folder is refused before. */
static bool clear_folder(
    const char *dir, bool marked, const struct recipe *old, bool remove_ours, struct err *e) {
    DIR *d = opendir(dir);
    if (!d)
        return err_sys(e, errno, "%s: cannot be read", dir);
    bool ok = true;
    for (struct dirent *entry; ok && (entry = readdir(d));) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, SYNTH_MARK) == 0)
            continue;
        char *shown = str_quoted(name), *path = path_join(dir, name);
        if (!marked || old->layout != SYNTH_UTKFACE || !is_ours(old, name))
            ok = err_usage(e, "%s: holds %s, which this command did not draw; give an empty folder",
                dir, shown);
        else if (remove_ours && unlink(path) != 0)
            ok = err_sys(e, errno, "%s: cannot be removed", path);
        free(shown);
        free(path);
    }
    closedir(d);
    return ok;
}

struct drawing {
    const char *dir;
    struct recipe recipe;
};

static bool draw_one(void *context, int worker, size_t item, struct err *e) {
    const struct drawing *d = context;
    (void)worker;
    struct face f = face_of(d->recipe.seed, (uint32_t)item);
    char *name = name_of(d->recipe.seed, (uint32_t)item), *path = path_join(d->dir, name);
    struct image im;
    synth_face(&im, d->recipe.side_px, f.age, f.gender, f.race, d->recipe.seed, (uint32_t)item);
    bool ok = image_write_jpeg(path, &im, JPEG_QUALITY, e);
    image_free(&im);
    free(path);
    free(name);
    return ok;
}

bool synth_write(
    const char *dir, size_t n, int side_px, uint64_t seed, int threads, struct err *e) {
    assert(n >= 1 && n <= SYNTH_MAX_IMAGES && side_px >= 1);
    struct drawing d = {
        .dir = dir, .recipe = {.layout = SYNTH_UTKFACE, .side_px = side_px, .seed = seed, .n = n}};
    struct recipe old = {0};
    bool marked;
    if (!dir_make(dir, e) || !mark_read(&old, dir, &marked, e) ||
        !clear_folder(dir, marked, &old, false, e) || !clear_folder(dir, marked, &old, true, e) ||
        !mark_write(&d.recipe, dir, e) || !parallel_try(n, threads, draw_one, &d, e))
        return false;
    d.recipe.finished = true;
    return mark_write(&d.recipe, dir, e);
}
