#include "check_suites.h"

#include "core/file.h"
#include "core/mem.h"
#include "grid/grid.h"
#include "grid/schema.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BASE "\"base\": {\"tasks\": {\"age\": {}, \"gender\": {}}}"

static void must_parse(struct grid *g, const char *text, const char *const *set, int n_set) {
    struct err e = {0};
    ck_assert_msg(grid_parse(g, "g", "g.json", text, set, n_set, &e), "%s", e.msg);
}

START_TEST(cells_run_variant_by_variant_with_the_last_axis_fastest) {
    struct grid g;
    must_parse(&g,
        "{" BASE ", \"variants\": {\"full\": {}, \"nominal\": {\"tasks\": {\"age\": {\"kind\": "
        "\"nominal\"}}}}, \"axes\": {\"/seed\": [1, 2], \"/optimiser/lr\": [0.1, 0.01]}}",
        NULL, 0);
    ck_assert_uint_eq(g.n_cells, 8);
    static const struct {
        const char *variant;
        uint64_t seed;
        double lr;
    } cells[] = {{"full", 1, 0.1}, {"full", 1, 0.01}, {"full", 2, 0.1}, {"full", 2, 0.01},
        {"nominal", 1, 0.1}, {"nominal", 1, 0.01}, {"nominal", 2, 0.1}, {"nominal", 2, 0.01}};
    for (int i = 0; i < 8; i++) {
        ck_assert_str_eq(g.cells[i].variant, cells[i].variant);
        ck_assert_uint_eq(g.cells[i].config.seed, cells[i].seed);
        ck_assert_double_eq(g.cells[i].config.optimiser.lr, cells[i].lr);
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(g.cells[i].id, g.cells[j].id);
    }
    ck_assert_str_eq(g.cells[5].axes, "{\"/optimiser/lr\":0.01,\"/seed\":1}");
    ck_assert_str_eq(g.cells[5].changes, "tasks.age.kind=nominal seed=1 optimiser.lr=0.01");
    ck_assert_str_eq(g.name, "g");
    ck_assert_str_eq(g.title, "g");
    ck_assert_str_eq(g.baseline, "full");
    grid_free(&g);
}
END_TEST

/* 2 variants x 2 pairs x 2 rates, less one pair of a variant: 6 cells. */
START_TEST(keys_of_a_coupled_axis_go_together) {
    struct grid g;
    must_parse(&g,
        "{" BASE
        ", \"variants\": {\"a\": {}, \"b\": {\"batch\": 8}}, \"axes\": {\"/seed, /split/seed\":"
        " [[1, 11], [2, 22]], \"/optimiser/lr\": [0.1, 0.01]},"
        " \"exclude\": [{\"variant\": \"b\", \"/split/seed\": 22}]}",
        NULL, 0);
    ck_assert_uint_eq(g.n_cells, 6);
    ck_assert_str_eq(g.cells[2].axes, "{\"/optimiser/lr\":0.1,\"/seed\":2,\"/split/seed\":22}");
    ck_assert_str_eq(g.cells[2].changes, "seed=2 split.seed=22 optimiser.lr=0.1");
    ck_assert_uint_eq(g.cells[2].config.seed, 2);
    ck_assert_uint_eq(g.cells[2].config.split.seed, 22);
    ck_assert_str_eq(g.cells[5].axes, "{\"/optimiser/lr\":0.01,\"/seed\":1,\"/split/seed\":11}");
    grid_free(&g);
}
END_TEST

START_TEST(variants_remove_add_and_say_so) {
    struct grid g;
    must_parse(&g,
        "{\"title\": \"T\", \"base\": {\"tasks\": {\"age\": {}, \"gender\": {}}, \"batch\": 8}, "
        "\"variants\": {\"a\": {\"tasks\": {\"age\": null, \"race\": {}}, \"batch\": 8}, \"b\": "
        "{\"tasks\": {\"race\": null}}}, \"descriptions\": {\"b\": \"as base\"}, \"baseline\": \"b\"}",
        NULL, 0);
    ck_assert_str_eq(g.cells[0].changes, "tasks.age=off tasks.race={}");
    ck_assert_int_eq(g.cells[0].config.n_tasks, 2);
    ck_assert_int_eq(g.cells[0].config.tasks[1].attribute, ATTR_RACE);
    ck_assert_str_eq(g.cells[1].changes, "");
    ck_assert_str_eq(g.cells[1].axes, "{}");
    ck_assert_str_eq(g.title, "T");
    ck_assert_str_eq(g.baseline, "b");
    ck_assert_str_eq(g.descriptions[0], "");
    ck_assert_str_eq(g.descriptions[1], "as base");
    grid_free(&g);
}
END_TEST

