#include "fixture_store.h"

#include "analysis/readout.h"
#include "core/json.h"
#include "core/mem.h"
#include "core/rng.h"
#include "store/store.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 240, TRAINED = 120, VALIDATED = 40, TESTED = 80, EPOCHS = 3, STEPS = 10 };
enum { FIRST_AGE = 1, AGES = 116, RACES = 5 };

const struct fixture_names fixture_plain = {
    {"full", "equal-weights"}, {"male", "female"}, {"White", "Black", "Asian", "Indian", "Other"}};
const struct fixture_names fixture_hostile = {
    {"a \"quoted\" 'name' `touch pwned` \\ $(touch pwned)", "line\nbreak, <b>&amp;</b> %s | _x^2"},
    {"male\"`touch pwned`'", "a=b,c%d"},
    {"White", "Black <i>", "Asian & Co", "In\ndian", "#Other"}};

#define VERSION_3                                                                                  \
    "DROP VIEW v_runs; ALTER TABLE attempt DROP COLUMN backend;"                                   \
    "CREATE VIEW v_runs AS SELECT c.id AS cell, a.attempt AS run, a.wall_s, st.name AS outcome"    \
    " FROM attempt a JOIN cell c USING (cell) LEFT JOIN state st ON st.state = a.outcome;"         \
    "PRAGMA user_version = 3;"
#define VERSION_2                                                                                  \
    VERSION_3                                                                                      \
    "DROP VIEW v_samples; ALTER TABLE sample DROP COLUMN content;"                                 \
    "CREATE VIEW v_samples AS SELECT name AS dataset, id AS sample, age, gender, race,"            \
    " NULL AS age_group, subject, duplicate_group, sample.undecodable"                             \
    " FROM sample JOIN dataset USING (dataset);"                                                   \
    "DROP VIEW v_runs; ALTER TABLE attempt DROP COLUMN lists_sha256;"                              \
    "CREATE VIEW v_runs AS SELECT c.id AS cell, a.attempt AS run, a.wall_s, st.name AS outcome"    \
    " FROM attempt a JOIN cell c USING (cell) LEFT JOIN state st ON st.state = a.outcome;"         \
    "DROP VIEW v_findings; DROP VIEW v_cells;"                                                     \
    "DROP TABLE finding; DROP TABLE gate; DROP TABLE verdict;"                                     \
    "CREATE VIEW v_cells AS SELECT c.id AS cell, g.name AS grid, m.variant, c.dataset, c.split,"   \
    " c.split_seed, c.seed, c.fold, m.axes, st.name AS state, c.epochs_done, c.epochs, c.started," \
    " c.finished, c.error, a.device, a.libtorch, a.threads, a.git_commit, a.data_fingerprint"      \
    " FROM grid g JOIN member m USING (grid) JOIN cell c USING (cell) JOIN state st USING (state)" \
    " LEFT JOIN attempt a ON a.cell = c.cell AND a.attempt = c.token;"                             \
    "PRAGMA user_version = 2;"
const char fixture_version_3[] = VERSION_3;
const char fixture_version_2[] = VERSION_2;
const char fixture_version_1[] = VERSION_2
    "DROP VIEW v_datasets; ALTER TABLE dataset DROP COLUMN undecodable;"
    "DROP VIEW v_samples; ALTER TABLE sample DROP COLUMN undecodable;"
    "DROP VIEW v_choices; DROP TABLE choice_candidate; DROP TABLE choice;"
    "ALTER TABLE member DROP COLUMN asked; ALTER TABLE cell DROP COLUMN diverged;"
    "DROP VIEW v_runs; ALTER TABLE attempt DROP COLUMN images_per_s;"
    "CREATE VIEW v_runs AS SELECT c.id AS cell, a.attempt AS run, a.wall_s, st.name AS outcome"
    " FROM attempt a JOIN cell c USING (cell) LEFT JOIN state st ON st.state = a.outcome;"
    "CREATE VIEW v_datasets AS SELECT name AS dataset, fingerprint, samples, drawn, exact_ages,"
    " 1 AS current FROM dataset;"
    "CREATE VIEW v_samples AS SELECT name AS dataset, id AS sample, age, gender, race,"
    " NULL AS age_group, subject, duplicate_group FROM sample JOIN dataset USING (dataset);"
    "PRAGMA user_version = 1";

