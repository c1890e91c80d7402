/* A drawn set in UTKFace's layout on disk: names, what may be written over, the truth of a planted bias. */
#include "data/synth_mark.h"

#include "core/file.h"
#include "core/json.h"
#include "core/mem.h"
#include "core/rng.h"
#include "core/str.h"
#include "core/parallel.h"
#include "data/synth_bias.h"
#include "data/synth_spoil.h"

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

/* The true labels. */
struct face {
    int16_t label[ATTR_COUNT];
};

static struct face face_of(uint64_t seed, uint32_t item) {
    struct rng r = rng_open(seed, RNG_SYNTH, 0, item);
    struct face f;
    int i = pick(
        &ages[0].share, sizeof ages[0] / sizeof(double), (int)ARRAY_LEN(ages), rng_uniform(&r));
    f.label[ATTR_AGE] =
        (int16_t)(ages[i].first + (int)rng_below(&r, (uint32_t)(ages[i].last - ages[i].first + 1)));
    f.label[ATTR_GENDER] = rng_uniform(&r) >= MALE_SHARE;
    f.label[ATTR_RACE] = (int16_t)pick(race_share, 1, (int)ARRAY_LEN(race_share), rng_uniform(&r));
    return f;
}

static char *name_of(const struct fate *f, uint32_t item) {
    return xasprintf("%d_%d_%d_%017" PRIu32 ".jpg", f->label[ATTR_AGE], f->label[ATTR_GENDER],
        f->label[ATTR_RACE], item);
}

/* ---- what may be written over ---- */

/* What an earlier call drew into the folder. */
struct earlier {
    bool marked;
    struct recipe recipe;
    /* read from the copy beside the images; none where there is none, or another */
    struct bias bias;
};

static bool earlier_read(struct earlier *was, const char *dir, struct err *e) {
    struct err ignored = {
        0}; /* without its recipe, nothing but the recipe's own files is known as ours */
    if (!mark_read(&was->recipe, dir, &was->marked, e))
        return false;
    char *path = path_join(dir, SYNTH_RECIPE);
    if (*was->recipe.bias &&
        (!bias_read(&was->bias, path, &ignored) || strcmp(was->bias.sha256, was->recipe.bias) != 0))
        bias_free(&was->bias);
    free(path);
    return true;
}

/* Whether an entry of the folder is an image that the recipe wrote: its name says the item, the item its
 * name. */
static bool is_ours(const struct earlier *was, const char *entry) {
    const char *time = strrchr(entry, '_');
    unsigned long long item = time ? strtoull(time + 1, NULL, 10) : 0;
    if (!was->marked || was->recipe.layout != SYNTH_UTKFACE || !time || item >= was->recipe.n)
        return false;
    struct face truth = face_of(was->recipe.seed, (uint32_t)item);
    struct fate fate = bias_fate(&was->bias, truth.label, was->recipe.seed, (uint32_t)item);
    char *name = name_of(&fate, (uint32_t)item);
    bool ours = strcmp(name, entry) == 0;
    free(name);
    return ours;
}

/* The files beside the images. A recipe goes last: it says which images are ours. */
static bool is_beside(const struct earlier *was, const char *name) {
    return strcmp(name, SYNTH_MARK) == 0 ||
           (*was->recipe.bias &&
               (strcmp(name, SYNTH_TRUTH) == 0 || strcmp(name, SYNTH_RECIPE) == 0));
}

static bool remove_file(const char *dir, const char *name, struct err *e) {
    char *path = path_join(dir, name);
    bool ok =
        unlink(path) == 0 || errno == ENOENT || err_sys(e, errno, "%s: cannot be removed", path);
    free(path);
    return ok;
}

/* Removes what an earlier recipe drew here; anything else in the folder is refused before. */
static bool go_through(
    const char *dir, const struct earlier *was, bool remove_ours, struct err *e) {
    DIR *d = opendir(dir);
    if (!d)
        return err_sys(e, errno, "%s: cannot be read", dir);
    bool ok = true;
    for (struct dirent *entry; ok && (entry = readdir(d));) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || is_beside(was, name))
            continue;
        if (!is_ours(was, name)) {
            char *shown = str_quoted(name);
            ok = err_usage(e, "%s: holds %s, which this command did not draw; give an empty folder",
                dir, shown);
            free(shown);
        } else if (remove_ours) {
            ok = remove_file(dir, name, e);
        }
    }
    closedir(d);
    return ok;
}