START_TEST(two_of_one_configuration_are_one_cell) {
    struct grid g;
    must_parse(&g, "{" BASE ", \"variants\": {\"a\": {}, \"b\": {\"epochs\": 80}}}", NULL, 0);
    ck_assert_str_eq(g.cells[0].id, g.cells[1].id);
    grid_free(&g);
}
END_TEST

START_TEST(excluded_cells_are_left_out) {
    struct grid g;
    must_parse(&g,
        "{" BASE ", \"variants\": {\"a\": {}, \"b\": {\"batch\": 8}}, \"axes\": {\"/seed\": [1, 2, "
        "3]}, \"exclude\": [{\"variant\": \"b\", \"/seed\": 3}, {\"/seed\": 2}]}",
        NULL, 0);
    ck_assert_uint_eq(g.n_cells, 3); /* a1 a3 b1 */
    ck_assert_uint_eq(g.cells[1].config.seed, 3);
    ck_assert_str_eq(g.cells[2].variant, "b");
    grid_free(&g);
}
END_TEST

START_TEST(set_changes_base_before_the_variants) {
    struct grid g;
    static const char *const set[] = {"/epochs=3", "/data/set=synthetic", "/tasks/gender=null",
        "/optimiser/lr=5e-2", "/tasks/age/hidden=[4]"};
    must_parse(&g, "{" BASE ", \"variants\": {\"a\": {}, \"b\": {\"epochs\": 9}}}", set, 5);
    ck_assert_int_eq(g.cells[0].config.epochs, 3);
    ck_assert_int_eq(g.cells[1].config.epochs, 9);
    ck_assert_int_eq(g.cells[0].config.data.set, DATASET_SYNTHETIC);
    ck_assert_int_eq(g.cells[0].config.n_tasks, 1);
    ck_assert_double_eq(g.cells[0].config.optimiser.lr, 0.05);
    ck_assert_int_eq(g.cells[0].config.tasks[0].hidden[0], 4);
    grid_free(&g);
}
END_TEST

static const struct {
    const char *set, *message;
} bad_sets[] = {
    {"/epochs", "--set /epochs: expected /pointer=value, like /epochs=3"},
    {"epochs=3",
        "--set epochs=3: \"epochs\" is no JSON pointer to a key: expected \"/key\" or \"/key/key\" (in a key, / is written ~1 and ~ is written ~0)"},
    {"/epoch=3", "--set: /epoch: unknown key; did you mean /epochs?"},
    {"/epochs=three", "--set: /epochs: \"three\": expected a whole number from 1 to 100000"},
    {"/seed=4",
        "--set /seed=4: the grid's axis /seed sets this key: edit the file, or choose cells with --only"},
};

START_TEST(a_bad_set_is_refused) {
    struct grid g;
    struct err e = {0};
    ck_assert(!grid_parse(&g, "g", "g.json",
        "{" BASE ", \"variants\": {\"a\": {}}, \"axes\": {\"/seed\": [1]}}", &bad_sets[_i].set, 1,
        &e));
    ck_assert_str_eq(e.msg, bad_sets[_i].message);
    ck_assert_int_eq(e.kind, ERR_USAGE);
    grid_free(&g);
}
END_TEST

START_TEST(names_may_hold_anything_printable_or_not) {
    struct grid g;
    must_parse(&g,
        "{" BASE ", \"variants\": {\"`x` <b>\\\"'\\n%$\\\\{}\": {}, \"a/b~c\": {\"batch\": 2}}, "
        "\"report\": {\"rows\": [{\"title\": \"<i>\", \"variants\": [\"a/b~c\"]}]}}",
        NULL, 0);
    ck_assert_str_eq(g.variants[0], "`x` <b>\"'\n%$\\{}");
    ck_assert_str_eq(g.rows[0].variants[0], "a/b~c");
    grid_free(&g);
}
END_TEST

