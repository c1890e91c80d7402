/* Each distinct split of a grid is made once, with what its cells learn taken together. */
#include "check_folder.h"
#include "check_suites.h"

#include "commands/data_splits.h"
#include "core/file.h"
#include "core/mem.h"
#include "data/synth.h"

#include <stdlib.h>
#include <string.h>

enum { FACES = 20, MOST = 16 };

static char *dir;
static struct data_options data;

static struct seen {
    const struct manifest *manifest;
    const char *variant;
    size_t n_cells, tested;
    int fold;
    bool task[ATTR_COUNT];
} seen[MOST];
static size_t n_seen, stop_at;

static bool look(void *context, const struct data_split *d, struct err *e) {
    (void)context;
    if (n_seen == stop_at)
        return err_set(e, "enough");
    ck_assert_uint_lt(n_seen, MOST);
    struct seen *s = &seen[n_seen++];
    *s = (struct seen){.manifest = d->manifest,
        .variant = d->variant,
        .n_cells = d->n_cells,
        .tested = d->split->n[PART_TEST],
        .fold = d->config->split.fold};
    memcpy(s->task, d->task, sizeof s->task);
    return true;
}

static bool not_other(void *context, const struct cell *cell) {
    (void)context;
    return strcmp(cell->variant, "other") != 0;
}

static void setup(void) {
    struct err e = {0};
    n_seen = 0;
    stop_at = MOST + 1;
    dir = folder_new();
    char *faces = path_join(dir, "faces"), *option = xasprintf("synthetic=%s", faces);
    ck_assert_msg(synth_write(faces, FACES, 16, 1, 1, &e) && data_options_add(&data, option, &e),
        "%s", e.msg);
    free(option);
    free(faces);
}

static void teardown(void) {
    data_options_free(&data);
    folder_remove(dir);
}

static bool walk(const char *text, bool (*chosen)(void *, const struct cell *), struct err *e) {
    struct grid g = {0};
    bool ok = grid_parse(&g, "g", "g.json", text, NULL, 0, e) &&
              data_splits_walk(&(struct data_splits){.grid = &g,
                                   .data = &data,
                                   .cache_dir = dir,
                                   .threads = 1,
                                   .chosen = chosen,
                                   .fn = look},
                  e);
    grid_free(&g);
    return ok;
}

#define BASE                                                                                       \
    "{\"base\": {\"data\": {\"set\": \"synthetic\"}, \"split\": {\"kind\": \"folds\"}, "           \
    "\"trunk\": {\"name\": \"small\", \"weights\": \"none\"}}, "

/* Two seeds and three variants, of which the last splits otherwise: per fold one split of 4 cells, and one
 * of 2. 20 faces in five folds: 4 are tested on. */
START_TEST(each_once_with_the_tasks_of_all_its_cells) {
    struct err e = {0};
    ck_assert_msg(
        walk(BASE
            "\"variants\": {\"age\": {\"tasks\": {\"age\": {}}, \"data\": {\"image_px\": 32}}, "
            "\"race\": {\"tasks\": {\"race\": {}}, \"data\": {\"image_px\": 64}}, "
            "\"other\": {\"tasks\": {\"gender\": {}}, \"split\": {\"seed\": 2}}}, "
            "\"axes\": {\"/split/fold\": [0, 3], \"/seed\": [1, 2]}}",
            NULL, &e),
        "%s", e.msg);
    ck_assert_uint_eq(n_seen, 4);
    for (size_t i = 0; i < n_seen; i++) {
        bool other = i >= 2;
        ck_assert_int_eq(seen[i].fold, i % 2 ? 3 : 0);
        ck_assert_uint_eq(seen[i].n_cells, other ? 2 : 4);
        ck_assert_uint_eq(seen[i].tested, 4);
        ck_assert(seen[i].task[ATTR_AGE] == !other && seen[i].task[ATTR_RACE] == !other &&
                  seen[i].task[ATTR_GENDER] == other);
        ck_assert_ptr_eq(seen[i].manifest, seen[0].manifest);
    }
}
END_TEST

START_TEST(what_is_not_chosen_is_passed_over) {
    struct err e = {0};
    ck_assert_msg(walk(BASE "\"variants\": {\"other\": {\"tasks\": {\"age\": {}}}, "
                            "\"this\": {\"tasks\": {\"race\": {}}}}}",
                      not_other, &e),
        "%s", e.msg);
    ck_assert_uint_eq(n_seen, 1);
    ck_assert_uint_eq(seen[0].n_cells, 1);
    ck_assert(!seen[0].task[ATTR_AGE]);
}
END_TEST

