#include "core/parallel.h"

#include "core/interrupt.h"
#include "core/mem.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct worker {
    void *shared;
    int number;
    pthread_t thread;
};

/* Where the system refuses a thread, those that started do the work: the result is the same. */
static int start_workers(
    struct worker *w, int count, int first, void *shared, void *(*run)(void *)) {
    int started = 0;
    while (started < count) {
        w[started] = (struct worker){.shared = shared, .number = first + started};
        if (pthread_create(&w[started].thread, NULL, run, &w[started]) != 0)
            break;
        started++;
    }
    return started;
}

static void join_workers(struct worker *w, int count) {
    for (int i = 0; i < count; i++)
        pthread_join(w[i].thread, NULL);
}

struct loop {
    atomic_size_t next;
    size_t n;
    void (*work)(void *, int, size_t);
    void *context;
};

static void *loop_run(void *arg) {
    const struct worker *w = arg;
    struct loop *l = w->shared;
    for (size_t i; (i = atomic_fetch_add(&l->next, 1)) < l->n;)
        l->work(l->context, w->number, i);
    return NULL;
}

void parallel_for(size_t n, int threads, void (*work)(void *, int, size_t), void *context) {
    assert(threads >= 1);
    struct loop l = {.n = n, .work = work, .context = context};
    struct worker *w = xcalloc((size_t)threads, sizeof *w);
    int helpers = start_workers(w + 1, threads - 1, 1, &l, loop_run);
    w[0] = (struct worker){.shared = &l};
    loop_run(&w[0]);
    join_workers(w + 1, helpers);
    free(w);
}

struct attempt {
    bool (*work)(void *, int, size_t, struct err *);
    void *context;
    pthread_mutex_t lock;
    struct err first;
};

static void attempt_one(void *shared, int worker, size_t item) {
    struct attempt *a = shared;
    struct err e = {0};
    pthread_mutex_lock(&a->lock);
    bool stop = a->first.kind != ERR_NONE;
    pthread_mutex_unlock(&a->lock);
    if (stop)
        return;
    if (interrupt_requested() ? err_interrupted(&e, "stopped before all was done")
                              : a->work(a->context, worker, item, &e))
        return;
    pthread_mutex_lock(&a->lock);
    if (a->first.kind == ERR_NONE)
        a->first = e;
    pthread_mutex_unlock(&a->lock);
}

bool parallel_try(size_t n, int threads, bool (*work)(void *, int, size_t, struct err *),
    void *context, struct err *e) {
    struct attempt a = {.work = work, .context = context};
    pthread_mutex_init(&a.lock, NULL);
    parallel_for(n, threads, attempt_one, &a);
    pthread_mutex_destroy(&a.lock);
    if (a.first.kind == ERR_NONE)
        return true;
    *e = a.first;
    return false;
}

struct pipeline {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* any of the fields up to `stop` */
    size_t next_to_fill, next_to_read, end;
    size_t freed; /* jobs before this one are no longer read */
    bool stop;
    bool *ready; /* [depth]: the slot holds a job that was not handed out yet */
    int depth, threads;
    void (*fill)(void *, int, size_t, int);
    void *context;
    struct worker *workers;
};

static void *pipeline_run(void *arg) {
    const struct worker *w = arg;
    struct pipeline *p = w->shared;
    pthread_mutex_lock(&p->lock);
    for (;;) {
        while (
            !p->stop && p->next_to_fill < p->end && p->next_to_fill >= p->freed + (size_t)p->depth)
            pthread_cond_wait(&p->changed, &p->lock);
        if (p->stop || p->next_to_fill >= p->end)
            break;
        size_t job = p->next_to_fill++;
        int slot = (int)(job % (size_t)p->depth);
        pthread_mutex_unlock(&p->lock);
        p->fill(p->context, w->number, job, slot);
        pthread_mutex_lock(&p->lock);
        p->ready[slot] = true;
        pthread_cond_broadcast(&p->changed);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

struct pipeline *pipeline_open(size_t first, size_t end, int threads, int depth,
    void (*fill)(void *, int, size_t, int), void *context) {
    assert(threads >= 1 && depth >= 1);
    struct pipeline *p = xmalloc(sizeof *p);
    *p = (struct pipeline){.next_to_fill = first,
        .next_to_read = first,
        .freed = first,
        .end = end,
        .depth = depth,
        .fill = fill,
        .context = context,
        .ready = xcalloc((size_t)depth, sizeof(bool)),
        .workers = xcalloc((size_t)threads, sizeof(struct worker))};
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    p->threads = start_workers(p->workers, threads, 0, p, pipeline_run);
    return p;
}

bool pipeline_next(struct pipeline *p, size_t *job, int *slot) {
    pthread_mutex_lock(&p->lock);
    p->freed = p->next_to_read;
    pthread_cond_broadcast(&p->changed);
    bool more = p->next_to_read < p->end;
    if (more) {
        *job = p->next_to_read++;
        *slot = (int)(*job % (size_t)p->depth);
        if (p->threads == 0) { /* no thread could be started: the reader does the work */
            p->fill(p->context, 0, *job, *slot);
            p->ready[*slot] = true;
        }
        while (!p->ready[*slot])
            pthread_cond_wait(&p->changed, &p->lock);
        p->ready[*slot] = false;
    }
    pthread_mutex_unlock(&p->lock);
    return more;
}

void pipeline_close(struct pipeline *p) {
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    join_workers(p->workers, p->threads);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    free(p->workers);
    free(p->ready);
    free(p);
}
