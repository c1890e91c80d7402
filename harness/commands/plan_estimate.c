#include "commands/plan_estimate.h"

#include "commands/data_splits.h"
#include "commands/plan_probe.h"
#include "commands/workers.h"
#include "core/cores.h"
#include "core/file.h"
#include "core/mem.h"
#include "grid/cell_folder.h"
#include "grid/config_split.h"
#include "report/time_left.h"

#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

/* In the database, all tables together: 273 bytes on UTKFace's three tasks, of which 216 are probabilities, most of them
 * those of age's 116 ranks. */
static const double prediction_bytes = 273;

/* ---- the cells ---- */

struct sizes { /* of a split */
    char *key;
    size_t n[PART_COUNT], images; /* images: of the set */
};

struct estimating {
    const struct grid *grid;
    const struct grid_options *chosen;
    const struct estimate_options *options;
    const char *db;
    char *cache;
    int threads;                 /* of a worker */
    const struct cell **cells;   /* of the records, by their `cell` */
    struct cell_record *records; /* [n] each once; texts borrowed */
    double *epoch_s;             /* [n] probed; -1: not */
    double *bytes;               /* [n] probed; -1: not */
    size_t n;
    struct probes probes;
    struct sizes *sizes;
    size_t n_sizes, sizes_capacity;
};

/* Work that was done with more threads takes as much longer with fewer. */
static double wall_here_s(const struct estimating *g, const struct cell_progress *at) {
    return at->threads ? at->wall_s * at->threads / g->threads : at->wall_s;
}

static void add_cell(
    struct estimating *g, const struct cell *cell, const struct cell_progress *at) {
    if (!grid_options_choose(g->chosen, cell->variant))
        return;
    struct cell_record *r = &g->records[g->n];
    *r = (struct cell_record){.cell = (int64_t)g->n,
        .variant = (char *)cell->variant,
        .state = at->state,
        .epochs = cell->config.epochs,
        .epochs_done = at->epochs_done,
        .fraction = at->fraction,
        .wall_s = wall_here_s(g, at),
        .diverged = at->diverged};
    memcpy(r->id, cell->id, sizeof r->id);
    g->cells[g->n++] = cell;
}

static const struct cell *cell_of(const struct estimating *g, size_t i) {
    return g->cells[g->records[i].cell];
}

static void collect(struct estimating *g, const struct plan_progress *at) {
    const struct grid *grid = g->grid;
    size_t all = grid->n_cells + grid->n_candidates;
    g->cells = xcalloc(all + 1, sizeof *g->cells);
    g->records = xcalloc(all + 1, sizeof *g->records);
    g->epoch_s = xcalloc(all + 1, sizeof *g->epoch_s);
    g->bytes = xcalloc(all + 1, sizeof *g->bytes);
    for (size_t i = 0; i < grid->n_candidates; i++)
        add_cell(g, &grid->candidates[i], &at->candidates[i]);
    for (size_t i = 0; i < grid->n_cells; i++)
        add_cell(g, &grid->cells[i], &at->cells[i]);
    g->n = store_cells_once(g->records, g->n);
}

/* ---- the probe ---- */

static bool chosen(void *context, const struct cell *cell) {
    const struct estimating *g = context;
    return grid_options_choose(g->chosen, cell->variant);
}

static bool note_sizes(void *context, const struct data_split *d, struct err *e) {
    struct estimating *g = context;
    struct str key = {0};
    (void)e;
    config_split_key(&key, d->config, true);
    g->sizes = xgrow(g->sizes, &g->sizes_capacity, g->n_sizes + 1, sizeof *g->sizes);
    struct sizes *s = &g->sizes[g->n_sizes++];
    *s = (struct sizes){.key = str_detach(&key), .images = d->manifest->n};
    memcpy(s->n, d->split->n, sizeof s->n);
    return true;
}

