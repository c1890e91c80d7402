#include "grid/key_checks.h"

#include "core/mem.h"
#include "core/words.h"
#include "grid/key_table.h"
#include "grid/limbs.h"
#include "grid/select.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- names ---- */

/* The table that a pointer is looked up in: behind "/tasks/NAME" a task's, else the configuration's. */
struct key_names {
    const struct key_row *rows;
    int n;
};

static bool is_section(const struct key_names *k, const char *pointer) {
    size_t n = strlen(pointer);
    for (int i = 0; i < k->n; i++)
        if (strncmp(k->rows[i].pointer, pointer, n) == 0 && k->rows[i].pointer[n] == '/')
            return true;
    return false;
}

static const struct key_row *find_row(const struct key_names *k, const char *pointer) {
    for (int i = 0; i < k->n; i++)
        if (strcmp(k->rows[i].pointer, pointer) == 0)
            return &k->rows[i];
    return NULL;
}

/* The known pointer nearest to an unknown one: by spelling, or a key of this very name elsewhere. */
static char *nearest_pointer(const struct key_names *k, const char *pointer, const char *task) {
    const char *name = strrchr(pointer, '/'), *near;
    for (int i = 0; i < k->n; i++)
        if (strcmp(strrchr(k->rows[i].pointer, '/'), name) == 0)
            return xasprintf("%s%s", task, k->rows[i].pointer);
    for (int i = 0; i < n_task_keys; i++)
        if (strcmp(task_keys[i].pointer, name) == 0)
            return xasprintf("/tasks/NAME%s", name);
    near = str_nearest(pointer, k->rows, (size_t)k->n, sizeof k->rows[0]);
    if (near)
        return xasprintf("%s%s", task, near);
    for (int i = 0; i < k->n; i++) { /* a section's name: the part before the last slash */
        const char *row = k->rows[i].pointer, *end = strrchr(row, '/');
        char *section = xstrndup(row, (size_t)(end - row));
        const char *const one[] = {section};
        if (end > row && str_nearest(pointer, one, 1, sizeof one[0]))
            return section;
        free(section);
    }
    return NULL;
}

static bool unknown_key(
    const struct key_names *k, const char *pointer, const struct key_place *p, struct err *e) {
    char *near = nearest_pointer(k, pointer, p->task);
    err_usage(e, "%s: %s%s%.200s: unknown key%s%s%s", p->where, p->prefix, p->task, pointer,
        near ? "; did you mean " : " (`dmtl plan --keys` lists them)", near ? near : "",
        near ? "?" : "");
    free(near);
    return false;
}

static bool names_in(const struct key_names *k, const cJSON *object, const char *at,
    const struct key_place *p, struct err *e);

static bool task_names(const cJSON *tasks, const struct key_place *p, struct err *e) {
    const struct key_names k = {task_keys, n_task_keys};
    const cJSON *task;
    cJSON_ArrayForEach(task, tasks) {
        if (word_find(attribute_name, ATTR_COUNT, task->string) < 0) {
            err_usage(e, "%s: %s/tasks/%.200s: unknown task: expected age, gender or race",
                p->where, p->prefix, task->string);
            return err_hint(e, task->string, attribute_name, ATTR_COUNT, sizeof attribute_name[0]);
        }
        char at[32];
        snprintf(at, sizeof at, "/tasks/%s", task->string);
        struct key_place inside = *p;
        inside.task = at;
        if (cJSON_IsObject(task) && !names_in(&k, task, "", &inside, e))
            return false;
    }
    return true;
}

static bool names_in(const struct key_names *k, const cJSON *object, const char *at,
    const struct key_place *p, struct err *e) {
    const cJSON *member;
    bool ok = true;
    cJSON_ArrayForEach(member, object) {
        struct str path = {0};
        str_add(&path, at);
        json_pointer_add(&path, member->string);
        char *pointer = str_detach(&path);
        const struct key_row *row = find_row(k, pointer);
        if (row && row->type == KEY_TASKS)
            ok = task_names(cJSON_IsObject(member) ? member : NULL, p, e);
        else if (!row && !is_section(k, pointer))
            ok = unknown_key(k, pointer, p, e);
        else if (!row && cJSON_IsObject(member))
            ok = names_in(k, member, pointer, p, e);
        else if (!row && !(p->patch && cJSON_IsNull(member)))
            ok = err_usage(e, "%s: %s%s: expected an object", p->where, p->prefix, pointer);
        free(pointer);
        if (!ok)
            return false;
    }
    return true;
}

bool key_names_check(const cJSON *object, const struct key_place *p, struct err *e) {
    const struct key_names k = {config_keys, n_config_keys};
    if (!cJSON_IsObject(object))
        return err_usage(e, "%s: %s: expected an object, a configuration", p->where,
            *p->prefix ? p->prefix : "/");
    return names_in(&k, object, "", p, e);
}

/* ---- what spans keys ---- */

