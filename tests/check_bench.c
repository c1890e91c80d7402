/* dmtl bench as a user types it, on the small trunk. Peers are scripts that answer as Python would; the real
 * one runs where /usr/bin/python3 has torch. */
#include "check_folder.h"
#include "check_run.h"
#include "check_suites.h"

#include "core/json.h"
#include "core/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SMALL " --trunk small --px 24 --batch 4 --steps 3 --warm 1 --threads 1 --quiet "

static char *dir;

static void put_program(const char *name, const char *text) {
    char *path = xasprintf("%s/%s", dir, name);
    folder_put_text(dir, name, text);
    ck_assert_int_eq(chmod(path, 0755), 0);
    free(path);
}

static void set_up(void) {
    dir = folder_new();
    put_program("peer", "#!/bin/sh\n"
                        "case $3 in\n"
                        "*'\"mode\"'*) echo ${MALLOC_MMAP_THRESHOLD_:+tuned} >>turns\n"
                        "   echo '{\"seconds\": [4, 4, 4], \"peak_rss_bytes\": 1e9}' ;;\n"
                        "*) echo '{\"who\": \"a peer\"}' ;;\n"
                        "esac\n");
    put_program("no_torch", "#!/bin/sh\necho '{\"skipped\": \"no torch here\"}'\n");
    put_program("mute", "#!/bin/sh\necho '{\"seconds\": []}'\n");
    put_program("broken", "#!/bin/sh\nexit 1\n");
}

static void tear_down(void) {
    folder_remove(dir);
}

static struct ran run_ok(const char *command) {
    struct ran r = run_shell(dir, command);
    ck_assert_msg(r.code == 0, "exit %d: %s", r.code, r.err);
    ck_assert_str_eq(r.err, "");
    return r;
}

static cJSON *run_json(const char *command) {
    struct err e = {0};
    struct ran r = run_ok(command);
    cJSON *json = json_parse("bench", r.out, strlen(r.out), &e);
    ck_assert_msg(json != NULL, "%s", e.msg);
    ran_free(&r);
    return json;
}

static double number_at(cJSON *json, const char *pointer) {
    const cJSON *number = json_pointer_get(json, pointer);
    ck_assert_msg(cJSON_IsNumber(number), "%s is no number", pointer);
    return number->valuedouble;
}

static const char *text_at(cJSON *json, const char *pointer) {
    const cJSON *text = json_pointer_get(json, pointer);
    ck_assert_msg(cJSON_IsString(text), "%s is no text", pointer);
    return text->valuestring;
}

START_TEST(both_modes_are_measured) {
    cJSON *json = run_json("$DMTL bench" SMALL "--json --precision bf16 --train-from stage2");
    ck_assert_str_eq(text_at(json, "/trunk"), "small");
    ck_assert_str_eq(text_at(json, "/precision"), "bf16");
    ck_assert_str_eq(text_at(json, "/train_from"), "stage2");
    ck_assert_double_eq(number_at(json, "/threads"), 1);
    ck_assert_double_eq(number_at(json, "/rounds"), 1);
    ck_assert_int_eq(cJSON_GetArraySize(json_get(json, "rows")), 2);
    ck_assert_str_eq(text_at(json, "/rows/0/mode"), "train");
    ck_assert_str_eq(text_at(json, "/rows/1/mode"), "infer");
    for (int i = 0; i < 2; i++) {
        char pointer[3][48];
        snprintf(pointer[0], sizeof pointer[0], "/rows/%d/p50_s", i);
        snprintf(pointer[1], sizeof pointer[1], "/rows/%d/images_per_s", i);
        snprintf(pointer[2], sizeof pointer[2], "/rows/%d/peak_rss_bytes", i);
        double p50 = number_at(json, pointer[0]);
        ck_assert_double_gt(p50, 0);
        ck_assert_double_eq_tol(number_at(json, pointer[1]) * p50, 4, 1e-9); /* the batch */
        ck_assert_double_gt(number_at(json, pointer[2]), 1e7);
    }
    cJSON_Delete(json);
}
END_TEST

START_TEST(one_mode_is_a_table) {
    struct ran r = run_ok("$DMTL bench infer" SMALL);
    ck_assert_msg(strncmp(r.out, "small, 24 px, batch 4, f32\ncpu: ", 32) == 0, "%s", r.out);
    ck_assert_ptr_nonnull(strstr(r.out, "\n3 steps behind 1 to warm up\n\ninfer   "));
    ck_assert_ptr_nonnull(strstr(r.out, "\n  dmtl   "));
    ck_assert_ptr_null(strstr(r.out, "train"));
    ran_free(&r);
}
END_TEST

