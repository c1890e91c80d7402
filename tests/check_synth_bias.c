/* Drawn sets with a planted bias: the recipe's reader, who gets what, what is done to a picture, and the
 * truth that is written beside the images. */
#include "check_folder.h"
#include "check_suites.h"

#include "core/file.h"
#include "core/mem.h"
#include "data/manifest.h"
#include "data/synth_bias.h"
#include "data/synth_spoil.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *dir;

static void setup(void) {
    dir = folder_new();
}

static void teardown(void) {
    folder_remove(dir);
}

static bool read_text(struct bias *b, const char *text, struct err *e) {
    folder_put_text(dir, "r.json", text);
    char *path = path_join(dir, "r.json");
    bool ok = bias_read(b, path, e);
    free(path);
    return ok;
}

static struct bias recipe(const char *text) {
    struct bias b;
    struct err e = {0};
    ck_assert_msg(read_text(&b, text, &e), "%s", e.msg);
    return b;
}

/* ---- the recipe ---- */

START_TEST(the_last_plant_of_an_effect_counts) {
    struct bias b =
        recipe("{\"plant\": [{\"who\": {\"race\": \"Black\"}, \"blur_px\": 2, \"occlusion\": 0.5},"
               "{\"who\": {\"age\": [30, 39], \"gender\": \"female\"}, \"blur_px\": 3}]}");
    static const struct {
        int16_t truth[ATTR_COUNT]; /* age, gender, race */
        double blur, occlusion;
    } rows[] = {{{30, 1, 1}, 3, .5}, {{39, 1, 0}, 3, -1}, {{29, 1, 1}, 2, .5}, {{40, 1, 0}, -1, -1},
        {{35, 0, 1}, 2, .5}, {{35, 0, 4}, -1, -1}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fate f = bias_fate(&b, rows[i].truth, 1, (uint32_t)i);
        ck_assert_double_eq(f.amount[EFFECT_BLUR], rows[i].blur);
        ck_assert_double_eq(f.amount[EFFECT_OCCLUSION], rows[i].occlusion);
        ck_assert_int_eq(memcmp(f.label, rows[i].truth, sizeof f.label), 0);
        ck_assert(f.kept);
    }
    bias_free(&b);
}
END_TEST

#define WHO "{\"plant\": [{\"who\": {\"race\": \"Black\"}"
static const struct {
    const char *text, *message;
} bad[] = {
    {"[]", "r.json: /: []: expected an object with plant"},
    {"{\"plant\": [}", "r.json:"},
    {"{\"plants\": []}", "/: unknown key \"plants\"; did you mean plant?"},
    {"{\"title\": 3, \"plant\": []}", "/title: 3: expected a text"},
    {"{}", "/plant: is not there: expected a list of what is planted"},
    {"{\"plant\": []}", "/plant: []: expected a list of what is planted"},
    {"{\"plant\": [{\"blur_px\": 2}]}", "/plant/0/who: is not there: expected an object with age"},
    {"{\"plant\": [{\"who\": {}, \"blur_px\": 2}]}",
        "/plant/0/who: {}: expected at least one attribute"},
    {"{\"plant\": [{\"who\": {\"sex\": \"male\"}}]}", "/plant/0/who: unknown key \"sex\""},
    {"{\"plant\": [{\"who\": {\"gender\": \"women\"}}]}",
        "/plant/0/who/gender: \"women\": expected \"male\" or \"female\""},
    {"{\"plant\": [{\"who\": {\"race\": 1}}]}",
        "/plant/0/who/race: 1: expected \"White\", \"Black\","},
    {"{\"plant\": [{\"who\": {\"age\": 60}}]}",
        "/plant/0/who/age: 60: expected the first and the last"},
    {"{\"plant\": [{\"who\": {\"age\": [60, 50]}}]}",
        "/plant/0/who/age: [60,50]: expected the first"},
    {"{\"plant\": [{\"who\": {\"age\": [6, 7, 8]}}]}", "/plant/0/who/age: [6,7,8]: expected"},
    {"{\"plant\": [{\"who\": {\"age\": [1.5, 7]}}]}", "/plant/0/who/age: [1.5,7]: expected"},
    {WHO "}]}", "/plant/0: plants nothing; expected blur_px, occlusion, keep or label_noise"},
    {WHO ", \"label_noise\": {}}]}", "/plant/0: plants nothing"},
    {WHO ", \"blurpx\": 2}]}", "/plant/0: unknown key \"blurpx\"; did you mean blur_px?"},
    {WHO ", \"blur_px\": 0}]}", "/plant/0/blur_px: 0: expected a number above 0, at most 100"},
    {WHO ", \"blur_px\": 101}]}", "/plant/0/blur_px: 101: expected"},
    {WHO ", \"blur_px\": \"2\"}]}", "/plant/0/blur_px: \"2\": expected"},
    {WHO ", \"occlusion\": 1.01}]}",
        "/plant/0/occlusion: 1.01: expected a share above 0, at most 1"},
    {WHO ", \"keep\": 1}]}", "/plant/0/keep: 1: expected a share from 0 to below 1"},
    {WHO ", \"keep\": -0.1}]}", "/plant/0/keep: -0.1: expected"},
    {WHO ", \"label_noise\": 0.2}]}",
        "/plant/0/label_noise: 0.2: expected an object with the share"},
    {WHO ", \"label_noise\": {\"gender\": 2}}]}",
        "/plant/0/label_noise/gender: 2: expected a share above 0, at most 1"},
    {WHO ", \"label_noise\": {\"rase\": 0.2}}]}",
        "label_noise: unknown key \"rase\"; did you mean race?"},
};

