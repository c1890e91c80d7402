#include "learn/weighting.h"

#include "core/mem.h"

#include <math.h>
#include <stdlib.h>

struct weighting {
    const struct weighting_row *row;
    int n_tasks;
    double constant[MAX_TASKS]; /* fixed and equal: the weights as applied */
    double owed[MAX_TASKS];     /* uncertainty: how many times s_t / 2 */
    th_tensor *log_variances;   /* uncertainty, exact or not: s [T] */
};

struct weighting_row {
    bool (*init)(struct weighting *w, const struct config *c, th_scope *life, struct err *e);
    /* losses [T] -> what each adds to the joint loss, [T] */
    th_tensor *(*terms)(const struct weighting *w, th_scope *s, th_tensor *losses);
    bool scales; /* the logits, by e^{-s_t} */
};

static th_tensor *vector(th_scope *s, const double *values, int n) {
    float f[MAX_TASKS];
    for (int i = 0; i < n; i++)
        f[i] = (float)values[i];
    return th_from(s, TH_F32, 1, &(int64_t){n}, f);
}

/* ---- learned: Eq 15 ---- */

static bool init_uncertainty(
    struct weighting *w, const struct config *c, th_scope *life, struct err *e) {
    double start[MAX_TASKS];
    for (int t = 0; t < w->n_tasks; t++) {
        const struct task_config *task = &c->tasks[t];
        bool each = task->kind == TASK_ORDINAL && c->weighting.log_sigmas == LOG_SIGMAS_PROBLEM;
        start[t] = c->weighting.initial_log_variance;
        w->owed[t] = each ? task->ranks[1] - task->ranks[0] : 1;
    }
    w->log_variances = vector(life, start, w->n_tasks);
    th_require_grad(life, w->log_variances);
    return th_take_error(life, e);
}

static th_tensor *terms_uncertainty(const struct weighting *w, th_scope *s, th_tensor *losses) {
    th_tensor *precision = th_exp(s, th_affine(s, w->log_variances, -1, 0));
    th_tensor *half = th_affine(s, vector(s, w->owed, w->n_tasks), 0.5, 0);
    return th_add(s, th_mul(s, precision, losses), th_mul(s, w->log_variances, half));
}

/* ---- learned: Eq 13 ---- */

static th_tensor *terms_exact(const struct weighting *w, th_scope *s, th_tensor *losses) {
    (void)w;
    (void)s;
    return losses;
}

bool weighting_scales(const struct weighting *w) {
    return w->row->scales;
}

th_tensor *weighting_logits(struct weighting *w, th_scope *s, int t, th_tensor *logits) {
    if (!w->row->scales)
        return logits;
    th_tensor *own = th_narrow(s, w->log_variances, 0, t, 1);
    return th_mul(s, logits, th_exp(s, th_affine(s, own, -1, 0)));
}

/* ---- constant: fixed and equal ---- */

static bool normalise(struct weighting *w, enum normalise how, struct err *e) {
    if (how == NORMALISE_NONE)
        return true;
    double sum = 0;
    for (int t = 0; t < w->n_tasks; t++)
        sum += w->constant[t];
    if (!(sum > 0))
        return err_usage(e,
            "/weighting/normalise: %s: the tasks' weights sum to %g; expected a "
            "positive sum; set /tasks/NAME/weight or normalise to \"none\"",
            normalise_names[how].name, sum);
    double target = how == NORMALISE_TASKS ? w->n_tasks : 1;
    for (int t = 0; t < w->n_tasks; t++)
        w->constant[t] *= target / sum;
    return true;
}

static bool init_fixed(struct weighting *w, const struct config *c, th_scope *life, struct err *e) {
    (void)life;
    for (int t = 0; t < w->n_tasks; t++)
        w->constant[t] = c->tasks[t].weight;
    return normalise(w, c->weighting.normalise, e);
}

static bool init_equal(struct weighting *w, const struct config *c, th_scope *life, struct err *e) {
    (void)life;
    for (int t = 0; t < w->n_tasks; t++)
        w->constant[t] = 1;
    return normalise(w, c->weighting.normalise, e);
}

static th_tensor *terms_constant(const struct weighting *w, th_scope *s, th_tensor *losses) {
    return th_mul(s, vector(s, w->constant, w->n_tasks), losses);
}

/* ---- the table ---- */

static const struct weighting_row weightings[] = {
    [WEIGHTING_UNCERTAINTY] = {init_uncertainty, terms_uncertainty, false},
    [WEIGHTING_UNCERTAINTY_EXACT] = {init_uncertainty, terms_exact, true},
    [WEIGHTING_FIXED] = {init_fixed, terms_constant, false},
    [WEIGHTING_EQUAL] = {init_equal, terms_constant, false},
};
_Static_assert(ARRAY_LEN(weightings) == WEIGHTING_COUNT, "a row for every weighting");

static const struct weighting_row single_task = {NULL, terms_constant, false};

struct weighting *weighting_new(const struct config *c, th_scope *life, struct err *e) {
    struct weighting *w = xcalloc(1, sizeof *w);
    w->n_tasks = c->n_tasks;
    w->row = c->n_tasks > 1 ? &weightings[c->weighting.kind] : &single_task;
    w->constant[0] = 1;
    if (w->row->init && !w->row->init(w, c, life, e)) {
        weighting_free(w);
        return NULL;
    }
    return w;
}

void weighting_free(struct weighting *w) {
    free(w);
}

th_tensor *weighting_log_variances(struct weighting *w) {
    return w->log_variances;
}

th_tensor *weighting_backward(
    struct weighting *w, th_scope *s, th_tensor *const *losses, const bool *present) {
    th_tensor *terms = w->row->terms(w, s, th_stack(s, w->n_tasks, losses));
    double here[MAX_TASKS];
    bool all = true;
    for (int t = 0; t < w->n_tasks; t++) {
        here[t] = present[t];
        all = all && present[t];
    }
    if (!all)
        terms = th_mul(s, terms, vector(s, here, w->n_tasks));
    th_tensor *joint = th_sum(s, terms);
    th_backward(s, joint);
    return joint;
}

bool weighting_read(struct weighting *w, th_scope *s, struct weights *out) {
    double learned[MAX_TASKS], sum = 0;
    if (w->log_variances &&
        !th_read(s, w->log_variances, TH_F64, learned, (size_t)w->n_tasks * sizeof learned[0]))
        return false;
    for (int t = 0; t < w->n_tasks; t++) {
        out->log_variance[t] = w->log_variances ? learned[t] : NAN;
        out->weight[t] = w->log_variances ? exp(-learned[t]) : w->constant[t];
        out->of_loss[t] = w->row->scales ? 1 : out->weight[t];
        out->added[t] = w->log_variances && !w->row->scales ? w->owed[t] * learned[t] / 2 : 0;
        sum += out->weight[t];
    }
    for (int t = 0; t < w->n_tasks; t++)
        out->beta[t] = sum > 0 ? out->weight[t] / sum : 0;
    return true;
}

double weights_joint(
    const struct weights *w, int n_tasks, const double *losses, const bool *present) {
    double joint = 0;
    for (int t = 0; t < n_tasks; t++)
        if (present[t])
            joint += w->of_loss[t] * losses[t] + w->added[t];
    return joint;
}
