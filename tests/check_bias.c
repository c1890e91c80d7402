/* A bias that was planted is found in the store, end to end: drawn by a recipe, trained on, asked by SQL and by the audit. */
#include "check_folder.h"
#include "check_run.h"
#include "check_suites.h"

#include "core/json.h"
#include "core/mem.h"
#include "store/sql.h"
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

/* Half of the White faces have the other gender's label, so that no network is right on more than about half
 * of these; on the others it learns. */
static const char recipe_text[] =
    "{\"plant\": [{\"who\": {\"race\": \"White\"}, \"label_noise\": {\"gender\": 0.5}}]}";
static const char grid_text[] =
    "{\"base\": {\"data\": {\"set\": \"synthetic\", \"image_px\": 24}, \"tasks\": {\"gender\": {}},"
    " \"split\": {\"test_share\": 0.4}, \"trunk\": {\"name\": \"small\", \"weights\": \"none\"},"
    " \"optimiser\": {\"lr\": 0.1}, \"epochs\": 6, \"batch\": 16}, \"variants\": {\"full\": {}}}";

/* The accuracy of the faces of these groups together, each weighted by its faces. */
static double accuracy(struct store *s, const char *where, int least) {
    struct err e = {0};
    char *sql =
        xasprintf("SELECT sum(value * n) / sum(n), sum(n) FROM v_metrics WHERE part = 'test' AND "
                  "task = 'gender' AND metric = 'accuracy' AND bins = '' AND %s",
            where);
    sqlite3_stmt *row = sql_prepare(store_db(s), &e, sql, "");
    ck_assert_msg(row && sql_step(row, &e) == 1, "%s", e.msg);
    double value = sqlite3_column_double(row, 0);
    ck_assert_int_ge(sqlite3_column_int(row, 1), least);
    sqlite3_finalize(row);
    free(sql);
    return value;
}

/* The audit finds the planted group, and says that it is beyond chance. */
static void check_audit(const char *dir) {
    struct err e = {0};
    struct ran r = run_shell(dir, "$DMTL audit tiny --db b.db --by race --min-n 30 --format json");
    ck_assert_msg(r.code == 0, "%s", r.err);
    cJSON *root = json_parse("audit", r.out, strlen(r.out), &e);
    cJSON *gap = json_pointer_get(root, "/tables/0/gaps/difference");
    ck_assert_msg(gap != NULL, "%.1000s", r.out);
    ck_assert_str_eq(json_get(gap, "low")->valuestring, "race=White");
    ck_assert_double_le(json_get(gap, "p")->valuedouble, 0.05);
    ck_assert_double_gt(cJSON_GetArrayItem(json_get(gap, "interval"), 0)->valuedouble, 0);
    cJSON_Delete(root);
    ran_free(&r);
}

START_TEST(a_planted_bias_is_found) {
    struct err e = {0};
    char *dir = folder_new(), *db = xasprintf("%s/b.db", dir);
    folder_put_text(dir, "recipe.json", recipe_text);
    folder_put_text(dir, "tiny.json", grid_text);
    struct ran r = run_shell(dir,
        "$DMTL data synth --recipe recipe.json -n 700 --px 24 --out faces --quiet && "
        "$DMTL run tiny.json --data synthetic=faces --cache cache --threads 1 "
        "--db b.db --quiet");
    ck_assert_msg(r.code == 0, "%s", r.err);
    struct store *s = store_open(db, STORE_READ, &e);
    ck_assert_msg(s != NULL, "%s", e.msg);
    double planted = accuracy(s, "grouping = 'race=White'", 80),
           others = accuracy(s, "grouping LIKE 'race=%' AND grouping <> 'race=White'", 120);
    ck_assert_msg(planted < others - .12, "planted %.3f, others %.3f", planted, others);
    store_close(s);
    check_audit(dir);
    ran_free(&r);
    free(db);
    folder_remove(dir);
}
END_TEST

Suite *bias_suite(void) {
    Suite *s = suite_create("bias");
    TCase *c = tcase_create("bias");
    tcase_set_timeout(c, 240);
    tcase_add_test(c, a_planted_bias_is_found);
    suite_add_tcase(s, c);
    return s;
}