static const struct sizes *sizes_of(const struct estimating *g, const struct config *c) {
    const struct sizes *found = &g->sizes[0];
    struct str key = {0};
    config_split_key(&key, c, true);
    for (size_t i = 0; i < g->n_sizes; i++)
        if (strcmp(g->sizes[i].key, key.text) == 0)
            found = &g->sizes[i];
    str_free(&key);
    return found;
}

static double steps(size_t samples, int batch) {
    return ceil((double)samples / batch);
}

/* The passes through a frozen trunk, which its cells share, are of the first of them. */
static double passes_s(struct estimating *g, const struct probe *p, const struct sizes *s) {
    if (p->pass == NO_PASS || g->probes.passes[p->pass].counted)
        return 0;
    g->probes.passes[p->pass].counted = true;
    return g->probes.passes[p->pass].s_per_image * (double)s->images;
}

static void probed(struct estimating *g, size_t i, const struct probe *p) {
    const struct config *c = &cell_of(g, i)->config;
    const struct sizes *s = sizes_of(g, c);
    size_t judged = s->n[PART_VALIDATION] + s->n[PART_TEST];
    double epoch = steps(s->n[PART_TRAIN], c->batch) * p->train_s +
                   steps(s->n[PART_VALIDATION], c->batch) * p->infer_s;
    double once = steps(s->n[PART_TEST], c->batch) * p->infer_s + passes_s(g, p, s);
    g->epoch_s[i] = epoch + once / c->epochs;
    /* weights and velocities, in single precision; predictions of each task on what is judged */
    g->bytes[i] =
        8.0 * (double)p->learned + prediction_bytes * (double)(judged * (size_t)c->n_tasks);
}

static bool run_probes(struct estimating *g, struct err *e) {
    const struct estimate_options *o = g->options;
    bool ok = data_splits_walk(&(struct data_splits){.grid = g->grid,
                                   .data = &o->data,
                                   .cache_dir = g->cache,
                                   .threads = cores_usable(),
                                   .chosen = chosen,
                                   .fn = note_sizes,
                                   .context = g},
        e);
    for (size_t i = 0; ok && i < g->n; i++) {
        struct probe found;
        if (share_done(&g->records[i]) >= 1)
            continue;
        ok = probes_of(
            &g->probes, &cell_of(g, i)->config, g->records[i].variant, o->quiet, &found, e);
        if (ok)
            probed(g, i, &found);
    }
    return ok;
}

/* ---- time ---- */

/* Each worker takes the next cell of the list when it is done with one. */
static double last_end_s(const double *left, size_t n, int workers) {
    double *busy_s = xcalloc((size_t)workers, sizeof *busy_s), last = 0;
    for (size_t i = 0; i < n; i++) {
        int least = 0;
        for (int w = 1; w < workers; w++)
            if (busy_s[w] < busy_s[least])
                least = w;
        busy_s[least] += left[i];
        last = fmax(last, busy_s[least]);
    }
    free(busy_s);
    return last;
}

static void estimate_time(const struct estimating *g, struct estimate *out) {
    double *left = xcalloc(g->n + 1, sizeof *left);
    bool known = true;
    left_each(g->records, g->n, g->epoch_s, left);
    for (size_t i = 0; i < g->n; i++) {
        known = known && left[i] >= 0;
        out->worker_s += left[i];
    }
    out->left_s = known ? last_end_s(left, g->n, g->options->jobs) : -1;
    out->worker_s = known ? out->worker_s : -1;
    free(left);
}

/* ---- disk ---- */

static double file_bytes(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 ? (double)st.st_size : 0;
}

static double folder_bytes(const char *path) {
    DIR *dir = opendir(path);
    double all = 0;
    for (struct dirent *d; dir && (d = readdir(dir));) {
        char *file = path_join(path, d->d_name);
        struct stat st;
        if (stat(file, &st) == 0 && S_ISREG(st.st_mode))
            all += (double)st.st_size;
        free(file);
    }
    if (dir)
        closedir(dir);
    return all;
}

