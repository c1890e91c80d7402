/* process_vm_readv is a Linux call. */
#define _GNU_SOURCE
#include "fixture_trace.h"

#include "core/file.h"
#include "core/mem.h"
#include "core/str.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { UNTRACEABLE = 97, NONE = -1 };

enum what { OPEN, CREAT, WRITE, PWRITE, WRITEV, TRUNCATE, SYNC, RENAME, UNLINK, MKDIR, MAP, OTHER };
/* Which argument is what: a descriptor, a path and the folder it is relative to (the second path stands two behind the
 * first, or one where there is no folder). OTHER: not in the model. */
static const struct call {
    const char *name;
    long number;
    enum what what;
    int fd, at, path;
} calls[] = {
#define CALL(name) #name, SYS_##name
    {CALL(openat), OPEN, NONE, 0, 1},
    {CALL(write), WRITE, 0, NONE, NONE},
    {CALL(pwrite64), PWRITE, 0, NONE, NONE},
    {CALL(writev), WRITEV, 0, NONE, NONE},
    {CALL(pwritev), OTHER, 0, NONE, NONE},
    {CALL(pwritev2), OTHER, 0, NONE, NONE},
    {CALL(ftruncate), TRUNCATE, 0, NONE, NONE},
    {CALL(truncate), OTHER, NONE, NONE, 0},
    {CALL(fallocate), OTHER, 0, NONE, NONE},
    {CALL(copy_file_range), OTHER, 2, NONE, NONE},
    {CALL(sendfile), OTHER, 0, NONE, NONE},
    {CALL(splice), OTHER, 2, NONE, NONE},
    {CALL(fsync), SYNC, 0, NONE, NONE},
    {CALL(fdatasync), SYNC, 0, NONE, NONE},
    {CALL(renameat2), RENAME, NONE, 0, 1},
    {CALL(unlinkat), UNLINK, NONE, 0, 1},
    {CALL(mkdirat), MKDIR, NONE, 0, 1},
    {CALL(linkat), OTHER, NONE, 2, 3},
    {CALL(symlinkat), OTHER, NONE, 1, 2},
    {CALL(mmap), MAP, 4, NONE, NONE},
#ifdef SYS_renameat
    {CALL(renameat), RENAME, NONE, 0, 1},
#endif
#ifdef SYS_open /* those that newer architectures do without */
    {CALL(open), OPEN, NONE, NONE, 0},
    {CALL(creat), CREAT, NONE, NONE, 0},
    {CALL(rename), RENAME, NONE, NONE, 0},
    {CALL(unlink), UNLINK, NONE, NONE, 0},
    {CALL(rmdir), UNLINK, NONE, NONE, 0},
    {CALL(mkdir), MKDIR, NONE, NONE, 0},
    {CALL(link), OTHER, NONE, NONE, 1},
    {CALL(symlink), OTHER, NONE, NONE, 1},
#endif
#ifdef SYS_openat2
    {CALL(openat2), OTHER, NONE, 0, 1},
#endif
#undef CALL
};

struct thread { /* one that is inside a call of the table, or call == NULL */
    pid_t id;
    const struct call *call;
    uint64_t args[6];
    char *path, *to; /* below the root, or NULL */
    bool there;      /* the path was, before the call */
};
struct trace {
    struct thread *threads;
    size_t n, capacity;
    char *root;
    struct disk_log *log;
};

/* ---- reading a stopped thread ---- */

static void read_memory(pid_t id, uint64_t from, void *to, size_t n) {
    struct iovec here = {to, n}, there = {(void *)(uintptr_t)from, n};
    if (n)
        ck_assert_int_eq((long long)process_vm_readv(id, &here, 1, &there, 1, 0), (long long)n);
}

/* Byte by byte, for the page behind its end may not be there. */
static char *read_text(pid_t id, uint64_t from) {
    struct str text = {0};
    for (char c;; from++) {
        read_memory(id, from, &c, 1);
        if (!c)
            return str_detach(&text);
        str_addc(&text, c);
    }
}

static char *read_link(const char *path) {
    char target[PATH_MAX];
    ssize_t n = readlink(path, target, sizeof target - 1);
    return n < 0 ? NULL : xstrndup(target, (size_t)n);
}

/* What is below the root, of the path given; NULL: it is elsewhere, or is SQLite's shared memory. */
static char *below_root(const struct trace *t, const char *path) {
    size_t n = strlen(t->root);
    if (!path || strncmp(path, t->root, n) != 0 || (path[n] && path[n] != '/') ||
        str_ends(path, "-shm"))
        return NULL;
    return xstrdup(path[n] ? path + n + 1 : "");
}

static char *path_of_fd(const struct trace *t, pid_t id, int fd) {
    char *link = xasprintf("/proc/%d/fd/%d", (int)id, fd), *path = read_link(link);
    char *below = below_root(t, path);
    free(link);
    free(path);
    return below;
}

