#include "worker/cell.h"

#include "core/escape.h"
#include "core/interrupt.h"
#include "core/mem.h"
#include "core/version.h"
#include "grid/choice.h"
#include "grid/config_split.h"
#include "grid/keys.h"
#include "grid/lease.h"
#include "grid/select.h"
#include "grid/set_samples.h"
#include "grid/split_gates.h"
#include "learn/checkpoint.h"
#include "learn/train.h"
#include "worker/cell_log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const struct worker *talking; /* train's `say` carries no context: one worker a process */
static const struct cell_record *talking_about;
static struct cell_log talking_log;

/* By one write, so that it stays whole among what other workers say. */
static void cell_say_line(const struct cell_record *r, const char *what, const char *line) {
    struct str out = {0};
    escape_line(&out, r->variant);
    str_addf(&out, " %.12s%s: ", r->id, what);
    escape_line(&out, line);
    str_addc(&out, '\n');
    fwrite(out.text, 1, out.len, stderr);
    str_free(&out);
}

static void cell_say(const struct cell_record *r, const char *what, const char *lines) {
    for (const char *end; *lines; lines = *end ? end + 1 : end) {
        end = lines + strcspn(lines, "\n");
        char *line = xstrndup(lines, (size_t)(end - lines));
        cell_say_line(r, what, line);
        free(line);
    }
}

void cell_say_failed(const struct cell_record *r, const struct err *why) {
    cell_say_line(r, " failed", why->msg);
}

static void log_line(const char *line) {
    cell_log_line(&talking_log, line);
}

static void say(const char *line) {
    log_line(line);
    if (!talking->options->quiet)
        cell_say(talking_about, "", line);
}

/* ---- what a run is on record with ---- */

static char *commit_text(void) {
    return xasprintf("%s%s", version_commit(), version_dirty() ? "-dirty" : "");
}

struct running { /* of one cell, released together */
    struct lease lease;
    struct config config;
    struct split split;
    th_scope *life;
    struct network *network;
    char lists[SHA256_HEX]; /* content of the split's lists; "": none */
    int64_t token;          /* of our claim; 0: not claimed yet */
};

static void log_claim(const struct running *run, const struct cell_record *r, const char *host,
    const char *device, const char *commit) {
    char *line =
        xasprintf("run %lld of %s %s begins on %s, %s, %d threads; dmtl %s (%s), libtorch %s",
            (long long)run->token, r->variant, r->id, host, device, th_threads(), DMTL_VERSION,
            commit, th_version());
    log_line(line);
    free(line);
}

/* With what is known so far: `m` and the network may be NULL. */
static bool claim(struct worker *w, struct running *run, const struct cell_record *r,
    const struct manifest *m, struct err *e) {
    char device[128], host[256] = "";
    th_device_name(w->device, device);
    gethostname(host, sizeof host - 1);
    char *commit = commit_text();
    bool ok = store_claim(w->store, r->cell,
        &(struct provenance){.program_version = DMTL_VERSION,
            .git_commit = commit,
            .libtorch = th_version(),
            .blas = th_blas(),
            .device = device,
            .host = host,
            .threads = th_threads(),
            .data_fingerprint = m ? m->fingerprint : NULL,
            .weights_sha256 = run->network ? network_weights_sha256(run->network) : NULL,
            .backend = run->network ? network_backend(run->network) : NULL,
            .lists_sha256 = *run->lists ? run->lists : NULL},
        &run->token, e);
    if (ok)
        log_claim(run, r, host, device, commit);
    else
        run->token = 0;
    free(commit);
    return ok;
}

/* The set with its samples, and which of them do not decode. */
static bool put_dataset(
    struct worker *w, const struct source *source, int64_t *dataset, struct err *e) {
    const struct manifest *m = source->manifest;
    bool ok = store_begin(w->store, e);
    if (ok) {
        ok = set_put(w->store, m, dataset, e) &&
             store_put_undecodable(w->store, *dataset, source->bad, m->n, e) &&
             store_commit(w->store, e);
        if (!ok)
            store_rollback(w->store);
    }
    return ok;
}

