/* Keys chosen on the validation part: what is tried, what is chosen, what is refused, what is on record. */
#include "check_folder.h"
#include "check_suites.h"

#include "core/file.h"
#include "core/mem.h"
#include "grid/choice.h"
#include "grid/register.h"
#include "grid/select.h"
#include "store/sql.h"

#include <stdlib.h>
#include <string.h>

static void must(bool ok, const struct err *e) {
    ck_assert_msg(ok, "%s", e->msg);
}

/* ---- the grid ---- */

#define SELECT                                                                                          \
    "{\"base\": {\"tasks\": {\"age\": {}, \"gender\": {}}, \"optimiser\": {\"lr\": 7},"                 \
    " \"select\": {\"keys\": {\"/optimiser/lr\": [0.1, 0.01]}}}, \"variants\": {\"full\": {},"          \
    " \"fixed\": {\"weighting\": {\"kind\": \"fixed\"}, \"select\": {\"keys\": {\"/tasks/age/weight\":" \
    " [1, 2, 3]}}}, \"plain\": {\"select\": null}}, \"axes\": {\"/seed\": [4, 5]}}"

static void read_grid(struct grid *g, const char *text) {
    struct err e = {0};
    must(grid_parse(g, "g", "g.json", text, NULL, 0, &e), &e);
}

START_TEST(candidates_are_cells_once_a_variant) {
    struct grid g;
    read_grid(&g, SELECT);
    ck_assert_uint_eq(g.n_cells, 6);
    ck_assert_uint_eq(g.n_candidates, 2 + 2 * 3);
    ck_assert_str_eq(g.candidates[1].axes, "{\"/optimiser/lr\":0.01}");
    ck_assert_str_eq(g.candidates[1].changes, "optimiser.lr=0.01");
    ck_assert_str_eq(g.candidates[2].variant, "fixed");
    ck_assert_str_eq(g.candidates[3].axes, "{\"/optimiser/lr\":0.1,\"/tasks/age/weight\":2}");
    for (size_t i = 0; i < g.n_candidates; i++) {
        ck_assert_uint_eq(g.candidates[i].config.seed, 4);
        ck_assert(!config_selects(&g.candidates[i].config));
    }
    ck_assert_double_eq(g.candidates[7].config.tasks[0].weight, 3);
    ck_assert_double_eq(g.candidates[7].config.optimiser.lr, 0.01);
    ck_assert(config_selects(&g.cells[0].config));
    ck_assert_uint_eq(g.cells[1].config.seed, 5);
    ck_assert_uint_eq(g.cells[1].config.select.seed, 4);
    ck_assert(!config_selects(&g.cells[4].config)); /* plain */
    ck_assert_double_eq(g.cells[4].config.optimiser.lr, 7);
    grid_free(&g);
}
END_TEST

START_TEST(a_candidate_is_the_cell_that_says_its_values) {
    struct grid g, said;
    read_grid(&g, SELECT);
    read_grid(&said,
        "{\"base\": {\"tasks\": {\"age\": {}, \"gender\": {}}, \"optimiser\": {\"lr\": 0.1},"
        " \"seed\": 4}, \"variants\": {\"full\": {}}}");
    ck_assert_str_eq(g.candidates[0].id, said.cells[0].id);
    grid_free(&g);
    grid_free(&said);
}
END_TEST

/* Tried for two epochs, trained for all five once chosen. */
START_TEST(candidates_may_train_for_less) {
    struct grid g, said;
    struct config chosen;
    struct err e = {0};
    read_grid(&g,
        "{\"base\": {\"tasks\": {\"age\": {}}, \"epochs\": 5, \"select\": {\"epochs\": 2, \"keys\":"
        " {\"/optimiser/lr\": [0.1, 0.01]}}}, \"variants\": {\"full\": {}}}");
    read_grid(&said,
        "{\"base\": {\"tasks\": {\"age\": {}}, \"epochs\": 2, \"optimiser\": {\"lr\": 0.01}},"
        " \"variants\": {\"full\": {}}}");
    ck_assert_str_eq(g.candidates[1].id, said.cells[0].id);
    must(select_apply(&g.cells[0].config, g.candidates[1].axes, &chosen, &e), &e);
    ck_assert_int_eq(chosen.epochs, 5);
    ck_assert_int_eq(chosen.select.epochs, 0);
    config_free(&chosen);
    grid_free(&g);
    grid_free(&said);
}
END_TEST

