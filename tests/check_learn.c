/* The training of one cell on a handful of drawn faces: it learns them, under every weighting; it goes on
 * from whatever checkpoint is left with the same results; features stand for the trunk that made them. */
#include "check_suites.h"

#include "check_folder.h"
#include "core/file.h"
#include "core/interrupt.h"
#include "core/mem.h"
#include "data/pixels.h"
#include "data/synth.h"
#include "fixture_hash.h"
#include "grid/keys.h"
#include "learn/features.h"
#include "learn/train.h"
#include "store/sql.h"

#include <dirent.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FACES = 16, FACE_PX = 40, PX = 24, TIMEOUT_S = 240 };

static struct {
    char *dir;
    struct manifest manifest;
    struct pixels pixels;
    struct source source;
    struct age_bin_sets bins;
} bed;

static void must(bool ok, const struct err *e) {
    ck_assert_msg(ok, "%s", e->msg);
}

static void setup(void) {
    struct err e = {0};
    bed.dir = folder_new();
    char *faces = path_join(bed.dir, "faces");
    must(th_setup(1, true, &e) && synth_write(faces, FACES, FACE_PX, 1, 1, &e) &&
             manifest_open(
                 &bed.manifest, DATASET_SYNTHETIC, (struct reading){0}, faces, NULL, 1, &e) &&
             pixels_open(&bed.pixels, &bed.manifest, PX, bed.dir, 1, 0, NULL, NULL, &e) &&
             age_bins_load(&bed.bins, NULL, &e),
        &e);
    bed.source =
        (struct source){.manifest = &bed.manifest, .bad = bed.pixels.bad, .pixels = &bed.pixels};
    free(faces);
}

static void teardown(void) {
    age_bins_free(&bed.bins);
    pixels_close(&bed.pixels);
    manifest_close(&bed.manifest);
    folder_remove(bed.dir);
}

/* ---- a cell, as a worker would run it ---- */

struct cell {
    struct store *store;
    char *folder; /* of checkpoints */
    struct config config;
    struct split split; /* every face in every part: learned by heart is what is asked */
    th_scope *life;
    struct network *network;
    int64_t number, dataset;
};

static struct config parse(const char *json) {
    struct err e = {0};
    struct config c;
    cJSON *object = json_parse("test", json, strlen(json), &e);
    must(object && config_parse(&c, object, "test", &e), &e);
    cJSON_Delete(object);
    return c;
}

static void put_rows(struct cell *c) {
    struct err e = {0};
    int64_t grid;
    struct store_sample samples[FACES];
    const struct store_cell cell = {.id = "c1",
        .config = "{}",
        .dataset = "synthetic",
        .split = "random",
        .fold = -1,
        .epochs = c->config.epochs};
    for (size_t i = 0; i < FACES; i++) {
        samples[i] = (struct store_sample){.id = bed.manifest.samples[i].id, .duplicate_group = -1};
        memcpy(samples[i].label, bed.manifest.samples[i].label, sizeof samples[i].label);
    }
    must(store_begin(c->store, &e) && store_put_grid(c->store, "g", "{}", &grid, &e) &&
             store_clear_members(c->store, grid, &e) &&
             store_put_cell(c->store, &cell, &c->number, &e) &&
             store_put_member(c->store, grid, c->number, "v", "{}", 0, &e) &&
             store_put_dataset(c->store, "synthetic", bed.manifest.fingerprint, true, true, "{}",
                 samples, FACES, &c->dataset, &e) &&
             store_commit(c->store, &e),
        &e);
}

static void cell_begin(struct cell *c, const char *name, const char *json) {
    struct err e = {0};
    *c = (struct cell){.config = parse(json), .life = th_scope_new((struct th_device){0, 0})};
    char *file = xasprintf("%s.db", name), *db = path_join(bed.dir, file);
    c->folder = path_join(bed.dir, name);
    c->store = store_open(db, STORE_WRITE, &e);
    must(c->store && dir_make(c->folder, &e), &e);
    c->network = network_new(&c->config, c->life, "", &e);
    must(c->network != NULL, &e);
    for (int part = 0; part < PART_COUNT; part++) {
        c->split.n[part] = FACES;
        c->split.rows[part] = xcalloc(FACES, sizeof(uint32_t));
        for (uint32_t i = 0; i < FACES; i++)
            c->split.rows[part][i] = i;
    }
    put_rows(c);
    free(db);
    free(file);
}

static void cell_end(struct cell *c) {
    split_free(&c->split);
    network_free(c->network);
    th_scope_free(c->life);
    store_close(c->store);
    config_free(&c->config);
    free(c->folder);
}

