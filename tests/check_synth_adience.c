/* Drawn faces in Adience's layout: what is drawn for which rows, that a person is the same in all images, and
 * that a network which has met a person answers better: the price of a leaky split can be measured on them. */
#include "check_folder.h"
#include "check_run.h"
#include "check_suites.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/str.h"
#include "core/words.h"
#include "data/adience.h"
#include "data/synth.h"
#include "store/sql.h"
#include "store/store.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *dir, *folds, *out;

static void setup(void) {
    dir = folder_new();
    folds = folder_sub(dir, "folds");
    out = path_join(dir, "out");
}

static void teardown(void) {
    free(out);
    free(folds);
    folder_remove(dir);
}

/* `persons` of `images` images each, person by person in fold 0, 1, ... 4, 0, ...; the first has a row twice. */
static void put_folds(int persons, int images) {
    static const char *const ages[] = {
        "(0, 2)", "(60, 100)", "(8, 12)", "(25, 32)", "(15, 20)", "(38, 43)", "(4, 6)", "(48, 53)"};
    for (int fold = 0; fold < ADIENCE_FOLDS; fold++) {
        struct str text = {0};
        char *name = xasprintf("fold_%d_data.txt", fold);
        str_add(&text, "user_id\toriginal_image\tface_id\tage\tgender\r\n");
        for (int p = fold; p < persons; p += ADIENCE_FOLDS)
            for (int i = 0; i < images + (p == 0); i++)
                str_addf(&text, "u%d\ti%d.jpg\t%d\t%s\t%s\r\n", fold, i % images, p,
                    ages[(p / ADIENCE_FOLDS) % 8], p / 3 % 2 ? "f" : "m");
        folder_put_text(folds, name, text.text);
        str_free(&text);
        free(name);
    }
}

static size_t drawn(double share, int px, uint64_t seed) {
    size_t n;
    struct err e = {0};
    ck_assert_msg(synth_adience_write(out, folds, share, px, seed, 2, &n, &e), "%s", e.msg);
    return n;
}

static struct manifest opened(void) {
    struct manifest m;
    struct err e = {0};
    ck_assert_msg(
        manifest_open(&m, DATASET_ADIENCE, (struct reading){0}, out, NULL, 1, &e), "%s", e.msg);
    ck_assert(m.drawn);
    return m;
}

START_TEST(every_row_has_its_image) {
    put_folds(10, 3);
    ck_assert_uint_eq(drawn(1, 16, 1), 30); /* the repeated row has that of the first */
    struct manifest m = opened(), again;
    ck_assert_uint_eq(m.n, 31);
    ck_assert_uint_eq(m.n_aside, 0);
    ck_assert_str_ne(
        m.samples[0].content, m.samples[2].content); /* of one person, yet not the same */
    ck_assert_uint_eq(drawn(1, 16, 1), 30);          /* the same command goes over it */
    again = opened();
    ck_assert_str_eq(m.fingerprint, again.fingerprint);
    manifest_close(&m);
    manifest_close(&again);
}
END_TEST

START_TEST(a_share_is_of_the_persons) {
    put_folds(60, 3);
    size_t n = drawn(.5, 16, 1);
    ck_assert_uint_eq(n % 3, 0); /* all of a person's images or none */
    ck_assert(n > 60 && n < 120);
    struct manifest m = opened();
    for (size_t i = 0; i < m.n_aside; i++)
        ck_assert_str_eq(m.aside[i].reason, "a fold file names it, but it is not there");
    ck_assert_uint_eq(m.n + m.n_aside, 181);
    manifest_close(&m);
}
END_TEST

static void refused(double share, const char *message) {
    size_t n;
    struct err e = {0};
    ck_assert(!synth_adience_write(out, folds, share, 16, 1, 1, &n, &e));
    ck_assert_msg(strstr(e.msg, message), "\"%s\" is not in: %s", message, e.msg);
    ck_assert_int_eq(e.kind, ERR_USAGE);
}

