#include "check_suites.h"

#include "core/mem.h"
#include "core/sha256.h"
#include "grid/keys.h"

#include <stdio.h>
#include <string.h>

static cJSON *json(const char *text) {
    struct err e = {0};
    cJSON *v = json_parse("t", text, strlen(text), &e);
    ck_assert_msg(v != NULL, "%s: %s", text, e.msg);
    return v;
}

static struct config config(const char *text) {
    struct config c;
    struct err e = {0};
    cJSON *v = json(text);
    ck_assert_msg(config_parse(&c, v, "t", &e), "%s", e.msg);
    cJSON_Delete(v);
    return c;
}

static void id_of(const char *text, char id[SHA256_HEX]) {
    struct config c = config(text);
    config_id(&c, id);
    config_free(&c);
}

START_TEST(defaults_are_the_papers_settings) {
    struct config c = config("{\"tasks\": {\"race\": {}, \"age\": {}, \"gender\": {}}}");
    ck_assert_int_eq(c.data.image_px, 224);
    ck_assert_int_eq(c.epochs, 80);
    ck_assert_int_eq(c.batch, 32);
    ck_assert_double_eq(c.optimiser.lr, 0.001);
    ck_assert_double_eq(c.optimiser.momentum, 0.9);
    ck_assert_double_eq(c.optimiser.decay_trunk, 0.0005);
    ck_assert_double_eq(c.optimiser.decay_heads, 0.0005);
    ck_assert(c.optimiser.decay_norm_and_bias);
    ck_assert_int_eq(c.weighting.kind, WEIGHTING_UNCERTAINTY);
    ck_assert_str_eq(c.trunk.train_from, "all");
    ck_assert_str_eq(c.trunk.weights, "imagenet");
    ck_assert_uint_eq(c.split.seed, 1);
    ck_assert_double_eq(c.split.test_share, 0.2);
    ck_assert_double_eq(c.split.validation_share, 0.1);
    ck_assert(!c.split.require_all);
    ck_assert(!c.augment.flip);
    static const int ranks[ATTR_COUNT][2] = {{1, 116}, {0, 1}, {0, 4}};
    ck_assert_int_eq(c.n_tasks, 3);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq((int)c.tasks[i].attribute, i); /* the attributes' order, not the file's */
        ck_assert_int_eq((int)c.tasks[i].kind, i == ATTR_AGE ? TASK_ORDINAL : TASK_NOMINAL);
        ck_assert_int_eq(c.tasks[i].ranks[0], ranks[i][0]);
        ck_assert_int_eq(c.tasks[i].ranks[1], ranks[i][1]);
        ck_assert_double_eq(c.tasks[i].weight, 1);
        ck_assert_int_eq(c.tasks[i].n_hidden, 0);
    }
    config_free(&c);
}
END_TEST

#define EVERY_KEY                                                                                  \
    "{\"data\": {\"set\": \"synthetic\", \"image_px\": 48, \"max_bad_share\": 0.5},"               \
    " \"split\": {\"kind\": \"random\", \"seed\": 9007199254740991, \"test_share\": 0.25,"         \
    " \"validation_share\": 0.125, \"require\": \"all\"},"                                         \
    " \"tasks\": {\"age\": {\"kind\": \"ordinal\", \"ranks\": [0, 99], \"weight\": 0.1,"           \
    " \"hidden\": [256, 128], \"dropout\": 0.3}, \"gender\": {\"weight\": 2}},"                    \
    " \"trunk\": {\"name\": \"small\", \"weights\": \"none\", \"train_from\": \"stage2\","         \
    " \"branch\": \"category\", \"branch_stage\": \"stage3\", \"dropout\": 0.2,"                   \
    " \"stochastic_depth\": 0.1},"                                                                 \
    " \"weighting\": {\"kind\": \"fixed\", \"normalise\": \"one\"},"                               \
    " \"optimiser\": {\"kind\": \"sgd\", \"lr\": 0.05, \"momentum\": 0, \"decay_trunk\": 0,"       \
    " \"decay_heads\": 0.01, \"decay_norm_and_bias\": false},"                                     \
    " \"schedule\": {\"kind\": \"cosine\", \"warmup_epochs\": 1.5},"                               \
    " \"augment\": {\"flip\": true, \"shift_px\": 4},"                                             \
    " \"epochs\": 3, \"batch\": 16, \"seed\": 7, \"precision\": \"f32\","                          \
    " \"log_every\": 5, \"checkpoint_every_s\": 10}"

