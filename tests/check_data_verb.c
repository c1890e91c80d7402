#include "check_folder.h"
#include "check_suites.h"

#include "commands/command.h"
#include "core/file.h"
#include "core/json.h"
#include "core/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_ARGS = 12 };

/* Runs `dmtl data` with the words given, %D and %C standing for the set's folder and the cache's;
 * stdout goes to a file whose text is returned (the caller frees). */
static char *dir, *cache;

static bool run(const char *words, char **out, struct err *e) {
    char *argv[MAX_ARGS + 1] = {(char *)"data"}, *copy = xstrdup(words), *next = copy;
    int argc = 1;
    for (char *word; (word = strsep(&next, " ")) && argc < MAX_ARGS; argc++) {
        char *mark = strchr(word, '%');
        argv[argc] = mark ? xasprintf("%.*s%s%s", (int)(mark - word), word,
                                mark[1] == 'D' ? dir : cache, mark + 2)
                          : xstrdup(word);
    }
    char *file = xasprintf("%s.out", cache);
    int kept = dup(STDOUT_FILENO);
    fflush(stdout);
    ck_assert_ptr_nonnull(freopen(file, "w", stdout));
    bool ok = command_data(argc, argv, e);
    fflush(stdout);
    dup2(kept, STDOUT_FILENO);
    close(kept);
    struct err none = {0};
    *out = file_read(file, 1 << 20, NULL, &none);
    unlink(file);
    free(file);
    free(copy);
    for (int i = 1; i < argc; i++)
        free(argv[i]);
    return ok;
}

static void setup(void) {
    dir = folder_new();
    cache = folder_new();
}

static void teardown(void) {
    folder_remove(dir);
    folder_remove(cache);
}

static char *run_ok(const char *words) {
    struct err e = {0};
    char *out;
    ck_assert_msg(run(words, &out, &e), "%s: %s", words, e.msg);
    return out;
}

START_TEST(info_counts_and_names) {
    folder_put_text(dir, "20_0_0_a.jpg", "x");
    folder_put_text(dir, "31_1_3_b.jpg", "y");
    folder_put_text(dir, "5_1_\n\"q\".jpg", "z");
    char *out = run_ok("info --data utkface=%D --cache %C");
    ck_assert_ptr_nonnull(strstr(out, "2 usable images, 1 files set aside"));
    ck_assert_ptr_nonnull(strstr(out, "age: 2 labelled, 20 to 31"));
    ck_assert_ptr_nonnull(
        strstr(out, "\"5_1_\\n\\\"q\\\".jpg\": name's race field is no whole number"));
    free(out);
    out = run_ok("info utkface --data utkface=%D --cache %C --json");
    struct err e = {0};
    cJSON *root = json_parse("info", out, strlen(out), &e);
    ck_assert_msg(root != NULL, "%s", e.msg);
    ck_assert_int_eq(json_get(root, "usable")->valueint, 2);
    ck_assert_int_eq(json_get(json_get(json_get(root, "labels"), "race"), "Indian")->valueint, 1);
    ck_assert_str_eq(
        json_get(json_get(root, "set_aside")->child, "file")->valuestring, "5_1_\n\"q\".jpg");
    cJSON_Delete(root);
    free(out);
}
END_TEST

/* --set says how the set is read, in a grid's words: 31 is in 25-32 and its race is corrected, 20 in 15-20. */
START_TEST(info_reads_as_it_is_told) {
    folder_put_text(dir, "22_0_0_a.jpg", "x");
    folder_put_text(dir, "31_1_3_b.jpg", "y");
    folder_put_text(cache, "c.json",
        "{\"corrections\": [{\"file\": \"31_1_3_b.jpg\", \"attribute\": \"race\", \"value\": 1, "
        "\"source\": \"s\"}]}");
    char *out = run_ok("info --data utkface=%D --cache %C --set /data/ages=adience-8 --set "
                       "/data/corrections=%C/c.json");
    ck_assert_ptr_nonnull(strstr(out, "1 labels corrected (/data/corrections)"));
    ck_assert_ptr_nonnull(strstr(out, "age: 1 labelled, 1 without"));
    ck_assert_ptr_nonnull(strstr(out, "  25-32          1  100.0 %"));
    ck_assert_ptr_nonnull(strstr(out, "  Black          1   50.0 %"));
    free(out);
    out = run_ok("info --data utkface=%D --cache %C --set /data/ages=adience-8 --set "
                 "/data/age_labels=nearest");
    ck_assert_ptr_nonnull(strstr(out, "  15-20          1   50.0 %"));
    free(out);
}
END_TEST