START_TEST(rows_and_columns_have_defaults) {
    struct grid g;
    must_parse(&g, "{" BASE ", \"variants\": {\"a\": {}, \"b\": {\"batch\": 2}}}", NULL, 0);
    ck_assert_int_eq(g.n_rows, 2);
    ck_assert_str_eq(g.rows[1].title, "b");
    ck_assert_str_eq(g.rows[1].variants[0], "b");
    ck_assert_int_eq(g.n_columns, 3); /* no race in it */
    ck_assert_str_eq(g.columns[0].metric, "mae");
    ck_assert_str_eq(g.columns[1].bins, "fairface-9");
    ck_assert_int_eq(g.columns[2].task, ATTR_GENDER);
    grid_free(&g);
}
END_TEST

START_TEST(ages_that_are_groups_have_no_bins) {
#define ADIENCE                                                                                    \
    "\"base\": {\"data\": {\"set\": \"adience\"}, \"tasks\": {\"age\": {}}}, \"variants\": {\"a\": {}}"
    struct grid g = {0};
    struct err e = {0};
    ck_assert_msg(grid_parse(&g, "g", "g", "{" ADIENCE "}", NULL, 0, &e), "%s", e.msg);
    ck_assert_str_eq(g.columns[1].metric, "accuracy");
    ck_assert_str_eq(g.columns[1].bins, "");
    grid_free(&g);
    ck_assert(!grid_parse(&g, "g", "g",
        "{" ADIENCE
        ", \"report\": {\"columns\": [{\"task\": \"age\", \"metric\": \"accuracy\", \"bins\":"
        " \"fairface-9\"}]}}",
        NULL, 0, &e));
    ck_assert_str_eq(
        e.msg, "g: /report/columns/0/bins: the set's ages are groups already: leave it out");
    grid_free(&g);
}
END_TEST

START_TEST(rows_and_columns_as_written) {
    struct grid g;
    must_parse(&g,
        "{" BASE
        ", \"variants\": {\"a\": {}, \"b\": {\"batch\": 2}}, \"report\": {\"rows\": [{\"title\": "
        "\"Both\", \"variants\": [\"b\", \"a\"]}], \"columns\": [{\"task\": \"age\", \"metric\": \"mse\"}, "
        "{\"task\": \"gender\", \"metric\": \"accuracy\", \"bins\": \"\"}]}}",
        NULL, 0);
    ck_assert_int_eq(g.n_rows, 1);
    ck_assert_str_eq(g.rows[0].title, "Both");
    ck_assert_int_eq(g.rows[0].n_variants, 2);
    ck_assert_str_eq(g.rows[0].variants[0], "b");
    ck_assert_int_eq(g.n_columns, 2);
    ck_assert_str_eq(g.columns[0].metric, "mse");
    ck_assert_str_eq(g.columns[1].bins, "");
    grid_free(&g);
}
END_TEST

START_TEST(published_rows_have_a_value_a_column) {
    struct grid g;
    must_parse(&g,
        "{" BASE
        ", \"variants\": {\"a\": {}}, \"report\": {\"rows\": [{\"title\": \"ResNet\", \"published\": "
        "\"Table II\", \"values\": [5.25, null]}, {\"title\": \"Ours\", \"variants\": [\"a\"]}], \"columns\": "
        "[{\"task\": \"age\", \"metric\": \"mae\"}, {\"task\": \"gender\", \"metric\": \"accuracy\"}]}}",
        NULL, 0);
    ck_assert_int_eq(g.n_rows, 2);
    ck_assert_str_eq(g.rows[0].published, "Table II");
    ck_assert_int_eq(g.rows[0].n_variants, 0);
    ck_assert_double_eq(g.rows[0].values[0], 5.25);
    ck_assert(isnan(g.rows[0].values[1]));
    ck_assert_ptr_null(g.rows[1].published);
    ck_assert_ptr_null(g.rows[1].values);
    grid_free(&g);
}
END_TEST

#define V "\"variants\": {\"full\": {}}"
#define GRID(rest) "{" BASE ", " V ", " rest "}"
#define PUBLISHED(rest)                                                                            \
    GRID("\"report\": {\"columns\": [{\"task\": \"age\", \"metric\": \"mae\"}, {\"task\": "        \
         "\"gender\", \"metric\": \"accuracy\"}], \"rows\": [{\"title\": \"x\", " rest "}]}")