/* Keys of how a set is read say nothing about a set that has no such choice. */
static bool check_reading(const struct config *c, const char *where, struct err *e) {
    const struct reading *r = &c->data.reading;
    bool adience = c->data.set == DATASET_ADIENCE, grouped = r->ages == AGES_ADIENCE_8;
    const struct {
        const char *key, *value;
        bool said, counts;
        const char *remedy;
    } keys[] = {
        {"ages", ages_names[r->ages].name, grouped, !adience,
            "leave it out, for its ages are these groups already"},
        {"age_labels", age_labels_names[r->age_labels].name, r->age_labels != AGE_LABELS_EXACT,
            adience || grouped, "leave it out, or say \"adience-8\" for /data/ages"},
        {"repeated_rows", repeated_rows_names[r->repeated_rows].name,
            r->repeated_rows != REPEATED_KEEP, adience, "leave it out or say \"adience\""},
        {"crop", crop_names[r->crop].name, r->crop != CROP_ALIGNED, adience,
            "leave it out or say \"adience\""},
        {"races", races_names[r->races].name, r->races != RACES_UTKFACE_5,
            c->data.set == DATASET_FOLDER, "leave it out or say \"folder\""},
        {"corrections", reading_corrections(*r), strcmp(reading_corrections(*r), "none") != 0,
            c->data.set == DATASET_UTKFACE, "leave it out or say \"utkface\""},
    };
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        if (keys[i].said && !keys[i].counts)
            return err_usage(e,
                "%s: /data/%s: \"%s\": counts for nothing with /data/set \"%s\": %s", where,
                keys[i].key, keys[i].value, dataset_names[c->data.set].name, keys[i].remedy);
    return true;
}

static bool check_tasks(const struct config *c, const char *where, struct err *e) {
    if (c->n_tasks == 0)
        return err_usage(
            e, "%s: /tasks: no task: expected at least one of age, gender, race", where);
    for (int i = 0; i < c->n_tasks; i++) {
        const struct task_config *t = &c->tasks[i];
        const char *name = attribute_name[t->attribute];
        struct label_range labels = label_range(c->data.set, c->data.reading, t->attribute);
        if (labels.first > labels.last)
            return err_usage(e,
                "%s: /tasks/%s: the set \"%s\" has no such labels: leave the task out", where, name,
                dataset_names[c->data.set].name);
        if (t->attribute == ATTR_AGE && !ages_are_groups(c->data.set, c->data.reading))
            continue; /* years: a set may be cut to some of them, or have none so old */
        if (t->attribute != ATTR_AGE && t->kind == TASK_ORDINAL)
            return err_usage(e,
                "%s: /tasks/%s/kind: \"ordinal\": expected \"nominal\", for the labels of "
                "%s have no order",
                where, name, name);
        if (t->ranks[0] < labels.first || t->ranks[1] > labels.last)
            return err_usage(e,
                "%s: /tasks/%s/ranks: [%d,%d]: expected at most [%d,%d], the labels of "
                "%s in \"%s\"",
                where, name, t->ranks[0], t->ranks[1], labels.first, labels.last, name,
                dataset_names[c->data.set].name);
    }
    return true;
}

