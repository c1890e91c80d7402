/* A results folder that is moved or copied in the middle of a grid, and two grids in one database. */
#include "check_folder.h"
#include "check_run.h"
#include "check_suites.h"
#include "fixture_hash.h"

#include "core/file.h"
#include "core/mem.h"

#include <stdlib.h>

#define BASE                                                                                                      \
    "{\"base\": {\"data\": {\"set\": \"synthetic\", \"image_px\": 24}, \"tasks\": {\"age\": {}, \"gender\": {}}," \
    " \"trunk\": {\"name\": \"small\", \"weights\": \"none\"}, \"epochs\": 2, \"batch\": 16,"                     \
    " \"checkpoint_every_steps\": 2}, \"variants\": {"

static char *made, *dir; /* with a/, which nothing disturbed; a copy for each test */

static void expect(const char *command, int code, const char *in_out, const char *in_err) {
    expect_shell(dir, command, code, in_out, in_err);
}

#define RUN "$DMTL run g.json --data synthetic=faces --threads 1 --quiet "

static void make(void) {
    made = dir = folder_new();
    folder_put_text(
        dir, "g.json", BASE "\"full\": {}, \"other\": {\"seed\": 2}, \"long\": {\"epochs\": 40}}}");
    folder_put_text(dir, "h.json", BASE "\"same\": {}, \"third\": {\"seed\": 3}}}");
    expect("$DMTL data synth -n 60 --px 24 --out faces --quiet", 0, NULL, NULL);
    expect(RUN "--db a/g.db", 0, "all 3 cells are done", NULL);
}

static void drop(void) {
    folder_remove(made);
}

static void set_up(void) {
    dir = folder_copy(made);
}

static void tear_down(void) {
    folder_remove(dir);
}

static void expect_as_a(const char *name) {
    char *a = path_join(dir, "a/g.db"), *b = path_join(dir, name);
    expect_same_results(a, b);
    free(a);
    free(b);
}

/* One cell done, one in the middle, one not begun: database, checkpoints and cache. */
#define STOPPED_IN_B                                                                                                 \
    RUN "--db b/g.db --only other; " RUN                                                                             \
        "--db b/g.db --only long & run=$!; until ls b/g/*/step-0000000008.safetensors >/dev/null 2>&1; do :; done; " \
        "kill $run; wait $run"

START_TEST(moved_in_the_middle) {
    expect(STOPPED_IN_B, 75, NULL, NULL);
    expect("mkdir -p far/away && mv b far/away/'c d' && mv faces people && mv g.json far/", 0, NULL,
        NULL);
    expect(
        "$DMTL run far/g.json --data synthetic=people --threads 1 --db 'far/away/c d/g.db' --only long",
        0, NULL, "goes on from step ");
    expect(
        "$DMTL run far/g.json --data synthetic=people --threads 1 --db 'far/away/c d/g.db' --quiet",
        0, "all 3 cells are done", NULL);
    expect_as_a("far/away/c d/g.db");
    expect("cd 'far/away/c d' && $DMTL report g --db g.db && $DMTL status g --db g.db", 0, "3 done",
        NULL);
    expect(
        "$DMTL verify g other --db 'far/away/c d/g.db' --data synthetic=people --cache 'far/away/c d/cache'",
        0, "bit-identical", NULL);
}
END_TEST

/* The copy and what it was copied from go on apart; one without its checkpoints begins again. */
START_TEST(copied_in_the_middle) {
    expect(STOPPED_IN_B, 75, NULL, NULL);
    expect("cp -r b c && mkdir d && cp b/g.db* d/", 0, NULL, NULL);
    expect("$DMTL run g.json --data synthetic=faces --threads 1 --db c/g.db --only long", 0, NULL,
        "goes on from step ");
    expect(RUN "--db c/g.db", 0, "all 3", NULL);
    expect("$DMTL status g --db b/g.db", 0, "g: 3 cells: 1 done, 2 pending", NULL);
    expect(RUN "--db b/g.db", 0, "all 3", NULL);
    expect(RUN "--db d/g.db", 0, "all 3", NULL);
    expect_as_a("b/g.db");
    expect_as_a("c/g.db");
    expect_as_a("d/g.db");
}
END_TEST

START_TEST(a_copy_that_cannot_be_written_is_read) {
    expect("cp -r a c && chmod -R a-w c", 0, NULL, NULL);
    expect(
        "$DMTL report g --db c/g.db && $DMTL audit g:full --db c/g.db && $DMTL export g --db c/g.db >/dev/null",
        0, "test part", NULL);
    expect("chmod -R u+w c", 0, NULL, NULL);
}
END_TEST

/* A cell that both have is run once, each grid sees its own, and what one loses the other keeps. */
START_TEST(two_grids_in_one_database) {
    expect("$DMTL run h.json --data synthetic=faces --threads 1 --db a/g.db", 0,
        "h: all 2 cells are done", NULL);
    expect("$DMTL status h --db a/g.db", 0, "h: 2 cells: 2 done", NULL);
    expect("$DMTL status g --db a/g.db", 0, "g: 3 cells: 3 done", NULL);
    char *db = path_join(dir, "a/g.db");
    expect_rows(db, "SELECT count(*) FROM (SELECT DISTINCT cell FROM v_cells)", "4");
    expect_rows(db,
        "SELECT count(*) FROM v_runs WHERE cell IN (SELECT cell FROM v_cells WHERE variant = 'same')",
        "1");
    expect_rows(db,
        "SELECT count(*) = (SELECT count(*) FROM v_metrics WHERE grid = 'h' AND variant = 'same') AND count(*) > 0"
        " FROM v_metrics WHERE grid = 'g' AND variant = 'full'",
        "1");
    folder_put_text(dir, "g.json", BASE "\"other\": {\"seed\": 2}}}");
    expect(RUN "--db a/g.db", 0, "its cell is done already", NULL);
    expect("$DMTL report h --db a/g.db", 0, "same", NULL);
    expect_rows(db,
        "SELECT count(*) FROM v_predictions WHERE grid = 'h' AND variant = 'same' AND part = 'test'",
        "24");
    free(db);
}
END_TEST

START_TEST(two_grids_at_once) {
    expect(
        "for g in g h; do $DMTL run $g.json --data synthetic=faces --threads 1 --quiet -j 2 --db b/x.db --cache cache & "
        "done; wait; $DMTL status g --db b/x.db; $DMTL status h --db b/x.db",
        0, "h: 2 cells: 2 done", NULL);
    expect("$DMTL status g --db b/x.db", 0, "g: 3 cells: 3 done", NULL);
    char *db = path_join(dir, "b/x.db");
    expect_rows(db, "SELECT count(*) FROM v_runs WHERE outcome = 'done'", "4");
    expect_rows(db,
        "SELECT count(*) FROM (SELECT 1 FROM v_predictions GROUP BY cell, grid, part, task, sample HAVING count(*) > 1)",
        "0");
    free(db);
}
END_TEST

Suite *results_folder_suite(void) {
    Suite *s = suite_create("results_folder");
    TCase *c = tcase_create("results_folder");
    tcase_set_timeout(c, 120);
    tcase_add_unchecked_fixture(c, make, drop);
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, moved_in_the_middle);
    tcase_add_test(c, copied_in_the_middle);
    tcase_add_test(c, a_copy_that_cannot_be_written_is_read);
    tcase_add_test(c, two_grids_in_one_database);
    tcase_add_test(c, two_grids_at_once);
    suite_add_tcase(s, c);
    return s;
}
