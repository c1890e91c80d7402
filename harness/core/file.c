#include "core/file.h"

#include "core/mem.h"
#include "core/str.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

char *path_join(const char *dir, const char *name) {
    return xasprintf(str_ends(dir, "/") || !*dir ? "%s%s" : "%s/%s", dir, name);
}

char *path_beside(const char *path, const char *name) {
    const char *slash = strrchr(path, '/');
    return slash ? xasprintf("%.*s/%s", (int)(slash - path), path, name) : xstrdup(name);
}

bool file_exists(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

bool file_absent(const char *path) {
    struct stat st;
    return lstat(path, &st) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

bool dir_exists(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* 0, or why what the folder lists is not durable. */
static int sync_problem(const char *dir) {
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int problem = fd < 0 || fsync(fd) != 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    return problem;
}

bool dir_sync(const char *path, struct err *e) {
    int problem = sync_problem(path);
    return !problem || err_sys(e, problem, "%s: this folder cannot be synced", path);
}

static char *folder_of(const char *path) {
    char *dir = xstrdup(path), *slash = strrchr(dir, '/');
    if (!slash) {
        free(dir);
        return xstrdup(".");
    }
    slash[slash == dir] = '\0';
    return dir;
}

static bool sync_folder_of(const char *path, struct err *e) {
    char *dir = folder_of(path);
    bool ok = dir_sync(dir, e);
    free(dir);
    return ok;
}

/* 0, or why the folder is not there: what mkdir said, which the look whether it is there already hides. One
 * that is made survives a power cut from then on, for what is synced in it is to do so. */
static int make_one(const char *path) {
    if (mkdir(path, 0777) == 0) {
        char *dir = folder_of(path);
        int problem = sync_problem(dir);
        free(dir);
        return problem;
    }
    int problem = errno;
    return dir_exists(path) ? 0 : problem;
}

bool dir_make(const char *path, struct err *e) {
    char *part = xstrdup(path);
    int problem = 0;
    for (char *p = part + 1; !problem && *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        problem = make_one(part);
        if (problem == EEXIST)
            problem = ENOTDIR; /* a parent is a file */
        *p = '/';
    }
    if (!problem)
        problem = make_one(part);
    free(part);
    return problem ? err_sys(e, problem, "%s: cannot make this folder", path) : true;
}

char *file_read(const char *path, size_t limit, size_t *size, struct err *e) {
    char *bytes = NULL;
    int fd =
        open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO without a writer would block */
    FILE *f = fd < 0 ? NULL : fdopen(fd, "rb");
    struct stat st;
    if (!f || fstat(fd, &st) != 0) {
        err_sys(e, errno, "%s: cannot be read", path);
        goto done;
    }
    if (!S_ISREG(st.st_mode)) {
        err_set(e, "%s: is not a regular file", path);
        goto done;
    }
    if ((uintmax_t)st.st_size > limit) {
        err_set(e, "%s: has %jd bytes, at most %zu are read", path, (intmax_t)st.st_size, limit);
        goto done;
    }
    bytes = xmalloc((size_t)st.st_size + 1);
    size_t n = fread(bytes, 1, (size_t)st.st_size, f);
    if (ferror(f)) {
        err_sys(e, errno, "%s: cannot be read", path);
        free(bytes);
        bytes = NULL;
        goto done;
    }
    bytes[n] = '\0';
    if (size)
        *size = n;
done:
    if (f)
        fclose(f);
    return bytes;
}

bool file_output_open(struct file_output *out, const char *path, struct err *e) {
    *out = (struct file_output){
        .path = xstrdup(path), .temporary = xasprintf("%s.%ld.tmp", path, (long)getpid())};
    out->stream = fopen(out->temporary, "wb");
    if (out->stream)
        return true;
    err_sys(e, errno, "%s: cannot be written", path);
    file_abandon(out);
    return false;
}

void dir_remove(const char *path) {
    char *copy = xstrdup(path), *const roots[] = {copy, NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    for (FTSENT *entry; tree && (entry = fts_read(tree));)
        if (entry->fts_info == FTS_DP)
            rmdir(entry->fts_accpath);
        else if (entry->fts_info != FTS_D)
            unlink(entry->fts_accpath);
    if (tree)
        fts_close(tree);
    free(copy);
}

bool file_commit(struct file_output *out, struct err *e) {
    if (!out->stream)
        return err_set(e, "%s: was never opened", out->path ? out->path : "(output)");
    bool ok = !ferror(out->stream) && fflush(out->stream) == 0 && fsync(fileno(out->stream)) == 0;
    int problem = errno;
    if (fclose(out->stream) != 0 && ok) {
        ok = false;
        problem = errno;
    }
    out->stream = NULL;
    if (ok && rename(out->temporary, out->path) != 0) {
        ok = false;
        problem = errno;
    }
    if (!ok)
        err_sys(e, problem, "%s: cannot be written", out->path);
    else
        ok = sync_folder_of(out->path, e);
    file_abandon(out);
    return ok;
}

void file_abandon(struct file_output *out) {
    if (out->stream)
        fclose(out->stream);
    if (out->temporary)
        unlink(out->temporary);
    free(out->temporary);
    free(out->path);
    *out = (struct file_output){0};
}

bool file_write(const char *path, const void *bytes, size_t n, struct err *e) {
    struct file_output out;
    if (!file_output_open(&out, path, e))
        return false;
    if (n)
        fwrite(bytes, 1, n, out.stream);
    return file_commit(&out, e);
}

bool file_map_open(struct file_map *map, const char *path, struct err *e) {
    *map = (struct file_map){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        err_sys(e, errno, "%s: cannot be read", path);
        if (fd >= 0)
            close(fd);
        return false;
    }
    bool ok = true;
    if (!S_ISREG(st.st_mode)) {
        ok = err_set(e, "%s: is not a regular file", path);
    } else if (st.st_size > 0) {
        void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
        if (p == MAP_FAILED)
            ok = err_sys(e, errno, "%s: cannot be mapped", path);
        else
            *map = (struct file_map){p, (size_t)st.st_size};
    }
    close(fd);
    return ok;
}

void file_map_close(struct file_map *map) {
    if (map->bytes)
        munmap((void *)(uintptr_t)map->bytes, map->size);
    *map = (struct file_map){0};
}

int file_lock(const char *path, bool wait, struct err *e) {
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0) {
        err_sys(e, errno, "%s: cannot be opened to lock it", path);
        return -1;
    }
    int rc;
    do
        rc = flock(fd, wait ? LOCK_EX : LOCK_EX | LOCK_NB);
    while (rc != 0 && errno == EINTR && wait);
    if (rc == 0)
        return fd;
    if (errno != EWOULDBLOCK)
        err_sys(e, errno, "%s: cannot be locked", path);
    close(fd);
    return -1;
}

int file_locked(const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int locked = flock(fd, LOCK_SH | LOCK_NB) == 0 ? 0 : errno == EWOULDBLOCK ? 1 : -1;
    close(fd);
    return locked;
}

void file_unlock(int fd) {
    if (fd >= 0)
        close(fd);
}