/* A peer of 4 s a step has 1 image a second with a batch of 4; ours is above that by far. */
START_TEST(a_race_is_in_rounds) {
    cJSON *json = run_json("$DMTL bench train --race --python ./peer --json" SMALL);
    ck_assert_double_eq(number_at(json, "/rounds"), 3);
    ck_assert_int_eq(cJSON_GetArraySize(json_get(json, "rows")), 3);
    ck_assert_str_eq(text_at(json, "/rows/0/who"), "dmtl");
    ck_assert_str_eq(text_at(json, "/rows/1/who"), "a peer");
    ck_assert_str_eq(text_at(json, "/rows/2/who"), "a peer, heap tuned");
    ck_assert_double_eq(number_at(json, "/rows/0/steps"), 9);
    ck_assert_double_eq(number_at(json, "/rows/1/images_per_s"), 1);
    ck_assert_double_eq(number_at(json, "/rows/1/peak_rss_bytes"), 1e9);
    ck_assert_int_eq(cJSON_GetArraySize(json_get(json, "ratios")), 2);
    ck_assert_double_eq_tol(
        number_at(json, "/ratios/0/ratio"), number_at(json, "/rows/0/images_per_s"), 1e-9);
    ck_assert_double_le(number_at(json, "/ratios/0/low"), number_at(json, "/ratios/0/ratio"));
    cJSON_Delete(json);
    /* dmtl, plain, tuned; plain, tuned, dmtl; tuned, dmtl, plain */
    struct ran r = run_ok("cat turns");
    ck_assert_str_eq(r.out, "\ntuned\n\ntuned\ntuned\n\n");
    ran_free(&r);
}
END_TEST

START_TEST(without_a_peer_the_race_is_skipped) {
    cJSON *json = run_json("mkdir bin && cp no_torch bin/python3 && "
                           "PATH=$PWD/bin:$PATH $DMTL bench infer --race --rounds 1 --json" SMALL);
    ck_assert_str_eq(text_at(json, "/race_skipped"),
        "no Python with torch: python3: no torch here; --python names another");
    ck_assert_int_eq(cJSON_GetArraySize(json_get(json, "rows")), 1);
    cJSON_Delete(json);
    struct ran r = run_ok("mkdir none && PATH=$PWD/none $DMTL bench infer --race --rounds 1" SMALL);
    ck_assert_ptr_nonnull(strstr(r.out,
        "\nrace skipped: no Python with torch: python3 is not in PATH; --python names one\n"));
    ran_free(&r);
}
END_TEST

START_TEST(the_python_peer_does_the_same_work) {
    if (system("/usr/bin/python3 -c 'import torch' 2>/dev/null") != 0) {
        puts("skipped: the real peer of a bench: /usr/bin/python3 has no torch");
        return;
    }
    cJSON *json = run_json("$DMTL bench --race --python /usr/bin/python3 --rounds 1 --json" SMALL);
    ck_assert_int_eq(cJSON_GetArraySize(json_get(json, "rows")), 6);
    ck_assert_int_eq(strncmp(text_at(json, "/rows/4/who"), "PyTorch ", 8), 0);
    ck_assert_double_eq(number_at(json, "/rows/4/steps"), 3);
    ck_assert_double_gt(number_at(json, "/rows/4/peak_rss_bytes"), 1e7);
    cJSON_Delete(json);
}
END_TEST

START_TEST(end_to_end_trains_from_files) {
    cJSON *json = run_json("mkdir tmp && TMPDIR=$PWD/tmp $DMTL bench train --end-to-end --rounds 2 "
                           "--json" SMALL "&& rmdir tmp");
    ck_assert_int_eq(cJSON_GetArraySize(json_get(json, "rows")), 3);
    ck_assert_str_eq(text_at(json, "/rows/1/who"), "held in memory");
    ck_assert_str_eq(text_at(json, "/rows/2/who"), "end to end");
    ck_assert_double_gt(number_at(json, "/rows/2/images_per_s_of_rounds/1"), 0);
    ck_assert_double_gt(number_at(json, "/rows/2/peak_rss_bytes"), 1e7);
    ck_assert_str_eq(text_at(json, "/ratios/0/of"), "end to end");
    ck_assert_str_eq(text_at(json, "/end_to_end_images"), "faces drawn for it");
    cJSON_Delete(json);
    /* 50 drawn faces of which 3 * 4 / .64, 19, are linked */
    json = run_json("$DMTL data synth --out faces -n 50 --px 32 --quiet && $DMTL bench train "
                    "--end-to-end --rounds 1 --data synthetic=faces --json" SMALL);
    ck_assert_str_eq(text_at(json, "/end_to_end_images"), "images of synthetic");
    cJSON_Delete(json);
}
END_TEST

/* Nothing is printed of what was stopped, and no folder stays. */
START_TEST(a_request_to_stop_ends_it) {
    struct ran r = run_shell(dir,
        "mkdir tmp; TMPDIR=$PWD/tmp $DMTL bench train --end-to-end --trunk small --px 24 --batch 4 "
        "--steps 300 --rounds 100 --quiet & pid=$!; sleep 3; kill -TERM $pid; wait $pid; code=$?; rmdir tmp && exit $code");
    ck_assert_int_eq(r.code, 75);
    ck_assert_str_eq(r.out, "");
    ck_assert_msg(
        strstr(r.err, "dmtl: bench: stopped before the end; nothing is kept of it\n") != NULL, "%s",
        r.err);
    ran_free(&r);
}
END_TEST