struct fixture {
    struct store *store;
    const struct fixture_names *names;
    struct age_bin_sets bins;
    int64_t dataset;
    struct store_sample sample[SAMPLES];
    char id[SAMPLES][40];
};

/* ---- what is planned ---- */

static void add_names(struct str *s, const char *key, const char *const *names, int n) {
    json_add_string(s, key);
    str_add(s, ": [");
    for (int i = 0; i < n; i++) {
        str_add(s, i ? ", " : "");
        json_add_string(s, names[i]);
    }
    str_add(s, "]");
}

static char *grid_source(const struct fixture *f) {
    struct str s = {0};
    str_add(&s, "{\"title\": \"Fixture\", \"base\": {\"data\": {\"set\": \"synthetic\"}, "
                "\"tasks\": {\"age\": {\"kind\": \"ordinal\"}, \"gender\": {}, \"race\": {}}, "
                "\"epochs\": 3}, \"variants\": {");
    json_add_string(&s, f->names->variant[0]);
    str_add(&s, ": {}, ");
    json_add_string(&s, f->names->variant[1]);
    str_add(&s, ": {\"weighting\": {\"kind\": \"equal\"}}}, \"axes\": {\"/seed\": [1, 2]}}");
    return str_detach(&s);
}

static bool put_cell(struct fixture *f, int variant, int seed, int64_t *cell, struct err *e) {
    char *config = xasprintf("{\"data\":{\"set\":\"synthetic\"},\"tasks\":{\"age\":"
                             "{\"kind\":\"ordinal\"},\"gender\":{\"kind\":\"nominal\"},"
                             "\"race\":{\"kind\":\"nominal\"}},\"weighting\":{\"kind\":\"%s\"},"
                             "\"epochs\":3,\"seed\":%d}",
        variant ? "equal" : "uncertainty", seed);
    char id[SHA256_HEX];
    sha256_bytes(config, strlen(config), id);
    struct store_cell c = {.id = id,
        .config = config,
        .dataset = "synthetic",
        .split = "random",
        .split_seed = 7,
        .seed = (uint64_t)seed,
        .fold = -1,
        .epochs = EPOCHS};
    bool ok = store_put_cell(f->store, &c, cell, e);
    free(config);
    return ok;
}

static bool plan(struct fixture *f, int64_t cell[2][2], struct err *e) {
    char *source = grid_source(f);
    int64_t grid, subset;
    bool ok = store_put_grid(f->store, "fixture", source, &grid, e) &&
              store_put_grid(f->store, "subset", source, &subset, e);
    for (int v = 0; ok && v < 2; v++)
        for (int s = 0; ok && s < 2; s++) {
            char axes[32];
            snprintf(axes, sizeof axes, "{\"/seed\":%d}", s + 1);
            ok = put_cell(f, v, s + 1, &cell[v][s], e) &&
                 store_put_member(
                     f->store, grid, cell[v][s], f->names->variant[v], axes, 2 * v + s, e);
        }
    ok = ok && store_put_member(
                   f->store, subset, cell[0][0], f->names->variant[0], "{\"/seed\":1}", 0, e);
    free(source);
    return ok;
}

static bool put_samples(struct fixture *f, struct err *e) {
    struct str names = {0};
    str_add(&names, "{");
    add_names(&names, "gender", f->names->gender, 2);
    str_add(&names, ", ");
    add_names(&names, "race", f->names->race, RACES);
    str_add(&names, "}");
    for (int i = 0; i < SAMPLES; i++) {
        struct rng r = rng_open(1, RNG_TEST, 0, (uint32_t)i);
        int age = FIRST_AGE + (int)rng_below(&r, 90), gender = (int)rng_below(&r, 2);
        int race = (int)rng_below(&r, RACES);
        snprintf(f->id[i], sizeof f->id[i], "%d_%d_%d_%08d.jpg", age, gender, race, i);
        f->sample[i] = (struct store_sample){f->id[i], {age, gender, race}, NULL, -1, NULL};
    }
    static const uint8_t bad[SAMPLES] = {[0] = 1, [7] = 1};
    bool ok = store_put_dataset(f->store, "synthetic", "f1", true, true, names.text, f->sample,
                  SAMPLES, &f->dataset, e) &&
              store_put_undecodable(f->store, f->dataset, bad, SAMPLES, e);
    str_free(&names);
    return ok;
}

