/* dmtl merge: shards of a grid that was also run whole, joined in any order, twice, killed; and what it refuses. */
#include "check_folder.h"
#include "check_run.h"
#include "check_suites.h"
#include "fixture_hash.h"
#include "fixture_store.h"

#include "core/file.h"
#include "core/mem.h"
#include "store/sql.h"
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

/* 3 cells, and 2 that share a choice: 4 units in 3 shards. */
static const char grid_text[] =
    "{\"base\": {\"data\": {\"set\": \"synthetic\", \"image_px\": 24}, \"tasks\": {\"age\": {}, \"gender\": {}},"
    " \"trunk\": {\"name\": \"small\", \"weights\": \"none\"}, \"epochs\": 2, \"batch\": 16, \"log_every\": 1},"
    " \"variants\": {\"a\": {\"seed\": 1}, \"b\": {\"seed\": 1, \"weighting\": {\"kind\": \"equal\"}},"
    "  \"c\": {\"seed\": 1, \"optimiser\": {\"lr\": 0.02}},"
    "  \"open1\": {\"seed\": 1, \"select\": {\"keys\": {\"/optimiser/lr\": [0.001, 0.003]}}},"
    "  \"open2\": {\"seed\": 2, \"select\": {\"keys\": {\"/optimiser/lr\": [0.001, 0.003]}}}}}";

static char *made,
    *dir; /* with the shards s1.db, s2.db, s3.db and all.db, run whole; a copy for each test */

static void expect(const char *command, int code, const char *in_out, const char *in_err) {
    expect_shell(dir, command, code, in_out, in_err);
}

#define RUN "$DMTL run g.json --data synthetic=faces --cache cache --threads 1 --quiet "

static void make_shards(void) {
    made = dir = folder_new();
    folder_put_text(dir, "g.json", grid_text);
    expect("$DMTL data synth -n 60 --px 24 --out faces --quiet", 0, NULL, NULL);
    expect(RUN "--db all.db && for i in 1 2 3; do " RUN "--db s$i.db --shard $i/3 || exit 1; done",
        0, NULL, NULL);
}

static void drop_shards(void) {
    folder_remove(made);
}

static void set_up(void) {
    dir = folder_copy(made);
}

static void tear_down(void) {
    folder_remove(dir);
}

static void change(const char *db, const char *sql) {
    struct err e = {0};
    char *path = path_join(dir, db);
    struct store *s = store_open(path, STORE_WRITE, &e);
    ck_assert_msg(s && sql_script(store_db(s), sql, &e), "%s", e.msg);
    store_close(s);
    free(path);
}

static char *row(const char *db, const char *sql) {
    char *path = path_join(dir, db), *text = query_text(path, sql);
    free(path);
    return text;
}

static void expect_row(const char *db, const char *sql, const char *want) {
    char *path = path_join(dir, db);
    expect_rows(path, sql, want);
    free(path);
}

static void expect_same(const char *a, const char *b) {
    static const char members[] =
        "SELECT group_concat(cell || variant || axes || state, '\n') FROM"
        " (SELECT cell, variant, axes, state FROM v_cells ORDER BY variant, cell)";
    static const char choices[] =
        "SELECT group_concat(variant || cell || position || candidate || selected || gain || best) FROM"
        " (SELECT * FROM v_choices ORDER BY variant, position)";
    static const char samples[] =
        "SELECT group_concat(sample || age || gender || race || content || undecodable) FROM"
        " (SELECT * FROM v_samples ORDER BY sample)";
    static const char *const queries[] = {members, choices, samples};
    char *x = path_join(dir, a), *y = path_join(dir, b);
    expect_same_results(x, y);
    for (size_t i = 0; i < ARRAY_LEN(queries); i++) {
        char *want = row(b, queries[i]);
        expect_row(a, queries[i], want);
        free(want);
    }
    expect_row(a, "SELECT count(*) FROM pragma_foreign_key_check", "0");
    expect_row(a, "SELECT * FROM pragma_integrity_check", "ok");
    free(x);
    free(y);
}

/* ---- what it joins ---- */

START_TEST(shards_are_the_grid_run_whole) {
    expect("$DMTL merge m.db s1.db s2.db s3.db", 0, "m.db: 6 cells taken from 3 databases", NULL);
    expect_same("m.db", "all.db");
    expect("$DMTL merge n.db s3.db s1.db s2.db s1.db", 0, "6 cells taken from 4 databases, ", NULL);
    expect_same("n.db", "all.db");
    expect("$DMTL report g --db m.db > m.md && $DMTL report g --db n.db > n.md && cmp m.md n.md", 0,
        NULL, NULL);
    expect("$DMTL merge m.db s2.db all.db", 0, "m.db: 0 cells taken from 2 databases, ", NULL);
    expect_same("m.db", "all.db");
    expect_row("m.db", "SELECT count(*) || max(run) FROM v_runs",
        "122"); /* each cell's own and that of all.db */
}
END_TEST

