/* The public contract: the views, their columns, and what they show of a whole store. */
#include "check_suites.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/str.h"
#include "fixture_bed.h"
#include "fixture_store.h"
#include "store/sql.h"

#include <stdlib.h>
#include <string.h>

/* ---- the public contract ---- */

static const struct {
    const char *view, *columns;
} views[] = {
    {"v_cells",
        "cell,grid,variant,dataset,split,split_seed,seed,fold,axes,state,epochs_done,epochs,"
        "started,finished,error,device,libtorch,threads,git_commit,data_fingerprint,"
        "leaky"},
    {"v_samples",
        "dataset,sample,age,gender,race,age_group,subject,duplicate_group,undecodable,content"},
    {"v_predictions", "cell,grid,variant,seed,fold,part,task,sample,truth,predicted"},
    {"v_metrics", "cell,grid,variant,seed,fold,part,task,readout,bins,grouping,metric,value,n"},
    {"v_epochs", "cell,grid,variant,seed,fold,epoch,part,task,metric,value,n"},
    {"v_confusion",
        "cell,grid,variant,seed,fold,part,task,readout,bins,grouping,truth,predicted,n"},
    {"v_cs", "cell,grid,variant,seed,fold,part,task,readout,convention,i,value"},
    {"v_weights", "cell,grid,variant,seed,fold,epoch,step,task,loss,log_variance,weight,beta"},
    {"v_probabilities", "cell,part,task,sample,kind,probabilities"},
    {"v_runs",
        "cell,run,started,ended,outcome,wall_s,peak_rss_bytes,images_per_s,threads,host,device,"
        "program_version,git_commit,libtorch,blas,data_fingerprint,weights_sha256,lists_sha256,backend"},
    {"v_choices",
        "grid,variant,cell,split_seed,seed,fold,axes,position,candidate,selected,gain,best"},
    {"v_findings",
        "cell,grid,variant,dataset,split,split_seed,seed,fold,gate,outcome,attribute,part,against,"
        "value,bound,n,examples,text"},
    {"v_datasets", "dataset,fingerprint,samples,drawn,exact_ages,current,undecodable"},
    {"v_classes", "dataset,attribute,label,name"},
};

START_TEST(views_have_these_columns) {
    struct str columns = {0};
    struct err e = {0};
    char *sql = xasprintf("SELECT * FROM %s", views[_i].view);
    sqlite3_stmt *stmt = sql_prepare(store_db(bed.s), &e, sql, "");
    must(stmt != NULL, &e);
    for (int i = 0; i < sqlite3_column_count(stmt); i++)
        str_addf(&columns, "%s%s", i ? "," : "", sqlite3_column_name(stmt, i));
    ck_assert_str_eq(columns.text, views[_i].columns);
    sqlite3_finalize(stmt);
    str_free(&columns);
    free(sql);
}
END_TEST

START_TEST(no_other_views) {
    ck_assert_int_eq(
        count("SELECT count(*) FROM sqlite_master WHERE type = 'view'"), ARRAY_LEN(views));
}
END_TEST

/* The tables of names hold the program's own words and numbers. */
static const struct {
    const char *table;
    const char *const *words;
    int n;
} words[] = {
    {"part", part_name, PART_COUNT},
    {"task", attribute_name, ATTR_COUNT},
    {"readout", readout_name, READOUT_COUNT},
    {"state", cell_state_name, CELL_STATE_COUNT},
    {"convention", cs_convention_name, CS_CONVENTION_COUNT},
};

START_TEST(names_are_those_of_the_program) {
    for (int i = 0; i < words[_i].n; i++) {
        char *sql =
            xasprintf("SELECT name FROM %s WHERE %s = %d", words[_i].table, words[_i].table, i);
        row_is(sql, words[_i].words[i]);
        free(sql);
    }
    char *sql = xasprintf("SELECT count(*) FROM %s WHERE name <> 'all'", words[_i].table);
    ck_assert_int_eq(count(sql), words[_i].n);
    free(sql);
}
END_TEST

/* ---- a whole store ---- */

static sqlite3 *fixture_db(struct store **s, const struct fixture_names *names) {
    struct err e = {0};
    char *path = path_join(bed.dir, "fixture.db");
    must(fixture_store_named(path, names, &e), &e);
    *s = store_open(path, STORE_READ, &e);
    must(*s != NULL, &e);
    free(path);
    return store_db(*s);
}

