/* A drawn set in Adience's layout: an image for the rows of its fold files, which are copied. */
#include "data/synth_mark.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/rng.h"
#include "core/sha256.h"
#include "core/str.h"
#include "data/adience.h"
#include "core/parallel.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JPEG_QUALITY 92
enum { STREAM_CHOSEN = 4 }; /* the step of RNG_SYNTH's stream: whether a person is drawn */

/* ---- the fold files ---- */

/* What tells these fold files from others. */
static void folds_sum(const struct adience_rows *rows, char sum[SYNTH_FOLDS_HEX + 1]) {
    struct sha256 *all = sha256_new();
    char hex[SHA256_HEX];
    for (int fold = 0; fold < ADIENCE_FOLDS; fold++)
        sha256_add(all, rows->text[fold].bytes, rows->text[fold].n);
    sha256_end(all, hex);
    snprintf(sum, SYNTH_FOLDS_HEX + 1, "%.*s", (int)SYNTH_FOLDS_HEX, hex);
}

static bool folds_write(const struct adience_rows *rows, const char *dir, struct err *e) {
    bool ok = true;
    for (int fold = 0; ok && fold < ADIENCE_FOLDS; fold++) {
        char *path = xasprintf("%s/fold_%d_data.txt", dir, fold);
        ok = file_write(path, rows->text[fold].bytes, rows->text[fold].n, e);
        free(path);
    }
    return ok;
}

/* ---- persons ---- */

static uint64_t person_of(const struct adience_row *row) {
    char *subject = adience_subject(row), hex[SHA256_HEX];
    sha256_bytes(subject, strlen(subject), hex);
    hex[16] = 0;
    free(subject);
    return strtoull(hex, NULL, 16);
}

static bool is_drawn(const struct adience_row *row, const struct recipe *r) {
    struct rng chance = rng_open(r->seed ^ person_of(row), RNG_SYNTH, STREAM_CHOSEN, 0);
    return row->repeat == 0 && rng_uniform(&chance) < r->share;
}

/* ---- drawing ---- */

struct drawing {
    const char *dir;
    const struct adience_rows *rows;
    struct recipe recipe;
    size_t *drawn; /* rows that get an image */
    size_t n;
};

static bool draw_one(void *context, int worker, size_t item, struct err *e) {
    const struct drawing *d = context;
    (void)worker;
    const struct adience_row *row = &d->rows->list[d->drawn[item]];
    int first = row->first_age, last = row->last_age; /* a row may have them in any order */
    char *file = adience_file(row, CROP_ALIGNED), *path = path_join(d->dir, file);
    struct image im;
    synth_person(&im, d->recipe.side_px, first < last ? first : last, first < last ? last : first,
        row->gender, person_of(row), d->recipe.seed, (uint32_t)d->drawn[item]);
    bool ok = image_write_jpeg(path, &im, JPEG_QUALITY, e);
    image_free(&im);
    free(path);
    free(file);
    return ok;
}

static bool choose_rows(struct drawing *d, struct err *e) {
    d->drawn = xcalloc(d->rows->n, sizeof *d->drawn);
    for (size_t i = 0; i < d->rows->n; i++)
        if (is_drawn(&d->rows->list[i], &d->recipe))
            d->drawn[d->n++] = i;
    return d->n > 0 ||
           err_usage(e,
               "%g of the persons of the fold files are none at all: nothing would be drawn; expected a "
               "greater share",
               d->recipe.share);
}

static bool make_albums(const struct drawing *d, struct err *e) {
    const char *album = "";
    bool ok = true;
    for (size_t i = 0; ok && i < d->n; i++) {
        const struct adience_row *row = &d->rows->list[d->drawn[i]];
        if (strcmp(album, row->user) != 0) {
            char *folder = xasprintf("%s/aligned/%s", d->dir, row->user);
            ok = dir_make(folder, e);
            free(folder);
        }
        album = row->user;
    }
    return ok;
}

/* ---- what may be written over ---- */

static bool check_entries(const char *dir, struct err *e) {
    DIR *d = opendir(dir);
    if (!d)
        return err_sys(e, errno, "%s: cannot be read", dir);
    bool ok = true;
    for (struct dirent *entry; ok && (entry = readdir(d));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            char *shown = str_quoted(entry->d_name);
            ok = err_usage(e, "%s: holds %s, which this command did not draw; give an empty folder",
                dir, shown);
            free(shown);
        }
    closedir(d);
    return ok;
}

/* A folder that was begun by the very recipe is ours again: all is written as it was. One that is finished
 * is left alone: somebody may have laid other images over the drawn ones since. */
static bool check_folder(const struct recipe *r, const char *dir, bool *finished, struct err *e) {
    struct recipe old;
    bool marked;
    *finished = false;
    if (!dir_make(dir, e) || !mark_read(&old, dir, &marked, e))
        return false;
    if (!marked)
        return check_entries(dir, e);
    *finished = old.finished;
    return recipe_equal(r, &old) ||
           err_usage(e,
               "%s: holds faces that were drawn with other options; give an empty folder or remove "
               "this one",
               dir);
}

static bool draw(struct drawing *d, int threads, struct err *e) {
    if (!mark_write(&d->recipe, d->dir, e) || !folds_write(d->rows, d->dir, e) ||
        !make_albums(d, e) || !parallel_try(d->n, threads, draw_one, d, e))
        return false;
    d->recipe.finished = true;
    return mark_write(&d->recipe, d->dir, e);
}

bool synth_adience_write(const char *dir, const char *folds_dir, double share, int side_px,
    uint64_t seed, int threads, size_t *n, struct err *e) {
    assert(share > 0 && share <= 1 && side_px >= 1);
    struct adience_rows rows = {0};
    struct drawing d = {.dir = dir,
        .rows = &rows,
        .recipe = {.layout = SYNTH_ADIENCE, .side_px = side_px, .seed = seed, .share = share}};
    bool finished, ok = adience_rows_read(&rows, folds_dir, e);
    if (ok)
        folds_sum(&rows, d.recipe.folds);
    ok = ok && choose_rows(&d, e) && check_folder(&d.recipe, dir, &finished, e) &&
         (finished || draw(&d, threads, e));
    *n = d.n;
    free(d.drawn);
    adience_rows_free(&rows);
    return ok;
}
