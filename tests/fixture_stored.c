#include "fixture_stored.h"

#include "check_folder.h"
#include "check_run.h"
#include "fixture_store.h"

#include "core/file.h"
#include "store/sql.h"
#include "store/store.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

char *stored_dir, *stored_db;

void stored_set_up(void) {
    struct err e = {0};
    stored_dir = folder_new();
    stored_db = path_join(stored_dir, "r.db");
    ck_assert_msg(fixture_store(stored_db, &e), "%s", e.msg);
}

void stored_tear_down(void) {
    free(stored_db);
    folder_remove(stored_dir);
}

/* What a test may say of a failure is bounded (Check's 8 KiB). */
void stored_expect(const char *command, int code, const char *in_out, const char *in_err) {
    struct ran r = run_shell(stored_dir, command);
    ck_assert_msg(r.code == code, "%s: exit %d: %.1000s", command, r.code, r.err);
    ck_assert_msg(
        !in_out || strstr(r.out, in_out), "%s: no \"%s\" in:\n%.1500s", command, in_out, r.out);
    ck_assert_msg(
        !in_err || strstr(r.err, in_err), "%s: no \"%s\" in:\n%.1000s", command, in_err, r.err);
    ran_free(&r);
}

void stored_change(const char *sql) {
    struct err e = {0};
    struct store *s = store_open(stored_db, STORE_WRITE, &e);
    ck_assert_msg(s && sql_script(store_db(s), sql, &e), "%s", e.msg);
    store_close(s);
}

cJSON *stored_json(const char *command) {
    struct err e = {0};
    struct ran r = run_shell(stored_dir, command);
    ck_assert_msg(r.code == 0, "%s: exit %d: %.1000s", command, r.code, r.err);
    cJSON *root = json_parse("output", r.out, strlen(r.out), &e);
    ck_assert_msg(root, "%s: %s", command, e.msg);
    ran_free(&r);
    return root;
}

const char *text_of(const cJSON *object, const char *name) {
    const cJSON *text = json_get(object, name);
    ck_assert_msg(cJSON_IsString(text), "no text %s", name);
    return text->valuestring;
}

double number_of(const cJSON *object, const char *name) {
    const cJSON *number = json_get(object, name);
    return cJSON_IsNumber(number) ? number->valuedouble : NAN;
}
