/* Worker processes of `dmtl run` and `dmtl bench`: started, asked to stop, waited for. */
#ifndef COMMANDS_WORKERS_H
#define COMMANDS_WORKERS_H

#include "commands/worker_lines.h"
#include "core/err.h"
#include "grid/grid.h"
#include "report/progress.h"

#include <stddef.h>
#include <sys/types.h>

struct workers {
    pid_t *pids;                /* 0: ended */
    struct worker_lines *lines; /* of each; NULL: their stderr is ours */
    struct listener listener;   /* who is told these */
    int n, running;
    bool spin;
    int out;
    char *const *argv; /* borrowed */
    int worst; /* exit code of the worst that ended: any other before 2, WORKER_EXIT_NO_SPACE, 75, 1, 0 */
    int broken; /* how many have broken down */
    int signal; /* that ended the worst, whose exit code is then 128 and this; 0: none did */
};

struct arguments { /* NULL-terminated; texts owned */
    char **list;
    size_t n, capacity;
};
void arguments_add(struct arguments *a, char *text); /* takes it over */
void arguments_free(struct arguments *a);

/* The path of dmtl-torch: beside this program, or in ../libexec/dmtl; the caller frees. */
char *workers_program(struct err *e);

/* Starts n processes of `argv` (NULL at the end) whose standard output is the descriptor `out`. They
 * get SIGTERM should this process die, and so end with a checkpoint. `spin`: their OpenMP threads and
 * OpenBLAS's may spin for a while at the end of every parallel region. `progress` (may be NULL; borrowed): where it
 * rewrites a line, it gets the lines that they write on stderr, while we wait and when they are reaped; else they
 * write on ours. On failure those started are stopped and waited
 * for. */
bool workers_start(struct workers *w, int n, bool spin, int out, struct progress *progress,
    char *const *argv, struct err *e);
/* Starts one more in the place of one that has ended; `argv` must still be there. */
bool workers_replace(struct workers *w, struct err *e);
void workers_stop(struct workers *w); /* asks all that run to stop; they end with a checkpoint */
void workers_reap(struct workers *w); /* notes those that have ended; does not wait */
void workers_wait(struct workers *w, int ms); /* or until one says something, or a signal comes */
void workers_free(struct workers *w);

/* Whether libtorch's threads gain from spinning as long as libgomp has them do (5 % of a trunk's training). They
 * lose where threads are more than cores, and where libtorch has heads alone: the matrix products of a frozen trunk's
 * heads had OpenBLAS's own threads waiting for the core (two thirds of the rate), and kernels/ have threads of their own
 * (Lite0 at 96 px, batch 64, 2 cores: 254 images/s instead of 213). */
bool workers_spin(int threads, bool heads_alone); /* threads of all workers */
bool workers_heads_alone(const struct config *c, const char *device);
/* For a grid's workers, any of whose cells may come next. */
bool workers_spin_on(const struct grid *g, const char *device, int threads);

/* Of each of `jobs` workers: those given, or its share of the cores where that is 0. */
int workers_threads(int given, int jobs);

/* How the worst of them broke down, behind "a worker": "was killed by SIGKILL (out of memory?)", "ended
 * with exit code 127". The caller frees. */
char *workers_breakdown(const struct workers *w);

#endif
