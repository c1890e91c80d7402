#include "kernels/team.h"

#include "core/mem.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { SPINS = 4000 }; /* some 10 to 200 us: the caller's work between two runs is shorter */

struct member {
    struct team *team;
    int number;
    pthread_t thread;
};

struct team {
    int threads;
    struct member *members;
    pthread_mutex_t lock;
    pthread_cond_t begun, done;
    atomic_uint round; /* counts runs; a member that sees it change begins */
    atomic_int busy;
    bool stop;
    void (*work)(void *, int);
    void *context;
};

static void pause_briefly(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

/* Waits for a round after `last`. */
static unsigned next_round(struct team *t, unsigned last) {
    for (int i = 0; i < SPINS; i++) {
        unsigned now = atomic_load_explicit(&t->round, memory_order_acquire);
        if (now != last)
            return now;
        pause_briefly();
    }
    pthread_mutex_lock(&t->lock);
    while (atomic_load(&t->round) == last)
        pthread_cond_wait(&t->begun, &t->lock);
    pthread_mutex_unlock(&t->lock);
    return atomic_load(&t->round);
}

static void *member_run(void *arg) {
    struct member *m = arg;
    struct team *t = m->team;
    for (unsigned round = 0;;) {
        round = next_round(t, round);
        if (t->stop)
            return NULL;
        t->work(t->context, m->number);
        if (atomic_fetch_sub(&t->busy, 1) == 1) {
            pthread_mutex_lock(&t->lock);
            pthread_cond_signal(&t->done);
            pthread_mutex_unlock(&t->lock);
        }
    }
}

static void begin_round(struct team *t) {
    atomic_store(&t->busy, t->threads - 1);
    pthread_mutex_lock(&t->lock);
    atomic_fetch_add(&t->round, 1);
    pthread_cond_broadcast(&t->begun);
    pthread_mutex_unlock(&t->lock);
}

struct team *team_new(int threads, struct err *e) {
    struct team *t = xcalloc(1, sizeof *t);
    t->members = xcalloc((size_t)threads, sizeof *t->members);
    t->threads = 1;
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->begun, NULL);
    pthread_cond_init(&t->done, NULL);
    int problem = 0;
    for (int i = 1; i < threads && !problem; i++) {
        t->members[i] = (struct member){.team = t, .number = i};
        problem = pthread_create(&t->members[i].thread, NULL, member_run, &t->members[i]);
        t->threads += !problem;
    }
    if (!problem)
        return t;
    err_set(e,
        "only %d of %d threads could be started (%s): ask for fewer by --threads, or raise the limits "
        "of processes and of memory (ulimit -u, ulimit -v)",
        t->threads, threads, strerror(problem));
    team_free(t);
    return NULL;
}

void team_free(struct team *t) {
    if (!t)
        return;
    t->stop = true;
    begin_round(t);
    for (int i = 1; i < t->threads; i++)
        pthread_join(t->members[i].thread, NULL);
    pthread_cond_destroy(&t->done);
    pthread_cond_destroy(&t->begun);
    pthread_mutex_destroy(&t->lock);
    free(t->members);
    free(t);
}

int team_threads(const struct team *t) {
    return t->threads;
}

void team_run(struct team *t, void (*work)(void *, int), void *context) {
    t->work = work;
    t->context = context;
    if (t->threads > 1)
        begin_round(t);
    work(context, 0);
    for (int i = 0; i < SPINS && atomic_load_explicit(&t->busy, memory_order_acquire) > 0; i++)
        pause_briefly();
    if (atomic_load(&t->busy) > 0) {
        pthread_mutex_lock(&t->lock);
        while (atomic_load(&t->busy) > 0)
            pthread_cond_wait(&t->done, &t->lock);
        pthread_mutex_unlock(&t->lock);
    }
}

void team_share(const struct team *t, int thread, int n, int *from, int *end) {
    *from = (int)((long long)n * thread / t->threads);
    *end = (int)((long long)n * (thread + 1) / t->threads);
}