static char *path_at(const struct trace *t, const struct thread *thread, int at, uint64_t text) {
    char *name = read_text(thread->id, text);
    int fd = at == NONE ? AT_FDCWD : (int)thread->args[at];
    char *link = fd == AT_FDCWD ? xasprintf("/proc/%d/cwd", (int)thread->id)
                                : xasprintf("/proc/%d/fd/%d", (int)thread->id, fd);
    char *folder = read_link(link);
    char *path = *name == '/' || !folder ? xstrdup(name) : path_join(folder, name);
    char *slash = strrchr(path, '/');
    if (slash)
        *slash = '\0';
    char *real = realpath(slash && *path ? path : "/", NULL); /* no "." and ".." in it */
    char *whole = real && slash ? path_join(real, slash + 1) : NULL;
    char *below = below_root(t, whole);
    free(whole);
    free(real);
    free(path);
    free(folder);
    free(link);
    free(name);
    return below;
}

/* Where its next byte goes to, or what it reads next: the kernel's word, after the call. */
static size_t position(pid_t id, int fd) {
    char *path = xasprintf("/proc/%d/fdinfo/%d", (int)id, fd);
    FILE *f = fopen(path, "r");
    unsigned long long at = 0;
    ck_assert_msg(f && fscanf(f, "pos: %llu", &at) == 1, "%s: no position in it", path);
    fclose(f);
    free(path);
    return (size_t)at;
}

/* ---- one call ---- */

static const struct call *find_call(uint64_t number) {
    for (size_t i = 0; i < ARRAY_LEN(calls); i++)
        if ((uint64_t)calls[i].number == number)
            return &calls[i];
    return NULL;
}

static bool is_below(const struct trace *t, const char *path) {
    char *whole = path_join(t->root, path);
    bool there = access(whole, F_OK) == 0;
    free(whole);
    return there;
}

static void enter(
    const struct trace *t, struct thread *thread, uint64_t number, const uint64_t *args) {
    const struct call *c = find_call(number);
    memcpy(thread->args, args, sizeof thread->args);
    free(thread->path);
    free(thread->to);
    thread->path = thread->to = NULL;
    thread->call = c;
    if (!c)
        return;
    if (c->fd != NONE)
        thread->path = path_of_fd(t, thread->id, (int)args[c->fd]);
    else
        thread->path = path_at(t, thread, c->at, args[c->path]);
    if (c->what == RENAME)
        thread->to = c->at == NONE ? path_at(t, thread, NONE, args[c->path + 1])
                                   : path_at(t, thread, c->at + 2, args[c->path + 2]);
    if (thread->path)
        thread->there = is_below(t, thread->path);
}

static struct disk_op *add(struct trace *t, struct thread *thread, enum disk_kind kind) {
    struct disk_log *l = t->log;
    l->ops = xgrow(l->ops, &l->capacity, l->n + 1, sizeof *l->ops);
    struct disk_op *op = &l->ops[l->n++];
    *op = (struct disk_op){.kind = kind, .path = thread->path, .to = thread->to};
    thread->path = thread->to = NULL;
    return op;
}

static void add_bytes(struct trace *t, struct thread *thread, const struct iovec *parts, size_t n,
    size_t offset, size_t written) {
    struct disk_op *op = add(t, thread, DISK_WRITE);
    op->offset = offset;
    op->bytes = xmalloc(written);
    for (size_t i = 0; i < n && op->n < written; i++) {
        size_t part = parts[i].iov_len < written - op->n ? parts[i].iov_len : written - op->n;
        read_memory(thread->id, (uintptr_t)parts[i].iov_base, op->bytes + op->n, part);
        op->n += part;
    }
}

static void add_write(struct trace *t, struct thread *thread, size_t written) {
    const uint64_t *args = thread->args;
    struct iovec one = {(void *)(uintptr_t)args[1], args[2]}, *parts = &one;
    size_t n = 1;
    if (thread->call->what == WRITEV) {
        n = args[2];
        parts = xcalloc(n, sizeof *parts);
        read_memory(thread->id, args[1], parts, n * sizeof *parts);
    }
    size_t offset =
        thread->call->what == PWRITE ? args[3] : position(thread->id, (int)args[0]) - written;
    add_bytes(t, thread, parts, n, offset, written);
    if (parts != &one)
        free(parts);
}

static void add_open(struct trace *t, struct thread *thread) {
    int flags =
        thread->call->what == CREAT ? O_CREAT | O_TRUNC : (int)thread->args[thread->call->path + 1];
    if (!thread->there && (flags & O_CREAT))
        add(t, thread, DISK_CREATE);
    else if (thread->there && (flags & O_TRUNC))
        add(t, thread, DISK_TRUNCATE);
}

static void refuse(const struct thread *thread) {
    ck_abort_msg("%s of %s: not in the model of fixture_disk.h", thread->call->name,
        thread->path ? thread->path : thread->to);
}