START_TEST(every_key_reaches_its_field) {
    struct config c = config(EVERY_KEY);
    ck_assert_int_eq(c.data.set, DATASET_SYNTHETIC);
    ck_assert_int_eq(c.data.image_px, 48);
    ck_assert_double_eq(c.data.max_bad_share, 0.5);
    ck_assert_int_eq(c.split.kind, SPLIT_RANDOM);
    ck_assert(c.split.seed == 9007199254740991u);
    ck_assert_double_eq(c.split.test_share, 0.25);
    ck_assert_double_eq(c.split.validation_share, 0.125);
    ck_assert(c.split.require_all);
    ck_assert_int_eq(c.n_tasks, 2);
    ck_assert_int_eq(c.tasks[0].ranks[0], 0);
    ck_assert_int_eq(c.tasks[0].ranks[1], 99);
    ck_assert_double_eq(c.tasks[0].weight, 0.1);
    ck_assert_int_eq(c.tasks[0].n_hidden, 2);
    ck_assert_int_eq(c.tasks[0].hidden[0], 256);
    ck_assert_int_eq(c.tasks[0].hidden[1], 128);
    ck_assert_double_eq(c.tasks[0].dropout, 0.3);
    ck_assert_int_eq(c.tasks[1].attribute, ATTR_GENDER);
    ck_assert_double_eq(c.tasks[1].weight, 2);
    ck_assert_int_eq(c.trunk.name, TRUNK_SMALL);
    ck_assert_str_eq(c.trunk.weights, "none");
    ck_assert_str_eq(c.trunk.train_from, "stage2");
    ck_assert_int_eq(c.trunk.branch, BRANCH_CATEGORY);
    ck_assert_str_eq(c.trunk.branch_stage, "stage3");
    ck_assert_double_eq(c.trunk.dropout, 0.2);
    ck_assert_double_eq(c.trunk.stochastic_depth, 0.1);
    ck_assert_int_eq(c.weighting.kind, WEIGHTING_FIXED);
    ck_assert_int_eq(c.weighting.normalise, NORMALISE_ONE);
    ck_assert_double_eq(c.optimiser.lr, 0.05);
    ck_assert_double_eq(c.optimiser.momentum, 0);
    ck_assert_double_eq(c.optimiser.decay_trunk, 0);
    ck_assert_double_eq(c.optimiser.decay_heads, 0.01);
    ck_assert(!c.optimiser.decay_norm_and_bias);
    ck_assert_int_eq(c.schedule.kind, SCHEDULE_COSINE);
    ck_assert_double_eq(c.schedule.warmup_epochs, 1.5);
    ck_assert(c.augment.flip);
    ck_assert_int_eq(c.augment.shift_px, 4);
    ck_assert_int_eq(c.epochs, 3);
    ck_assert_int_eq(c.batch, 16);
    ck_assert_uint_eq(c.seed, 7);
    ck_assert_int_eq(c.log_every, 5);
    ck_assert_int_eq(c.checkpoint_every_s, 10);
    config_free(&c);
}
END_TEST

START_TEST(adience_is_read_in_its_own_ways) {
    struct config c = config("{\"data\": {\"set\": \"adience\", \"age_labels\": \"nested\","
                             " \"repeated_rows\": \"drop\", \"crop\": \"faces\"},"
                             " \"tasks\": {\"age\": {}, \"gender\": {}}}");
    ck_assert_int_eq(c.data.set, DATASET_ADIENCE);
    ck_assert_int_eq(c.data.reading.age_labels, AGE_LABELS_NESTED);
    ck_assert_int_eq(c.data.reading.repeated_rows, REPEATED_DROP);
    ck_assert_int_eq(c.data.reading.crop, CROP_FACES);
    ck_assert_int_eq(c.tasks[0].ranks[0], 0);
    ck_assert_int_eq(c.tasks[0].ranks[1], 7);
    ck_assert_int_eq(c.tasks[0].kind, TASK_ORDINAL);
    config_free(&c);
}
END_TEST

START_TEST(years_may_be_read_as_groups) {
    struct config c = config("{\"data\": {\"ages\": \"adience-8\", \"age_labels\": \"nearest\","
                             " \"corrections\": \"published\"}, \"tasks\": {\"age\": {}}}");
    ck_assert_int_eq(c.data.reading.ages, AGES_ADIENCE_8);
    ck_assert_str_eq(c.data.reading.corrections, "published");
    ck_assert_int_eq(c.tasks[0].ranks[0], 0);
    ck_assert_int_eq(c.tasks[0].ranks[1], 7);
    config_free(&c);
}
END_TEST

