#include "report/read_predictions.h"

#include "analysis/bayes.h"
#include "analysis/readout.h"
#include "core/json.h"
#include "core/mem.h"
#include "data/labels.h"
#include "grid/catalogue.h"
#include "grid/leaky.h"
#include "report/clusters.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_ROW                                                                                     \
    (UINT32_MAX - 1) /* the place of a sample that is predicted and whose row was not met */

struct entry { /* one prediction of one run */
    int64_t sample;
    int run, truth;
    double predicted;
    float term[TERM_COUNT]; /* NaN: no probabilities */
};

struct reading_in {
    struct system_predictions *r;
    const struct prediction_choice *choice;
    struct store *store;
    const char *name; /* of the grid, for messages */
    struct entry *entries;
    size_t n, capacity;
    size_t next;     /* entry that probabilities have come to */
    int run, first;  /* of the cell that is read: its run, its first label */
    double *classes; /* scratch */
    int n_classes;
    int64_t low, high;              /* of samples' rows */
    uint32_t *place;                /* [high - low + 1]: of the sample in p, or UINT32_MAX */
    struct cluster_samples samples; /* whose texts are kept ones */
    struct err *e;
};

/* ---- runs ---- */

static int by_seed(const void *a, const void *b) {
    const struct store_member *const *x = a, *const *y = b;
    if ((*x)->seed != (*y)->seed)
        return (*x)->seed < (*y)->seed ? -1 : 1;
    return ((*x)->split_seed > (*y)->split_seed) - ((*x)->split_seed < (*y)->split_seed);
}

static void list_runs(struct predictions *p, const struct store_member **members, size_t n) {
    const struct store_member **sorted = xcalloc(n, sizeof *sorted);
    memcpy(sorted, members, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_seed);
    p->seed = xcalloc(n, sizeof *p->seed);
    p->split_seed = xcalloc(n, sizeof *p->split_seed);
    for (size_t i = 0; i < n; i++) {
        if (i && by_seed(&sorted[i - 1], &sorted[i]) == 0)
            continue;
        p->seed[p->runs] = sorted[i]->seed;
        p->split_seed[p->runs++] = sorted[i]->split_seed;
    }
    free(sorted);
}

static int run_of(const struct predictions *p, const struct store_member *m) {
    int run = 0;
    while (p->seed[run] != m->seed || p->split_seed[run] != m->split_seed)
        run++;
    return run;
}

/* ---- rows ---- */

static void take_prediction(void *context, int64_t sample, int truth, double predicted) {
    struct reading_in *in = context;
    in->entries = xgrow(in->entries, &in->capacity, in->n + 1, sizeof *in->entries);
    in->entries[in->n++] =
        (struct entry){sample, in->run, truth, predicted, {(float)NAN, (float)NAN, (float)NAN}};
}

static void take_terms(struct reading_in *in, struct entry *entry) {
    double said = entry->predicted - in->first, truth = entry->truth - in->first, brier = 0;
    int of_said = said < 0                      ? 0
                  : said + 0.5 >= in->n_classes ? in->n_classes - 1
                                                : (int)(said + 0.5);
    for (int k = 0; k < in->n_classes; k++)
        brier += (in->classes[k] - (k == truth)) * (in->classes[k] - (k == truth));
    bool known = truth >= 0 && truth < in->n_classes;
    entry->term[TERM_CONFIDENCE] = (float)in->classes[of_said];
    entry->term[TERM_BRIER] = (float)brier;
    entry->term[TERM_LOG_LOSS] = (float)-log(fmax(1e-15, known ? in->classes[(int)truth] : 0));
}