static const struct {
    const char *command;
    int code;
    const char *message; /* the last line, without "dmtl: bench: " */
} wrong[] = {
    {"trian", 2, "trian: expected train, infer or both; did you mean train?"},
    {"train infer", 2, "infer: one argument too many (`dmtl bench --help`)"},
    {"--trunk efficientnet-b1", 2,
        "--trunk: /trunk/name: \"efficientnet-b1\": expected one of \"small\", \"efficientnet-lite0\", "
        "\"efficientnet-b0\"; did you mean \"efficientnet-b0\"?"},
    {"--px 31", 2,
        "/data/image_px: 31: expected at least 32 for the trunk \"efficientnet-b0\", which halves the size "
        "until so many pixels are one"},
    {"--px nan", 2, "--px: /data/image_px: \"nan\": expected a whole number from 16 to 1024"},
    {"--px 2000", 2, "--px: /data/image_px: 2000: expected a whole number from 16 to 1024"},
    {"--batch 0", 2, "--batch: /batch: 0: expected a whole number from 1 to 65536"},
    {"--steps 1x", 2, "--steps: 1x: expected a whole number from 1 to 100000"},
    {"--rounds 0", 2, "--rounds: 0: expected a whole number from 1 to 1000"},
    {"--stpes 2", 2,
        "--stpes: unknown option; did you mean --steps? (`dmtl bench --help` lists them)"},
    {"--train-from stage9", 2,
        "/trunk/train_from: \"stage9\": expected \"all\", \"frozen\", a step of \"efficientnet-b0\" from "
        "stage1 to stage7, or head; did you mean \"stage1\"?"},
    {"--python ./peer", 2, "--python: counts for nothing without --race"},
    {"--data synthetic=x", 2, "--data: counts for nothing without --end-to-end"},
    {"--race --train-from head", 2,
        "--race: the peer trains all of its network: expected --train-from all"},
    {"infer --end-to-end", 2, "--end-to-end: is about training: expected train or both"},
    {"--end-to-end --train-from frozen", 2,
        "--end-to-end: a frozen trunk's features are computed once and steps do without it: expected "
        "another --train-from than frozen"},
    {"--race --python ./none", 2, "--python: ./none: there is no such program"},
    {"--race --python ./no_torch", 1,
        "--python: ./no_torch: expected a Python with torch: no torch here"},
    {"--race --python ./broken", 1,
        "./broken: failed with exit code 1; what it says of that stands above"},
    {"--race --python ./mute", 1,
        "--python: ./mute: expected a Python with torch: it gave no answer"},
    {"--precision bf61", 2,
        "--precision: /precision: \"bf61\": expected one of \"f32\", \"tf32\", \"bf16\"; did you mean "
        "\"bf16\"?"},
    {"--precision tf32" SMALL, 2, "dmtl-torch: the message above says why"},
    {"--device cuba" SMALL, 2, "dmtl-torch: the message above says why"},
};

START_TEST(wrong_usage_has_one_message) {
    char *command = xasprintf("$DMTL bench %s", wrong[_i].command);
    char *message = xasprintf("dmtl: bench: %s\n", wrong[_i].message);
    struct ran r = run_shell(dir, command);
    ck_assert_str_eq(r.out, "");
    const char *last = strstr(r.err, "dmtl: bench: ");
    ck_assert_msg(last && strcmp(last, message) == 0, "%s", r.err);
    ck_assert_int_eq(r.code, wrong[_i].code);
    ran_free(&r);
    free(command);
    free(message);
}
END_TEST

/* A limit on the address space stands in for a small machine; sanitizers need more than any. */
START_TEST(a_batch_that_does_not_fit_says_so) {
#ifndef __SANITIZE_ADDRESS__
    struct ran r = run_shell(
        dir, "ulimit -v 4000000; $DMTL bench infer --batch 65536 --px 224 --steps 1 --threads 1");
    ck_assert_int_eq(r.code, 1);
    ck_assert_str_eq(r.out, "");
    ck_assert_msg(
        strstr(r.err, "out of memory: 36.7 GiB") || strstr(r.err, "out of memory: 37632.0 MiB"),
        "%s", r.err);
    ck_assert_ptr_nonnull(strstr(r.err, "are --batch and --px here)\n"));
    ran_free(&r);
#endif
}
END_TEST

Suite *bench_suite(void) {
    Suite *s = suite_create("bench");
    TCase *t = tcase_create("bench");
    tcase_set_timeout(t, 300);
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, both_modes_are_measured);
    tcase_add_test(t, one_mode_is_a_table);
    tcase_add_test(t, a_race_is_in_rounds);
    tcase_add_test(t, without_a_peer_the_race_is_skipped);
    tcase_add_test(t, the_python_peer_does_the_same_work);
    tcase_add_test(t, end_to_end_trains_from_files);
    tcase_add_test(t, a_request_to_stop_ends_it);
    tcase_add_loop_test(t, wrong_usage_has_one_message, 0, (int)ARRAY_LEN(wrong));
    tcase_add_test(t, a_batch_that_does_not_fit_says_so);
    suite_add_tcase(s, t);
    return s;
}