START_TEST(what_is_refused) {
    refused(1, "fold_0_data.txt");
    put_folds(10, 3);
    refused(1e-9, "1e-09 of the persons of the fold files are none at all");
    ck_assert(!dir_exists(out));
    out = folder_sub(dir, "out");
    folder_put_text(out, "mine.txt", "x");
    refused(1, "holds \"mine.txt\", which this command did not draw; give an empty folder");
    folder_remove(out);
    out = folder_sub(dir, "out");
    drawn(1, 16, 2);
    folder_put_text(out, "fold_0_data.txt", "laid over it");
    drawn(1, 16, 2);
    struct err e = {0};
    char *fold = path_join(out, "fold_0_data.txt"), *kept = file_read(fold, 64, NULL, &e);
    ck_assert_str_eq(kept, "laid over it");
    free(kept);
    free(fold);
    refused(1, "holds faces that were drawn with other options");
    folder_put_text(out, SYNTH_MARK, "dmtl synthetic 1 adience unfinished\n");
    refused(1, "is no mark of this version");
}
END_TEST

START_TEST(an_unfinished_drawing_is_no_set) {
    put_folds(10, 3);
    drawn(1, 16, 1);
    struct err e = {0};
    struct manifest m;
    char *mark = path_join(out, SYNTH_MARK), *text = file_read(mark, 4096, NULL, &e),
         *state = strstr(text, "finished");
    ck_assert_ptr_nonnull(state);
    *state = 0;
    char *changed = xasprintf("%sun%c%s", text, 'f', state + 1);
    folder_put_text(out, SYNTH_MARK, changed);
    ck_assert(!manifest_open(&m, DATASET_ADIENCE, (struct reading){0}, out, NULL, 1, &e));
    ck_assert_ptr_nonnull(strstr(e.msg, "its drawing was interrupted"));
    ck_assert_uint_eq(drawn(1, 16, 1), 30);
    m = opened();
    manifest_close(&m);
    free(changed);
    free(text);
    free(mark);
}
END_TEST

/* Mean difference of two images' values. */
static double difference(const struct image *a, const struct image *b) {
    size_t n = (size_t)3 * a->width * a->height;
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += fabs((double)a->rgb[i] - b->rgb[i]);
    return sum / (double)n;
}

/* One person's images are nearer to each other than those of two persons with the same labels, who differ as
 * much as two with other labels do. */
START_TEST(a_person_is_known_by_their_looks) {
    enum { PERSONS = 40, PX = 32 };
    double same = 0, stranger = 0, other_labels = 0;
    for (uint32_t i = 0; i < PERSONS; i++) {
        struct image a, again, b, c;
        synth_person(&a, PX, 25, 32, 0, i, 1, 4 * i);
        synth_person(&again, PX, 25, 32, 0, i, 1, 4 * i + 1);
        synth_person(&b, PX, 25, 32, 0, i + PERSONS, 1, 4 * i + 2);
        synth_person(&c, PX, 38, 43, LABEL_MISSING, i + 2 * PERSONS, 1, 4 * i + 3);
        same += difference(&a, &again) / PERSONS;
        stranger += difference(&a, &b) / PERSONS;
        other_labels += difference(&a, &c) / PERSONS;
        image_free(&a);
        image_free(&again);
        image_free(&b);
        image_free(&c);
    }
    ck_assert_msg(same < .7 * stranger, "same %g, stranger %g", same, stranger);
    ck_assert_msg(fabs(stranger - other_labels) < .15 * stranger, "%g, %g", stranger, other_labels);
}
END_TEST

/* ---- the price of a leaky split ---- */

