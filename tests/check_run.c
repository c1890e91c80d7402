#include "check_run.h"

#include "core/file.h"
#include "core/mem.h"

#include <check.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
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

void ran_free(struct ran *r) {
    free(r->out);
    free(r->err);
    *r = (struct ran){0};
}