START_TEST(a_wrong_recipe_is_refused) {
    struct bias b;
    struct err e = {0};
    ck_assert(!read_text(&b, bad[_i].text, &e));
    ck_assert_msg(strstr(e.msg, bad[_i].message), "\"%s\" is not in: %s", bad[_i].message, e.msg);
    ck_assert_int_eq(err_exit_code(&e), 2);
    bias_free(&b);
}
END_TEST

/* ---- who gets what ---- */

/* Of 4000 faces, 0.3 are 1200, and a standard deviation is sqrt(4000 x 0.3 x 0.7) = 29: within 4 of them. */
START_TEST(shares_are_those_of_the_recipe) {
    struct bias b = recipe("{\"plant\": [{\"who\": {\"gender\": \"male\"}, \"keep\": 0.3,"
                           "\"label_noise\": {\"age\": 0.3, \"gender\": 0.3, \"race\": 0.3}}]}"),
                more = recipe("{\"plant\": [{\"who\": {\"gender\": \"male\"}, \"keep\": 0.6}]}");
    static const int16_t man[ATTR_COUNT] = {35, 0, 2}, woman[ATTR_COUNT] = {35, 1, 2};
    int replaced[ATTR_COUNT] = {0}, kept = 0;
    for (uint32_t i = 0; i < 4000; i++) {
        struct fate f = bias_fate(&b, man, 9, i), other = bias_fate(&b, woman, 9, i);
        for (int a = 0; a < ATTR_COUNT; a++)
            replaced[a] += f.label[a] != man[a];
        ck_assert(f.label[ATTR_AGE] >= SYNTH_FIRST_AGE && f.label[ATTR_AGE] <= SYNTH_LAST_AGE);
        ck_assert(f.label[ATTR_GENDER] >= 0 && f.label[ATTR_GENDER] <= 1);
        ck_assert(f.label[ATTR_RACE] >= 0 && f.label[ATTR_RACE] <= 4);
        kept += f.kept;
        ck_assert(!f.kept || bias_fate(&more, man, 9, i).kept);
        ck_assert(other.kept && memcmp(other.label, woman, sizeof woman) == 0);
    }
    for (int a = 0; a < ATTR_COUNT; a++)
        ck_assert_msg(abs(replaced[a] - 1200) < 116, "%s: %d", attribute_name[a], replaced[a]);
    ck_assert_msg(abs(kept - 1200) < 116, "%d", kept);
    bias_free(&b);
    bias_free(&more);
}
END_TEST

/* ---- the picture ---- */

enum { SIDE = 61 };

static struct image flat(uint8_t tone) {
    struct image im = {SIDE, SIDE, xmalloc((size_t)3 * SIDE * SIDE)};
    memset(im.rgb, tone, (size_t)3 * SIDE * SIDE);
    return im;
}