/* Base's value of a key that is chosen is no part of the question. */
START_TEST(what_is_chosen_has_no_value_of_its_own) {
    struct grid a, b;
    static const char text[] =
        "{\"base\": {\"tasks\": {\"age\": {}}, \"optimiser\": {\"lr\": %s}, \"select\": {\"keys\":"
        " {\"/optimiser/lr\": [0.1, 0.01]}}}, \"variants\": {\"full\": {}}}";
    char *one = xasprintf(text, "0.5"), *other = xasprintf(text, "0.6");
    read_grid(&a, one);
    read_grid(&b, other);
    ck_assert_str_eq(a.cells[0].id, b.cells[0].id);
    free(one);
    free(other);
    grid_free(&a);
    grid_free(&b);
}
END_TEST

#define BAD(select, axes)                                                                          \
    "{\"base\": {\"tasks\": {\"age\": {}, \"gender\": {}}, \"select\": " select                    \
    "}, \"variants\": {\"full\": {}}" axes "}"
#define AT "g.json: variant \"full\": "

static const struct {
    const char *grid, *message;
} bad[] = {
    {BAD("{\"keys\": {\"/optimiser/lr\": [0.1]}}", ""), AT
        "/select/keys: \"/optimiser/lr\": expected a list of at least two values to choose from; one "
        "is no choice: write it as the key's value"},
    {BAD("{\"keys\": {\"/optimiser/lr\": []}}", ""), AT
        "/select/keys: \"/optimiser/lr\": expected a list of at least two values to choose from"},
    {BAD("{\"keys\": {\"/optimiser/lr\": 0.1}}", ""), AT
        "/select/keys: \"/optimiser/lr\": expected a list of at least two values to choose from"},
    {BAD("{\"keys\": {\"/optimiser/lr\": [0.1, 0.1]}}", ""),
        AT "/select/keys: \"/optimiser/lr\": a value stands twice"},
    {BAD("{\"keys\": {\"/optimiser/lr\": [0.1, \"high\"]}}", ""),
        "g.json: variant \"full\" with {\"/optimiser/lr\":\"high\"}: /optimiser/lr: \"high\": expected a number above 0, at most 100"},
    {BAD("{\"keys\": {\"/optimizer/lr\": [0.1, 0.2]}}", ""),
        AT "/select/keys: \"/optimizer/lr\": unknown key; did you mean /optimiser/lr?"},
    {BAD("{\"keys\": {\"/tasks/age/wieght\": [0.1, 0.2]}}", ""),
        AT "/select/keys: \"/tasks/age/wieght\": unknown key; did you mean /tasks/age/weight?"},
    {BAD("{\"keys\": {\"/tasks/race/weight\": [0.1, 0.2]}}", ""), AT
        "/select/keys: \"/tasks/race/weight\": the configuration has no such task: a variant that "
        "removes a task sets this list to null"},
    {BAD("{\"keys\": {\"/split/seed\": [1, 2]}}", ""), AT
        "/select/keys: \"/split/seed\": cannot be chosen: candidates must be validated on the same images"},
    {BAD("{\"keys\": {\"/data/age_labels\": [\"exact\", \"nested\"]}}", ""), AT
        "/select/keys: \"/data/age_labels\": cannot be chosen: candidates must be validated on the same labels"},
    {BAD("{\"keys\": {\"/data/ages\": [\"own\", \"adience-8\"]}}", ""), AT
        "/select/keys: \"/data/ages\": cannot be chosen: candidates must be validated on the same labels"},
    {BAD("{\"keys\": {\"/data/corrections\": [\"none\", \"published\"]}}", ""), AT
        "/select/keys: \"/data/corrections\": cannot be chosen: candidates must be validated on the same labels"},
    {BAD("{\"keys\": {\"/data/crop\": [\"aligned\", \"faces\"]}}", ""), AT
        "/select/keys: \"/data/crop\": cannot be chosen: candidates must be validated on the same images"},
    {BAD("{\"keys\": {\"/seed\": [1, 2]}}", ""),
        AT "/select/keys: \"/seed\": cannot be chosen: one choice holds for all seeds"},
    {BAD("{\"keys\": {\"/select\": [1, 2]}}", ""),
        AT "/select/keys: \"/select\": cannot be chosen: it says what is chosen"},
    {BAD("{\"keys\": {\"/select/keys\": [1, 2]}}", ""),
        AT "/select/keys: \"/select/keys\": cannot be chosen: it says what is chosen"},
    {BAD("{\"keys\": {\"/tasks/age\": [1, 2]}}", ""),
        AT "/select/keys: \"/tasks/age\": unknown key (`dmtl plan --keys` lists them)"},
    {BAD("{\"keys\": {\"/log_every\": [1, 2]}}", ""),
        AT "/select/keys: \"/log_every\": changes no result: there is nothing to choose"},
    {BAD("{\"keys\": {\"/optimiser/lr\": [0.1, 0.2]}}", ", \"axes\": {\"/optimiser/lr\": [1, 2]}"),
        "g.json: variant \"full\" with {\"/optimiser/lr\":1}: /select/keys: \"/optimiser/lr\": the grid's axis "
        "sets this key: it cannot be chosen too"},
    {BAD("{\"keys\": {\"/optimiser/lr\": [0.1, 0.2]}, \"metrics\": {\"age\": \"rmse\"}}", ""), AT
        "/select/metrics/age: expected one of accuracy, accuracy_within_1, mse, mae, bias, or none"},
    {BAD("{\"keys\": {\"/optimiser/lr\": [0.1, 0.2]}, \"metrics\": {\"race\": \"mae\"}}", ""),
        AT "/select/metrics/race: the configuration has no such task"},
    {BAD("{\"keys\": {\"/optimiser/lr\": [0.1, 0.2]}, \"metrics\": {\"age\": \"none\", \"gender\": \"none\"}}",
         ""),
        AT "/select/metrics: no task counts: expected a metric for at least one"},
    {BAD("{\"metrics\": {\"age\": \"mse\"}}", ""), AT
        "/select: metrics, seed and epochs count for nothing without /select/keys: leave them out"},
    {BAD("{\"keys\": {\"/optimiser/lr\": [0.1, 0.2]}, \"epochs\": 2}",
         ", \"axes\": {\"/schedule/warmup_epochs\": [3]}"),
        "g.json: variant \"full\" with {\"/schedule/warmup_epochs\":3} with {\"/optimiser/lr\":0.1} for the 2 epochs of /select/epochs: "
        "/schedule/warmup_epochs: 3: expected at most /epochs, 2"},
    {BAD("{\"keys\": {\"/optimiser/lr\": [0.1, 0.2]}, \"epochs\": 2}",
         ", \"axes\": {\"/early_stop_epochs\": [3]}"),
        "g.json: variant \"full\" with {\"/early_stop_epochs\":3} with {\"/optimiser/lr\":0.1} for the 2 epochs of /select/epochs: "
        "/early_stop_epochs: 3: counts for nothing in so few: expected at most 2, or no /select/epochs"},
    {BAD("{\"keys\": {\"/early_stop_epochs\": [2, 3]}, \"epochs\": 2}", ""),
        "g.json: variant \"full\" with {\"/early_stop_epochs\":3} for the 2 epochs of /select/epochs: "
        "/early_stop_epochs: 3: counts for nothing in so few: expected at most 2, or no /select/epochs"},
    {BAD("{\"epochs\": 2}", ""), AT
        "/select: metrics, seed and epochs count for nothing without /select/keys: leave them out"},
    {BAD("{\"keys\": {\"/optimiser/lr\": [0.1, 0.2]}, \"epochs\": 81}", ""),
        AT "/select/epochs: 81: more than /epochs, which is 80"},
    {BAD("{\"keys\": {\"/epochs\": [3, 4]}, \"epochs\": 2}", ""), AT
        "/select/epochs: counts for nothing where /select/keys tries values of /epochs: leave one out"},
    {BAD("{\"keys\": 3}", ""), "g.json: /base/select/keys: 3: expected an object"},
};