START_TEST(the_resolved_form_reads_back_to_the_same) {
    static const char *const texts[] = {EVERY_KEY, "{\"tasks\": {\"gender\": {}}}",
        "{\"tasks\": {\"age\": {\"kind\": \"nominal\"}}}",
        "{\"tasks\": {\"age\": {}}, \"data\": {\"ages\": \"adience-8\", \"corrections\": \"c.json\"}}"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct config c = config(texts[i]), d;
        cJSON *resolved = config_resolved(&c), *again;
        struct err e = {0};
        ck_assert_msg(config_parse(&d, resolved, "resolved", &e), "%s", e.msg);
        again = config_resolved(&d);
        struct str a = {0}, b = {0};
        json_pretty(&a, resolved);
        json_pretty(&b, again);
        ck_assert_str_eq(a.text, b.text);
        char x[SHA256_HEX], y[SHA256_HEX];
        config_id(&c, x);
        config_id(&d, y);
        ck_assert_str_eq(x, y);
        str_free(&a);
        str_free(&b);
        cJSON_Delete(resolved);
        cJSON_Delete(again);
        config_free(&c);
        config_free(&d);
    }
}
END_TEST

/* The promise to stored databases: these ids never change. Each is the SHA-256 of the text below it
 * (sha256sum), written by hand from the rule: format, and what differs from the defaults; of a key that is younger
 * than cells, what differs from how they were made. */
START_TEST(ids_are_frozen) {
    static const char since[] =
        "{\"format\":1,\"split\":{\"duplicates\":\"near\"},\"tasks\":{\"age\":{},\"gender\":{}}}";
    char id[SHA256_HEX], sum[SHA256_HEX];
    id_of("{\"tasks\": {\"age\": {}, \"gender\": {}}, \"split\": {\"duplicates\": \"apart\"}}", id);
    static const char two[] = "{\"format\":1,\"tasks\":{\"age\":{},\"gender\":{}}}";
    sha256_bytes(two, sizeof two - 1, sum);
    ck_assert_str_eq(id, sum);
    ck_assert_str_eq(id, "c631312a8de2ac75a789aedbfd7ae88c72cbe3d3eb420e2105fb22b0541b905a");
    id_of("{\"tasks\": {\"age\": {\"kind\": \"nominal\", \"hidden\": [256]}}, \"seed\": 2, "
          "\"optimiser\": {\"lr\": 0.05}, \"split\": {\"require\": \"all\", \"duplicates\": "
          "\"apart\"}, \"log_every\": 3}",
        id);
    static const char one[] = "{\"format\":1,\"optimiser\":{\"lr\":0.05},\"seed\":2,\"split\":{"
                              "\"require\":\"all\"},\"tasks\":{\"age\":{\"hidden\":[256],\"kind\":"
                              "\"nominal\"}}}";
    sha256_bytes(one, sizeof one - 1, sum);
    ck_assert_str_eq(id, sum);
    ck_assert_str_eq(id, "ff5035331d8fa5f2958cb9c92d34987485cb8c14ad90b0d8b62240b46e5fc4c2");
    id_of("{\"tasks\": {\"age\": {}, \"gender\": {}}}", id);
    ck_assert_str_eq(id, "ffa097c17fe5b6ec1c4e16ada8b2d0a95173dd7314e9ebd1f508d2800cbf3def");
    sha256_bytes(since, sizeof since - 1, sum);
    ck_assert_str_eq(id, sum);
}
END_TEST

/* A cell that was stored before the key counts as it was trained; a grid that is silent gets the default. */
START_TEST(a_key_that_is_younger_than_cells) {
    static const char text[] = "{\"tasks\": {\"age\": {}, \"gender\": {}}}";
    struct config stored, now = config(text);
    struct err e = {0};
    char id[SHA256_HEX];
    ck_assert_msg(config_parse_text(&stored, text, "t", &e), "%s", e.msg);
    ck_assert_int_eq(now.split.duplicates, DUPLICATES_NEAR);
    ck_assert_int_eq(stored.split.duplicates, DUPLICATES_APART);
    config_id(&stored, id);
    ck_assert_str_eq(id, "c631312a8de2ac75a789aedbfd7ae88c72cbe3d3eb420e2105fb22b0541b905a");
    config_free(&stored);
    config_free(&now);
}
END_TEST

