/* The bench's table and JSON, from numbers worked by hand. */
#include "check_suites.h"

#include "core/json.h"
#include "report/speed.h"

#include <string.h>

/* Two rounds of two steps, batch 10. Ours: steps of 1, 3 and 2, 2 s; the rounds' rates are 5 both. The peer's:
 * rates 2 and 4, so the ratio of medians is 5 / 3 = 1.667, and of rounds 2.5 and 1.25. */
static struct speed race(void) {
    static const double ours[] = {1, 3, 2, 2}, theirs[] = {5, 5, 2, 3};
    struct speed s = {.trunk = "small",
        .precision = "f32",
        .train_from = "all",
        .px = 24,
        .batch = 10,
        .steps = 2,
        .warm = 1,
        .rounds = 2,
        .threads = 1};
    size_t a = speed_add(&s, SPEED_TRAIN, "dmtl"), b = speed_add(&s, SPEED_TRAIN, "PyTorch");
    for (int round = 0; round < 2; round++) {
        speed_add_seconds(&s.rows[a], ours + 2 * round, 2);
        speed_add_rate(&s.rows[a], 5);
        speed_add_seconds(&s.rows[b], theirs + 2 * round, 2);
        speed_add_rate(&s.rows[b], round ? 4 : 2);
    }
    s.rows[a].peak_rss_bytes = 1500000000;
    return s;
}

START_TEST(a_ratio_is_of_medians_its_spread_of_rounds) {
    struct speed s = race();
    struct speed_ratio of = speed_compare(&s.rows[0], &s.rows[1]);
    ck_assert_double_eq_tol(of.ratio, 5.0 / 3, 1e-12);
    ck_assert_double_eq(of.low, 1.25);
    ck_assert_double_eq(of.high, 2.5);
    speed_free(&s);
}
END_TEST

/* Ours sorted: 1 2 2 3; p90 at place 2.7: 2.7 s, p99 at 2.97. The peer's: 2 3 5 5; p50 halfway, 4. */
START_TEST(the_table) {
    struct speed s = race();
    struct str out = {0};
    speed_table(&out, &s);
    ck_assert_str_eq(out.text,
        "small, 24 px, batch 10, f32\n"
        "2 steps behind 1 to warm up, in each of 2 rounds\n"
        "\n"
        "train              images/s    p50 ms    p90 ms    p99 ms peak memory\n"
        "  dmtl                  5.0   2000.00   2700.00   2970.00     1.50 GB\n"
        "  PyTorch               3.0   4000.00   5000.00   5000.00           -\n"
        "  dmtl is 1.67 times as fast as PyTorch (1.25 to 2.50 over 2 rounds)\n"
        "\n"
        "peak memory: of the process, resident\n");
    str_free(&out);
    speed_free(&s);
}
END_TEST

/* End to end is held to the rate in memory: 9 of 10. One round has no spread. */
START_TEST(end_to_end_is_a_share) {
    struct speed s = race();
    struct str out = {0};
    s.rounds = 1;
    s.images = strdup("faces drawn for it");
    s.skipped = strdup("no Python with torch");
    size_t a = speed_add(&s, SPEED_END_TO_END, "held in memory");
    size_t b = speed_add(&s, SPEED_END_TO_END, "end to end");
    speed_add_seconds(&s.rows[a], (double[]){1}, 1);
    speed_add_rate(&s.rows[a], 10);
    speed_add_rate(&s.rows[b], 9);
    s.rows[b].peak_rss_bytes = 250000000;
    speed_table(&out, &s);
    ck_assert_ptr_nonnull(
        strstr(out.text, "end-to-end         images/s    p50 ms    p90 ms    p99 ms peak memory\n"
                         "  held in memory       10.0   1000.00   1000.00   1000.00           -\n"
                         "  end to end            9.0         -         -         -     0.25 GB\n"
                         "  end to end has 0.900 of the rate held in memory\n"));
    ck_assert_ptr_nonnull(strstr(out.text, "`dmtl run` on faces drawn for it ("));
    ck_assert_ptr_nonnull(strstr(out.text, "race skipped: no Python with torch\n"));
    str_free(&out);
    speed_free(&s);
}
END_TEST

