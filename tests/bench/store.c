/* How fast the store is at the size of a large ablation: cells of UTKFace's size (23,704 samples, 4,741
 * tested and 1,896 validated, three tasks, an age head of 116 ranks) are written until a million
 * predictions stand in the file, then read as reports and audits read them.
 *
 *   build/release/bench-store FILE        (FILE is made anew; about 300 MB) */
#include "analysis/readout.h"
#include "core/mem.h"
#include "core/rng.h"
#include "store/sql.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { SAMPLES = 23704, TESTED = 4741, VALIDATED = 1896, AGES = 116, CELLS = 51 };

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void must(bool ok, const struct err *e) {
    if (!ok) {
        fprintf(stderr, "%s\n", e->msg);
        exit(1);
    }
}

static const char *class_name(const void *context, enum attribute a, int label) {
    static const char *const gender[] = {"male", "female"};
    static const char *const race[] = {"White", "Black", "Asian", "Indian", "Other"};
    (void)context;
    return a == ATTR_GENDER ? gender[label] : race[label];
}

struct bench {
    struct store *store;
    struct age_bin_sets bins;
    int64_t dataset;
    int *label[ATTR_COUNT]; /* [SAMPLES] */
    struct err e;
};

static void put_set(struct bench *b) {
    struct store_sample *samples = xcalloc(SAMPLES, sizeof *samples);
    char(*id)[48] = xmalloc(SAMPLES * sizeof *id);
    for (int a = 0; a < ATTR_COUNT; a++)
        b->label[a] = xmalloc(SAMPLES * sizeof(int));
    for (int i = 0; i < SAMPLES; i++) {
        struct rng r = rng_open(1, RNG_TEST, 0, (uint32_t)i);
        static const uint32_t classes[ATTR_COUNT] = {AGES, 2, 5};
        for (int a = 0; a < ATTR_COUNT; a++)
            b->label[a][i] = samples[i].label[a] = (a == ATTR_AGE) + (int)rng_below(&r, classes[a]);
        snprintf(id[i], sizeof id[i], "%d_%d_%d_%017d.jpg.chip.jpg", samples[i].label[0],
            samples[i].label[1], samples[i].label[2], i);
        samples[i].id = id[i];
        samples[i].duplicate_group = -1;
    }
    must(store_put_dataset(
             b->store, "utkface", "f", false, true, "{}", samples, SAMPLES, &b->dataset, &b->e),
        &b->e);
    free(id);
    free(samples);
}

static void put_part(struct bench *b, int64_t cell, enum part part, int first, size_t n) {
    static const int classes[ATTR_COUNT] = {AGES, 2, 5};
    struct breakdown_task tasks[ATTR_COUNT * READOUT_COUNT];
    struct breakdown_input in = {
        .n = n, .class_name = class_name, .bins = &b->bins, .tasks = tasks};
    uint32_t *rows = xmalloc(n * sizeof *rows);
    float *p = xcalloc(n * AGES, sizeof *p);
    double *said[ATTR_COUNT];
    for (int t = 0; t < ATTR_COUNT; t++) {
        in.label[t] = b->label[t] + first;
        said[t] = xmalloc(n * sizeof(double));
        for (size_t i = 0; i < n; i++) {
            struct rng r = rng_open((uint64_t)cell, RNG_TEST, 1, (uint32_t)i);
            rows[i] = (uint32_t)first + (uint32_t)i;
            int low = t == ATTR_AGE, high = low + classes[t] - 1;
            int value = in.label[t][i] + (int)rng_below(&r, t == ATTR_AGE ? 15 : 2) - (t == 0) * 7;
            said[t][i] = value < low ? low : value > high ? high : value;
        }
        must(store_put_predictions(b->store, cell, b->dataset, part, (enum attribute)t,
                 t == ATTR_AGE, n, rows, in.label[t], said[t], p, classes[t] - (t == ATTR_AGE),
                 &b->e),
            &b->e);
        for (int r = 0; r < READOUT_COUNT; r++)
            if (readout_applies((enum readout)r, t == ATTR_AGE, t == ATTR_AGE))
                tasks[in.n_tasks++] = (struct breakdown_task){(enum attribute)t, t == ATTR_AGE,
                    t == ATTR_AGE, classes[t], (enum readout)r,
                    (enum readout)r == readout_of_record(t == ATTR_AGE), said[t]};
    }
    struct breakdown rowset;
    breakdown_compute(&rowset, &in);
    must(store_put_breakdown(b->store, cell, part, &rowset, &b->e), &b->e);
    breakdown_free(&rowset);
    for (int t = 0; t < ATTR_COUNT; t++)
        free(said[t]);
    free(p);
    free(rows);
}

static int64_t plan_cell(struct bench *b, int64_t grid, int i) {
    char id[65], axes[40], variant[20];
    int64_t cell;
    snprintf(id, sizeof id, "%064d", i);
    snprintf(axes, sizeof axes, "{\"/seed\":%d}", i % 3);
    snprintf(variant, sizeof variant, "variant-%d", i / 3);
    struct store_cell c = {.id = id,
        .config = "{}",
        .dataset = "utkface",
        .split = "random",
        .seed = (uint64_t)(i % 3),
        .fold = -1,
        .epochs = 30};
    must(store_put_cell(b->store, &c, &cell, &b->e) &&
             store_put_member(b->store, grid, cell, variant, axes, i, &b->e),
        &b->e);
    return cell;
}

