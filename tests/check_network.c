#include "check_suites.h"

#include "core/file.h"
#include "core/json.h"
#include "core/mem.h"
#include "core/str.h"
#include "grid/keys.h"
#include "model/network.h"
#include "nets/tensor_file.h"
#include "nets/trunk_table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct th_device cpu = {0, 0};

static struct config config_of(const char *text) {
    struct err e = {0};
    struct config c;
    cJSON *json = json_parse("test", text, strlen(text), &e);
    ck_assert_msg(json != NULL, "%s", e.msg);
    ck_assert_msg(config_parse(&c, json, "test", &e), "%s", e.msg);
    cJSON_Delete(json);
    return c;
}

struct built {
    struct config c;
    th_scope *life, *step;
    struct network *n;
};

static struct built build(const char *text, const char *weights_dir) {
    struct err e = {0};
    struct built b = {.c = config_of(text), .life = th_scope_new(cpu), .step = th_scope_new(cpu)};
    b.n = network_new(&b.c, b.life, weights_dir, &e);
    ck_assert_msg(b.n != NULL, "%s", e.msg);
    return b;
}

static void done(struct built *b) {
    network_free(b->n);
    th_scope_free(b->step);
    th_scope_free(b->life);
    config_free(&b->c);
}

/* The published counts with their 1000-class heads (1280 x 1000 + 1000 = 1,281,000 parameters, 2
 * entries) and 49 counters of batches: B0 5,288,548 and 360, Lite0 4,652,008 and 296. */
static const struct {
    const char *trunk;
    int64_t parameters;
    size_t entries;
} published[] = {
    {"efficientnet-b0", 5288548 - 1281000, 360 - 2 - 49},
    {"efficientnet-lite0", 4652008 - 1281000, 296 - 2 - 49},
};

START_TEST(trunks_have_the_published_counts) {
    char text[256];
    snprintf(text, sizeof text,
        "{\"data\": {\"image_px\": 64}, \"trunk\": {\"name\": \"%s\", \"weights\": \"none\"}, \"tasks\": {\"gender\": "
        "{\"kind\": \"nominal\"}}}",
        published[_i].trunk);
    struct built b = build(text, "nowhere");
    size_t n, trunk = 0;
    const struct parameter *p = network_parameters(b.n, &n);
    for (size_t i = 0; i < n; i++)
        trunk += !p[i].head;
    ck_assert_int_eq(network_parameter_count(b.n), published[_i].parameters + 1280 * 2 + 2);
    ck_assert_uint_eq(trunk, published[_i].entries);
    done(&b);
}
END_TEST

/* ---- against timm and torchvision (tests/reference/trunks.py) ---- */

/* Pictures number 0 and 1 of the script, [2,side,side,3]. */
static th_tensor *pictures(th_scope *s, int side) {
    size_t one = (size_t)side * (size_t)side * 3;
    uint8_t *rgb = xmalloc(2 * one);
    for (int number = 0; number < 2; number++)
        for (int y = 0; y < side; y++)
            for (int x = 0; x < side; x++)
                for (int c = 0; c < 3; c++)
                    rgb[(size_t)number * one + (size_t)(y * side + x) * 3 + (size_t)c] =
                        (uint8_t)((x * (7 + number) + y * 13 + c * 29 + (x * y) / 16 +
                                      number * 41) %
                                  256);
    th_tensor *t = th_from(s, TH_U8, 4, (int64_t[]){2, side, side, 3}, rgb);
    free(rgb);
    return t;
}

/* The script's formula: in [-0.5, 0.5). */
static float formula(uint64_t item, uint64_t i) {
    uint32_t h = (uint32_t)(i * 2654435761u + item * 40503u * 65537u + 12345u);
    h = (h ^ h >> 15) * 2246822519u;
    return (float)(h * 0x1p-32 - 0.5);
}

static void fill_by_formula(struct built *b) {
    size_t n;
    const struct parameter *p = network_parameters(b->n, &n);
    for (size_t k = 0; k < n && !p[k].head; k++) {
        int64_t count = th_count(p[k].tensor), shape[4] = {0};
        for (int d = 0; d < th_dims(p[k].tensor); d++)
            shape[d] = th_size(p[k].tensor, d);
        double fan_in = shape[3] ? (double)(count / shape[0]) : 0;
        bool around_1 = str_ends(p[k].name, "norm.weight") || str_ends(p[k].name, "running_var");
        float *values = xmalloc((size_t)count * sizeof *values);
        for (int64_t i = 0; i < count; i++) {
            float u = formula(k, (uint64_t)i);
            values[i] = fan_in ? u * (float)sqrt(12 / fan_in) : around_1 ? 1 + 0.5f * u : 0.2f * u;
        }
        th_assign(
            b->life, p[k].tensor, th_from(b->life, TH_F32, th_dims(p[k].tensor), shape, values));
        free(values);
    }
    struct err e = {0};
    ck_assert_msg(th_take_error(b->life, &e), "%s", e.msg);
}

