#include "commands/workers.h"

#include "core/cores.h"
#include "core/mem.h"
#include "grid/limbs.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

void arguments_add(struct arguments *a, char *text) {
    a->list = xgrow(a->list, &a->capacity, a->n + 2, sizeof *a->list);
    a->list[a->n++] = text;
    a->list[a->n] = NULL;
}

void arguments_free(struct arguments *a) {
    for (size_t i = 0; i < a->n; i++)
        free(a->list[i]);
    free(a->list);
    *a = (struct arguments){0};
}

char *workers_program(struct err *e) {
    static const char *const places[] = {"dmtl-torch", "../libexec/dmtl/dmtl-torch"};
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n < 0) {
        err_sys(e, errno, "/proc/self/exe");
        return NULL;
    }
    self[n] = 0;
    *strrchr(self, '/') = 0;
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        char *path = xasprintf("%s/%s", self, places[i]);
        if (access(path, X_OK) == 0)
            return path;
        free(path);
    }
    err_set(e,
        "%s/dmtl-torch is not there, nor in %s/../libexec/dmtl: build it with `make`, or "
        "install both programs together",
        self, self);
    return NULL;
}

/* Of the dynamic loader, and of ours where a program cannot be executed. */
enum { NOT_LOADED = 127 };

static void child(char *const *argv, pid_t parent, bool spin) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) /* it died before the line above */
        _exit(1);
    signal(
        SIGPIPE, SIG_IGN); /* kept by exec: who reads what it says may die before its checkpoint */
    if (!spin) {
        setenv("GOMP_SPINCOUNT", "1000", 0);       /* turns; libgomp's own number is 300,000 */
        setenv("OPENBLAS_THREAD_TIMEOUT", "4", 0); /* log2 of cycles; its own is 26 */
    }
    execv(argv[0], argv);
    dprintf(STDERR_FILENO, "dmtl: %s: %s\n", argv[0], strerror(errno));
    _exit(NOT_LOADED);
}

/* Where there are not pipes enough for so many workers, the rest of them write as they do without. */
static int pipe_of(struct workers *w, int i) {
    int write_end = -1;
    if (w->lines)
        worker_lines_open(&w->lines[i], &write_end);
    return write_end;
}

static bool start_one(struct workers *w, int i, struct err *e) {
    pid_t parent = getpid();
    int talk = pipe_of(w, i);
    w->pids[i] = fork();
    if (w->pids[i] == 0) {
        if (dup2(w->out, STDOUT_FILENO) < 0 || (talk >= 0 && dup2(talk, STDERR_FILENO) < 0))
            _exit(1);
        child(w->argv, parent, w->spin);
    }
    int why = errno;
    if (talk >= 0)
        close(talk);
    if (w->pids[i] < 0) {
        err_sys(e, why, "starting worker %d of %d", i + 1, w->n);
        w->pids[i] = 0;
        return false;
    }
    w->running++;
    return true;
}

static void say(void *progress, const char *line) {
    progress_say(progress, line);
}

bool workers_start(struct workers *w, int n, bool spin, int out, struct progress *progress,
    char *const *argv, struct err *e) {
    *w = (struct workers){
        .pids = xcalloc((size_t)n, sizeof(pid_t)), .n = n, .spin = spin, .out = out, .argv = argv};
    if (progress && progress_rewrites(progress)) {
        w->listener = (struct listener){say, progress};
        w->lines = xcalloc((size_t)n, sizeof *w->lines);
        for (int i = 0; i < n; i++)
            w->lines[i].fd = -1;
    }
    bool ok = true;
    for (int i = 0; ok && i < n; i++)
        ok = start_one(w, i, e);
    if (!ok)
        workers_stop(w);
    for (; !ok && w->running; workers_reap(w))
        workers_wait(w, 20);
    return ok;
}

bool workers_replace(struct workers *w, struct err *e) {
    for (int i = 0; i < w->n; i++)
        if (w->pids[i] == 0)
            return start_one(w, i, e);
    return true;
}

void workers_stop(struct workers *w) {
    for (int i = 0; i < w->n; i++)
        if (w->pids[i] > 0)
            kill(w->pids[i], SIGTERM);
}