/* The checkpoint of the last step stands in the merged folder, as one file with the shard's. */
START_TEST(checkpoints_come_along) {
    expect("$DMTL merge sub/m.db s1.db s2.db s3.db", 0, NULL, NULL);
    expect("ls sub/m/*/*.safetensors | wc -l; stat -c %h sub/m/*/*.safetensors | sort -u", 0,
        "6\n2\n", NULL);
    expect(
        "for f in sub/m/*/*.safetensors; do cmp $f all/${f#sub/m/} || exit 1; done", 0, NULL, NULL);
}
END_TEST

/* `a`, stopped in the middle in w.db, and done in sh.db. */
#define LONG " --only a --set /epochs=60 --set /checkpoint_every_steps=1 "
#define BEGUN                                                                                                    \
    RUN "--db sh.db" LONG " && { " RUN "--db w.db" LONG                                                          \
        "& run=$!; until ls w/*/step-0000000008.safetensors >/dev/null 2>&1; do :; done; kill $run; wait $run; " \
        "[ $? = 75 ]; }"

/* A file of the same step is another's where the other's results come from. */
START_TEST(a_begun_cell_gets_the_shards_files) {
    expect(BEGUN " && echo other >$(ls -d w/*/)step-0000000180.safetensors", 0, NULL, NULL);
    expect("$DMTL merge w.db sh.db", 0, "w.db: 1 cell taken", NULL);
    expect("diff -r -x lock w sh && $DMTL merge w.db sh.db && diff -r -x lock w sh", 0, NULL, NULL);
    expect("$DMTL verify g a --db w.db --data synthetic=faces --cache cache --quiet", 0,
        "bit-identical", NULL);
}
END_TEST

/* Killed behind its commit, before the files are in their place: the next merge finishes. */
START_TEST(files_that_wait_are_taken_by_the_next_merge) {
    expect(BEGUN " && $DMTL merge w.db sh.db && d=$(ls -d w/*/) && mkdir $d/incoming && "
                 "mv $d/step-0000000180.safetensors $d/incoming/",
        0, NULL, NULL);
    expect("$DMTL merge w.db sh.db && diff -r -x lock w sh", 0, NULL, NULL);
}
END_TEST

START_TEST(a_failure_replaces_no_training) {
    expect(BEGUN, 0, NULL, NULL);
    change("sh.db", "UPDATE cell SET state = 3, error = 'no luck' WHERE state = 2");
    expect("$DMTL merge w.db sh.db && $DMTL status g --db w.db", 0, "8 cells: 8 pending", NULL);
    expect("$DMTL run g.json --data synthetic=faces --cache cache --threads 1 --db w.db" LONG, 0,
        NULL, "goes on from step ");
}
END_TEST

START_TEST(a_merged_grid_goes_on) {
    expect("$DMTL merge m.db s1.db s3.db && " RUN "--db m.db", 0, "g: all 5 cells are done", NULL);
    expect_same("m.db", "all.db");
}
END_TEST

START_TEST(what_is_open_is_planned_and_what_failed_is_kept) {
    change("s1.db", "UPDATE cell SET state = 1 WHERE state = 2");
    change(
        "s2.db", "UPDATE cell SET state = 3, error = 'no luck', finished = '2026-01-01T00:00:00Z'");
    expect("$DMTL merge m.db s1.db s2.db", 0, "m.db: 0 cells taken from 2 databases, ", NULL);
    expect("$DMTL status g --db m.db", 0, "no luck", NULL);
    expect_row("m.db", "SELECT count(*) FROM v_cells WHERE state = 'running'", "0");
    expect("$DMTL merge m.db all.db && $DMTL merge m.db s2.db", 0, NULL, NULL); /* done wins */
    expect_same("m.db", "all.db");
}
END_TEST

START_TEST(an_older_shard_is_brought_up) {
    struct err e = {0};
    char *path = path_join(dir, "old.db");
    ck_assert_msg(fixture_store(path, &e), "%s", e.msg);
    expect("cp old.db new.db", 0, NULL, NULL);
    change("old.db", fixture_version_1);
    expect("$DMTL merge m.db old.db && $DMTL merge n.db new.db", 0, NULL, NULL);
    char *merged = path_join(dir, "m.db"), *other = path_join(dir, "n.db");
    expect_same_results(merged, other);
    expect_row("m.db", "SELECT group_concat(DISTINCT grid) FROM v_cells", "fixture,subset");
    free(merged);
    free(other);
    free(path);
}
END_TEST

/* Killed wherever, the same command ends with the same. */
START_TEST(killed_it_goes_on) {
    expect(
        "for ms in 005 01 02 03 05 08 12 20; do timeout -s KILL .$ms $DMTL merge m.db s1.db s2.db s3.db; done; "
        "$DMTL merge m.db s1.db s2.db s3.db",
        0, NULL, NULL);
    expect_same("m.db", "all.db");
}
END_TEST