static const struct {
    const char *text, *message;
} refused[] = {
    {"[]", "g.json: expected an object, a grid"},
    {"{" BASE "} {",
        "g.json: line 1, column 48: expected the end of the text behind the first value, found '{'"},
    {"{" V "}", "g.json: /base: expected an object, the configuration that variants change"},
    {"{" BASE "}",
        "g.json: /variants: expected an object with at least one variant, like {\"full\": {}}"},
    {"{" BASE ", \"variants\": {}}",
        "g.json: /variants: expected an object with at least one variant, like {\"full\": {}}"},
    {"{" BASE ", \"variants\": [\"full\"]}",
        "g.json: /variants: expected an object with at least one variant, like {\"full\": {}}"},
    {"{" BASE ", \"variants\": {\"\": {}}}",
        "g.json: /variants: a variant's name has 0 bytes: expected 1 to 200"},
    {"{" BASE ", \"variants\": {\"full\": 3}}",
        "g.json: /variants/full: expected an object, a configuration"},
    {"{" BASE ", \"variants\": {\"a/b\": {\"epoch\": 3}}}",
        "g.json: /variants/a~1b/epoch: unknown key; did you mean /epochs?"},
    {"{" BASE ", \"variants\": {\"full\": {\"batch\": 0}}}",
        "g.json: /variants/full/batch: 0: expected a whole number from 1 to 65536"},
    {"{" BASE ", \"variants\": {\"full\": {\"tasks\": {\"age\": 1}}}}",
        "g.json: /variants/full/tasks/age: 1: expected an object, {} for the defaults, or null to remove the task"},
    {"{" BASE ", \"variants\": {\"x\": {\"tasks\": null}}}",
        "g.json: variant \"x\": /tasks: no task: expected at least one of age, gender, race"},
    {"{\"base\": {\"optimiser\": {\"momentum\": \"0.9\"}}, " V "}",
        "g.json: /base/optimiser/momentum: \"0.9\": expected a number from 0 to below 1"},
    {GRID("\"axis\": {}"),
        "g.json: /axis: unknown key: expected one of title, base, variants, descriptions, axes, exclude, baseline, report, gates, $schema; did you mean axes?"},
    {GRID("\"title\": 3"), "g.json: /title: expected a text"},
    {GRID("\"descriptions\": {\"ful\": \"x\"}"),
        "g.json: /descriptions: \"ful\": there is no variant of this name; did you mean \"full\"?"},
    {GRID("\"descriptions\": {\"full\": 1}"), "g.json: /descriptions/full: expected a text"},
    {GRID("\"baseline\": \"fulll\""),
        "g.json: /baseline: \"fulll\": there is no variant of this name; did you mean \"full\"?"},
    {GRID("\"baseline\": \"nothing\""),
        "g.json: /baseline: \"nothing\": expected the name of a variant in /variants"},
    {GRID("\"baseline\": 1"), "g.json: /baseline: expected a variant's name"},
    {GRID("\"axes\": []"), "g.json: /axes: expected an object, pointer to list of values"},
    {GRID("\"axes\": {\"/seed\": 3}"),
        "g.json: axis /seed: expected a list of values with at least one"},
    {GRID("\"axes\": {\"/seed\": []}"),
        "g.json: axis /seed: expected a list of values with at least one"},
    {GRID("\"axes\": {\"/seeds\": [1]}"), "g.json: axis: /seeds: unknown key; did you mean /seed?"},
    {GRID("\"axes\": {\"seed\": [1]}"),
        "g.json: axis: \"seed\" is no JSON pointer to a key: expected \"/key\" or \"/key/key\" (in a key, / is written ~1 and ~ is written ~0)"},
    {GRID("\"axes\": {\"/seed\": [1, 1.0]}"), "g.json: axis /seed: the value 1 stands twice"},
    {GRID("\"axes\": {\"/seed\": [1, \"2\"]}"),
        "g.json: axis: /seed: \"2\": expected a whole number from 0 to 9007199254740991"},
    {GRID("\"axes\": {\"/seed\": [null]}"),
        "g.json: axis /seed: expected values of one key, no object and no null (a variant can do both)"},
    {GRID("\"axes\": {\"/seed,/batch\": [[1, 2], [3]]}"),
        "g.json: axis /seed,/batch: [3]: expected a list of 2 values, one a key"},
    {GRID("\"axes\": {\"/seed,/batch\": [1, 2]}"),
        "g.json: axis /seed,/batch: 1: expected a list of 2 values, one a key"},
    {GRID("\"axes\": {\"/seed,/sed\": [[1, 2]]}"),
        "g.json: axis: /sed: unknown key; did you mean /seed?"},
    {GRID("\"axes\": {\"/seed,\": [[1, 2]]}"),
        "g.json: axis: \"\" is no JSON pointer to a key: expected \"/key\" or \"/key/key\" (in a key, / is written ~1 and ~ is written ~0)"},
    {GRID("\"axes\": {\"/seed,/batch\": [[1, 0]]}"),
        "g.json: axis: /batch: 0: expected a whole number from 1 to 65536"},
    {GRID("\"axes\": {\"/seed,/batch\": [[1, 2], [1, 2]]}"),
        "g.json: axis /seed,/batch: the value [1,2] stands twice"},
    {GRID("\"axes\": {\"/seed,/seed\": [[1, 2]]}"),
        "g.json: axis /seed,/seed: sets /seed, which is set once already"},
    {GRID("\"axes\": {\"/seed\": [1], \"/batch,/seed\": [[1, 2]]}"),
        "g.json: axis /batch,/seed: sets /seed, which is set once already"},
    {GRID("\"axes\": {\"/optimiser\": [{\"lr\": 1}]}"),
        "g.json: axis /optimiser: expected values of one key, no object and no null (a variant can do both)"},
    {GRID("\"axes\": {\"/tasks/race/weight\": [1]}"),
        "g.json: axis /tasks/race/weight: the variant \"full\" has no such task: give it a grid of its own"},
    {GRID("\"axes\": {\"/tasks/age/weight\": [0.5]}"),
        "g.json: variant \"full\" with {\"/tasks/age/weight\":0.5}: /tasks/age/weight: 0.5: counts for nothing with /weighting/kind \"uncertainty\": leave it out or say \"fixed\""},
    {GRID("\"exclude\": {}"), "g.json: /exclude: expected a list of objects"},
    {GRID("\"exclude\": [{}]"),
        "g.json: /exclude/0: expected an object with \"variant\", axes' pointers, or both"},
    {GRID("\"axes\": {\"/seed\": [1, 2]}, \"exclude\": [{\"/sed\": 1}]"),
        "g.json: /exclude/0//sed: unknown key: expected one of variant, /seed; did you mean /seed?"},
    {GRID("\"axes\": {\"/seed\": [1, 2]}, \"exclude\": [{\"/seed\": 1}, {\"/seed\": 4}]"),
        "g.json: /exclude/1: matches no cell: expected a variant and values that the axes have"},
    {GRID("\"exclude\": [{\"variant\": \"full\"}]"), "g.json: /exclude: leaves no cell"},
    {GRID("\"exclude\": [{\"variant\": \"fulk\"}]"),
        "g.json: /exclude/0: \"fulk\": there is no variant of this name; did you mean \"full\"?"},
    {GRID("\"report\": {\"row\": []}"),
        "g.json: /report/row: unknown key: expected one of rows, columns, family; did you mean rows?"},
    {GRID("\"report\": {\"rows\": []}"),
        "g.json: /report/rows: expected a list with at least one element"},
    {GRID("\"report\": {\"rows\": [{\"variants\": [\"full\"]}]}"),
        "g.json: /report/rows/0/title: expected a text"},
    {GRID("\"report\": {\"rows\": [{\"title\": \"x\", \"variants\": [\"fuel\"]}]}"),
        "g.json: /report/rows/0/variants: \"fuel\": there is no variant of this name; did you mean \"full\"?"},
    {GRID("\"report\": {\"rows\": [{\"title\": \"x\", \"variants\": [\"full\", \"full\"]}]}"),
        "g.json: /report/rows/0/variants: the variant \"full\" stands twice"},
    {PUBLISHED("\"published\": \"P\", \"values\": [5.3]"),
        "g.json: /report/rows/0/values: expected a list of 2 values, one for each of /report/columns"},
    {PUBLISHED("\"published\": \"P\", \"values\": [5.3, 58.6]"),
        "g.json: /report/rows/0/values/1: 58.6: expected a share, 0 to 1 (58.6 percent is 0.586), for accuracy of gender"},
    {PUBLISHED("\"published\": \"P\", \"values\": [-1, 0.5]"),
        "g.json: /report/rows/0/values/0: -1: expected no less than 0 for mae of age"},
    {PUBLISHED("\"published\": \"P\", \"values\": [5.3, \"0.5\"]"),
        "g.json: /report/rows/0/values/1: expected a number, or null where the source has none"},
    {PUBLISHED("\"published\": \"P\", \"variants\": [\"full\"], \"values\": [5.3, 0.5]"),
        "g.json: /report/rows/0: expected either \"variants\", which are run here, or \"published\", not both"},
    {PUBLISHED("\"published\": \"\", \"values\": [5.3, 0.5]"),
        "g.json: /report/rows/0/published: expected a text that says where the values are from"},
    {PUBLISHED("\"published\": \"P\""),
        "g.json: /report/rows/0/values: expected a list of 2 values, one for each of /report/columns"},
    {PUBLISHED("\"published\": \"P\", \"value\": [5.3, 0.5]"),
        "g.json: /report/rows/0/value: unknown key: expected one of title, published, values; did you mean values?"},
    {PUBLISHED("\"values\": [5.3, 0.5]"),
        "g.json: /report/rows/0/published: expected a text that says where the values are from"},
    {GRID(
         "\"report\": {\"rows\": [{\"title\": \"x\", \"published\": \"P\", \"values\": [5.3, null]}]}"),
        "g.json: /report/rows/0/values: expected a list of 3 values, one for each of /report/columns (which are the default's)"},
    {GRID(
         "\"report\": {\"rows\": [{\"title\": \"x\", \"published\": \"P\", \"values\": [5.3, null, 1]}]}"),
        "g.json: /report/rows: expected at least one row with \"variants\""},
    {GRID("\"report\": {\"columns\": [{\"task\": \"race\", \"metric\": \"accuracy\"}]}"),
        "g.json: /report/columns/0/task: no cell of this grid has the task \"race\""},
    {GRID("\"report\": {\"columns\": [{\"task\": \"ag\", \"metric\": \"mae\"}]}"),
        "g.json: /report/columns/0/task: expected \"age\", \"gender\" or \"race\"; did you mean age?"},
    {GRID("\"report\": {\"columns\": [{\"task\": \"age\", \"metric\": \"may\"}]}"),
        "g.json: /report/columns/0/metric: expected one of accuracy, accuracy_within_1, mse, mae, bias, the metrics of age; did you mean mae?"},
    {GRID("\"report\": {\"columns\": [{\"task\": \"gender\", \"metric\": \"mae\"}]}"),
        "g.json: /report/columns/0/metric: expected one of accuracy, the metrics of gender"},
    {GRID("\"report\": {\"columns\": [{\"task\": \"age\"}]}"),
        "g.json: /report/columns/0/metric: expected one of accuracy, accuracy_within_1, mse, mae, bias, the metrics of age"},
    {GRID(
         "\"report\": {\"columns\": [{\"task\": \"age\", \"metric\": \"mae\", \"bins\": \"decades\"}]}"),
        "g.json: /report/columns/0/bins: only the task \"age\" with the metric \"accuracy\" has age groups"},
    {GRID("\"report\": {\"columns\": [{\"task\": \"age\", \"metrik\": \"mae\"}]}"),
        "g.json: /report/columns/0/metrik: unknown key: expected one of task, metric, bins; did you mean metric?"},
};

