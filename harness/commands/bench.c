/* dmtl bench: how fast a trunk trains and infers here, alone, against PyTorch, and end to end. */
#include "commands/bench_verb.h"
#include "commands/command.h"
#include "commands/workers.h"

#include "analysis/percentile.h"
#include "core/cores.h"
#include "core/escape.h"
#include "core/interrupt.h"
#include "core/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OURS, PEER, PEER_TUNED, CONTENDERS }; /* of a race */

struct bench_run {
    const struct bench_options *o;
    struct speed speed;
    size_t rows[SPEED_INFER + 1][CONTENDERS];
    size_t in_memory, end_to_end; /* rows */
    char *peer;                   /* NULL: no race */
    struct bench_cell cell;
};

/* dmtl-torch; `warm` steps before those that count. */
static bool bench_ours(const struct bench_options *o, enum speed_mode mode, int warm,
    struct bench_sample *b, struct err *e) {
    *b = (struct bench_sample){0};
    char *program = workers_program(e), verb[] = "bench";
    if (!program)
        return false;
    struct str config = {0};
    str_add(&config, "--config=");
    json_canonical(&config, o->settings);
    char *in_mode = xasprintf("--mode=%s", speed_mode_name[mode]);
    char *device = xasprintf("--device=%s", o->device);
    char *threads = xasprintf("--threads=%d", o->threads);
    char *steps = xasprintf("--steps=%d", o->steps), *warming = xasprintf("--warm=%d", warm);
    char *argv[] = {program, verb, in_mode, config.text, device, threads, steps, warming, NULL};
    bool spin = workers_spin(o->threads, workers_heads_alone(&o->config, o->device));
    cJSON *json = bench_process_json("dmtl-torch", true, spin, argv, e);
    bool ok = json && bench_sample_read(b, json, "dmtl-torch", e);
    cJSON_Delete(json);
    free(warming);
    free(steps);
    free(threads);
    free(device);
    free(in_mode);
    str_free(&config);
    free(program);
    return ok;
}

/* ---- rows ---- */

static void keep_peaks(struct speed_row *row, const struct bench_sample *b) {
    if (b->peak_rss_bytes > row->peak_rss_bytes)
        row->peak_rss_bytes = b->peak_rss_bytes;
    if (b->peak_device_bytes > row->peak_device_bytes)
        row->peak_device_bytes = b->peak_device_bytes;
}

static void keep(struct bench_run *r, size_t row, double step_s, const struct bench_sample *b) {
    struct speed_row *to = &r->speed.rows[row];
    speed_add_seconds(to, b->seconds, b->n);
    speed_add_rate(to, r->o->config.batch / step_s);
    keep_peaks(to, b);
}

/* What ours ran on, said once. */
static void keep_place(struct speed *s, const struct bench_sample *b) {
    if (s->device || !b->device || !b->libtorch || !b->blas)
        return;
    s->device = xstrdup(b->device);
    s->libtorch = xstrdup(b->libtorch);
    s->blas = xstrdup(b->blas);
    s->threads = b->threads;
}

static double mean(const struct bench_sample *b) {
    double sum = 0;
    for (size_t i = 0; i < b->n; i++)
        sum += b->seconds[i];
    return sum / (double)b->n;
}

/* ---- measuring ---- */

