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

enum { MAX_ARGS = 16 };

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
    *out = file_read(file, 1 << 24, NULL, &none);
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
    ck_assert_ptr_nonnull(
        strstr(out, "7 rows of 6 subjects in 2 albums; 1 repeat an earlier row's user, image "
                    "and face (1 such keys)"));
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

/* Five faces, a person each, the second without a gender. All have an age, so any is five, all is four. */
START_TEST(parts_have_the_labels_that_a_grid_requires) {
    struct err e = {0};
    for (int fold = 0; fold < 5; fold++) {
        char *name = xasprintf("fold_%d_data.txt", fold);
        char *text = xasprintf(FOLD "v\ta.jpg\t%d\t(0, 2)\t%c\n", fold, fold == 1 ? 'u' : 'm');
        folder_put_text(dir, name, text);
        free(text);
        free(name);
    }
    free(folder_sub(dir, "aligned"));
    char *user = folder_sub(dir, "aligned/v");
    for (int face = 0; face < 5; face++) {
        char *name = xasprintf("landmark_aligned_face.%d.a.jpg", face);
        folder_put_text(user, name, name);
        free(name);
    }
    free(user);
    folder_put_text(cache, "g.json",
        "{\"base\": {\"data\": {\"set\": \"adience\"}, \"tasks\": {\"age\": {}, \"gender\": {}}, \"split\": "
        "{\"kind\": \"random\", \"test_share\": 0.4, \"validation_share\": 0.25}}, \"variants\": {\"any\": {}, "
        "\"all\": {\"split\": {\"require\": \"all\"}}}}");
    static const char *const variant[] = {"any", "all"};
    for (int i = 0; i < 2; i++) {
        char *words = xasprintf(
            "info %%C/g.json --data adience=%%D --cache %%C --json --only %s", variant[i]);
        char *out = run_ok(words);
        cJSON *root = json_parse("info", out, strlen(out), &e);
        const cJSON *split = json_get(root, "splits")->child, *part;
        int images = 0;
        for (part = json_get(split, "parts")->child; part; part = part->next)
            images += strcmp(part->string, "none") ? json_get(part, "images")->valueint : 0;
        ck_assert_int_eq(images, 5 - i);
        ck_assert(cJSON_IsTrue(json_get(split, "leaky")));
        cJSON_Delete(root);
        free(out);
        free(words);
    }
    char *out = run_ok("info %C/g.json --data adience=%D --cache %C");
    ck_assert_ptr_nonnull(strstr(out, "\nleaky split: its parts share persons\n"));
    free(out);
}
END_TEST

/* Every count that is published of Adience's fold files, as the program prints them. */
START_TEST(info_counts_the_real_fold_files) {
    static const struct {
        const char *age_labels, *repeated_rows;
        int age, folds[5], both;
    } published[] = {
        {"exact", "keep", 17424, {4316, 3101, 3339, 2975, 3693}, 16258},
        {"nested", "drop", 17702, {4380, 3274, 3300, 3069, 3679}, 0},
        {"nearest", "drop", 18622, {4432, 3693, 3343, 3400, 3754}, 0},
    };
    const char *data = getenv("DMTL_DATA");
    char *real = data ? path_join(data, "adience") : NULL;
    struct err e = {0};
    if (!real || !dir_exists(real)) {
        printf(
            "skipped: info_counts_the_real_fold_files: DMTL_DATA names no folder with adience/\n");
        free(real);
        return;
    }
    char *words = xasprintf("info adience --data adience=%s --cache %%C --json", real);
    char *out = run_ok(words);
    cJSON *root = json_parse("info", out, strlen(out), &e), *rows = json_get(root, "rows");
    ck_assert_int_eq(json_get(rows, "all")->valueint, 19487);
    ck_assert_int_eq(json_get(rows, "subjects")->valueint, 2284);
    ck_assert_int_eq(json_get(rows, "albums")->valueint, 168);
    ck_assert_int_eq(json_get(rows, "repeated")->valueint, 117);
    ck_assert_int_eq(json_get(rows, "repeated_keys")->valueint, 114);
    for (size_t i = 0; i < ARRAY_LEN(published); i++) {
        const cJSON *p = json_get(rows, "policies")->child;
        while (strcmp(json_get(p, "age_labels")->valuestring, published[i].age_labels) != 0 ||
               strcmp(json_get(p, "repeated_rows")->valuestring, published[i].repeated_rows) != 0)
            p = p->next;
        ck_assert_int_eq(json_get(p, "age")->valueint, published[i].age);
        for (int fold = 0; fold < 5; fold++)
            ck_assert_int_eq(
                cJSON_GetArrayItem(json_get(p, "folds"), fold)->valueint, published[i].folds[fold]);
        if (published[i].both)
            ck_assert_int_eq(json_get(p, "both")->valueint, published[i].both);
    }
    cJSON_Delete(root);
    free(out);
    free(words);
    free(real);
}
END_TEST