static bool clear_folder(const char *dir, struct err *e) {
    struct earlier was = {0};
    bool ok = earlier_read(&was, dir, e) && go_through(dir, &was, false, e) &&
              go_through(dir, &was, true, e);
    if (ok && *was.recipe.bias)
        ok = remove_file(dir, SYNTH_TRUTH, e) && remove_file(dir, SYNTH_RECIPE, e);
    bias_free(&was.bias);
    return ok;
}

/* ---- drawing ---- */

struct drawing {
    const char *dir;
    struct recipe recipe;
    struct bias bias; /* without plants: none */
};

static struct fate fate_of(const struct drawing *d, struct face *truth, uint32_t item) {
    *truth = face_of(d->recipe.seed, item);
    return bias_fate(&d->bias, truth->label, d->recipe.seed, item);
}

enum { STREAM_COVER = 7 }; /* the step of RNG_SYNTH's stream */

/* A face with its labels true, made hard to read where that is planted. */
static void draw_face(struct image *im, const struct recipe *r, struct face f,
    const struct fate *fate, uint32_t item) {
    int age = f.label[ATTR_AGE], gender = f.label[ATTR_GENDER], race = f.label[ATTR_RACE];
    synth_face(im, r->side_px, age, gender, race, r->seed, item);
    if (fate->amount[EFFECT_OCCLUSION] > 0) {
        struct face_place place = synth_face_place(r->side_px, age, gender, race, r->seed, item);
        struct rng cover = rng_open(r->seed, RNG_SYNTH, STREAM_COVER, item);
        spoil_cover(im, &place, fate->amount[EFFECT_OCCLUSION], &cover);
    }
    if (fate->amount[EFFECT_BLUR] > 0)
        spoil_blur(im, fate->amount[EFFECT_BLUR]);
}

static bool draw_one(void *context, int worker, size_t item, struct err *e) {
    const struct drawing *d = context;
    (void)worker;
    struct face truth;
    struct fate fate = fate_of(d, &truth, (uint32_t)item);
    if (!fate.kept)
        return true;
    char *name = name_of(&fate, (uint32_t)item), *path = path_join(d->dir, name);
    struct image im;
    draw_face(&im, &d->recipe, truth, &fate, (uint32_t)item);
    bool ok = image_write_jpeg(path, &im, JPEG_QUALITY, e);
    image_free(&im);
    free(path);
    free(name);
    return ok;
}

/* ---- the truth beside the images ---- */

#define TRUTH_HEAD "file,age,gender,race,replaced,blur_px,occlusion,keep\n"

/* The attributes whose label in the file's name is another, joined by "+". */
static void add_replaced(struct str *s, const struct face *truth, const struct fate *fate) {
    size_t n = s->len;
    for (int a = 0; a < ATTR_COUNT; a++)
        if (fate->label[a] != truth->label[a])
            str_addf(s, "%s%s", s->len == n ? "" : "+", attribute_name[a]);
}

static void add_truth(
    struct str *s, const struct face *truth, const struct fate *fate, uint32_t item) {
    char *name = name_of(fate, item);
    const double *amount = fate->amount;
    str_addf(s, "%s,%d,%d,%d,", name, truth->label[ATTR_AGE], truth->label[ATTR_GENDER],
        truth->label[ATTR_RACE]);
    add_replaced(s, truth, fate);
    const double planted[] = {amount[EFFECT_BLUR] > 0 ? amount[EFFECT_BLUR] : 0,
        amount[EFFECT_OCCLUSION] > 0 ? amount[EFFECT_OCCLUSION] : 0,
        amount[EFFECT_KEEP] >= 0 ? amount[EFFECT_KEEP] : 1};
    for (size_t i = 0; i < ARRAY_LEN(planted); i++) {
        str_addc(s, ',');
        json_add_number(s, planted[i]); /* as the recipe writes it */
    }
    str_addc(s, '\n');
    free(name);
}