static void take_probability(
    void *context, int64_t sample, bool ordinal, const float *probabilities, int width) {
    struct reading_in *in = context;
    const struct prediction_choice *c = in->choice;
    while (in->next < in->n && in->entries[in->next].sample < sample)
        in->next++;
    if (in->next == in->n || in->entries[in->next].sample != sample)
        return;
    struct entry *entry = &in->entries[in->next];
    int classes = ordinal ? width + 1 : width;
    if (classes > in->n_classes)
        in->classes = xrealloc(in->classes, (size_t)classes, sizeof *in->classes);
    in->n_classes = classes;
    readout_classes(ordinal, probabilities, classes, in->classes);
    if (c->choice == READOUT_BY_NAME &&
        !readout_applies(c->readout, ordinal, in->r->p.task == ATTR_AGE))
        err_usage(in->e, "%s: --readout %s: does not apply to %s's %s task", in->name,
            readout_name[c->readout], attribute_name[in->r->p.task],
            ordinal ? "ordinal" : "nominal");
    if (c->choice == READOUT_BY_NAME)
        entry->predicted = readout_value(c->readout, ordinal, probabilities, classes, in->first);
    else if (c->choice == READOUT_BAYES)
        entry->predicted = bayes_readout(c->outcome, c->bins, in->classes, classes, in->first);
    take_terms(in, entry);
}

/* The first label: of the configuration's ranks, or of an import that has none, of the set's labels. */
static int first_label(const struct store_member *m, enum attribute task) {
    struct err ignored = {0};
    cJSON *config = json_parse("configuration of a cell", m->config, strlen(m->config), &ignored);
    const cJSON *of_task = json_get(json_get(config, "tasks"), attribute_name[task]);
    const cJSON *rank = cJSON_GetArrayItem(json_get(of_task, "ranks"), 0);
    const cJSON *ages = json_pointer_get(config, "/data/ages");
    struct reading reading = {0};
    int first = 0;
    if (cJSON_IsString(ages) && strcmp(ages->valuestring, ages_names[AGES_ADIENCE_8].name) == 0)
        reading.ages = AGES_ADIENCE_8;
    for (int set = 0; set < DATASET_COUNT; set++)
        if (strcmp(dataset_names[set].name, m->dataset) == 0)
            first = label_range((enum dataset_id)set, reading, task).first;
    if (cJSON_IsNumber(rank))
        first = rank->valueint;
    cJSON_Delete(config);
    return first;
}

static bool read_cell(struct reading_in *in, const struct store_member *m) {
    struct predictions *p = &in->r->p;
    size_t begin = in->next = in->n;
    in->run = run_of(p, m);
    in->first = first_label(m, p->task);
    in->r->folds |= m->fold >= 0;
    in->r->leaky |= m->torn || split_leaky(m->dataset, m->split);
    if (!store_each_prediction(
            in->store, m->cell, in->choice->part, p->task, take_prediction, in, in->e))
        return false;
    if (!in->choice->terms && in->choice->choice == READOUT_AS_STORED)
        return true;
    if (!store_each_probability(
            in->store, m->cell, in->choice->part, p->task, take_probability, in, in->e) ||
        in->e->kind != ERR_NONE)
        return false;
    for (size_t i = begin; i < in->n; i++)
        if (isnan(in->entries[i].term[TERM_BRIER]))
            return err_usage(in->e,
                "%s: a prediction of %s was stored without probabilities (cell %.12s): read-outs and "
                "calibration need them for every sample",
                in->name, attribute_name[p->task], m->id);
    return true;
}

/* ---- what is kept ---- */

struct kept_predictions {
    pthread_mutex_t lock;           /* of all of it */
    struct cluster_samples samples; /* rows low to high of the store, sorted */
    int64_t low, high;
    bool systems; /* their predictions too */
    struct kept_cells {
        int64_t *cell; /* [of.cells]: rows of the store */
        struct prediction_choice choice;
        struct system_predictions of;
    } * list;
    size_t n, capacity;
};

struct kept_predictions *kept_predictions_new(void) {
    struct kept_predictions *k = xcalloc(1, sizeof *k);
    k->high = k->low - 1;
    pthread_mutex_init(&k->lock, NULL);
    return k;
}

void kept_predictions_free(struct kept_predictions *k) {
    for (size_t i = 0; k && i < k->n; i++) {
        system_predictions_free(&k->list[i].of);
        free(k->list[i].cell);
    }
    if (k) {
        cluster_samples_free(&k->samples);
        free(k->list);
        pthread_mutex_destroy(&k->lock);
    }
    free(k);
}

void systems_keep_predictions(struct systems *s) {
    s->kept->systems = true;
}