/* ---- splits of a grid ---- */

#define LIST_GRID                                                                                    \
    "{\"base\": {\"tasks\": {\"age\": {}}}, \"variants\": {\"by-list\": {\"split\": {\"kind\": "     \
    "\"lists\", \"unusable_names\": \"pass\", \"lists\": {\"train\": \"a\", \"validation\": \"v\", " \
    "\"test\": \"t\"}}}, \"folds\": {\"split\": {\"kind\": \"folds\", \"fold\": 1, \"seed\": 7}}}}"

#define APART_GRID                                                                                 \
    "{\"base\": {\"tasks\": {\"age\": {}}, \"split\": {\"kind\": \"folds\", \"fold\": 1, "         \
    "\"duplicates\": \"apart\"}}, \"variants\": {\"main\": {}}}"

/* Seven images: two women of 21 and 29 and a man of 35 to train on, one of each for the others, one in no
 * list. */
static void put_listed(void) {
    static const char *const names[] = {"21_1_0_a.jpg", "29_1_1_b.jpg", "35_0_2_c.jpg",
        "40_0_0_d.jpg", "50_1_0_e.jpg", "60_0_0_f.jpg", "70_0_0_g,\"h\".jpg"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        folder_put_text(dir, names[i], names[i]);
    folder_put_text(dir, "5_1.jpg", "");
    folder_put_text(cache, "a", "21_1_0_a.jpg\n29_1_1_b.jpg\n35_0_2_c.jpg\n5_1.jpg\n");
    folder_put_text(cache, "v", "40_0_0_d.jpg\n");
    folder_put_text(cache, "t", "50_1_0_e.jpg\n60_0_0_f.jpg\n");
    folder_put_text(cache, "g.json", LIST_GRID);
}

START_TEST(info_of_a_grid_counts_its_parts) {
    struct err e = {0};
    put_listed();
    char *out = run_ok("info %C/g.json --data utkface=%D --lists %C --cache %C");
    ck_assert_ptr_nonnull(strstr(out, "utkface, lists lists={\"test\":\"t\",\"train\":\"a\","));
    ck_assert_ptr_nonnull(strstr(out, ": 1 cell from by-list on\n1 listed name left out"));
    ck_assert_ptr_nonnull(
        strstr(out, "  images                 3           1           2           1\n"));
    ck_assert_ptr_nonnull(
        strstr(out, "    20-29                2           0           0           0\n"));
    ck_assert_ptr_nonnull(strstr(out, "\nutkface, folds fold=1 seed=7: 1 cell from folds on\n"));
    ck_assert_ptr_null(strstr(out, "leaky"));
    free(out);
    folder_put_text(cache, "apart.json", APART_GRID);
    out = run_ok("info %C/apart.json --data utkface=%D --cache %C");
    ck_assert_ptr_nonnull(
        strstr(out, ": 1 cell from main on\nleaky split: its parts may share copies"));
    free(out);
    out = run_ok("info %C/g.json --data utkface=%D --lists %C --cache %C --json --only by-list");
    cJSON *root = json_parse("info", out, strlen(out), &e),
          *split = json_get(root, "splits")->child;
    ck_assert_ptr_null(split->next);
    ck_assert_int_eq(json_get(split, "unusable_names")->valueint, 1);
    cJSON *train = json_get(json_get(split, "parts"), "train");
    ck_assert_int_eq(json_get(train, "images")->valueint, 3);
    cJSON *gender = json_get(json_get(train, "labels"), "gender");
    ck_assert_int_eq(json_get(gender, "female")->valueint, 2);
    ck_assert_int_eq(json_get(gender, "male")->valueint, 1);
    cJSON_Delete(root);
    free(out);
}
END_TEST

/* The grid of CORAL's lists on the real set: 13,146 and 3,287 of 23,704 images, a tenth of the former for
 * validation. */
START_TEST(info_counts_coral_s_lists) {
    const char *data = getenv("DMTL_DATA");
    char *faces = data ? path_join(data, "utkface") : NULL;
    if (!faces || !dir_exists(faces)) {
        printf("skipped: info_counts_coral_s_lists: DMTL_DATA names no folder with utkface/\n");
    } else {
        char *words = xasprintf("info experiments/utkface-coral.json --cache %%C --lists %s --data "
                                "utkface=%s",
            data, faces);
        char *out = run_ok(words);
        ck_assert_ptr_nonnull(strstr(out, ": 9 cells from full on\n1 listed name left out"));
        ck_assert_ptr_nonnull(
            strstr(out, "  images             11831        1315        3287        7271\n"));
        free(out);
        free(words);
    }
    free(faces);
}
END_TEST

/* CORAL's lists share 84 contents, which a count by hashlib finds too; what is drawn here shares none. */
START_TEST(gates_of_the_real_set) {
    const char *data = getenv("DMTL_DATA");
    char *faces = data ? path_join(data, "utkface") : NULL;
    if (!faces || !dir_exists(faces)) {
        printf("skipped: gates_of_the_real_set: DMTL_DATA names no folder with utkface/\n");
    } else {
        static const char *const of_lists[] = {
            "  contents    warned   78 of the 3287 images of test have the bytes of an image of train",
            "  contents    warned   6 of the 3287 images of test have the bytes of an image of val",
            "  duplicates  warned   172 of the 3287 images of test are nearly the same as an image of t",
            "  duplicates  warned   22 of the 3287 images of test are nearly the same as an image of v",
            "1 split: 0 refused, 1 with warnings, 0 passed\n"};
        char *words = xasprintf(
            "check experiments/utkface-coral.json --cache %%C --lists %s --data utkface=%s", data,
            faces);
        char *out = run_ok(words);
        for (size_t i = 0; i < ARRAY_LEN(of_lists); i++)
            ck_assert_msg(strstr(out, of_lists[i]) != NULL, "no \"%s\" in %s", of_lists[i], out);
        free(out);
        free(words);
        words =
            xasprintf("check experiments/utkface-quick.json --cache %%C --data utkface=%s", faces);
        out = run_ok(words);
        ck_assert_ptr_nonnull(strstr(out, "\n  train 17067, validation 1896, test 4741\n"));
        ck_assert_ptr_nonnull(strstr(out, "1 split: 0 refused, 0 with warnings, 1 passed\n"));
        free(out);
        free(words);
    }
    free(faces);
}
END_TEST

START_TEST(a_set_is_read_as_set_says) {
    char *command =
        xasprintf("info adience --data adience=%s --cache %%C --set /data/age_labels=nested", dir);
    for (int fold = 0; fold < 5; fold++) {
        char *name = xasprintf("fold_%d_data.txt", fold);
        char *text = xasprintf(FOLD "u%d\ta.jpg\t%d\t13\tu\n", fold, fold);
        folder_put_text(dir, name, text);
        free(text);
        free(name);
    }
    char *out = run_ok("info adience --data adience=%D --cache %C");
    ck_assert_ptr_nonnull(strstr(out, "has neither an age group nor a gender"));
    free(out);
    out = run_ok(command); /* 13 lies in a group now, but there is no image */
    ck_assert_ptr_null(strstr(out, "has neither an age group nor a gender"));
    free(out);
    free(command);
}
END_TEST

/* A line a sample, then what is set aside, lines ending in CR LF; hashes are of the files' names here. */
START_TEST(export_writes_the_manifest) {
    char hash[SHA256_HEX];
    put_listed();
    char *out = run_ok("export utkface --data utkface=%D --cache %C");
    ck_assert(str_starts(out,
        "id,file,age,gender,race,subject,album,duplicate_group,fold,content,set_aside\r\n21_1_0_a.jpg,"));
    sha256_bytes("70_0_0_g,\"h\".jpg", 16, hash);
    char *line = xasprintf(
        "\r\n\"70_0_0_g,\"\"h\"\".jpg\",\"70_0_0_g,\"\"h\"\".jpg\",70,0,0,,,,,%s,\r\n", hash);
    ck_assert_msg(strstr(out, line) != NULL, "%s is not in %s", line, out);
    ck_assert_msg(str_ends(out, "\r\n,5_1.jpg,,,,,,,,,name's gender field is no whole number\r\n"),
        "%s", out);
    free(line);
    free(out);
}
END_TEST

START_TEST(export_says_what_is_there_twice) {
    folder_put_text(dir, "20_0_0_a.jpg", "x");
    folder_put_text(dir, "21_0_0_b.jpg", "y");
    folder_put_text(dir, "22_0_0_c.jpg", "x");
    char *out = run_ok("export utkface --data utkface=%D --cache %C");
    ck_assert_ptr_nonnull(strstr(out, "\r\n20_0_0_a.jpg,20_0_0_a.jpg,20,0,0,,,0,,"));
    ck_assert_ptr_nonnull(strstr(out, "\r\n21_0_0_b.jpg,21_0_0_b.jpg,21,0,0,,,,,"));
    ck_assert_ptr_nonnull(strstr(out, "\r\n22_0_0_c.jpg,22_0_0_c.jpg,22,0,0,,,0,,"));
    free(out);
}
END_TEST

START_TEST(export_of_a_grid_has_parts) {
    struct err e = {0};
    put_listed();
    free(run_ok("export %C/g.json --data utkface=%D --lists %C --cache %C --out %C/x.csv"));
    char *path = path_join(cache, "x.csv"), *out = file_read(path, 1 << 20, NULL, &e);
    size_t lines = 0, parts[PART_COUNT] = {0};
    for (const char *at = out; (at = strstr(at, "\r\n")); at += 2) {
        lines++;
        for (int p = 0; p < PART_COUNT; p++) {
            size_t n = strlen(part_name[p]);
            parts[p] += at - out > (long)n && at[-1 - (long)n] == ',' &&
                        memcmp(at - n, part_name[p], n) == 0;
        }
    }
    /* a heading and, in either split, eight files; of the folds' 7 images the two that are dealt second
     * and seventh are tested on, and of the other 5 one is validated on. */
    ck_assert_uint_eq(lines, 17);
    ck_assert_uint_eq(parts[PART_TRAIN], 3 + 4);
    ck_assert_uint_eq(parts[PART_VALIDATION], 1 + 1);
    ck_assert_uint_eq(parts[PART_TEST], 2 + 2);
    ck_assert_ptr_nonnull(strstr(out, ",set_aside,split,part\r\n"));
    ck_assert_ptr_nonnull(strstr(out, ",,\"utkface, folds fold=1 seed=7\","));
    free(out);
    free(path);
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
    {"", "data: : expected info, duplicates, check, export, synth or cache"},
    {"inof",
        "data: inof: expected info, duplicates, check, export, synth or cache; did you mean info?"},
    {"info", "data info: which set? expected one --data SET=DIR"},
    {"info utkfac --data utkface=%D",
        "data info: unknown set \"utkfac\" (known: utkface, synthetic, adience, folder); did you mean utkface?"},
    {"duplicates grid.json --data utkface=%D",
        "data duplicates: unknown set \"grid.json\" (known: utkface, synthetic, adience, folder)"},
    {"check utkface --data utkface=%D", "data check: utkface: expected a grid file"},
    {"info utkface", "the set utkface is needed: say where its images are with --data utkface=DIR"},
    {"info --data utkface", "--data: \"utkface\": expected SET=DIR, such as utkface=data/utkface"},
    {"info --data utkface=", "--data: \"utkface=\": expected SET=DIR"},
    {"info --data faces=%D",
        "--data: unknown set \"faces\" (known: utkface, synthetic, adience, folder)"},
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
    {"info utkface --only a --data utkface=%D", "--only counts for nothing without a grid"},
    {"info %D/none.json", "none.json"},
    {"info --lists %D --data utkface=%D", "--lists counts for nothing without a grid"},
    {"export --json", "data export: --json counts for nothing here: it is an option of info, "
                      "duplicates, check"},
    {"info --recipe r.json", "--recipe counts for nothing here: it is an option of synth"},
    {"synth --only a", "--only counts for nothing here: it is an option of info, check, export"},
    {"synth --set /epochs=3", "data synth: --set counts for nothing here"},
    {"cache --seed 3", "data cache: --seed counts for nothing here: it is an option of synth"},
    {"check --number 3", "data check: --number counts for nothing here"},
    {"cache --px 8 --data utkface=%D --set /data/age=1", "data info: /data/age: unknown key"},
    {"synth", "data synth: where to? expected --out DIR"},
    {"synth --out %D --recipe %D/none.json", "none.json: cannot be read"},
    {"synth --out %D --layout imdb", "data synth: --layout: \"imdb\": expected utkface or adience"},
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

/* Two files of one content, one alone; none of them decodes, so that near ones are the same. Ages 20 and 25: MAE 5. */
START_TEST(duplicates_and_their_labels) {
    folder_put_text(dir, "20_0_0_a.jpg", "x");
    folder_put_text(dir, "25_0_1_b.jpg", "x");
    folder_put_text(dir, "30_0_0_c.jpg", "y");
    char *out = run_ok("duplicates --data utkface=%D --cache %C");
    ck_assert_ptr_nonnull(
        strstr(out, "identical     1 groups of 2 files\nnear          1 groups of 2 files"));
    ck_assert_ptr_nonnull(
        strstr(out, "age:\n  identical     1 of 1 groups disagree; MAE between copies 5.00 "
                    "years; another copy has another label in 100.0 %\n"));
    ck_assert_ptr_nonnull(strstr(out, "gender:\n  identical     0 of 1 groups disagree;"));
    ck_assert_ptr_nonnull(strstr(out, "\nnear:\n  \"20_0_0_a.jpg\" \"25_0_1_b.jpg\"\n"));
    free(out);
    out = run_ok("duplicates utkface --data utkface=%D --cache %C --json");
    struct err e = {0};
    cJSON *root = json_parse("duplicates", out, strlen(out), &e);
    ck_assert_msg(root != NULL, "%s", e.msg);
    const cJSON *near = json_get(root, "near");
    ck_assert_int_eq(json_get(near, "files")->valueint, 2);
    ck_assert_double_eq(json_get(json_get(near, "race"), "differing")->valuedouble, 1);
    ck_assert_str_eq(json_get(near, "list")->child->child->next->valuestring, "25_0_1_b.jpg");
    cJSON_Delete(root);
    free(out);
    out = run_ok("info --data utkface=%D --cache %C");
    ck_assert_ptr_nonnull(strstr(out, "duplicates:\n  1 groups of 2 identical files"));
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
    tcase_add_test(c, parts_have_the_labels_that_a_grid_requires);
    tcase_add_test(c, info_counts_the_real_fold_files);
    tcase_add_test(c, info_of_a_grid_counts_its_parts);
    tcase_add_test(c, a_set_is_read_as_set_says);
    tcase_add_test(c, duplicates_and_their_labels);
    tcase_add_test(c, export_writes_the_manifest);
    tcase_add_test(c, export_says_what_is_there_twice);
    tcase_add_test(c, export_of_a_grid_has_parts);
    tcase_add_test(c, synth_and_cache);
    tcase_add_test(c, cache_keeps_to_what_a_grid_needs);
    tcase_add_loop_test(c, wrong_usage, 0, (int)ARRAY_LEN(wrong));
    suite_add_tcase(s, c);
    c = tcase_create(
        "all of UTKFace"); /* each image is read and decoded, on whatever else the machine does */
    tcase_set_timeout(c, 600);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, info_counts_coral_s_lists);
    tcase_add_test(c, gates_of_the_real_set);
    suite_add_tcase(s, c);
    return s;
}