START_TEST(refused_with_a_message) {
    struct grid g;
    struct err e = {0};
    ck_assert(!grid_parse(&g, "g", "g.json", refused[_i].text, NULL, 0, &e));
    ck_assert_str_eq(e.msg, refused[_i].message);
    ck_assert_int_eq(e.kind, ERR_USAGE);
    grid_free(&g);
}
END_TEST

START_TEST(age_groups_are_known_by_name) {
    struct grid g;
    struct err e = {0};
    ck_assert(!grid_parse(&g, "g", "g.json",
        GRID(
            "\"report\": {\"columns\": [{\"task\": \"age\", \"metric\": \"accuracy\", \"bins\": \"fairface\"}]}"),
        NULL, 0, &e));
    ck_assert(str_starts(e.msg, "g.json: /report/columns/0/bins: expected one of \""));
    ck_assert(str_ends(e.msg, "; did you mean fairface-9?"));
    grid_free(&g);
}
END_TEST

START_TEST(too_many_cells_are_refused) {
    struct str text = {0};
    str_add(&text, "{" BASE ", " V ", \"axes\": {");
    for (int axis = 0; axis < 2; axis++) {
        str_addf(&text, "%s\"%s\": [1", axis ? ", " : "", axis ? "/split/seed" : "/seed");
        for (int i = 2; i <= 400; i++)
            str_addf(&text, ",%d", i);
        str_add(&text, "]");
    }
    str_add(&text, "}}");
    struct grid g;
    struct err e = {0};
    ck_assert(!grid_parse(&g, "g", "g.json", text.text, NULL, 0, &e));
    ck_assert_str_eq(e.msg, "g.json: /axes: more than 100000 cells a variant");
    grid_free(&g);
    str_free(&text);
}
END_TEST