static char said[1024]; /* by the newest training */

static void hear(const char *line) {
    strncat(said, line, sizeof said - strlen(said) - 1);
}

static bool cell_train(struct cell *c, struct err *e) {
    int64_t token;
    struct cell_record *cells = NULL;
    size_t n;
    *said = 0;
    must(store_cells(c->store, "g", &cells, &n, e) &&
             store_claim(c->store, c->number, &(struct provenance){0}, &token, e),
        e);
    bool ok = train(&(struct training){.config = &c->config,
                        .cell_id = "c1",
                        .folder = c->folder,
                        .network = c->network,
                        .life = c->life,
                        .source = &bed.source,
                        .split = &c->split,
                        .bins = &bed.bins,
                        .store = c->store,
                        .cell = c->number,
                        .token = token,
                        .dataset = c->dataset,
                        .known_step = cells[0].step,
                        .say = hear},
        e);
    store_cells_free(cells, n);
    return ok;
}

static double number(struct cell *c, const char *sql) {
    struct err e = {0};
    sqlite3_stmt *row = sql_prepare(store_db(c->store), &e, sql, "");
    must(row && sql_step(row, &e) == 1, &e);
    double value = sqlite3_column_type(row, 0) == SQLITE_NULL ? NAN : sqlite3_column_double(row, 0);
    sqlite3_finalize(row);
    return value;
}

#define CONFIG(weighting, epochs, batch, more)                                                     \
    "{\"data\": {\"set\": \"synthetic\", \"image_px\": 24},"                                       \
    " \"tasks\": {\"age\": {}, \"gender\": {}, \"race\": {}},"                                     \
    " \"trunk\": {\"name\": \"small\", \"weights\": \"none\"},"                                    \
    " \"weighting\": {\"kind\": \"" weighting "\"}, \"log_every\": 1,"                             \
    " \"epochs\": " #epochs ", \"batch\": " #batch more "}"

/* ---- learning ---- */

START_TEST(a_handful_is_learned_by_heart) {
    struct err e = {0};
    struct cell c;
    cell_begin(&c, "a", CONFIG("equal", 150, 16, ", \"optimiser\": {\"lr\": 0.02}"));
    must(cell_train(&c, &e), &e);
    static const char *const tasks[] = {"age", "gender", "race"};
    for (size_t t = 0; t < ARRAY_LEN(tasks); t++) {
        char *accuracy = xasprintf("SELECT value FROM v_metrics WHERE part = 'test' AND task = '%s'"
                                   " AND metric = 'accuracy' AND grouping = 'all' AND bins = ''"
                                   " ORDER BY readout IN ('count', 'argmax') DESC",
            tasks[t]);
        char *ratio = xasprintf("SELECT max(value * (epoch = 150)) / max(value * (epoch = 1)) FROM "
                                "v_epochs WHERE part = 'train' AND metric = 'loss' AND task = '%s'",
            tasks[t]);
        ck_assert_msg(number(&c, accuracy) == 1, "%s: %g", tasks[t], number(&c, accuracy));
        ck_assert_msg(number(&c, ratio) < 0.2, "%s: %g", tasks[t], number(&c, ratio));
        free(accuracy);
        free(ratio);
    }
    cell_end(&c);
}
END_TEST

static const char *const weighting_configs[] = {
    CONFIG("uncertainty", 10, 4, ""),
    CONFIG("uncertainty-exact", 10, 4, ""),
    CONFIG("fixed", 10, 4, ""),
    CONFIG("equal", 10, 4, ""),
};

START_TEST(every_weighting_brings_the_losses_down) {
    struct err e = {0};
    struct cell c;
    cell_begin(&c, "a", weighting_configs[_i]);
    must(cell_train(&c, &e), &e);
    ck_assert_double_eq(
        number(&c, "SELECT sum(b.value < a.value) FROM v_epochs a JOIN v_epochs b USING (part,"
                   " task, metric) WHERE part = 'train' AND a.epoch = 1 AND b.epoch = 10"),
        4); /* three tasks and all */
    cell_end(&c);
}
END_TEST

/* After every epoch the validation's joint loss is that of its tasks' losses: their sum with equal
 * weights; with learned ones, about the sum while s_t has hardly moved from 0. */
