/* The network of a cell: trunk and heads built from nets/trunk_table.h and the configuration, as
 * libtorch tensors with names (Fig 2 of the paper).
 *
 * Parameters are named "stem.conv.weight", "stage2.block1.depthwise.norm.running_var", ... and
 * "heads.age.hidden1.weight"; a branch's own copy of a stage has "@ordinal", "@nominal" or "@age" behind
 * the stage's name. Initial weights come from our generator: RNG_INIT with the parameter's own item
 * number, so that removing a task or a branch moves no other parameter's draw.
 */
#ifndef MODEL_NETWORK_H
#define MODEL_NETWORK_H

#include "grid/config.h"
#include "torch/th.h"

struct pass {
    th_scope *scope;
    /* dropout, stochastic depth and batch statistics (frozen steps keep eval statistics) */
    bool train;
    uint64_t seed;
    uint32_t step; /* with seed: the draws of dropout and stochastic depth */
};

struct parameter {
    const char *name;
    th_tensor *tensor;
    bool buffer;       /* running statistics: saved, not optimised */
    bool trainable;    /* false in a frozen step of the trunk */
    bool head;         /* decay_heads applies, else decay_trunk */
    bool norm_or_bias; /* no decay unless /optimiser/decay_norm_and_bias */
};

struct network;

/* Builds for a configuration in `life` (the parameters' scope and device); both outlive the network.
 * Weights that are not drawn are loaded from `weights_dir`; the error says how to get a published file. */
struct network *network_new(
    const struct config *c, th_scope *life, const char *weights_dir, struct err *e);
void network_free(struct network *n);
struct parameter *network_parameters(struct network *n, size_t *count); /* in a fixed order; ours */
/* What libtorch's operations compute in, to be set while it runs: /precision; f32 beside the native back end, whose
 * training stores maps as /precision says. */
enum th_precision network_precision(const struct config *c, struct th_device device);
int network_feature_count(const struct network *n); /* D */
const char *network_backend(
    const struct network *n); /* what computes the trunk: "libtorch", "native avx512" */
struct team *network_team(const struct network *n);          /* of the native back end, else NULL */
bool network_trunk_frozen(const struct network *n);          /* all of it: features can be cached */
const char *network_weights_sha256(const struct network *n); /* of the weights' file; NULL: none */
size_t network_weights_missing(const struct network *n);     /* the trunk's tensors not in it */
int64_t network_parameter_count(const struct network *n);    /* without buffers */

/* rgb [N,H,W,3] uint8 on any device -> normalised [N,3,H,W] f32, channels_last, on p's device. */
th_tensor *network_normalise(struct network *n, struct pass *p, th_tensor *rgb);
/* images [N,3,H,W] -> pooled features [N,D]; only without branches. */
th_tensor *network_features(struct network *n, struct pass *p, th_tensor *images);
/* Heads on pooled features (frozen trunk): logits[i] for task i of the configuration: nominal [N,K],
 * ordinal [N,K-1], f32. */
void network_heads(struct network *n, struct pass *p, th_tensor *features, th_tensor *logits[]);
/* images -> logits, through trunk, branches and heads. */
void network_logits(struct network *n, struct pass *p, th_tensor *images, th_tensor *logits[]);

#endif
