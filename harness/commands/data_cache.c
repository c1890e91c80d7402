/* dmtl data cache: builds the pixel caches that a grid's cells, or a size given by hand, need. */
#include "commands/command.h"
#include "commands/data_verb.h"

#include "core/mem.h"
#include "data/pixels.h"
#include "grid/catalogue.h"
#include "grid/grid.h"
#include "grid/limbs.h"
#include "grid/select.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_BAD_SHARE 0.01 /* with --px; a grid says its own */

struct need {
    enum dataset_id set;
    struct reading reading;
    int px;
    double max_bad_share;
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number) {
    (void)signal_number;
    interrupted = 1;
}

static bool show_progress(void *context, size_t done, size_t total) {
    const bool *shown = context;
    if (*shown)
        fprintf(stderr, "\r%zu of %zu images%s", done, total, done == total ? "\n" : "");
    return !interrupted;
}

/* A frozen trunk's features come straight from the decoder, without a pixel cache. */
static size_t needs_of(const struct grid *g, struct need *needs) {
    size_t n = 0;
    for (size_t i = 0; i < g->n_cells + g->n_candidates; i++) {
        bool own = i < g->n_cells;
        const struct config *c = own ? &g->cells[i].config : &g->candidates[i - g->n_cells].config;
        size_t k = 0;
        if (config_selects(c))
            continue; /* its candidates say what it may be */
        while (k < n && (needs[k].set != c->data.set || needs[k].px != c->data.image_px ||
                            !reading_equal(needs[k].reading, c->data.reading)))
            k++;
        if (trunk_frozen(c))
            continue;
        if (k == n)
            needs[n++] = (struct need){
                c->data.set, c->data.reading, c->data.image_px, c->data.max_bad_share};
        else if (c->data.max_bad_share < needs[k].max_bad_share)
            needs[k].max_bad_share = c->data.max_bad_share;
    }
    return n;
}

static bool build(const struct data_verb *v, const struct need *need, struct err *e) {
    const char *dir = data_options_dir(&v->data, need->set, e);
    struct manifest m = {0};
    struct pixels p = {0};
    bool bar = !command_quiet() && isatty(STDERR_FILENO);
    bool ok = dir &&
              manifest_open(&m, need->set, need->reading, dir, v->cache_dir, v->threads, e) &&
              pixels_open(&p, &m, need->px, v->cache_dir, v->threads, need->max_bad_share,
                  show_progress, &bar, e);
    if (ok && !command_quiet()) {
        fprintf(stderr, "%s at %d px: %zu images in %s, %.1f MB", dataset_names[need->set].name,
            need->px, p.n, v->cache_dir, (double)p.map.size / 1e6);
        if (p.n_bad)
            fprintf(stderr, "; %zu do not decode:", p.n_bad);
        fputc('\n', stderr);
        for (size_t i = 0; i < p.n_bad; i++)
            fprintf(stderr, "  %s\n", p.bad_images[i].message);
    }
    pixels_close(&p);
    manifest_close(&m);
    return ok;
}

bool data_cache(const struct data_verb *v, struct err *e) {
    struct grid g = {0};
    struct need *needs = NULL, one = {.px = v->px, .max_bad_share = DEFAULT_BAD_SHARE};
    struct config reading = {0};
    size_t n = 0;
    bool ok;
    if (!v->argument == !v->px)
        return err_usage(e, "data cache: for what? expected a grid file or --px PX");
    if (v->argument) {
        ok = grid_read(&g, v->argument, v->set.text, (int)v->set.n, e);
        needs = ok ? xcalloc(g.n_cells + g.n_candidates, sizeof *needs) : NULL;
        n = ok ? needs_of(&g, needs) : 0;
    } else {
        ok = data_verb_set(v, NULL, &one.set, e) && data_verb_reading(v, one.set, &reading, e);
        one.reading = reading.data.reading;
        n = 1;
    }
    struct sigaction ours = {.sa_handler = on_interrupt}, before;
    sigaction(SIGINT, &ours, &before);
    for (size_t i = 0; ok && i < n; i++)
        ok = build(v, needs ? &needs[i] : &one, e);
    sigaction(SIGINT, &before, NULL);
    if (ok && n == 0 && !command_quiet())
        fprintf(stderr, "%s: no cell trains on pixels (frozen trunks read the images themselves)\n",
            v->argument);
    free(needs);
    config_free(&reading);
    grid_free(&g);
    return ok;
}