/* ---- training ---- */

static bool put_training(struct fixture *f, int64_t cell, int variant, int seed, struct err *e) {
    struct weight_row weights[EPOCHS * STEPS * ATTR_COUNT];
    struct epoch_row epochs[EPOCHS * 2 * (1 + ATTR_COUNT)];
    size_t n_weights = 0, n_epochs = 0;
    for (int step = 1; step <= EPOCHS * STEPS; step++)
        for (int t = 0; t < ATTR_COUNT; t++) {
            double loss = (t == ATTR_AGE ? 20.0 : 1.0) / (1 + 0.1 * step) + 0.01 * seed;
            double s = variant ? NAN : log(2 * loss) * step / (EPOCHS * STEPS);
            double weight = variant ? 1 : exp(-s);
            weights[n_weights++] = (struct weight_row){
                (step - 1) / STEPS + 1, step, (enum attribute)t, loss, s, weight, weight / 3};
        }
    for (int epoch = 1; epoch <= EPOCHS; epoch++)
        for (int part = PART_TRAIN; part <= PART_VALIDATION; part++)
            for (int task = -1; task < ATTR_COUNT; task++)
                epochs[n_epochs++] = (struct epoch_row){epoch, (enum part)part, task, "loss",
                    3.0 / epoch + 0.1 * part + task, part == PART_TRAIN ? TRAINED : VALIDATED};
    return store_put_weights(f->store, cell, weights, n_weights, e) &&
           store_put_epochs(f->store, cell, epochs, n_epochs, e);
}

/* ---- predictions ---- */

/* One task's head on one part: what it says is near the truth, nearer for the first variant. */
struct head {
    enum attribute task;
    bool ordinal;
    int first, classes, width;
    float *p; /* [n][width] */
    double *readout[READOUT_COUNT];
};

static void say(const struct head *h, float *p, int label, struct rng *r, double noise) {
    double centre = label + noise * rng_normal(r), sum = 0;
    for (int k = 0; k < h->width; k++) {
        double distance = h->first + k - centre;
        p[k] =
            (float)(h->ordinal ? 1 / (1 + exp((distance + 0.5) / 3)) : exp(-distance * distance));
        sum += p[k];
    }
    for (int k = 0; !h->ordinal && k < h->width; k++)
        p[k] = (float)(p[k] / sum);
}

static void head_open(struct head *h, const struct fixture *f, enum attribute task, int first_row,
    size_t n, int variant, int seed) {
    static const int classes[ATTR_COUNT] = {AGES, 2, RACES};
    bool age = task == ATTR_AGE;
    *h = (struct head){.task = task,
        .ordinal = age,
        .first = age ? FIRST_AGE : 0,
        .classes = classes[task],
        .width = classes[task] - age};
    h->p = xmalloc(n * (size_t)h->width * sizeof *h->p);
    for (size_t i = 0; i < n; i++) {
        struct rng r = rng_open((uint64_t)seed, RNG_TEST, 1 + task, (uint32_t)(first_row + (int)i));
        say(h, h->p + i * (size_t)h->width, f->sample[first_row + (int)i].label[task], &r,
            (age ? 8 : 0.4) * (variant ? 1.3 : 1));
    }
    for (int k = 0; k < READOUT_COUNT; k++) {
        if (!readout_applies((enum readout)k, h->ordinal, age))
            continue;
        h->readout[k] = xmalloc(n * sizeof(double));
        for (size_t i = 0; i < n; i++)
            h->readout[k][i] = readout_value(
                (enum readout)k, h->ordinal, h->p + i * (size_t)h->width, h->classes, h->first);
    }
}

static void head_close(struct head *h) {
    for (int k = 0; k < READOUT_COUNT; k++)
        free(h->readout[k]);
    free(h->p);
}

static const char *class_name(const void *context, enum attribute a, int label) {
    const struct fixture *f = context;
    return a == ATTR_GENDER ? f->names->gender[label] : a == ATTR_RACE ? f->names->race[label] : "";
}

