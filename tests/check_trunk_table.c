/* The tables of trunks against the published sizes of the networks that they describe. */
#include "check_suites.h"

#include "core/mem.h"
#include "nets/trunk_table.h"

struct size {
    long parameters,
        entries; /* entries of a state_dict: weights, biases, running statistics, counters */
};

static void convolution(struct size *s, long in, long out, long kernel, bool bias) {
    s->parameters += in * out * kernel * kernel + (bias ? out : 0);
    s->entries += bias ? 2 : 1;
}

static void norm(struct size *s, long channels) {
    s->parameters += 2 * channels;
    s->entries += 5; /* weight, bias, mean, variance, num_batches_tracked */
}

static void block(struct size *s, const struct trunk_table *t, const struct stage *stage, long in) {
    long wide = in * stage->expand, squeezed = in / 4;
    if (stage->expand != 1) {
        convolution(s, in, wide, 1, false);
        norm(s, wide);
    }
    convolution(s, 1, wide, stage->kernel, false); /* one filter a channel */
    norm(s, wide);
    if (t->squeeze_excite) {
        convolution(s, wide, squeezed, 1, true);
        convolution(s, squeezed, wide, 1, true);
    }
    convolution(s, wide, stage->out, 1, false);
    norm(s, stage->out);
}

/* With a linear layer of `classes` outputs behind it. */
static struct size size_of(const struct trunk_table *t, long classes) {
    struct size s = {0, 0};
    convolution(&s, 3, t->stem_channels, 3, false);
    norm(&s, t->stem_channels);
    for (int i = 0; i < t->n_stages; i++)
        for (int j = 0; j < t->stages[i].repeat; j++)
            block(&s, t, &t->stages[i], j ? t->stages[i].out : t->stages[i].in);
    convolution(&s, t->stages[t->n_stages - 1].out, t->head_channels, 1, false);
    norm(&s, t->head_channels);
    convolution(&s, t->head_channels, classes, 1, true);
    return s;
}

/* torchvision's efficientnet_b0 and timm's tf_efficientnet_lite0, with their 1000 classes. */
START_TEST(published_sizes) {
    struct size b0 = size_of(&trunk_tables[TRUNK_B0], 1000);
    struct size lite0 = size_of(&trunk_tables[TRUNK_LITE0], 1000);
    ck_assert_int_eq(b0.parameters, 5288548);
    ck_assert_int_eq(b0.entries, 360);
    ck_assert_int_eq(lite0.parameters, 4652008);
    ck_assert_int_eq(lite0.entries, 296);
}
END_TEST

/* Five steps halve the size in both EfficientNets (the stem, stages 2, 3, 4 and 6), three in the small one. */
START_TEST(strides_multiply) {
    ck_assert_int_eq(trunk_stride(&trunk_tables[TRUNK_B0]), 32);
    ck_assert_int_eq(trunk_stride(&trunk_tables[TRUNK_LITE0]), 32);
    ck_assert_int_eq(trunk_stride(&trunk_tables[TRUNK_SMALL]), 8);
}
END_TEST

START_TEST(stages_fit_together) {
    for (int i = 0; i < TRUNK_COUNT; i++) {
        const struct trunk_table *t = &trunk_tables[i];
        int channels = t->stem_channels;
        for (int s = 0; s < t->n_stages; s++) {
            ck_assert_int_eq(t->stages[s].in, channels);
            channels = t->stages[s].out;
            ck_assert_int_eq(trunk_step(t, t->stages[s].name), s + 1);
            ck_assert_str_eq(trunk_step_name(t, s + 1), t->stages[s].name);
        }
        ck_assert_int_eq(trunk_step(t, "stem"), 0);
        ck_assert_int_eq(trunk_step(t, "head"), t->n_stages + 1);
        ck_assert_int_eq(trunk_step(t, "stage9"), -1);
        ck_assert_int_eq(trunk_step(t, ""), -1);
    }
}
END_TEST

/* The probabilities of torchvision 0.29.2's efficientnet_b0(), StochasticDepth.p in the order of its blocks. */
START_TEST(drop_rates_are_torchvisions) {
    static const double rates[] = {0, 0.0125, 0.025, 0.037500000000000006, 0.05, 0.0625,
        0.07500000000000001, 0.08750000000000001, 0.1, 0.1125, 0.125, 0.1375, 0.15000000000000002,
        0.1625, 0.17500000000000002, 0.1875};
    const struct trunk_table *b0 = &trunk_tables[TRUNK_B0];
    ck_assert_int_eq(trunk_blocks(b0), ARRAY_LEN(rates));
    for (int i = 0; i < trunk_blocks(b0); i++)
        ck_assert_double_eq(trunk_drop_rate(b0, 0.2, i), rates[i]);
}
END_TEST

Suite *trunk_table_suite(void) {
    Suite *s = suite_create("trunk_table");
    TCase *c = tcase_create("trunk_table");
    tcase_add_test(c, published_sizes);
    tcase_add_test(c, drop_rates_are_torchvisions);
    tcase_add_test(c, strides_multiply);
    tcase_add_test(c, stages_fit_together);
    suite_add_tcase(s, c);
    return s;
}