static void write_all(struct bench *b) {
    int64_t grid, token;
    static const struct provenance p = {.threads = 2};
    must(store_begin(b->store, &b->e) && store_put_grid(b->store, "bench", "{}", &grid, &b->e),
        &b->e);
    put_set(b);
    must(store_commit(b->store, &b->e), &b->e);
    double slowest = 0, start = now_s();
    for (int i = 0; i < CELLS; i++) {
        double from = now_s();
        must(store_begin(b->store, &b->e), &b->e);
        int64_t cell = plan_cell(b, grid, i);
        must(store_claim(b->store, cell, &p, &token, &b->e), &b->e);
        put_part(b, cell, PART_VALIDATION, TESTED, VALIDATED);
        put_part(b, cell, PART_TEST, 0, TESTED);
        must(store_finish(b->store, cell, 1, 1, 30, &b->e) && store_commit(b->store, &b->e), &b->e);
        double took = now_s() - from;
        slowest = took > slowest ? took : slowest;
    }
    printf("write: %.3f s a cell (slowest %.3f), %d predictions with probabilities\n",
        (now_s() - start) / CELLS, slowest, (TESTED + VALIDATED) * ATTR_COUNT);
}

static const struct query {
    const char *what, *sql;
} queries[] = {
    {"count all predictions", "SELECT count(*) FROM v_predictions WHERE grid = 'bench'"},
    {"scan all predictions with sample names",
        "SELECT sum(length(sample)), avg(predicted) FROM v_predictions WHERE grid = 'bench'"},
    {"age error by variant",
        "SELECT variant, avg(abs(predicted - truth)) FROM v_predictions"
        " WHERE grid = 'bench' AND part = 'test' AND task = 'age' GROUP BY variant"},
    {"audit: all tasks by gender and race, through v_samples",
        "SELECT s.gender, s.race, p.task, avg(p.predicted = p.truth), count(*)"
        " FROM v_predictions p JOIN v_cells c USING (cell, grid)"
        " JOIN v_samples s ON s.dataset = c.dataset AND s.sample = p.sample"
        " WHERE p.grid = 'bench' AND p.part = 'test' GROUP BY 1, 2, 3"},
    {"report: the table of a grid",
        "SELECT variant, task, bins, metric, avg(value), count(*) FROM v_metrics WHERE grid = 'bench'"
        " AND part = 'test' AND grouping = 'all' GROUP BY 1, 2, 3, 4"},
    {"report: one cell of it",
        "SELECT avg(value) FROM v_metrics WHERE grid = 'bench' AND variant = 'variant-3' AND"
        " part = 'test' AND task = 'age' AND readout = 'count' AND bins = 'fairface-9' AND"
        " grouping = 'all' AND metric = 'accuracy'"},
    {"bias: all groups of one metric",
        "SELECT grouping, avg(value) FROM v_metrics WHERE grid = 'bench' AND part = 'test' AND"
        " task = 'age' AND bins = 'decades' AND metric = 'mae' GROUP BY grouping"},
    {"confusion of race, summed over the grid",
        "SELECT truth, predicted, sum(n) FROM v_confusion WHERE grid = 'bench' AND part = 'test' AND"
        " task = 'race' AND bins = '' AND grouping = 'all' GROUP BY 1, 2"},
    {"probabilities of one cell and task",
        "SELECT sum(length(probabilities)) FROM v_probabilities WHERE cell = (SELECT cell FROM v_cells"
        " LIMIT 1) AND part = 'test' AND task = 'age'"},
};

static void read_all(struct bench *b) {
    for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
        double best = 1e9;
        long rows = 0;
        for (int round = 0; round < 3; round++) {
            double start = now_s();
            sqlite3_stmt *stmt = sql_prepare(store_db(b->store), &b->e, queries[i].sql, "");
            must(stmt != NULL, &b->e);
            for (rows = 0; sql_step(stmt, &b->e) > 0; rows++)
                ;
            sqlite3_finalize(stmt);
            must(b->e.kind == ERR_NONE, &b->e);
            double took = now_s() - start;
            best = took < best ? took : best;
        }
        printf("%8.1f ms %6ld rows  %s\n", best * 1e3, rows, queries[i].what);
    }
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: %s FILE\n", argv[0]);
        return 2;
    }
    struct bench b = {0};
    unlink(argv[1]);
    b.store = store_open(argv[1], STORE_WRITE, &b.e);
    must(b.store && age_bins_load(&b.bins, NULL, &b.e), &b.e);
    write_all(&b);
    store_close(b.store);
    double start = now_s();
    b.store = store_open(argv[1], STORE_READ, &b.e);
    must(b.store != NULL, &b.e);
    printf("open: %.1f ms\n", (now_s() - start) * 1e3);
    read_all(&b);
    store_close(b.store);
    age_bins_free(&b.bins);
    for (int a = 0; a < ATTR_COUNT; a++)
        free(b.label[a]);
    return 0;
}