/* A white line on black spreads to a Gaussian: its height is 255 / (sqrt(2 pi) 3) = 33.9 in the middle, and
 * exp(-1/2) = 0.607 of that, 20.6, at one standard deviation of 3 pixels. Both to the rounding of two
 * passes; along the line nothing changes. */
START_TEST(blur_is_a_gaussian) {
    struct image im = flat(0), even = flat(200);
    for (int y = 0; y < SIDE; y++)
        memset(im.rgb + 3 * (y * SIDE + SIDE / 2), 255, 3);
    spoil_blur(&im, 3);
    for (int y = 0; y < SIDE; y += SIDE - 1) {
        const uint8_t *row = im.rgb + 3 * y * SIDE;
        ck_assert_int_le(abs(row[3 * (SIDE / 2)] - 34), 1);
        ck_assert_int_le(abs(row[3 * (SIDE / 2 - 3)] - 21), 1);
        ck_assert_int_le(abs(row[3 * (SIDE / 2 + 3) + 2] - 21), 1);
        ck_assert_int_eq(row[3 * (SIDE / 2 + 12)], 0);
    }
    spoil_blur(&even, 40); /* farther than the picture is wide */
    for (int i = 0; i < 3 * SIDE * SIDE; i++)
        ck_assert_int_eq(even.rgb[i], 200);
    image_free(&im);
    image_free(&even);
}
END_TEST

static bool inside(const struct face_place *p, int x, int y) {
    double dx = x + .5 - p->x, dy = y + .5 - p->y;
    double u = (dx * cos(p->turn) + dy * sin(p->turn)) / p->half_width,
           v = (dy * cos(p->turn) - dx * sin(p->turn)) / p->half_height;
    return u * u + v * v <= 1;
}

/* Within 3 % of the ellipse's area: its 1,650 pixels have a border of about 150, half of them in doubt where
 * the band ends. */
START_TEST(a_cover_takes_its_share_of_the_face) {
    static const double shares[] = {.1, .3, .5, .9, 1};
    struct face_place p = {31.2, 28.7, 21, 25, .2};
    for (uint32_t i = 0; i < 20; i++) {
        struct image im = flat(255);
        struct rng r = rng_open(1, RNG_TEST, 0, i);
        double share = shares[i % ARRAY_LEN(shares)];
        int of_face = 0, covered = 0;
        spoil_cover(&im, &p, share, &r);
        for (int y = 0; y < SIDE; y++)
            for (int x = 0; x < SIDE; x++) {
                if (inside(&p, x, y)) {
                    of_face++;
                    covered += im.rgb[3 * (y * SIDE + x)] != 255;
                }
            }
        ck_assert_msg(fabs((double)covered / of_face - share) < .03, "%d of %d are %.3f, not %.3f",
            covered, of_face, (double)covered / of_face, share);
        image_free(&im);
    }
}
END_TEST

/* Drawn with another tone of skin, a picture changes within the ellipse, and less outside (neck, hair). */
START_TEST(the_place_is_the_face_s) {
    enum { FACE_PX = 64 };
    int in = 0, out = 0, changed_in = 0, changed_out = 0;
    for (uint32_t i = 0; i < 40; i++) {
        struct image light, dark;
        struct face_place p = synth_face_place(FACE_PX, 30, 0, 0, 3, i);
        synth_face(&light, FACE_PX, 30, 0, 0, 3, i);
        synth_face(&dark, FACE_PX, 30, 0, 1, 3, i);
        for (int k = 0; k < FACE_PX * FACE_PX; k++) {
            bool changed = abs(light.rgb[3 * k] - dark.rgb[3 * k]) > 30;
            bool face = inside(&p, k % FACE_PX, k / FACE_PX);
            *(face ? &in : &out) += 1;
            *(face ? &changed_in : &changed_out) += changed;
        }
        image_free(&light);
        image_free(&dark);
    }
    double share_in = (double)changed_in / in, share_out = (double)changed_out / out;
    ck_assert_msg(
        share_in > .9 && share_out < .35, "%.3f within, %.3f outside", share_in, share_out);
}
END_TEST

/* ---- the set ---- */

