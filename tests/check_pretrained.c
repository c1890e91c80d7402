/* A trunk's weights from files: published ones, those of other implementations, and wrong ones. */
#include "check_suites.h"

#include "check_folder.h"
#include "core/file.h"
#include "core/mem.h"
#include "core/str.h"
#include "fixture_network.h"
#include "grid/keys.h"
#include "learn/features.h"
#include "nets/tensor_file.h"
#include "nets/weight_names.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void expect_no_network(const char *trunk, const char *dir, const char *message) {
    char text[256];
    struct err e = {0};
    snprintf(text, sizeof text,
        "{\"trunk\":{\"name\":\"%s\",\"weights\":\"imagenet\"},\"tasks\":{" GENDER "}}", trunk);
    struct config c = built_config(text);
    th_scope *life = th_scope_new(built_device);
    ck_assert_ptr_null(network_new(&c, life, dir, &e));
    ck_assert_int_eq(e.kind, ERR_USAGE);
    ck_assert_msg(strncmp(e.msg, dir, strlen(dir)) == 0, "%s", e.msg);
    ck_assert_msg(strstr(e.msg, message) != NULL, "%s", e.msg);
    th_scope_free(life);
    config_free(&c);
}

START_TEST(missing_or_wrong_weights) {
    char *dir = folder_new();
    expect_no_network("efficientnet-lite0", dir,
        "/efficientnet-lite0-57934424.pth: the ImageNet weights are not there; `make weights` "
        "fetches it");
    expect_no_network("efficientnet-b0", dir,
        "/efficientnet_b0_rwightman-7f5810bc.pth: the ImageNet weights are not there; `make weights "
        "WEIGHTS=b0` fetches it; torchvision has it as EfficientNet_B0_Weights.IMAGENET1K_V1");
    folder_put_text(dir, "efficientnet-lite0-57934424.pth", "abc");
    folder_put_text(dir, "efficientnet_b0_rwightman-7f5810bc.pth", "abc");
    expect_no_network("efficientnet-lite0", dir,
        "/efficientnet-lite0-57934424.pth: its SHA-256 is "
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad, expected "
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db; fetch it again");
    expect_no_network("efficientnet-b0", dir,
        ", expected 7f5810bc96def8f7552d5b7e68d53c4786f81167d28291b21c0d90e1fca14934; fetch it again");
    folder_remove(dir);
}
END_TEST

/* What trunk_tensors lists is what the network has, in the same order. */
START_TEST(the_trunks_tensors_are_the_networks) {
    char text[256];
    snprintf(text, sizeof text,
        "{\"trunk\": {\"name\": \"%s\", \"weights\": \"none\"}, \"tasks\": {" GENDER "}}",
        trunk_names[_i].name);
    struct built b = built_new(text, "");
    struct trunk_tensors t = trunk_tensors(&trunk_tables[_i], DIALECT_DMTL);
    size_t n;
    const struct parameter *p = network_parameters(b.n, &n);
    ck_assert_uint_eq(n, t.n + 2); /* the head's weight and bias */
    for (size_t i = 0; i < t.n; i++) {
        ck_assert_str_eq(t.list[i].name, p[i].name);
        ck_assert_int_eq(t.list[i].n_dims, th_dims(p[i].tensor));
        for (int d = 0; d < t.list[i].n_dims; d++)
            ck_assert_int_eq(t.list[i].shape[d], th_size(p[i].tensor, d));
    }
    trunk_tensors_free(&t);
    built_free(&b);
}
END_TEST

/* The trunk of `b` as a file in this dialect, but for tensors `from` to `to`; `value`, where it is not 0,
 * stands in the stem's first bias. */
static void save_trunk(
    struct built *b, enum dialect d, const char *path, size_t from, size_t to, float value) {
    struct trunk_tensors t = trunk_tensors(&trunk_tables[b->c->trunk.name], d);
    struct tensor_entry *entries = xcalloc(t.n, sizeof *entries);
    size_t n, elements, kept = 0;
    const struct parameter *p = network_parameters(b->n, &n);
    for (size_t i = 0; i < t.n; i++) {
        if (i >= from && i < to)
            continue;
        struct tensor_entry *entry = &entries[kept++];
        *entry = (struct tensor_entry){.name = t.list[i].name, .n_dims = t.list[i].n_dims};
        memcpy(entry->shape, t.list[i].shape, sizeof t.list[i].shape);
        float *values = built_values(b, p[i].tensor, &elements);
        if (i == 2 && value != 0)
            values[0] = value;
        entry->data = entry->owned = values;
        entry->bytes = elements * sizeof *values;
    }
    struct err e = {0};
    ck_assert_msg(tensor_file_write(path, entries, kept, NULL, &e), "%s", e.msg);
    for (size_t i = 0; i < kept; i++)
        free(entries[i].owned);
    free(entries);
    trunk_tensors_free(&t);
}

#define FROM_FILE(more, trunk)                                                                        \
    "{\"seed\":2,\"data\":{\"image_px\":32},\"trunk\":{\"name\":\"small\",\"weights\":\"w.pt\"" trunk \
    "},\"tasks\":{" more "}}"

/* Seed 1's trunk, written under the names of each dialect, is what a network of seed 2 then has, in the
 * shared steps and in both copies of a branch. */
START_TEST(weights_of_every_dialect) {
    char *dir = folder_new(), *path = path_join(dir, "w.pt");
    struct built one = built_new(SMALL(PLAIN, GENDER), "");
    save_trunk(&one, (enum dialect)_i, path, 0, 0, 0);
    struct built two = built_new(
        FROM_FILE(AGE "," GENDER, ",\"branch\":\"task\",\"branch_stage\":\"stage3\""), dir);
    size_t n;
    const struct parameter *p = network_parameters(two.n, &n);
    for (size_t i = 0; i < n; i++) {
        char name[128], *at;
        snprintf(name, sizeof name, "%s", p[i].name);
        if ((at = strchr(name, '@')) != NULL)
            memmove(at, strchr(at, '.'), strlen(strchr(at, '.')) + 1);
        const struct parameter *was = built_find(&one, name);
        if (!p[i].head)
            ck_assert_msg(was && built_difference(&one, was->tensor, &two, p[i].tensor) == 0, "%s",
                p[i].name);
    }
    ck_assert_ptr_nonnull(network_weights_sha256(two.n));
    ck_assert_uint_eq(network_weights_missing(two.n), 0);
    built_free(&one);
    built_free(&two);
    free(path);
    folder_remove(dir);
}
END_TEST

/* Without the last convolution (tensors 5 from the end on) a file is refused, or, when asked, that one is
 * drawn as it is without a file. */
START_TEST(a_part_of_a_trunk_when_asked) {
    char *dir = folder_new(), *path = path_join(dir, "w.pt");
    struct built one = built_new(SMALL(PLAIN, GENDER), ""),
                 drawn =
                     built_new("{\"seed\":2,\"trunk\":{\"name\":\"small\",\"weights\":\"none\"},"
                               "\"tasks\":{" GENDER "}}",
                         "");
    size_t n;
    network_parameters(one.n, &n);
    save_trunk(&one, DIALECT_TIMM, path, n - 2 - 5, n - 2, 0);
    struct config c = built_config(FROM_FILE(GENDER, ""));
    th_scope *life = th_scope_new(built_device);
    struct err e = {0};
    ck_assert_ptr_null(network_new(&c, life, dir, &e));
    ck_assert_msg(strstr(e.msg, "/w.pt: with the names of timm: conv_head.weight is missing (and 4 "
                                "more); /trunk/partial: true takes what fits"),
        "%s", e.msg);
    th_scope_free(life);
    config_free(&c);
    struct built two = built_new(FROM_FILE(GENDER, ",\"partial\":true"), dir);
    ck_assert_uint_eq(network_weights_missing(two.n), 5);
    const struct parameter *p = network_parameters(two.n, &n);
    for (size_t i = 0; i < n; i++) {
        struct built *from = i < n - 2 - 5 ? &one : &drawn;
        ck_assert_msg(
            built_difference(from, built_find(from, p[i].name)->tensor, &two, p[i].tensor) == 0,
            "%s", p[i].name);
    }
    built_free(&one);
    built_free(&two);
    built_free(&drawn);
    free(path);
    folder_remove(dir);
}
END_TEST

/* With a whole trunk from a file the seed draws none of it: features of both seeds are the same. With a
 * part of it they are not. */
START_TEST(features_are_known_by_what_was_drawn) {
    static const struct manifest set = {.fingerprint = "f"};
    static const char *const texts[] = {
        FROM_FILE(GENDER, ""), FROM_FILE(GENDER, ",\"partial\":true")};
    char *dir = folder_new(), *path = path_join(dir, "w.pt");
    struct built one = built_new(SMALL(PLAIN, GENDER), ""), two;
    save_trunk(&one, DIALECT_TIMM, path, 0, 0, 0);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        char keys[2][SHA256_HEX];
        for (uint64_t seed = 0; seed < 2; seed++) {
            two = built_new(texts[i], dir);
            two.c->seed = seed;
            features_key(keys[seed], &set, two.c, two.n);
            built_free(&two);
        }
        ck_assert_int_eq(strcmp(keys[0], keys[1]) == 0, i == 0);
    }
    built_free(&one);
    free(path);
    folder_remove(dir);
}
END_TEST