/* Comparing all pairs of 50,000 values would take an hour, beyond the suite's time. */
START_TEST(a_long_axis_is_checked_in_time) {
    struct str text = {0};
    str_add(&text, "{" BASE ", " V ", \"axes\": {\"/seed\": [0");
    for (int i = 1; i < 50000; i++)
        str_addf(&text, ",%d", i);
    str_add(&text, ",7]}}");
    struct grid g;
    struct err e = {0};
    ck_assert(!grid_parse(&g, "g", "g.json", text.text, NULL, 0, &e));
    ck_assert_str_eq(e.msg, "g.json: axis /seed: the value 7 stands twice");
    grid_free(&g);
    str_free(&text);
}
END_TEST

START_TEST(names_of_variants_are_checked_for_the_option_that_gave_them) {
    static const char *const names[] = {"full", "fill"};
    struct grid g;
    struct err e = {0};
    must_parse(&g, "{" BASE ", \"variants\": {\"full\": {}}}", NULL, 0);
    ck_assert(grid_check_names(&g, "--pick", names, 1, &e));
    ck_assert(!grid_check_names(&g, "--pick", names, 2, &e));
    ck_assert_str_eq(
        e.msg, "g: --pick: \"fill\": there is no variant of this name; did you mean \"full\"?");
    ck_assert_int_eq(e.kind, ERR_USAGE);
    grid_free(&g);
}
END_TEST