static const struct {
    const char *sql, *row;
} fixture_rows[] = {
    {"SELECT count(*), count(DISTINCT cell) FROM v_cells", "5|4"}, /* one cell in two grids */
    {"SELECT grid, variant, dataset, split, split_seed, seed, fold, axes, state, epochs_done, epochs,"
     " error, device, libtorch, threads, git_commit, data_fingerprint FROM v_cells"
     " WHERE grid = 'fixture' AND seed = 2 AND variant = 'full'",
        "fixture|full|synthetic|random|7|2|-1|{\"/seed\":2}|done|3|3||cpu|1.13.1|2|0123abc-dirty|f1"},
    {"SELECT run, outcome, wall_s, peak_rss_bytes, images_per_s, threads, host, device, program_version, git_commit,"
     " libtorch, blas, data_fingerprint, weights_sha256, backend FROM v_runs LIMIT 1",
        "1|done|12.5|123456789|96.5|2|host|cpu|0.1.0|0123abc-dirty|1.13.1|openblas|f1|w1|libtorch"},
    {"SELECT dataset, samples, drawn, exact_ages, current, undecodable FROM v_datasets",
        "synthetic|240|1|1|1|2"},
    {"SELECT attribute, label, name FROM v_classes ORDER BY 1, 2", "gender|0|male"},
    {"SELECT count(*), count(age), count(age_group) FROM v_samples", "240|240|0"},
    /* 5 memberships x 3 tasks x (80 + 40) */
    {"SELECT count(*), sum(part = 'test') FROM v_predictions", "1800|1200"},
    {"SELECT count(*) FROM v_predictions p JOIN v_samples s USING (sample) WHERE task = 'age' AND"
     " truth = s.age AND grid = 'fixture'",
        "480"},
    {"SELECT typeof(predicted), typeof(truth) FROM v_predictions LIMIT 1", "real|integer"},
    {"SELECT count(*) FROM v_epochs WHERE task = 'all' AND metric = 'loss'", "30"},
    {"SELECT min(epoch), max(epoch), min(step), max(step), count(*) FROM v_weights",
        "1|3|1|30|450"},
    {"SELECT count(log_variance) FROM v_weights WHERE variant = 'equal-weights'", "0"},
    {"SELECT kind, length(probabilities) FROM v_probabilities WHERE task = 'age' LIMIT 1",
        "ordinal|460"},
    {"SELECT kind, length(probabilities) FROM v_probabilities WHERE task = 'race' LIMIT 1",
        "nominal|20"},
    {"SELECT count(*) FROM v_probabilities", "1440"}, /* no row twice: 4 cells x 3 tasks x 120 */
    {"SELECT count(*) FROM v_cs WHERE grid = 'subset'", "416"}, /* 2 parts, 4 read-outs, 2 x 26 */
    {"SELECT sum(n) FROM v_confusion WHERE grid = 'subset' AND part = 'test' AND task = 'race' AND"
     " grouping = 'all'",
        "80"},
    /* The stored MAE is that of the stored predictions. */
    {"SELECT round(m.value - (SELECT avg(abs(predicted - truth)) FROM v_predictions p WHERE"
     " p.cell = m.cell AND p.grid = m.grid AND part = 'test' AND task = 'age'), 9)"
     " FROM v_metrics m WHERE grid = 'subset' AND part = 'test' AND task = 'age' AND"
     " readout = 'count' AND bins = '' AND grouping = 'all' AND metric = 'mae'",
        "0.0"},
};

START_TEST(views_of_a_whole_store) {
    struct store *s;
    sqlite3 *db = fixture_db(&s, &fixture_plain);
    for (size_t i = 0; i < ARRAY_LEN(fixture_rows); i++) {
        char *row = row_text(db, fixture_rows[i].sql);
        ck_assert_msg(strcmp(row, fixture_rows[i].row) == 0, "%s\n  %s\n  %s", fixture_rows[i].sql,
            row, fixture_rows[i].row);
        free(row);
    }
    store_close(s);
}
END_TEST

START_TEST(hostile_names_come_back_as_they_went_in) {
    struct store *s;
    sqlite3 *db = fixture_db(&s, &fixture_hostile);
    struct err e = {0};
    sqlite3_stmt *stmt =
        sql_prepare(db, &e, "SELECT DISTINCT variant FROM v_cells ORDER BY variant", "");
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(sql_step(stmt, &e), 1);
        ck_assert_str_eq(sql_text(stmt, 0), fixture_hostile.variant[i]);
    }
    sqlite3_finalize(stmt);
    char *grouping = row_text(
        db, "SELECT DISTINCT grouping FROM v_metrics WHERE grouping LIKE 'gender=a%' ORDER BY 1");
    ck_assert_str_eq(grouping, "gender=a%3Db%2Cc%25d");
    free(grouping);
    store_close(s);
}
END_TEST

Suite *store_suite(void) {
    Suite *s = suite_create("store");
    TCase *c = tcase_create("store");
    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, bed_open, bed_close);
    tcase_add_loop_test(c, views_have_these_columns, 0, (int)ARRAY_LEN(views));
    tcase_add_test(c, no_other_views);
    tcase_add_loop_test(c, names_are_those_of_the_program, 0, (int)ARRAY_LEN(words));
    tcase_add_test(c, views_of_a_whole_store);
    tcase_add_test(c, hostile_names_come_back_as_they_went_in);
    suite_add_tcase(s, c);
    return s;
}