START_TEST(an_absolute_path_needs_no_folder) {
    char *dir = folder_new(), *path = path_join(dir, "w"), text[512];
    struct built one = built_new(SMALL(PLAIN, GENDER), "");
    save_trunk(&one, DIALECT_TORCHVISION, path, 0, 0, 0);
    snprintf(text, sizeof text,
        "{\"trunk\":{\"name\":\"small\",\"weights\":\"%s\"},\"tasks\":{" GENDER "}}", path);
    struct built two = built_new(text, "nowhere");
    ck_assert_double_eq(built_difference(&one, built_find(&one, "stem.conv.weight")->tensor, &two,
                            built_find(&two, "stem.conv.weight")->tensor),
        0);
    built_free(&one);
    built_free(&two);
    free(path);
    folder_remove(dir);
}
END_TEST

static void expect_no_weights(const char *dir, const char *message) {
    struct config c = built_config(FROM_FILE(GENDER, ""));
    th_scope *life = th_scope_new(built_device);
    struct err e = {0};
    ck_assert_ptr_null(network_new(&c, life, dir, &e));
    ck_assert_int_eq(e.kind, ERR_USAGE);
    ck_assert_msg(strstr(e.msg, message) != NULL, "%s", e.msg);
    th_scope_free(life);
    config_free(&c);
}