static bool write_beside(const struct drawing *d, struct err *e) {
    char *recipe = path_join(d->dir, SYNTH_RECIPE), *truth = path_join(d->dir, SYNTH_TRUTH);
    struct str s = {0};
    str_add(&s, TRUTH_HEAD);
    for (uint32_t i = 0; i < d->recipe.n; i++) {
        struct face f;
        struct fate fate = fate_of(d, &f, i);
        if (fate.kept)
            add_truth(&s, &f, &fate, i);
    }
    bool ok =
        file_write(recipe, d->bias.text, d->bias.bytes, e) && file_write(truth, s.text, s.len, e);
    str_free(&s);
    free(truth);
    free(recipe);
    return ok;
}

/* Whether anything came of a face's fate that its labels alone would not have given. */
static bool is_planted(const struct face *truth, const struct fate *fate) {
    return !fate->kept || fate->amount[EFFECT_BLUR] > 0 || fate->amount[EFFECT_OCCLUSION] > 0 ||
           memcmp(truth->label, fate->label, sizeof fate->label) != 0;
}

/* Each subgroup has a face, something is planted, something is left. *written: faces that are kept. */
static bool check_planted(const struct drawing *d, size_t *written, struct err *e) {
    size_t planted = 0, *members = xcalloc(d->bias.n, sizeof *members);
    bool ok = true;
    *written = 0;
    for (uint32_t i = 0; i < d->recipe.n; i++) {
        struct face f;
        struct fate fate = fate_of(d, &f, i);
        *written += fate.kept;
        planted += is_planted(&f, &fate);
        for (size_t k = 0; k < d->bias.n; k++)
            members[k] += plant_has(&d->bias.plants[k], f.label);
    }
    for (size_t k = 0; ok && k < d->bias.n; k++)
        if (members[k] == 0)
            ok = err_usage(e,
                "%s: /plant/%zu/who: none of the %zu faces is in this subgroup; expected a wider one, "
                "or a greater --number",
                d->bias.path, k, d->recipe.n);
    free(members);
    if (ok && planted == 0)
        ok = err_usage(e,
            "%s: plants nothing in the %zu faces; expected greater shares, or a greater --number",
            d->bias.path, d->recipe.n);
    return ok &&
           (*written > 0 || err_usage(e, "%s: keeps none of the %zu faces; expected a greater keep",
                                d->bias.path, d->recipe.n));
}

/* ---- the set ---- */

static bool draw_set(struct drawing *d, int threads, struct err *e) {
    assert(d->recipe.n >= 1 && d->recipe.n <= SYNTH_MAX_IMAGES && d->recipe.side_px >= 1);
    if (!dir_make(d->dir, e) || !clear_folder(d->dir, e) || !mark_write(&d->recipe, d->dir, e) ||
        (d->bias.n && !write_beside(d, e)) || !parallel_try(d->recipe.n, threads, draw_one, d, e))
        return false;
    d->recipe.finished = true;
    return mark_write(&d->recipe, d->dir, e);
}

bool synth_write(
    const char *dir, size_t n, int side_px, uint64_t seed, int threads, struct err *e) {
    struct drawing d = {
        .dir = dir, .recipe = {.layout = SYNTH_UTKFACE, .side_px = side_px, .seed = seed, .n = n}};
    return draw_set(&d, threads, e);
}

bool synth_write_biased(const char *dir, const char *bias, size_t n, int side_px, uint64_t seed,
    int threads, size_t *written, struct err *e) {
    struct drawing d = {
        .dir = dir, .recipe = {.layout = SYNTH_UTKFACE, .side_px = side_px, .seed = seed, .n = n}};
    bool ok = bias_read(&d.bias, bias, e) && check_planted(&d, written, e);
    memcpy(d.recipe.bias, d.bias.sha256, sizeof d.recipe.bias);
    ok = ok && draw_set(&d, threads, e);
    bias_free(&d.bias);
    return ok;
}