START_TEST(a_bad_selection_is_refused) {
    struct grid g;
    struct err e = {0};
    ck_assert(!grid_parse(&g, "g", "g.json", bad[_i].grid, NULL, 0, &e));
    ck_assert_str_eq(e.msg, bad[_i].message);
    ck_assert_int_eq(e.kind, ERR_USAGE);
    grid_free(&g);
}
END_TEST

/* What spans keys is known of the candidates alone. */
START_TEST(what_spans_open_keys_is_checked_of_candidates) {
    struct grid g;
    struct err e = {0};
    read_grid(&g, BAD("{\"keys\": {\"/epochs\": [100, 200]}}",
                      ", \"axes\": {\"/schedule/warmup_epochs\": [90]}"));
    ck_assert_uint_eq(g.n_candidates, 2);
    grid_free(&g);
    ck_assert(!grid_parse(&g, "g", "g.json",
        BAD("{\"keys\": {\"/epochs\": [100, 50]}}",
            ", \"axes\": {\"/schedule/warmup_epochs\": [90]}"),
        NULL, 0, &e));
    ck_assert_ptr_nonnull(
        strstr(e.msg, "with {\"/epochs\":50}: /schedule/warmup_epochs: 90: expected at most"));
    grid_free(&g);
}
END_TEST

