#include "learn/train.h"

#include "core/interrupt.h"
#include "core/mem.h"
#include "grid/cell_folder.h"
#include "grid/limbs.h"
#include "learn/best_epoch.h"
#include "learn/checkpoint.h"
#include "learn/epoch_text.h"
#include "learn/evaluate.h"
#include "learn/journal.h"
#include "learn/optimiser.h"
#include "learn/sample_rows.h"
#include "learn/schedule.h"
#include "learn/weighting.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

/* Seconds between heartbeats; they are for display alone. */
static const double beat_every_s = 1;

struct trainer {
    const struct training *in;
    const struct config *c;
    th_scope *step_scope;
    struct weighting *weighting;
    struct optimiser *optimiser;
    struct checkpoint checkpoint;
    struct journal journal;
    struct best_epoch best;
    bool better;                /* the last epoch is the best so far */
    uint32_t *rows[PART_COUNT]; /* the split without undecodable images */
    size_t n[PART_COUNT];
    uint32_t *order; /* of the epoch's training rows */
    int64_t steps_per_epoch;
    int64_t saved_step; /* of the checkpoint that the store knows */
    int saved_epochs;   /* the same */
    bool unvalidated;   /* the step is an epoch's last, and the epoch's validation is yet to come */
    th_tensor *sums; /* [2,T+1] f64, this epoch so far: loss x rows and rows; last column: joint */
    double began_s, checkpointed_s, beaten_s;
    size_t images_since_beat;
    double trained_s; /* by this attempt: within epochs, evaluation apart */
    size_t images_trained;
    double saving_s; /* by this attempt, in checkpoints and the rows up to them */
    int saves;
};

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double wall_s(const struct trainer *t) {
    return t->in->wall_before_s + now_s() - t->began_s;
}

static int epochs_done(const struct trainer *t) {
    return (int)(t->checkpoint.step / t->steps_per_epoch) - t->unvalidated;
}

static void say(const struct trainer *t, const char *line) {
    if (t->in->say)
        t->in->say(line);
}

static void log_line(const struct trainer *t, const char *line) {
    if (t->in->log)
        t->in->log(line);
}

/* ---- opening ---- */

/* What a checkpoint holds: learned tensors with velocities, running statistics, the epoch's sums. */
static void list_state(struct trainer *t) {
    size_t n;
    const struct learned *learned = optimiser_learned(t->optimiser, &n);
    for (size_t i = 0; i < n; i++) {
        checkpoint_add(&t->checkpoint, learned[i].weight, "%s", learned[i].name);
        checkpoint_add(&t->checkpoint, learned[i].velocity, "velocity/%s", learned[i].name);
    }
    const struct parameter *p = network_parameters(t->in->network, &n);
    for (size_t i = 0; i < n; i++)
        if (p[i].buffer && p[i].trainable)
            checkpoint_add(&t->checkpoint, p[i].tensor, "%s", p[i].name);
    checkpoint_add(&t->checkpoint, t->sums, "epoch/sums");
}

static bool resume(struct trainer *t, struct err *e) {
    struct str notes = {0};
    bool ok = checkpoint_load(&t->checkpoint, t->in->folder, t->in->known_step, &notes, e);
    if (ok && notes.len)
        say(t, notes.text);
    str_free(&notes);
    if (!ok)
        return false;
    if (t->checkpoint.step > t->steps_per_epoch * t->c->epochs)
        return err_set(e,
            "%s: its checkpoint is at step %" PRId64 " of %" PRId64
            "; delete the folder to train the cell anew",
            t->in->folder, t->checkpoint.step, t->steps_per_epoch * t->c->epochs);
    if (t->checkpoint.step == 0 && t->in->known_step > 0)
        say(t, "no checkpoint of it is left: it begins again\n");
    if (t->checkpoint.step > 0) {
        char line[128];
        snprintf(line, sizeof line, "goes on from step %" PRId64 " of %" PRId64 "\n",
            t->checkpoint.step, t->steps_per_epoch * t->c->epochs);
        say(t, line);
    }
    t->unvalidated = t->checkpoint.step > 0 && t->checkpoint.step % t->steps_per_epoch == 0 &&
                     t->in->known_epochs < epochs_done(t);
    if (!store_begin(t->in->store, e))
        return false;
    if (store_check_token(t->in->store, t->in->cell, t->in->token, e) &&
        store_rewind(t->in->store, t->in->cell, epochs_done(t), t->checkpoint.step, e) &&
        store_commit(t->in->store, e))
        return true;
    store_rollback(t->in->store);
    return false;
}