static struct tensor_file fixture;

static void open_fixture(void) {
    struct err e = {0};
    ck_assert_msg(tensor_file_open(&fixture, "tests/fixtures/trunks.safetensors", &e), "%s", e.msg);
}

static void close_fixture(void) {
    tensor_file_close(&fixture);
}

/* Largest difference over the largest reference value. */
static double relative_difference(struct built *b, th_tensor *t, const char *name) {
    const struct tensor_entry *entry = tensor_file_find(&fixture, name);
    ck_assert_msg(entry != NULL, "%s", name);
    size_t n = entry->bytes / sizeof(float);
    float *wanted = xmalloc(entry->bytes), *got = xmalloc(entry->bytes);
    memcpy(wanted, entry->data, entry->bytes);
    struct err e = {0};
    th_read(b->step, t, TH_F32, got, entry->bytes);
    ck_assert_msg(th_take_error(b->step, &e), "%s: %s", name, e.msg);
    double largest = 0, difference = 0;
    for (size_t i = 0; i < n; i++) {
        largest = fmax(largest, fabs(wanted[i]));
        difference = fmax(difference, fabs((double)wanted[i] - got[i]));
    }
    free(wanted);
    free(got);
    return difference / largest;
}

static th_tensor *features(struct built *b, int side, bool train) {
    struct pass pass = {b->step, train, 1, 0};
    return network_features(b->n, &pass, network_normalise(b->n, &pass, pictures(b->step, side)));
}

static const int lite0_sides[] = {224, 97};

START_TEST(lite0_gives_what_timm_gives) {
    const char *dir = "datasets/weights";
    char *path = path_join(dir, trunk_tables[TRUNK_LITE0].imagenet_file), name[64];
    bool there = file_exists(path);
    free(path);
    if (!there) {
        printf("skipped: lite0_gives_what_timm_gives: no ImageNet weights in %s (`make weights`)\n",
            dir);
        return;
    }
    struct built b = build("{\"data\": {\"image_px\": 224}, \"trunk\": {\"name\": "
                           "\"efficientnet-lite0\", \"weights\": \"imagenet\"}, \"tasks\": "
                           "{\"gender\": {\"kind\": \"nominal\"}}}",
        dir);
    snprintf(name, sizeof name, "lite0.%d.features", lite0_sides[_i]);
    /* 1e-5 is the rounding of some 50 float32 layers in another order of sums */
    ck_assert_double_lt(relative_difference(&b, features(&b, lite0_sides[_i], false), name), 1e-5);
    done(&b);
}
END_TEST

static const int b0_sides[] = {64, 97};

START_TEST(b0_gives_what_torchvision_gives) {
    int side = b0_sides[_i];
    char name[64];
    struct built b = build("{\"trunk\": {\"name\": \"efficientnet-b0\", \"weights\": \"none\", "
                           "\"dropout\": 0, \"stochastic_depth\": 0}, \"tasks\": {\"gender\": "
                           "{\"kind\": \"nominal\"}}}",
        "nowhere");
    fill_by_formula(&b);
    snprintf(name, sizeof name, "b0.%d.features", side);
    ck_assert_double_lt(relative_difference(&b, features(&b, side, false), name), 1e-4);
    snprintf(name, sizeof name, "b0.%d.train_features", side);
    ck_assert_double_lt(relative_difference(&b, features(&b, side, true), name), 1e-4);
    size_t n, first = 4, last = 308; /* running_var of the stem and of the last convolution */
    const struct parameter *p = network_parameters(b.n, &n);
    ck_assert_str_eq(p[first].name, "stem.norm.running_var");
    ck_assert_str_eq(p[last].name, "head.norm.running_var");
    snprintf(name, sizeof name, "b0.%d.first_var", side);
    ck_assert_double_lt(relative_difference(&b, p[first].tensor, name), 1e-5);
    snprintf(name, sizeof name, "b0.%d.last_var", side);
    ck_assert_double_lt(relative_difference(&b, p[last].tensor, name), 1e-4);
    done(&b);
}
END_TEST

Suite *network_suite(void) {
    Suite *s = suite_create("network");
    TCase *c = tcase_create("network");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, trunks_have_the_published_counts, 0, 2);
    suite_add_tcase(s, c);
    TCase *r = tcase_create("reference");
    tcase_set_timeout(r, 60);
    tcase_add_checked_fixture(r, open_fixture, close_fixture);
    tcase_add_loop_test(r, lite0_gives_what_timm_gives, 0, 2);
    tcase_add_loop_test(r, b0_gives_what_torchvision_gives, 0, 2);
    suite_add_tcase(s, r);
    return s;
}