START_TEST(what_is_chosen_cannot_be_set) {
    struct grid g;
    struct err e = {0};
    static const char *const set[] = {"/optimiser/lr=0.7"}, *const none[] = {"/select=null"};
    ck_assert(!grid_parse(&g, "g", "g.json", SELECT, set, 1, &e));
    ck_assert_ptr_nonnull(strstr(e.msg, "--set /optimiser/lr=0.7: the grid chooses /optimiser/lr"));
    grid_free(&g);
    e = (struct err){0};
    must(grid_parse(&g, "g", "g.json", BAD("{\"keys\": {\"/optimiser/lr\": [0.1, 0.2]}}", ""), none,
             1, &e),
        &e);
    ck_assert_uint_eq(g.n_candidates, 0);
    grid_free(&g);
}
END_TEST

START_TEST(a_thousand_values_are_too_many) {
    struct str list = {0};
    struct grid g;
    struct err e = {0};
    for (int i = 1; i <= 1000; i++)
        str_addf(&list, "%s%d", i > 1 ? ", " : "", i);
    char *text = xasprintf(BAD("{\"keys\": {\"/batch\": [%s]}}", ""), list.text);
    ck_assert(!grid_parse(&g, "g", "g.json", text, NULL, 0, &e));
    ck_assert_str_eq(
        e.msg, AT "/select/keys: 1000 combinations or more to try: expected at most 256");
    free(text);
    str_free(&list);
    grid_free(&g);
}
END_TEST

/* ---- the store ---- */

static struct store *store;
static struct grid grid;
static char *folder;

static void open_store(void) {
    struct err e = {0};
    folder = folder_new();
    char *path = path_join(folder, "r.db");
    store = store_open(path, STORE_WRITE, &e);
    ck_assert_msg(store != NULL, "%s", e.msg);
    free(path);
    read_grid(&grid, SELECT);
    must(grid_register(&grid, store, &e), &e);
}

static void close_store(void) {
    grid_free(&grid);
    store_close(store);
    folder_remove(folder);
}

