/* Training on a device, held to that of the CPU in f32: 50 steps on drawn faces. DMTL_DEVICE names the
 * device (`make test-cuda`: cuda). Without it that is the CPU, on which the same checks hold bf16 to f32
 * and pixels that lie on the device to those from the host; what needs a GPU says that it was skipped.
 * A GPU can be used in a forked process only where its parent has not touched it: none is asked for outside
 * a test. */
#include "check_suites.h"

#include "check_folder.h"
#include "check_run.h"
#include "core/file.h"
#include "core/json.h"
#include "core/mem.h"
#include "data/batch.h"
#include "data/pixels.h"
#include "data/synth.h"
#include "grid/keys.h"
#include "learn/feed.h"
#include "learn/optimiser.h"
#include "learn/weighting.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FACES = 64, PX = 32, BATCH = 16, STEPS = 50, TASKS = 3, TIMEOUT_S = 600 };

static const struct th_device host = {0, 0};

static struct {
    char *dir;
    struct manifest manifest;
    struct pixels pixels;
    struct th_device device; /* that is checked: `can` finds it */
} bed;

static void must(bool ok, const struct err *e) {
    ck_assert_msg(ok, "%s", e->msg);
}

static const char *asked_for(void) {
    const char *name = getenv("DMTL_DEVICE");
    return name && *name ? name : "cpu";
}

static void setup(void) {
    struct err e = {0};
    bed.dir = folder_new();
    char *faces = path_join(bed.dir, "faces");
    must(th_setup(1, true, &e) && synth_write(faces, FACES, PX, 1, 1, &e) &&
             manifest_open(
                 &bed.manifest, DATASET_SYNTHETIC, (struct reading){0}, faces, NULL, 1, &e) &&
             pixels_open(&bed.pixels, &bed.manifest, PX, bed.dir, 1, 0, NULL, NULL, &e),
        &e);
    free(faces);
}

/* Whether the device is there and can do what a check wants of it; where not, says so for `check`, unless
 * that is NULL, for another has said it. */
static bool can(const char *check, enum th_precision p) {
    struct err why = {0};
    if (th_device_parse(asked_for(), &bed.device, &why) && th_precision_there(p, bed.device, &why))
        return true;
    if (check)
        printf("skipped: device: %s: %s\n", check, why.msg);
    return false;
}

static void teardown(void) {
    pixels_close(&bed.pixels);
    manifest_close(&bed.manifest);
    folder_remove(bed.dir);
}

/* ---- a training, step by step ---- */

struct run {
    th_scope *life, *step;
    struct config config;
    struct source source;
    struct network *network;
    struct weighting *weighting;
    struct optimiser *optimiser;
};

#define CONFIG(trunk, px, precision)                                                               \
    "{\"data\": {\"set\": \"synthetic\", \"image_px\": " #px                                       \
    "}, \"tasks\": {\"age\": {\"hidden\": "                                                        \
    "[16]}, \"gender\": {\"dropout\": 0.2}, \"race\": {}}, \"trunk\": {\"name\": \"" trunk         \
    "\", \"weights\": \"none\", \"dropout\": 0.2, \"stochastic_depth\": 0.2}, \"augment\": {"      \
    "\"flip\": true, \"shift_px\": 2}, \"optimiser\": {\"lr\": 0.005}, \"weighting\": {\"kind\": " \
    "\"uncertainty\"}, \"precision\": \"" precision "\"}"

static const struct precision_row {
    const char *name, *config, *large;
    enum th_precision precision;
    double least, most; /* apart from the CPU's f32 after STEPS steps */
} rows[] = {
    /* On a CPU 1e-7 between numbers of threads, 2.7e-3 in bf16, whose mantissa is 3 bits shorter than
     * TF32's. A mistake is further away: a learning rate of .006 2.1e-2, shifts of 1 pixel 5.2e-2. */
    {"f32", CONFIG("small", 32, "f32"), CONFIG("efficientnet-b0", 224, "f32"), TH_IN_F32, 0, 1e-4},
    {"tf32", CONFIG("small", 32, "tf32"), CONFIG("efficientnet-b0", 224, "tf32"), TH_IN_TF32, 1e-8,
        2e-3},
    {"bf16", CONFIG("small", 32, "bf16"), CONFIG("efficientnet-b0", 224, "bf16"), TH_IN_BF16, 1e-4,
        1e-2},
};
enum { ROWS = ARRAY_LEN(rows) };
static const struct precision_row *const f32 = &rows[0];

enum where { FROM_HOST, ON_DEVICE };