/* What the epochs before the checkpoint reached; the best one's network must still be there. */
static bool restore_best(struct trainer *t, struct err *e) {
    const struct training *in = t->in;
    best_epoch_open(&t->best, t->c);
    if (!best_epoch_restore(&t->best, in->store, in->cell, epochs_done(t), e))
        return false;
    int64_t step = t->c->report_epoch == REPORT_BEST ? t->best.epoch * t->steps_per_epoch : 0;
    t->checkpoint.kept[0] = t->checkpoint.kept[1] = step;
    return step == 0 || step == t->checkpoint.step || checkpoint_there(in->folder, step) ||
           err_set(e,
               "%s: the checkpoint of its best epoch (step %" PRId64
               ") is gone; delete the folder to train the cell anew",
               in->folder, step);
}

/* Whether a step of one image has more than one value a channel wherever the trunk is trained. */
static bool norms_have_values(const struct config *c) {
    return trunk_frozen(c) || c->data.image_px > trunk_stride(&trunk_tables[c->trunk.name]);
}

static bool open_rows(struct trainer *t, struct err *e) {
    if (!sample_rows(t->rows, t->n, t->c, t->in->source, t->in->split, e))
        return false;
    size_t batch = (size_t)t->c->batch, n = t->n[PART_TRAIN];
    if ((batch == 1 || n % batch == 1) && !norms_have_values(t->c))
        return err_set(e,
            "of %zu images to train on, /batch %zu leaves one alone in a step, and at /data/image_px %d a map ends as "
            "one place: batch norm has no variance of a single value; choose another /batch, or at least %d px",
            n, batch, t->c->data.image_px, trunk_stride(&trunk_tables[t->c->trunk.name]) + 1);
    t->steps_per_epoch = (int64_t)((n + batch - 1) / batch);
    t->order = xmalloc(t->n[PART_TRAIN] * sizeof *t->order);
    return true;
}

static bool trainer_open(struct trainer *t, const struct training *in, struct err *e) {
    *t = (struct trainer){.in = in, .c = in->config};
    t->began_s = t->checkpointed_s = t->beaten_s = now_s();
    t->step_scope = th_scope_new(in->device);
    t->checkpoint = (struct checkpoint){.cell = in->cell_id,
        .weights_sha256 = network_weights_sha256(in->network),
        .threads = th_threads()};
    if (!open_rows(t, e) || !(t->weighting = weighting_new(t->c, in->life, e)) ||
        !(t->optimiser = optimiser_new(
              t->c, in->network, weighting_log_variances(t->weighting), in->life, e)))
        return false;
    t->sums = th_zeros(in->life, TH_F64, 2, (int64_t[]){2, t->c->n_tasks + 1});
    if (!th_take_error(in->life, e))
        return false;
    list_state(t);
    if (!resume(t, e))
        return false;
    t->saved_step = t->checkpoint.step;
    t->saved_epochs = epochs_done(t);
    return restore_best(t, e);
}

static void trainer_close(struct trainer *t) {
    for (int part = 0; part < PART_COUNT; part++)
        free(t->rows[part]);
    free(t->order);
    journal_free(&t->journal);
    checkpoint_free(&t->checkpoint);
    optimiser_free(t->optimiser);
    weighting_free(t->weighting);
    th_scope_free(t->step_scope);
}

/* ---- one step ---- */

struct step_losses {
    th_tensor *task[MAX_TASKS + 1]; /* [] each, the joint loss behind the tasks' */
    th_tensor *in_joint[MAX_TASKS]; /* what the weighting takes: those of its logits */
    int labelled[MAX_TASKS];
    bool present[MAX_TASKS];
    size_t n;
};