START_TEST(a_missing_file_is_wrong_usage) {
    struct grid g;
    struct err e = {0};
    ck_assert(!grid_read(&g, "/nonexistent/x.json", NULL, 0, &e));
    ck_assert_str_eq(e.msg, "/nonexistent/x.json: cannot be read: No such file or directory");
    ck_assert_int_eq(e.kind, ERR_USAGE);
    grid_free(&g);
}
END_TEST

static const struct {
    const char *path, *name;
    size_t cells;
} experiments[] = {
    {"experiments/demo.json", "demo", 12},
    {"experiments/utkface-quick.json", "utkface-quick", 21},
    {"experiments/bias.json", "bias", 2},
    {"experiments/utkface-adience-groups.json", "utkface-adience-groups", 20},
    {"experiments/utkface-ablation.json", "utkface-ablation", 24},
    {"experiments/utkface-audit.json", "utkface-audit", 10},
    {"experiments/paper/table1.json", "table1", 15},
    {"experiments/paper/table2.json", "table2", 12},
    {"experiments/paper/table3-adience.json", "table3-adience", 10},
    {"experiments/paper/table3-utkface.json", "table3-utkface", 6},
    {"experiments/paper/table4-adience.json", "table4-adience", 15},
    {"experiments/paper/table4-utkface.json", "table4-utkface", 9},
    {"experiments/paper/figure3-adience.json", "figure3-adience", 5},
    {"experiments/paper/figure3-utkface.json", "figure3-utkface", 3},
    {"experiments/paper/figure4.json", "figure4", 9},
    {"experiments/paper/figure6.json", "figure6", 3},
};

START_TEST(the_experiments_are_what_they_say) {
    struct grid g;
    struct err e = {0};
    ck_assert_msg(grid_read(&g, experiments[_i].path, NULL, 0, &e), "%s", e.msg);
    ck_assert_str_eq(g.name, experiments[_i].name);
    ck_assert_uint_eq(g.n_cells, experiments[_i].cells);
    ck_assert_str_eq(g.baseline, "full");
    for (int i = 0; i < g.n_variants; i++)
        ck_assert_msg(*g.descriptions[i], "%s has no description", g.variants[i]);
    for (size_t i = 0; i < g.n_cells; i++)
        for (size_t j = 0; j < i; j++)
            ck_assert_msg(strcmp(g.cells[i].id, g.cells[j].id) != 0, "cells %zu and %zu", j, i);
    grid_free(&g);
}
END_TEST

/* The paper's tables and figures train no cell that the ablation grids, and so each other, do not have: one of a
 * variant, seed and fold is the same cell in both. */