static void run_open(struct run *r, struct th_device d, const char *text, enum where pixels) {
    struct err e = {0};
    *r = (struct run){.life = th_scope_new(d), .step = th_scope_new(d)};
    cJSON *object = json_parse("test", text, strlen(text), &e);
    must(object && config_parse(&r->config, object, "test", &e), &e);
    cJSON_Delete(object);
    r->source =
        (struct source){.manifest = &bed.manifest, .bad = bed.pixels.bad, .pixels = &bed.pixels};
    if (pixels == ON_DEVICE)
        r->source.resident =
            th_borrow(r->life, TH_U8, 4, (int64_t[]){FACES, PX, PX, 3}, bed.pixels.rgb);
    r->network = network_new(&r->config, r->life, "", &e);
    must(r->network && (r->weighting = weighting_new(&r->config, r->life, &e)) &&
             (r->optimiser = optimiser_new(
                  &r->config, r->network, weighting_log_variances(r->weighting), r->life, &e)),
        &e);
    th_set_precision(network_precision(&r->config, th_scope_device(r->life)));
}

static void run_close(struct run *r) {
    th_set_precision(TH_IN_F32);
    optimiser_free(r->optimiser);
    weighting_free(r->weighting);
    network_free(r->network);
    th_scope_free(r->step);
    th_scope_free(r->life);
    config_free(&r->config);
}

/* losses NULL: not read, so that the device need not be waited for. */
static void take_step(struct run *r, const struct feed_batch *b, int step, double *losses) {
    struct err e = {0};
    struct pass pass = {r->step, true, r->config.seed, (uint32_t)step};
    th_tensor *logits[MAX_TASKS], *loss[MAX_TASKS];
    bool present[MAX_TASKS];
    feed_logits(&r->source, r->network, &pass, b, logits);
    for (int k = 0; k < TASKS; k++) {
        struct target target = feed_target(&r->source, r->step, &r->config.tasks[k], b);
        loss[k] = loss_mean(r->step, &r->config.tasks[k], logits[k], &target);
        present[k] = true;
    }
    weighting_backward(r->weighting, r->step, loss, present);
    optimiser_step(r->optimiser, r->step, r->config.optimiser.lr);
    for (int k = 0; k < TASKS && losses; k++)
        losses[k] = th_item(r->step, loss[k]);
    must(th_take_error(r->step, &e), &e);
    th_scope_clear(r->step);
}

/* Steps first .. first + n - 1, epoch after epoch; losses as take_step has them, [n][TASKS]. */
static void take_steps(struct run *r, size_t batch, int first, int n, double (*losses)[TASKS]) {
    int per_epoch = (int)(FACES / batch), done = 0;
    uint32_t order[FACES];
    while (done < n) {
        struct feed_batch b;
        int epoch = (first + done) / per_epoch, from = (first + done) % per_epoch;
        for (uint32_t i = 0; i < FACES; i++)
            order[i] = i;
        epoch_order(r->config.seed, epoch, order, FACES);
        struct feed *feed =
            feed_open(&r->source, &r->config, order, FACES, batch, (size_t)from, epoch);
        for (; done < n && feed_next(feed, r->step, &b); done++)
            take_step(r, &b, first + done, losses ? losses[done] : NULL);
        feed_close(feed);
    }
}

struct losses {
    double of[STEPS][TASKS];
};

static struct losses train_on(
    struct th_device d, const struct precision_row *p, enum where pixels) {
    struct losses l;
    struct run r;
    run_open(&r, d, p->config, pixels);
    take_steps(&r, BATCH, 0, STEPS, l.of);
    run_close(&r);
    return l;
}

static bool same_bits(const struct losses *a, const struct losses *b) {
    return memcmp(a, b, sizeof *a) == 0;
}

/* How far two trainings are apart: the largest over tasks of the mean difference over the mean loss. */
static double apart(const struct losses *a, const struct losses *b) {
    double largest = 0;
    for (int k = 0; k < TASKS; k++) {
        double difference = 0, sum = 0;
        for (int i = 0; i < STEPS; i++) {
            difference += fabs(a->of[i][k] - b->of[i][k]);
            sum += fabs(b->of[i][k]);
        }
        largest = fmax(largest, difference / sum);
    }
    return largest;
}

/* ---- the checks ---- */

START_TEST(losses_are_those_of_the_cpu_in_f32) {
    if (!can(rows[_i].name, rows[_i].precision))
        return;
    struct losses here = train_on(bed.device, &rows[_i], FROM_HOST),
                  there = train_on(host, f32, FROM_HOST);
    double by = apart(&here, &there);
    printf("device: %s is %.1e apart from the CPU's f32 over %d steps\n", rows[_i].name, by, STEPS);
    ck_assert_double_le(by, rows[_i].most);
    ck_assert_double_ge(by, rows[_i].least); /* the key had its effect */
    ck_assert_double_lt(there.of[STEPS - 1][0], there.of[0][0]);
}
END_TEST