static void forward(struct trainer *t, const struct feed_batch *b, struct step_losses *l) {
    th_scope *s = t->step_scope;
    struct pass pass = {s, true, t->c->seed, (uint32_t)t->checkpoint.step};
    th_tensor *logits[MAX_TASKS] = {0};
    feed_logits(t->in->source, t->in->network, &pass, b, logits);
    l->n = b->n;
    for (int k = 0; k < t->c->n_tasks; k++) {
        struct target target = feed_target(t->in->source, s, &t->c->tasks[k], b);
        l->in_joint[k] =
            loss_mean(s, &t->c->tasks[k], weighting_logits(t->weighting, s, k, logits[k]), &target);
        l->task[k] = weighting_scales(t->weighting)
                         ? loss_mean(s, &t->c->tasks[k], th_detach(s, logits[k]), &target)
                         : l->in_joint[k];
        l->labelled[k] = target.labelled;
        l->present[k] = target.labelled > 0;
    }
}

/* Adds the step's losses to the epoch's sums, on the device: nothing waits for it here. */
static void sum_losses(struct trainer *t, const struct step_losses *l) {
    th_scope *s = t->step_scope;
    int columns = t->c->n_tasks + 1;
    double counts[MAX_TASKS + 1];
    for (int k = 0; k < t->c->n_tasks; k++)
        counts[k] = l->labelled[k];
    counts[columns - 1] = (double)l->n;
    th_no_grad_begin();
    th_tensor *n = th_from(s, TH_F64, 2, (int64_t[]){1, columns}, counts);
    th_tensor *losses = th_convert(s, th_detach(s, th_stack(s, columns, l->task)), TH_F64);
    losses = th_reshape(s, losses, 2, (int64_t[]){1, columns});
    th_tensor *both = th_cat(s, 2, (th_tensor *[]){th_mul(s, losses, n), n}, 0);
    th_assign(s, t->sums, th_add(s, t->sums, both));
    th_no_grad_end();
}

/* Steps and epochs count from 1. */
static bool not_finite(const char *what, double value, int64_t step, int epoch, struct err *e) {
    return err_diverged(e,
        "the %s loss is %g at step %" PRId64 " (epoch %d): the training diverged; "
        "lower /optimiser/lr or lengthen /schedule/warmup_epochs in the grid file",
        what, value, step, epoch);
}

/* The losses and the weights that this step applied, for v_weights; its steps count from 1, so a
 * checkpoint after step S covers the rows up to S. */
static bool log_weights(struct trainer *t, const struct step_losses *l, const struct weights *w,
    int epoch, struct err *e) {
    for (int k = 0; k < t->c->n_tasks; k++) {
        enum attribute task = t->c->tasks[k].attribute;
        double loss = th_item(t->step_scope, l->task[k]);
        if (!th_ok(t->step_scope))
            return th_take_error(t->step_scope, e);
        if (!isfinite(loss))
            return not_finite(attribute_name[task], loss, t->checkpoint.step + 1, epoch, e);
        journal_weight(&t->journal, &(struct weight_row){epoch, t->checkpoint.step + 1, task, loss,
                                        w->log_variance[k], w->weight[k], w->beta[k]});
    }
    return true;
}

static bool step_once(struct trainer *t, const struct feed_batch *b, int epoch, struct err *e) {
    th_scope *s = t->step_scope;
    struct step_losses losses;
    struct weights weights;
    bool log = t->checkpoint.step % t->c->log_every == 0;
    forward(t, b, &losses);
    if (log)
        weighting_read(t->weighting, s, &weights);
    losses.task[t->c->n_tasks] =
        weighting_backward(t->weighting, s, losses.in_joint, losses.present);
    sum_losses(t, &losses);
    optimiser_step(t->optimiser, s, schedule_rate(t->c, t->checkpoint.step, t->steps_per_epoch));
    bool ok = th_take_error(s, e) || err_add(e, "step %" PRId64, t->checkpoint.step + 1);
    ok = ok && (!log || log_weights(t, &losses, &weights, epoch, e));
    th_scope_clear(s);
    if (!ok)
        return false;
    t->checkpoint.step++;
    t->images_since_beat += b->n;
    t->images_trained += b->n;
    return true;
}

/* ---- between steps ---- */

