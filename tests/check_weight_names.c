/* A trunk's tensors by the names of published implementations, and files that do not fit. */
#include "check_suites.h"

#include "core/mem.h"
#include "core/str.h"
#include "nets/weight_match.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- against the published names (tests/reference/weight_names.py) ---- */

static const struct {
    const char *name;
    enum trunk_id id;
    size_t tensors; /* 360 and 296 entries without 49 counters and the classifier's two */
} trunks[] = {
    {"efficientnet-b0", TRUNK_B0, 309},
    {"efficientnet-lite0", TRUNK_LITE0, 245},
};

static void expect_tensor(const struct trunk_tensor *t, const char *name, const char *shape) {
    if (strcmp(name, "-") == 0)
        return;
    struct str have = {0};
    for (int i = 0; i < t->n_dims; i++)
        str_addf(&have, "%s%" PRId64, i ? "," : "", t->shape[i]);
    ck_assert_str_eq(t->name, name);
    ck_assert_msg(strcmp(have.text, shape) == 0, "%s: %s, expected %s", name, have.text, shape);
    str_free(&have);
}

START_TEST(names_and_shapes_are_the_published_ones) {
    struct trunk_tensors t[DIALECT_COUNT];
    for (enum dialect d = 0; d < DIALECT_COUNT; d++)
        t[d] = trunk_tensors(&trunk_tables[trunks[_i].id], d);
    FILE *f = fopen("tests/fixtures/weight_names.txt", "r");
    ck_assert_ptr_nonnull(f);
    char trunk[32], shape[32], name[3][64];
    size_t n = 0;
    while (fscanf(f, "%31s %31s %63s %63s %63s", trunk, shape, name[0], name[1], name[2]) == 5) {
        if (strcmp(trunk, trunks[_i].name) != 0)
            continue;
        for (enum dialect d = DIALECT_TORCHVISION; d < DIALECT_COUNT; d++)
            expect_tensor(&t[d].list[n], name[d - DIALECT_TORCHVISION], shape);
        n++;
    }
    fclose(f);
    ck_assert_uint_eq(n, trunks[_i].tensors);
    for (enum dialect d = 0; d < DIALECT_COUNT; d++) {
        ck_assert_uint_eq(t[d].n, n);
        trunk_tensors_free(&t[d]);
    }
}
END_TEST

START_TEST(no_two_tensors_have_one_name) {
    for (enum dialect d = 0; d < DIALECT_COUNT; d++) {
        struct trunk_tensors t = trunk_tensors(&trunk_tables[trunks[_i].id], d);
        for (size_t i = 0; i < t.n; i++)
            for (size_t j = 0; j < i; j++)
                ck_assert_str_ne(t.list[i].name, t.list[j].name);
        trunk_tensors_free(&t);
    }
}
END_TEST

