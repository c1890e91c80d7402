#include "commands/bench_verb.h"
#include "commands/workers.h"

#include "core/file.h"
#include "core/mem.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char script[] =
#include "harness/commands/bench_peer.py.inc"
    ;

/* timm's names of our trunks; one that it lacks is built from its table. */
static const char *const timm_names[TRUNK_COUNT] = {[TRUNK_SMALL] = "none",
    [TRUNK_LITE0] = "tf_efficientnet_lite0",
    [TRUNK_B0] = "efficientnet_b0"};

/* ---- the work as the script reads it ---- */

static cJSON *trunk_json(const struct trunk_table *t) {
    cJSON *o = cJSON_CreateObject(), *stages;
    cJSON_AddNumberToObject(o, "stem", t->stem_channels);
    cJSON_AddNumberToObject(o, "head", t->head_channels);
    cJSON_AddStringToObject(o, "activation", t->activation == ACT_SILU ? "silu" : "relu6");
    cJSON_AddBoolToObject(o, "squeeze_excite", t->squeeze_excite);
    stages = cJSON_AddArrayToObject(o, "stages");
    for (int i = 0; i < t->n_stages; i++) {
        const struct stage *s = &t->stages[i];
        cJSON *stage = cJSON_CreateObject();
        cJSON_AddNumberToObject(stage, "expand", s->expand);
        cJSON_AddNumberToObject(stage, "kernel", s->kernel);
        cJSON_AddNumberToObject(stage, "stride", s->stride);
        cJSON_AddNumberToObject(stage, "in", s->in);
        cJSON_AddNumberToObject(stage, "out", s->out);
        cJSON_AddNumberToObject(stage, "repeat", s->repeat);
        cJSON_AddItemToArray(stages, stage);
    }
    return o;
}

static cJSON *task_json(const struct task_config *t) {
    bool ordinal = t->kind == TASK_ORDINAL; /* a binary problem a rank but the last */
    cJSON *o = cJSON_CreateObject();
    cJSON_AddBoolToObject(o, "ordinal", ordinal);
    cJSON_AddNumberToObject(o, "outputs", t->ranks[1] - t->ranks[0] + !ordinal);
    return o;
}

/* mode SPEED_MODE_COUNT: only asks who it is. */
static char *work_of(const struct bench_options *o, enum speed_mode mode) {
    const struct config *c = &o->config;
    cJSON *work = cJSON_CreateObject(), *tasks;
    struct str text = {0};
    if (mode != SPEED_MODE_COUNT)
        cJSON_AddStringToObject(work, "mode", speed_mode_name[mode]);
    cJSON_AddStringToObject(work, "device", o->device);
    cJSON_AddStringToObject(work, "precision", precision_names[c->precision].name);
    cJSON_AddNumberToObject(work, "threads", o->threads);
    cJSON_AddNumberToObject(work, "px", c->data.image_px);
    cJSON_AddNumberToObject(work, "batch", c->batch);
    cJSON_AddNumberToObject(work, "warm", o->warm);
    cJSON_AddNumberToObject(work, "steps", o->steps);
    cJSON_AddNumberToObject(work, "log_variance", c->weighting.initial_log_variance);
    cJSON_AddStringToObject(work, "timm_name", timm_names[c->trunk.name]);
    cJSON_AddItemToObject(work, "trunk", trunk_json(&trunk_tables[c->trunk.name]));
    tasks = cJSON_AddArrayToObject(work, "tasks");
    for (int i = 0; i < c->n_tasks; i++)
        cJSON_AddItemToArray(tasks, task_json(&c->tasks[i]));
    json_canonical(&text, work);
    cJSON_Delete(work);
    return str_detach(&text);
}

/* ---- running it ---- */

/* env(1) looks python3 up in PATH and sets what only some runs have. */
static cJSON *ask(
    const struct bench_options *o, enum speed_mode mode, bool tuned_heap, struct err *e) {
    char *work = work_of(o, mode), *python = xstrdup(o->python ? o->python : "python3");
    char env[] = "/usr/bin/env", command[] = "-c", *code = xstrdup(script);
    char map[] = "MALLOC_MMAP_THRESHOLD_=1073741824", trim[] = "MALLOC_TRIM_THRESHOLD_=1073741824";
    char *plain[] = {env, python, command, code, work, NULL};
    char *tuned[] = {env, map, trim, python, command, code, work, NULL};
    cJSON *json = bench_process_json(
        python, false, workers_spin(o->threads, false), tuned_heap ? tuned : plain, e);
    free(code);
    free(python);
    free(work);
    return json;
}

static bool is_program(const char *path) {
    return file_exists(path) && !dir_exists(path) && access(path, X_OK) == 0;
}

/* The program of this name as PATH has it, or a path's file. */
static bool is_there(const char *python) {
    if (strchr(python, '/'))
        return is_program(python);
    const char *path = getenv("PATH");
    for (const char *at = path ? path : ""; *at;) {
        size_t n = strcspn(at, ":");
        char *file = xasprintf("%.*s/%s", (int)n, n ? at : ".", python);
        bool found = is_program(file);
        free(file);
        if (found)
            return true;
        at += n + (at[n] == ':');
    }
    return false;
}

bool bench_peer_find(const struct bench_options *o, char **who, char **skipped, struct err *e) {
    const char *python = o->python ? o->python : "python3";
    *who = *skipped = NULL;
    if (!is_there(python)) {
        if (o->python)
            return err_usage(e, "bench: --python: %.200s: there is no such program", python);
        *skipped = xasprintf("no Python with torch: python3 is not in PATH; --python names one");
        return true;
    }
    cJSON *json = ask(o, SPEED_MODE_COUNT, false, e);
    if (!json)
        return false;
    const cJSON *name = json_get(json, "who"), *why = json_get(json, "skipped");
    bool ok = true;
    if (cJSON_IsString(name))
        *who = xstrdup(name->valuestring);
    else if (!o->python)
        *skipped = xasprintf("no Python with torch: python3: %.200s; --python names another",
            cJSON_IsString(why) ? why->valuestring : "it gave no answer");
    else
        ok = err_set(e, "bench: --python: %.200s: expected a Python with torch: %.200s", python,
            cJSON_IsString(why) ? why->valuestring : "it gave no answer");
    cJSON_Delete(json);
    return ok;
}

bool bench_peer(const struct bench_options *o, enum speed_mode mode, bool tuned_heap,
    struct bench_sample *b, struct err *e) {
    *b = (struct bench_sample){0};
    cJSON *json = ask(o, mode, tuned_heap, e);
    bool ok = json && bench_sample_read(b, json, "the peer", e);
    cJSON_Delete(json);
    return ok;
}