bool workers_spin(int threads, bool heads_alone) {
    return !heads_alone && threads <= cores_usable();
}

bool workers_heads_alone(const struct config *c, const char *device) {
    return trunk_frozen(c) || trunk_native(c, strcmp(device, "cpu") == 0);
}

bool workers_spin_on(const struct grid *g, const char *device, int threads) {
    bool heads_alone = false;
    for (size_t i = 0; i < g->n_cells; i++)
        heads_alone = heads_alone || workers_heads_alone(&g->cells[i].config, device);
    return workers_spin(threads, heads_alone);
}

int workers_threads(int given, int jobs) {
    int each = cores_usable() / jobs;
    return given ? given : each > 1 ? each : 1;
}

static int severity(int exit_code) {
    static const int order[] = {
        0, 1, 75, WORKER_EXIT_NO_SPACE, 2}; /* any other code is a worker that broke down */
    for (int i = 0; i < (int)ARRAY_LEN(order); i++)
        if (order[i] == exit_code)
            return i;
    return ARRAY_LEN(order);
}

void workers_reap(struct workers *w) {
    for (int i = 0; i < w->n; i++) {
        int status;
        if (w->pids[i] <= 0 || waitpid(w->pids[i], &status, WNOHANG) != w->pids[i])
            continue;
        int by = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
        int code = by ? 128 + by : WEXITSTATUS(status);
        w->broken += severity(code) > severity(2);
        if (severity(code) > severity(w->worst)) {
            w->worst = code;
            w->signal = by;
        }
        w->pids[i] = 0;
        w->running--;
        if (w->lines)
            worker_lines_end(&w->lines[i], &w->listener);
    }
}

void workers_wait(struct workers *w, int ms) {
    int n = w->lines ? w->n : 0;
    struct pollfd *polled = xcalloc((size_t)n + 1, sizeof *polled);
    for (int i = 0; i < n; i++)
        polled[i] = (struct pollfd){.fd = w->lines[i].fd, .events = POLLIN};
    if (poll(polled, (nfds_t)n, ms) > 0)
        for (int i = 0; i < n; i++)
            if (polled[i].revents)
                worker_lines_read(&w->lines[i], &w->listener);
    free(polled);
}

char *workers_breakdown(const struct workers *w) {
    static const struct {
        int signal;
        const char *name;
    } signals[] = {{SIGKILL, "SIGKILL (out of memory?)"}, {SIGSEGV, "SIGSEGV"},
        {SIGABRT, "SIGABRT"}, {SIGBUS, "SIGBUS"}, {SIGFPE, "SIGFPE"},
        {SIGILL, "SIGILL (libtorch built for another processor?)"}, {SIGSYS, "SIGSYS"},
        {SIGTRAP, "SIGTRAP"}, {SIGTERM, "SIGTERM"}, {SIGINT, "SIGINT"}, {SIGQUIT, "SIGQUIT"},
        {SIGHUP, "SIGHUP"}, {SIGPIPE, "SIGPIPE"}, {SIGALRM, "SIGALRM"}, {SIGUSR1, "SIGUSR1"},
        {SIGUSR2, "SIGUSR2"}, {SIGXCPU, "SIGXCPU (over the limit of processor time)"},
        {SIGXFSZ, "SIGXFSZ (over the limit of a file's size)"}};
    if (!w->signal && w->worst == NOT_LOADED)
        return xstrdup("could not be loaded, as the message above says: libtorch is missing or is "
                       "another than dmtl-torch was built for (`ldd` shows what it finds; clear "
                       "LD_LIBRARY_PATH, or build it again with `make`)");
    if (!w->signal)
        return xasprintf("ended with exit code %d", w->worst);
    for (size_t i = 0; i < ARRAY_LEN(signals); i++)
        if (signals[i].signal == w->signal)
            return xasprintf("was killed by %s", signals[i].name);
    return xasprintf("was killed by signal %d", w->signal);
}

void workers_free(struct workers *w) {
    free(w->lines); /* closed by now: all have been reaped */
    free(w->pids);
    *w = (struct workers){0};
}
