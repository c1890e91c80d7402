#include "check_suites.h"

#include "check_folder.h"
#include "core/file.h"
#include "fixture_store.h"
#include "store/store.h"

#include <stdlib.h>

START_TEST(fixture_is_made) {
    struct err e = {0};
    char *dir = folder_new(), *path = path_join(dir, "a.db");
    ck_assert_msg(fixture_store(path, &e), "%s", e.msg);
    struct store *s = store_open(path, STORE_READ, &e);
    ck_assert_msg(s != NULL, "%s", e.msg);
    store_close(s);
    free(path);
    folder_remove(dir);
}
END_TEST

Suite *store_suite(void) {
    Suite *s = suite_create("store");
    TCase *c = tcase_create("store");
    tcase_add_test(c, fixture_is_made);
    suite_add_tcase(s, c);
    return s;
}