/* ---- what it refuses ---- */

static const struct {
    const char *change, *message;
} other_results[] = {
    {"UPDATE prediction SET predicted = predicted + 1 WHERE task = 0 AND part = 2 AND cell = "
     "(SELECT cell FROM member WHERE variant = 'a')",
        "12 of 34 predictions differ (the first: test, age, "},
    {"UPDATE weight SET loss = loss * 1.001 WHERE step > 3 AND cell = (SELECT cell FROM member WHERE variant = 'a')",
        "6 of 12 logged losses differ (the first: step 4, age: loss "},
    {"DELETE FROM probability WHERE cell = (SELECT cell FROM member WHERE variant = 'a')",
        "34 of 34 probabilities differ (they stand in m.db alone)"},
    {"INSERT INTO weight SELECT cell, 99, task, 9, 1, 1, 1, 1 FROM weight WHERE step = 1",
        "2 of 14 logged losses differ (the first: step 99, age stands in bad.db alone)"},
};

START_TEST(two_results_of_one_cell_are_shown) {
    expect("$DMTL merge m.db all.db && cp s1.db bad.db", 0, NULL, NULL);
    change("bad.db", other_results[_i].change);
    expect("$DMTL merge m.db bad.db", 2, NULL, other_results[_i].message);
    expect("$DMTL merge m.db s2.db bad.db", 2, NULL, "merge: after 1 of 2 databases: cell ");
    expect("$DMTL merge x.db bad.db all.db", 2, NULL,
        "nothing of all.db is taken: keep one of the two");
    expect_same("m.db", "all.db");
}
END_TEST

START_TEST(two_grids_of_one_name_are_two) {
    expect("$DMTL merge m.db s1.db", 0, NULL, NULL);
    expect(RUN "--db other.db --set /epochs=1 --only a && ! $DMTL merge m.db other.db", 0, NULL,
        "they were run with other --set, and belong into databases of their own");
    expect("sed 's/\"a\"/\"first\"/' g.json > x && mv x g.json && " RUN
           "--db other.db --only first && ! $DMTL merge m.db other.db",
        0, NULL, "grid g: its file was another for other.db than for m.db");
}
END_TEST

START_TEST(bad_input_is_named) {
    expect("$DMTL merge", 2, NULL, "merge: which databases? expected OUT.db SHARD.db...");
    expect("$DMTL merge m.db", 2, NULL, "merge: which databases?");
    expect("$DMTL merge m.db s1.db none.db", 2, NULL, "merge: none.db: there is no such file");
    expect("test ! -e m.db", 0, NULL, NULL); /* found before anything is written */
    expect("$DMTL merge s1.db ./s1.db", 2, NULL, "is OUT.db itself");
    expect("$DMTL merge m.db g.json", 2, NULL, "g.json: is not an SQLite database");
    expect("head -c 30000 s1.db > cut.db; $DMTL merge m.db cut.db", 1, NULL, "cut.db: ");
    change("s2.db", "PRAGMA foreign_keys = OFF; UPDATE prediction SET sample = sample + 1000");
    expect("$DMTL merge m.db s2.db", 1, NULL,
        "s2.db: is damaged: a row of its predictions names a sample that it does not hold");
}
END_TEST

START_TEST(a_full_disk_takes_nothing_half) {
    expect("$DMTL merge m.db s1.db && (ulimit -f 400; $DMTL merge m.db s2.db s3.db)", 1, NULL,
        "what was committed is kept");
    expect("$DMTL merge m.db s2.db s3.db", 0, NULL, NULL);
    expect_same("m.db", "all.db");
}
END_TEST

Suite *merge_suite(void) {
    Suite *s = suite_create("merge");
    TCase *c = tcase_create("merge");
    tcase_set_timeout(c, 120);
    tcase_add_unchecked_fixture(c, make_shards, drop_shards);
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, shards_are_the_grid_run_whole);
    tcase_add_test(c, checkpoints_come_along);
    tcase_add_test(c, a_begun_cell_gets_the_shards_files);
    tcase_add_test(c, files_that_wait_are_taken_by_the_next_merge);
    tcase_add_test(c, a_failure_replaces_no_training);
    tcase_add_test(c, a_merged_grid_goes_on);
    tcase_add_test(c, what_is_open_is_planned_and_what_failed_is_kept);
    tcase_add_test(c, an_older_shard_is_brought_up);
    tcase_add_test(c, killed_it_goes_on);
    tcase_add_loop_test(c, two_results_of_one_cell_are_shown, 0, ARRAY_LEN(other_results));
    tcase_add_test(c, two_grids_of_one_name_are_two);
    tcase_add_test(c, bad_input_is_named);
    tcase_add_test(c, a_full_disk_takes_nothing_half);
    suite_add_tcase(s, c);
    return s;
}
