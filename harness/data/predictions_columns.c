#include "data/predictions_columns.h"

#include "core/mem.h"

#include <stdlib.h>
#include <string.h>

/* What export writes beside predictions: known already, or of its own store. */
static const char *const passed_over[] = {"grid", "variant", "cell", "split_seed", "label_age",
    "label_gender", "label_race", "subject", "duplicate_group"};

static const char *const known_names[] = {"sample", "task", "predicted", "truth", "seed", "fold",
    "part", "probabilities", "age", "gender", "race", "age_truth", "gender_truth", "race_truth",
    "age_probabilities", "gender_probabilities", "race_probabilities"};

/* The number of "p12"; -1: another name. */
static int spread_number(const char *name) {
    size_t digits = *name == 'p' ? strspn(name + 1, "0123456789") : 0;
    if (digits == 0 || digits > 3 || name[1 + digits] || (name[1] == '0' && digits > 1))
        return -1;
    return atoi(name + 1);
}

static void add_spread(struct task_columns *t, int number, int column) {
    if (number >= t->spread_n) {
        t->spread = xrealloc(t->spread, (size_t)number + 1, sizeof *t->spread);
        while (t->spread_n <= number)
            t->spread[t->spread_n++] = -1;
    }
    t->spread[number] = column;
}

/* A column of the form's task; `name` is without its prefix. */
static bool take_of_task(struct task_columns *t, const char *name, int column) {
    int number = spread_number(name);
    if (strcmp(name, "predicted") == 0)
        t->predicted = column;
    else if (strcmp(name, "truth") == 0)
        t->truth = column;
    else if (strcmp(name, "probabilities") == 0)
        t->packed = column;
    else if (number >= 0)
        add_spread(t, number, column);
    else
        return false;
    return true;
}

static bool take_wide(struct prediction_columns *p, const char *name, int column) {
    for (int a = 0; a < ATTR_COUNT; a++) {
        size_t n = strlen(attribute_name[a]);
        if (strncmp(name, attribute_name[a], n) != 0)
            continue;
        if (!name[n]) {
            p->of[a].predicted = column;
            return true;
        }
        return name[n] == '_' && strcmp(name + n + 1, "predicted") != 0 &&
               take_of_task(&p->of[a], name + n + 1, column);
    }
    return false;
}

static bool take(struct prediction_columns *p, const char *name, int column) {
    const struct {
        const char *name;
        int *at;
    } shared[] = {{"sample", &p->sample}, {"task", &p->task}, {"seed", &p->seed},
        {"fold", &p->fold}, {"part", &p->part}};
    for (size_t i = 0; i < ARRAY_LEN(shared); i++)
        if (strcmp(shared[i].name, name) == 0) {
            *shared[i].at = column;
            return true;
        }
    for (size_t i = 0; i < ARRAY_LEN(passed_over); i++)
        if (strcmp(passed_over[i], name) == 0)
            return true;
    return p->wide ? take_wide(p, name, column) : take_of_task(&p->of[0], name, column);
}

static bool unknown(const struct csv *c, int column, bool wide, struct err *e) {
    char *shown = str_quoted(c->name[column]);
    err_usage(e, "%s: line 1, column %d: %.200s: unknown column of the %s form (%s)", c->path,
        column + 1, shown, wide ? "wide" : "long",
        wide
            ? "it has no column task: sample, age, gender, race, TASK_truth, TASK_probabilities, TASK_p0, ..., "
              "seed, fold, part"
            : "it has a column task: sample, task, predicted, truth, probabilities, p0, ..., seed, fold, part");
    err_hint(e, c->name[column], known_names, ARRAY_LEN(known_names), sizeof known_names[0]);
    free(shown);
    return false;
}

static bool check_task(
    const struct csv *c, const struct task_columns *t, const char *prefix, struct err *e) {
    for (int k = 0; k < t->spread_n; k++)
        if (t->spread[k] < 0)
            return err_usage(e,
                "%s: line 1: has a column %sp%d but none %sp%d: expected p0 to the last", c->path,
                prefix, t->spread_n - 1, prefix, k);
    if (t->packed >= 0 && t->spread_n)
        return err_usage(e,
            "%s: line 1: has both %sprobabilities and %sp0: expected one of the two ways", c->path,
            prefix, prefix);
    if (t->predicted < 0 && (t->truth >= 0 || t->packed >= 0 || t->spread_n))
        return err_usage(e,
            "%s: line 1: has columns of %s but not what was predicted: expected %s too", c->path,
            *prefix ? prefix : "a prediction",
            *prefix ? "the column named as the task" : "predicted");
    return true;
}

static bool check(const struct csv *c, const struct prediction_columns *p, struct err *e) {
    bool any = false;
    if (p->sample < 0)
        return err_usage(
            e, "%s: line 1: has no column sample: expected the images' names in one", c->path);
    for (int a = 0; a < (p->wide ? ATTR_COUNT : 1); a++) {
        char *prefix = p->wide ? xasprintf("%s_", attribute_name[a]) : xstrdup("");
        bool ok = check_task(c, &p->of[a], prefix, e);
        free(prefix);
        if (!ok)
            return false;
        any |= p->of[a].predicted >= 0;
    }
    return any || err_usage(e, "%s: line 1: has no predictions: expected %s", c->path,
                      p->wide ? "columns task and predicted, or age, gender or race"
                              : "a column predicted");
}

bool prediction_columns_find(struct prediction_columns *p, const struct csv *c, struct err *e) {
    *p = (struct prediction_columns){
        .wide = true, .sample = -1, .task = -1, .seed = -1, .fold = -1, .part = -1};
    for (int a = 0; a < ATTR_COUNT; a++)
        p->of[a] = (struct task_columns){.predicted = -1, .truth = -1, .packed = -1};
    for (int i = 0; i < c->columns; i++)
        p->wide = p->wide && strcmp(c->name[i], "task") != 0;
    for (int i = 0; i < c->columns; i++)
        if (!take(p, c->name[i], i))
            return unknown(c, i, p->wide, e);
    return check(c, p, e);
}

void prediction_columns_free(struct prediction_columns *p) {
    for (int a = 0; a < ATTR_COUNT; a++)
        free(p->of[a].spread);
    *p = (struct prediction_columns){0};
}