START_TEST(the_joint_loss_on_validation_is_stored) {
    struct err e = {0};
    struct cell c;
    cell_begin(&c, "a", CONFIG("equal", 3, 4, ""));
    must(cell_train(&c, &e), &e);
    ck_assert_double_eq(
        number(&c, "SELECT count(*) FROM v_epochs WHERE part = 'validation' AND task = 'all' AND"
                   " metric = 'loss' AND n = 16"),
        3);
    ck_assert_double_lt(
        number(&c, "SELECT max(abs(a.value - (SELECT sum(value) FROM v_epochs b WHERE b.epoch ="
                   " a.epoch AND part = 'validation' AND metric = 'loss' AND task <> 'all')))"
                   " FROM v_epochs a WHERE part = 'validation' AND task = 'all'"),
        1e-9);
    cell_end(&c);
}
END_TEST

START_TEST(a_diverged_loss_is_said_once_with_its_place) {
    struct err e = {0};
    struct cell c;
    cell_begin(&c, "a", CONFIG("equal", 20, 4, ""));
    c.config.optimiser.lr = 1e30; /* more than a grid may say */
    ck_assert(!cell_train(&c, &e));
    ck_assert_int_eq(e.kind, ERR_DIVERGED);
    ck_assert_double_ge(
        number(&c, "SELECT count(*) FROM v_weights"), 3); /* its steps are on record */
    ck_assert_msg(strstr(e.msg, " loss is ") && strstr(e.msg, " at step ") &&
                      strstr(e.msg, "(epoch ") && strstr(e.msg, "lower /optimiser/lr") &&
                      !strchr(e.msg, '\n') && strncmp(e.msg, "the ", 4) == 0,
        "%s", e.msg);
    cell_end(&c);
}
END_TEST

/* The losses are other ones than f32's, and what the process computes after the cell is f32 again. */
START_TEST(a_cell_in_bf16_leaves_f32_behind) {
    struct err e = {0};
    struct cell c;
    double sum[2];
    static const char *const configs[] = {
        CONFIG("equal", 2, 4, ""), CONFIG("equal", 2, 4, ", \"precision\": \"bf16\"")};
    for (int i = 0; i < 2; i++) {
        cell_begin(&c, i ? "bf16" : "f32", configs[i]);
        must(cell_train(&c, &e), &e);
        sum[i] = number(&c, "SELECT sum(loss) FROM v_weights");
        th_tensor *one = th_affine(c.life, th_zeros(c.life, TH_F32, 2, (int64_t[]){1, 1}), 1, 1);
        ck_assert_int_eq(
            th_type_of(th_linear(c.life, one, one, th_zeros(c.life, TH_F32, 1, (int64_t[]){1}))),
            TH_F32);
        cell_end(&c);
    }
    ck_assert_double_ne(sum[0], sum[1]);
    ck_assert_double_eq_tol(sum[1] / sum[0], 1, 0.02);
}
END_TEST

/* ---- features ---- */

/* As the trunk gives them from pixels in one batch; a convolution may order its sums by the batch. */
START_TEST(frozen_features_are_the_trunk_s) {
    struct err e = {0};
    struct cell c;
    struct features f;
    cell_begin(&c, "a",
        "{\"data\": {\"set\": \"synthetic\", \"image_px\": 24}, \"tasks\": {\"age\": {}},"
        " \"trunk\": {\"name\": \"small\", \"weights\": \"none\", \"train_from\": \"frozen\"}}");
    must(features_open(&f, &bed.manifest, &c.config, c.network, (struct th_device){0, 0}, bed.dir,
             1, NULL, NULL, &e),
        &e);
    struct pass pass = {.scope = c.life};
    size_t n = FACES * (size_t)f.width;
    float *direct = xcalloc(n, sizeof *direct);
    th_no_grad_begin();
    th_tensor *rgb =
        th_borrow(c.life, TH_U8, 4, (int64_t[]){FACES, PX, PX, 3}, (void *)bed.pixels.rgb);
    th_read(c.life, network_features(c.network, &pass, network_normalise(c.network, &pass, rgb)),
        TH_F32, direct, n * sizeof *direct);
    th_no_grad_end();
    must(th_take_error(c.life, &e), &e);
    double largest = 0, apart = 0;
    for (size_t i = 0; i < n; i++) {
        largest = fmax(largest, fabs(direct[i]));
        apart = fmax(apart, fabs(f.values[i] - direct[i]));
    }
    ck_assert_double_gt(largest, 0);
    ck_assert_double_le(apart, 1e-5 * largest);
    free(direct);
    features_close(&f);
    cell_end(&c);
}
END_TEST

/* ---- going on ---- */

static const char resumed_config[] =
    CONFIG("uncertainty", 3, 4, ", \"augment\": {\"flip\": true, \"shift_px\": 2}");

/* By our own engine, as /backend "auto" chooses on a CPU: what resumes here resumes with it. */
static void train_whole(const char *name) {
    struct err e = {0};
    struct cell c;
    cell_begin(&c, name, resumed_config);
    ck_assert(str_starts(network_backend(c.network), "native "));
    must(cell_train(&c, &e), &e);
    cell_end(&c);
}