static bool save(struct trainer *t, struct err *e) {
    const struct training *in = t->in;
    double began_s = now_s();
    if (!store_check_token(
            in->store, in->cell, in->token, e)) /* who took over has files of his own here */
        return false;
    if (!checkpoint_save(&t->checkpoint, in->folder, e))
        return err_add(e, "the checkpoint of step %" PRId64, t->checkpoint.step);
    if (!journal_commit(&t->journal, in->store, in->cell, in->token, epochs_done(t),
            t->checkpoint.step, wall_s(t), e))
        return err_add(e, "the results up to step %" PRId64, t->checkpoint.step);
    checkpoint_drop_old(&t->checkpoint, in->folder);
    t->saved_step = t->checkpoint.step;
    t->saved_epochs = epochs_done(t);
    t->checkpointed_s = now_s();
    t->saving_s += t->checkpointed_s - began_s;
    t->saves++;
    return true;
}

/* Rows up to a divergence, without a checkpoint: else it would depend on when the last one was made whether
 * they are there. A resume takes them back. */
static void keep_diverged(struct trainer *t, struct err *e) {
    const struct training *in = t->in;
    struct err other = {0};
    if (!journal_commit(&t->journal, in->store, in->cell, in->token, t->saved_epochs, t->saved_step,
            wall_s(t), &other))
        *e = other;
}

/* What cannot be shown now is shown later: no training ends for it. */
static void beat(struct trainer *t) {
    struct err ignored = {0};
    double now = now_s(), since = now - t->beaten_s;
    if (since < beat_every_s)
        return;
    double fraction = (double)t->checkpoint.step / (double)(t->steps_per_epoch * t->c->epochs);
    double rate = (double)t->images_since_beat / since;
    t->beaten_s = now;
    t->images_since_beat = 0;
    store_heartbeat(t->in->store, t->in->cell, epochs_done(t), fraction, rate, &ignored);
}

static bool reports_best(const struct trainer *t) {
    return t->c->report_epoch == REPORT_BEST;
}

/* The step at the end of the epoch that is reported, as far as is known. */
static int64_t reported_step(const struct trainer *t) {
    return reports_best(t) ? t->best.epoch * t->steps_per_epoch : t->checkpoint.step;
}

/* A best epoch is saved at once. The one before it is kept until the store knows the new one. */
static bool save_best(struct trainer *t, struct err *e) {
    t->checkpoint.kept[1] = t->checkpoint.step;
    if (!save(t, e))
        return false;
    t->checkpoint.kept[0] = t->checkpoint.kept[1];
    return true;
}

/* After a step: stops on request, with a checkpoint; else saves when it is time. */
static bool between_steps(struct trainer *t, struct err *e) {
    if (interrupt_requested())
        return save(t, e) && err_interrupted(e, "stopped at step %" PRId64 " of %" PRId64,
                                 t->checkpoint.step, t->steps_per_epoch * t->c->epochs);
    bool due = now_s() - t->checkpointed_s >= t->c->checkpoint_every_s ||
               (t->c->checkpoint_every_steps > 0 &&
                   t->checkpoint.step % t->c->checkpoint_every_steps == 0);
    if (due && t->checkpoint.step > t->saved_step && !save(t, e))
        return false;
    beat(t);
    return true;
}

static bool keep_beating(void *context, size_t done, size_t total) {
    struct trainer *t = context;
    (void)done;
    (void)total;
    beat(t);
    return !interrupt_requested();
}

/* ---- one epoch ---- */

static void put_epoch(void *context, const struct epoch_row *row) {
    struct trainer *t = context;
    journal_epoch(&t->journal, row);
    best_epoch_see(&t->best, row);
}

static bool epoch_losses(struct trainer *t, int epoch, struct err *e) {
    int tasks = t->c->n_tasks, columns = tasks + 1;
    double sums[2 * (MAX_TASKS + 1)];
    th_scope *s = t->step_scope;
    th_read(s, t->sums, TH_F64, sums, 2 * (size_t)columns * sizeof sums[0]);
    if (!th_take_error(s, e))
        return false;
    th_scope_clear(s);
    for (int k = 0; k < columns; k++) {
        double n = sums[columns + k], loss = sums[k] / n;
        int task = k < tasks ? (int)t->c->tasks[k].attribute : -1;
        if (n == 0)
            continue;
        if (!isfinite(loss))
            return not_finite(
                task < 0 ? "joint" : attribute_name[task], loss, t->checkpoint.step, epoch, e);
        journal_epoch(
            &t->journal, &(struct epoch_row){epoch, PART_TRAIN, task, "loss", loss, (long)n});
    }
    return true;
}