#define FOLD "user_id\toriginal_image\tface_id\tage\tgender\n"

/* The fold files alone are worth a look: how many rows each policy would keep. Ages: 0-2 for all, 13 for
 * those but exact, 35 for nearest alone. */
START_TEST(info_counts_rows_without_images) {
    for (int fold = 0; fold < 5; fold++) {
        char *name = xasprintf("fold_%d_data.txt", fold);
        char *text =
            fold ? xasprintf(FOLD "v\ta.jpg\t%d\t(0, 2)\tm\n", fold)
                 : xstrdup(FOLD "u\ta.jpg\t1\t13\tf\nu\ta.jpg\t1\t13\tf\nu\tb.jpg\t2\t35\tu\n");
        folder_put_text(dir, name, text);
        free(text);
        free(name);
    }
    char *out = run_ok("info adience --data adience=%D --cache %C");
    ck_assert_ptr_nonnull(strstr(out, "0 usable images, 7 files set aside"));
    ck_assert_ptr_nonnull(strstr(out, "\"aligned/u/landmark_aligned_face.2.b.jpg\": has neither"));
    ck_assert_ptr_nonnull(strstr(out, "7 rows of 6 subjects in 2 albums; 1 repeat"));
    ck_assert_ptr_null(strstr(out, "race"));
    free(out);
    out = run_ok("info adience --data adience=%D --cache %C --json");
    struct err e = {0};
    cJSON *root = json_parse("info", out, strlen(out), &e), *policy;
    ck_assert_msg(root != NULL, "%s", e.msg);
    ck_assert_int_eq(
        json_get(json_get(root, "reasons"), "a fold file names it, but it is not there")->valueint,
        6);
    /* exact keep, exact drop, nested keep, ...: with an age, with a gender, with neither */
    static const int expected[6][3] = {
        {4, 6, 1}, {4, 5, 1}, {6, 6, 1}, {5, 5, 1}, {7, 6, 0}, {6, 5, 0}};
    policy = json_get(json_get(root, "rows"), "policies")->child;
    for (int i = 0; i < 6; i++, policy = policy->next) {
        ck_assert_int_eq(json_get(policy, "age")->valueint, expected[i][0]);
        ck_assert_int_eq(json_get(policy, "gender")->valueint, expected[i][1]);
        ck_assert_int_eq(json_get(policy, "neither")->valueint, expected[i][2]);
    }
    cJSON_Delete(root);
    free(out);
}
END_TEST

START_TEST(synth_and_cache) {
    free(run_ok("synth --out %D/faces -n 12 --px 16 --seed 3 --quiet"));
    free(run_ok("cache --px 8 --data synthetic=%D/faces --cache %C --quiet"));
    free(run_ok("cache --px 8 --data synthetic=%D/faces --cache %C --quiet"));
    char *command = xasprintf("test $(ls %s/pixels-*-8.bin | wc -l) = 1", cache);
    ck_assert_int_eq(system(command), 0);
    free(command);
}
END_TEST

/* A grid of trained trunks needs its sizes, one of frozen trunks none. */
START_TEST(cache_keeps_to_what_a_grid_needs) {
    free(run_ok("synth --out %D/faces -n 12 --px 16 --quiet"));
    folder_put_text(dir, "g.json",
        "{\"base\": {\"data\": {\"set\": \"synthetic\"}, \"trunk\": {\"name\": \"small\", \"weights\": \"none\"},"
        " \"tasks\": {\"gender\": {}}},"
        " \"variants\": {\"full\": {\"data\": {\"image_px\": 32}},"
        " \"frozen\": {\"data\": {\"image_px\": 40}, \"trunk\": {\"train_from\": \"frozen\"}}}}");
    free(run_ok("cache %D/g.json --data synthetic=%D/faces --cache %C --quiet"));
    char *command = xasprintf(
        "test \"$(ls %s | grep -c bin)\" = 1 && ls %s/pixels-*-32.bin >/dev/null", cache, cache);
    ck_assert_int_eq(system(command), 0);
    free(command);
}
END_TEST