enum { FACES = 60, PX = 16 };
#define PLANTED                                                                                          \
    "{\"plant\": [{\"who\": {\"gender\": \"female\"}, \"blur_px\": 2, \"label_noise\": {\"age\": 0.5}}," \
    "{\"who\": {\"gender\": \"male\"}, \"occlusion\": 0.4, \"keep\": 0.5}]}"

static bool write_set(const char *name, const char *text, size_t *n, struct err *e) {
    folder_put_text(dir, "r.json", text);
    char *out = path_join(dir, name), *path = path_join(dir, "r.json");
    bool ok = synth_write_biased(out, path, FACES, PX, 5, 2, n, e);
    free(path);
    free(out);
    return ok;
}

static size_t write_set_ok(const char *name, const char *text) {
    struct err e = {0};
    size_t n = 0;
    ck_assert_msg(write_set(name, text, &n, &e), "%s", e.msg);
    return n;
}

static char *read_from(const char *name, const char *file) {
    struct err e = {0};
    char *inner = path_join(dir, name), *path = path_join(inner, file);
    char *text = file_read(path, 1 << 20, NULL, &e);
    ck_assert_msg(text != NULL, "%s", e.msg);
    free(path);
    free(inner);
    return text;
}

static struct manifest open_set(const char *name) {
    struct manifest m;
    struct err e = {0};
    char *path = path_join(dir, name);
    ck_assert_msg(
        manifest_open(&m, DATASET_SYNTHETIC, (struct reading){0}, path, NULL, 1, &e), "%s", e.msg);
    free(path);
    return m;
}

/* Each image has a row; a name's labels are the true ones, but for those that the row calls replaced. */
START_TEST(the_truth_is_written_beside) {
    size_t n = write_set_ok("faces", PLANTED), rows = 0, replaced = 0, men = 0;
    ck_assert(n < FACES && n > FACES / 3);
    char *truth = read_from("faces", SYNTH_TRUTH), *copy = read_from("faces", SYNTH_RECIPE),
         *next = truth;
    ck_assert_str_eq(copy, PLANTED);
    ck_assert_str_eq(strsep(&next, "\n"), "file,age,gender,race,replaced,blur_px,occlusion,keep");
    for (char *line; (line = strsep(&next, "\n")) && *line; rows++) {
        int named[3], label[3], end = 0;
        ck_assert_int_eq(sscanf(line, "%d_%d_%d_%*[0-9].jpg,%d,%d,%d,%n", &named[0], &named[1],
                             &named[2], &label[0], &label[1], &label[2], &end),
            6);
        bool other = named[0] != label[0];
        ck_assert_int_eq(named[1], label[1]);
        ck_assert_int_eq(named[2], label[2]);
        ck_assert_str_eq(line + end, label[1] == 0 ? ",0,0.4,0.5" : other ? "age,2,0,1" : ",2,0,1");
        replaced += other;
        men += label[1] == 0;
    }
    ck_assert_uint_eq(rows, n);
    ck_assert(replaced > 5 && men > 5 && men < 25);
    struct manifest m = open_set("faces");
    ck_assert(m.drawn && m.n == n && m.n_aside == 0);
    manifest_close(&m);
    free(truth);
    free(copy);
}
END_TEST

/* What is not planted in stays to the byte as it is without a recipe. */
START_TEST(other_faces_stay_as_they_are) {
    struct err e = {0};
    char *plain = path_join(dir, "plain");
    size_t n =
        write_set_ok("faces", "{\"plant\": [{\"who\": {\"gender\": \"female\"}, \"blur_px\": 1}]}");
    ck_assert_uint_eq(n, FACES);
    ck_assert_msg(synth_write(plain, FACES, PX, 5, 1, &e), "%s", e.msg);
    struct manifest a = open_set("faces"), b = open_set("plain");
    ck_assert_uint_eq(a.n, b.n);
    for (size_t i = 0; i < a.n; i++) {
        ck_assert_str_eq(a.samples[i].id, b.samples[i].id);
        ck_assert_int_eq(strcmp(a.samples[i].content, b.samples[i].content) == 0,
            a.samples[i].label[ATTR_GENDER] == 0);
    }
    manifest_close(&a);
    manifest_close(&b);
    free(plain);
}
END_TEST

