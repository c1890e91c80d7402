#include "commands/plan_probe.h"

#include "commands/bench_verb.h"
#include "commands/workers.h"
#include "core/escape.h"
#include "core/mem.h"
#include "grid/keys.h"
#include "grid/limbs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WARM = 1, STEPS = 3 };
enum { SMALL_PX = 32 }; /* every trunk takes it, and it costs next to nothing */

/* What no step's cost depends on, back to its default; weights are drawn. `px` 0: as it is. */
static cJSON *steps_json(const struct config *c, int px) {
    static const char *const idle[] = {"split", "seed", "select", "schedule", "report_epoch",
        "report_metrics", "early_stop_epochs", "epochs", "log_every", "checkpoint_every_s",
        "checkpoint_every_steps", "augment", "optimiser"};
    cJSON *config = config_resolved(c);
    cJSON *trunk = cJSON_GetObjectItem(config, "trunk"),
          *data = cJSON_GetObjectItem(config, "data"), *task;
    for (size_t i = 0; i < ARRAY_LEN(idle); i++)
        cJSON_DeleteItemFromObject(config, idle[i]);
    cJSON_ReplaceItemInObject(trunk, "weights", cJSON_CreateString("none"));
    cJSON_DeleteItemFromObject(trunk, "partial");
    cJSON_DeleteItemFromObject(data, "max_bad_share");
    cJSON_DeleteItemFromObject(cJSON_GetObjectItem(config, "weighting"), "initial_log_variance");
    cJSON_ArrayForEach(task, cJSON_GetObjectItem(config, "tasks")) {
        cJSON_DeleteItemFromObject(task, "weight");
    }
    if (px)
        cJSON_ReplaceItemInObject(data, "image_px", cJSON_CreateNumber(px));
    return config;
}

/* The canonical text; deletes the configuration. */
static char *text_of_json(cJSON *config) {
    struct str text = {0};
    json_canonical(&text, config);
    cJSON_Delete(config);
    return str_detach(&text);
}

static char *steps_text(const struct config *c, int px) {
    return text_of_json(steps_json(c, px));
}

/* A pass through a frozen trunk, as features are made: of whatever heads, with one that costs nothing. */
static char *pass_text(const struct config *c) {
    cJSON *config = steps_json(c, 0), *tasks = cJSON_CreateObject();
    cJSON_AddItemToObject(tasks, attribute_name[ATTR_GENDER], cJSON_CreateObject());
    cJSON_ReplaceItemInObject(config, "tasks", tasks);
    cJSON_DeleteItemFromObject(config, "weighting");
    cJSON_ReplaceItemInObject(config, "batch", cJSON_CreateNumber(FEATURES_BATCH));
    return text_of_json(config);
}

/* ---- one process ---- */

static double least_s(const struct bench_sample *b) {
    double least = INFINITY; /* of so few steps the least disturbed says most */
    for (size_t i = 0; i < b->n; i++)
        least = fmin(least, b->seconds[i]);
    return least;
}

static bool measure(const struct probes *p, const char *what, const char *config, const char *mode,
    double *step_s, int64_t *learned, struct err *e) {
    struct arguments a = {0};
    struct bench_sample sample = {0};
    char *program = workers_program(e);
    if (!program)
        return false;
    arguments_add(&a, program);
    arguments_add(&a, xstrdup("bench"));
    arguments_add(&a, xasprintf("--mode=%s", mode));
    arguments_add(&a, xasprintf("--config=%s", config));
    arguments_add(&a, xasprintf("--device=%s", p->device));
    arguments_add(&a, xasprintf("--threads=%d", p->threads));
    arguments_add(&a, xasprintf("--warm=%d", WARM));
    arguments_add(&a, xasprintf("--steps=%d", STEPS));
    cJSON *said = bench_process_json(what, false, p->spin, a.list, e);
    bool ok = said && bench_sample_read(&sample, said, what, e);
    if (ok) {
        *step_s = least_s(&sample);
        *learned = (int64_t)cJSON_GetNumberValue(json_get(said, "learned"));
    }
    bench_sample_free(&sample);
    cJSON_Delete(said);
    arguments_free(&a);
    return ok;
}

/* ---- a kind of cell ---- */

/* The place of the pass through the cell's frozen trunk, which is measured unless it was; NO_PASS: e. */
static size_t pass_of(struct probes *p, const struct config *c, const char *what, struct err *e) {
    char *text = pass_text(c);
    double batch_s;
    int64_t unused;
    size_t at = 0;
    while (at < p->n_passes && strcmp(p->passes[at].steps, text) != 0)
        at++;
    bool known = at < p->n_passes;
    if (known || !measure(p, what, text, "infer", &batch_s, &unused, e)) {
        free(text);
        return known ? at : NO_PASS;
    }
    p->passes = xgrow(p->passes, &p->passes_capacity, p->n_passes + 1, sizeof *p->passes);
    p->passes[p->n_passes] =
        (struct probed_pass){.steps = text, .s_per_image = batch_s / FEATURES_BATCH};
    return p->n_passes++;
}

/* A frozen trunk is passed once; behind it the heads' steps are those on the smallest images. */
static bool probe(struct probes *p, const struct config *c, const char *what, const char *steps,
    struct probe *out, struct err *e) {
    int64_t unused;
    *out = (struct probe){.pass = NO_PASS};
    if (!trunk_frozen(c))
        return measure(p, what, steps, "train", &out->train_s, &out->learned, e) &&
               measure(p, what, steps, "infer", &out->infer_s, &unused, e);
    char *small = steps_text(c, SMALL_PX);
    double with_pass_s = 0, small_s = 0;
    bool ok = (out->pass = pass_of(p, c, what, e)) != NO_PASS &&
              measure(p, what, small, "train", &with_pass_s, &out->learned, e) &&
              measure(p, what, small, "infer", &small_s, &unused, e);
    out->train_s = fmax(with_pass_s - small_s, 0);
    free(small);
    return ok;
}

/* ---- all of them ---- */

static void say(const char *what) {
    struct str line = {0};
    str_add(&line, "probing ");
    escape_line(&line, what);
    str_addc(&line, '\n');
    fputs(line.text, stderr);
    str_free(&line);
}

bool probes_of(struct probes *p, const struct config *c, const char *what, bool quiet,
    struct probe *found, struct err *e) {
    char *steps = steps_text(c, 0);
    for (size_t i = 0; i < p->n; i++)
        if (strcmp(p->list[i].steps, steps) == 0) {
            *found = p->list[i].probe;
            free(steps);
            return true;
        }
    if (!quiet)
        say(what);
    if (!probe(p, c, what, steps, found, e)) {
        free(steps);
        return false;
    }
    p->list = xgrow(p->list, &p->capacity, p->n + 1, sizeof *p->list);
    p->list[p->n].steps = steps;
    p->list[p->n++].probe = *found;
    return true;
}

void probes_free(struct probes *p) {
    for (size_t i = 0; i < p->n; i++)
        free(p->list[i].steps);
    for (size_t i = 0; i < p->n_passes; i++)
        free(p->passes[i].steps);
    free(p->list);
    free(p->passes);
    *p = (struct probes){0};
}
