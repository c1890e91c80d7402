#include "check_suites.h"

#include "core/json.h"
#include "grid/keys.h"
#include "model/network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct th_device cpu = {0, 0};

static struct config config_of(const char *text) {
    struct err e = {0};
    struct config c;
    cJSON *json = json_parse("test", text, strlen(text), &e);
    ck_assert_msg(json != NULL, "%s", e.msg);
    ck_assert_msg(config_parse(&c, json, "test", &e), "%s", e.msg);
    cJSON_Delete(json);
    return c;
}

struct built {
    struct config c;
    th_scope *life, *step;
    struct network *n;
};

static struct built build(const char *text) {
    struct err e = {0};
    struct built b = {.c = config_of(text), .life = th_scope_new(cpu), .step = th_scope_new(cpu)};
    return b;
    (void)e;
}

static void open(struct built *b) {
    struct err e = {0};
    b->n = network_new(&b->c, b->life, "nowhere", &e);
    ck_assert_msg(b->n != NULL, "%s", e.msg);
}

static void done(struct built *b) {
    network_free(b->n);
    th_scope_free(b->step);
    th_scope_free(b->life);
    config_free(&b->c);
}

/* The published counts with their 1000-class heads (1280 x 1000 + 1000 = 1,281,000 parameters, 2
 * entries) and 49 counters of batches: B0 5,288,548 and 360, Lite0 4,652,008 and 296. */
static const struct {
    const char *trunk;
    int64_t parameters;
    size_t entries;
} published[] = {
    {"efficientnet-b0", 5288548 - 1281000, 360 - 2 - 49},
    {"efficientnet-lite0", 4652008 - 1281000, 296 - 2 - 49},
};

START_TEST(trunks_have_the_published_counts) {
    char text[256];
    snprintf(text, sizeof text,
        "{\"data\": {\"image_px\": 64}, \"trunk\": {\"name\": \"%s\"}, \"tasks\": {\"gender\": "
        "{\"kind\": \"nominal\"}}}",
        published[_i].trunk);
    struct built b = build(text);
    open(&b);
    size_t n, trunk = 0;
    const struct parameter *p = network_parameters(b.n, &n);
    for (size_t i = 0; i < n; i++)
        trunk += !p[i].head;
    ck_assert_int_eq(network_parameter_count(b.n), published[_i].parameters + 1280 * 2 + 2);
    ck_assert_uint_eq(trunk, published[_i].entries);
    done(&b);
}
END_TEST

Suite *network_suite(void) {
    Suite *s = suite_create("network");
    TCase *c = tcase_create("network");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, trunks_have_the_published_counts, 0, 2);
    suite_add_tcase(s, c);
    return s;
}
