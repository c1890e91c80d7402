#include "commands/slurm_submit.h"

#include "core/mem.h"
#include "core/str.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Starts sbatch with its standard output to *from. */
static bool start(char *const *argv, pid_t *child, int *from, struct err *e) {
    int ends[2];
    if (pipe(ends) != 0)
        return err_sys(e, errno, "slurm: no pipe to sbatch");
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    int code = posix_spawnp(child, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    *from = ends[0];
    if (code == 0)
        return true;
    close(ends[0]);
    if (code == ENOENT)
        return err_set(e,
            "slurm: there is no sbatch here: submit the scripts on a machine of the cluster, or put "
            "Slurm's programs into PATH");
    return err_sys(e, code, "slurm: sbatch cannot be started");
}

static void read_all(int from, struct str *said) {
    enum { ENOUGH = 4096 };
    char bytes[512];
    ssize_t n;
    while ((n = read(from, bytes, sizeof bytes)) != 0)
        if (n > 0 && said->len < ENOUGH)
            str_addn(said, bytes, (size_t)n);
        else if (n < 0 && errno != EINTR)
            break;
    close(from);
}

/* "123", or "123;cluster". */
static bool is_number(const char *text) {
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && (text[digits] == '\0' || text[digits] == ';');
}

static bool run(char *const *argv, const char *script, struct str *said, struct err *e) {
    pid_t child;
    int from = -1, status = 0;
    if (!start(argv, &child, &from, e))
        return false;
    read_all(from, said);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    str_add(said, "");
    said->text[strcspn(said->text, "\n")] = '\0';
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return err_set(e, "slurm: sbatch did not take %s; its message above says why", script);
    if (is_number(said->text))
        return true;
    char *shown = str_quoted(said->text);
    err_set(e, "slurm: sbatch --parsable %s: expected a job's number, got %.200s", script, shown);
    free(shown);
    return false;
}

char *slurm_submit(const char *script, const char *after, struct err *e) {
    const char *cluster = after ? strchr(after, ';') : NULL;
    char *argv[6] = {xstrdup("sbatch"), xstrdup("--parsable")};
    size_t n = 2;
    if (after)
        argv[n++] = xasprintf("--dependency=afterany:%.*s", (int)strcspn(after, ";"), after);
    if (cluster)
        argv[n++] = xasprintf("--clusters=%s", cluster + 1);
    argv[n++] = xstrdup(script);
    struct str said = {0};
    bool ok = run(argv, script, &said, e);
    for (size_t i = 0; i < n; i++)
        free(argv[i]);
    if (ok)
        return str_detach(&said);
    str_free(&said);
    return NULL;
}