/* Marks a cell done with a mae of age and an accuracy of gender on the validation part; mae 0: failed. */
static void finish(const char *id, double mae, double accuracy) {
    struct err e = {0};
    int64_t cell = sql_long(store_db(store), &e, 0, "SELECT cell FROM cell WHERE id = ?1", "s", id),
            token;
    must(store_claim(store, cell, &(struct provenance){0}, &token, &e), &e);
    if (mae == 0) {
        must(store_fail(store, cell, token, "the training diverged", &e), &e);
        return;
    }
    must(
        sql_run(store_db(store), &e,
            "INSERT OR IGNORE INTO metric_name (name) VALUES ('mae'), ('accuracy')", "") &&
            sql_run(store_db(store), &e,
                "INSERT OR IGNORE INTO slice (grouping, bins) VALUES ('all', '')", "") &&
            sql_run(store_db(store), &e,
                "INSERT INTO metric SELECT ?1, 1, 0, slice, 0, metric, ?2, 9 FROM slice, metric_name"
                " WHERE metric_name.name = 'mae'",
                "ld", (long long)cell, mae) &&
            sql_run(store_db(store), &e,
                "INSERT INTO metric SELECT ?1, 1, 1, slice, 1, metric, ?2, 9 FROM slice, metric_name"
                " WHERE metric_name.name = 'accuracy'",
                "ld", (long long)cell, accuracy) &&
            store_finish(store, cell, 1, 0, 80, &e),
        &e);
}

static enum choice choose(size_t member, char **line, struct err *e) {
    struct cell_record *cells;
    size_t n;
    must(store_cells(store, "g", &cells, &n, e), e);
    enum choice made = choice_make(store, &cells[member], line, e);
    store_cells_free(cells, n);
    return made;
}

static void expect(const char *sql, const char *want) {
    struct err e = {0};
    sqlite3_stmt *row = sql_prepare(store_db(store), &e, sql, "");
    ck_assert_msg(row && sql_step(row, &e) == 1, "%s: %s", sql, e.msg);
    ck_assert_str_eq(sql_text(row, 0), want);
    sqlite3_finalize(row);
}

static void expect_progress(size_t cell, enum cell_state state, const char *selected) {
    struct err e = {0};
    struct cell_progress *at = xcalloc(1, sizeof *at);
    must(store_cells_progress(store, grid.cells[cell].id, 1, sizeof grid.cells[0], at, &e), &e);
    ck_assert_int_eq(at->state, state);
    ck_assert_str_eq(at->selected ? at->selected : "nothing", selected);
    store_progress_free(at, 1);
}

START_TEST(a_choice_waits_and_is_kept) {
    struct err e = {0};
    char *line;
    ck_assert_int_eq(choose(4, &line, &e), CHOICE_NONE); /* plain */
    finish(grid.candidates[0].id, 8, .80);
    ck_assert_int_eq(choose(0, &line, &e), CHOICE_WAITS);
    ck_assert_ptr_null(line);
    expect_progress(0, CELL_PENDING, "nothing");
    finish(grid.candidates[1].id, 6, .76);
    ck_assert_int_eq(choose(0, &line, &e), CHOICE_MADE);
    expect_progress(0, CELL_DONE, "{\"/optimiser/lr\":0.01}");
    ck_assert_ptr_nonnull(
        strstr(line, "chose {\"/optimiser/lr\":0.01} of 2 candidates on the validation part\n"));
    free(line);
    ck_assert_int_eq(choose(1, &line, &e), CHOICE_MADE);
    free(line);
    /* The first seed's answer is the candidate itself, the second's is a cell to train. */
    expect(
        "SELECT group_concat(state, ' ') FROM (SELECT state FROM v_cells WHERE grid = 'g' AND variant ="
        " 'full' ORDER BY seed)",
        "done pending");
    expect("SELECT group_concat(seed || ' ' || selected || ' ' || gain || ' ' || best, '; ') FROM"
           " (SELECT * FROM v_choices ORDER BY seed, position)",
        "4 {\"/optimiser/lr\":0.1} 0.0 0; 4 {\"/optimiser/lr\":0.01} 0.1 1; "
        "5 {\"/optimiser/lr\":0.1} 0.0 0; 5 {\"/optimiser/lr\":0.01} 0.1 1");
    expect("SELECT count(*) FROM v_cells WHERE grid = 'g:select'", "8");
    /* Planning the same file again keeps the answers. */
    must(grid_register(&grid, store, &e), &e);
    expect("SELECT state FROM v_cells WHERE grid = 'g' AND variant = 'full' AND seed = 4", "done");
    ck_assert_int_eq(choose(0, &line, &e), CHOICE_NONE);
}
END_TEST