START_TEST(what_may_stand_beside_a_trunk) {
    static const struct {
        enum dialect dialect;
        const char *name;
        bool beside;
    } rows[] = {
        {DIALECT_TORCHVISION, "classifier.1.weight", true},
        {DIALECT_TORCHVISION, "features.0.1.num_batches_tracked", true},
        {DIALECT_TORCHVISION, "n_averaged", true},
        {DIALECT_TORCHVISION, "_fc.weight", false},
        {DIALECT_TORCHVISION, "features.9.0.weight", false},
        {DIALECT_TIMM, "classifier.bias", true},
        {DIALECT_TIMM, "classifiers", false},
        {DIALECT_LUKEMELAS, "_fc.bias", true},
        {DIALECT_LUKEMELAS, "classifier.bias", false},
        {DIALECT_DMTL, "heads.age.out.weight", true},
        {DIALECT_DMTL, "velocity/stem.conv.weight", true},
        {DIALECT_DMTL, "log_variances", true},
        {DIALECT_DMTL, "epoch/sums", true},
        {DIALECT_DMTL, "stage1@age.block1.project.conv.weight", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        ck_assert_msg(weight_name_is_no_trunks(rows[i].dialect, rows[i].name) == rows[i].beside,
            "%s", rows[i].name);
}
END_TEST

/* ---- files of names ---- */

/* A file with the trunk's tensors in this dialect, float32, and room for two more; no data. */
static struct tensor_file file_of(enum trunk_id id, enum dialect d, const char *prefix) {
    struct trunk_tensors t = trunk_tensors(&trunk_tables[id], d);
    struct tensor_file f = {.entries = xcalloc(t.n + 2, sizeof *f.entries), .n = t.n};
    for (size_t i = 0; i < t.n; i++) {
        f.entries[i].name = xasprintf("%s%s", prefix, t.list[i].name);
        f.entries[i].n_dims = t.list[i].n_dims;
        memcpy(f.entries[i].shape, t.list[i].shape, sizeof t.list[i].shape);
    }
    trunk_tensors_free(&t);
    return f;
}

static void add(struct tensor_file *f, const char *name) {
    f->entries[f->n++] = (struct tensor_entry){.name = xstrdup(name), .n_dims = 1, .shape = {1}};
}

static void rename_entry(struct tensor_file *f, const char *from, const char *to) {
    for (size_t i = 0; i < f->n; i++)
        if (strcmp(f->entries[i].name, from) == 0) {
            free(f->entries[i].name);
            f->entries[i].name = xstrdup(to);
            return;
        }
    ck_abort_msg("no entry %s", from);
}

static struct tensor_entry *named(struct tensor_file *f, const char *name) {
    for (size_t i = 0; i < f->n; i++)
        if (strcmp(f->entries[i].name, name) == 0)
            return &f->entries[i];
    ck_abort_msg("no entry %s", name);
}

static void expect_match(const struct tensor_file *f, enum dialect d, bool partial, size_t found) {
    struct weight_match m;
    struct err e = {0};
    bool ok = weight_match_find(&m, f, "FILE", &trunk_tables[TRUNK_B0], partial, &e);
    ck_assert_msg(ok, "%s", e.msg);
    ck_assert_int_eq(m.dialect, d);
    ck_assert_uint_eq(m.n, 309);
    ck_assert_uint_eq(m.found, found);
    weight_match_free(&m);
}

static void expect_no_match(const struct tensor_file *f, bool partial, const char *message) {
    struct weight_match m;
    struct err e = {0};
    ck_assert(!weight_match_find(&m, f, "FILE", &trunk_tables[TRUNK_B0], partial, &e));
    ck_assert_int_eq(e.kind, ERR_USAGE);
    ck_assert_str_eq(e.msg, message);
    weight_match_free(&m);
}

START_TEST(each_dialect_is_told_by_its_names) {
    static const char *const classifiers[DIALECT_COUNT] = {
        "heads.age.out.bias", "classifier.1.bias", "classifier.bias", "_fc.bias"};
    struct tensor_file f = file_of(TRUNK_B0, (enum dialect)_i, "");
    add(&f, classifiers[_i]);
    add(&f, "x.num_batches_tracked");
    expect_match(&f, (enum dialect)_i, false, 309);
    tensor_file_close(&f);
    f = file_of(TRUNK_B0, (enum dialect)_i, "_orig_mod.module.");
    expect_match(&f, (enum dialect)_i, false, 309);
    tensor_file_close(&f);
}
END_TEST

START_TEST(entries_stand_in_the_trunks_order) {
    struct tensor_file f = file_of(TRUNK_B0, DIALECT_TIMM, "");
    for (size_t i = 0; i < f.n / 2; i++) { /* the file's order is another */
        struct tensor_entry swap = f.entries[i];
        f.entries[i] = f.entries[f.n - 1 - i];
        f.entries[f.n - 1 - i] = swap;
    }
    struct weight_match m;
    struct err e = {0};
    struct trunk_tensors t = trunk_tensors(&trunk_tables[TRUNK_B0], DIALECT_TIMM);
    ck_assert(weight_match_find(&m, &f, "FILE", &trunk_tables[TRUNK_B0], false, &e));
    for (size_t i = 0; i < t.n; i++)
        ck_assert_str_eq(m.entries[i]->name, t.list[i].name);
    trunk_tensors_free(&t);
    weight_match_free(&m);
    tensor_file_close(&f);
}
END_TEST

START_TEST(what_does_not_fit_is_named_and_counted) {
    struct tensor_file f = file_of(TRUNK_B0, DIALECT_TORCHVISION, "");
    rename_entry(&f, "features.0.0.weight", "features.0.0.wait");
    expect_no_match(&f, false,
        "FILE: with the names of torchvision: features.0.0.weight is missing; features.0.0.wait is "
        "none of this trunk's; /trunk/partial: true takes what fits");
    expect_match(&f, DIALECT_TORCHVISION, true, 308);
    rename_entry(&f, "features.8.1.bias", "a");
    rename_entry(&f, "features.8.1.weight", "b");
    expect_no_match(&f, false,
        "FILE: with the names of torchvision: features.0.0.weight is missing (and 2 more); a is "
        "none of this trunk's (and 2 more); /trunk/partial: true takes what fits");
    expect_match(&f, DIALECT_TORCHVISION, true, 306);
    add(&f, "_bn0.bias"); /* a single name of another dialect */
    expect_match(&f, DIALECT_TORCHVISION, true, 306);
    tensor_file_close(&f);
}
END_TEST

START_TEST(another_shape_or_type_is_never_taken) {
    static const char message[] =
        "FILE: with the names of timm: module.conv_head.weight is F32 [1536,320,1,1], expected F32, "
        "F16 or BF16 [1280,320,1,1] (and 2 more)";
    struct tensor_file f = file_of(TRUNK_B0, DIALECT_TIMM, "module.");
    named(&f, "module.conv_head.weight")->shape[0] = 1536;
    named(&f, "module.bn2.bias")->n_dims = 0;
    named(&f, "module.bn2.weight")->type = TENSOR_I64;
    expect_no_match(&f, false, message);
    expect_no_match(&f, true, message);
    named(&f, "module.conv_head.weight")->shape[0] = 1280;
    named(&f, "module.conv_head.weight")->type = TENSOR_BF16;
    named(&f, "module.bn2.bias")->n_dims = 1;
    named(&f, "module.bn2.weight")->type = TENSOR_F16;
    expect_match(&f, DIALECT_TIMM, false, 309);
    tensor_file_close(&f);
}
END_TEST

/* B0 has 16 gates of four tensors, which Lite0 has not. */
START_TEST(another_network_is_refused) {
    struct tensor_file f = file_of(TRUNK_LITE0, DIALECT_LUKEMELAS, "");
    expect_no_match(&f, false,
        "FILE: with the names of lukemelas: _blocks.0._se_reduce.weight is missing (and 63 more); "
        "/trunk/partial: true takes what fits");
    expect_match(&f, DIALECT_LUKEMELAS, true, 309 - 64);
    tensor_file_close(&f);
}
END_TEST

START_TEST(a_file_of_something_else) {
    struct tensor_file f = {.entries = xcalloc(2, sizeof *f.entries)};
    expect_no_match(&f, true,
        "FILE: none of its 0 tensors has a name of this trunk's, neither ours nor that of "
        "torchvision, timm or lukemelas' EfficientNet-PyTorch");
    add(&f, "layer1.0.conv1.weight");
    add(&f, "fc.bias");
    expect_no_match(&f, true,
        "FILE: none of its 2 tensors, such as layer1.0.conv1.weight, has a name of this trunk's, "
        "neither ours nor that of torchvision, timm or lukemelas' EfficientNet-PyTorch");
    tensor_file_close(&f);
}
END_TEST

START_TEST(one_name_with_and_without_a_prefix) {
    struct tensor_file f = file_of(TRUNK_B0, DIALECT_TIMM, "");
    add(&f, "module.bn1.bias");
    struct weight_match m;
    struct err e = {0};
    ck_assert(!weight_match_find(&m, &f, "FILE", &trunk_tables[TRUNK_B0], true, &e));
    ck_assert_msg(strstr(e.msg, "FILE: both ") && strstr(e.msg, " are in it"), "%s", e.msg);
    weight_match_free(&m);
    tensor_file_close(&f);
}
END_TEST

Suite *weight_names_suite(void) {
    Suite *s = suite_create("weight_names");
    TCase *c = tcase_create("weight_names");
    tcase_set_timeout(c, 30);
    tcase_add_loop_test(c, names_and_shapes_are_the_published_ones, 0, ARRAY_LEN(trunks));
    tcase_add_loop_test(c, no_two_tensors_have_one_name, 0, ARRAY_LEN(trunks));
    tcase_add_test(c, what_may_stand_beside_a_trunk);
    tcase_add_loop_test(c, each_dialect_is_told_by_its_names, 0, DIALECT_COUNT);
    tcase_add_test(c, entries_stand_in_the_trunks_order);
    tcase_add_test(c, what_does_not_fit_is_named_and_counted);
    tcase_add_test(c, another_shape_or_type_is_never_taken);
    tcase_add_test(c, another_network_is_refused);
    tcase_add_test(c, a_file_of_something_else);
    tcase_add_test(c, one_name_with_and_without_a_prefix);
    suite_add_tcase(s, c);
    return s;
}
