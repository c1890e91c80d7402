#include "commands/bench_verb.h"
#include "commands/workers.h"

#include "core/interrupt.h"
#include "core/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_OUTPUT ((size_t)64 << 20)

/* ---- running it ---- */

/* Reads to the end; a request to stop is handed on once, and the end then waited for. */
static bool read_all(int fd, struct workers *w, struct str *out) {
    char bytes[4096];
    bool stopping = false;
    for (;;) {
        if (interrupt_requested() && !stopping) {
            workers_stop(w);
            stopping = true;
        }
        ssize_t n = read(fd, bytes, sizeof bytes);
        if (n > 0 && out->len < MAX_OUTPUT)
            str_addn(out, bytes, (size_t)n);
        else if (n == 0 || (n < 0 && errno != EINTR))
            return n == 0;
    }
}

static void wait_for(struct workers *w) {
    const struct timespec pause = {.tv_nsec = 1000 * 1000};
    for (workers_reap(w); w->running; workers_reap(w)) {
        if (interrupt_requested())
            workers_stop(w);
        nanosleep(&pause, NULL);
    }
}

static bool outcome(const char *what, bool ours, const struct workers *w, struct err *e) {
    if (interrupt_requested() || w->worst == 75)
        return err_interrupted(e, "%s: stopped", what);
    if (w->worst == 2)
        return err_usage(e, "bench: %s: the message above says why", what);
    if (w->worst == 1 || w->worst == WORKER_EXIT_NO_SPACE)
        return err_set(e,
            "bench: %s: failed with exit code %d; what it says of that stands above%s", what,
            w->worst,
            ours ? " (the keys /batch and /data/image_px are --batch and --px here)" : "");
    if (w->worst == 0)
        return true;
    char *text = workers_breakdown(w);
    err_set(e, "bench: %s: %s", what, text);
    free(text);
    return false;
}

static bool run(
    const char *what, bool ours, bool spin, char *const *argv, struct str *out, struct err *e) {
    int ends[2];
    struct workers w = {0};
    if (interrupt_requested())
        return err_interrupted(e, "%s: stopped", what);
    if (pipe(ends) != 0)
        return err_sys(e, errno, "bench: %s: a pipe", what);
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    bool ok = workers_start(&w, 1, spin, ends[1], NULL, argv, e);
    close(ends[1]);
    if (ok) {
        bool whole = read_all(ends[0], &w, out);
        wait_for(&w);
        ok = outcome(what, ours, &w, e) &&
             (whole || err_set(e, "bench: %s: its output cannot be read", what));
    }
    close(ends[0]);
    workers_free(&w);
    return ok;
}

bool bench_process(const char *what, bool spin, char *const *argv, struct err *e) {
    struct str out = {0};
    bool ok = run(what, true, spin, argv, &out, e);
    str_free(&out);
    return ok;
}

cJSON *bench_process_json(
    const char *what, bool ours, bool spin, char *const *argv, struct err *e) {
    struct str out = {0};
    cJSON *json = NULL;
    if (run(what, ours, spin, argv, &out, e))
        json = json_parse(what, out.text ? out.text : "", out.len, e);
    str_free(&out);
    return json;
}

/* ---- what it said ---- */

static char *text_of(const cJSON *json, const char *name) {
    const cJSON *text = json_get(json, name);
    return cJSON_IsString(text) ? xstrdup(text->valuestring) : NULL;
}

static int64_t bytes_of(const cJSON *json, const char *name) {
    const cJSON *bytes = json_get(json, name);
    return cJSON_IsNumber(bytes) && bytes->valuedouble > 0 && bytes->valuedouble < 1e18
               ? (int64_t)bytes->valuedouble
               : 0;
}

bool bench_sample_read(struct bench_sample *b, const cJSON *json, const char *what, struct err *e) {
    const cJSON *seconds = json_get(json, "seconds"), *one;
    int n = cJSON_IsArray(seconds) ? cJSON_GetArraySize(seconds) : 0;
    *b = (struct bench_sample){.seconds = xmalloc((size_t)n * sizeof(double)),
        .peak_rss_bytes = bytes_of(json, "peak_rss_bytes"),
        .peak_device_bytes = bytes_of(json, "peak_device_bytes"),
        .threads = (int)bytes_of(json, "threads"),
        .device = text_of(json, "device"),
        .libtorch = text_of(json, "libtorch"),
        .blas = text_of(json, "blas")};
    cJSON_ArrayForEach(one, seconds) {
        if (!cJSON_IsNumber(one) || one->valuedouble <= 0)
            return err_set(e, "bench: %s: a step's time is no number above 0", what);
        b->seconds[b->n++] = one->valuedouble;
    }
    return b->n > 0 || err_set(e, "bench: %s: printed no step's time", what);
}

void bench_sample_free(struct bench_sample *b) {
    free(b->seconds);
    free(b->device);
    free(b->libtorch);
    free(b->blas);
    *b = (struct bench_sample){0};
}