/* ---- running ---- */

static bool show_building(void *context, size_t done, size_t total) {
    static const char *const what[] = {"making pixels", "making features"};
    const struct network *net = context;
    if (done == total || done % 1024 < 32) {
        char line[96];
        snprintf(line, sizeof line, "%s: %zu of %zu images\n", what[network_trunk_frozen(net)],
            done, total);
        say(line);
    }
    return !interrupt_requested();
}

static bool split_of(const struct worker *w, struct split *s, const struct manifest *m,
    const struct config *c, const bool tasks[ATTR_COUNT], struct err *e) {
    bool ok = config_split(s, m, c, data_options_lists(&w->options->data), e) &&
              config_split_serves(s, m, c, e);
    if (ok)
        config_split_keep_labelled(s, m, c, tasks);
    if (ok && s->unusable) {
        char line[96];
        snprintf(line, sizeof line, "listed names that are no usable image are left out: %zu\n",
            s->unusable);
        say(line);
    }
    size_t shared = ok ? split_shared_subjects(s, m) : 0;
    if (shared) {
        char line[128];
        snprintf(line, sizeof line,
            "leaky split: %zu persons have images in more than one of its parts\n", shared);
        say(line);
    }
    return ok;
}

/* What the gates find goes on record with the cell. `dmtl run` has looked before it started us; here it is the
 * data that are trained on, and what is refused ends the worker. */
static bool pass_gates(struct worker *w, const struct running *run, const struct cell_record *r,
    const struct manifest *m, const bool tasks[ATTR_COUNT], struct err *e) {
    const struct config *c = &run->config;
    struct findings f = {0};
    split_gates(&f, c, m, &run->split, tasks, &w->options->gates);
    struct store_finding *rows = xcalloc(f.n, sizeof *rows);
    for (size_t i = 0; i < f.n; i++) {
        const struct finding *x = &f.list[i];
        rows[i] = (struct store_finding){x->gate, x->verdict, x->attribute, x->part, x->against,
            x->value, x->bound, x->n, x->examples, x->text};
    }
    bool ok = store_begin(w->store, e);
    if (ok) {
        ok = store_check_token(w->store, r->cell, run->token, e) &&
             store_put_findings(w->store, r->cell, rows, f.n, e) && store_commit(w->store, e);
        if (!ok)
            store_rollback(w->store);
    }
    ok = ok && split_gates_allow(&f, c, e);
    free(rows);
    findings_free(&f);
    return ok;
}

/* Sums depend on the number of threads, so a cell keeps the one it was begun with. */
static bool set_threads(
    struct worker *w, const struct running *run, const struct cell_record *r, struct err *e) {
    int begun_with = checkpoint_threads(run->lease.folder, r->step);
    return th_setup(begun_with ? begun_with : w->threads, true, e);
}

static bool run_claimed(struct worker *w, struct running *run, const struct cell_record *r,
    const struct manifest *m, struct err *e) {
    int64_t dataset;
    if (!claim(w, run, r, m, e))
        return e->kind == ERR_NONE; /* done by now */
    const struct source *source = sets_source(&w->sets, w->options, &run->config, run->network,
        w->device, show_building, run->network, e);
    bool tasks[ATTR_COUNT] = {false};
    for (int t = 0; t < run->config.n_tasks; t++)
        tasks[run->config.tasks[t].attribute] = true;
    if (!source || !put_dataset(w, source, &dataset, e) ||
        !split_of(w, &run->split, m, &run->config, tasks, e) || !pass_gates(w, run, r, m, tasks, e))
        return false;
    return train(&(struct training){.config = &run->config,
                     .cell_id = r->id,
                     .folder = run->lease.folder,
                     .network = run->network,
                     .life = run->life,
                     .device = w->device,
                     .source = source,
                     .split = &run->split,
                     .bins = &w->bins,
                     .store = w->store,
                     .cell = r->cell,
                     .token = run->token,
                     .dataset = dataset,
                     .known_step = r->step,
                     .known_epochs = r->epochs_done,
                     .wall_before_s = r->wall_s,
                     .say = say,
                     .log = log_line},
        e);
}

