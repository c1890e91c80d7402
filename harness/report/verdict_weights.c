/* Claims of the learned weights (Eq 16), from what was logged in the last epoch. */
#include "report/verdict_parts.h"

#include "core/mem.h"
#include "store/sql.h"

#include <math.h>
#include <stdlib.h>

struct cell_weights { /* means over the last epoch; beta NaN: not learned, or no such task */
    double beta[ATTR_COUNT], loss[ATTR_COUNT];
};

static bool read_weights(struct cell_weights *w, struct verdict_maker *m,
    const struct store_member *member, struct err *e) {
    sqlite3_stmt *row = sql_prepare(store_db(m->v->systems->store), e,
        "SELECT task, avg(CASE WHEN log_variance IS NOT NULL THEN beta END), avg(loss) FROM weight WHERE cell = ?1 AND "
        "epoch = (SELECT max(epoch) FROM weight WHERE cell = ?1) GROUP BY task",
        "l", (long long)member->cell);
    int step = row ? 1 : -1;
    for (int t = 0; t < ATTR_COUNT; t++)
        w->beta[t] = w->loss[t] = NAN;
    while (row && (step = sql_step(row, e)) == 1) {
        int task = sqlite3_column_int(row, 0);
        if (task < 0 || task >= ATTR_COUNT || sqlite3_column_type(row, 1) == SQLITE_NULL)
            continue;
        w->beta[task] = sqlite3_column_double(row, 1);
        w->loss[task] = sqlite3_column_double(row, 2);
    }
    sqlite3_finalize(row);
    return step == 0;
}

/* How much the weight of the task of the largest loss is above the least of the others': below 0 as claimed. */
static double above_least(const struct cell_weights *w) {
    int largest = -1;
    for (int t = 0; t < ATTR_COUNT; t++)
        if (!isnan(w->beta[t]) && (largest < 0 || w->loss[t] > w->loss[largest]))
            largest = t;
    double least = NAN;
    for (int t = 0; t < ATTR_COUNT; t++)
        if (t != largest && !isnan(w->beta[t]))
            least = fmin(least, w->beta[t]);
    return largest < 0 ? NAN : w->beta[largest] - least;
}

static double statistic(const struct claim *c, const struct cell_weights *w) {
    if (c->form == FORM_INVERSE)
        return above_least(w);
    return w->beta[c->task] - (c->form == FORM_COMPARABLE ? w->beta[c->against] : 0);
}

/* One value a seed, the mean of its folds; or of one seed a value a fold. Returns how many. */
static size_t gather(const struct store_member **members, const double *of_cell, size_t n,
    double *value, bool *folds) {
    size_t seeds = 0;
    for (size_t i = 0; i < n; i++) {
        size_t count = 0;
        double sum = 0;
        bool first = true;
        for (size_t j = 0; j < n; j++)
            if (members[j]->seed == members[i]->seed &&
                members[j]->split_seed == members[i]->split_seed) {
                first &= j >= i;
                sum += of_cell[j];
                count++;
            }
        if (first)
            value[seeds++] = sum / (double)count;
    }
    *folds = seeds == 1 && n > 1;
    for (size_t i = 0; *folds && i < n; i++)
        value[i] = of_cell[i];
    return *folds ? n : seeds;
}

static void judge_weights(
    struct claim_result *r, const double *value, size_t n, bool folds, double confidence) {
    const struct claim *c = r->claim;
    /* Training parts of k folds share all but 1 / k of the images each. */
    double overlap = folds ? 1 / (double)(n - 1) : 0, sum = 0;
    double low = c->form == FORM_COMPARABLE ? -c->bound : c->form == FORM_LOW ? 0 : -1;
    double high = c->form == FORM_INVERSE ? 0 : c->bound;
    for (size_t i = 0; i < n; i++)
        sum += value[i];
    r->difference = sum / (double)n;
    r->runs = folds ? 1 : (int)n;
    r->interval = interval_of_mean(value, n, overlap, confidence);
    r->interval_confidence = confidence;
    if (n < 2) {
        r->why = xstrdup("one seed gives no interval: two or more would");
        return;
    }
    r->verdict = judge_within(r->interval, low, high);
    double half = (r->interval.high - r->interval.low) / 2;
    double distance = fmin(fabs(r->difference - low), fabs(r->difference - high));
    const struct spread p = {half, half, 0, (int)n};
    if (!folds)
        set_remedy(r, &p, distance, false);
    else if (r->verdict == JUDGED_UNDECIDED)
        r->why = xstrdup("more seeds would decide it: the interval is over the folds of one");
}

bool measure_weights(struct verdict_maker *m, size_t at, size_t system, struct err *e) {
    struct claim_result *r = &m->v->list[at];
    const struct store_member **members;
    size_t done, planned, learned = 0;
    system_members(
        m->v->systems, system, (enum attribute)r->claim->task, &members, &done, &planned);
    double *of_cell = xcalloc(done, sizeof *of_cell), *value = xcalloc(done, sizeof *value);
    double measured = 0, beside = 0;
    bool ok = true, folds;
    for (size_t i = 0; ok && i < done; i++) {
        struct cell_weights w;
        ok = read_weights(&w, m, members[i], e);
        of_cell[i] = ok ? statistic(r->claim, &w) : NAN;
        learned += !isnan(of_cell[i]);
        measured += ok ? w.beta[r->claim->task] / (double)done : 0;
        if (r->claim->against >= 0)
            beside += ok ? w.beta[r->claim->against] / (double)done : 0;
    }
    if (ok && learned < done) {
        r->verdict = JUDGED_UNTESTABLE;
        r->why = xstrdup("its variant learns no weights of these tasks");
    } else if (ok) {
        r->measured = measured;
        r->beside = r->claim->against >= 0 ? beside : NAN;
        size_t n = gather(members, of_cell, done, value, &folds);
        judge_weights(
            r, value, n, folds, equivalence_confidence(m->v->request->options.confidence));
    }
    free(members);
    free(of_cell);
    free(value);
    return ok;
}
