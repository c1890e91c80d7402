/* What a worker's cells share: opened once, and each cell gets what its own configuration asks for. */
#include "check_suites.h"

#include "check_folder.h"
#include "core/file.h"
#include "core/mem.h"
#include "data/synth.h"
#include "fixture_network.h"
#include "worker/sets.h"

#include <stdio.h>
#include <stdlib.h>

enum { FACES = 6 };

#define CONFIG(px, from)                                                                           \
    "{\"data\": {\"set\": \"synthetic\", \"image_px\": " #px "}, \"tasks\": {\"gender\": {}}, "    \
    "\"trunk\": {\"name\": \"small\", \"weights\": \"none\", \"train_from\": \"" from "\"}}"

static char *dir;
static struct work_options options;
static struct sets sets;
static struct th_device device;

static void setup(void) {
    struct err e = {0};
    dir = folder_new();
    char *faces = path_join(dir, "faces"), *data = xasprintf("synthetic=%s", faces);
    sets = (struct sets){0};
    options = (struct work_options){.cache_dir = dir, .quiet = true};
    ck_assert_msg(
        synth_write(faces, FACES, 40, 1, 1, &e) && data_options_add(&options.data, data, &e), "%s",
        e.msg);
    free(data);
    free(faces);
}

static void teardown(void) {
    sets_close(&sets);
    data_options_free(&options.data);
    folder_remove(dir);
}

/* The source that a cell of this configuration gets. */
static struct source source_of(const char *config) {
    struct err e = {0};
    struct built b = built_new(config, "");
    const struct source *s = sets_source(&sets, &options, b.c, b.n, device, NULL, NULL, &e);
    ck_assert_msg(s != NULL, "%s", e.msg);
    struct source source = *s;
    built_free(&b);
    return source;
}

START_TEST(a_frozen_trunk_s_features_come_again_after_pixels) {
    struct source first = source_of(CONFIG(24, "frozen")), pixels = source_of(CONFIG(24, "all")),
                  again = source_of(CONFIG(24, "frozen"));
    ck_assert_ptr_nonnull(first.features);
    ck_assert_ptr_null(first.pixels);
    ck_assert_ptr_null(pixels.features);
    ck_assert_ptr_nonnull(pixels.pixels);
    ck_assert_ptr_eq(again.features, first.features); /* kept, not read anew */
    ck_assert_ptr_null(again.pixels);
    ck_assert_uint_eq(again.manifest->n, FACES);
}
END_TEST

/* A CPU has them mapped already. `make test-cuda` asks a GPU. */
START_TEST(pixels_lie_on_a_gpu_but_stay_in_their_file_on_a_cpu) {
    static const char *const configs[] = {CONFIG(24, "all"), CONFIG(32, "all")};
    const char *name = getenv("DMTL_DEVICE");
    struct err e = {0};
    if (!th_device_parse(name ? name : "cpu", &device, &e)) {
        printf("skipped: sets: %s\n", e.msg);
        return;
    }
    for (int i = 0; i < 2; i++) {
        struct source s = source_of(configs[i]);
        ck_assert_int_eq(s.pixels->image_px, i ? 32 : 24);
        ck_assert_int_eq(
            th_count(s.resident), device.kind ? FACES * (i ? 32 * 32 : 24 * 24) * 3 : 0);
    }
}
END_TEST

Suite *sets_suite(void) {
    Suite *s = suite_create("sets");
    TCase *c = tcase_create("sets");
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, a_frozen_trunk_s_features_come_again_after_pixels);
    tcase_add_test(c, pixels_lie_on_a_gpu_but_stay_in_their_file_on_a_cpu);
    suite_add_tcase(s, c);
    return s;
}
