#include "worker/sets.h"

#include "core/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Decoding uses every core, whatever --threads gives to tensor work: the two take turns. */
static int decode_threads(void) {
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores > 0 ? (int)cores : 1;
}

static void close_features(struct sets *s) {
    if (!s->have_features)
        return;
    th_scope_free(s->life);
    s->life = NULL;
    features_close(&s->features);
    s->have_features = false;
}

static void close_pixels(struct sets *s) {
    if (s->have_pixels)
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
    if (s->have_manifest && s->manifest.set == c->data.set)
        return &s->manifest;
    sets_close(s);
    const char *dir = data_options_dir(&o->data, c->data.set, e);
    if (!dir || !manifest_open(&s->manifest, c->data.set, dir, o->cache_dir, decode_threads(), e))
        return NULL;
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
    if (s->have_features && strcmp(key, s->features.key) == 0)
        return true;
    close_features(s);
    if (!features_open(&s->features, &s->manifest, c, net, device, o->cache_dir, decode_threads(),
            progress, context, e))
        return false;
    s->have_features = true;
    name_undecodable(&s->manifest, s->features.bad, o->quiet);
    s->life = th_scope_new(device);
    int64_t shape[] = {(int64_t)s->features.n, s->features.width};
    s->source = (struct source){.manifest = &s->manifest,
        .bad = s->features.bad,
        .features = th_borrow(s->life, TH_F32, 2, shape, s->features.values)};
    return th_take_error(s->life, e);
}

static bool open_pixels(struct sets *s, const struct work_options *o, const struct config *c,
    progress_fn progress, void *context, struct err *e) {
    if (!s->have_pixels || s->pixels.image_px != c->data.image_px) {
        close_pixels(s);
        if (!pixels_open(&s->pixels, &s->manifest, c->data.image_px, o->cache_dir, decode_threads(),
                c->data.max_bad_share, progress, context, e))
            return false;
        s->have_pixels = true;
        name_undecodable(&s->manifest, s->pixels.bad, o->quiet);
    }
    s->source =
        (struct source){.manifest = &s->manifest, .bad = s->pixels.bad, .pixels = &s->pixels};
    return true;
}

const struct source *sets_source(struct sets *s, const struct work_options *o,
    const struct config *c, struct network *net, struct th_device device, progress_fn progress,
    void *context, struct err *e) {
    if (!sets_manifest(s, o, c, e))
        return NULL;
    bool ok = network_trunk_frozen(net) ? open_features(s, o, c, net, device, progress, context, e)
                                        : open_pixels(s, o, c, progress, context, e);
    return ok ? &s->source : NULL;
}