void systems_share_kept(struct systems *s, const struct systems *of) {
    if (!s->borrowed)
        kept_predictions_free(s->kept);
    s->kept = of->kept;
    s->borrowed = true;
}

static bool may_keep(const struct kept_predictions *k, const struct prediction_choice *choice) {
    return k->systems && choice->choice == READOUT_AS_STORED;
}

static bool is_of(const struct kept_cells *k, const struct store_member **members, size_t n,
    enum attribute task, const struct prediction_choice *choice) {
    bool same = k->of.cells == n && k->of.p.task == task && k->choice.part == choice->part &&
                k->choice.cluster == choice->cluster && k->choice.terms == choice->terms;
    for (size_t i = 0; same && i < n; i++)
        same = k->cell[i] == members[i]->cell;
    return same;
}

/* Takes what was read of these cells for another system that has them, or for this one. */
static bool take_kept(struct system_predictions *r, const struct kept_predictions *k,
    const struct store_member **members, const struct prediction_choice *choice) {
    size_t planned = r->planned;
    for (size_t i = 0; i < k->n && may_keep(k, choice); i++)
        if (is_of(&k->list[i], members, r->cells, r->p.task, choice)) {
            *r = k->list[i].of;
            r->planned = planned;
            return r->kept = true;
        }
    return false;
}

static void keep(struct kept_predictions *k, const struct store_member **members,
    const struct prediction_choice *choice, struct system_predictions *r) {
    k->list = xgrow(k->list, &k->capacity, k->n + 1, sizeof *k->list);
    struct kept_cells *to = &k->list[k->n++];
    *to = (struct kept_cells){xcalloc(r->cells, sizeof *to->cell), *choice, *r};
    for (size_t i = 0; i < r->cells; i++)
        to->cell[i] = members[i]->cell;
    r->kept = true;
}

static void keep_sample(
    void *context, int64_t sample, int64_t dataset, const struct store_sample *s) {
    cluster_samples_add(context, sample, dataset, s);
}

/* At least the rows from low to high; once, as cells of a grid mostly share their data. */
static bool keep_samples(
    struct kept_predictions *k, struct store *store, int64_t low, int64_t high, struct err *e) {
    bool none = k->high < k->low;
    if (!none && low >= k->low && high <= k->high)
        return true;
    cluster_samples_free(&k->samples);
    k->low = none || low < k->low ? low : k->low;
    k->high = none || high > k->high ? high : k->high;
    if (!store_each_sample(store, k->low, k->high, keep_sample, &k->samples, e))
        return false;
    cluster_samples_sort(&k->samples);
    return true;
}

/* ---- samples ---- */

static bool read_samples(struct reading_in *in, struct kept_predictions *kept) {
    in->low = INT64_MAX;
    in->high = INT64_MIN;
    for (size_t i = 0; i < in->n; i++) {
        in->low = in->entries[i].sample < in->low ? in->entries[i].sample : in->low;
        in->high = in->entries[i].sample > in->high ? in->entries[i].sample : in->high;
    }
    size_t span = (size_t)(in->high - in->low) + 1;
    in->place = xcalloc(span, sizeof *in->place);
    memset(in->place, 0xff, span * sizeof *in->place);
    for (size_t i = 0; i < in->n; i++)
        in->place[in->entries[i].sample - in->low] = NO_ROW;
    if (!keep_samples(kept, in->store, in->low, in->high, in->e))
        return false;
    cluster_samples_place(&in->samples, &kept->samples, in->low, in->high, in->place, &in->r->p);
    return true;
}

/* ---- side by side ---- */

static bool twice(const struct reading_in *in, const char *id, int run) {
    char *shown = str_quoted(id);
    err_usage(in->e,
        "%s: %s is predicted twice with seed %lld (split seed %lld): folds that share test images "
        "cannot be pooled",
        in->name, shown, in->r->p.seed[run], in->r->p.split_seed[run]);
    free(shown);
    return false;
}

static bool differs(const struct reading_in *in, const char *id, int one, int other) {
    char *shown = str_quoted(id);
    err_usage(in->e,
        "%s: %s has two true labels of %s, %d and %d: its cells read different versions of the set",
        in->name, shown, attribute_name[in->r->p.task], one, other);
    free(shown);
    return false;
}