static void expect_diverged(size_t candidate, bool diverged) {
    struct err e = {0};
    struct cell_record *cells;
    size_t n;
    must(store_cells(store, "g:select", &cells, &n, &e), &e);
    ck_assert_int_eq(cells[candidate].diverged, diverged);
    store_cells_free(cells, n);
}

START_TEST(only_a_candidate_that_diverged_is_left_out) {
    struct err e = {0};
    char *line;
    finish(grid.candidates[0].id, 0, 0);
    finish(grid.candidates[1].id, 6, .76);
    ck_assert_int_eq(choose(0, &line, &e), CHOICE_FAILED); /* it may have been the disk */
    ck_assert_ptr_nonnull(strstr(e.msg, "failed, so that nothing can be chosen yet"));
    expect_diverged(0, false);
    e = (struct err){0};
    must(sql_run(store_db(store), &e, "UPDATE cell SET diverged = 1 WHERE state = 3", ""), &e);
    expect_diverged(0, true);
    ck_assert_int_eq(choose(0, &line, &e), CHOICE_MADE);
    ck_assert_ptr_nonnull(
        strstr(line, "chose {\"/optimiser/lr\":0.01} of 2 candidates on the validation part; 1 "
                     "diverged and could not be chosen"));
    free(line);
    expect("SELECT coalesce(gain, 'failed') FROM v_choices WHERE position = 0", "failed");
}
END_TEST

START_TEST(where_all_diverged_nothing_is_chosen) {
    struct err e = {0};
    char *line;
    finish(grid.candidates[0].id, 0, 0);
    finish(grid.candidates[1].id, 0, 0);
    must(sql_run(store_db(store), &e, "UPDATE cell SET diverged = 1 WHERE state = 3", ""), &e);
    ck_assert_int_eq(choose(0, &line, &e), CHOICE_FAILED);
    ck_assert_ptr_nonnull(strstr(e.msg, "all 2 candidates of its open keys diverged"));
    expect("SELECT count(*) FROM choice", "0");
}
END_TEST

START_TEST(a_grid_that_stops_choosing_plans_no_candidates) {
    struct err e = {0};
    struct grid plain;
    read_grid(&plain, "{\"base\": {\"tasks\": {\"age\": {}}}, \"variants\": {\"full\": {}}}");
    must(grid_register(&plain, store, &e), &e);
    expect("SELECT count(*) FROM v_cells WHERE grid = 'g:select'", "0");
    grid_free(&plain);
}
END_TEST

Suite *select_suite(void) {
    Suite *s = suite_create("select");
    TCase *plain = tcase_create("grid"), *stored = tcase_create("store");
    tcase_add_test(plain, candidates_may_train_for_less);
    tcase_add_test(plain, candidates_are_cells_once_a_variant);
    tcase_add_test(plain, a_candidate_is_the_cell_that_says_its_values);
    tcase_add_test(plain, what_is_chosen_has_no_value_of_its_own);
    tcase_add_loop_test(plain, a_bad_selection_is_refused, 0, (int)(sizeof bad / sizeof bad[0]));
    tcase_add_test(plain, what_spans_open_keys_is_checked_of_candidates);
    tcase_add_test(plain, what_is_chosen_cannot_be_set);
    tcase_add_test(plain, a_thousand_values_are_too_many);
    tcase_add_checked_fixture(stored, open_store, close_store);
    tcase_add_test(stored, a_choice_waits_and_is_kept);
    tcase_add_test(stored, only_a_candidate_that_diverged_is_left_out);
    tcase_add_test(stored, where_all_diverged_nothing_is_chosen);
    tcase_add_test(stored, a_grid_that_stops_choosing_plans_no_candidates);
    suite_add_tcase(s, plain);
    suite_add_tcase(s, stored);
    return s;
}