START_TEST(the_papers_grids_share_the_ablations_cells) {
    const char *path = experiments[_i].path;
    struct grid g, whole;
    struct err e = {0};
    if (!str_starts(path, "experiments/paper/"))
        return;
    ck_assert_msg(grid_read(&g, path, NULL, 0, &e), "%s", e.msg);
    bool adience = g.cells[0].config.data.set == DATASET_ADIENCE;
    ck_assert_msg(
        grid_read(&whole,
            adience ? "experiments/adience-ablation.json" : "experiments/utkface-ablation.json",
            NULL, 0, &e),
        "%s", e.msg);
    for (size_t i = 0; i < g.n_cells; i++) {
        size_t same = 0;
        for (size_t k = 0; k < whole.n_cells; k++)
            same += strcmp(whole.cells[k].variant, g.cells[i].variant) == 0 &&
                    strcmp(whole.cells[k].axes, g.cells[i].axes) == 0 &&
                    strcmp(whole.cells[k].id, g.cells[i].id) == 0;
        ck_assert_msg(same == 1, "%s: cell %zu is not in %s", path, i, whole.name);
    }
    grid_free(&g);
    grid_free(&whole);
}
END_TEST

/* experiments/grid.schema.json is what the program prints (`dmtl plan --schema`); a grid may name it. */
START_TEST(the_schema_is_up_to_date) {
    struct err e = {0};
    struct str now = {0};
    char *stored = file_read("experiments/grid.schema.json", 1 << 20, NULL, &e);
    ck_assert_msg(stored, "%s", e.msg);
    schema_print(&now);
    ck_assert_str_eq(stored, now.text);
    free(stored);
    str_free(&now);
    struct grid g;
    must_parse(
        &g, "{\"$schema\": \"grid.schema.json\", " BASE ", \"variants\": {\"full\": {}}}", NULL, 0);
    grid_free(&g);
}
END_TEST

START_TEST(the_example_of_the_guide_is_a_grid) {
    struct err e = {0};
    char *guide = file_read("experiments/README.md", 1 << 20, NULL, &e);
    ck_assert_msg(guide != NULL, "%s", e.msg);
    char *example = strstr(guide, "```json\n"), *end;
    ck_assert_ptr_nonnull(example);
    example += strlen("```json\n");
    end = strstr(example, "```");
    ck_assert_ptr_nonnull(end);
    *end = '\0';
    struct grid g;
    must_parse(&g, example, NULL, 0);
    ck_assert_uint_eq(g.n_cells, 15); /* 3 variants x 3 seeds x 2 rates, less 3 */
    grid_free(&g);
    free(guide);
}
END_TEST

Suite *grid_suite(void) {
    Suite *s = suite_create("grid");
    TCase *c = tcase_create("grid");
    tcase_set_timeout(c, 20);
    tcase_add_test(c, cells_run_variant_by_variant_with_the_last_axis_fastest);
    tcase_add_test(c, keys_of_a_coupled_axis_go_together);
    tcase_add_test(c, variants_remove_add_and_say_so);
    tcase_add_test(c, two_of_one_configuration_are_one_cell);
    tcase_add_test(c, excluded_cells_are_left_out);
    tcase_add_test(c, set_changes_base_before_the_variants);
    tcase_add_loop_test(c, a_bad_set_is_refused, 0, (int)ARRAY_LEN(bad_sets));
    tcase_add_test(c, names_may_hold_anything_printable_or_not);
    tcase_add_test(c, rows_and_columns_have_defaults);
    tcase_add_test(c, ages_that_are_groups_have_no_bins);
    tcase_add_test(c, rows_and_columns_as_written);
    tcase_add_test(c, published_rows_have_a_value_a_column);
    tcase_add_loop_test(c, refused_with_a_message, 0, (int)ARRAY_LEN(refused));
    tcase_add_test(c, age_groups_are_known_by_name);
    tcase_add_test(c, too_many_cells_are_refused);
    tcase_add_test(c, a_long_axis_is_checked_in_time);
    tcase_add_test(c, names_of_variants_are_checked_for_the_option_that_gave_them);
    tcase_add_test(c, a_missing_file_is_wrong_usage);
    tcase_add_loop_test(c, the_experiments_are_what_they_say, 0, (int)ARRAY_LEN(experiments));
    tcase_add_loop_test(
        c, the_papers_grids_share_the_ablations_cells, 0, (int)ARRAY_LEN(experiments));
    tcase_add_test(c, the_schema_is_up_to_date);
    tcase_add_test(c, the_example_of_the_guide_is_a_grid);
    suite_add_tcase(s, c);
    return s;
}