/* Augmented in training and as they are in evaluation, batches are the same from wherever they come. */
START_TEST(pixels_on_the_device_change_no_result) {
    struct err e = {0};
    th_scope *life = th_scope_new((struct th_device){0, 0});
    train_whole("host");
    bed.source.resident = th_borrow(life, TH_U8, 4, (int64_t[]){FACES, PX, PX, 3}, bed.pixels.rgb);
    must(th_take_error(life, &e), &e);
    train_whole("device");
    char *host = path_join(bed.dir, "host.db"), *device = path_join(bed.dir, "device.db");
    expect_same_results(host, device);
    free(host);
    free(device);
    th_scope_free(life);
}
END_TEST

/* From the second batch of five on, in an order of its own, the last batch smaller; with an epoch's
 * augmentation, and without any. */
START_TEST(batches_on_the_device_hold_the_host_s_bytes) {
    enum { BATCH = 5, BYTES = BATCH * PX * PX * 3 };
    struct err e = {0};
    struct cell c;
    uint32_t order[FACES];
    cell_begin(&c, "a", resumed_config);
    struct source there = bed.source;
    there.resident = th_borrow(c.life, TH_U8, 4, (int64_t[]){FACES, PX, PX, 3}, bed.pixels.rgb);
    for (uint32_t i = 0; i < FACES; i++)
        order[i] = (7 * i + 3) % FACES;
    for (int epoch = -1; epoch < 2; epoch++) {
        struct feed *host = feed_open(&bed.source, &c.config, order, FACES, BATCH, 1, epoch),
                    *device = feed_open(&there, &c.config, order, FACES, BATCH, 1, epoch);
        struct feed_batch a, b;
        size_t n = 0;
        while (feed_next(host, c.life, &a)) {
            uint8_t wanted[BYTES], got[BYTES];
            size_t bytes = a.n * PX * PX * 3;
            ck_assert(feed_next(device, c.life, &b));
            ck_assert_uint_eq(a.n, b.n);
            ck_assert_int_eq(memcmp(a.rows, b.rows, a.n * sizeof *a.rows), 0);
            th_read(c.life, a.input, TH_U8, wanted, bytes);
            th_read(c.life, b.input, TH_U8, got, bytes);
            must(th_take_error(c.life, &e), &e);
            ck_assert_int_eq(memcmp(wanted, got, bytes), 0);
            n += a.n;
        }
        ck_assert(!feed_next(device, c.life, &b));
        ck_assert_uint_eq(n, FACES - BATCH);
        feed_close(host);
        feed_close(device);
    }
    cell_end(&c);
}
END_TEST

/* Takes `steps` steps, each in a training of its own that was told to stop: in a child, as the request
 * cannot be taken back. */
static void train_steps(const char *name, int steps) {
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        interrupt_catch();
        raise(SIGINT);
        for (int i = 0; i < steps; i++) {
            struct err e = {0};
            struct cell c;
            cell_begin(&c, name, resumed_config);
            if (cell_train(&c, &e) || e.kind != ERR_INTERRUPTED)
                _exit(1);
            cell_end(&c);
        }
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}

static char *checkpoint_path(const char *name, int step) {
    char *file = xasprintf("%s/step-%010d.safetensors", name, step);
    char *path = path_join(bed.dir, file);
    free(file);
    return path;
}

enum damage { INTACT, CUT_SHORT, EMPTY, ONE_BIT, GONE, OTHER_LIBTORCH };

static void damage(const char *path, enum damage how) {
    struct err e = {0};
    size_t size;
    char *bytes = file_read(path, 1 << 26, &size, &e);
    must(bytes != NULL, &e);
    bytes[size - 5] ^= (char)(how == ONE_BIT);
    if (how ==
        OTHER_LIBTORCH) { /* 8 bytes of a length, then JSON; the version is no part of the sum */
        char *version = strstr(bytes + 8, "\"libtorch\"");
        ck_assert_ptr_nonnull(version);
        version[strcspn(version, "0123456789")] = '9';
    }
    size = how == CUT_SHORT ? size / 2 : how == EMPTY ? 0 : size;
    ck_assert_int_eq(unlink(path), 0);
    if (how != GONE)
        must(file_write(path, bytes, size, &e), &e);
    free(bytes);
}