static const struct {
    const char *words, *message;
} wrong[] = {
    {"", "data: : expected info, synth or cache"},
    {"inof", "data: inof: expected info, synth or cache; did you mean info?"},
    {"info", "data info: which set? expected one --data SET=DIR"},
    {"info utkfac --data utkface=%D", "data info: unknown set \"utkfac\"; did you mean utkface?"},
    {"info utkface", "the set utkface is needed: say where its images are with --data utkface=DIR"},
    {"info --data utkface", "--data: \"utkface\": expected SET=DIR, such as utkface=data/utkface"},
    {"info --data utkface=", "--data: \"utkface=\": expected SET=DIR"},
    {"info --data faces=%D", "--data: unknown set \"faces\" (known: utkface, synthetic, adience)"},
    {"info --data utkface=%D --data utkface=%D", "--data: utkface is given twice"},
    {"info --data utkface=%D/none", "there is no such folder; expected a folder of images named"},
    {"info --data utkface=%D", "the folder is empty; expected a folder of images named"},
    {"info --data adience=%D",
        "there is no fold_0_data.txt in it; expected a folder with Adience's"},
    {"info --data utkface=%D --set /epochs=3",
        "--set /epochs=3: expected a key of how the set is read, such as /data/age_labels=nested"},
    {"info --data utkface=%D --set /data/set=adience", "expected a key of how the set is read"},
    {"info --data utkface=%D --set ages", "--set ages: expected /pointer=value"},
    {"info --data utkface=%D --set /data/age=1",
        "data info: /data/age: unknown key; did you mean /data/ages?"},
    {"info --data utkface=%D --set /data/crop=faces",
        "data info: /data/crop: \"faces\": counts for nothing with /data/set \"utkface\""},
    {"synth", "data synth: where to? expected --out DIR"},
    {"synth --out %D --layout imdb", "data synth: --layout: imdb: expected utkface or adience"},
    {"synth --out %D --layout adience", "data synth: which rows? expected --folds DIR"},
    {"synth --out %D --layout adience --folds %D", "there is no fold_0_data.txt in it"},
    {"synth --out %D --layout adience --folds %D -n 5", "--number counts for nothing"},
    {"synth --out %D --layout adience --folds %D --recipe r.json", "--recipe counts for nothing"},
    {"synth --out %D --folds %D", "--folds counts for nothing without --layout adience"},
    {"synth --out %D --share 0.5", "--share counts for nothing without --layout adience"},
    {"synth --out %D --share 0", "data: --share: 0: expected a number above 0, at most 1"},
    {"synth --out %D --share nan", "data: --share: nan: expected a number above 0"},
    {"synth --out %D -n 0", "data: --number: 0: expected a whole number from 1 to 10000000"},
    {"synth --out %D --px 12x", "data: --px: 12x: expected a whole number from 8 to 4096"},
    {"synth --out %D --seed -1", "data: --seed: -1: expected a whole number from 0"},
    {"cache --data utkface=%D", "data cache: for what? expected a grid file or --px PX"},
    {"cache --px 8", "data cache: which set? expected one --data SET=DIR"},
};

START_TEST(wrong_usage) {
    struct err e = {0};
    char *out;
    ck_assert(!run(wrong[_i].words, &out, &e));
    ck_assert_msg(
        strstr(e.msg, wrong[_i].message), "\"%s\" is not in: %s", wrong[_i].message, e.msg);
    ck_assert_int_eq(err_exit_code(&e), 2);
    free(out);
}
END_TEST

Suite *data_verb_suite(void) {
    Suite *s = suite_create("data_verb");
    TCase *c = tcase_create("data_verb");
    tcase_set_timeout(c, 30);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, info_counts_and_names);
    tcase_add_test(c, info_reads_as_it_is_told);
    tcase_add_test(c, info_counts_rows_without_images);
    tcase_add_test(c, synth_and_cache);
    tcase_add_test(c, cache_keeps_to_what_a_grid_needs);
    tcase_add_loop_test(c, wrong_usage, 0, (int)ARRAY_LEN(wrong));
    suite_add_tcase(s, c);
    return s;
}