static const char leakage[] =
    "{\"base\": {\"data\": {\"set\": \"adience\", \"image_px\": 24}, \"tasks\": {\"age\": {\"kind\":"
    " \"nominal\"}, \"gender\": {}}, \"trunk\": {\"name\": \"small\", \"weights\": \"none\"},"
    " \"weighting\": {\"kind\": \"equal\"}, \"optimiser\": {\"lr\": 0.05}, \"epochs\": 8, \"batch\": 16},"
    " \"variants\": {\"folds\": {\"split\": {\"kind\": \"folds\", \"fold\": 2}}, \"random\": {}}}";

static double accuracy(const char *db, const char *variant, const char *task) {
    struct err e = {0};
    struct store *s = store_open(db, STORE_READ, &e);
    ck_assert_msg(s != NULL, "%s", e.msg);
    sqlite3_stmt *row = sql_prepare(store_db(s), &e,
        "SELECT value FROM v_metrics WHERE variant = ?1 AND task = ?2 AND part = 'test'"
        " AND metric = 'accuracy' AND grouping = 'all' AND bins = '' AND readout = 'argmax'",
        "ss", variant, task);
    ck_assert_msg(row && sql_step(row, &e) == 1, "%s", e.msg);
    double value = sqlite3_column_double(row, 0);
    sqlite3_finalize(row);
    store_close(s);
    return value;
}

static void ran_with(const char *command, const char *in_out, const char *in_err) {
    struct ran r = run_shell(dir, command);
    ck_assert_msg(r.code == 0, "%s: exit %d: %.2000s", command, r.code, r.err);
    ck_assert_msg(!in_out || strstr(r.out, in_out), "%s: %.2000s", command, r.out);
    ck_assert_msg(!in_err || strstr(r.err, in_err), "%s: %.2000s", command, r.err);
    ran_free(&r);
}

/* Two readings of one folder are two versions of the set in one grid; each is held to its content, here by an
 * image that is drawn anew. The 35 years of one row belong to no group but the nearest. */
START_TEST(policies_stand_side_by_side) {
    put_folds(10, 3);
    folder_put_text(folds, "fold_4_data.txt",
        "user_id\toriginal_image\tface_id\tage\tgender\nu4\ta.jpg\t1\t35\tm\nu4\tb.jpg\t1\t(0, 2)\tm\n");
    drawn(1, 24, 1);
    folder_put_text(dir, "policies.json",
        "{\"base\": {\"data\": {\"set\": \"adience\", \"image_px\": 16}, \"tasks\": {\"age\": {}},"
        " \"trunk\": {\"name\": \"small\", \"weights\": \"none\"}, \"epochs\": 1, \"batch\": 8,"
        " \"split\": {\"kind\": \"folds\", \"fold\": 4}},"
        " \"variants\": {\"exact\": {}, \"nearest\": {\"data\": {\"age_labels\": \"nearest\"}}}}");
    static const char run[] =
        "OMP_WAIT_POLICY=passive $DMTL run policies.json --data adience=out --db p.db --threads 1";
    ran_with(run, "all 2 cells are done", NULL);
    ran_with(run, "all 2 cells are done already", NULL);
    char *db = path_join(dir, "p.db");
    struct err e = {0};
    struct store *s = store_open(db, STORE_READ, &e);
    ck_assert_msg(s != NULL, "%s", e.msg);
    ck_assert_int_eq(
        sql_long(store_db(s), &e, -9, "SELECT count(DISTINCT data_fingerprint) FROM v_cells", ""),
        2);
    ck_assert_int_eq(sql_long(store_db(s), &e, -9,
                         "SELECT n FROM v_metrics WHERE variant = 'exact' AND metric = 'mae' AND"
                         " part = 'test' AND grouping = 'all' AND readout = 'count'",
                         ""),
        1);
    ck_assert_int_eq(sql_long(store_db(s), &e, -9,
                         "SELECT n FROM v_metrics WHERE variant = 'nearest' AND metric = 'mae' AND"
                         " part = 'test' AND grouping = 'all' AND readout = 'count'",
                         ""),
        2);
    store_close(s);
    free(db);
    folder_put_text(out, "aligned/u4/landmark_aligned_face.1.a.jpg", "another");
    struct ran r = run_shell(dir, run);
    ck_assert_msg(r.code == 2 && strstr(r.err, "(exact, cell "), "exit %d: %.1000s", r.code, r.err);
    ran_free(&r);
}
END_TEST