static bool lay_out(struct reading_in *in) {
    struct predictions *p = &in->r->p;
    size_t runs = (size_t)p->runs;
    p->truth = xcalloc(p->n, sizeof *p->truth);
    p->predicted = xcalloc(p->n, runs * sizeof *p->predicted);
    for (int t = 0; t < TERM_COUNT && in->choice->terms; t++)
        p->terms[t] = xcalloc(p->n, runs * sizeof *p->terms[t]);
    for (size_t i = 0; i < p->n; i++)
        p->truth[i] = LABEL_MISSING;
    for (size_t i = 0; i < p->n * runs; i++)
        p->predicted[i] = NAN;
    for (size_t i = 0; i < in->n; i++) {
        const struct entry *entry = &in->entries[i];
        uint32_t at = in->place[entry->sample - in->low];
        size_t to = at * runs + (size_t)entry->run;
        if (at == NO_ROW)
            return err_set(
                in->e, "%s: a prediction is of no sample: the file is damaged", in->name);
        if (!isnan(p->predicted[to]))
            return twice(in, p->id[at], entry->run);
        if (p->truth[at] != LABEL_MISSING && p->truth[at] != entry->truth)
            return differs(in, p->id[at], p->truth[at], entry->truth);
        p->truth[at] = entry->truth;
        p->predicted[to] = entry->predicted;
        for (int t = 0; t < TERM_COUNT && in->choice->terms; t++)
            p->terms[t][to] = entry->term[t];
    }
    return true;
}

static bool take_shared(struct system_predictions *r, struct kept_predictions *k,
    const struct store_member **members, const struct prediction_choice *choice) {
    pthread_mutex_lock(&k->lock);
    bool taken = take_kept(r, k, members, choice);
    pthread_mutex_unlock(&k->lock);
    return taken;
}

/* Puts the entries side by side, with samples that are all systems'. */
static bool finish(struct reading_in *in, const struct systems *s,
    const struct store_member **members, struct err *e) {
    struct system_predictions *r = in->r;
    bool ok = true;
    pthread_mutex_lock(&s->kept->lock);
    if (in->n) {
        ok = read_samples(in, s->kept) && lay_out(in) &&
             store_dataset(s->store, in->samples.newest_dataset, &r->dataset, e);
        r->in_clusters = ok ? clusters_make(&r->p, &in->samples, in->choice->cluster) : 0;
    }
    if (ok && may_keep(s->kept, in->choice))
        keep(s->kept, members, in->choice, r);
    pthread_mutex_unlock(&s->kept->lock);
    return ok;
}

bool read_predictions(struct system_predictions *r, const struct systems *s, size_t system,
    enum attribute task, const struct prediction_choice *choice, struct err *e) {
    const struct store_member **members;
    *r = (struct system_predictions){.p = {.task = task}};
    system_members(s, system, task, &members, &r->cells, &r->planned);
    if (take_shared(r, s->kept, members, choice)) {
        free(members);
        return true;
    }
    list_runs(&r->p, members, r->cells);
    struct reading_in in = {
        .r = r, .choice = choice, .store = s->store, .name = s->grid.name, .e = e};
    bool ok = true;
    for (size_t i = 0; ok && i < r->cells; i++)
        ok = read_cell(&in, members[i]);
    ok = ok && finish(&in, s, members, e);
    free(in.samples.list);
    free(in.entries);
    free(in.place);
    free(in.classes);
    free(members);
    return ok;
}

void system_predictions_free(struct system_predictions *r) {
    if (r->kept) {
        *r = (struct system_predictions){0};
        return;
    }
    predictions_free(&r->p);
    store_dataset_free(&r->dataset);
}

const char *dataset_class_name(const void *dataset, enum attribute a, int label) {
    static _Thread_local char number[16];
    const struct store_dataset *d = dataset;
    if (label >= 0 && label < STORE_CLASSES && d->class_name[a][label])
        return d->class_name[a][label];
    snprintf(number, sizeof number, "%d", label);
    return number;
}