/* The joint loss of the part's means. */
static void joint_validation(
    struct trainer *t, const struct answers *a, const struct weights *weights, int epoch) {
    double losses[MAX_TASKS];
    bool present[MAX_TASKS];
    for (int k = 0; k < t->c->n_tasks; k++) {
        losses[k] = a->tasks[k].scaled_loss;
        present[k] = a->tasks[k].labelled > 0;
    }
    double joint = weights_joint(weights, t->c->n_tasks, losses, present);
    journal_epoch(
        &t->journal, &(struct epoch_row){epoch, PART_VALIDATION, -1, "loss", joint, (long)a->n});
}

/* Under the weights that the next step would apply. */
static bool validate(struct trainer *t, int epoch, struct err *e) {
    const struct training *in = t->in;
    struct answers a = {0};
    struct weights weights;
    if (!weighting_read(t->weighting, t->step_scope, &weights))
        return th_take_error(t->step_scope, e);
    th_scope_clear(t->step_scope);
    bool ok = evaluate(&a, in->source, t->c, in->network, in->device, t->rows[PART_VALIDATION],
        t->n[PART_VALIDATION], weighting_scales(t->weighting) ? weights.weight : NULL, keep_beating,
        t, e);
    if (ok) {
        answers_summary(&a, in->source->manifest, t->c, PART_VALIDATION, epoch, put_epoch, t);
        joint_validation(t, &a, &weights, epoch);
        t->better = best_epoch_end(&t->best, epoch);
    }
    answers_free(&a);
    return ok;
}

static void log_epoch(const struct trainer *t, int epoch) {
    struct str line = {0};
    epoch_text(&line, t->journal.epochs, t->journal.n_epochs, epoch, t->c->epochs);
    if (t->images_trained)
        str_addf(&line, "; %.0f images/s", (double)t->images_trained / t->trained_s);
    log_line(t, line.text);
    str_free(&line);
}

static bool clear_sums(struct trainer *t, struct err *e) {
    th_scope *s = t->step_scope;
    th_assign(s, t->sums, th_zeros(s, TH_F64, 2, (int64_t[]){2, t->c->n_tasks + 1}));
    bool ok = th_take_error(s, e);
    th_scope_clear(s);
    return ok;
}

/* Its steps from the checkpoint's on: one inside an epoch is entered at its next batch. */
static bool train_epoch(struct trainer *t, int epoch, struct err *e) {
    int64_t first = t->checkpoint.step - epoch * t->steps_per_epoch, done = first;
    double began_s = now_s();
    if (first == 0 && !clear_sums(t, e))
        return false;
    memcpy(t->order, t->rows[PART_TRAIN], t->n[PART_TRAIN] * sizeof *t->order);
    epoch_order(t->c->seed, epoch, t->order, t->n[PART_TRAIN]);
    struct feed *feed = feed_open(
        t->in->source, t->c, t->order, t->n[PART_TRAIN], (size_t)t->c->batch, (size_t)first, epoch);
    struct feed_batch b;
    bool ok = true;
    while (ok && feed_next(feed, t->step_scope, &b)) {
        ok = step_once(t, &b, epoch + 1, e);
        done++;
        if (ok && done < t->steps_per_epoch)
            ok = between_steps(t, e);
    }
    feed_close(feed);
    th_synchronize(t->in->device); /* the steps are queued on a GPU, not done */
    t->trained_s += now_s() - began_s;
    t->unvalidated = ok;
    return ok;
}

/* The steps of an epoch whose validation was asked to stop are kept: a resume begins with the validation. */
static void keep_unvalidated(struct trainer *t, size_t epoch_rows, struct err *e) {
    struct err other = {0};
    t->journal.n_epochs = epoch_rows;
    if (!save(t, &other))
        *e = other;
}