START_TEST(a_leaky_split_scores_higher) {
    put_folds(50, 12);
    drawn(1, 24, 1);
    folder_put_text(dir, "leakage.json", leakage);
    ran_with("$DMTL plan leakage.json", "leaky split in 1 of 2 cells: it puts images of one", NULL);
    ran_with(
        "OMP_WAIT_POLICY=passive $DMTL run leakage.json --data adience=out --db l.db --threads 1",
        NULL, "leaky split in 1 of 2 cells");
    ran_with("$DMTL report leakage --db l.db", "| random (leaky split) |", NULL);
    ran_with("$DMTL report leakage --db l.db", "**Drawn images:**", NULL);
    ran_with("$DMTL report leakage --db l.db", "; errors of age count groups; train 433;", NULL);
    ran_with(
        "$DMTL plot confusion leakage --db l.db -o c.svg && grep '60-100' c.svg && grep Age c.svg",
        "Age", NULL);
    ran_with(
        "$DMTL plot all leakage --db l.db -o figs -q --keep-script --min-n 5 && ls figs/*.svg | wc -l",
        "8\n", "dmtl: no weights: ");
    ran_with("cat figs/error.svg.gp", "y_label[1] = 'MAE (groups)'\n", NULL);
    ran_with("cat figs/subgroups.svg.csv", "Gender: Accuracy (%),Accuracy (%),25-32,female,", NULL);
    ran_with("cat figs/gaps.svg.csv", "age_group=60-100,", NULL);
    ran_with("$DMTL plot error leakage --db l.db -o x.svg --bins decades; true", "",
        "are groups already: leave it out");
    char *db = path_join(dir, "l.db");
    double age = accuracy(db, "folds", "age"), leaky_age = accuracy(db, "random", "age"),
           gender = accuracy(db, "folds", "gender"),
           leaky_gender = accuracy(db, "random", "gender");
    printf("leaky split: age %.3f, folds %.3f; gender %.3f, folds %.3f\n", leaky_age, age,
        leaky_gender, gender);
    ck_assert_msg(leaky_age > age + .2, "age: %g, folds %g", leaky_age, age);
    ck_assert_msg(leaky_gender > gender + .1, "gender: %g, folds %g", leaky_gender, gender);
    struct err e = {0};
    struct store *s = store_open(db, STORE_READ, &e);
    ck_assert_msg(s != NULL, "%s", e.msg);
    ck_assert_int_eq(
        sql_long(store_db(s), &e, -9, "SELECT fold FROM v_cells WHERE variant = 'folds'", ""), 2);
    ck_assert_int_eq(
        sql_long(store_db(s), &e, -9, "SELECT fold FROM v_cells WHERE variant = 'random'", ""), -1);
    ck_assert_int_eq(
        sql_long(store_db(s), &e, -9,
            "SELECT count(*) FROM v_samples WHERE age IS NULL AND age_group BETWEEN 0 AND 7", ""),
        601);
    store_close(s);
    free(db);
}
END_TEST

Suite *synth_adience_suite(void) {
    Suite *s = suite_create("synth_adience");
    TCase *c = tcase_create("synth_adience");
    tcase_set_timeout(c, 240);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, every_row_has_its_image);
    tcase_add_test(c, a_share_is_of_the_persons);
    tcase_add_test(c, what_is_refused);
    tcase_add_test(c, an_unfinished_drawing_is_no_set);
    tcase_add_test(c, a_person_is_known_by_their_looks);
    tcase_add_test(c, policies_stand_side_by_side);
    tcase_add_test(c, a_leaky_split_scores_higher);
    suite_add_tcase(s, c);
    return s;
}
