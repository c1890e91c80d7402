/* Every kind of name that a user writes, one letter off: the message says which was meant. */
#include "check_folder.h"
#include "check_run.h"
#include "check_suites.h"

#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

static const char grid_text[] =
    "{\"base\": {\"data\": {\"set\": \"synthetic\", \"image_px\": 24}, \"tasks\": {\"age\": {}, \"gender\": {}},"
    " \"trunk\": {\"name\": \"small\", \"weights\": \"none\"}, \"epochs\": 1, \"batch\": 16},"
    " \"variants\": {\"full\": {}, \"other\": {\"seed\": 2}}}";

static char *dir;

static void set_up(void) {
    dir = folder_new();
    folder_put_text(dir, "demo.json", grid_text);
    expect_shell(dir,
        "$DMTL data synth -n 60 --px 24 --out faces --quiet && "
        "$DMTL run demo.json --db demo.db --data synthetic=faces --quiet",
        0, NULL, NULL);
}

static void tear_down(void) {
    folder_remove(dir);
}

#define PATCHED(patch)                                                                             \
    "sed 's/\"variants\"/" patch ", \"variants\"/' demo.json >x.json; $DMTL plan x.json"

static const struct {
    const char *command, *meant;
} misses[] = {
    {"$DMTL statu demo", "status?"},
    {"$DMTL run demo.json --dta synthetic=faces", "--data?"},
    {"$DMTL plan demo.json --only ful", "\"full\"?"},
    {"$DMTL plan demo.json --set /epoch=2", "/epochs?"},
    {"$DMTL plan demo.json --set /trunk/name=smal", "\"small\"?"},
    {"$DMTL plan demo.json --set /tasks/agee={}", "age?"},
    {"$DMTL plan demo.json --set /tasks/age/kind=ordnal", "\"ordinal\"?"},
    {"$DMTL plan demo.json --set /trunk/train_from=stag2", "\"stage2\"?"},
    {"$DMTL plan demo.json --set '/select={\"keys\":{\"/epoch\":[1]}}'", "/epochs?"},
    {PATCHED("\"baselin\": \"full\""), "baseline?"},
    {PATCHED("\"baseline\": \"ful\""), "\"full\"?"},
    {PATCHED("\"axes\": {\"\\/sed\": [1]}"), "/seed?"},
    {PATCHED("\"gates\": {\"duplicates\": \"wan\"}"), "warn?"},
    {PATCHED("\"gates\": {\"duplicate\": \"warn\"}"), "duplicates?"},
    {PATCHED("\"report\": {\"columns\": [{\"task\": \"agee\", \"metric\": \"mae\"}]}"), "age?"},
    {PATCHED("\"report\": {\"columns\": [{\"task\": \"age\", \"metric\": \"maee\"}]}"), "mae?"},
    {"$DMTL status demoo --db demo.db", "demo?"},
    {"$DMTL report demo --db demo.db --format cvs", "csv?"},
    {"$DMTL report demo --db demo.db --part tets", "test?"},
    {"$DMTL export demo --db demo.db --task agee", "age?"},
    {"$DMTL export demo --db demo.db --part validatoin", "validation?"},
    {"$DMTL plot confusions demo --db demo.db", "confusion?"},
    {"$DMTL plot confusion demo --db demo.db --task gendr", "gender?"},
    {"$DMTL plot confusion demo --db demo.db --bins adiense-8", "adience-8?"},
    {"$DMTL plot cs demo --db demo.db --format svgg", "svg?"},
    {"$DMTL plot cs demo --db demo.db --only ful", "\"full\"?"},
    {"$DMTL audit demo:ful --db demo.db", "full?"},
    {"$DMTL audit demo --db demo.db --by gendr", "gender?"},
    {"$DMTL audit demo --db demo.db --task agee", "age?"},
    {"$DMTL audit demo --db demo.db --readout expectaton", "expectation?"},
    {"$DMTL compare demo:full demo:othr --db demo.db", "other?"},
    {"$DMTL compare demo --db demo.db --bins adience-9", "adience-8?"},
    {"$DMTL compare demo --db demo.db --metric accurcy", "accuracy?"},
    {"$DMTL run demo.json --db demo.db --data synthetc=faces", "synthetic?"},
    {"$DMTL verify demo ful --db demo.db --data synthetic=faces", "full?"},
    {"$DMTL data infoo", "info?"},
    {"$DMTL data synth -n 3 --out z --layout utkfce", "utkface?"},
    {"$DMTL bench trian", "train?"},
    {"$DMTL bench --trunk smal", "\"small\"?"},
    {"$DMTL slurm demo.json --tim 3", "--time?"},
};

START_TEST(the_message_says_which_was_meant) {
    struct ran r = run_shell(dir, misses[_i].command);
    ck_assert_msg(r.code == 2, "%s: exit %d: %s", misses[_i].command, r.code, r.err);
    char *hint = xasprintf("; did you mean %s", misses[_i].meant);
    ck_assert_msg(
        strstr(r.err, hint) != NULL, "%s: no \"%s\" in %s", misses[_i].command, hint, r.err);
    free(hint);
    ran_free(&r);
}
END_TEST

Suite *near_misses_suite(void) {
    Suite *s = suite_create("near_misses");
    TCase *c = tcase_create("near_misses");
    tcase_add_unchecked_fixture(c, set_up, tear_down);
    tcase_add_loop_test(c, the_message_says_which_was_meant, 0, ARRAY_LEN(misses));
    suite_add_tcase(s, c);
    return s;
}