START_TEST(a_callback_s_error_ends_it) {
    struct err e = {0};
    stop_at = 1;
    ck_assert(!walk(BASE "\"variants\": {\"a\": {\"tasks\": {\"age\": {}}}}, "
                         "\"axes\": {\"/split/fold\": [0, 1, 2]}}",
        NULL, &e));
    ck_assert_str_eq(e.msg, "enough");
    ck_assert_uint_eq(n_seen, 1);
}
END_TEST

START_TEST(a_set_whose_folder_is_not_given) {
    struct err e = {0};
    ck_assert(!walk("{\"base\": {\"tasks\": {\"age\": {}}}, \"variants\": {\"a\": {}}}", NULL, &e));
    ck_assert_ptr_nonnull(strstr(e.msg, "say where its images are with --data utkface=DIR"));
}
END_TEST

/* Adience's layout, two faces a fold of which those of fold 3 have a gender alone. */
static void put_adience(const char *folder) {
    for (int fold = 0; fold < 5; fold++) {
        const char *age = fold == 3 ? "None" : "(0, 2)";
        char *name = xasprintf("fold_%d_data.txt", fold);
        char *text = xasprintf("user_id\toriginal_image\tface_id\tage\tgender\n"
                               "u\ta.jpg\t%d\t%s\tm\nu\tb.jpg\t%d\t%s\tf\n",
            fold, age, 10 + fold, age);
        folder_put_text(folder, name, text);
        for (int k = 0; k < 2; k++) {
            char *image =
                xasprintf("aligned/u/landmark_aligned_face.%d.%c.jpg", fold + 10 * k, 'a' + k);
            folder_put_text(folder, image, image); /* no two alike: such stay in one part */
            free(image);
        }
        free(text);
        free(name);
    }
}

#define ADIENCE                                                                                    \
    "{\"base\": {\"data\": {\"set\": \"adience\"}, \"split\": {\"kind\": \"folds\", \"fold\": 3}}, "

START_TEST(a_fold_without_a_usable_image_is_named) {
    struct err e = {0};
    char *folder = folder_sub(dir, "adience"), *aligned = folder_sub(folder, "aligned"),
         *album = folder_sub(aligned, "u");
    char *option = xasprintf("adience=%s", folder);
    put_adience(folder);
    ck_assert_msg(data_options_add(&data, option, &e), "%s", e.msg);
    ck_assert_msg(walk(ADIENCE "\"variants\": {\"g\": {\"tasks\": {\"gender\": {}}}, "
                               "\"both\": {\"tasks\": {\"age\": {}, \"gender\": {}}}}}",
                      NULL, &e),
        "%s", e.msg);
    ck_assert(!walk(ADIENCE "\"variants\": {\"g\": {\"tasks\": {\"gender\": {}}}, "
                            "\"a\": {\"tasks\": {\"age\": {}}}}}",
        NULL, &e));
    ck_assert_int_eq(e.kind, ERR_USAGE);
    ck_assert_ptr_nonnull(strstr(e.msg, "variant \"a\": "));
    ck_assert_ptr_nonnull(
        strstr(e.msg, "the test part, fold 3, has no usable image: of its 2, none has a "
                      "label of age (/split/require \"any\")"));
    e = (struct err){0};
    ck_assert(!walk(ADIENCE "\"variants\": {\"both\": {\"tasks\": {\"age\": {}, \"gender\": {}}, "
                            "\"split\": {\"require\": \"all\"}}}}",
        NULL, &e));
    ck_assert_ptr_nonnull(
        strstr(e.msg, "none has a label of age and gender (/split/require \"all\")"));
    free(option);
    free(album);
    free(aligned);
    free(folder);
}
END_TEST

Suite *data_splits_suite(void) {
    Suite *s = suite_create("data_splits");
    TCase *c = tcase_create("data_splits");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, each_once_with_the_tasks_of_all_its_cells);
    tcase_add_test(c, what_is_not_chosen_is_passed_over);
    tcase_add_test(c, a_callback_s_error_ends_it);
    tcase_add_test(c, a_set_whose_folder_is_not_given);
    tcase_add_test(c, a_fold_without_a_usable_image_is_named);
    suite_add_tcase(s, c);
    return s;
}