/* Epochs count from 1 in the store. */
static bool run_epoch(struct trainer *t, int epoch, struct err *e) {
    if (!t->unvalidated && !train_epoch(t, epoch, e))
        return false;
    size_t epoch_rows = t->journal.n_epochs; /* a checkpoint inside the epoch has emptied it */
    if (!epoch_losses(t, epoch + 1, e))
        return false;
    if (!validate(t, epoch + 1, e)) {
        if (e->kind == ERR_INTERRUPTED)
            keep_unvalidated(t, epoch_rows, e);
        return false;
    }
    t->unvalidated = false;
    log_epoch(t, epoch + 1);
    return true;
}

/* ---- the end ---- */

static int64_t peak_rss_bytes(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (int64_t)usage.ru_maxrss * 1024;
}

static bool store_results(
    struct trainer *t, const struct answers answers[PART_COUNT], struct err *e) {
    const struct training *in = t->in;
    if (!store_check_token(in->store, in->cell, in->token, e))
        return false;
    for (int part = PART_VALIDATION; part <= PART_TEST; part++)
        if (!answers_store(&answers[part], in->source->manifest, t->c, in->bins, in->store,
                in->cell, in->dataset, part, e))
            return false;
    if (t->images_trained > 0 &&
        !store_trained(in->store, in->cell, (double)t->images_trained / t->trained_s, e))
        return false;
    int reported_epoch = (int)(reported_step(t) / t->steps_per_epoch);
    return journal_put(&t->journal, in->store, in->cell, epochs_done(t), t->checkpoint.step,
               wall_s(t), e) &&
           store_finish(in->store, in->cell, wall_s(t), peak_rss_bytes(), reported_epoch, e);
}

/* Puts the network of the reported epoch in place; the training's step stays what it is. */
static bool load_reported(struct trainer *t, struct err *e) {
    int64_t last = t->checkpoint.step, step = reported_step(t);
    bool ok = step == last || checkpoint_load_step(&t->checkpoint, t->in->folder, step, e);
    t->checkpoint.step = last;
    return ok;
}

/* The test part is read here and nowhere else. */
static bool finish(struct trainer *t, struct err *e) {
    const struct training *in = t->in;
    struct answers answers[PART_COUNT] = {0};
    bool ok = load_reported(t, e);
    for (int part = PART_VALIDATION; ok && part <= PART_TEST; part++)
        ok = evaluate(&answers[part], in->source, t->c, in->network, in->device, t->rows[part],
            t->n[part], NULL, keep_beating, t, e);
    if (ok && (ok = store_begin(in->store, e))) {
        ok = store_results(t, answers, e) && store_commit(in->store, e);
        if (!ok) {
            store_rollback(in->store);
            err_add(e, "the predictions and metrics");
        }
    }
    for (int part = 0; part < PART_COUNT; part++)
        answers_free(&answers[part]);
    if (ok)
        cell_keep_only(in->folder, reported_step(t));
    return ok;
}

static void log_checkpoints(const struct trainer *t) {
    char line[128];
    double took_s = now_s() - t->began_s;
    snprintf(line, sizeof line, "%d checkpoint%s took %.2f s of %.1f s (%.2f %%)", t->saves,
        t->saves == 1 ? "" : "s", t->saving_s, took_s, took_s > 0 ? 100 * t->saving_s / took_s : 0);
    if (t->saves)
        log_line(t, line);
}

static bool is_over(const struct trainer *t) {
    return t->checkpoint.step >= t->steps_per_epoch * t->c->epochs || best_epoch_stops(&t->best);
}

/* What else the process computes, a frozen trunk's features, is f32 whatever the cell's /precision. */
bool train(const struct training *in, struct err *e) {
    struct trainer t;
    th_set_precision(network_precision(in->config, in->device));
    bool ok = trainer_open(&t, in, e);
    while (ok && (t.unvalidated || !is_over(&t))) {
        ok = run_epoch(&t, epochs_done(&t), e);
        if (ok && t.better && reports_best(&t))
            ok = save_best(&t, e);
        else if (ok && is_over(&t))
            ok = save(&t, e); /* evaluation and later verbs go on from the last step */
        if (ok && !is_over(&t))
            ok = between_steps(&t, e);
    }
    ok = ok && finish(&t, e);
    if (!ok && e->kind == ERR_DIVERGED)
        keep_diverged(&t, e);
    log_checkpoints(&t);
    trainer_close(&t);
    th_set_precision(TH_IN_F32);
    return ok;
}