static bool unknown_step(const struct config *c, const char *where, const char *key,
    const char *value, const char *first, struct err *e) {
    const struct trunk_table *trunk = &trunk_tables[c->trunk.name];
    enum { MAX_STEPS = 32 };
    const char *names[MAX_STEPS] = {"all", "frozen"};
    int n = 2;
    for (int step = 1; step <= trunk->n_stages + 1 && n < MAX_STEPS; step++)
        names[n++] = trunk_step_name(trunk, step);
    int skip = *first ? 0 : 2; /* "all" and "frozen" where they may stand */
    const char *near = str_nearest(value, names + skip, (size_t)(n - skip), sizeof names[0]);
    return err_usage(e,
        "%s: %s: \"%.60s\": expected %sa step of \"%s\" from stage1 to stage%d, or "
        "head%s%s%s",
        where, key, value, first, trunk_names[c->trunk.name].name, trunk->n_stages,
        near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static bool check_branch(
    const struct config *c, const char *where, int first_trained, struct err *e) {
    const struct trunk_table *trunk = &trunk_tables[c->trunk.name];
    const char *kind = branch_names[c->trunk.branch].name, *stage = c->trunk.branch_stage;
    if (c->trunk.branch == BRANCH_NONE)
        return !*stage || err_usage(e,
                              "%s: /trunk/branch_stage: \"%.60s\": counts for nothing with "
                              "/trunk/branch \"none\": leave it out or set /trunk/branch",
                              where, stage);
    if (!*stage)
        return err_usage(e,
            "%s: /trunk/branch: \"%s\": needs /trunk/branch_stage, the first step of a "
            "branch's own (stage1 to stage%d, or head)",
            where, kind, trunk->n_stages);
    int step = trunk_step(trunk, stage);
    if (step < 1)
        return unknown_step(c, where, "/trunk/branch_stage", stage, "", e);
    if (first_trained > step)
        return err_usage(e,
            "%s: /trunk/branch_stage: \"%s\": expected a step that is trained: with "
            "/trunk/train_from \"%s\" the branches would begin as equal frozen copies",
            where, stage, c->trunk.train_from);
    return true;
}

static bool check_frozen(const struct config *c, const char *where, struct err *e) {
    static const char why[] = "with /trunk/train_from \"frozen\" features are computed once";
    if (c->augment.flip)
        return err_usage(e, "%s: /augment/flip: true: expected false, for %s", where, why);
    if (c->augment.shift_px)
        return err_usage(
            e, "%s: /augment/shift_px: %d: expected 0, for %s", where, c->augment.shift_px, why);
    if (c->trunk.stochastic_depth > 0)
        return err_usage(e, "%s: /trunk/stochastic_depth: %g: expected 0, for %s", where,
            c->trunk.stochastic_depth, why);
    return true;
}

static bool check_weights(const struct config *c, const char *where, struct err *e) {
    const char *weights = c->trunk.weights;
    bool imagenet = strcmp(weights, weights_names[WEIGHTS_IMAGENET].name) == 0;
    if (imagenet && !trunk_tables[c->trunk.name].imagenet_file)
        return err_usage(e,
            "%s: /trunk/weights: \"imagenet\": expected \"none\", for there is no such "
            "file for the trunk \"%s\"",
            where, trunk_names[c->trunk.name].name);
    bool drawn = strcmp(weights, weights_names[WEIGHTS_NONE].name) == 0;
    if (c->trunk.partial && (drawn || imagenet))
        return err_usage(e,
            "%s: /trunk/partial: true: counts for nothing with /trunk/weights \"%s\": leave it out "
            "or name a file",
            where, weights);
    return true;
}

static bool check_size(const struct config *c, const char *where, struct err *e) {
    int least = trunk_stride(&trunk_tables[c->trunk.name]);
    return c->data.image_px >= least ||
           err_usage(e,
               "%s: /data/image_px: %d: expected at least %d for the trunk \"%s\", which halves the "
               "size until so many pixels are one",
               where, c->data.image_px, least, trunk_names[c->trunk.name].name);
}

static bool check_trunk(const struct config *c, const char *where, struct err *e) {
    const char *from = c->trunk.train_from;
    int first_trained = trunk_first_trained(c);
    if (first_trained < 0 || (first_trained == 0 && strcmp(from, "all") != 0))
        return unknown_step(c, where, "/trunk/train_from", from, "\"all\", \"frozen\", ", e);
    return check_size(c, where, e) && check_weights(c, where, e) &&
           check_branch(c, where, first_trained, e) &&
           (!trunk_frozen(c) || check_frozen(c, where, e));
}

static bool check_weighting(const struct config *c, const char *where, struct err *e) {
    const char *kind = weighting_names[c->weighting.kind].name;
    bool learned = c->weighting.kind == WEIGHTING_UNCERTAINTY ||
                   c->weighting.kind == WEIGHTING_UNCERTAINTY_EXACT;
    for (int i = 0; i < c->n_tasks; i++)
        if (c->tasks[i].weight != 1 && c->weighting.kind != WEIGHTING_FIXED)
            return err_usage(e,
                "%s: /tasks/%s/weight: %g: counts for nothing with /weighting/kind \"%s\": "
                "leave it out or say \"fixed\"",
                where, attribute_name[c->tasks[i].attribute], c->tasks[i].weight, kind);
    if (c->weighting.log_sigmas != LOG_SIGMAS_TASK && c->weighting.kind != WEIGHTING_UNCERTAINTY)
        return err_usage(e,
            "%s: /weighting/log_sigmas: \"%s\": counts for nothing with /weighting/kind \"%s\": leave it "
            "out",
            where, log_sigmas_names[c->weighting.log_sigmas].name, kind);
    if (learned && c->weighting.normalise != NORMALISE_NONE)
        return err_usage(e,
            "%s: /weighting/normalise: \"%s\": expected \"none\", for learned weights are "
            "used as they are",
            where, normalise_names[c->weighting.normalise].name);
    if (!learned && c->weighting.initial_log_variance != 0)
        return err_usage(e,
            "%s: /weighting/initial_log_variance: %g: counts for nothing with "
            "/weighting/kind \"%s\": leave it out",
            where, c->weighting.initial_log_variance, kind);
    return true;
}

bool config_check(const struct config *c, const char *where, struct err *e) {
    if (!check_reading(c, where, e) || !split_check(c, where, e) || !check_tasks(c, where, e))
        return false;
    /* A question has no values of its open keys yet: what spans them is checked of its candidates. */
    if (config_selects(c))
        return select_check(c, where, e);
    if (!check_trunk(c, where, e) || !check_weighting(c, where, e))
        return false;
    if (c->schedule.warmup_epochs > c->epochs)
        return err_usage(e, "%s: /schedule/warmup_epochs: %g: expected at most /epochs, %d", where,
            c->schedule.warmup_epochs, c->epochs);
    if (c->augment.shift_px >= c->data.image_px)
        return err_usage(e, "%s: /augment/shift_px: %d: expected less than /data/image_px, %d",
            where, c->augment.shift_px, c->data.image_px);
    return select_check(c, where, e);
}