START_TEST(ids_tell_results_apart_and_nothing_else) {
    char a[SHA256_HEX], b[SHA256_HEX];
    id_of("{\"tasks\": {\"age\": {}}}", a);
    static const char *const same[] = {
        "{\"tasks\": {\"age\": {\"ranks\": [1, 116], \"kind\": \"ordinal\"}}, \"epochs\": 80}",
        "{\"data\": {\"max_bad_share\": 0.5}, \"log_every\": 7, \"checkpoint_every_s\": 9, \"tasks\": {\"age\": {\"weight\": 1.0}}}"};
    static const char *const other[] = {"{\"tasks\": {\"age\": {}}, \"seed\": 2}",
        "{\"tasks\": {\"age\": {}, \"race\": {}}}",
        "{\"tasks\": {\"age\": {}}, \"optimiser\": {\"lr\": 0.0010000000000000002}}",
        "{\"tasks\": {\"age\": {\"ranks\": [1, 115]}}}",
        "{\"tasks\": {\"age\": {}}, \"split\": {\"duplicates\": \"identical\"}}",
        "{\"tasks\": {\"age\": {}}, \"split\": {\"duplicates\": \"apart\"}}",
        "{\"tasks\": {\"age\": {}}, \"data\": {\"set\": \"synthetic\"}}"};
    for (size_t i = 0; i < ARRAY_LEN(same); i++) {
        id_of(same[i], b);
        ck_assert_msg(strcmp(a, b) == 0, "%s", same[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(other); i++) {
        id_of(other[i], b);
        ck_assert_msg(strcmp(a, b) != 0, "%s", other[i]);
    }
}
END_TEST

#define AGE "\"tasks\": {\"age\": {}}"
static const struct {
    const char *text, *message;
} refused[] = {
    {"[]", "t: /: expected an object, a configuration"},
    {"{\"tasks\": {\"age\": {}}, \"data\": {\"age_labels\": \"nearest\"}}",
        "t: /data/age_labels: \"nearest\": counts for nothing with /data/set \"utkface\": leave it out, "
        "or say \"adience-8\" for /data/ages"},
    {"{\"tasks\": {\"age\": {}}, \"data\": {\"set\": \"adience\", \"ages\": \"adience-8\"}}",
        "t: /data/ages: \"adience-8\": counts for nothing with /data/set \"adience\": leave it out, for "
        "its ages are these groups already"},
    {"{\"tasks\": {\"age\": {}}, \"data\": {\"set\": \"adience\", \"corrections\": \"published\"}}",
        "t: /data/corrections: \"published\": counts for nothing with /data/set \"adience\": leave it out or "
        "say \"utkface\""},
    {"{\"tasks\": {\"age\": {}}, \"data\": {\"set\": \"synthetic\", \"corrections\": \"c.json\"}}",
        "t: /data/corrections: \"c.json\": counts for nothing with /data/set \"synthetic\": leave it out or "
        "say \"utkface\""},
    {"{\"tasks\": {\"age\": {}}, \"data\": {\"corrections\": \"publisched\"}}",
        "t: /data/corrections: \"publisched\": expected one of \"none\", \"published\", or a file's path, with a "
        "\"/\" or a \".\" in it; did you mean \"published\"?"},
    {"{\"tasks\": {\"age\": {\"ranks\": [0, 8]}}, \"data\": {\"ages\": \"adience-8\"}}",
        "t: /tasks/age/ranks: [0,8]: expected at most [0,7], the labels of age in \"utkface\""},
    {"{\"tasks\": {\"age\": {}}, \"data\": {\"set\": \"synthetic\", \"crop\": \"faces\"}}",
        "t: /data/crop: \"faces\": counts for nothing with /data/set \"synthetic\": leave it out or say "
        "\"adience\""},
    {"{\"tasks\": {\"age\": {}}, \"split\": {\"fold\": 1}}",
        "t: /split/fold: 1: counts for nothing with /split/kind \"random\": leave it out or say \"folds\""},
    {"{\"tasks\": {\"age\": {}}, \"split\": {\"kind\": \"folds\", \"fold\": 5}}",
        "t: /split/fold: 5: expected a whole number from 0 to 4"},
    {"{\"tasks\": {\"age\": {}}, \"split\": {\"kind\": \"folds\", \"test_share\": 0.3}}",
        "t: /split/test_share: 0.3: counts for nothing with /split/kind \"folds\": leave it out"},
    {"{\"tasks\": {\"age\": {}}, \"split\": {\"duplicates\": \"nere\"}}",
        "t: /split/duplicates: \"nere\": expected one of \"near\", \"identical\", \"apart\"; did you mean \"near\"?"},
    {"{\"tasks\": {\"age\": {}}, \"split\": {\"kind\": \"lists\", \"duplicates\": \"apart\", \"lists\": {\"train\": \"a\", \"validation\": \"c\", \"test\": \"b\"}}}",
        "t: /split/duplicates: \"apart\": counts for nothing with a list for validation: leave it out"},
    {"{\"tasks\": {\"age\": {}}, \"split\": {\"kind\": \"lists\"}}",
        "t: /split/kind: \"lists\": expected in /split/lists a file for train and one for test, as {\"train\": \"a.csv\", \"test\": \"b.csv\"}"},
    {"{\"tasks\": {\"age\": {}}, \"split\": {\"kind\": \"lists\", \"lists\": {\"train\": \"a\"}}}",
        "t: /split/kind: \"lists\": expected in /split/lists a file for train and one for test, as {\"train\": \"a.csv\", \"test\": \"b.csv\"}"},
    {"{\"tasks\": {\"age\": {}}, \"split\": {\"kind\": \"lists\", \"lists\": {\"train\": \"a\", \"tets\": \"b\"}}}",
        "t: /split/lists: unknown part \"tets\": expected train, test and perhaps validation; did you mean test?"},
    {"{\"tasks\": {\"age\": {}}, \"split\": {\"kind\": \"lists\", \"lists\": {\"train\": \"a\", \"test\": 3}}}",
        "t: /split/lists/test: expected the name of a file in the lists folder (--lists DIR), without \"/\" and not beginning with a dot"},
    {"{\"tasks\": {\"age\": {}}, \"split\": {\"kind\": \"lists\", \"lists\": {\"train\": \"a\", \"test\": \"../b\"}}}",
        "t: /split/lists/test: expected the name of a file in the lists folder (--lists DIR), without \"/\" and not beginning with a dot"},
    {"{\"tasks\": {\"age\": {}}, \"split\": {\"kind\": \"lists\", \"lists\": {\"train\": \"a\", \"test\": \"/b\"}}}",
        "t: /split/lists/test: expected the name of a file in the lists folder (--lists DIR), without \"/\" and not beginning with a dot"},
    {"{\"tasks\": {\"age\": {}}, \"split\": {\"kind\": \"lists\", \"lists\": {\"train\": \"a\", \"test\": \"\"}}}",
        "t: /split/lists/test: expected the name of a file in the lists folder (--lists DIR), without \"/\" and not beginning with a dot"},
    {"{\"tasks\": {\"age\": {}}, \"split\": {\"kind\": \"lists\", \"lists\": {\"train\": \"a\", \"test\": \"a\"}}}",
        "t: /split/lists: test and train are the same list, \"a\""},
    {"{\"tasks\": {\"age\": {}}, \"split\": {\"kind\": \"lists\", \"lists\": [\"a\", \"b\"]}}",
        "t: /split/lists: [\"a\",\"b\"]: expected an object"},
    {"{\"tasks\": {\"age\": {}}, \"split\": {\"lists\": {\"train\": \"a\", \"test\": \"b\"}}}",
        "t: /split/lists: counts for nothing with /split/kind \"random\": leave it out or say \"lists\""},
    {"{\"tasks\": {\"age\": {}}, \"split\": {\"kind\": \"folds\", \"unusable_names\": \"pass\"}}",
        "t: /split/unusable_names: counts for nothing with /split/kind \"folds\": leave it out or say \"lists\""},
    {"{\"tasks\": {\"age\": {}}, \"split\": {\"kind\": \"lists\", \"lists\": {\"train\": \"a\", \"test\": \"b\"}, \"fold\": 1}}",
        "t: /split/fold: 1: counts for nothing with /split/kind \"lists\": leave it out or say \"folds\""},
    {"{\"tasks\": {\"age\": {}}, \"split\": {\"kind\": \"lists\", \"lists\": {\"train\": \"a\", \"test\": \"b\"}, \"test_share\": 0.3}}",
        "t: /split/test_share: 0.3: counts for nothing with /split/kind \"lists\": leave it out"},
    {"{\"tasks\": {\"age\": {}}, \"split\": {\"kind\": \"lists\", \"lists\": {\"train\": \"a\", \"test\": \"b\", \"validation\": \"c\"}, \"validation_share\": 0.3}}",
        "t: /split/validation_share: 0.3: counts for nothing with a list for validation: leave it out"},
    {"{\"tasks\": {\"age\": {}}, \"split\": {\"kind\": \"lists\", \"lists\": {\"train\": \"a\", \"test\": \"b\", \"validation\": \"c\"}, \"seed\": 3}}",
        "t: /split/seed: 3: counts for nothing with a list for validation: leave it out"},
    {"{\"tasks\": {\"race\": {}}, \"data\": {\"set\": \"adience\"}}",
        "t: /tasks/race: the set \"adience\" has no such labels: leave the task out"},
    {"{\"tasks\": {\"age\": {\"ranks\": [0, 8]}}, \"data\": {\"set\": \"adience\"}}",
        "t: /tasks/age/ranks: [0,8]: expected at most [0,7], the labels of age in \"adience\""},
    {"{\"optimiser\": {\"momentun\": 0.9}}",
        "t: /optimiser/momentun: unknown key; did you mean /optimiser/momentum?"},
    {"{\"lr\": 0.9}", "t: /lr: unknown key; did you mean /optimiser/lr?"},
    {"{\"hidden\": [3]}", "t: /hidden: unknown key; did you mean /tasks/NAME/hidden?"},
    {"{\"optimizer\": {\"lr\": 1}}", "t: /optimizer: unknown key; did you mean /optimiser?"},
    {"{\"zebra\": 1}", "t: /zebra: unknown key (`dmtl plan --keys` lists them)"},
    {"{\"Seed\": 1}", "t: /Seed: unknown key; did you mean /seed?"},
    {"{\"data/set\": \"utkface\"}", "t: /data~1set: unknown key; did you mean /data/set?"},
    {"{\"optimiser\": 3}", "t: /optimiser: expected an object"},
    {"{\"optimiser\": null}", "t: /optimiser: expected an object"},
    {"{\"tasks\": {\"agee\": {}}}",
        "t: /tasks/agee: unknown task: expected age, gender or race; did you mean age?"},
    {"{\"tasks\": {\"smile\": {}}}", "t: /tasks/smile: unknown task: expected age, gender or race"},
    {"{\"tasks\": []}", "t: /tasks: []: expected an object with members age, gender, race"},
    {"{\"tasks\": {}}", "t: /tasks: no task: expected at least one of age, gender, race"},
    {"{}", "t: /tasks: no task: expected at least one of age, gender, race"},
    {"{\"tasks\": {\"age\": true}}",
        "t: /tasks/age: true: expected an object, {} for the defaults"},
    {"{\"tasks\": {\"age\": {\"hiden\": []}}}",
        "t: /tasks/age/hiden: unknown key; did you mean /tasks/age/hidden?"},
    {"{\"tasks\": {\"age\": {\"kind\": \"ordnal\"}}}",
        "t: /tasks/age/kind: \"ordnal\": expected one of \"nominal\", \"ordinal\"; did you mean \"ordinal\"?"},
    {"{\"tasks\": {\"age\": {\"ranks\": [5, 5]}}}",
        "t: /tasks/age/ranks: [5,5]: expected [first, last], first < last, whole numbers from 0 to 150"},
    {"{\"tasks\": {\"age\": {\"ranks\": [1, 2, 3]}}}",
        "t: /tasks/age/ranks: [1,2,3]: expected [first, last], first < last, whole numbers from 0 to 150"},
    {"{\"tasks\": {\"age\": {\"hidden\": [1, 2, 3, 4, 5]}}}",
        "t: /tasks/age/hidden: [1,2,3,4,5]: expected a list of at most 4 whole numbers from 1 to 65536"},
    {"{\"tasks\": {\"age\": {\"hidden\": 256}}}",
        "t: /tasks/age/hidden: 256: expected a list of at most 4 whole numbers from 1 to 65536"},
    {"{\"tasks\": {\"age\": {\"hidden\": [2.5]}}}",
        "t: /tasks/age/hidden: [2.5]: expected a list of at most 4 whole numbers from 1 to 65536"},
    {"{\"tasks\": {\"race\": {\"kind\": \"ordinal\"}}}",
        "t: /tasks/race/kind: \"ordinal\": expected \"nominal\", for the labels of race have no order"},
    {"{\"tasks\": {\"gender\": {\"ranks\": [0, 2]}}}",
        "t: /tasks/gender/ranks: [0,2]: expected at most [0,1], the labels of gender in \"utkface\""},
    {"{" AGE ", \"batch\": 0}", "t: /batch: 0: expected a whole number from 1 to 65536"},
    {"{" AGE ", \"batch\": 1.5}", "t: /batch: 1.5: expected a whole number from 1 to 65536"},
    {"{" AGE ", \"batch\": \"32\"}", "t: /batch: \"32\": expected a whole number from 1 to 65536"},
    {"{" AGE ", \"batch\": 1e300}", "t: /batch: 1e+300: expected a whole number from 1 to 65536"},
    {"{" AGE ", \"seed\": -1}", "t: /seed: -1: expected a whole number from 0 to 9007199254740991"},
    {"{" AGE ", \"seed\": 9007199254740993}",
        "t: /seed: 9007199254740992: expected a whole number from 0 to 9007199254740991"},
    {"{" AGE ", \"optimiser\": {\"lr\": 0}}",
        "t: /optimiser/lr: 0: expected a number above 0, at most 100"},
    {"{" AGE ", \"optimiser\": {\"momentum\": 1}}",
        "t: /optimiser/momentum: 1: expected a number from 0 to below 1"},
    {"{" AGE ", \"split\": {\"test_share\": 1}}",
        "t: /split/test_share: 1: expected a number above 0 and below 1"},
    {"{" AGE ", \"optimiser\": {\"decay_norm_and_bias\": 1}}",
        "t: /optimiser/decay_norm_and_bias: 1: expected true or false"},
    {"{" AGE ", \"data\": {\"set\": \"utk\"}}",
        "t: /data/set: \"utk\": expected one of \"utkface\", \"synthetic\", \"adience\", \"folder\""},
    {"{" AGE ", \"trunk\": {\"weights\": \"imagnet\"}}",
        "t: /trunk/weights: \"imagnet\": expected one of \"none\", \"imagenet\", or a file's path, with a \"/\" or a \".\" in it; did you mean \"imagenet\"?"},
    {"{" AGE ", \"trunk\": {\"weights\": \"imagenet\", \"partial\": true}}",
        "t: /trunk/partial: true: counts for nothing with /trunk/weights \"imagenet\": leave it out or name a file"},
    {"{" AGE ", \"trunk\": {\"weights\": \"none\", \"partial\": true}}",
        "t: /trunk/partial: true: counts for nothing with /trunk/weights \"none\": leave it out or name a file"},
    {"{" AGE ", \"trunk\": {\"train_from\": 3}}", "t: /trunk/train_from: 3: expected a text"},
    {"{" AGE ", \"trunk\": {\"name\": \"small\"}}",
        "t: /trunk/weights: \"imagenet\": expected \"none\", for there is no such file for the trunk \"small\""},
    {"{" AGE ", \"trunk\": {\"train_from\": \"stage8\"}}",
        "t: /trunk/train_from: \"stage8\": expected \"all\", \"frozen\", a step of \"efficientnet-lite0\" from stage1 to stage7, or head; did you mean \"stage1\"?"},
    {"{" AGE ", \"trunk\": {\"train_from\": \"stem\"}}",
        "t: /trunk/train_from: \"stem\": expected \"all\", \"frozen\", a step of \"efficientnet-lite0\" from stage1 to stage7, or head"},
    {"{" AGE ", \"trunk\": {\"branch\": \"task\"}}",
        "t: /trunk/branch: \"task\": needs /trunk/branch_stage, the first step of a branch's own (stage1 to stage7, or head)"},
    {"{" AGE ", \"trunk\": {\"branch_stage\": \"stage3\"}}",
        "t: /trunk/branch_stage: \"stage3\": counts for nothing with /trunk/branch \"none\": leave it out or set /trunk/branch"},
    {"{" AGE ", \"trunk\": {\"branch\": \"task\", \"branch_stage\": \"all\"}}",
        "t: /trunk/branch_stage: \"all\": expected a step of \"efficientnet-lite0\" from stage1 to stage7, or head"},
    {"{" AGE
     ", \"trunk\": {\"branch\": \"task\", \"branch_stage\": \"stage6\", \"train_from\": \"frozen\"}}",
        "t: /trunk/branch_stage: \"stage6\": expected a step that is trained: with /trunk/train_from \"frozen\" the branches would begin as equal frozen copies"},
    {"{" AGE ", \"trunk\": {\"train_from\": \"frozen\"}, \"augment\": {\"flip\": true}}",
        "t: /augment/flip: true: expected false, for with /trunk/train_from \"frozen\" features are computed once"},
    {"{" AGE ", \"trunk\": {\"train_from\": \"frozen\"}, \"augment\": {\"shift_px\": 2}}",
        "t: /augment/shift_px: 2: expected 0, for with /trunk/train_from \"frozen\" features are computed once"},
    {"{" AGE ", \"trunk\": {\"train_from\": \"frozen\", \"stochastic_depth\": 0.2}}",
        "t: /trunk/stochastic_depth: 0.2: expected 0, for with /trunk/train_from \"frozen\" features are computed once"},
    {"{\"tasks\": {\"age\": {\"weight\": 0.5}}}",
        "t: /tasks/age/weight: 0.5: counts for nothing with /weighting/kind \"uncertainty\": leave it out or say \"fixed\""},
    {"{" AGE ", \"weighting\": {\"normalise\": \"one\"}}",
        "t: /weighting/normalise: \"one\": expected \"none\", for learned weights are used as they are"},
    {"{" AGE ", \"weighting\": {\"kind\": \"uncertainty-exact\", \"log_sigmas\": \"problem\"}}",
        "t: /weighting/log_sigmas: \"problem\": counts for nothing with /weighting/kind \"uncertainty-exact\": leave it out"},
    {"{" AGE ", \"weighting\": {\"kind\": \"equal\", \"initial_log_variance\": 1}}",
        "t: /weighting/initial_log_variance: 1: counts for nothing with /weighting/kind \"equal\": leave it out"},
    {"{" AGE ", \"epochs\": 2, \"schedule\": {\"warmup_epochs\": 3}}",
        "t: /schedule/warmup_epochs: 3: expected at most /epochs, 2"},
    {"{" AGE ", \"data\": {\"image_px\": 31}}",
        "t: /data/image_px: 31: expected at least 32 for the trunk \"efficientnet-lite0\", which halves "
        "the size until so many pixels are one"},
    {"{" AGE ", \"data\": {\"image_px\": 32}, \"augment\": {\"shift_px\": 32}}",
        "t: /augment/shift_px: 32: expected less than /data/image_px, 32"},
};

START_TEST(refused_with_a_message) {
    struct config c;
    struct err e = {0};
    cJSON *v = json(refused[_i].text);
    ck_assert(!config_parse(&c, v, "t", &e));
    ck_assert_str_eq(e.msg, refused[_i].message);
    ck_assert_int_eq(e.kind, ERR_USAGE);
    config_free(&c);
    cJSON_Delete(v);
}
END_TEST

START_TEST(long_values_are_cut_in_messages) {
    char text[400];
    snprintf(text, sizeof text, "{" AGE ", \"data\": {\"set\": \"%0200d\"}}", 0);
    struct config c;
    struct err e = {0};
    cJSON *v = json(text);
    ck_assert(!config_parse(&c, v, "t", &e));
    ck_assert_ptr_nonnull(strstr(e.msg, "000...: expected one of"));
    ck_assert_uint_lt(strlen(e.msg), 160);
    config_free(&c);
    cJSON_Delete(v);
}
END_TEST

START_TEST(patches_may_remove_and_stand_alone) {
    struct err e = {0};
    cJSON *v = json(
        "{\"tasks\": {\"age\": null, \"race\": {\"weight\": 0.5}}, \"augment\": null, \"seed\": null}");
    ck_assert_msg(config_check_patch(v, "g.json", "/variants/x", &e), "%s", e.msg);
    cJSON_Delete(v);
    v = json("{\"tasks\": {\"age\": {\"wieght\": 1}}}");
    ck_assert(!config_check_patch(v, "g.json", "/variants/x", &e));
    ck_assert_str_eq(e.msg,
        "g.json: /variants/x/tasks/age/wieght: unknown key; did you mean /tasks/age/weight?");
    cJSON_Delete(v);
    e = (struct err){0};
    v = json("{\"tasks\": {\"age\": {\"weight\": -1}}}");
    ck_assert(!config_check_patch(v, "g.json", "/variants/x", &e));
    ck_assert_str_eq(e.msg,
        "g.json: /variants/x/tasks/age/weight: -1: expected a number above 0, at most 1000000");
    cJSON_Delete(v);
}
END_TEST

/* A path takes part in the id; so does whether all of it must fit. */
START_TEST(weights_may_be_a_file) {
    static const char *const texts[] = {
        "{" AGE ", \"trunk\": {\"name\": \"small\", \"weights\": \"w.pth\"}}",
        "{" AGE ", \"trunk\": {\"name\": \"small\", \"weights\": \"/a/w\"}}",
        "{" AGE ", \"trunk\": {\"name\": \"small\", \"weights\": \"/a/w\", \"partial\": true}}"};
    char ids[ARRAY_LEN(texts)][SHA256_HEX];
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct config c = config(texts[i]);
        ck_assert_str_eq(c.trunk.weights, i ? "/a/w" : "w.pth");
        ck_assert_int_eq(c.trunk.partial, i == 2);
        config_id(&c, ids[i]);
        config_free(&c);
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(ids[i], ids[j]);
    }
}
END_TEST

START_TEST(help_names_every_key_with_its_default) {
    struct str help = {0};
    keys_help(&help);
    static const char *const parts[] = {
        "/optimiser/lr\n    learning rate\n    a number above 0, at most 100; default 0.001\n",
        "/tasks/NAME/ranks\n",
        "/log_every\n    steps between stored losses and weights\n    a whole number from 1 to 1000000; default 50; changes no result\n",
        "      efficientnet-lite0 EfficientNet-Lite0", "default \"imagenet\"", "/split/require\n"};
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        ck_assert_msg(strstr(help.text, parts[i]) != NULL, "%s in %s", parts[i], help.text);
    str_free(&help);
}
END_TEST

Suite *keys_suite(void) {
    Suite *s = suite_create("keys");
    TCase *c = tcase_create("keys");
    tcase_add_test(c, defaults_are_the_papers_settings);
    tcase_add_test(c, every_key_reaches_its_field);
    tcase_add_test(c, adience_is_read_in_its_own_ways);
    tcase_add_test(c, years_may_be_read_as_groups);
    tcase_add_test(c, the_resolved_form_reads_back_to_the_same);
    tcase_add_test(c, ids_are_frozen);
    tcase_add_test(c, a_key_that_is_younger_than_cells);
    tcase_add_test(c, ids_tell_results_apart_and_nothing_else);
    tcase_add_loop_test(c, refused_with_a_message, 0, (int)ARRAY_LEN(refused));
    tcase_add_test(c, long_values_are_cut_in_messages);
    tcase_add_test(c, patches_may_remove_and_stand_alone);
    tcase_add_test(c, weights_may_be_a_file);
    tcase_add_test(c, help_names_every_key_with_its_default);
    suite_add_tcase(s, c);
    return s;
}