START_TEST(two_trainings_have_the_same_bits) {
    if (!can(NULL, rows[_i].precision))
        return;
    struct losses once = train_on(bed.device, &rows[_i], FROM_HOST),
                  again = train_on(bed.device, &rows[_i], FROM_HOST);
    ck_assert(same_bits(&once, &again));
}
END_TEST

START_TEST(pixels_on_the_device_have_the_same_bits) {
    if (!can(NULL, rows[_i].precision))
        return;
    struct losses from_host = train_on(bed.device, &rows[_i], FROM_HOST),
                  on_device = train_on(bed.device, &rows[_i], ON_DEVICE);
    ck_assert(same_bits(&from_host, &on_device));
}
END_TEST

/* 2^24 pictures of 224 px are 2.3 TiB. A worker goes on with its next cell on the same device. */
START_TEST(memory_that_runs_out_is_said_and_harms_no_other_training) {
    struct err e = {0};
    if (!can("memory", TH_IN_F32))
        return;
    if (bed.device.kind == 0) {
        printf("skipped: device: memory: a GPU's is meant; the suite torch has the CPU's\n");
        return;
    }
    struct losses before = train_on(bed.device, f32, ON_DEVICE);
    th_scope *s = th_scope_new(bed.device);
    ck_assert_ptr_null(th_zeros(s, TH_U8, 4, (int64_t[]){1 << 24, 224, 224, 3}));
    ck_assert(!th_take_error(s, &e));
    ck_assert_msg(strncmp(e.msg, "out of memory: ", 15) == 0 &&
                      strstr(e.msg, " more of the GPU's memory was asked for than there is; lower "
                                    "/batch or /data/image_px in the grid file"),
        "%s", e.msg);
    th_scope_free(s);
    ck_assert_int_gt(th_device_free_bytes(bed.device), 0);
    struct losses after = train_on(bed.device, f32, ON_DEVICE);
    ck_assert(same_bits(&before, &after));
}
END_TEST

/* ---- speed: shown, not judged ---- */

static double images_per_s(struct th_device d, const struct precision_row *p, int steps) {
    enum { LARGE_BATCH = 32, LARGE_PX = 224, WARM = 2 };
    struct run r;
    run_open(&r, d, p->large, FROM_HOST);
    r.source.resident = th_zeros(r.life, TH_U8, 4, (int64_t[]){FACES, LARGE_PX, LARGE_PX, 3});
    take_steps(&r, LARGE_BATCH, 0, WARM, NULL);
    th_synchronize(d);
    double began = seconds_now();
    take_steps(&r, LARGE_BATCH, WARM, steps, NULL);
    th_synchronize(d);
    double rate = steps * LARGE_BATCH / (seconds_now() - began);
    run_close(&r);
    return rate;
}

START_TEST(speed) {
    char name[128];
    struct err e = {0};
    if (!getenv("DMTL_DEVICE") || !can("speed", TH_IN_F32))
        return;
    must(th_setup(0, true, &e), &e);
    printf("device: training of EfficientNet-B0, 224 px, batch 32, pixels on the device\n");
    th_device_name(host, name);
    printf("device: %.1f images/s in f32 on %s, %d threads\n", images_per_s(host, f32, 5), name,
        th_threads());
    th_device_name(bed.device, name);
    for (int i = 0; i < ROWS; i++)
        if ((bed.device.kind || i) && can(rows[i].name, rows[i].precision))
            printf("device: %.1f images/s in %s on %s\n",
                images_per_s(bed.device, &rows[i], bed.device.kind ? 50 : 5), rows[i].name, name);
}
END_TEST

Suite *device_suite(void) {
    Suite *s = suite_create("device");
    TCase *c = tcase_create("device");
    tcase_set_timeout(c, TIMEOUT_S);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_loop_test(c, losses_are_those_of_the_cpu_in_f32, 0, ROWS);
    tcase_add_loop_test(c, two_trainings_have_the_same_bits, 0, ROWS);
    tcase_add_loop_test(c, pixels_on_the_device_have_the_same_bits, 0, ROWS);
    tcase_add_test(c, memory_that_runs_out_is_said_and_harms_no_other_training);
    tcase_add_test(c, speed);
    suite_add_tcase(s, c);
    return s;
}