static bool put_breakdown(struct fixture *f, int64_t cell, enum part part, int first_row, size_t n,
    const struct head *heads, struct err *e) {
    int label[ATTR_COUNT][TESTED + VALIDATED];
    struct breakdown_task tasks[ATTR_COUNT * READOUT_COUNT];
    struct breakdown_input in = {
        .n = n, .class_name = class_name, .context = f, .bins = &f->bins, .tasks = tasks};
    for (int a = 0; a < ATTR_COUNT; a++) {
        in.label[a] = label[a];
        for (size_t i = 0; i < n; i++)
            label[a][i] = f->sample[first_row + (int)i].label[a];
        for (int k = 0; k < READOUT_COUNT; k++)
            if (heads[a].readout[k])
                tasks[in.n_tasks++] = (struct breakdown_task){(enum attribute)a, a == ATTR_AGE,
                    heads[a].first, heads[a].classes, (enum readout)k,
                    (enum readout)k == readout_of_record(heads[a].ordinal), heads[a].readout[k]};
    }
    struct breakdown b;
    breakdown_compute(&b, &in);
    bool ok = store_put_breakdown(f->store, cell, part, &b, e);
    breakdown_free(&b);
    return ok;
}

static bool put_part(struct fixture *f, int64_t cell, enum part part, int first_row, size_t n,
    int variant, int seed, struct err *e) {
    struct head heads[ATTR_COUNT];
    uint32_t rows[TESTED + VALIDATED];
    int truth[TESTED + VALIDATED];
    bool ok = true;
    for (int t = 0; t < ATTR_COUNT; t++) {
        struct head *h = &heads[t];
        head_open(h, f, (enum attribute)t, first_row, n, variant, seed);
        for (size_t i = 0; i < n; i++) {
            rows[i] = (uint32_t)(first_row + (int)i);
            truth[i] = f->sample[rows[i]].label[t];
        }
        ok = ok &&
             store_put_predictions(f->store, cell, f->dataset, part, (enum attribute)t, h->ordinal,
                 n, rows, truth, h->readout[readout_of_record(h->ordinal)], h->p, h->width, e);
    }
    ok = ok && put_breakdown(f, cell, part, first_row, n, heads, e);
    for (int t = 0; t < ATTR_COUNT; t++)
        head_close(&heads[t]);
    return ok;
}

static bool run_cell(struct fixture *f, int64_t cell, int variant, int seed, struct err *e) {
    static const struct provenance p = {.program_version = "0.1.0",
        .git_commit = "0123abc-dirty",
        .libtorch = "1.13.1",
        .blas = "openblas",
        .device = "cpu",
        .host = "host",
        .threads = 2,
        .data_fingerprint = "f1",
        .weights_sha256 = "w1",
        .backend = "libtorch"};
    int64_t token;
    return store_claim(f->store, cell, &p, &token, e) &&
           store_check_token(f->store, cell, token, e) && put_training(f, cell, variant, seed, e) &&
           put_part(f, cell, PART_VALIDATION, TRAINED, VALIDATED, variant, seed, e) &&
           put_part(f, cell, PART_TEST, TRAINED + VALIDATED, TESTED, variant, seed, e) &&
           store_progress(f->store, cell, EPOCHS, EPOCHS * STEPS, 12.5, e) &&
           store_heartbeat(f->store, cell, EPOCHS, 1, 250, e) &&
           store_trained(f->store, cell, 96.5, e) &&
           store_finish(f->store, cell, 12.5, 123456789, EPOCHS, e);
}

bool fixture_store_named(const char *path, const struct fixture_names *names, struct err *e) {
    struct fixture f = {.names = names};
    int64_t cell[2][2];
    f.store = store_open(path, STORE_WRITE, e);
    bool ok = f.store && age_bins_load(&f.bins, NULL, e) && store_begin(f.store, e) &&
              put_samples(&f, e) && plan(&f, cell, e);
    for (int v = 0; ok && v < 2; v++)
        for (int s = 0; ok && s < 2; s++)
            ok = run_cell(&f, cell[v][s], v, s + 1, e);
    ok = ok && store_commit(f.store, e);
    if (f.store && !ok)
        store_rollback(f.store);
    age_bins_free(&f.bins);
    store_close(f.store);
    return ok;
}

bool fixture_store(const char *path, struct err *e) {
    return fixture_store_named(path, &fixture_plain, e);
}