static void say(const struct bench_run *r, int round, enum speed_mode mode, const char *who) {
    if (!command_quiet() && isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[Kround %d of %d, %s: %s", round, r->o->rounds,
            speed_mode_name[mode], who);
}

static bool measure_contender(
    struct bench_run *r, int round, enum speed_mode mode, int contender, struct err *e) {
    struct bench_sample b;
    size_t row = r->rows[mode][contender];
    say(r, round, mode, r->speed.rows[row].who);
    bool ok = contender == OURS ? bench_ours(r->o, mode, r->o->warm, &b, e)
                                : bench_peer(r->o, mode, contender == PEER_TUNED, &b, e);
    if (ok)
        keep(r, row, median(b.seconds, b.n), &b);
    if (ok && contender == OURS)
        keep_place(&r->speed, &b);
    bench_sample_free(&b);
    return ok;
}

/* Another one begins each round: who runs behind whom is no part of the result. */
static bool measure_mode(struct bench_run *r, int round, enum speed_mode mode, struct err *e) {
    int n = r->peer ? CONTENDERS : 1;
    bool ok = true;
    for (int turn = 0; ok && turn < n; turn++)
        ok = measure_contender(r, round, mode, (round - 1 + turn) % n, e);
    return ok;
}

static bool measure_end_to_end(struct bench_run *r, int round, struct err *e) {
    struct bench_sample b;
    double images_per_s;
    int64_t peak_rss_bytes;
    say(r, round, SPEED_END_TO_END, "held in memory");
    bool ok = bench_ours(r->o, SPEED_TRAIN, 0, &b, e);
    if (ok)
        keep(r, r->in_memory, mean(&b), &b);
    bench_sample_free(&b);
    say(r, round, SPEED_END_TO_END, "as a cell");
    if (!ok || !bench_cell_run(&r->cell, r->o, round, &images_per_s, &peak_rss_bytes, e))
        return false;
    struct speed_row *row = &r->speed.rows[r->end_to_end];
    speed_add_rate(row, images_per_s);
    if (peak_rss_bytes > row->peak_rss_bytes)
        row->peak_rss_bytes = peak_rss_bytes;
    return true;
}

/* Others' work on the same cores shows in every number. */
static void say_busy(void) {
    double load;
    int cores = cores_usable();
    if (!command_quiet() && getloadavg(&load, 1) == 1 && load > 0.5 * cores)
        fprintf(stderr,
            "the machine is busy (load %.1f on %d cores): expect other times when it is not\n",
            load, cores);
}

static bool measure(struct bench_run *r, struct err *e) {
    bool ok = true;
    for (int round = 1; ok && round <= r->o->rounds; round++) {
        for (int mode = SPEED_TRAIN; ok && mode <= SPEED_INFER; mode++)
            if (r->o->modes[mode])
                ok = measure_mode(r, round, (enum speed_mode)mode, e);
        if (ok && r->o->end_to_end)
            ok = measure_end_to_end(r, round, e);
    }
    if (!command_quiet() && isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K");
    return ok;
}

/* ---- the verb ---- */

static void add_rows(struct bench_run *r) {
    char *tuned = r->peer ? xasprintf("%s, heap tuned", r->peer) : NULL;
    for (int mode = SPEED_TRAIN; mode <= SPEED_INFER; mode++) {
        if (!r->o->modes[mode])
            continue;
        r->rows[mode][OURS] = speed_add(&r->speed, (enum speed_mode)mode, "dmtl");
        if (r->peer) {
            r->rows[mode][PEER] = speed_add(&r->speed, (enum speed_mode)mode, r->peer);
            r->rows[mode][PEER_TUNED] = speed_add(&r->speed, (enum speed_mode)mode, tuned);
        }
    }
    if (r->o->end_to_end) {
        r->in_memory = speed_add(&r->speed, SPEED_END_TO_END, "held in memory");
        r->end_to_end = speed_add(&r->speed, SPEED_END_TO_END, "end to end");
        r->speed.images = r->o->data.dir[DATASET_UTKFACE]     ? xstrdup("images of utkface")
                          : r->o->data.dir[DATASET_SYNTHETIC] ? xstrdup("images of synthetic")
                                                              : xstrdup("faces drawn for it");
    }
    free(tuned);
}

static void print(const struct bench_run *r) {
    struct str out = {0};
    (r->o->json ? speed_json : speed_table)(&out, &r->speed);
    fputs(out.text, stdout);
    str_free(&out);
}

static bool bench(const struct bench_options *o, struct err *e) {
    const struct config *c = &o->config;
    struct bench_run r = {.o = o,
        .speed = {.trunk = trunk_names[c->trunk.name].name,
            .precision = precision_names[c->precision].name,
            .train_from = c->trunk.train_from,
            .px = c->data.image_px,
            .batch = c->batch,
            .steps = o->steps,
            .warm = o->warm,
            .rounds = o->rounds,
            .threads = o->threads}};
    interrupt_catch();
    bool ok = (!o->race || bench_peer_find(o, &r.peer, &r.speed.skipped, e)) &&
              (!o->end_to_end || bench_cell_open(&r.cell, o, e));
    if (ok) {
        say_busy();
        add_rows(&r);
        ok = measure(&r, e);
    }
    if (ok) {
        print(&r);
    } else if (e->kind == ERR_INTERRUPTED) { /* whatever part of the work met it */
        *e = (struct err){0};
        err_interrupted(e, "bench: stopped before the end; nothing is kept of it");
    }
    bench_cell_close(&r.cell);
    speed_free(&r.speed);
    free(r.peer);
    return ok;
}

bool command_bench(int argc, char **argv, struct err *e) {
    struct bench_options o;
    bool done;
    bench_defaults(&o, e);
    bool ok = command_parse(&bench_argp, argc, argv, &o, NULL, &done, e);
    if (ok && !done)
        ok = bench_options_check(&o, e) && bench(&o, e);
    bench_options_free(&o);
    return ok;
}