static bool check_weights(struct worker *w, const struct running *run, struct err *e) {
    const char *sha256 = network_weights_sha256(run->network);
    return !sha256 ||
           choice_check_weights(w->store, w->options->grid,
               trunk_names[run->config.trunk.name].name, run->config.trunk.weights, sha256, e);
}

static bool check_lists(struct worker *w, struct running *run, struct err *e) {
    return config_lists_content(
               &run->config, data_options_lists(&w->options->data), run->lists, e) &&
           choice_check_lists(w->store, w->options->grid, &run->config, run->lists, e);
}

/* Its configuration, which this device can do: config_free. */
static bool read_config(
    const struct worker *w, const struct cell_record *r, struct config *c, struct err *e) {
    return config_parse_text(c, r->config, "the stored configuration", e) &&
           th_precision_there(network_precision(c, w->device), w->device, e);
}

bool cell_possible(const struct worker *w, const struct cell_record *r, struct err *e) {
    struct config c = {0};
    bool ok = read_config(w, r, &c, e);
    config_free(&c);
    return ok;
}

static bool prepare(struct worker *w, struct running *run, const struct cell_record *r,
    const struct manifest **m, struct err *e) {
    bool ok = read_config(w, r, &run->config, e);
    if (ok && config_selects(&run->config))
        return err_set(
            e, "its open keys were not chosen: the database was changed by another hand");
    if (!ok || !(*m = sets_manifest(&w->sets, w->options, &run->config, e)) ||
        !choice_check_data(w->store, w->options->grid, *m, e) || !check_lists(w, run, e) ||
        !set_threads(w, run, r, e))
        return false;
    run->life = th_scope_new(w->device);
    run->network = network_new(&run->config, run->life, w->options->weights_dir, e);
    if (run->network && network_weights_missing(run->network) > 0) {
        char line[96];
        snprintf(line, sizeof line,
            "%zu of the trunk's tensors are not in its weights' file: drawn\n",
            network_weights_missing(run->network));
        say(line);
    }
    return run->network && check_weights(w, run, e);
}

/* Notes in the store why the cell stopped, under our claim. One that failed before it was claimed is
 * claimed for that: every failure is a run on record. Wrong usage found before the claim leaves the
 * cell as it was, for it is not about the cell; nor is a full disk, which leaves it to be gone on with. */
static bool note_stop(struct worker *w, struct running *run, const struct cell_record *r,
    const struct manifest *m, const struct err *why, struct err *e) {
    if (why->kind == ERR_INTERRUPTED || why->kind == ERR_NO_SPACE)
        return !run->token || store_interrupt(w->store, r->cell, run->token, e);
    if (!run->token && (why->kind == ERR_USAGE || !claim(w, run, r, m, e)))
        return e->kind == ERR_NONE;
    return store_fail(w->store, r->cell, run->token, why->msg, e) &&
           (why->kind != ERR_DIVERGED || store_diverged(w->store, r->cell, e));
}

/* Wrong usage, interruption and a full disk end the worker: the next cell would meet the same. A store
 * that has no room for the note either leaves the cell as a killed worker does, and that is as good. */
static enum cell_outcome stopped(struct worker *w, struct running *run, const struct cell_record *r,
    const struct manifest *m, struct err *e) {
    struct err store_error = {0};
    bool noted = note_stop(w, run, r, m, e, &store_error);
    bool full_too = e->kind == ERR_NO_SPACE && store_error.kind == ERR_NO_SPACE;
    if (!noted && !full_too && strcmp(store_error.msg, e->msg) != 0)
        err_add(e, "(not noted in the store: %s)", store_error.msg);
    bool of_the_cell = e->kind == ERR_FAILED || e->kind == ERR_DIVERGED;
    return noted && of_the_cell ? OUTCOME_FAILED : OUTCOME_STOPPED;
}