/* Another recipe, none, and the first after an interruption: nothing of an earlier one stays. */
START_TEST(a_folder_is_drawn_again) {
    struct err e = {0};
    char *faces = path_join(dir, "faces"), first[SHA256_HEX];
    size_t n = write_set_ok("faces", PLANTED);
    struct manifest m = open_set("faces");
    memcpy(first, m.fingerprint, sizeof first);
    manifest_close(&m);
    ck_assert_msg(synth_write(faces, FACES, PX, 5, 1, &e), "%s", e.msg);
    char *truth = path_join(faces, SYNTH_TRUTH), *copy = path_join(faces, SYNTH_RECIPE);
    ck_assert(!file_exists(truth) && !file_exists(copy));
    m = open_set("faces");
    ck_assert_uint_eq(m.n, FACES);
    manifest_close(&m);
    ck_assert_uint_eq(write_set_ok("faces", PLANTED), n);
    char *mark = read_from("faces", SYNTH_MARK), *finished = strstr(mark, " finished");
    ck_assert_ptr_nonnull(strstr(mark, "recipe="));
    memcpy(finished, " stopped ", 9);
    folder_put_text(faces, SYNTH_MARK, mark);
    ck_assert_uint_eq(write_set_ok("faces", PLANTED), n);
    m = open_set("faces");
    ck_assert_str_eq(m.fingerprint, first);
    manifest_close(&m);
    free(mark);
    free(truth);
    free(copy);
    free(faces);
}
END_TEST

static void refused(const char *text, const char *message) {
    struct err e = {0};
    size_t n;
    ck_assert(!write_set("faces", text, &n, &e));
    ck_assert_msg(strstr(e.msg, message), "\"%s\" is not in: %s", message, e.msg);
    ck_assert_int_eq(err_exit_code(&e), 2);
}

START_TEST(a_recipe_that_fits_no_face_is_refused) {
    char *faces = path_join(dir, "faces");
    refused("{\"plant\": [{\"who\": {\"gender\": \"male\"}, \"blur_px\": 1},"
            "{\"who\": {\"age\": [101, 116]}, \"blur_px\": 1}]}",
        "r.json: /plant/1/who: none of the 60 faces is in this subgroup; expected a wider one");
    refused("{\"plant\": [{\"who\": {\"gender\": \"male\"}, \"label_noise\": {\"race\": 1e-9}}]}",
        "r.json: plants nothing in the 60 faces; expected greater shares");
    refused(
        "{\"plant\": [{\"who\": {\"age\": [0, 200]}, \"keep\": 0}]}", "keeps none of the 60 faces");
    ck_assert(!dir_exists(faces));
    write_set_ok("faces", PLANTED);
    folder_put_text(faces, "20_0_0_1.jpg", "mine");
    refused(PLANTED, "holds \"20_0_0_1.jpg\", which this command did not draw");
    free(faces);
}
END_TEST

/* Files of these names are somebody's own where no recipe was drawn. */
START_TEST(another_s_recipe_is_not_overwritten) {
    char *faces = folder_sub(dir, "faces");
    folder_put_text(faces, SYNTH_RECIPE, "mine");
    refused(PLANTED, "holds \"recipe.json\", which this command did not draw");
    free(faces);
}
END_TEST

Suite *synth_bias_suite(void) {
    Suite *s = suite_create("synth_bias");
    TCase *c = tcase_create("synth_bias");
    tcase_set_timeout(c, 120);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, the_last_plant_of_an_effect_counts);
    tcase_add_loop_test(c, a_wrong_recipe_is_refused, 0, (int)ARRAY_LEN(bad));
    tcase_add_test(c, shares_are_those_of_the_recipe);
    tcase_add_test(c, blur_is_a_gaussian);
    tcase_add_test(c, a_cover_takes_its_share_of_the_face);
    tcase_add_test(c, the_place_is_the_face_s);
    tcase_add_test(c, the_truth_is_written_beside);
    tcase_add_test(c, other_faces_stay_as_they_are);
    tcase_add_test(c, a_folder_is_drawn_again);
    tcase_add_test(c, a_recipe_that_fits_no_face_is_refused);
    tcase_add_test(c, another_s_recipe_is_not_overwritten);
    suite_add_tcase(s, c);
    return s;
}
