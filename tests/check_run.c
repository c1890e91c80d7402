#include "check_run.h"

#include "core/file.h"
#include "core/mem.h"

#include <check.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

char *dmtl_path(void) {
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    ck_assert_int_gt((int)n, 0);
    self[n] = '\0';
    *strrchr(self, '/') = '\0';
    char *path = path_join(self, "dmtl");
    ck_assert_msg(file_exists(path), "%s is not there: build it first (make)", path);
    return path;
}

static char *read_back(const char *path) {
    struct err e = {0};
    char *text = file_read(path, 1 << 24, NULL, &e);
    ck_assert_msg(text != NULL, "%s", e.msg);
    unlink(path);
    return text;
}

struct ran run_shell(const char *dir, const char *command) {
    char *dmtl = dmtl_path(), *out = path_join(dir, ".stdout"), *err = path_join(dir, ".stderr");
    char *line = xasprintf(
        "cd '%s' && DMTL='%s' && { %s\n} >'%s' 2>'%s' </dev/null", dir, dmtl, command, out, err);
    int status = system(line);
    struct ran r = {.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1};
    r.out = read_back(out);
    r.err = read_back(err);
    free(line);
    free(dmtl);
    free(out);
    free(err);
    return r;
}

void expect_shell(
    const char *dir, const char *command, int code, const char *in_out, const char *in_err) {
    struct ran r = run_shell(dir, command);
    ck_assert_msg(r.code == code, "%s: exit %d: %.1500s %.1500s", command, r.code, r.out, r.err);
    ck_assert_msg(
        !in_out || strstr(r.out, in_out), "%s: no \"%s\" in:\n%.2000s", command, in_out, r.out);
    ck_assert_msg(
        !in_err || strstr(r.err, in_err), "%s: no \"%s\" in:\n%.2000s", command, in_err, r.err);
    ran_free(&r);
}

/* The group is set on both sides, so that it is there whoever goes first. */
pid_t start_group(const char *dir, const char *command) {
    char *line = xasprintf("cd '%s' && exec %s >>out.txt 2>>err.txt", dir, command);
    pid_t pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        execl("/bin/sh", "sh", "-c", line, (char *)NULL);
        _exit(127);
    }
    setpgid(pid, pid);
    free(line);
    return pid;
}

void wait_ms(long ms) {
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

double seconds_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

bool test_full(void) {
    const char *text = getenv("DMTL_FULL");
    return text && *text == '1';
}

void ran_free(struct ran *r) {
    free(r->out);
    free(r->err);
    *r = (struct ran){0};
}
