#define _GNU_SOURCE /* pipe2 */
#include "report/gnuplot.h"

#include "core/escape.h"
#include "core/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { TO, FROM, TALK, PIPES }; /* the child's stdin, stdout, stderr */

static void close_end(int *fd) {
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Starts the child with the signals `mask` blocked; ours[] are our ends. */
static bool start(int ours[PIPES], pid_t *child, const sigset_t *mask, struct err *e) {
    char *argv[] = {(char[]){"gnuplot"}, (char[]){"--default-settings"}, (char[]){"-"}, NULL};
    int theirs[PIPES] = {-1, -1, -1};
    bool ok = true;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setsigmask(&attributes, mask);
    for (int i = 0; i < PIPES && ok; i++) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) !=
            0) { /* so that a gnuplot of another thread holds none of them */
            ok = err_sys(e, errno, "gnuplot: no pipe to it");
            break;
        }
        theirs[i] = ends[i == TO ? 0 : 1];
        ours[i] = ends[i == TO ? 1 : 0];
        posix_spawn_file_actions_adddup2(&actions, theirs[i], i);
    }
    int code = ok ? posix_spawnp(child, "gnuplot", &actions, &attributes, argv, environ) : 0;
    if (code == ENOENT)
        ok = err_set(e, "gnuplot is not installed; figures need it: apt-get install gnuplot-nox");
    else if (code != 0)
        ok = err_sys(e, code, "gnuplot cannot be started");
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    for (int i = 0; i < PIPES; i++)
        close_end(&theirs[i]);
    return ok;
}

/* Appends what there is; closes at the end. */
static void take(int *fd, struct str *into) {
    char bytes[65536];
    ssize_t n = read(*fd, bytes, sizeof bytes);
    if (n > 0)
        str_addn(into, bytes, (size_t)n);
    else if (n == 0 || (errno != EINTR && errno != EAGAIN))
        close_end(fd);
}

/* Gives the script and takes the answers side by side: either alone could fill a pipe and stop both. */
static void exchange(
    int ours[PIPES], const struct str *script, struct str *picture, struct str *talk) {
    size_t given = 0;
    fcntl(ours[TO], F_SETFL, O_NONBLOCK);
    while (ours[FROM] >= 0 || ours[TALK] >= 0) {
        struct pollfd fds[PIPES] = {
            {ours[TO], POLLOUT, 0}, {ours[FROM], POLLIN, 0}, {ours[TALK], POLLIN, 0}};
        if (poll(fds, PIPES, -1) < 0 && errno != EINTR)
            break;
        if (ours[TO] >= 0 && fds[TO].revents) {
            ssize_t n = write(ours[TO], script->text + given, script->len - given);
            if (n > 0)
                given += (size_t)n;
            if (given == script->len || (n < 0 && errno != EAGAIN && errno != EINTR))
                close_end(&ours[TO]);
        }
        if (ours[FROM] >= 0 && fds[FROM].revents)
            take(&ours[FROM], picture);
        if (ours[TALK] >= 0 && fds[TALK].revents)
            take(&ours[TALK], talk);
    }
}

static bool judge(int status, const struct str *picture, const struct str *talk, struct err *e) {
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && picture->len > 0)
        return true;
    struct str words = {0};
    escape_line(&words, talk->len ? talk->text : "it said nothing");
    if (WIFSIGNALED(status))
        err_set(e, "gnuplot was ended by signal %d: %.800s", WTERMSIG(status), words.text);
    else
        err_set(e, "gnuplot drew nothing (exit %d): %.800s", WEXITSTATUS(status), words.text);
    str_free(&words);
    return false;
}

/* A write to a child that has ended raises SIGPIPE in this thread: it is held back, and dropped. */
static void hold_sigpipe(sigset_t *before) {
    sigset_t sigpipe;
    sigemptyset(&sigpipe);
    sigaddset(&sigpipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &sigpipe, before);
}

static void drop_sigpipe(const sigset_t *before) {
    sigset_t sigpipe;
    sigemptyset(&sigpipe);
    sigaddset(&sigpipe, SIGPIPE);
    if (!sigismember(before, SIGPIPE))
        sigtimedwait(&sigpipe, NULL, &(struct timespec){0, 0});
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

bool gnuplot_draw(const struct str *script, struct str *picture, struct err *e) {
    sigset_t before;
    struct str talk = {0};
    int ours[PIPES] = {-1, -1, -1}, status = 0;
    pid_t child;
    hold_sigpipe(&before);
    bool ok = start(ours, &child, &before, e);
    if (ok) {
        exchange(ours, script, picture, &talk);
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            continue;
        ok = judge(status, picture, &talk, e);
    }
    for (int i = 0; i < PIPES; i++)
        close_end(&ours[i]);
    drop_sigpipe(&before);
    str_free(&talk);
    return ok;
}