START_TEST(files_that_are_no_weights) {
    char *dir = folder_new(), *path = path_join(dir, "w.pt");
    expect_no_weights(dir,
        "/w.pt: there is no such file; /trunk/weights \"w.pt\" is a path from the weights folder");
    ck_assert_int_eq(mkdir(path, 0700), 0);
    expect_no_weights(dir, "/w.pt: /trunk/weights \"w.pt\": expected a file");
    ck_assert_int_eq(rmdir(path), 0);
    folder_put_text(dir, "w.pt", "abc");
    expect_no_weights(dir, "/w.pt: is no file of tensors that is known here");
    struct built b = built_new(SMALL(PLAIN, GENDER), "");
    save_trunk(&b, DIALECT_LUKEMELAS, path, 0, 0, (float)NAN);
    expect_no_weights(dir, "/w.pt: its tensor _bn0.bias: element 0 is no finite number");
    save_trunk(&b, DIALECT_LUKEMELAS, path, 0, 0, -(float)INFINITY);
    expect_no_weights(dir, "/w.pt: its tensor _bn0.bias: element 0 is no finite number");
    built_free(&b);
    free(path);
    folder_remove(dir);
}
END_TEST

Suite *pretrained_suite(void) {
    Suite *s = suite_create("pretrained");
    TCase *c = tcase_create("pretrained");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, missing_or_wrong_weights);
    tcase_add_loop_test(c, the_trunks_tensors_are_the_networks, 0, TRUNK_COUNT);
    tcase_add_loop_test(c, weights_of_every_dialect, 0, DIALECT_COUNT);
    tcase_add_test(c, a_part_of_a_trunk_when_asked);
    tcase_add_test(c, features_are_known_by_what_was_drawn);
    tcase_add_test(c, an_absolute_path_needs_no_folder);
    tcase_add_test(c, files_that_are_no_weights);
    suite_add_tcase(s, c);
    return s;
}