static void log_end(enum cell_outcome outcome, const struct err *e) {
    char *line =
        outcome == OUTCOME_DONE
            ? xstrdup("done")
            : xasprintf("%s: %s", outcome == OUTCOME_FAILED ? "failed" : "stopped", e->msg);
    log_line(line);
    free(line);
}

static enum cell_outcome run_held(
    struct worker *w, struct running *run, const struct cell_record *r, struct err *e) {
    const struct manifest *m = NULL;
    talking = w;
    talking_about = r;
    cell_log_open(&talking_log, run->lease.folder);
    bool ok = prepare(w, run, r, &m, e) && run_claimed(w, run, r, m, e);
    enum cell_outcome outcome = ok ? OUTCOME_DONE : stopped(w, run, r, m, e);
    log_end(outcome, e);
    cell_log_close(&talking_log);
    return outcome;
}

bool cell_refuse(
    struct worker *w, const struct cell_record *r, const struct err *why, struct err *e) {
    struct running run = {.lease.fd = -1};
    cell_say_failed(r, why);
    if (!store_begin(w->store, e))
        return false;
    if (claim(w, &run, r, NULL, e) && store_fail(w->store, r->cell, run.token, why->msg, e) &&
        store_commit(w->store, e))
        return true;
    store_rollback(w->store);
    return false;
}

bool cell_open(const struct cell_record *r) {
    return r->state != CELL_DONE && r->state != CELL_FAILED;
}

/* What was listed may have changed before the lock was ours: another worker went on with the cell, or
 * finished it, or failed at it. */
static enum cell_outcome run_if_open(
    struct worker *w, struct running *run, const struct cell_record *listed, struct err *e) {
    struct cell_record now;
    int found = choice_cell(w->store, w->options->grid, listed->cell, &now, e);
    if (found <= 0)
        return found < 0 ? OUTCOME_STOPPED : OUTCOME_SETTLED;
    enum cell_outcome outcome = cell_open(&now) ? run_held(w, run, &now, e) : OUTCOME_SETTLED;
    store_cell_free(&now);
    return outcome;
}

static enum cell_outcome try_once(
    struct worker *w, struct running *run, const struct cell_record *listed, struct err *e) {
    enum cell_outcome outcome = run_if_open(w, run, listed, e);
    network_free(run->network);
    th_scope_free(run->life);
    split_free(&run->split);
    config_free(&run->config);
    *run = (struct running){.lease = run->lease};
    return outcome;
}

/* What failed for want of something may have it a little later: 1, 2, 4 ... 32 seconds, as long as no stop is
 * asked for. */
static void wait_before(int retry) {
    for (int s = 1 << (retry < 6 ? retry - 1 : 5); s > 0 && !interrupt_requested(); s--)
        nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
}

/* The lease stays ours between the tries, so that no other worker tries the cell as often again. */
enum cell_outcome cell_run(struct worker *w, const struct cell_record *listed, struct err *e) {
    struct running run = {.lease.fd = -1};
    if (!lease_take(&run.lease, w->options->db, listed->id, e))
        return e->kind == ERR_NONE ? OUTCOME_HELD : OUTCOME_STOPPED;
    enum cell_outcome outcome = try_once(w, &run, listed, e);
    for (int retry = 1; outcome == OUTCOME_FAILED && e->kind != ERR_DIVERGED &&
                        retry <= w->options->retries && !interrupt_requested();
         retry++) {
        char *what = xasprintf(" failed, retry %d of %d follows", retry, w->options->retries);
        cell_say_line(listed, what, e->msg);
        free(what);
        wait_before(retry);
        *e = (struct err){0};
        outcome =
            store_retry(w->store, listed->cell, e) ? try_once(w, &run, listed, e) : OUTCOME_STOPPED;
    }
    lease_release(&run.lease);
    return outcome;
}