/* Of the database's done cells, in this grid or another; 0: it cannot be said. */
static double database_bytes_a_cell(const struct estimating *g, long long done) {
    char *wal = xasprintf("%s-wal", g->db);
    double all = file_bytes(g->db) + file_bytes(wal);
    free(wal);
    return done ? all / (double)done : 0;
}

/* What cells of a variant that are done have in their folders, on average: -1 where there is none. NULL: any. */
static double folder_bytes_of(
    const struct estimating *g, const double *bytes, const char *variant) {
    double sum = 0;
    size_t n = 0;
    for (size_t i = 0; i < g->n; i++)
        if (bytes[i] >= 0 && (!variant || g->records[i].variant == variant)) {
            sum += bytes[i];
            n++;
        }
    return n ? sum / (double)n : -1;
}

static void estimate_disk(
    const struct estimating *g, const struct plan_progress *at, struct estimate *out) {
    double *bytes = xcalloc(g->n + 1, sizeof *bytes);
    double in_database = database_bytes_a_cell(g, at->done_in_database);
    for (size_t i = 0; i < g->n; i++) {
        char *folder = cell_folder(g->db, g->records[i].id);
        bytes[i] = g->records[i].state == CELL_DONE ? folder_bytes(folder) : -1;
        free(folder);
    }
    double of_all = folder_bytes_of(g, bytes, NULL), own = -1;
    for (size_t i = 0; i < g->n && out->disk_bytes >= 0; i++) {
        if (i == 0 || g->records[i].variant != g->records[i - 1].variant)
            own = folder_bytes_of(g, bytes, g->records[i].variant);
        if (share_done(&g->records[i]) >= 1)
            continue;
        double one = own >= 0           ? own + in_database
                     : g->bytes[i] >= 0 ? g->bytes[i]
                                        : of_all + in_database;
        out->disk_bytes = of_all < 0 && g->bytes[i] < 0 ? -1 : out->disk_bytes + one;
    }
    free(bytes);
}

/* Of the nearest folder that is there. */
static double free_bytes(const char *db) {
    char *path = xstrdup(db), *slash;
    struct statvfs fs;
    while ((slash = strrchr(path, '/')) && slash != path) {
        *slash = '\0';
        if (dir_exists(path))
            break;
    }
    bool known = statvfs(slash == path ? "/" : slash ? path : ".", &fs) == 0;
    free(path);
    return known ? (double)fs.f_bavail * (double)fs.f_frsize : -1;
}

/* ---- all of it ---- */

static void release(struct estimating *g) {
    for (size_t i = 0; i < g->n_sizes; i++)
        free(g->sizes[i].key);
    free(g->sizes);
    free(g->cells);
    free(g->records);
    free(g->epoch_s);
    free(g->bytes);
    free(g->cache);
    probes_free(&g->probes);
}

bool estimate_make(struct estimate *out, const struct grid *grid,
    const struct grid_options *chosen_by, const struct plan_progress *at, const char *db,
    const struct estimate_options *o, struct err *e) {
    struct estimating g = {.grid = grid,
        .chosen = chosen_by,
        .options = o,
        .db = db,
        .cache = o->cache ? xstrdup(o->cache) : path_beside(db, "cache"),
        .threads = workers_threads(o->threads, o->jobs)};
    g.probes = (struct probes){.device = o->device,
        .threads = g.threads,
        .spin = workers_spin_on(grid, o->device, o->jobs * g.threads)};
    *out = (struct estimate){.probed = o->probe, .free_bytes = free_bytes(db)};
    collect(&g, at);
    for (size_t i = 0; i < g.n; i++) {
        g.epoch_s[i] = g.bytes[i] = -1;
        out->done += g.records[i].state == CELL_DONE;
        out->open += share_done(&g.records[i]) < 1;
    }
    bool ok = !o->probe || !out->open || run_probes(&g, e);
    if (ok) {
        estimate_time(&g, out);
        estimate_disk(&g, at, out);
    }
    release(&g);
    return ok;
}