/* On a device its own memory counts, and the table says so. */
START_TEST(a_devices_memory_goes_before_the_processes) {
    struct speed s = race();
    struct str out = {0};
    s.rows[0].peak_device_bytes = 4000000000;
    s.rows[1].peak_rss_bytes = 3000000000;
    s.device = strdup("cuda: a GPU");
    s.libtorch = strdup("2.15.0");
    s.blas = strdup("a BLAS");
    speed_table(&out, &s);
    ck_assert_ptr_nonnull(strstr(out.text, "\ncuda: a GPU, 1 thread, libtorch 2.15.0, a BLAS\n"));
    ck_assert_ptr_nonnull(strstr(out.text, "   2970.00     4.00 GB\n"));
    ck_assert_ptr_nonnull(strstr(out.text, "   5000.00           -\n")); /* not the host's */
    ck_assert_ptr_nonnull(strstr(out.text, "peak memory: of the device's allocator\n"));
    str_free(&out);
    speed_free(&s);
}
END_TEST

static double number_at(cJSON *json, const char *pointer) {
    const cJSON *number = json_pointer_get(json, pointer);
    ck_assert_msg(cJSON_IsNumber(number), "%s is no number", pointer);
    return number->valuedouble;
}

START_TEST(the_json) {
    struct speed s = race();
    struct str out = {0};
    struct err e = {0};
    speed_json(&out, &s);
    cJSON *json = json_parse("bench", out.text, out.len, &e);
    ck_assert_msg(json != NULL, "%s", e.msg);
    ck_assert_str_eq(json_get(json, "precision")->valuestring, "f32");
    ck_assert_double_eq(number_at(json, "/batch"), 10);
    ck_assert_str_eq(json_pointer_get(json, "/rows/0/mode")->valuestring, "train");
    ck_assert_str_eq(json_pointer_get(json, "/rows/1/who")->valuestring, "PyTorch");
    ck_assert_double_eq(number_at(json, "/rows/0/images_per_s"), 5);
    ck_assert_double_eq(number_at(json, "/rows/1/images_per_s_of_rounds/1"), 4);
    ck_assert_double_eq(number_at(json, "/rows/0/steps"), 4);
    ck_assert_double_eq(number_at(json, "/rows/0/p50_s"), 2);
    ck_assert_double_eq_tol(number_at(json, "/rows/0/p90_s"), 2.7, 1e-12);
    ck_assert_double_eq_tol(number_at(json, "/rows/0/p99_s"), 2.97, 1e-12);
    ck_assert_double_eq(number_at(json, "/rows/1/mean_s"), 3.75);
    ck_assert_double_eq(number_at(json, "/rows/1/min_s"), 2);
    ck_assert_double_eq(number_at(json, "/rows/1/max_s"), 5);
    ck_assert_double_eq(number_at(json, "/rows/0/peak_rss_bytes"), 1500000000);
    ck_assert(cJSON_IsNull(json_pointer_get(json, "/rows/0/peak_device_bytes")));
    ck_assert_str_eq(json_pointer_get(json, "/ratios/0/of")->valuestring, "dmtl");
    ck_assert_str_eq(json_pointer_get(json, "/ratios/0/to")->valuestring, "PyTorch");
    ck_assert_double_eq(number_at(json, "/ratios/0/low"), 1.25);
    ck_assert(cJSON_IsNull(json_get(json, "race_skipped")));
    cJSON_Delete(json);
    str_free(&out);
    speed_free(&s);
}
END_TEST

Suite *speed_suite(void) {
    Suite *s = suite_create("speed");
    TCase *t = tcase_create("speed");
    tcase_add_test(t, a_ratio_is_of_medians_its_spread_of_rounds);
    tcase_add_test(t, the_table);
    tcase_add_test(t, end_to_end_is_a_share);
    tcase_add_test(t, a_devices_memory_goes_before_the_processes);
    tcase_add_test(t, the_json);
    suite_add_tcase(s, t);
    return s;
}
