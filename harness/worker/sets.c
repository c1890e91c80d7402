#include "worker/sets.h"

#include "core/cores.h"
#include "core/str.h"
#include "data/duplicates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void close_features(struct sets *s) {
    if (!s->have_features)
        return;
    th_scope_free(s->features_life);
    s->features_life = NULL;
    s->resident_features = NULL;
    features_close(&s->features);
    s->have_features = false;
}

static void close_pixels(struct sets *s) {
    if (!s->have_pixels)
        return;
    th_scope_free(s->pixels_life);
    s->pixels_life = NULL;
    s->resident_pixels = NULL;
    pixels_close(&s->pixels);
    s->have_pixels = false;
}

void sets_close(struct sets *s) {
    close_features(s);
    close_pixels(s);
    if (s->have_manifest)
        manifest_close(&s->manifest);
    memset(s, 0, sizeof *s);
}

const struct manifest *sets_manifest(
    struct sets *s, const struct work_options *o, const struct config *c, struct err *e) {
    if (s->have_manifest && s->manifest.set == c->data.set &&
        reading_equal(s->manifest.reading, c->data.reading))
        return &s->manifest;
    sets_close(s);
    const char *dir = data_options_dir(&o->data, c->data.set, e);
    if (!dir || !manifest_open(&s->manifest, c->data.set, c->data.reading, dir, o->cache_dir,
                    cores_usable(), e))
        return NULL;
    if (!duplicates_mark(&s->manifest, o->cache_dir, cores_usable(), e)) {
        manifest_close(&s->manifest);
        return NULL;
    }
    s->have_manifest = true;
    return &s->manifest;
}

/* Files that do not decode are left out of every part: said once where their set is opened. */
static void name_undecodable(const struct manifest *m, const uint8_t *bad, bool quiet) {
    enum { NAMED = 5 };
    struct str names = {0};
    size_t n = 0;
    for (size_t i = 0; i < m->n; i++) {
        if (!bad[i])
            continue;
        if (n++ >= NAMED)
            continue;
        char *shown = str_quoted(m->samples[i].file);
        str_addf(&names, "%s%s", n > 1 ? ", " : "", shown);
        free(shown);
    }
    if (n > NAMED)
        str_addf(&names, " and %zu more", n - NAMED);
    if (n && !quiet)
        fprintf(stderr,
            "%zu of %zu images do not decode and are left out of every part: %s (`dmtl data cache` "
            "says why)\n",
            n, m->n, names.text);
    str_free(&names);
}

static bool open_features(struct sets *s, const struct work_options *o, const struct config *c,
    struct network *net, struct th_device device, progress_fn progress, void *context,
    struct err *e) {
    char key[SHA256_HEX];
    features_key(key, &s->manifest, c, net);
    if (!s->have_features || strcmp(key, s->features.key) != 0) {
        close_features(s);
        if (!features_open(&s->features, &s->manifest, c, net, device, o->cache_dir, cores_usable(),
                progress, context, e))
            return false;
        s->have_features = true;
        name_undecodable(&s->manifest, s->features.bad, o->quiet);
        s->features_life = th_scope_new(device);
        int64_t shape[] = {(int64_t)s->features.n, s->features.width};
        s->resident_features = th_borrow(s->features_life, TH_F32, 2, shape, s->features.values);
        if (!th_take_error(s->features_life, e)) {
            close_features(s);
            return false;
        }
    }
    s->source = (struct source){
        .manifest = &s->manifest, .bad = s->features.bad, .features = s->resident_features};
    return true;
}

/* The rest is for networks and what they compute, other workers' too. */
#define RESIDENT_SHARE 0.5 /* of the GPU's free memory */

static th_tensor *pixels_on_gpu(struct sets *s, struct th_device device, struct err *why) {
    const struct pixels *p = &s->pixels;
    int64_t shape[] = {(int64_t)p->n, p->image_px, p->image_px, 3};
    double bytes = 3.0 * (double)p->n * p->image_px * p->image_px;
    double free_bytes = (double)th_device_free_bytes(device);
    if (bytes > RESIDENT_SHARE * free_bytes) {
        err_set(why, "%.2f GB would take more than half of the %.2f GB that are free on the GPU",
            bytes / 1e9, free_bytes / 1e9);
        return NULL;
    }
    th_tensor *t = th_borrow(s->pixels_life, TH_U8, 4, shape, p->rgb);
    return th_take_error(s->pixels_life, why) ? t : NULL;
}

/* Results are the same where pixels do not fit; batches then cross from the host. */
static void make_resident(struct sets *s, struct th_device device, bool quiet) {
    struct err why = {0};
    if (device.kind == 0)
        return;
    s->pixels_life = th_scope_new(device);
    s->resident_pixels = pixels_on_gpu(s, device, &why);
    if (!s->resident_pixels && !quiet)
        fprintf(stderr, "pixels stay on the host: %s\n", why.msg);
}

static bool open_pixels(struct sets *s, const struct work_options *o, const struct config *c,
    struct th_device device, progress_fn progress, void *context, struct err *e) {
    if (!s->have_pixels || s->pixels.image_px != c->data.image_px) {
        close_pixels(s);
        if (!pixels_open(&s->pixels, &s->manifest, c->data.image_px, o->cache_dir, cores_usable(),
                c->data.max_bad_share, progress, context, e))
            return false;
        s->have_pixels = true;
        name_undecodable(&s->manifest, s->pixels.bad, o->quiet);
        make_resident(s, device, o->quiet);
    }
    s->source = (struct source){.manifest = &s->manifest,
        .bad = s->pixels.bad,
        .pixels = &s->pixels,
        .resident = s->resident_pixels};
    return true;
}

const struct source *sets_source(struct sets *s, const struct work_options *o,
    const struct config *c, struct network *net, struct th_device device, progress_fn progress,
    void *context, struct err *e) {
    if (!sets_manifest(s, o, c, e))
        return NULL;
    bool ok = network_trunk_frozen(net) ? open_features(s, o, c, net, device, progress, context, e)
                                        : open_pixels(s, o, c, device, progress, context, e);
    return ok ? &s->source : NULL;
}