/* The call has ended well, with `result`. */
static void leave(struct trace *t, struct thread *thread, uint64_t result) {
    const uint64_t *args = thread->args;
    switch (thread->call->what) {
    case OPEN:
    case CREAT:
        add_open(t, thread);
        break;
    case WRITE:
    case PWRITE:
    case WRITEV:
        add_write(t, thread, result);
        break;
    case TRUNCATE:
        add(t, thread, DISK_TRUNCATE)->offset = args[1];
        break;
    case SYNC:
        add(t, thread, DISK_SYNC);
        break;
    case RENAME:
        if (!thread->path || !thread->to || (thread->call->number == SYS_renameat2 && args[4]))
            refuse(thread);
        add(t, thread, DISK_RENAME);
        break;
    case UNLINK:
        add(t, thread, DISK_UNLINK);
        break;
    case MKDIR:
        add(t, thread, DISK_MKDIR);
        break;
    case MAP: /* nothing may be written through a mapping: what is would be seen by nobody here */
        if ((args[2] & PROT_WRITE) && (args[3] & MAP_SHARED))
            refuse(thread);
        break;
    case OTHER:
        refuse(thread);
    }
}

/* ---- all threads ---- */

static struct thread *thread_of(struct trace *t, pid_t id) {
    for (size_t i = 0; i < t->n; i++)
        if (t->threads[i].id == id)
            return &t->threads[i];
    t->threads = xgrow(t->threads, &t->capacity, t->n + 1, sizeof *t->threads);
    t->threads[t->n] = (struct thread){.id = id};
    return &t->threads[t->n++];
}

static void forget(struct trace *t, pid_t id) {
    struct thread *thread = thread_of(t, id);
    free(thread->path);
    free(thread->to);
    *thread = t->threads[--t->n];
}

/* False where the kernel does not say what call it is. */
static bool at_call(struct trace *t, pid_t id) {
    struct thread *thread = thread_of(t, id);
    struct __ptrace_syscall_info info = {0};
    if (ptrace((int)PTRACE_GET_SYSCALL_INFO, id, sizeof info, &info) <= 0)
        return errno == ESRCH; /* killed this moment */
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
        enter(t, thread, info.entry.nr, info.entry.args);
    } else if (info.op == PTRACE_SYSCALL_INFO_EXIT && thread->call) {
        if (!info.exit.is_error && (thread->path || thread->to))
            leave(t, thread, (uint64_t)info.exit.rval);
        thread->call = NULL;
    }
    return true;
}

/* Until no process is left. False: as at_call. */
static bool follow(struct trace *t, pid_t first, int *code) {
    int status;
    for (pid_t id; (id = waitpid(-1, &status, __WALL)) > 0;) {
        int deliver = 0;
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            forget(t, id);
            if (id == first)
                *code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
            continue;
        }
        if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
            if (!at_call(t, id))
                return false;
        } else if (status >> 16 == 0 && WSTOPSIG(status) != SIGSTOP) {
            deliver =
                WSTOPSIG(status); /* a new thread begins with a SIGSTOP of the tracing itself */
        }
        ptrace(PTRACE_SYSCALL, id, 0, deliver);
    }
    return true;
}

/* Stops before the shell. LeakSanitizer does not work in what is traced. */
static pid_t start(const char *dir, const char *command) {
    pid_t id = fork();
    ck_assert_int_ge(id, 0);
    if (id == 0) {
        setpgid(0, 0);
        setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
        if (chdir(dir) != 0 || ptrace(PTRACE_TRACEME, 0, 0, 0) != 0)
            _exit(UNTRACEABLE);
        raise(SIGSTOP);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    return id;
}

bool trace_run(const char *dir, const char *root, const char *command, struct disk_log *log,
    int *code, const char **why) {
    const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL | PTRACE_O_TRACEFORK |
                         PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;
    struct trace t = {.root = realpath(dir, NULL), .log = log};
    char *real = t.root;
    t.root = path_join(real, root);
    free(real);
    *log = (struct disk_log){0};
    *code = -1;
    *why = NULL;
    pid_t first = start(dir, command);
    int status;
    if (waitpid(first, &status, 0) != first || !WIFSTOPPED(status) ||
        ptrace(PTRACE_SETOPTIONS, first, 0, options) != 0) {
        *why = "this machine permits no ptrace";
        kill(first, SIGKILL);
    } else {
        ptrace(PTRACE_SYSCALL, first, 0, 0);
        if (!follow(&t, first, code)) {
            *why = "this kernel has no PTRACE_GET_SYSCALL_INFO";
            kill(-first, SIGKILL);
            while (waitpid(-1, &status, __WALL) > 0)
                ;
        }
    }
    for (size_t i = 0; i < t.n; i++) {
        free(t.threads[i].path);
        free(t.threads[i].to);
    }
    free(t.threads);
    free(t.root);
    return !*why;
}