static const struct damage_row {
    enum damage newest, before;
    const char *said;
} damage_rows[] = {
    {INTACT, INTACT, "goes on from step 3 of 12"},
    {CUT_SHORT, INTACT, "goes on from step 2 of 12"},
    {EMPTY, INTACT, "goes on from step 2 of 12"},
    {ONE_BIT, INTACT, "its tensors_sha256 is "},
    {ONE_BIT, INTACT, "goes on from step 2 of 12"},
    {GONE, INTACT, "goes on from step 2 of 12"},
    {GONE, ONE_BIT, "left out: "},
    {GONE, GONE, "no checkpoint of it is left: it begins again\n"},
    {OTHER_LIBTORCH, INTACT, "step-0000000003.safetensors was made with libtorch 9."},
    {OTHER_LIBTORCH, INTACT, "the same within rounding, not to the bit\ngoes on from step 3 of 12"},
};

START_TEST(damaged_checkpoints_change_no_result) {
    const struct damage_row *row = &damage_rows[_i];
    struct err e = {0};
    struct cell c;
    char *newest = checkpoint_path("b", 3), *before = checkpoint_path("b", 2);
    train_whole("a");
    train_steps("b", 3);
    damage(newest, row->newest);
    damage(before, row->before);
    cell_begin(&c, "b", resumed_config);
    must(cell_train(&c, &e), &e);
    ck_assert_msg(strstr(said, row->said) && (*row->said || !*said), "%s", said);
    cell_end(&c);
    char *a = path_join(bed.dir, "a.db"), *b = path_join(bed.dir, "b.db");
    expect_same_results(a, b);
    free(a);
    free(b);
    free(newest);
    free(before);
}
END_TEST

/* A checkpoint is there, but the transaction that was to make its step known failed: its rows were never
 * stored, so the training goes on from the step before. */
START_TEST(a_checkpoint_that_the_store_does_not_know_is_dropped) {
    struct err e = {0};
    struct cell c;
    train_whole("a");
    train_steps("b", 3);
    cell_begin(&c, "b", resumed_config);
    must(sql_script(store_db(c.store),
             "UPDATE cell SET step = 2; DELETE FROM weight WHERE step > 2", &e) &&
             cell_train(&c, &e),
        &e);
    ck_assert_msg(strstr(said, "goes on from step 2 of 12") != NULL, "%s", said);
    cell_end(&c);
    char *a = path_join(bed.dir, "a.db"), *b = path_join(bed.dir, "b.db");
    expect_same_results(a, b);
    free(a);
    free(b);
}
END_TEST

/* The last checkpoint's temporary file leads to a device that is always full. */
START_TEST(a_checkpoint_without_room_names_itself_and_the_remedy) {
    struct err e = {0};
    struct cell c;
    cell_begin(&c, "a", CONFIG("equal", 1, 4, ""));
    char *link = xasprintf("%s/step-0000000004.safetensors.%ld.tmp", c.folder, (long)getpid());
    ck_assert_int_eq(symlink("/dev/full", link), 0);
    ck_assert(!cell_train(&c, &e));
    ck_assert_int_eq(e.kind, ERR_NO_SPACE);
    ck_assert_msg(strstr(e.msg, "the checkpoint of step 4: ") == e.msg &&
                      strstr(e.msg, "a/step-0000000004.safetensors: cannot be written: No space "
                                    "left on device; free space on its disk and run the same "
                                    "command again"),
        "%s", e.msg);
    ck_assert_double_eq(number(&c, "SELECT step FROM cell"), 0);
    free(link);
    cell_end(&c);
}
END_TEST

Suite *learn_suite(void) {
    Suite *s = suite_create("learn");
    TCase *c = tcase_create("learn");
    tcase_set_timeout(c, TIMEOUT_S);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, a_handful_is_learned_by_heart);
    tcase_add_loop_test(
        c, every_weighting_brings_the_losses_down, 0, (int)ARRAY_LEN(weighting_configs));
    tcase_add_test(c, the_joint_loss_on_validation_is_stored);
    tcase_add_test(c, a_diverged_loss_is_said_once_with_its_place);
    tcase_add_test(c, a_cell_in_bf16_leaves_f32_behind);
    tcase_add_test(c, frozen_features_are_the_trunk_s);
    tcase_add_test(c, batches_on_the_device_hold_the_host_s_bytes);
    tcase_add_test(c, pixels_on_the_device_change_no_result);
    tcase_add_loop_test(c, damaged_checkpoints_change_no_result, 0, (int)ARRAY_LEN(damage_rows));
    tcase_add_test(c, a_checkpoint_that_the_store_does_not_know_is_dropped);
    tcase_add_test(c, a_checkpoint_without_room_names_itself_and_the_remedy);
    suite_add_tcase(s, c);
    return s;
}
